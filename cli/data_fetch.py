"""``texturekit data fetch``."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from texturekit.errors import printable

from . import options
from .console import showing
from .data_list import in_units, size_of

if TYPE_CHECKING:
    from texturekit.data.catalogue import SetCard
    from texturekit.data.fetching import FetchedFile


@click.command("fetch", short_help="Download image sets, or take them from a folder.")
@click.argument("names", metavar="ID|CARD.yaml...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    default="data",
    show_default=True,
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Folder in which every set gets a folder of its own.",
)
@click.option(
    "--size",
    type=int,
    metavar="N",
    help="Pixels a side, for sets that come in several sizes: 28, 64, 128, 224.  [default: least]",
)
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, file_okay=False),
    metavar="DIR",
    help="Folder that has the files already; nothing is downloaded.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be fetched, and stop.")
@click.option("--yes", is_flag=True, help="Do not ask. Without a terminal nothing is asked anyway.")
@click.option("--delete-archives", is_flag=True, help="Delete archives when they are unpacked.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest silence of a server.",
)
@click.option(
    "--retries", type=click.IntRange(0), default=4, show_default=True, help="Tries after the first."
)
@options.common
def command(
    names: tuple[str, ...], output: str, size: int | None, source: str | None, dry_run: bool,
    yes: bool, delete_archives: bool, timeout: float, retries: int, overwrite: bool, as_json: bool,
    verbose: bool, quiet: bool, no_progress: bool,
) -> int:  # fmt: skip
    """Fetch image sets: licence, size and what has to be done first are shown before.

    A download that broke off goes on where it was when the same command is run again. Files are
    checked before they get their names, and archives are unpacked into a folder each.
    """
    from texturekit.data.asking import Patience
    from texturekit.data.catalogue import load_set
    from texturekit.data.fetching import fetch, how_to_get
    from texturekit.errors import DownloadError

    cards = [load_set(name) for name in names]
    for card in cards:
        _show(card, size, Path(output) / card.id)
    gated = [how_to_get(card) for card in cards if not card.is_open and source is None]
    if gated:
        raise DownloadError("\n\n".join(gated))
    if dry_run or not (yes or source or _agreed()):
        click.echo("Nothing was fetched.", err=True)
        return 0
    patience = Patience(connect=min(10.0, timeout), stall=timeout, retries=retries)
    found = {}
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        for card in cards:
            folder = Path(output) / card.id
            try:
                found[card.id] = folder, fetch(
                    card, folder, pixels=size, source=source, patience=patience,
                    delete_archives=delete_archives, overwrite=overwrite,
                )  # fmt: skip
            except KeyboardInterrupt:
                click.echo(f"What came so far is kept in {folder}: run again to go on.", err=True)
                raise
    for name, card in zip(names, cards, strict=True):
        if not quiet:
            click.echo(_summary(card, found[card.id][1]), err=True)
        if card.layout and not quiet:
            line = ["texturekit", "data", "prepare", name, str(found[card.id][0])]
            click.echo(f"Next: {shlex.join([*line, '-o', f'{card.id}.csv'])}", err=True)
    if as_json:
        options.show_json(
            [
                {"id": name, "folder": printable(str(folder)), "files": [asdict(f) for f in files]}
                for name, (folder, files) in found.items()
            ]
        )
    else:
        for folder, _ in found.values():
            click.echo(folder)
    return 0


def _show(card: SetCard, pixels: int | None, folder: Path) -> None:
    """Say what somebody has to know before anything is fetched."""
    files = card.chosen_files(pixels)
    lines = [
        f"{card.id}: {card.title}",
        f"  licence  {card.licence}",
        f"  size     {size_of(card, pixels).removeprefix('size ')}{_number(len(files))}",
        f"  login    {'none needed' if card.is_open else card.login or card.access}",
        f"  into     {folder}",
        *(f"  note     {note}" for note in card.notes),
        *([f"  note     same images in {', '.join(card.overlaps)}"] if card.overlaps else []),
    ]
    click.echo(printable("\n".join(lines)), err=True)


def _summary(card: SetCard, files: list[FetchedFile]) -> str:
    checked = ", ".join(dict.fromkeys(file.checked for file in files))
    total = in_units(sum(file.bytes for file in files))
    return f"{card.id}: {total}{_number(len(files))}, there and whole; compared: {checked}"


def _number(files: int) -> str:
    if not files:
        return ""
    return " in one file" if files == 1 else f" in {files} files"


def _agreed() -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    return click.confirm("Fetch it?", default=True, err=True)
