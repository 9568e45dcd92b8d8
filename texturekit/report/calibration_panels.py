"""Whether probabilities mean what they say: reliability diagrams and their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from texturekit import draw
from texturekit.report.curve_panels import Panel, class_order
from texturekit.report.tables import cell
from texturekit.report.wording import DASH, number, span_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from texturekit.records import MethodResult, Study
    from texturekit.report.curve_panels import Frames
    from texturekit.report.tables import Cell, MethodRow

METRICS = ("calibration_slope", "calibration_intercept", "brier", "ece")


@dataclass(frozen=True)
class BinRow:
    """A line of the table behind a diagram."""

    images: int
    told: str
    observed: str
    interval: str


@dataclass(frozen=True)
class Calibration:
    """Reliability diagrams, one a method, or of several classes one a class of the leader.

    ``rows`` are numbers of all methods, ``bins`` those behind the first diagram, of ``of``;
    ``undefined`` and ``cautions`` are what is said below the table, each once.
    """

    panels: list[Panel]
    metrics: list[str]
    rows: list[tuple[MethodRow, list[Cell]]]
    bins: list[BinRow]
    of: str
    by_class: bool
    undefined: list[str]
    cautions: list[str]


def calibration(
    study: Study, frames: Frames, rows: Sequence[MethodRow], first: str
) -> Calibration | None:
    """Draw the reliability diagrams; None for a run that has none.

    Parameters
    ----------
    study, frames, rows, first
        See `texturekit.report.curve_panels.curves`.
    """
    names = class_order(frames, "calibration", study.results.classes)
    if not names:
        return None
    by_class = study.results.kind != "binary"
    if by_class:
        drawn = [(row, name) for row in rows if row.method.name == first for name in names]
    else:
        drawn = [(row, names[0]) for row in sorted(rows, key=lambda r: r.method.name != first)]
    found = [
        (row, name, bins(frame))
        for row, name in drawn
        if (frame := frames.get(("calibration", name, row.method.name))) is not None
    ]
    if not found:
        return None
    panels = [
        _panel(row, name, points, f"calibration{i}", by_class=by_class)
        for i, (row, name, points) in enumerate(found)
    ]
    metrics = [m for m in METRICS if any(m in row.method.metrics for row in rows)]
    numbers = [(row, [cell(row.method.metrics.get(m), m) for m in metrics]) for row in rows]
    row, name, points = found[0]
    of = f"{row.method.name}, {name}" if by_class else row.method.name
    cells = [one for _, line in numbers for one in line]
    return Calibration(
        panels=panels,
        metrics=metrics,
        rows=numbers,
        bins=[_bin_row(b) for b in points],
        of=of,
        by_class=by_class,
        undefined=list(dict.fromkeys(one.reason for one in cells if one.reason)),
        cautions=list(dict.fromkeys(one.caution for one in cells if one.caution)),
    )


def bins(frame: pd.DataFrame) -> list[draw.Bin]:
    """Return the bins of one method and class that hold images, by rising probability."""
    ordered = frame.dropna(subset=["x", "y"]).sort_values("x", kind="stable")
    limits = [
        [None if value != value else float(value) for value in ordered[name].astype(float)]
        if name in ordered
        else [None] * len(ordered)
        for name in ("low", "high")
    ]
    counts = ordered["n"].fillna(0).astype(int) if "n" in ordered else [0] * len(ordered)
    points = zip(ordered["x"], ordered["y"], *limits, counts, strict=True)
    return [draw.Bin(float(x), float(y), low, high, int(n)) for x, y, low, high, n in points]


def _panel(
    row: MethodRow, name: str, points: Sequence[draw.Bin], key: str, *, by_class: bool
) -> Panel:
    title = name if by_class else row.method.name
    label = f"Calibration of {row.method.name}, {name}: " + "; ".join(
        f"predicted {b.told:.2f}, observed {b.observed:.2f}, n {b.n}" for b in points
    )
    svg = draw.reliability(points, name=key, label=label, colour=row.colour, side=3.0)
    return Panel(title, Markup(svg), _said(row.method, name, by_class=by_class))


def _said(method: MethodResult, name: str, *, by_class: bool) -> str:
    """Return slope and intercept as the caption of a diagram holds them."""
    metrics = method.metrics
    if by_class:
        metrics = next((c.metrics for c in method.per_class if c.name == name), {})
    parts = []
    for metric, words in (("calibration_slope", "slope"), ("calibration_intercept", "intercept")):
        one = metrics.get(metric)
        if one is not None and one.value is not None:
            span = span_text(one.low, one.high)
            parts.append(f"{words} {number(one.value)}" + (f" ({span})" if span else ""))
    return ", ".join(parts)


def _bin_row(one: draw.Bin) -> BinRow:
    span = span_text(one.low, one.high) or DASH
    return BinRow(one.n, number(one.told), number(one.observed), span)
