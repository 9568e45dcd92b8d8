"""The area under the ROC curve of one or two sets of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics.areas import Area, area_difference, area_limits, measure_area
from texturekit.metrics.checking import binary_labels, finite_scores, group_codes, refuse_hard
from texturekit.records import Difference, Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from texturekit.metrics.limits import Scale


def roc_auc(
    y: ArrayLike, scores: ArrayLike, groups: ArrayLike | None = None, *, interval: Scale = "logit"
) -> Estimate:
    """Return the area under the ROC curve with its 95% interval.

    Parameters
    ----------
    y : (n,) bool or 0 and 1
        True for the positive class.
    scores : (n,) number
        The higher, the more the image looks positive; ties count one half.
    groups : (n,) str or number, optional
        The patient of every image. Where patients repeat, the variance is clustered.
    interval : str, default "logit"
        ``logit`` (stays inside 0 and 1) or ``wald`` (symmetric, cut at 0 and 1).

    Returns
    -------
    Estimate
        ``value`` is None, with the reason, where a class is missing; the limits are None, with the
        reason, where a class has fewer than 2 images or groups. Where DeLong's variance is 0 (a
        perfect separation) the limits are Newcombe's score interval and ``how`` says so.

    Raises
    ------
    MetricError
        If labels are not 0 and 1, lengths differ, scores are NaN or infinite, or are decisions
        (nothing but 0 and 1).

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), doi:10.2307/2531595. Obuchowski (1997),
    doi:10.2307/2533958. Newcombe (2006), doi:10.1002/sim.2324.

    Examples
    --------
    >>> y = [0, 0, 0, 1, 1, 1]
    >>> area = tk.metrics.roc_auc(y, [0.21, 0.35, 0.63, 0.92, 0.32, 0.79])
    >>> round(area.value, 4), round(area.low, 3), round(area.high, 3), area.how
    (0.7778, 0.173, 0.983, 'DeLong, logit')
    """
    if interval not in ("logit", "wald"):
        raise MetricError(f"interval is {interval!r}; choose 'logit' or 'wald'.")
    area = _single(y, scores, groups, "scores")
    if area.value is None:
        return Estimate(value=None, how="DeLong", reason=_missing_class(area.truth))
    low, high, how, reason = area_limits(area, interval)
    return Estimate(value=area.value, low=low, high=high, how=how, reason=reason)


def compare_roc_auc(
    y: ArrayLike, a: ArrayLike, b: ArrayLike, groups: ArrayLike | None = None
) -> Difference:
    """Return the paired difference of two areas under the ROC curve, a minus b.

    Parameters
    ----------
    y : (n,) bool or 0 and 1
        True for the positive class.
    a, b : (n,) number
        Scores of the same images by two methods.
    groups : (n,) str or number, optional
        The patient of every image. Where patients repeat, the covariance is clustered.

    Returns
    -------
    Difference
        With z as ``statistic``, two-sided p and Wald limits. Equal scores give 0, z 0, p 1.

    Raises
    ------
    MetricError
        As `roc_auc`.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), doi:10.2307/2531595. Obuchowski (1997),
    doi:10.2307/2533958.

    Examples
    --------
    >>> y = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> a = [0.1, 0.2, 0.3, 0.6, 0.5, 0.7, 0.8, 0.9]
    >>> b = [0.1, 0.8, 0.3, 0.6, 0.5, 0.7, 0.2, 0.9]
    >>> gain = tk.metrics.compare_roc_auc(y, a, b)
    >>> round(gain.value, 4), round(gain.statistic, 3), round(gain.p, 3)
    (0.3125, 1.405, 0.16)
    """
    one, two = _single(y, a, groups, "a"), _single(y, b, groups, "b")
    if one.value is None:
        return Difference(value=None, how="paired DeLong", reason=_missing_class(one.truth))
    return area_difference(one, two)


def _single(y: ArrayLike, scores: ArrayLike, groups: ArrayLike | None, what: str) -> Area:
    truth = binary_labels(y)
    values = finite_scores(scores, len(truth), what)
    refuse_hard(values, what)
    everything = np.ones((len(truth), 1), dtype=np.bool_)
    fold = np.zeros(len(truth), dtype=np.int64)
    group = group_codes(groups, len(truth))
    return measure_area(truth[:, None], values[:, None], everything, fold, group)


def _missing_class(truth: NDArray[np.bool_]) -> str:
    return f"there is no {'negative' if truth.any() else 'positive'} image"
