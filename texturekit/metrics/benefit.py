"""What decisions are worth: net benefit over thresholds, and predictive values elsewhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from texturekit.errors import MetricError
from texturekit.metrics.binning import probabilities
from texturekit.metrics.checking import binary_labels, group_codes
from texturekit.metrics.proportions import clustered_share, proportion
from texturekit.records import Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

THRESHOLDS = np.arange(1, 100) / 100


def net_benefit(y: ArrayLike, p: ArrayLike, thresholds: ArrayLike | None = None) -> pd.DataFrame:
    """Return the net benefit of acting on every image whose probability reaches a threshold.

    The threshold says what a hit is worth: at 0.2 one found positive outweighs four false alarms.

    Parameters
    ----------
    y : (n,) bool or 0 and 1
        True for the positive class.
    p : (n,) float
        Probabilities of the positive class.
    thresholds : (t,) float, optional
        Strictly between 0 and 1; default: 0.01 to 0.99 in steps of 0.01.

    Returns
    -------
    pandas.DataFrame
        ``threshold, model, all, none``: ``TP / n - FP / n * t / (1 - t)`` of the images with
        p >= t, of acting on all images, and of acting on none (0).

    Raises
    ------
    MetricError
        If labels are not 0 and 1, or probabilities or thresholds are none.

    References
    ----------
    Vickers and Elkin (2006), doi:10.1177/0272989X06295361.

    Examples
    --------
    >>> y, p = [0, 0, 1, 1, 1], [0.1, 0.6, 0.4, 0.8, 0.9]
    >>> tk.metrics.net_benefit(y, p, [0.25, 0.5]).round(3).to_dict("list")
    {'threshold': [0.25, 0.5], 'model': [0.533, 0.2], 'all': [0.467, 0.2], 'none': [0.0, 0.0]}
    """
    truth = binary_labels(y)
    told = probabilities(p, len(truth))
    cuts = THRESHOLDS if thresholds is None else np.asarray(thresholds, dtype=np.float64).ravel()
    if not ((cuts > 0) & (cuts < 1)).all():
        raise MetricError(f"thresholds are {cuts.tolist()}; give numbers between 0 and 1.")
    model, everyone = benefits(truth, told, cuts)
    columns = {"threshold": cuts, "model": model, "all": everyone, "none": np.zeros(len(cuts))}
    return pd.DataFrame(columns)


def benefits(truth: Bools, told: Floats, cuts: Floats) -> tuple[Floats, Floats]:
    """Return the net benefit of a model, and of acting on all images, at every threshold.

    Parameters
    ----------
    truth : (n,) bool
    told : (n,) float64
        Probabilities.
    cuts : (t,) float64
        Strictly between 0 and 1.

    Returns
    -------
    model, everyone : (t,) float64
    """
    above, below = np.sort(told[truth]), np.sort(told[~truth])
    hits = len(above) - np.searchsorted(above, cuts, side="left")
    alarms = len(below) - np.searchsorted(below, cuts, side="left")
    odds, n = cuts / (1 - cuts), len(truth)
    return hits / n - alarms / n * odds, len(above) / n - len(below) / n * odds


def predictive_values(
    y: ArrayLike, decisions: ArrayLike, prevalence: float, groups: ArrayLike | None = None
) -> dict[str, Estimate]:
    """Return the predictive values that the same decisions would have at another prevalence.

    Parameters
    ----------
    y, decisions : (n,) bool or 0 and 1
        The truth, and what was said of it.
    prevalence : float
        Share of positive cases where the method is to be used, strictly between 0 and 1.
    groups : (n,) str or number, optional
        The patient of every image; sensitivity and specificity are then clustered.

    Returns
    -------
    dict of Estimate
        ``precision`` (PPV) and ``npv``. They take sensitivity and specificity as they were found
        here, which another population may not have.

    Raises
    ------
    MetricError
        If labels or decisions are not 0 and 1, or the prevalence is not between 0 and 1.

    References
    ----------
    Donner and Zou (2012), doi:10.1177/0962280210383473: limits of a ratio of two shares, from
    those of each (Wilson).

    Examples
    --------
    >>> y, said = [1] * 50 + [0] * 50, [1] * 45 + [0] * 5 + [1] * 10 + [0] * 40
    >>> found = tk.metrics.predictive_values(y, said, prevalence=0.05)
    >>> {k: (round(v.value, 3), round(v.low, 3), round(v.high, 3)) for k, v in found.items()}
    {'precision': (0.191, 0.123, 0.297), 'npv': (0.993, 0.986, 0.997)}
    """
    truth, said = binary_labels(y), binary_labels(decisions)
    if said.shape != truth.shape:
        raise MetricError(f"there are {len(said)} decisions and {len(truth)} labels.")
    if not 0 < prevalence < 1:
        raise MetricError(f"prevalence is {prevalence}; give a number between 0 and 1.")
    group = None if groups is None else group_codes(groups, len(truth))
    shares = {}
    for name, rows, hits in (
        ("hit", truth, said),
        ("miss", truth, ~said),
        ("alarm", ~truth, said),
        ("pass", ~truth, ~said),
    ):
        shares[name] = _share(hits[rows], None if group is None else group[rows])
    odds = prevalence / (1 - prevalence)
    return {
        "precision": _value(shares["alarm"], shares["hit"], 1 / odds, prevalence),
        "npv": _value(shares["miss"], shares["pass"], odds, prevalence),
    }


def _share(hits: Bools, group: NDArray[np.int64] | None) -> Estimate:
    if group is None or len(np.unique(group)) == len(group):
        return proportion(int(hits.sum()), len(hits))
    counts = np.bincount(group, hits).astype(np.float64)
    return clustered_share(counts, np.bincount(group).astype(np.float64))


def _value(wrong: Estimate, right: Estimate, odds: float, prevalence: float) -> Estimate:
    """Return ``1 / (1 + odds * wrong / right)`` with the limits that those of the ratio give."""
    how = f"at a prevalence of {prevalence:g}; ratio of two shares (MOVER), each {right.how}"
    if wrong.value is None or right.value is None:
        return Estimate(value=None, how=how, reason="there are no images of one class")
    if wrong.value == right.value == 0:
        return Estimate(value=None, how=how, reason="no image was called so")
    low, high = _ratio_limits(wrong, right)
    value = right.value / (right.value + odds * wrong.value)
    return Estimate(value=value, low=1 / (1 + odds * high), high=1 / (1 + odds * low), how=how)


def _ratio_limits(top: Estimate, bottom: Estimate) -> tuple[float, float]:
    """Return Donner and Zou's limits of top / bottom; infinite where the bottom may be 0."""
    a, low_a, high_a = (float(x or 0) for x in (top.value, top.low, top.high))
    b, low_b, high_b = (float(x or 0) for x in (bottom.value, bottom.low, bottom.high))

    def root(limit_a: float, limit_b: float) -> float:
        inner = (a * b) ** 2 - limit_a * limit_b * (2 * a - limit_a) * (2 * b - limit_b)
        return math.sqrt(max(inner, 0.0))

    low = (a * b - root(low_a, high_b)) / (high_b * (2 * b - high_b)) if 2 * b != high_b else None
    if low is None:  # the quadratic has become linear
        low = low_a * (2 * a - low_a) / (2 * a * b) if a else 0.0
    if low_b == 0:
        return max(low, 0.0), math.inf
    return max(low, 0.0), (a * b + root(high_a, low_b)) / (low_b * (2 * b - low_b))
