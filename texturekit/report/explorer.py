"""The threshold explorer: what every threshold would have done to the test images."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from texturekit.metrics.operating import THRESHOLDS, operating_counts
from texturekit.report.wording import counted, number, span_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from texturekit.records import MethodResult, Results, Study
    from texturekit.report.tables import MethodRow

TABLES = 60  # pairs of a method and a class whose counts a page carries, 1.5 kB each
STATIC = tuple(range(10, 100, 10))
_LIMITS = ("sensitivity_low", "sensitivity_high", "specificity_low", "specificity_high")
_SAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


@dataclass(frozen=True)
class StaticRow:
    """What one threshold does, for paper and for readers without a script."""

    threshold: str
    counts: list[int]
    sensitivity: str
    specificity: str
    ppv: str


@dataclass(frozen=True)
class Explorer:
    """What the explorer holds.

    ``data`` is the JSON that its script reads, ``static`` a short table for ``of``, ``limited``
    says which methods were left out, ``grouped`` that intervals count patients.
    """

    methods: list[tuple[int, str]]
    classes: list[tuple[int, str]]
    data: Markup
    static: list[StaticRow]
    of: str
    limited: str
    prevalence: str


@dataclass(frozen=True)
class Used:
    """The thresholds that a method used in the first repeat: their middle and their ends."""

    median: float
    low: float
    high: float


def explorer(study: Study, rows: Sequence[MethodRow], first: str) -> Explorer | None:
    """Return the explorer; None where no class has images inside and outside of it.

    Parameters
    ----------
    study : Study
    rows : sequence of MethodRow
        The methods that finished, best first.
    first : str
        The leader, which stands first.
    """
    results = study.results
    if study.predictions.empty:
        return None
    several = 1 if results.kind == "binary" else len(results.classes)
    ordered = sorted((row.method for row in rows), key=lambda m: m.name != first)
    shown = ordered[: max(1, TABLES // several)]
    tables = {
        (method.name, name): table
        for method in shown
        for name, table in _tables(study.predictions, method, results)
    }
    if not tables:
        return None
    methods = [m.name for m in shown if any(name == m.name for name, _ in tables)]
    classes = [c for c in results.classes if any(name == c for _, name in tables)]
    start = tables.get((methods[0], classes[0])) or next(iter(tables.values()))
    limited = ""
    if len(shown) < len(ordered):
        limited = f"The {counted(len(shown), 'method')} with the highest AUC can be chosen here."
    return Explorer(
        methods=list(enumerate(methods)),
        classes=list(enumerate(classes)),
        data=embedded({
            "methods": methods,
            "classes": classes,
            "tables": [
                [_packed(tables.get((method, name))) for name in classes] for method in methods
            ],
        }),
        static=_static(start.grid),
        of=methods[0] if results.kind == "binary" else f"{methods[0]}, {classes[0]}",
        limited=limited,
        prevalence=number(100 * _prevalence(start.grid), 1),
    )  # fmt: skip


def used_thresholds(predictions: pd.DataFrame, name: str) -> Used | None:
    """Return the thresholds that a method used for a class in the first repeat.

    Parameters
    ----------
    predictions : pandas.DataFrame
        The rows of one method. A label's own thresholds stand in ``t.<label>``, others in
        ``threshold``.
    name : str
        The class.

    Returns
    -------
    Used or None
        None where decisions need no threshold.
    """
    test = predictions[predictions["split"] == "test"]
    first = test[test["repeat"] == test["repeat"].min()]
    for column in (f"t.{name}", "threshold"):
        if column in first and first[column].notna().any():
            own = first.groupby("fold", sort=True)[column].first().dropna()
            return Used(float(np.median(own)), float(own.min()), float(own.max()))
    return None


class _Table:
    """The counts of one method and class on the grid, and at the threshold in use."""

    def __init__(self, part: pd.DataFrame, used: Used | None) -> None:
        self.used = used
        self.grid = part.iloc[: len(THRESHOLDS)]
        spots = {} if used is None else dict(zip(part["threshold"], part.index, strict=True))
        self.at = None if used is None else part.loc[spots[used.median]]


def _tables(
    predictions: pd.DataFrame, method: MethodResult, results: Results
) -> list[tuple[str, _Table]]:
    """Return the counts of each class, on the grid and behind it at the thresholds in use."""
    rows = predictions[predictions["method"] == method.name]
    if rows.empty:
        return []
    used = {name: used_thresholds(rows, name) for name in results.classes}
    extra = {one.median for one in used.values() if one is not None} - set(THRESHOLDS.tolist())
    counts = operating_counts(
        rows,
        kind=results.kind,
        classes=results.classes,
        positive=results.positive,
        thresholds=[*THRESHOLDS.tolist(), *sorted(extra)],
    )
    parts = counts.groupby("class", sort=False)
    return [(str(name), _Table(part, used[str(name)])) for name, part in parts]


def _packed(table: _Table | None) -> dict[str, Any] | None:
    """Return counts and limits as differences from one threshold to the next: mostly zeros."""
    if table is None:
        return None
    grid = table.grid
    found: dict[str, Any] = {
        "p": int(grid["tp"].iloc[0] + grid["fn"].iloc[0]),
        "n": int(grid["fp"].iloc[0] + grid["tn"].iloc[0]),
        "tp": _steps(grid["tp"]),
        "fp": _steps(grid["fp"]),
        "limits": [_steps(hundredths(grid[name])) for name in _LIMITS],
    }
    if table.used is not None and table.at is not None:
        found["used"] = {
            "at": number(table.used.median, 3).rstrip("0").ljust(4, "0"),
            "value": table.used.median,
            "from": number(table.used.low),
            "to": number(table.used.high),
            "same": table.used.low == table.used.high,
            "tp": int(table.at["tp"]),
            "fp": int(table.at["fp"]),
            "limits": hundredths([table.at[name] for name in _LIMITS]),
        }
    return found


def _steps(values: Any) -> list[int]:
    return [int(step) for step in np.diff(np.asarray(values, dtype=np.int64), prepend=0)]


def hundredths(values: Any) -> list[int]:
    """Return shares as they are printed with two digits, times 100."""
    return [round(100 * float(f"{value:.2f}")) for value in values]


def _static(grid: pd.DataFrame) -> list[StaticRow]:
    rows = []
    for i in STATIC:
        one = grid.iloc[i]
        tp, fp, tn, fn = (int(one[name]) for name in ("tp", "fp", "tn", "fn"))
        rows.append(
            StaticRow(
                threshold=number(one["threshold"], 1),
                counts=[tp, fn, fp, tn],
                sensitivity=_rate(tp, tp + fn, one, "sensitivity"),
                specificity=_rate(tn, tn + fp, one, "specificity"),
                ppv=number(tp / (tp + fp) if tp + fp else None),
            )
        )
    return rows


def _rate(hits: int, of: int, row: pd.Series, name: str) -> str:
    return f"{number(hits / of)} ({span_text(row[f'{name}_low'], row[f'{name}_high'])})"


def _prevalence(grid: pd.DataFrame) -> float:
    one = grid.iloc[0]
    return float((one["tp"] + one["fn"]) / (one["tp"] + one["fn"] + one["fp"] + one["tn"]))


def embedded(content: Any) -> Markup:
    r"""Return JSON that may stand inside a ``<script>``: nothing in it ends the element.

    Examples
    --------
    >>> print(embedded(["</script>"]))
    ["\u003c/script\u003e"]
    """
    text = json.dumps(content, separators=(",", ":"))
    return Markup("".join(_SAFE.get(letter, letter) for letter in text))
