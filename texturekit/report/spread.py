"""The section of the page on folds: how far the AUC varies from one to the next."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from texturekit import draw
from texturekit.report.tables import area_axis
from texturekit.report.verdict import MAIN
from texturekit.report.wording import digits, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import FoldScore, MethodResult
    from texturekit.report.tables import Axis, MethodRow


@dataclass(frozen=True)
class SpreadRow:
    """A method: the drawing of its folds, and what is said of them.

    ``undefined`` counts folds without an AUC; ``values`` are those of the folds of the section.
    """

    row: MethodRow
    strip: Markup
    lowest: str
    highest: str
    mean: str
    deviation: str
    undefined: int
    values: list[str]


@dataclass(frozen=True)
class Spread:
    """Every method on one axis; ``folds`` are those of the repeats that the columns stand for."""

    axis: Axis
    rows: list[SpreadRow]
    folds: list[tuple[str, int]]
    repeats: int


def spread(done: Sequence[MethodRow], start: int = 1) -> Spread | None:
    """Return how far the AUC varies over folds; None where no method has two.

    Parameters
    ----------
    done : sequence of MethodRow
        The methods that finished, best first.
    start : int, default 1
        What fold 0 is called, see `texturekit.report.wording.first_number`.
    """
    rows = [row for row in done if len(_known(row.method)) > 1]
    if not rows:
        return None
    keys = sorted({(one.repeat, one.fold) for row in rows for one in row.method.folds})
    sizes = {(one.repeat, one.fold): one.n for row in reversed(rows) for one in row.method.folds}
    repeats = sorted({repeat for repeat, _ in keys})
    scale = area_axis([value for row in rows for value in _known(row.method)])
    return Spread(
        axis=scale,
        rows=[_row(row, scale, keys) for row in rows],
        folds=[(fold_name(key, len(repeats), start), sizes[key]) for key in keys],
        repeats=len(repeats),
    )


def _known(method: MethodResult) -> list[float]:
    return [value for one in method.folds if (value := _area(one)) is not None]


def _area(one: FoldScore) -> float | None:
    return one.metrics.get(MAIN)


def fold_name(key: tuple[int, int], repeats: int, start: int = 1) -> str:
    """Return what a fold is called: people count from 1, files of folds as they do.

    Examples
    --------
    >>> fold_name((0, 2), repeats=1), fold_name((1, 0), repeats=2)
    ('Fold 3', 'Repeat 2, fold 1')
    >>> fold_name((1, 5), repeats=1, start=0)
    'Fold 5'
    """
    repeat, fold = key
    name = f"old {fold + start}"
    return f"F{name}" if repeats == 1 else f"Repeat {repeat + start}, f{name}"


def _row(row: MethodRow, scale: Axis, keys: Sequence[tuple[int, int]]) -> SpreadRow:
    values = {(one.repeat, one.fold): _area(one) for one in row.method.folds}
    known, places = _known(row.method), digits(MAIN)
    mean = statistics.fmean(known)
    repeats = [
        [v for (r, _), v in sorted(values.items()) if r == repeat and v is not None]
        for repeat in sorted({repeat for repeat, _ in keys})
    ]
    svg = draw.strip(
        repeats, mean, start=scale.start, end=scale.end, marks=[0.5],
        hollow=row.method.family == "baseline",
    )  # fmt: skip
    return SpreadRow(
        row=row,
        strip=Markup(svg),
        lowest=number(min(known), places),
        highest=number(max(known), places),
        mean=number(mean, places),
        deviation=number(statistics.stdev(known), places),
        undefined=len(values) - len(known),
        values=[number(values.get(key), places) for key in keys],
    )
