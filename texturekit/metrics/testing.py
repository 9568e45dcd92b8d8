"""Tests: exact McNemar for paired decisions, Holm for several tests, Nadeau-Bengio for repeats."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics import limits
from texturekit.metrics.checking import group_codes
from texturekit.metrics.proportions import proportion
from texturekit.records import Difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


def mcnemar(
    y: ArrayLike, a: ArrayLike, b: ArrayLike, groups: ArrayLike | None = None
) -> Difference:
    """Return the difference of two accuracies, a minus b, with the exact McNemar test.

    Parameters
    ----------
    y : (n,) array
        True classes, as names or numbers.
    a, b : (n,) array
        Decisions of two methods on the same images, in the words of y.
    groups : (n,) str or number, optional
        The patient of every image. Where patients repeat, the interval is clustered; the p value
        still counts images as independent, and ``how`` says so.

    Returns
    -------
    Difference
        ``statistic`` is the smaller number of images that only one method has right; p is the
        two-sided exact binomial probability; the interval is Newcombe's for paired shares.

    Raises
    ------
    MetricError
        If the lengths differ or there are no images.

    References
    ----------
    McNemar (1947), doi:10.1007/BF02295996. Newcombe (1998), method 10,
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
    return paired_decisions(one == truth, two == truth, group_codes(groups, len(truth)))


def paired_decisions(
    a: NDArray[np.bool_], b: NDArray[np.bool_], group: NDArray[np.int64]
) -> Difference:
    """Return the difference of two accuracies from which images each method has right.

    Parameters
    ----------
    a, b : (n,) bool
        Whether the decision is right.
    group : (n,) int64
        Numbers from 0.

    Returns
    -------
    Difference
        See `mcnemar`.
    """
    from scipy.stats import binomtest

    only_a, only_b = int(np.sum(a & ~b)), int(np.sum(~a & b))
    n = len(a)
    p = float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
    value = (only_a - only_b) / n
    how, reason = "exact McNemar", None
    if int(group.max()) + 1 < n:
        how += ", images counted as independent; interval Wald, clustered by group"
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
        statistic=float(min(only_a, only_b)),
        p=min(p, 1.0),
        how=how,
        reason=reason,
    )


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
