"""Tell which layout a folder has."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from texturekit import events
from texturekit.data.catalogue import SETS, Layout, SetCard, load_set
from texturekit.data.layouts import busi, figshare, folders, medmnist, tables
from texturekit.data.layouts.found import wrong_layout
from texturekit.errors import ManifestError, ParameterError, UnknownNameError

if TYPE_CHECKING:
    from pathlib import Path

    from texturekit.data.layouts.found import Found, Source

LAYOUTS: tuple[str, ...] = get_args(Layout)


def resolve_layout(
    layout: str | Path | SetCard | None, source: Source
) -> tuple[str, SetCard | None]:
    """Return the name of a folder's layout, and the card of the set.

    Parameters
    ----------
    layout : str, Path, SetCard or None
        A set, a card, a layout's name, or nothing: what lies in the folder decides then.
    source : Source

    Raises
    ------
    UnknownNameError
        If there is no such set or layout.
    ManifestError
        If the folder looks like none that is known.
    ParameterError
        If there is no layout for the set.
    """
    if layout is None:
        return _detected(source)
    if isinstance(layout, str) and layout in LAYOUTS:
        return _detected(source, layout)
    if isinstance(layout, str) and layout not in SETS and not layout.endswith((".yaml", ".yml")):
        raise UnknownNameError("image set or layout", layout, [*SETS, *LAYOUTS])
    card = load_set(layout)
    if card.layout is None:
        raise ParameterError(
            f"there is no layout for {card.id}: write its manifest yourself (columns path, label, "
            "group), or give a card of your own with a layout."
        )
    return card.layout, card


def _detected(source: Source, wanted: str | None = None) -> tuple[str, SetCard | None]:
    """Return what the folder looks like, of one layout or of all."""
    cards = [card for card in map(load_set, SETS) if card.layout and wanted in (None, card.layout)]
    if wanted in (None, "busi") and busi.matches(source):
        return "busi", None
    if wanted in (None, "chexpert") and tables.chexpert_tables(source):
        return "chexpert", None
    for card in cards:
        if _looks_like(source, card):
            events.note("preparing", f"'{source.given}' looks like {card.id}.")
            return str(card.layout), card
    if wanted in ("busi", "chexpert"):
        return wanted, None
    if wanted is not None and len(cards) == 1:
        return wanted, cards[0]
    known = ", ".join(card.id for card in cards) + ("" if wanted else ", busi or chexpert")
    raise wrong_layout(
        source,
        wanted or "any set that is known",
        f"one of {known}. Name it if it is one of these; a plain tree with a folder a class needs "
        "no preparation, give it to compare as it is",
    )


def _looks_like(source: Source, card: SetCard) -> bool:
    if card.layout == "folders":
        return folders.matches(source, card)
    if card.layout == "medmnist":
        return bool(medmnist.files_of(source, card))
    if card.layout == "nih":
        return bool(tables.nih_tables(source)) and not tables.chexpert_tables(source)
    return card.layout == "figshare" and bool(figshare.files_of(source))


def look(name: str, card: SetCard | None, source: Source) -> Found:
    """Return what a folder of this layout holds.

    Raises
    ------
    ManifestError
        If it is not of this layout, or no image can be used.
    """
    if name == "busi":
        found = busi.find(source)
    elif name == "chexpert":
        found = tables.find_chexpert(source, card)
    elif card is not None:
        found = _WITH_CARD[name](source, card)
    else:
        raise ParameterError(f"layout {name} needs a set; name one of {', '.join(SETS)}.")
    if not found.paths:
        first = "; ".join(f"{one.path}: {one.reason}" for one in found.skipped[:3])
        raise ManifestError(f"'{source.given}' has 0 usable images: {first}.")
    return found


_WITH_CARD = {
    "folders": folders.find,
    "medmnist": medmnist.find,
    "nih": tables.find_nih,
    "figshare": figshare.find,
}
