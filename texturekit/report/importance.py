"""The section of the page on what the methods read: families of columns, and single columns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from texturekit import draw
from texturekit.deep.backbones import BACKBONES
from texturekit.features import FEATURES
from texturekit.report.stability import family_of
from texturekit.report.tables import Axis, cell
from texturekit.report.wording import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import FamilyCorrelation, FamilyImportance, Study
    from texturekit.report.tables import Cell, MethodRow

TOP = 10


@dataclass(frozen=True)
class FamilyRow:
    """A family, and what the AUC loses without it."""

    name: str
    columns: int
    drop: Cell
    forest: Markup


@dataclass(frozen=True)
class Panel:
    """The families of one method, that which matters most first."""

    row: MethodRow
    families: list[FamilyRow]


@dataclass(frozen=True)
class ColumnRow:
    """A column, the share that the classifier gives it, and what its family is."""

    name: str
    share: str
    meaning: str


@dataclass(frozen=True)
class Square:
    """How alike two families are: the number, and how dark the cell is in percent."""

    text: str
    heat: int


@dataclass(frozen=True)
class Importance:
    """What the section holds; a part without data is empty."""

    axis: Axis
    panels: list[Panel]
    how: list[str]
    correlation: list[tuple[str, list[Square]]]
    correlated: FamilyCorrelation | None
    top: tuple[MethodRow, list[ColumnRow], int] | None


def importance(study: Study, done: Sequence[MethodRow]) -> Importance | None:
    """Return what methods read; None where nothing is known of it.

    Parameters
    ----------
    study : Study
    done : sequence of MethodRow
        The methods that finished, best first.
    """
    rows = sorted(done, key=lambda row: row.method.family == "baseline")
    told = [row for row in rows if row.method.families]
    scale = _axis([family for row in told for family in row.method.families])
    correlated = study.results.family_correlation
    top = _top(study, rows)
    if not told and correlated is None and top is None:
        return None
    return Importance(
        axis=scale,
        panels=[Panel(row, [_family(one, scale) for one in _ordered(row)]) for row in told],
        how=list(dict.fromkeys(one.drop.how for row in told for one in row.method.families)),
        correlation=[] if correlated is None else _squares(correlated),
        correlated=correlated,
        top=top,
    )


def _ordered(row: MethodRow) -> list[FamilyImportance]:
    """Return the families, the largest drop first, undefined ones last."""
    return sorted(
        row.method.families,
        key=lambda one: (one.drop.value is None, -(one.drop.value or 0.0), one.family),
    )


def _axis(families: Sequence[FamilyImportance]) -> Axis:
    """Return an axis of tenths around 0 that holds every interval."""
    drops = [one.drop for one in families]
    ends = [v for drop in drops for v in (drop.value, drop.low, drop.high) if v is not None]
    start = math.floor(min([0.0, *ends]) * 10 + 1e-9) / 10
    end = math.ceil(max([0.1, *ends]) * 10 - 1e-9) / 10
    step = 0.1 if end - start < 0.45 else 0.2
    first = math.ceil(start / step - 1e-9)
    count = math.floor(end / step + 1e-9) - first + 1
    return Axis(start, end, [round((first + i) * step, 1) for i in range(count)])


def _family(one: FamilyImportance, scale: Axis) -> FamilyRow:
    drop = one.drop
    svg = draw.forest(
        drop.value, drop.low, drop.high, start=scale.start, end=scale.end, marks=[0.0]
    )
    return FamilyRow(one.family, one.columns, cell(drop, "roc_auc"), Markup(svg))


def _squares(found: FamilyCorrelation) -> list[tuple[str, list[Square]]]:
    # Darker than 60% neither black nor white text could be read on it.
    return [
        (
            name,
            [
                Square(number(v, 2), 0 if v is None else round(60 * min(abs(v), 1.0)))
                for v in values
            ],
        )
        for name, values in zip(found.families, found.values, strict=True)
    ]


def _top(study: Study, rows: Sequence[MethodRow]) -> tuple[MethodRow, list[ColumnRow], int] | None:
    """Return the columns that the best method's classifier weighs most; None if none tells."""
    frame = study.importance
    if frame.empty:
        return None
    for row in rows:
        own = frame[(frame["method"].astype(str) == row.method.name) & (frame["importance"] > 0)]
        if len(own):
            largest = own.sort_values(
                ["importance", "column"], ascending=[False, True], kind="stable"
            ).head(TOP)
            columns = [
                ColumnRow(str(name), f"{100 * share:.1f}%", meaning(str(name)))
                for name, share in zip(largest["column"], largest["importance"], strict=True)
            ]
            return row, columns, len(own)
    return None


def meaning(column: str) -> str:
    """Return what the family of a column looks at; empty where that is not known.

    Examples
    --------
    >>> meaning("resnet18.0017"), meaning("nothing.at.all")
    ('an output of the network resnet18', '')
    """
    family = family_of(column).partition("(")[0]
    if family in FEATURES:
        return FEATURES[family].summary
    if family in BACKBONES:
        return f"an output of the network {family}"
    return "facts of the file, no texture" if family in ("geometry", "metadata") else ""
