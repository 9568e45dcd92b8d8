"""A share with its interval."""

from __future__ import annotations

from typing import Literal

from texturekit.errors import MetricError
from texturekit.records import Estimate

_NAMES = {"wilson": "Wilson", "exact": "Clopper-Pearson"}


def proportion(k: int, n: int, *, interval: Literal["wilson", "exact"] = "wilson") -> Estimate:
    """Return k of n with its 95% interval.

    Parameters
    ----------
    k, n : int
        Hits and trials, ``0 <= k <= n``.
    interval : str, default "wilson"
        ``wilson``, or ``exact`` (Clopper-Pearson).

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
        raise MetricError(f"interval is {interval!r}; choose 'wilson' or 'exact'.")
    if int(k) != k or int(n) != n or not 0 <= k <= n:
        raise MetricError(f"{k} of {n} is no share; give whole numbers with 0 <= k <= n.")
    how = _NAMES[interval]
    if n == 0:
        return Estimate(value=None, how=how, reason="there is nothing to count (0 of 0)")
    from scipy.stats import binomtest

    limits = binomtest(int(k), int(n)).proportion_ci(method=interval)
    return Estimate(value=int(k) / int(n), low=float(limits.low), high=float(limits.high), how=how)
