"""Codes of the eight neighbours of integer images, the fast way."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.features.code_histogram import bin_labels, label_codes
from texturekit.features.neighbourhood import Neighbourhood
from texturekit.kernels.ring_counts import CODES, MEAN, MEDIAN, VARIANCE, code_bytes, code_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STATISTICS = {"mean": MEAN, "deviation": VARIANCE, "median": MEDIAN}
_EVERYWHERE = np.empty((0, 0), np.bool_)


@lru_cache(maxsize=64)
def ring_statistics(statistics: tuple[str, ...], around: Neighbourhood) -> NDArray[np.int64] | None:
    """Return what the fast kernels call some statistics; None if they cannot take one of them."""
    usual = Neighbourhood(
        border=around.border, mask_mode=around.mask_mode, center_bit=around.center_bit
    )
    known = _STATISTICS.keys() - ({"deviation"} if around.center_bit else set())
    if around != usual or around.side != usual.side or not statistics or not known >= {*statistics}:
        return None
    return np.array([_STATISTICS[name] for name in statistics], np.int64)


def as_unsigned(grey: NDArray[Any]) -> NDArray[Any] | None:
    """Return integers as unsigned of 8 or 16 bits, None if they do not fit.

    Less a constant if need be, which changes none of the codes.
    """
    if grey.dtype.kind not in "iu":
        return None
    size = grey.dtype.itemsize
    if size > 2:
        found = from_zero(grey)
        return found.astype(np.uint16) if found.max() < 2**16 else None
    if grey.dtype.kind == "i":
        kind = np.dtype(f"u{size}")
        shifted: NDArray[Any] = grey.view(kind) ^ kind.type(2 ** (8 * size - 1))
        return shifted
    # A read-only array is another type, for which the kernels would be compiled once more.
    return grey if grey.flags.writeable else grey.copy()


def from_zero(grey: NDArray[Any]) -> NDArray[Any]:
    """Return integers less their minimum, as unsigned of the same size."""
    kind = np.dtype(f"u{grey.dtype.itemsize}")
    lowest = kind.type(int(grey.min()) % 2 ** (8 * kind.itemsize))
    found: NDArray[Any] = grey.astype(kind) - lowest  # rightly, also where it wraps round
    return found


@cache
def bins_of_codes(method: str, center_bit: bool) -> NDArray[np.int64]:
    """Return the bin of each code of eight bits, then of those with the centre's."""
    labels = bin_labels(8, method)
    bin_of = np.searchsorted(labels, label_codes(np.arange(CODES), 8, method))
    return np.concatenate([bin_of, bin_of + len(labels)] if center_bit else [bin_of])


def count_ring(
    grey: NDArray[Any],
    statistics: NDArray[np.int64],
    inside: NDArray[np.bool_] | None = None,
    *,
    center_bit: bool = False,
) -> NDArray[np.uint32]:
    """Count the codes of all pixels off the border.

    Parameters
    ----------
    grey : (H, W) uint8 or uint16
        At least 3x3, contiguous.
    statistics : (K,) int64
        From `ring_statistics`.
    inside : (H, W) bool, optional
        Pixels to count; ``None`` counts all.
    center_bit : bool, default False
        Compare the centre too, as the ninth bit; mean and median only.

    Returns
    -------
    (K, 4, 256 or 512) uint32
        To be summed over the four banks.
    """
    counts = np.zeros((len(statistics), 4, CODES * (1 + center_bit)), np.uint32)
    region = _EVERYWHERE
    if inside is not None:
        region = inside if inside.flags.writeable else inside.copy()
    kernel = code_bytes if grey.dtype == np.uint8 else code_words
    kernel(grey, region, statistics, counts, np.empty((0, 0, 0), np.int32))
    return counts


def ring_planes(
    grey: NDArray[Any], statistics: NDArray[np.int64], *, center_bit: bool = False
) -> NDArray[np.int32]:
    """Return the codes of all pixels (K, H, W), 0 at the border; see `count_ring`."""
    counts = np.zeros((len(statistics), 4, CODES * (1 + center_bit)), np.uint32)
    planes = np.zeros((len(statistics), *grey.shape), np.int32)
    kernel = code_bytes if grey.dtype == np.uint8 else code_words
    kernel(grey, _EVERYWHERE, statistics, counts, planes)
    return planes
