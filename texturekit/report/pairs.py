"""Every pair of methods as a matrix: the difference, and whether it is more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.report.wording import digits, interval, number, p_value, seen_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.records import Comparison, Pair, Results
    from texturekit.report.tables import MethodRow

_TALL = 12  # rows that fit a screen


@dataclass(frozen=True)
class PairCell:
    """A pair, seen from the method of the row.

    ``tone`` is ``plus``, ``minus`` or empty, ``strong`` tells that a verdict says better.
    """

    text: str
    p: str
    span: str
    said: str
    tone: str
    strong: bool
    declared: bool


@dataclass(frozen=True)
class PairTable:
    """The matrix: a row a method, its cells in the order of the rows; None on the diagonal."""

    metric: str
    rows: list[tuple[MethodRow, list[PairCell | None]]]
    listed: list[tuple[str, str, PairCell]]
    declared: int
    described: int
    tall: bool


def pair_table(results: Results, done: Sequence[MethodRow]) -> PairTable | None:
    """Return the matrix of all pairs; None where there are none.

    Parameters
    ----------
    results : Results
    done : sequence of MethodRow
        The methods that finished, best first.
    """
    if not results.pairs:
        return None
    metric = results.pairs[0].metric
    pairs = {(one.a, one.b): one for one in results.pairs if one.metric == metric}
    named = {name for pair in pairs for name in pair}
    rows = [row for row in done if row.method.name in named]
    tests = {frozenset((c.a, c.b)): c for c in results.comparisons if c.metric == metric}
    matrix = [(row, [_cell(row, other, pairs, tests) for other in rows]) for row in rows]
    if len(rows) < 2:
        return None
    return PairTable(
        metric=metric,
        rows=matrix,
        listed=[
            (row.method.name, rows[j].method.name, one)
            for i, (row, cells) in enumerate(matrix)
            for j, one in enumerate(cells)
            if i < j and one is not None
        ],
        declared=sum(one.declared for one in pairs.values()),
        described=sum(not one.declared for one in pairs.values()),
        tall=len(rows) > _TALL,
    )


def _cell(
    row: MethodRow,
    other: MethodRow,
    pairs: Mapping[tuple[str, str], Pair],
    tests: Mapping[frozenset[str], Comparison],
) -> PairCell | None:
    name, against = row.method.name, other.method.name
    if name == against:
        return None
    turned = (name, against) not in pairs
    one = pairs.get((against, name) if turned else (name, against))
    if one is None:
        return PairCell("n/a", "", "", "not compared", "", strong=False, declared=False)
    if one.difference is None:
        said = one.reason or "undefined"
        return PairCell("n/a", "", "", said, "", strong=False, declared=one.declared)
    value, low, high = one.difference, one.low, one.high
    if turned:
        value, low, high = -value, None if high is None else -high, None if low is None else -low
    test = tests.get(frozenset((name, against))) if one.declared else None
    view = "unknown" if test is None else seen_from(test, name)
    text = number(value, digits(one.metric), signed=True)
    span = interval(low, high, digits(one.metric), signed=True)
    return PairCell(
        text=text,
        p=p_value(one.p_holm) if one.p_holm is not None else "",
        span=span,
        said=_said(span, view, declared=one.declared),
        tone={"+": "plus", "\N{MINUS SIGN}": "minus"}.get(text[0], ""),
        strong=view in ("better", "worse"),
        declared=one.declared,
    )


def _said(span: str, view: str, *, declared: bool) -> str:
    """Return what a title says beyond the numbers that are printed."""
    verdict = {"better": "better", "worse": "worse", "alike": "no difference shown"}.get(view, "")
    parts = [f"95% interval {span}" if span else "no interval", verdict]
    parts.append("" if declared else "not among the declared tests")
    return "; ".join(part for part in parts if part)
