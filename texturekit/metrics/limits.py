"""95% limits of areas, means and paired differences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Scale = Literal["logit", "wald"]
Z95 = 1.959963984540054  # the 97.5% point of the normal distribution


def wald(value: float, error: float) -> tuple[float, float]:
    """Return value plus and minus 1.96 standard errors.

    Parameters
    ----------
    value, error : float
        The estimate and its standard error.

    Returns
    -------
    tuple of two floats
    """
    return value - Z95 * error, value + Z95 * error


def clipped(value: float, error: float, low: float, high: float) -> tuple[float, float]:
    """Return the Wald limits, cut where the quantity cannot be.

    Parameters
    ----------
    value, error : float
        The estimate and its standard error.
    low, high : float
        The smallest and the largest possible value.

    Returns
    -------
    tuple of two floats
    """
    left, right = wald(value, error)
    return max(left, low), min(right, high)


def logit(value: float, error: float) -> tuple[float, float]:
    """Return limits that are symmetric on the logit scale and so stay inside (0, 1).

    Parameters
    ----------
    value : float
        Strictly between 0 and 1.
    error : float
        Its standard error.

    Returns
    -------
    tuple of two floats
    """
    centre = math.log(value / (1 - value))
    reach = Z95 * error / (value * (1 - value))
    return _expit(centre - reach), _expit(centre + reach)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def wilson(share: float, n: float) -> tuple[float, float]:
    """Return Wilson's limits of a share; the number of trials may be an effective one.

    Parameters
    ----------
    share : float
        0 to 1.
    n : float
        Number of trials, above 0.

    Returns
    -------
    tuple of two floats

    References
    ----------
    Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    square = Z95**2
    centre = share + square / (2 * n)
    reach = Z95 * math.sqrt(share * (1 - share) / n + square / (4 * n**2))
    low, high = (centre - reach) / (1 + square / n), (centre + reach) / (1 + square / n)
    # exactly 0 and 1 at the ends, whatever the rounding
    return (0.0 if share == 0 else max(low, 0.0)), (1.0 if share == 1 else min(high, 1.0))


def area_score(value: float, m: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Return score limits of an area from its value and the two sample sizes alone.

    They have a width even for a perfect separation, where DeLong's variance is 0.

    Parameters
    ----------
    value : float
        The area, 0 to 1.
    m, n : int
        Numbers of positive and negative groups, at least 1.
    z : float
        How many standard errors; by default those of a 95% interval.

    Returns
    -------
    tuple of two floats

    References
    ----------
    Newcombe (2006), method 5, doi:10.1002/sim.2324: the area at which the distance to the estimate
    is 1.96 (``z``) of Hanley and McNeil's standard errors, with both sizes replaced by their mean.
    """
    spare = (m + n) / 2 - 1

    def reach(area: float) -> float:
        spread = 1 + spare * (1 - area) / (2 - area) + spare * area / (1 + area)
        return z * math.sqrt(area * (1 - area) * spread / (m * n))

    low = _crossing(lambda area: value - area > reach(area), 0.0, value)
    high = _crossing(lambda area: area - value <= reach(area), value, 1.0)
    return low, high


def _crossing(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Return where a condition that holds at the left end stops holding, by bisection."""
    for _ in range(60):
        middle = (low + high) / 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def mean_error(parts: NDArray[np.float64], group: NDArray[np.int64]) -> float | None:
    """Return the cluster-robust standard error of a mean.

    Parameters
    ----------
    parts : (n,) float64
        What every image adds to the mean, centred: ``(x - mean) / n``.
    group : (n,) int64
        Numbers from 0.

    Returns
    -------
    float or None
        None for fewer than two groups.
    """
    sums = np.bincount(group, parts)
    if len(sums) < 2:
        return None
    return math.sqrt(len(sums) / (len(sums) - 1) * float(np.sum(sums**2)))


def square_and_add(
    a: tuple[float, float, float], b: tuple[float, float, float], correlation: float = 0.0
) -> tuple[float, float]:
    """Return limits of a - b from the limits of a and of b.

    Parameters
    ----------
    a, b : tuple of three floats
        Value, lower and upper limit.
    correlation : float, default 0
        Between the two estimates.

    Returns
    -------
    tuple of two floats

    References
    ----------
    Newcombe (1998), doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C.
    """

    def reach(one: float, two: float) -> float:
        return math.sqrt(max(one**2 - 2 * correlation * one * two + two**2, 0.0))

    difference = a[0] - b[0]
    return (
        difference - reach(a[0] - a[1], b[2] - b[0]),
        difference + reach(a[2] - a[0], b[0] - b[1]),
    )


def two_sided(z: float) -> float:
    """Return the two-sided p value of a standard normal statistic.

    Parameters
    ----------
    z : float
        The statistic.

    Returns
    -------
    float
    """
    return math.erfc(abs(z) / math.sqrt(2))
