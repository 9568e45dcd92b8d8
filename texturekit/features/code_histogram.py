"""Binary codes as labels, and the columns that every family of codes gives.

The columns count the labels of a ``method`` over the valid pixels, as shares that sum to 1, and
then describe the same code image: mean, variance (population), median and entropy (bits) of the
labels over the same pixels. The number of columns depends on the method and the number of points
only, never on which codes an image happens to hold.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import ImageError
from texturekit.features.code_labels import (
    METHODS,
    MOST_COLUMNS,
    bin_labels,
    bin_of_code,
    check_method,
    label_codes,
)
from texturekit.features.registry import Measured
from texturekit.kernels import codes as kernels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "METHODS", "MOST_COLUMNS", "STATISTICS", "bin_labels", "check_method", "count_joint",
    "count_labels", "describe", "describe_banks", "label_codes",
]  # fmt: skip

STATISTICS = 4  # behind each histogram: mean, variance, median, entropy
_TABLE_POINTS = 10  # up to here it is cheaper to count raw codes and to add up the counts


def count_labels(
    codes: NDArray[np.integer],
    points: int,
    method: str,
    *,
    margin: int = 0,
    inside: NDArray[np.bool_] | None = None,
    center_bit: bool = False,
) -> NDArray[np.int64]:
    """Count the labels of the pixels that lie off the border and inside the mask.

    Parameters
    ----------
    codes : (H, W) array of int
        Codes of ``points`` bits, or one more with ``center_bit``.
    points, method :
        See `label_codes`.
    margin : int, default 0
        Width of the border to leave out.
    inside : (H, W) bool, optional
        Pixels to count; ``None`` counts all.
    center_bit : bool, default False
        The bit after the last sample tells the centre; codes with it set have a second set of
        bins behind the first.

    Returns
    -------
    (bins,) int64
        In the order of `bin_labels`.

    Raises
    ------
    ImageError
        If no pixel is left to count.
    """
    bins = len(bin_labels(points, method)) * (1 + center_bit)
    if method in ("uniform", "nri_uniform") and points > _TABLE_POINTS:
        ring = codes & (2**points - 1) if center_bit else codes
        labels = label_codes(ring, points, method)
        if center_bit:
            labels += ((codes >> points) * (bins // 2)).astype(np.int32)
        counts = _count(labels, bins, margin, inside)
    else:
        counts = _count(codes, 2 ** (points + center_bit), margin, inside)
        if method != "default":
            counts = _fold(counts, bin_of_code(points, method, center_bit), bins)
    return _at_least_one(counts, margin, codes.shape)


def count_joint(
    labels: NDArray[np.integer], bins: int, *, margin: int, inside: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    """Count labels from 0 to ``bins - 1`` as they are; see `count_labels`."""
    return _at_least_one(_count(labels, bins, margin, inside), margin, labels.shape)


def describe(
    prefixes: tuple[str, ...],
    counts: Sequence[NDArray[np.int64]],
    labels: NDArray[np.int64] | None = None,
) -> Measured:
    """Return histograms of labels, and the statistics of the code images, as named values.

    Parameters
    ----------
    prefixes : tuple of str
        What the names of each histogram start with: ``("lbp.p8r1.uniform",)``.
    counts : sequence of (bins,) int64
        Pixels in each bin of each histogram; at least one in all.
    labels : (bins,) int64, optional
        The label that each bin counts; ``None`` numbers the bins from 0.

    Returns
    -------
    Measured
        For each prefix ``prefix.00``, ... summing to 1, then ``prefix.mean``, ``.variance``,
        ``.median`` and ``.entropy`` (bits).

    Examples
    --------
    >>> describe(("lbp",), [np.array([1, 0, 3])]).named()["lbp.variance"]
    0.75
    """
    bins = len(counts[0])
    labels = _numbered(bins) if labels is None else labels
    values = np.empty((len(counts), bins + STATISTICS))
    for row, found in zip(values, counts, strict=True):
        kernels.describe_counts(found, labels, row)
    return Measured(_all_names(prefixes, bins), values.ravel())


def describe_banks(
    prefix: str,
    banks: NDArray[np.uint32],
    table: NDArray[np.uint16],
    labels: NDArray[np.int64],
    *,
    margin: int,
    shape: tuple[int, ...],
) -> Measured:
    """Return one histogram as `describe` does, from counters of codes in several banks.

    The banks' sum counts codes, whose bins ``table`` tells, or bins where that is empty; ``margin``
    and ``shape`` are for the message of the ImageError if nothing was counted.
    """
    bins = len(labels)
    values = np.empty(bins + STATISTICS)
    if kernels.describe_banks(banks, table, labels, values) == 0:
        raise ImageError(_no_pixel(margin, shape))
    return Measured(_names(prefix, bins), values)


@cache
def _names(prefix: str, bins: int) -> tuple[str, ...]:
    digits = max(2, len(str(bins - 1)))
    numbered = (f"{prefix}.{k:0{digits}d}" for k in range(bins))
    return (*numbered, *(f"{prefix}.{name}" for name in ("mean", "variance", "median", "entropy")))


@cache
def _all_names(prefixes: tuple[str, ...], bins: int) -> tuple[str, ...]:
    return tuple(name for prefix in prefixes for name in _names(prefix, bins))


def _at_least_one(
    counts: NDArray[np.int64], margin: int, shape: tuple[int, ...]
) -> NDArray[np.int64]:
    if not counts.any():
        raise ImageError(_no_pixel(margin, shape))
    return counts


def _no_pixel(margin: int, shape: tuple[int, ...]) -> str:
    return (
        f"no pixel of the mask has its whole neighbourhood, {margin} pixels to each side, in "
        f"the {shape[1]}x{shape[0]} image; use a larger region or a smaller neighbourhood."
    )


def _count(
    codes: NDArray[np.integer], bins: int, margin: int, inside: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    banks = np.zeros((8, bins), np.int64)
    if inside is None:
        kernels.count_all(codes, margin, banks)
    else:
        kernels.count_inside(codes, margin, inside, banks)
    counts: NDArray[np.int64] = banks.sum(axis=0)
    return counts


def _fold(counts: NDArray[np.int64], bin_of: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    folded: NDArray[np.int64] = np.bincount(bin_of, counts, bins).astype(np.int64)
    return folded


@cache
def _numbered(bins: int) -> NDArray[np.int64]:
    return np.arange(bins)
