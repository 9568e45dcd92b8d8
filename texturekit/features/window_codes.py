"""Codes of a ring of samples against statistics of the window around each pixel."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.code_histogram import STATISTICS as DESCRIBED
from texturekit.features.lbp import Circle
from texturekit.features.neighbourhood import MAPS, PADDING, RING, Neighbourhood, sorting_pairs
from texturekit.features.region import grey_region
from texturekit.features.ring_codes import (
    as_unsigned,
    bins_of_codes,
    count_ring,
    from_zero,
    ring_planes,
    ring_statistics,
)
from texturekit.kernels.ring_counts import describe_banks
from texturekit.kernels.window_codes import float_codes, integer_codes
from texturekit.kernels.window_statistics import float_maps, integer_maps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

STATISTICS = (
    "mean", "median", "deviation", "raw", "std", "mean_std_median", "mean_median", "centre",
    "mean_map", "median_map", "variance_map",
)  # fmt: skip
_SHIFT_FREE = frozenset(STATISTICS) - {"raw", "std", "mean_std_median"}
_TIE = 1e-12
_LARGEST_MEDIAN = 31
_MOST = 1e140  # the largest magnitude of floats, and one over the smallest


def statistic_codes(
    image: NDArray[Any],
    statistics: Sequence[str] = ("mean",),
    *,
    mask: NDArray[np.bool_] | None = None,
    around: Neighbourhood | None = None,
) -> NDArray[np.int32]:
    """Return, for every pixel, which of its neighbours reach a statistic of its window.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
        Integers are compared exactly; in floats, values within 1e-12 of the window's largest
        magnitude count as equal.
    statistics : sequence of str
        One code each: ``mean``, ``median``; ``deviation`` (at least one standard deviation away
        from the mean), ``raw`` (at least the variance), ``std`` (at least the standard deviation);
        ``mean_std_median`` (at least a third of their sum), ``mean_median`` (at least half of
        theirs); ``centre`` (the plain pattern); ``mean_map``, ``median_map``, ``variance_map``
        (the statistic of the neighbour's own window is at least that of the pixel's).
    mask : (H, W) array, optional
        Non-zero where codes are wanted.
    around : Neighbourhood, optional
        Samples, window, comparison and border; ``None`` is the eight neighbours and their 3x3
        window.

    Returns
    -------
    (H, W, len(statistics)) int32
        0 where a pixel has no valid neighbourhood.

    Raises
    ------
    ImageError
        If the image is not finite, or is smaller than one neighbourhood with ``border="valid"``.
    ParameterError, UnknownNameError
        If a parameter is out of range.

    Examples
    --------
    >>> image = np.array([[6, 5, 2], [7, 6, 1], [9, 8, 7]], dtype=np.uint8)
    >>> statistic_codes(image, ["mean", "median"])[1, 1]
    array([248, 248], dtype=int32)
    """
    around = around or Neighbourhood()
    codes, inside = grey_codes(image, mask, statistics, around)
    if around.border == "valid":
        reach = around.reach(statistics)
        codes[:, :reach] = codes[:, -reach:] = codes[:, :, :reach] = codes[:, :, -reach:] = 0
    if inside is not None:
        codes *= inside
    return np.ascontiguousarray(codes.transpose(1, 2, 0))


def grey_codes(
    image: NDArray[Any],
    mask: NDArray[Any] | None,
    statistics: Sequence[str],
    around: Neighbourhood,
) -> tuple[NDArray[np.int32], NDArray[np.bool_] | None]:
    """Return the codes of an image by statistic (K, H, W), and the pixels that count (H, W)."""
    for name in statistics:
        if name not in STATISTICS:
            raise UnknownNameError("statistic", name, STATISTICS)
    if around.side > _LARGEST_MEDIAN and any("median" in name for name in statistics):
        raise ParameterError(
            f"window={around.side}, but a median is taken of {_LARGEST_MEDIAN} pixels a side at "
            "most: larger ones take minutes; use a smaller window, or mean_lbp."
        )
    reach = around.reach(statistics)
    smallest = 2 * reach + 1 if around.border == "valid" else 1
    grey, inside = grey_region(image, mask, smallest=smallest)
    _check_magnitude(grey)
    codes = _ring_codes(grey, tuple(statistics), around)
    if codes is None:
        codes = _any_codes(grey, statistics, around)
    if inside is not None and around.mask_mode == "strict":
        inside = erode(inside, reach)
    return codes, inside


def _check_magnitude(grey: NDArray[Any]) -> None:
    """Raise if squares of the pixels leave the range of floating point."""
    if grey.dtype.kind != "f" or grey.size == 0:
        return
    largest = max(float(grey.max()), -float(grey.min()))
    if largest and not 1 / _MOST <= largest <= _MOST:
        raise ImageError(
            f"the pixels' largest magnitude is {largest:.3g}, and squares of it are no numbers; "
            f"scale the image to between {1 / _MOST:.0e} and {_MOST:.0e}."
        )


def describe_ring(
    image: NDArray[Any],
    mask: NDArray[Any] | None,
    statistics: tuple[str, ...],
    around: Neighbourhood,
    method: str,
    labels: NDArray[np.int64],
) -> NDArray[np.float64] | None:
    """Return the described histograms of each statistic in a row, the fast way.

    None where there is none, or no pixel to describe.
    """
    places = ring_statistics(statistics, around)
    if places is None or around.border != "valid":
        return None
    grey, inside = grey_region(image, mask, smallest=3)
    plain = as_unsigned(grey)
    if plain is None:
        return None
    if inside is not None and around.mask_mode == "strict":
        inside = erode(inside, 1)
    counts = count_ring(plain, places, inside, center_bit=around.center_bit)
    values = np.empty((len(places), len(labels) + DESCRIBED))
    bin_of = bins_of_codes(method, around.center_bit)
    return values.ravel() if describe_banks(counts, bin_of, labels, values) else None


def erode(inside: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Keep the pixels that have ``reach`` pixels inside on every side, and diagonally."""
    kept = np.pad(inside, reach)
    for _ in range(2):
        rows = len(kept) - 2 * reach
        kept = reduce(np.logical_and, (kept[k : k + rows] for k in range(2 * reach + 1))).T
    return np.ascontiguousarray(kept)


