"""The splits, part by part: images and patients of each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.report.protocol.of_data import apart, copies
from texturekit.report.protocol.words import PARTS
from texturekit.report.wording import first_number

if TYPE_CHECKING:
    from texturekit.records import SplitPart
    from texturekit.report.protocol.seen import Seen

_ROWS = 400  # of repeats after the first that the page prints


@dataclass(frozen=True)
class PartRow:
    """A row: fold, what is left out there, part, all images, patients, and both of each class."""

    fold: str
    value: str
    part: str
    images: int
    groups: int | None
    classes: list[tuple[int, int | None]]


@dataclass(frozen=True)
class SplitTable:
    """The section on splits.

    Attributes
    ----------
    first : list of PartRow
        Of the first repeat.
    others : list of (repeat, rows)
    unlisted : int
        Repeats that are not printed.
    grouped : bool
        Whether patients are counted.
    apart, copies : str
        Whether patients, and copies of an image, stand in two parts; empty where nobody knows.
    """

    first: list[PartRow]
    others: list[tuple[int, list[PartRow]]]
    unlisted: int
    grouped: bool
    apart: str
    copies: str


def split_table(seen: Seen) -> SplitTable | None:
    """Return the splits of a study as the page prints them; None if the run does not tell."""
    splits = seen.results.splits
    if not splits:
        return None
    numbers = sorted({one.repeat for one in splits})
    grouped = seen.patients is not None and any(one.groups is not None for one in splits)
    repeats = [
        (number, [_row(seen, one, grouped) for one in splits if one.repeat == number])
        for number in numbers
    ]
    others, room = [], _ROWS
    for number, rows in repeats[1:]:
        room -= len(rows)
        if room < 0:
            break
        others.append((number + first_number(seen.results.protocol), rows))
    return SplitTable(
        first=repeats[0][1],
        others=others,
        unlisted=len(repeats) - 1 - len(others),
        grouped=grouped,
        apart=apart(seen),
        copies=copies(seen),
    )


def _row(seen: Seen, one: SplitPart, grouped: bool) -> PartRow:
    results = seen.results
    values = results.protocol.left_out_values
    value = values[one.fold] if one.fold < len(values) else ""
    shown = one.group_counts if grouped else None
    return PartRow(
        fold=str(one.fold + first_number(results.protocol)),
        value=value,
        part=PARTS[one.part],
        images=one.images,
        groups=one.groups if grouped else None,
        classes=[
            (one.counts.get(name, 0), None if shown is None else shown.get(name, 0))
            for name in results.classes
        ],
    )
