"""``texturekit data list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from texturekit.errors import printable

from . import options

if TYPE_CHECKING:
    from texturekit.data.catalogue import SetCard, SetFile


@click.command("list", short_help="List the image sets that are known, or show one card.")
@click.argument("names", metavar="[ID|CARD.yaml]...", nargs=-1)
@click.option("--task", metavar="NAME", help="Only the sets of this task.")
@options.common
def command(
    names: tuple[str, ...], task: str | None, as_json: bool, overwrite: bool, verbose: bool,
    quiet: bool, no_progress: bool,
) -> int:  # fmt: skip
    """List the image sets that texturekit knows; with ID, show all that is known of one.

    Nothing is fetched.
    """
    from texturekit.data.catalogue import load_set, set_cards

    cards = [load_set(name) for name in names] if names else set_cards(task)
    if as_json:
        options.show_json([card.model_dump(mode="json") for card in cards])
    elif names:
        click.echo(printable("\n\n".join(whole(card) for card in cards)))
    else:
        for card in cards:
            click.echo(_line(card))
        click.echo(
            "\nOne card whole: texturekit data list ID. Addresses and checksums were copied from "
            "public sources; none was opened.",
            err=True,
        )
    return 0


def _line(card: SetCard) -> str:
    access = "no login" if card.is_open else f"login or by hand: {card.access}"
    images = f"{card.images:,} images" if card.images else "images: unknown"
    return (
        f"{card.id:<23} {card.task:<7} {card.modality}, {images}, {size_of(card)}; {access}; "
        f"{card.licence}"
    )


def size_of(card: SetCard, pixels: int | None = None) -> str:
    """Return how many bytes a set has, as far as its card tells."""
    files = card.chosen_files(pixels)
    known = [file.bytes for file in files if file.bytes]
    if files and len(known) == len(files):
        return in_units(sum(known))
    if card.size is not None:
        return f"about {in_units(card.size)}"
    limits = [file.bytes or file.at_most for file in files]
    sure = [limit for limit in limits if limit is not None]
    return f"at most {in_units(sum(sure))}" if files and sure == limits else "size unknown"


def in_units(size: int) -> str:
    """Return a number of bytes for people.

    Examples
    --------
    >>> in_units(401604127)
    '402 MB'
    """
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            value = size / factor
            return f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"
    return f"{size} bytes"


def whole(card: SetCard) -> str:
    """Return everything that a card says, in words."""
    counts = ", ".join(f"{name} {_count(number)}" for name, number in card.counts.items())
    rows = [
        ("task", card.task),
        ("modality", card.modality),
        ("kind", card.kind),
        ("classes", "; ".join(card.classes)),
        ("in manifests", "; ".join(dict.fromkeys(card.labels.values()))),
        ("images", f"{card.images:,}" if card.images else "unknown"),
        ("per class", counts),
        ("splits", ", ".join(f"{name} {number:,}" for name, number in card.splits.items())),
        ("patients", f"{card.patients:,}" if card.patients else ""),
        ("patient ids", card.patient_ids or "none"),
        ("group rule", card.group_rule or ""),
        ("masks", card.masks or "none"),
        ("licence", card.licence),
        ("access", "no login" if card.is_open else card.access),
        ("login", card.login or ""),
        ("size", size_of(card).removeprefix("size ")),
        ("page", card.page or ""),
        *(("file", _file(file)) for file in card.files),
        *(("to get it", step) for step in card.steps),
        ("same images in", ", ".join(card.overlaps)),
        ("prepare", f"layout {card.layout}" if card.layout else "no layout known"),
        *(("note", note) for note in card.notes),
        ("verified", f"{card.verified}. No address on this card was opened."),
    ]
    lines = [f"  {name:<15} {value}" for name, value in rows if value]
    return "\n".join([f"{card.id}: {card.title}", *lines])


def _count(number: int | tuple[int, int]) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number[0]:,} to {number[1]:,}"


def _file(file: SetFile) -> str:
    limit = f"at most {in_units(file.at_most)}" if file.at_most else "size unknown"
    size = in_units(file.bytes) if file.bytes else limit
    pixels = f", {file.pixels} px" if file.pixels else ""
    known = [f"{kind} {value}" for kind in ("md5", "sha256") if (value := getattr(file, kind))]
    checksum = ", ".join(known) or "no checksum known"
    return f"{file.name} ({size}{pixels}; {checksum}) {file.url or 'no address'}"