def _ring_codes(
    grey: NDArray[Any], statistics: tuple[str, ...], around: Neighbourhood
) -> NDArray[np.int32] | None:
    """Return the codes the fast way where there is one."""
    rim = int(around.border != "valid")
    places = ring_statistics(statistics, around)
    plain = as_unsigned(np.pad(grey, rim, mode=PADDING[around.border]) if rim else grey)
    if places is None or plain is None:
        return None
    planes = ring_planes(plain, places, center_bit=around.center_bit)
    return planes[:, rim:-rim, rim:-rim] if rim else planes


def _any_codes(
    grey: NDArray[Any], statistics: Sequence[str], around: Neighbourhood
) -> NDArray[np.int32]:
    reach = around.reach(statistics)
    if grey.dtype.kind in "iu" and around.border != "zero" and _SHIFT_FREE.issuperset(statistics):
        grey = from_zero(grey)
    padded = np.pad(_fit(grey, statistics, around), reach, mode=PADDING[around.border])
    maps = tuple(name for name in statistics if name in MAPS)
    plain = tuple(name for name in statistics if name not in MAPS)
    found = dict(zip(plain, _codes(padded, reach, grey.shape, plain, around), strict=True))
    for name in maps:
        found[name] = _map_codes(padded, grey.shape, name, around)
    return np.stack([found[name] for name in statistics])


