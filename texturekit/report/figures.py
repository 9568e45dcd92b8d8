"""The figures of the page: curves, calibration, thresholds and confusion matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from texturekit.report.calibration_panels import calibration
from texturekit.report.curve_panels import OPEN, benefit, curves, frames_of
from texturekit.report.explorer import explorer
from texturekit.report.matrices import confusions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import MethodResult, Study
    from texturekit.report.tables import MethodRow


def pictures(study: Study, rows: Sequence[MethodRow], first: MethodResult | None) -> dict[str, Any]:
    """Return what the sections with figures hold; None where a run has nothing for one.

    Parameters
    ----------
    study : Study
    rows : sequence of MethodRow
        The methods that finished, best first, with their colours.
    first : MethodResult or None
        The leader.
    """
    results, leads = study.results, "" if first is None else first.name
    frames = frames_of(study)
    return {
        "open": OPEN,
        "curves": curves(study, frames, rows, leads),
        "calibration": calibration(study, frames, rows, leads),
        "explorer": explorer(study, rows, leads),
        "benefit": benefit(study, frames, rows, leads),
        "confusions": confusions(
            [row.method for row in rows], results.classes, results.positive, results.kind
        ),
    }
