"""The tables of the page as rows of text and numbers, for CSV and LaTeX."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from texturekit.report.protocol.words import PARTS
from texturekit.report.tables import by_class, position
from texturekit.report.verdict import MAIN, ranked
from texturekit.report.wording import (
    DASH,
    VERDICTS,
    digits,
    first_number,
    interval,
    metric_name,
    number,
    p_value,
    span_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from texturekit.records import Comparison, Estimate, MethodResult
    from texturekit.report.protocol.checklist import Row
    from texturekit.report.protocol.seen import Seen

Value = str | int | float | None
_PRINTED = (MAIN, "sensitivity", "specificity", "balanced_accuracy", "average_precision", "brier")
_MOST = 1500  # rows of splits that go into the page


@dataclass(frozen=True)
class Sheet:
    """A table for a file: its columns, rows in full precision, and what LaTeX prints.

    Attributes
    ----------
    name, title : str
        For the file's name and for readers.
    heads, rows : list
        For CSV; None where there is no value.
    printed_heads, printed : list of text
        For LaTeX, rounded; empty where no LaTeX is offered.
    numeric : list of bool
        Which printed columns are numbers.
    """

    name: str
    title: str
    heads: list[str]
    rows: list[list[Value]]
    printed_heads: list[str] = field(default_factory=list)
    printed: list[list[str]] = field(default_factory=list)
    numeric: list[bool] = field(default_factory=list)


def sheets(seen: Seen, rows: Sequence[Row]) -> list[Sheet]:
    """Return the tables of a study; those without a row are left out."""
    found = [methods(seen), comparisons(seen), classes(seen), splits(seen), checklist(rows)]
    return [one for one in found if one.rows]


def methods(seen: Seen) -> Sheet:
    """Return all metrics of all methods, best first."""
    order = ranked(seen.results)
    names = _metrics(order)
    heads = ["method", "family", "status", "weights", "n", "threshold"]
    heads += [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    shown = [name for name in _PRINTED if name in names]
    return Sheet(
        "methods", "Methods with all metrics and 95% intervals", [*heads, "reasons"],
        [_method(one, names) for one in order],
        ["Method", "n", *(metric_name(name) for name in shown)],
        [
            [one.name, f"{one.n:,}" if one.status == "ok" else one.status,
             *(_printed(one.metrics.get(name), name) for name in shown)]
            for one in order
        ],
        [False, True, *(True for _ in shown)],
    )  # fmt: skip


def _metrics(results: Iterable[MethodResult]) -> list[str]:
    found = {name for one in results for name in one.metrics}
    return sorted(found, key=position)


def _method(one: MethodResult, names: Sequence[str]) -> list[Value]:
    numbers: list[Value] = []
    for name in names:
        numbers += _numbers(one.metrics.get(name))
    median = None if one.threshold is None else one.threshold.median
    head = [one.name, one.family, one.status, one.weights, one.n, median]
    return [*head, *numbers, _reasons(one.metrics, names, one.reason)]


def _numbers(one: Estimate | None) -> list[Value]:
    return [None, None, None] if one is None else [one.value, one.low, one.high]


def _reasons(found: dict[str, Estimate], names: Sequence[str], first: str | None) -> str:
    """Return why numbers are missing, each reason with its metrics."""
    served: dict[str, list[str]] = {}
    for name in names:
        one = found.get(name)
        if one is not None and (one.value is None or one.low is None) and one.reason:
            served.setdefault(one.reason, []).append(name)
    told = [f"{', '.join(where)}: {reason}" for reason, where in served.items()]
    return "; ".join([*([first] if first else []), *told])


def _printed(one: Estimate | None, metric: str) -> str:
    if one is None or one.value is None:
        return "n/a"
    places = digits(metric)
    span = span_text(one.low, one.high, places)
    return number(one.value, places) + (f" ({span})" if span else "")


def comparisons(seen: Seen) -> Sheet:
    """Return the paired tests."""
    tests = seen.results.comparisons
    heads = ["a", "b", "metric", "difference", "low", "high", "p", "p_holm"]
    heads += ["general_low", "general_high", "p_general_holm", "verdict", "how", "sentence"]
    shown = [one for one in tests if one.verdict != "not_testable"]
    return Sheet(
        "comparisons", "Paired tests", heads, [_comparison(one) for one in tests],
        ["A", "B", "Metric", f"A {DASH} B", "p (Holm)", "Verdict"],
        [_test(one) for one in shown], [False, False, False, True, True, False],
    )  # fmt: skip


def _comparison(one: Comparison) -> list[Value]:
    general = one.general
    wide = [None, None] if general is None else [general.low, general.high]
    return [
        one.a, one.b, one.metric, one.difference, one.low, one.high, one.p, one.p_holm,
        *wide, one.p_general_holm, one.verdict, one.how, one.sentence,
    ]  # fmt: skip


def _test(one: Comparison) -> list[str]:
    places = digits(one.metric)
    span = interval(one.low, one.high, places, signed=True)
    value = number(one.difference, places, signed=True) + (f" ({span})" if span else "")
    verdict = VERDICTS[one.verdict]
    return [one.a, one.b, metric_name(one.metric), value, p_value(one.p_holm), verdict]


def classes(seen: Seen) -> Sheet:
    """Return the numbers of every class or label, of the methods that the page tells them of."""
    done = by_class(one for one in ranked(seen.results) if one.status == "ok")
    found = {name for one in done for c in one.per_class for name in c.metrics}
    names = sorted(found, key=position)
    heads = ["method", "class", "n", "positives"]
    heads += [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    shown = [name for name in _PRINTED[:3] if name in names]
    rows: list[list[Value]] = []
    printed = []
    for one in done:
        for item in one.per_class:
            numbers = [value for name in names for value in _numbers(item.metrics.get(name))]
            why = _reasons(item.metrics, names, None)
            rows.append([one.name, item.name, item.n, item.positives, *numbers, why])
            cells = [_printed(item.metrics.get(name), name) for name in shown]
            printed.append([one.name, item.name, f"{item.positives:,}", *cells])
    noun = "label" if seen.results.kind == "multilabel" else "class"
    return Sheet(
        "classes", f"Every {noun} with all metrics", [*heads, "reasons"], rows,
        ["Method", noun.capitalize(), "Positives", *(metric_name(name) for name in shown)],
        printed, [False, False, True, *(True for _ in shown)],
    )  # fmt: skip


def splits(seen: Seen) -> Sheet:
    """Return the parts of every fold; of the first repeat only where there are very many."""
    results, found = seen.results, seen.results.splits
    if len(found) > _MOST:
        found = [one for one in found if one.repeat == found[0].repeat]
    heads = ["repeat", "fold", "part", "images", "groups"]
    heads += [f"{kind}: {name}" for name in results.classes for kind in ("images", "groups")]
    rows: list[list[Value]] = []
    for one in found:
        groups = one.group_counts or {}
        pairs = [v for name in results.classes for v in (one.counts.get(name), groups.get(name))]
        rows.append([one.repeat, one.fold, one.part, one.images, one.groups, *pairs])
    first = [one for one in found if one.repeat == found[0].repeat]
    start = first_number(seen.results.protocol)
    return Sheet(
        "splits", "Splits by class and patient", heads, rows,
        ["Fold", "Part", "Images", "Patients (groups)", *results.classes],
        [
            [str(one.fold + start), PARTS[one.part], f"{one.images:,}",
             "n/a" if one.groups is None else f"{one.groups:,}",
             *(f"{one.counts.get(name, 0):,}" for name in results.classes)]
            for one in first
        ],
        [False, False, *(True for _ in range(2 + len(results.classes)))],
    )  # fmt: skip


def checklist(rows: Sequence[Row]) -> Sheet:
    """Return the checklist."""
    heads = ["number", "requirement", "claim_2024", "tripod_ai_2024", "stard_ai_2025", "status"]
    cells: list[list[Value]] = [
        [
            row.requirement.number, row.requirement.text, row.requirement.claim,
            row.requirement.tripod, row.requirement.stard, row.status,
            " ".join(row.said.told) or row.said.beside, "; ".join(row.said.missing),
        ]
        for row in rows
    ]  # fmt: skip
    return Sheet("checklist", "The checklist", [*heads, "the_run_says", "not_stated"], cells)