def rules_of(statistics: Sequence[str], count: int) -> NDArray[np.int64]:
    """Return the rules that `texturekit.kernels.window_codes` follows, for windows of n pixels."""
    n = count
    table = {  # gain, sum, median, spread, centre, limit, signed
        "mean": (n, 1, 0, 0, 0, 0, 0),
        "median": (2, 0, 1, 0, 0, 0, 0),
        "deviation": (n, 1, 0, 0, 0, 1, 0),
        "raw": (n * n, 0, 0, 1, 0, 0, 0),
        "std": (n, 0, 0, 0, 0, 1, 1),
        "mean_std_median": (6 * n, 2, n, 0, 0, 4, 1),
        "mean_median": (4 * n, 2, n, 0, 0, 0, 0),
        "centre": (1, 0, 0, 0, 1, 0, 0),
    }
    return np.array([table[name] for name in statistics], np.int64).reshape(-1, 7)


def _codes(
    padded: NDArray[Any],
    margin: int,
    shape: tuple[int, int],
    statistics: Sequence[str],
    around: Neighbourhood,
) -> NDArray[np.int32]:
    codes = np.empty((len(statistics), *shape), np.int32)
    if not statistics:
        return codes
    rules = rules_of(statistics, around.count).astype(padded.dtype)
    weights = around.weights().astype(np.int32)
    hollow, strict = around.stat_window == "ring", around.compare == ">"
    pairs = sorting_pairs(around.count if rules[:, 2].any() else 0)
    steps = around.steps()
    if padded.dtype.kind == "i" and steps is not None:
        integer_codes(
            padded, margin, around.side, hollow, pairs, steps, weights, rules, strict, codes
        )
    else:
        corners, rows, cols = _samples(around, shape)
        float_codes(
            padded, margin, around.side, hollow, pairs, corners, rows, cols, weights, rules,
            strict, _TIE, codes,
        )  # fmt: skip
    return codes


def _map_codes(
    padded: NDArray[Any], shape: tuple[int, int], name: str, around: Neighbourhood
) -> NDArray[np.int32]:
    """Return the plain patterns of the image of a statistic."""
    side, ring = around.side, math.ceil(around.r)
    maps = np.empty((3, *(size - side + 1 for size in padded.shape)), padded.dtype)
    measure = integer_maps if padded.dtype.kind == "i" else float_maps
    pairs = sorting_pairs(around.count if name == "median_map" else 0)
    measure(padded, side, around.stat_window == "ring", pairs, maps)
    small = replace(around, window=3)
    codes: NDArray[np.int32] = _codes(
        np.pad(maps[MAPS[name]], 1), ring + 1, shape, ("centre",), small
    )[0]
    return codes


def _samples(
    around: Neighbourhood, shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    height, width = shape
    if around.square:
        corners = RING[:, [0, 0, 1, 1]]
        rows, cols = np.zeros((8, height)), np.zeros((8, width))
    else:
        circle = Circle(around.p, around.r, height, width)
        corners, rows, cols = circle.corners, circle.rows, circle.cols
    if around.center_bit:
        corners = np.concatenate([corners, np.zeros((1, 4), np.int64)])
        rows = np.concatenate([rows, np.zeros((1, height))])
        cols = np.concatenate([cols, np.zeros((1, width))])
    return corners, rows, cols


def _fit(grey: NDArray[Any], statistics: Sequence[str], around: Neighbourhood) -> NDArray[Any]:
    """Return the image in the narrowest type in which nothing overflows; float64 if none does."""
    if grey.dtype.kind not in "iu" or around.steps() is None:
        return grey.astype(np.float64)
    if grey.dtype.itemsize <= 2:
        largest = int(np.iinfo(grey.dtype).max) + (grey.dtype.kind == "i")
    else:
        largest = max(int(grey.max()), -int(grey.min()), 1)
    n = around.count
    spread = 2 * (n * largest) ** 2
    most = [spread]
    for name in statistics:
        base = "centre" if name in MAPS else name
        scale = spread if name in MAPS else largest
        gain, of_sum, of_median, of_spread, of_centre, limit, _ = map(int, rules_of([base], n)[0])
        u = (gain + n * of_sum + 2 * of_median + of_centre) * scale + of_spread * spread
        most.append(max(u * u, limit * spread) if limit else u)
    for dtype in (np.int32, np.int64):
        if max(most) < np.iinfo(dtype).max:
            return grey.astype(dtype)
    return grey.astype(np.float64)
