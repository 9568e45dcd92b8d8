"""The points of ROC and precision-recall curves, of the data and of many redrawn sets at once.

A set is a row of weights: how often every image counts. The data themselves are the row of ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.metrics.probability import Sorted

    Floats = NDArray[np.float64]

STEPS = 200
_INNER = np.arange(STEPS + 1) / STEPS
#: False-positive rates: the corners are given twice, as the curve may leave the edge.
ROC_GRID = np.concatenate([[0.0], _INNER, [1.0]])
RECALL_GRID = _INNER
_APART = 2.0  # rows of weights are laid side by side on one axis: each needs 0 to 1


def curve_points(folds: list[Sorted], weights: Floats) -> tuple[Floats, Floats]:
    """Return the points of the ROC curve and of the precision-recall curve.

    Sensitivities are meaned over folds by their pairs, precisions by their positive images, as the
    two areas are. On a vertical step of the ROC curve a point is the middle, which keeps the area.

    A fold's precision at a recall is that of the highest threshold which reaches it: a step
    function without interpolation, whose area is the average precision (Davis and Goadrich 2006
    show why a straight line between two thresholds promises too much). Each point is the mean of
    the steps within 0.0025 of it, so that the area under the points is the average precision, too.

    Parameters
    ----------
    folds : list of Sorted
        See `texturekit.metrics.probability.sort_folds`; at least one.
    weights : (B, n) float64
        Whole numbers.

    Returns
    -------
    sensitivity : (B, 203) float64
        Over `ROC_GRID`; NaN in rows where no fold keeps both classes.
    precision : (B, 201) float64
        Over `RECALL_GRID`; NaN in the same rows.

    References
    ----------
    Davis and Goadrich (2006), doi:10.1145/1143844.1143874.
    """
    rows = len(weights)
    sensitivity, pairs = np.zeros((rows, len(ROC_GRID))), np.zeros((rows, 1))
    precision, positives = np.zeros((rows, len(RECALL_GRID))), np.zeros((rows, 1))
    for part in folds:
        hits, alarms = _counted(part, weights)
        m, n = hits[:, -1:], alarms[:, -1:]
        held = np.flatnonzero(m * n > 0)
        if len(held) < rows:
            hits, alarms, m, n = hits[held], alarms[held], m[held], n[held]
        sensitivity[held] += m * n * _sensitivity(hits, alarms)
        precision[held] += m * _precision(hits, alarms)
        pairs[held] += m * n
        positives[held] += m
    gone = np.flatnonzero(pairs == 0)
    pairs[gone], positives[gone] = np.nan, np.nan
    return sensitivity / pairs, precision / positives


def chance_precision(folds: list[Sorted]) -> float:
    """Return the precision of a ranking by chance: the share of positives, meaned as the curve is.

    Parameters
    ----------
    folds : list of Sorted
        See `curve_points`.

    Returns
    -------
    float
    """
    counts = [(int(part.truth.sum()), len(part.truth)) for part in folds]
    return sum(m * m / n for m, n in counts) / sum(m for m, _ in counts)


def _counted(part: Sorted, weights: Floats) -> tuple[Floats, Floats]:
    """Return the positive and negative weight called at every threshold, from calling nothing."""
    weight = weights[:, part.rows]
    starts = np.append(0, part.ends[:-1] + 1)
    counts = []
    for one in (weight * part.truth, weight * ~part.truth):
        total = np.zeros((len(weight), len(starts) + 1))
        np.cumsum(np.add.reduceat(one, starts, axis=1), axis=1, out=total[:, 1:])
        counts.append(total)
    return counts[0], counts[1]


def _sensitivity(hits: Floats, alarms: Floats) -> Floats:
    x, y = alarms / alarms[:, -1:], hits / hits[:, -1:]
    # np.interp takes the last of equal abscissae: once from the right, once from the left
    upper = _interpolated(_INNER, x, y)
    lower = -_interpolated(-_INNER[::-1], -x[:, ::-1], -y[:, ::-1])[:, ::-1]
    middle: Floats = (upper + lower) / 2
    middle[:, 0], middle[:, -1] = upper[:, 0], lower[:, -1]
    return np.pad(middle, ((0, 0), (1, 1)), constant_values=((0.0, 0.0), (0.0, 1.0)))


def _precision(hits: Floats, alarms: Floats) -> Floats:
    called = hits[:, 1:] + alarms[:, 1:]
    precision = np.divide(hits[:, 1:], called, out=np.zeros_like(called), where=called > 0)
    area = np.zeros_like(hits)
    recall = hits / hits[:, -1:]
    area[:, 1:] = np.cumsum(np.diff(recall, axis=1) * precision, axis=1)
    borders = np.concatenate([[0.0], _INNER[:-1] + 0.5 / STEPS, [1.0]])
    return np.diff(_interpolated(borders, recall, area), axis=1) / np.diff(borders)


def _interpolated(grid: Floats, x: Floats, y: Floats) -> Floats:
    """Return `numpy.interp` of every row, in one call."""
    apart = _APART * np.arange(len(x), dtype=np.float64)[:, None]
    found = np.interp((grid + apart).ravel(), (x + apart).ravel(), y.ravel())
    return np.asarray(found.reshape(len(x), len(grid)), dtype=np.float64)
