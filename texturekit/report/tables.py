"""The tables of the page, cell by cell."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from texturekit import draw
from texturekit.records import Estimate
from texturekit.report.verdict import MAIN, ranked
from texturekit.report.wording import FAMILIES, METRICS, digits, metric_name, number, span_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from texturekit.records import ClassResult, MethodResult, Results

COLUMNS = (
    "accuracy", "sensitivity", "specificity", "balanced_accuracy", "precision", "f1", "mcc",
)  # fmt: skip
CLASS_COLUMNS = (MAIN, "sensitivity", "specificity", "precision", "f1", "average_precision")
COLOURS, OTHERS = 8, "var(--muted)"
ROWS_BY_CLASS, FEWEST_BY_CLASS = 240, 3


@dataclass(frozen=True)
class Cell:
    """A number of a table: text, interval, the value to sort by, why it is undefined, a caution."""

    text: str
    interval: str
    sort: str
    reason: str
    caution: str = ""


@dataclass(frozen=True)
class MethodRow:
    """A row of the table of methods."""

    method: MethodResult
    family: str
    key: str
    colour: str
    forest: Markup
    auc: Cell
    cells: list[Cell]
    extra: list[Cell]


@dataclass(frozen=True)
class Axis:
    """The AUC axis that all rows of the forest plot share."""

    start: float
    end: float
    ticks: list[float]

    def place(self, value: float) -> float:
        """Return where a value stands, in percent of the drawing."""
        return 100 * (6 + 148 * (value - self.start) / (self.end - self.start)) / 160


def cell(estimate: Estimate | None, metric: str) -> Cell:
    """Return how a metric is printed; ``n/a`` with its reason where it is undefined."""
    if estimate is None:
        return Cell("n/a", "", "", "not computed")
    places = digits(metric)
    span = span_text(estimate.low, estimate.high, places)
    if estimate.value is None:
        return Cell("n/a", "", "", estimate.reason or "undefined")
    caution = estimate.caution or ""
    return Cell(number(estimate.value, places), span, f"{estimate.value:.6g}", "", caution)


def axis(results: Results) -> Axis:
    """Return an axis of AUC from at most 0.5 to 1, wide enough for every interval."""
    areas = [m.metrics[MAIN] for m in results.methods if MAIN in m.metrics]
    return area_axis([v for e in areas for v in (e.value, e.low) if v is not None])


def area_axis(lows: Iterable[float]) -> Axis:
    """Return an axis of AUC from at most 0.5 to 1 that holds these numbers.

    Examples
    --------
    >>> area_axis([0.62, 0.37]).start, area_axis([]).ticks
    (0.3, [0.6, 0.8, 1.0])
    """
    start = min(0.5, math.floor(min(lows, default=0.5) * 10 + 1e-9) / 10)
    return Axis(start, 1.0, [tick for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0) if tick >= start])


def method_rows(results: Results) -> list[MethodRow]:
    """Return the rows of the table of methods, best first."""
    scale, colours = axis(results), iter(range(COLOURS))
    extra = extra_metrics(results)
    rows = []
    for i, method in enumerate(ranked(results)):
        baseline, free = method.family == "baseline", None
        if method.status == "ok" and not baseline:
            free = next(colours, None)
        area = method.metrics.get(MAIN, Estimate(value=None, how="", reason="not computed"))
        svg = draw.forest(
            area.value, area.low, area.high,
            start=scale.start, end=scale.end, marks=[0.5], hollow=baseline,
        )  # fmt: skip
        rows.append(
            MethodRow(
                method=method,
                family=FAMILIES[method.family],
                key=f"m{i}",
                colour=OTHERS if free is None else f"var(--m{free})",
                forest=Markup(svg),
                auc=cell(area, MAIN),
                cells=[cell(method.metrics.get(name), name) for name in COLUMNS],
                extra=[cell(method.metrics.get(name), name) for name in extra],
            )
        )
    return rows


def family_counts(rows: Iterable[MethodRow]) -> list[tuple[str, str, int]]:
    """Return the families that can be filtered by: ``(key, name, methods that finished)``."""
    done: Counter[str] = Counter(row.method.family for row in rows if row.method.status == "ok")
    return [
        (key, name, done[key]) for key, name in FAMILIES.items() if done[key] and key != "baseline"
    ]


def extra_metrics(results: Results) -> list[str]:
    """Return the metrics that are no column of the main table, in a fixed order."""
    found = {name for m in results.methods for name in m.metrics} - {MAIN, *COLUMNS}
    return sorted(found, key=position)


def interval_methods(methods: Iterable[MethodResult]) -> list[tuple[str, str]]:
    """Return which way of making intervals served which metrics: ``(how, metrics)``."""
    served: dict[str, list[str]] = {}
    for method in methods:
        for name in sorted(method.metrics, key=position):
            names = served.setdefault(method.metrics[name].how, [])
            if metric_name(name) not in names:
                names.append(metric_name(name))
    return [(how, ", ".join(names)) for how, names in served.items() if how]


def position(metric: str) -> tuple[int, str]:
    """Return where a metric stands in tables, to sort by."""
    order = list(METRICS)
    return (order.index(metric) if metric in order else len(order)), metric


def undefined(rows: Iterable[MethodRow]) -> list[str]:
    """Return why numbers of the main table are undefined, each reason once."""
    cells = [c for row in rows if row.method.status == "ok" for c in (row.auc, *row.cells)]
    return list(dict.fromkeys(c.reason for c in cells if c.reason))


def cautions(rows: Iterable[MethodRow]) -> list[str]:
    """Return what marks numbers of the main table, each caution once."""
    cells = [c for row in rows if row.method.status == "ok" for c in (row.auc, *row.cells)]
    return list(dict.fromkeys(c.caution for c in cells if c.caution))


def class_columns(methods: Iterable[MethodResult]) -> list[str]:
    """Return the per-class metrics that some method has."""
    found = {name for m in methods for c in m.per_class for name in c.metrics}
    return [name for name in CLASS_COLUMNS if name in found]


def by_class(methods: Iterable[MethodResult]) -> list[MethodResult]:
    """Return the methods whose classes are told one by one: the best, until a page is full."""
    told: list[MethodResult] = []
    rows = 0
    for method in methods:
        rows += len(method.per_class)
        if len(method.per_class) > 1 and (len(told) < FEWEST_BY_CLASS or rows <= ROWS_BY_CLASS):
            told.append(method)
    return told


def class_rows(
    per_class: Sequence[ClassResult], columns: Sequence[str]
) -> list[tuple[ClassResult, list[Cell]]]:
    """Return the rows of a method's per-class table."""
    return [(c, [cell(c.metrics.get(name), name) for name in columns]) for c in per_class]
