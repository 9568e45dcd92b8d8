"""What a protocol shows beyond its test images: other parts, sites, seeds, and fewer images."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from texturekit import draw
from texturekit.report.tables import cell
from texturekit.report.wording import digits, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import LeftOut, MethodResult, Results
    from texturekit.report.tables import Cell, MethodRow

_SHOWN = ("roc_auc", "accuracy", "brier")
_PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class SeedRow:
    """One metric of one method with every seed."""

    row: MethodRow
    metric: str
    mean: str
    spread: str
    values: list[str]
    note: str


def fits_again(results: Results, done: Sequence[MethodRow]) -> dict[str, Any]:
    """Return what the section of the page on parts, sites, seeds and learning curves holds.

    Parameters
    ----------
    results : Results
    done : sequence of MethodRow
        The methods that finished, best first, with their colours.
    """
    beside = [row for row in done if len(row.method.parts) > 1]
    names = [part for part in _PARTS if any(part in row.method.parts for row in beside)]
    return {
        "parts": names,
        "metrics": _SHOWN,
        "beside": [(row, _part_cells(row.method, names)) for row in beside],
        "sites": _sites(done),
        "by_site": [
            (row, [cell(site.metrics["roc_auc"], "roc_auc") for site in row.method.left_out])
            for row in done
            if row.method.left_out
        ],
        "seeds": [
            _seed_row(row, metric, values)
            for row in done
            for metric in _SHOWN
            if (values := row.method.seeds.get(metric))
        ],
        "shares": _shares(results),
        "curve": _curve_rows(results, done),
        "curve_svg": _curve_picture(results, done),
    }


def _part_cells(method: MethodResult, names: Sequence[str]) -> list[Cell]:
    return [
        cell(method.parts.get(part, {}).get(metric), metric) for metric in _SHOWN for part in names
    ]


def _sites(done: Sequence[MethodRow]) -> list[LeftOut]:
    return next((row.method.left_out for row in done if row.method.left_out), [])


def _seed_row(row: MethodRow, metric: str, values: Sequence[float | None]) -> SeedRow:
    places = digits(metric) + 1
    known = [value for value in values if value is not None]
    note = "the same with every seed" if len(known) > 1 and len(set(known)) == 1 else ""
    return SeedRow(
        row=row,
        metric=metric,
        mean=number(statistics.fmean(known) if known else None, places),
        spread=number(statistics.stdev(known) if len(known) > 1 else None, places + 1),
        values=[number(value, places) for value in values],
        note=note,
    )


def _shares(results: Results) -> list[tuple[float, float]]:
    """Return every share of the training part with its mean number of images."""
    found = {point.fraction: point.images for point in results.learning_curve}
    return sorted(found.items())


def _curve_rows(results: Results, done: Sequence[MethodRow]) -> list[tuple[MethodRow, list[Cell]]]:
    known = {(point.method, point.fraction): point.roc_auc for point in results.learning_curve}
    shares = [share for share, _ in _shares(results)]
    return [
        (row, [cell(known.get((row.method.name, share)), "roc_auc") for share in shares])
        for row in done
        if any((row.method.name, share) in known for share in shares)
    ]


def _curve_picture(results: Results, done: Sequence[MethodRow]) -> Markup | None:
    courses = []
    for row in done:
        points = [point for point in results.learning_curve if point.method == row.method.name]
        points.sort(key=lambda point: point.fraction)
        if points:
            courses.append(
                draw.Course(
                    row.key,
                    [point.images for point in points],
                    [point.roc_auc.value for point in points],
                    [point.roc_auc.low for point in points],
                    [point.roc_auc.high for point in points],
                    row.colour,
                    row.method.family == "baseline",
                )
            )
    if not courses:
        return None
    label = f"Learning curves of {len(courses)} methods; the table below holds the numbers"
    return Markup(draw.learning(courses, name="learning", label=label))
