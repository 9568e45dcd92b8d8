"""The section of the page on what others have published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.report.tables import Cell
from texturekit.report.wording import metric_name, number, span_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import Estimate, Reported, Stated

COLUMNS = ("accuracy", "sensitivity", "specificity", "balanced_accuracy", "mcc")
_DIGITS = 3
SIGNS = {"contradicts": "contradicts", "suspect": "suspect"}


@dataclass(frozen=True)
class Entry:
    """A method that others have published: what was stated, what their matrix says."""

    item: Reported
    stated: list[tuple[str, str]]
    cells: list[Cell]


def entries(found: Sequence[Reported]) -> list[Entry]:
    """Return the published methods as the page prints them."""
    return [
        Entry(
            item=one,
            stated=[(_said(number), SIGNS.get(number.status, "")) for number in one.stated],
            cells=[_cell(one.metrics.get(name)) for name in COLUMNS],
        )
        for one in found
    ]


def _cell(one: Estimate | None) -> Cell:
    """Return a number with three digits, as others print them."""
    if one is None or one.value is None:
        return Cell("n/a", "", "", "not computed" if one is None else one.reason or "undefined")
    span = span_text(one.low, one.high, _DIGITS)
    return Cell(number(one.value, _DIGITS), span, repr(one.value), "")


def _said(one: Stated) -> str:
    """Return a number with its name and place, as it was printed."""
    where = f" ({one.part})" if one.part else ""
    name = metric_name(one.metric).replace(" f1", " F1")
    return f"{name} {one.text}{where}"
