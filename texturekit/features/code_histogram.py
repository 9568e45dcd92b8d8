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

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.registry import Measured
from texturekit.kernels import codes as kernels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

METHODS = ("default", "uniform", "ror", "nri_uniform")
MOST_COLUMNS = 4096
STATISTICS = 4  # behind each histogram: mean, variance, median, entropy
_TABLE_POINTS = 10  # up to here it is cheaper to count raw codes and to add up the counts


def label_codes(codes: NDArray[np.integer], points: int, method: str) -> NDArray[np.int32]:
    """Return the label that a method gives each code.

    Parameters
    ----------
    codes : array of int
        Codes of ``points`` bits, bit p for sample p around the circle.
    points : int
        Number of samples.
    method : {"default", "uniform", "ror", "nri_uniform"}
        ``default`` leaves the code; ``uniform`` (riu2) is the number of ones where the code
        changes at most twice around the circle, else ``points + 1``; ``nri_uniform`` (u2) gives
        each of those codes a label of its own; ``ror`` is the smallest rotation of the code.

    Returns
    -------
    int32 array of the same shape

    Raises
    ------
    UnknownNameError
        If there is no such method.

    References
    ----------
    Ojala, Pietikainen and Maenpaa (2002), doi:10.1109/TPAMI.2002.1017623 (ror, uniform); Ahonen,
    Hadid and Pietikainen (2006), doi:10.1109/TPAMI.2006.244 (nri_uniform).

    Examples
    --------
    >>> label_codes(np.array([0, 0b00001110, 0b01010101, 255]), 8, "uniform")
    array([0, 3, 9, 8], dtype=int32)
    """
    check_method(method)
    if method == "default":
        return codes.astype(np.int32)
    label = {
        "uniform": kernels.label_uniform,
        "nri_uniform": kernels.label_nri_uniform,
        "ror": kernels.label_rotation,
    }[method]
    labels = np.empty(codes.size, np.int32)
    label(np.ascontiguousarray(codes, np.int64).ravel(), points, labels)
    return labels.reshape(codes.shape)


def check_method(method: str, *, known: tuple[str, ...] = METHODS) -> None:
    """Raise if a mapping method has no such name."""
    if method not in known:
        raise UnknownNameError("method", method, known)


def bin_labels(points: int, method: str) -> NDArray[np.int64]:
    """Return the label that each bin of a histogram counts, ascending.

    Raises
    ------
    UnknownNameError
        If there is no such method.
    ParameterError
        If there would be more than 4096 bins.

    Examples
    --------
    >>> len(bin_labels(8, "ror")), len(bin_labels(8, "nri_uniform")), len(bin_labels(24, "uniform"))
    (36, 59, 26)
    """
    check_method(method)
    if _bin_count(points, method) > MOST_COLUMNS:
        raise ParameterError(
            f"method={method!r} gives more than {MOST_COLUMNS} columns for p={points}; "
            "use method='uniform' or 'nri_uniform', or fewer points."
        )
    return _bin_labels(points, method)


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
            counts = _fold(counts, _bin_of_code(points, method, center_bit), bins)
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
    labels = np.arange(bins) if labels is None else labels
    values = np.empty((len(counts), bins + STATISTICS))
    for row, found in zip(values, counts, strict=True):
        kernels.describe_counts(found, labels, row)
    return Measured(_all_names(prefixes, bins), values.ravel())


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
        raise ImageError(
            f"no pixel of the mask has its whole neighbourhood, {margin} pixels to each side, in "
            f"the {shape[1]}x{shape[0]} image; use a larger region or a smaller neighbourhood."
        )
    return counts


def _count(
    codes: NDArray[np.integer], bins: int, margin: int, inside: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    banks = np.zeros((4, bins), np.int64)
    if inside is None:
        kernels.count_all(codes, margin, banks)
    else:
        kernels.count_inside(codes, margin, inside, banks)
    counts: NDArray[np.int64] = banks.sum(axis=0)
    return counts


def _fold(counts: NDArray[np.int64], bin_of: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    folded: NDArray[np.int64] = np.zeros(bins, np.int64)
    np.add.at(folded, bin_of, counts)
    return folded


def _bin_count(points: int, method: str) -> int:
    if method == "uniform":
        return points + 2
    if method == "nri_uniform":
        return points * (points - 1) + 3
    # ror: at least 2^P / P classes of rotations, which is enough to refuse.
    return 2**points if method == "default" or points > 16 else len(_bin_labels(points, method))


@cache
def _bin_labels(points: int, method: str) -> NDArray[np.int64]:
    if method == "ror":
        codes = np.arange(2**points)
        labels = np.flatnonzero(label_codes(codes, points, method) == codes)
    else:
        labels = np.arange(_bin_count(points, method))
    labels.flags.writeable = False
    return labels


@cache
def _bin_of_code(points: int, method: str, center_bit: bool) -> NDArray[np.int64]:
    labels = bin_labels(points, method)
    bin_of: NDArray[np.int64] = np.searchsorted(
        labels, label_codes(np.arange(2**points), points, method)
    )
    return np.concatenate([bin_of, bin_of + len(labels)] if center_bit else [bin_of])
