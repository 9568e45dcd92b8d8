"""How well a score tells images of a distribution from images outside of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics.areas import area_limits, measure_area
from texturekit.metrics.checking import binary_labels, finite_scores, group_codes
from texturekit.metrics.probability import average_precision, sort_folds
from texturekit.metrics.proportions import proportion
from texturekit.metrics.resampling import draw_weights, patient_strata, redrawn_limits
from texturekit.records import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from texturekit.metrics.probability import Sorted

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Measure = Callable[[list[Sorted], Floats], Floats]


def detection_scores(
    outside: ArrayLike,
    scores: ArrayLike,
    groups: ArrayLike | None = None,
    folds: ArrayLike | None = None,
) -> dict[str, Estimate]:
    """Return AUROC, both AUPR and both FPR95 of a score, each with its 95% interval.

    AUPR and FPR95 depend on which images are called positive, and papers differ: both are given,
    by name. ``out`` means that the images outside of the distribution are positive, ``in`` that
    those inside are.

    Parameters
    ----------
    outside : (n,) bool or 0 and 1
        True for images outside of the distribution.
    scores : (n,) number
        The higher, the more unusual.
    groups : (n,) str or number, optional
        The patient of every image; the intervals respect that patients repeat.
    folds : (n,) str or number, optional
        Which detector gave the score: only scores of one fold are compared with each other.

    Returns
    -------
    dict of Estimate
        ``roc_auc`` is the same either way. ``aupr_out``, ``aupr_in``: average precision; by chance
        it is the share of the positive images. ``fpr95_in``: share of the images outside that pass
        for inside when 95% of those inside do (as in the papers on detectors). ``fpr95_out``: share
        of the images inside that are flagged when 95% of those outside are. Over folds areas are
        weighted by their pairs, average precisions by their positives, rates by their negatives.

    Raises
    ------
    MetricError
        If labels are not 0 and 1, lengths differ, or scores are NaN or infinite.

    References
    ----------
    Hendrycks and Gimpel (2017), arXiv:1610.02136; Liang, Li and Srikant (2018), arXiv:1706.02690.

    Examples
    --------
    >>> found = tk.metrics.detection_scores([0, 0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.5, 0.9])
    >>> {name: round(one.value, 3) for name, one in found.items()}
    {'roc_auc': 0.875, 'aupr_out': 0.833, 'aupr_in': 0.95, 'fpr95_in': 0.5, 'fpr95_out': 0.25}
    """
    truth = binary_labels(outside)
    values = finite_scores(scores, len(truth))
    group = group_codes(groups, len(truth))
    fold = group_codes(folds, len(truth)) if folds is not None else np.zeros_like(group)
    if not 0 < truth.sum() < len(truth):
        what = "inside" if truth.all() else "outside"
        raise MetricError(f"no image is {what} of the distribution; give images of both kinds.")
    found = {"roc_auc": _area(truth, values, fold, group)}
    strata = patient_strata(group, truth.astype(np.int64), fold)
    sides = {"out": sort_folds(truth, values, _all(truth), fold)}
    sides["in"] = sort_folds(~truth, -values, _all(truth), fold)
    measures: dict[str, Measure] = {"aupr": average_precision, "fpr95": _rate}
    for name, measure in measures.items():
        for side in ("out", "in") if name == "aupr" else ("in", "out"):
            negatives = group[truth == (side == "in")]
            found[f"{name}_{side}"] = _redrawn(name, side, measure, sides[side], strata, group,
                                               len(np.unique(negatives)))  # fmt: skip
    return found


def _all(truth: Bools) -> Bools:
    return np.ones_like(truth)


def _area(truth: Bools, values: Floats, fold: Ints, group: Ints) -> Estimate:
    columns = truth[:, None], values[:, None], _all(truth)[:, None]
    area = measure_area(*columns, fold, group)
    if area.value is None:
        reason = "no fold holds images of both kinds"
        return Estimate(value=None, how="DeLong", reason=reason)
    low, high, how, reason_or_none = area_limits(area)
    within = f", within {area.folds} folds, weighted by pairs" if area.folds > 1 else ""
    return Estimate(value=area.value, low=low, high=high, how=how + within, reason=reason_or_none)


def _redrawn(
    name: str,
    side: str,
    measure: Measure,
    folds: list[Sorted],
    strata: Ints,
    group: Ints,
    negatives: int,
) -> Estimate:
    """Return a measure with its interval from 2,000 draws of patients."""
    label = f"images {side}side positive; " + ("average precision" if name == "aupr" else _RATE)
    if not folds:
        return Estimate(value=None, how=label, reason="no fold holds images of both kinds")
    value = float(measure(folds, np.ones((1, len(group))))[0])
    draws = np.concatenate([measure(folds, w[:, group]) for w in draw_weights(strata, len(group))])
    limits = redrawn_limits(draws, value, normal=name == "aupr")
    unit = "patients" if int(group.max()) + 1 < len(group) else "images"
    if limits.low is None and name == "fpr95" and value in (0.0, 1.0):
        one = proportion(round(value * negatives), negatives)
        how = f"{label}; {one.how} by {unit}, as all draws give this value"
        return Estimate(value=value, low=one.low, high=one.high, how=how)
    how = f"{label}; bootstrap of {unit}" + (", normal" if limits.normal else "")
    return Estimate(value=value, low=limits.low, high=limits.high, how=how, reason=limits.reason)


_RATE = "false-positive rate at a true-positive rate of 95%"


def _rate(folds: list[Sorted], weights: Floats) -> Floats:
    """Return the share of negatives that stand no lower than 95% of the positives of their fold."""
    false, total = np.zeros(len(weights)), np.zeros(len(weights))
    for part in folds:
        weight = weights[:, part.rows]
        hits = np.cumsum(weight * part.truth, axis=1)[:, part.ends]
        alarms = np.cumsum(weight * ~part.truth, axis=1)[:, part.ends]
        enough = 20 * hits >= 19 * hits[:, -1:]  # whole numbers: exactly 95%
        false += np.take_along_axis(alarms, enough.argmax(axis=1)[:, None], axis=1)[:, 0]
        total += alarms[:, -1]
    rates: Floats = np.divide(false, total, out=np.full(len(total), np.nan), where=total > 0)
    return rates
