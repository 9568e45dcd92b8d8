"""A share with its interval, of independent trials or of several trials a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics import limits
from texturekit.metrics.checking import binary_labels, group_codes
from texturekit.records import Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_NAMES = {"wilson": "Wilson", "exact": "Clopper-Pearson", "clopper-pearson": "Clopper-Pearson"}
_NOTHING = "there is nothing to count (0 of 0)"
CLUSTERED = "Wilson, clustered by group (effective sample size)"


def proportion(
    k: int, n: int, *, interval: Literal["wilson", "exact", "clopper-pearson"] = "wilson"
) -> Estimate:
    """Return k of n with its 95% interval.

    Parameters
    ----------
    k, n : int
        Hits and trials, ``0 <= k <= n``; the trials are independent (else `clustered_proportion`).
    interval : str, default "wilson"
        ``wilson``, or ``clopper-pearson`` (also called ``exact``).

    Returns
    -------
    Estimate
        ``value`` is None, with the reason, where n is 0.

    Raises
    ------
    MetricError
        If k and n are not whole numbers with ``0 <= k <= n``, or the interval is unknown.

    References
    ----------
    Wilson (1927), doi:10.1080/01621459.1927.10502953. Clopper and Pearson (1934),
    doi:10.1093/biomet/26.4.404.

    Examples
    --------
    >>> share = tk.metrics.proportion(81, 263)
    >>> round(share.value, 4), round(share.low, 4), round(share.high, 4), share.how
    (0.308, 0.2553, 0.3662, 'Wilson')
    """
    if interval not in _NAMES:
        raise MetricError(f"interval is {interval!r}; choose 'wilson' or 'clopper-pearson'.")
    if int(k) != k or int(n) != n or not 0 <= k <= n:
        raise MetricError(f"{k} of {n} is no share; give whole numbers with 0 <= k <= n.")
    how = _NAMES[interval]
    if n == 0:
        return Estimate(value=None, how=how, reason=_NOTHING)
    value = int(k) / int(n)
    if interval == "wilson":
        low, high = limits.wilson(value, int(n))
        return Estimate(value=value, low=low, high=high, how=how)
    from scipy.stats import binomtest

    exact = binomtest(int(k), int(n)).proportion_ci(method="exact")
    return Estimate(value=value, low=float(exact.low), high=float(exact.high), how=how)


def clustered_proportion(hits: ArrayLike, groups: ArrayLike) -> Estimate:
    """Return the share of hits among images of which several belong to one patient.

    Parameters
    ----------
    hits : (n,) bool or 0 and 1
        Whether each image is a hit: for a sensitivity, whether each positive image was found.
    groups : (n,) str or number
        The patient of every image.

    Returns
    -------
    Estimate
        Wilson's interval with the effective sample size. Copies of a patient's images change
        nothing.

    Raises
    ------
    MetricError
        If there are no images, or lengths differ.

    Notes
    -----
    The effective sample size is n over the design effect, the largest of 1, of
    ``1 + (sum(m^2) / n - 1) r`` with r the intraclass correlation (one-way analysis of variance)
    and of what the ratio estimator's variance is over ``p (1 - p) / n``. Where all images are hits,
    or none, r is taken as 1: a patient counts once. Chosen by simulated coverage, see
    docs/statistics.md.

    References
    ----------
    Saha, Miller and Wang (2016), doi:10.1515/ijb-2015-0024.

    Examples
    --------
    >>> found = tk.metrics.clustered_proportion([1, 1, 1, 0, 0, 0, 1, 1], list("aaabbbcd"))
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.625, 0.184, 0.925)
    """
    truth = binary_labels(hits)
    group = group_codes(groups, len(truth))
    sizes = np.bincount(group).astype(np.float64)
    return clustered_share(np.bincount(group, truth).astype(np.float64), sizes)


def clustered_share(hits: Floats, trials: Floats) -> Estimate:
    """Return a share from the counts of every group; see `clustered_proportion`.

    Parameters
    ----------
    hits, trials : (G,) float64
        Whole numbers; groups without trials are left out.

    Returns
    -------
    Estimate
    """
    held = trials > 0
    n = float(trials.sum())
    if n == 0:
        return Estimate(value=None, how=CLUSTERED, reason=_NOTHING)
    share = float(hits.sum()) / n
    low, high = limits.wilson(share, n / design_effect(hits[held], trials[held]))
    return Estimate(value=share, low=low, high=high, how=CLUSTERED)


def design_effect(hits: Floats, trials: Floats) -> float:
    """Return by how much the variance of a share grows because trials of a group are alike.

    Parameters
    ----------
    hits, trials : (G,) float64
        Whole numbers, trials above 0.

    Returns
    -------
    float
        At least 1.
    """
    n, groups = float(trials.sum()), len(trials)
    share, size = float(hits.sum()) / n, float((trials**2).sum()) / n
    spread = share * (1 - share)
    if groups == n:
        return 1.0
    if groups < 2 or spread == 0:
        return size
    ratio = float(np.sum((hits - share * trials) ** 2)) / (n * spread)
    between = float(np.sum((hits - share * trials) ** 2 / trials)) / (groups - 1)
    within = float(np.sum(hits * (1 - hits / trials))) / (n - groups)
    usual = (n - size) / (groups - 1)
    alike = (between - within) / (between + (usual - 1) * within)
    return max(1.0, 1 + (size - 1) * alike, ratio)
