"""Pointwise 95% bands of curves: whole patients are redrawn, inside folds and classes.

The band of a point is the normal interval from the standard error of its redrawn values, and at
least as wide as Wilson's interval of the share that the point is. Percentiles of the draws would
double the bias that a mean over small folds has, and near 0 and 1 redrawing sees too little: a
sensitivity of 10 in 10 has no spread. docs/statistics.md shows how often the bands hold the curve.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics.curve_points import RECALL_GRID, ROC_GRID, curve_points
from texturekit.metrics.limits import Z95, wilson
from texturekit.metrics.resampling import ENOUGH, draw_weights, patient_strata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from texturekit.metrics.cases import Cases
    from texturekit.metrics.probability import Sorted

    Floats = NDArray[np.float64]
    Curves = dict[str, Floats]

MOST_DRAWS, FEWEST_DRAWS = 500, 100
#: Images times curves that are redrawn: above the first there are fewer draws, above the last none.
EASY, LARGEST = 60_000, 4_000_000
NO_BANDS = "The curves have no bands: there are too many images, methods and classes to redraw."
THRESHOLDS = 400  # a fold of more is redrawn with so many of them


def band_draws(images: int, curves: int) -> int:
    """Return how many draws the bands of a study get: its time stays bounded.

    Parameters
    ----------
    images : int
        Of the test set.
    curves : int
        Methods times classes.

    Returns
    -------
    int
        500 up to 60,000 images times curves (12 methods on 5,000 images), then fewer, at least 100;
        0 above 4 million, where there are no bands.
    """
    cells = max(images, 1000) * curves  # few images cost as much as 1,000: the points are as many
    if cells > LARGEST:
        return 0
    return int(np.clip(MOST_DRAWS * EASY / max(cells, 1), FEWEST_DRAWS, MOST_DRAWS))


def redrawn_curves(
    cases: Cases, folds: Mapping[int, list[Sorted]], draws: int
) -> dict[int, tuple[Floats, Floats]]:
    """Return the ROC and precision-recall points of redrawn patients, the same for all classes.

    Parameters
    ----------
    cases : Cases
        Test images of one repeat.
    folds : dict of lists of Sorted
        By class; see `texturekit.metrics.probability.sort_folds`.
    draws : int
        May be 0.

    Returns
    -------
    dict of (B, 203) and (B, 201) float64
        By class; NaN where a draw has no fold with both sides.
    """
    label = cases.truth.argmax(axis=1) if cases.kind != "multilabel" else np.zeros_like(cases.group)
    strata = patient_strata(cases.group, label, cases.fold)
    found: dict[int, list[tuple[Floats, Floats]]] = {k: [] for k in folds}
    thinned = {k: [_thinned(part) for part in parts] for k, parts in folds.items()}
    for drawn in draw_weights(strata, cases.n, draws) if draws else ():
        weights = drawn[:, cases.group]
        for k, parts in thinned.items():
            found[k].append(curve_points(parts, weights))
    if not draws:
        return dict.fromkeys(folds, (np.zeros((0, len(ROC_GRID))), np.zeros((0, len(RECALL_GRID)))))
    return {
        k: (np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts]))
        for k, parts in found.items()
    }


def _thinned(part: Sorted) -> Sorted:
    """Return a fold with at most so many thresholds: more change no standard error."""
    if len(part.ends) <= THRESHOLDS:
        return part
    kept = np.linspace(0, len(part.ends) - 1, THRESHOLDS).round().astype(np.int64)
    return replace(part, ends=part.ends[kept])


def roc_band(value: Floats, drawn: Floats, patients: float) -> tuple[Floats, Floats]:
    """Return the limits of the sensitivity at each false-positive rate.

    Parameters
    ----------
    value : (203,) float64
        The curve.
    drawn : (B, 203) float64
        Redrawn curves.
    patients : float
        Groups with a positive image, which the sensitivity is a share of.

    Returns
    -------
    low, high : (203,) float64
        NaN where fewer than half of the draws are defined. The corners are no estimates: 0 and 1.
    """
    low, high = _band(value, drawn, np.full(len(value), patients))
    if not np.isnan(low).all():
        low[0] = high[0] = 0.0
        low[-1] = high[-1] = 1.0
    return low, high


def precision_band(value: Floats, drawn: Floats, patients: float) -> tuple[Floats, Floats]:
    """Return the limits of the precision at each recall.

    Parameters
    ----------
    value : (201,) float64
        The curve.
    drawn : (B, 201) float64
        Redrawn curves.
    patients : float
        Groups with a positive image.

    Returns
    -------
    low, high : (201,) float64
        NaN where fewer than half of the draws are defined.
    """
    found = np.maximum(RECALL_GRID * patients, 1.0)
    return _band(value, drawn, found / np.maximum(value, 1e-6))  # so many were called


def _band(value: Floats, drawn: Floats, trials: Floats) -> tuple[Floats, Floats]:
    held = ~np.isnan(drawn).any(axis=1)
    if held.sum() < max(ENOUGH * len(drawn), 2):
        gap = np.full(len(value), np.nan)
        return gap, gap.copy()
    reach = Z95 * drawn[held].std(axis=0, ddof=1)
    shares = np.clip(value, 0.0, 1.0)  # a sum of rounded weights may be 1e-16 above 1
    least = np.array([wilson(float(s), float(n)) for s, n in zip(shares, trials, strict=True)])
    low = np.minimum(value - reach, least[:, 0])
    high = np.maximum(value + reach, least[:, 1])
    return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
