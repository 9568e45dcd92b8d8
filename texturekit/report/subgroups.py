"""The section of the page on subgroups: what the methods reached on a part of the test images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from texturekit import draw
from texturekit.report.tables import area_axis, cell
from texturekit.report.verdict import MAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import Results, Subgroup
    from texturekit.report.tables import Axis, Cell, MethodRow


@dataclass(frozen=True)
class ValueRow:
    """One value of a column, as the method that is shown first did on it."""

    value: str
    n: str
    groups: str
    positives: str
    auc: Cell
    forest: Markup


@dataclass(frozen=True)
class Column:
    """A column: its values by the method that is shown first, and the AUC of every method.

    ``others`` has a row a method, in the order of ``names``; it is empty where there is one.
    """

    name: str
    row: MethodRow
    values: list[ValueRow]
    names: list[str]
    others: list[tuple[MethodRow, list[Cell]]]


@dataclass(frozen=True)
class Subgroups:
    """All columns, on one axis.

    ``counts`` heads the column of positives or classes, ``how`` are the ways that gave the AUC.
    """

    columns: list[Column]
    axis: Axis
    counts: str
    how: list[str]


def subgroups(results: Results, done: Sequence[MethodRow], first: str | None) -> Subgroups | None:
    """Return the tables of subgroups; None where there are none.

    Parameters
    ----------
    results : Results
    done : sequence of MethodRow
        The methods that finished, best first.
    first : str or None
        The method whose values are drawn: the one that leads.
    """
    found = results.subgroups
    if not found:
        return None
    scale = _axis(found)
    names = dict.fromkeys(one.column for one in found)
    columns = [_column(name, results, done, first, scale) for name in names]
    known = [one for one in columns if one is not None]
    heads = {
        "binary": "Positives",
        "multiclass": "Images by class",
        "multilabel": "Images by label",
    }
    areas = [one.metrics[MAIN] for one in found if MAIN in one.metrics]
    how = dict.fromkeys(area.how for area in areas if area.value is not None and area.how)
    return Subgroups(known, scale, heads[results.kind], list(how)) if known else None


def _axis(found: Sequence[Subgroup]) -> Axis:
    areas = [one.metrics[MAIN] for one in found if MAIN in one.metrics]
    return area_axis([v for area in areas for v in (area.value, area.low) if v is not None])


def _column(
    name: str, results: Results, done: Sequence[MethodRow], first: str | None, scale: Axis
) -> Column | None:
    parts = {(s.method, s.value): s for s in results.subgroups if s.column == name}
    rows = [row for row in done if any(method == row.method.name for method, _ in parts)]
    if not rows:
        return None
    shown = next((row for row in rows if row.method.name == first), rows[0])
    values = list(dict.fromkeys(value for _, value in parts))
    own = [
        parts[shown.method.name, value] for value in values if (shown.method.name, value) in parts
    ]
    others = [
        (row, [_area(parts.get((row.method.name, value))) for value in values]) for row in rows
    ]
    return Column(
        name=name,
        row=shown,
        values=[_value(one, results, scale, shown) for one in own],
        names=values,
        others=others if len(rows) > 1 else [],
    )


def _area(one: Subgroup | None) -> Cell:
    return cell(None if one is None else one.metrics.get(MAIN), MAIN)


def _value(one: Subgroup, results: Results, scale: Axis, row: MethodRow) -> ValueRow:
    area = one.metrics.get(MAIN)
    value, low, high = (None, None, None) if area is None else (area.value, area.low, area.high)
    svg = draw.forest(
        value, low, high, start=scale.start, end=scale.end, marks=[0.5],
        hollow=row.method.family == "baseline",
    )  # fmt: skip
    known = [f"{one.counts[c]:,} {c}" for c in results.classes if c in one.counts]
    positives = "not known" if one.positives is None else f"{one.positives:,}"
    return ValueRow(
        value=one.value,
        n=f"{one.n:,}",
        groups="not known" if one.groups is None else f"{one.groups:,}",
        positives=positives if results.kind == "binary" else ", ".join(known),
        auc=_area(one),
        forest=Markup(svg),
    )
