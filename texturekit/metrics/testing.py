"""Tests: McNemar for paired decisions, Holm for several tests, and a corrected error of repeats."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics import limits
from texturekit.metrics.checking import group_codes
from texturekit.metrics.permuting import counted_signs
from texturekit.metrics.proportions import proportion
from texturekit.records import Difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

McNemar = Literal["exact", "mid-p", "chi2", "chi2-corrected"]
_TESTS = ("exact", "mid-p", "chi2", "chi2-corrected")


class PBounds(NamedTuple):
    """Between which values a p value lies."""

    smallest: float
    largest: float


def mcnemar(
    y: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    test: McNemar = "exact",
) -> Difference:
    """Return the difference of two accuracies, a minus b, with McNemar's test.

    Parameters
    ----------
    y : (n,) array
        True classes, as names or numbers.
    a, b : (n,) array
        Decisions of two methods on the same images, in the words of y.
    groups : (n,) str or number, optional
        The patient of every image. Where patients repeat, the interval is clustered and the test
        is a permutation: the decisions of the two methods change places for whole patients.
    test : str, default "exact"
        ``exact``, ``mid-p``, ``chi2`` or ``chi2-corrected`` (of Edwards). The last two are for
        comparing with what others print, and for one image a patient only.

    Returns
    -------
    Difference
        ``statistic`` is the smaller number of images that only one method has right (of chi2:
        chi-square); p is two-sided; ``how`` shows the mid-p beside the exact one. The interval is
        Newcombe's for paired shares.

    Raises
    ------
    MetricError
        If the lengths differ, there are no images, or the test is none of these.

    References
    ----------
    McNemar (1947), doi:10.1007/BF02295996. Fagerland, Lydersen and Laake (2013), mid-p,
    doi:10.1186/1471-2288-13-91. Newcombe (1998), method 10,
    doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C.

    Examples
    --------
    >>> y = [1] * 10
    >>> gain = tk.metrics.mcnemar(y, [1] * 9 + [0], [1] * 3 + [0] * 6 + [1])
    >>> round(gain.value, 2), gain.statistic, round(gain.p, 4)
    (0.5, 1.0, 0.125)
    """
    truth, one, two = np.asarray(y), np.asarray(a), np.asarray(b)
    if truth.ndim != 1 or truth.size == 0 or one.shape != truth.shape or two.shape != truth.shape:
        raise MetricError(
            f"shapes of y, a and b are {truth.shape}, {one.shape} and {two.shape}; give one class "
            f"and two decisions an image."
        )
    return paired_decisions(one == truth, two == truth, group_codes(groups, len(truth)), test)


def paired_decisions(
    a: NDArray[np.bool_], b: NDArray[np.bool_], group: NDArray[np.int64], test: McNemar = "exact"
) -> Difference:
    """Return the difference of two accuracies from which images each method has right.

    Parameters
    ----------
    a, b : (n,) bool
        Whether the decision is right.
    group : (n,) int64
        Numbers from 0.
    test : str, default "exact"
        See `mcnemar`.

    Returns
    -------
    Difference
        See `mcnemar`; ``error`` is the standard error if the methods were alike.
    """
    if test not in _TESTS:
        raise MetricError(f"test is {test!r}; choose one of {', '.join(_TESTS)}.")
    n, clustered = len(a), int(group.max()) + 1 < len(a)
    only_a, only_b = int(np.sum(a & ~b)), int(np.sum(~a & b))
    value, reason = (only_a - only_b) / n, None
    gains = np.bincount(group, a.astype(np.float64) - b).round().astype(np.int64)
    statistic, p, how = _tested(gains, only_a, only_b, test, clustered=clustered)
    if clustered:
        how += "; interval Wald, clustered by group"
        parts = (a.astype(np.float64) - b - value) / n
        error = limits.mean_error(parts, group)
        low, high = (None, None) if error is None else limits.clipped(value, error, -1, 1)
        reason = "all images are of one group: no variance" if error is None else None
    else:
        how += ", interval of Newcombe (1998) for paired shares"
        low, high = _newcombe(int(np.sum(a & b)), only_a, only_b, int(np.sum(~a & ~b)))
    return Difference(
        value=value,
        low=low,
        high=high,
        statistic=statistic,
        p=p,
        how=how,
        reason=reason,
        error=math.sqrt(float(np.sum(gains.astype(np.float64) ** 2))) / n,
    )


def _tested(
    gains: NDArray[np.int64], only_a: int, only_b: int, test: McNemar, *, clustered: bool
) -> tuple[float, float, str]:
    """Return statistic, p and the name of the test."""
    if test in ("exact", "mid-p"):
        exact, mid, way = counted_signs(gains)
        name = f"McNemar by patient permutation ({way})" if clustered else f"{way} McNemar"
        if test == "mid-p":
            return float(min(only_a, only_b)), mid, f"mid-p {name.removeprefix('exact ')}"
        return float(min(only_a, only_b)), exact, f"{name}, mid-p {mid:.3g}"
    if clustered:
        raise MetricError(
            f"test {test!r} counts images as independent, but groups have several; leave test out."
        )
    from scipy.stats import chi2

    gap = max(abs(only_a - only_b) - (1 if test == "chi2-corrected" else 0), 0)
    statistic = gap**2 / (only_a + only_b) if only_a + only_b else 0.0
    corrected = "with Edwards' correction" if test == "chi2-corrected" else "without correction"
    return statistic, float(chi2.sf(statistic, 1)), f"McNemar by chi-square {corrected}"


def mcnemar_bounds(n: int, right_a: int, right_b: int, *, test: McNemar = "exact") -> PBounds:
    """Return between which p values McNemar's test lies, from two accuracies alone.

    Published tables give accuracies, but not which images both methods have right: p may be
    anything between these two.

    Parameters
    ----------
    n : int
        Number of images, the same for both methods.
    right_a, right_b : int
        How many of them each method has right.
    test : str, default "exact"
        See `mcnemar`.

    Returns
    -------
    PBounds
        ``smallest`` (the images that one method has right are among those of the other) and
        ``largest`` (as few images as possible are right in both).

    Raises
    ------
    MetricError
        If a number is not between 0 and n.

    Examples
    --------
    >>> bounds = tk.metrics.mcnemar_bounds(100, 84, 76)
    >>> round(bounds.smallest, 4), round(bounds.largest, 3)
    (0.0078, 0.268)
    """
    if n < 1 or not 0 <= right_a <= n or not 0 <= right_b <= n:
        raise MetricError(
            f"{right_a} and {right_b} of {n} are right; give counts from 0 to the number of images."
        )
    truth = np.ones(n, dtype=np.bool_)
    one = np.arange(n) < right_a
    found = [
        paired_decisions(one == truth, two == truth, np.arange(n), test).p
        for two in (np.arange(n) < right_b, np.arange(n) >= n - right_b)
    ]
    return PBounds(smallest=min(p or 0.0 for p in found), largest=max(p or 0.0 for p in found))


def _newcombe(both: int, only_a: int, only_b: int, neither: int) -> tuple[float, float]:
    n = both + only_a + only_b + neither
    shares = []
    for k in (both + only_a, both + only_b):
        one = proportion(k, n)
        shares.append((float(one.value or 0), float(one.low or 0), float(one.high or 0)))
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    product: float = both * neither - only_a * only_b
    if product > 0:  # Newcombe's continuity correction of phi
        product = max(product - n / 2, 0)
    phi = product / math.sqrt(margins) if margins else 0.0
    return limits.square_and_add(shares[0], shares[1], phi)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p values adjusted for their number, step down.

    Parameters
    ----------
    p_values : sequence of float or None
        One test each, 0 to 1; None (a test that could not be made) stays None and is not counted.

    Returns
    -------
    list of float or None
        In the given order.

    Raises
    ------
    MetricError
        If a p value is not between 0 and 1.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    Examples
    --------
    >>> tk.metrics.holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    made = [(p, i) for i, p in enumerate(p_values) if p is not None]
    if bad := [p for p, _ in made if not 0 <= p <= 1]:
        raise MetricError(f"{bad[0]} is no p value; give numbers from 0 to 1, or None.")
    adjusted: list[float | None] = [None] * len(p_values)
    top: float = 0.0
    for rank, (p, i) in enumerate(sorted(made)):
        top = max(top, min((len(made) - rank) * float(p), 1.0))
        adjusted[i] = top
    return adjusted


def corrected_resampled(
    values: NDArray[np.float64], test_to_train: float
) -> tuple[float, float, int] | None:
    """Return mean, standard error and degrees of freedom of a value over repeated folds.

    The training parts of repeated folds overlap, so that the plain standard error is too small.

    Parameters
    ----------
    values : (folds x repeats,) float64
        One value (or paired difference) a fold.
    test_to_train : float
        Test images by training images in a fold.

    Returns
    -------
    tuple or None
        None for fewer than two values.

    References
    ----------
    Nadeau and Bengio (2003), doi:10.1023/A:1024068626366.
    """
    if len(values) < 2:
        return None
    inflation = 1 / len(values) + test_to_train
    error = math.sqrt(inflation * float(np.var(values, ddof=1)))
    return float(np.mean(values)), error, len(values) - 1
