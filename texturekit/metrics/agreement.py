"""How well repeated measurements of the same things agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import MetricError
from texturekit.records import Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_CONSTANT = 1e-10  # spread by size, below which only rounding is left
ENOUGH = 30  # Koo and Li: at least 30 samples and 3 raters
HOW = "ICC(1,1), interval by F"


def icc(values: ArrayLike) -> Estimate:
    """Return the intraclass correlation of repeated measurements, ICC(1,1), with its 95% interval.

    One-way random effects, absolute agreement, single measurement: the share of the variance that
    lies between the things measured. A shift that all of them share counts as disagreement.

    Parameters
    ----------
    values : (n, k) float
        k measurements of n things.

    Returns
    -------
    Estimate
        ``value`` is None, with the reason, where all measurements are equal.

    Raises
    ------
    MetricError
        If there are fewer than 2 things or measurements, or a number is not finite.

    References
    ----------
    Shrout and Fleiss (1979), doi:10.1037/0033-2909.86.2.420. McGraw and Wong (1996), table 7,
    doi:10.1037/1082-989X.1.1.30.

    Examples
    --------
    >>> judges = [[9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2], [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7]]
    >>> round(tk.metrics.icc(np.transpose(judges)).value, 2)
    0.17
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 2 or min(given.shape) < 2 or not np.isfinite(given).all():
        raise MetricError(
            f"values have the shape {given.shape}; give finite numbers, (things, measurements), at "
            "least 2 of each."
        )
    return agreements(given[:, :, None])[0]


def agreements(values: NDArray[np.float64]) -> list[Estimate]:
    """Return `icc` of many columns at once.

    Parameters
    ----------
    values : (n, k, d) float64
        Finite; n and k at least 2.

    Returns
    -------
    list of d Estimate
    """
    from scipy.stats import f as fisher

    n, k, _ = values.shape
    # By powers of two, which changes no digit: squares of tiny numbers would vanish.
    values = np.ldexp(values, -np.frexp(np.abs(values).max(axis=(0, 1)))[1])
    means = values.mean(axis=1)
    between = k * means.var(axis=0, ddof=1)
    within = ((values - means[:, None]) ** 2).sum(axis=(0, 1)) / (n * (k - 1))
    size = np.abs(values).max(axis=(0, 1))
    constant = np.ptp(values, axis=(0, 1)) <= _CONSTANT * size
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = between / within
    ends = fisher.ppf(0.975, n - 1, n * (k - 1)), 1 / fisher.ppf(0.975, n * (k - 1), n - 1)
    caution = None if n >= ENOUGH else f"few images: {n}, fewer than {ENOUGH}"
    found = []
    for still, one in zip(constant, ratio, strict=True):
        if still:
            found.append(Estimate(value=None, how=HOW, reason="all its values are equal"))
        else:
            value, low, high = (_share(one / end, k) for end in (1.0, *ends))
            found.append(Estimate(value=value, low=low, high=high, how=HOW, caution=caution))
    return found


def _share(ratio: Any, k: int) -> float:
    """Return (F - 1) / (F + k - 1), which is 1 where nothing differs within."""
    return 1.0 if np.isinf(ratio) else float((ratio - 1) / (ratio + k - 1))
