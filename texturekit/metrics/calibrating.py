"""Calibration slope and intercept: whether probabilities are too extreme, and too high."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics import limits
from texturekit.metrics.binning import probabilities
from texturekit.metrics.checking import binary_labels, group_codes
from texturekit.records import Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

CUT = 1e-8  # a probability of 0 or 1 has no logit
_STEPS = 100
_STILL = 1e-7  # a standard error below is the root of what rounding leaves of 0
_NAMES = {
    "slope": "logistic regression on logit(p)",
    "intercept": "logistic regression with logit(p) as offset (calibration in the large)",
}


def calibration(y: ArrayLike, p: ArrayLike, groups: ArrayLike | None = None) -> dict[str, Estimate]:
    """Return the calibration slope and intercept of probabilities, with their 95% intervals.

    Parameters
    ----------
    y : (n,) bool or 0 and 1
        True for the positive class.
    p : (n,) float
        Probabilities of the positive class; cut at 1e-8 and 1 - 1e-8, which ``how`` then says.
    groups : (n,) str or number, optional
        The patient of every image. The intervals are clustered (sandwich covariance).

    Returns
    -------
    dict of Estimate
        ``slope``: of a logistic regression of y on logit(p). 1 is ideal; below 1 the probabilities
        are too extreme. ``intercept``: of one with logit(p) as offset. 0 is ideal; below 0 the
        probabilities are too high. None, with the reason, where there is no finite solution.

    Raises
    ------
    MetricError
        If labels are not 0 and 1, or probabilities are none.

    References
    ----------
    Cox (1958), doi:10.1093/biomet/45.3-4.562. Van Calster et al. (2019),
    doi:10.1186/s12916-019-1466-7.

    Examples
    --------
    >>> y = [0, 0, 0, 1, 0, 1, 1, 1, 0, 1]
    >>> p = [0.1, 0.2, 0.3, 0.35, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95]
    >>> found = tk.metrics.calibration(y, p)
    >>> round(found["slope"].value, 3), round(found["intercept"].value, 3)
    (0.783, -0.18)
    """
    truth = binary_labels(y)
    told = probabilities(p, len(truth))
    return calibrated(truth, told, group_codes(groups, len(truth)))


def calibrated(truth: Bools, told: Floats, group: Ints) -> dict[str, Estimate]:
    """Return slope and intercept of checked arrays; see `calibration`.

    Parameters
    ----------
    truth : (n,) bool
    told : (n,) float64
        0 to 1.
    group : (n,) int64

    Returns
    -------
    dict of Estimate
    """
    cut = int(np.sum((told < CUT) | (told > 1 - CUT)))
    inside = np.clip(told, CUT, 1 - CUT)
    logits = np.log(inside) - np.log1p(-inside)
    alone = len(np.unique(group)) == len(group)
    how = "; normal" + ("" if alone else ", clustered by group")
    how += f"; {cut} probabilities cut at {CUT:g}" if cut else ""
    gaps = _gaps(truth, told, logits)
    ones = np.ones((len(truth), 1))
    designs = {
        "slope": (np.column_stack([ones, logits]), np.zeros(len(truth)), 1),
        "intercept": (ones, logits, 0),
    }
    found = {}
    for name, (design, offset, wanted) in designs.items():
        fit = None if gaps[name] else _fit(design, offset, truth, group)
        reason = gaps[name] or "the fit did not converge"
        found[name] = _estimate(fit, wanted, _NAMES[name] + how, reason)
    return found


@dataclass(frozen=True)
class _Fit:
    values: Floats
    errors: Floats | None


def _estimate(fit: _Fit | None, wanted: int, how: str, reason: str) -> Estimate:
    if fit is None:
        return Estimate(value=None, how=how, reason=reason)
    value = float(fit.values[wanted])
    if fit.errors is None:
        return Estimate(value=value, how=how, reason="all images are of one group: no variance")
    error = float(fit.errors[wanted])
    if error <= _STILL * (1 + abs(value)):
        return Estimate(value=value, how=how, reason="the groups differ in nothing: no variance")
    low, high = limits.wald(value, error)
    return Estimate(value=value, low=low, high=high, how=how)


def _gaps(truth: Bools, told: Floats, logits: Floats) -> dict[str, str]:
    """Return why there is no finite solution; empty where there is one."""
    if truth.all() or not truth.any():
        reason = "all images are of one class"
        return {"slope": reason, "intercept": reason}
    if np.isin(told, (0.0, 1.0)).all():
        reason = "all probabilities are 0 or 1"
        return {"slope": reason, "intercept": reason}
    above, below = logits[truth], logits[~truth]
    slope = ""
    if np.ptp(logits) == 0:
        slope = "all probabilities are equal"
    elif below.max() <= above.min() or above.max() <= below.min():
        slope = "the probabilities separate the classes, so that the slope is infinite"
    return {"slope": slope, "intercept": ""}


def _fit(design: Floats, offset: Floats, truth: Bools, group: Ints) -> _Fit | None:
    """Return the maximum likelihood by damped Newton steps, and cluster-robust errors."""
    values: Floats = np.zeros(design.shape[1])
    worth = -math.inf
    step: Floats = values
    for _ in range(_STEPS):
        trial = values + step
        reached = _likelihood(design @ trial + offset, truth)
        if reached < worth - 1e-12 * abs(worth):
            step = np.asarray(step / 2, dtype=np.float64)
            continue
        values, worth = trial, reached
        chance = _expit(design @ values + offset)
        slope = design.T @ (truth - chance)
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design
        try:
            step = np.asarray(np.linalg.solve(curvature, slope), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
        if float(np.max(np.abs(step))) < 1e-10 * (1 + float(np.max(np.abs(values)))):
            scores = design * (truth - chance)[:, None]
            return _Fit(values, _errors(scores, curvature, group))
    return None


def _likelihood(logits: Floats, truth: Bools) -> float:
    return float(-np.sum(np.logaddexp(0, np.where(truth, -logits, logits))))


def _expit(logits: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0, -logits)))


def _errors(scores: Floats, curvature: Floats, group: Ints) -> Floats | None:
    sums = np.stack([np.bincount(group, column) for column in scores.T], axis=1)
    clusters = int(np.count_nonzero(np.bincount(group)))
    if clusters < 2:
        return None
    bread = np.linalg.inv(curvature)
    spread = bread @ (sums.T @ sums) @ bread * clusters / (clusters - 1)
    return np.asarray(np.sqrt(np.maximum(np.diag(spread), 0)), dtype=np.float64)
