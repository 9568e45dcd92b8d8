"""How rough the grey surface is, and how unevenly it is filled, at several sizes at once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature
from texturekit.kernels.fractal import add_up, count_boxes, glide_box, grow_blanket, sum_increments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SMALLEST = 4
GREYS = 255.0
WAYS = ("boxes", "blanket", "madogram")
LEAST = 1e-6
MOST = 1024


@feature
def fractal(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    boxes: int | Sequence[int] = (2, 4, 8, 16),
    reach: int = 8,
) -> Measured:
    """Fractal dimension of the grey surface, and its lacunarity.

    All of it sees z, the grey values of the region brought linearly to 0..1, so brightness and
    gain change nothing. With M the shorter side of the region's box:

    - ``dimension.boxes``: differential box counting. The box of the region is tiled from its upper
      left by blocks of r = 2, 4, 8, ... pixels, up to M / 2 (4 at least), and the height by boxes
      of r / M. n is the number of boxes from the lowest to the highest value of a block, both
      counted, and N(r) the mean of n over the blocks that lie inside the region as a whole. The
      dimension is 2 less the slope of log N against log r.
    - ``dimension.blanket``: the blankets start as 255 z; in each step the upper one becomes the
      largest of itself plus 1 and its four neighbours in the region, the lower one the smallest of
      itself less 1 and these. With V(e) the volume between them after e steps, the dimension is 2
      less the slope of log(V / 2e) against log e, for e from 1 to ``reach``.
    - ``dimension.madogram``: with m(d) the mean size of the difference of two pixels of the
      region d = 1, 2, 4, ... up to ``reach`` apart, along rows and columns, the dimension is 2 less
      the slope of log(m / d) against log d. Means below 1e-6 count as that.
    - ``residual.boxes``, ``residual.blanket``, ``residual.madogram``: root mean square distance of
      the points from the line, in natural logarithms: 0.1 is 10 % off. A large one says that the
      region is not fractal over these sizes, and its dimension means little.
    - ``lacunarity.r<size>``: of all boxes of that size that lie inside the region, at every
      pixel, with the sum of z as mass: mean(mass^2) / mean(mass)^2, from 1 on.

    A surface is between smooth (2) and filling space (3). Slopes that say otherwise, such as of a
    chessboard or a single bright pixel, are clipped to that. A flat region has dimension 2,
    residual 0 and lacunarity 1. The madogram is the one to believe: boxes and blankets see
    extremes, which small ones miss, and put rough surfaces too low (2.1 to 2.3 for 2.5).

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Grey, or RGB, which becomes grey by `texturekit.to_grey`.
    mask : (H, W) array, optional
        Non-zero inside the region.
    boxes : int or sequence of int
        Sizes of the boxes of the lacunarity, 1 to 1024, each once. Where none fits, it is 1.
    reach : int, 2 to 64
        Largest distance of the blankets and of the madogram.

    Returns
    -------
    dict of float
        ``fractal.dimension.<way>`` and ``fractal.residual.<way>`` for ``boxes``, ``blanket``
        and ``madogram``, and ``fractal.lacunarity.r2`` ..., by default 10 values.

    Raises
    ------
    ImageError
        If no block of 4 x 4 pixels of the tiling lies inside image and mask, or the values are
        further apart than a float can hold.
    ParameterError
        If a parameter is out of range.

    References
    ----------
    Sarkar and Chaudhuri (1994), doi:10.1109/21.259692 (boxes). Peleg, Naor, Hartley and Avnir
    (1984), doi:10.1109/TPAMI.1984.4767557 (blanket). Allain and Cloitre (1991),
    doi:10.1103/PhysRevA.44.3552 (lacunarity). Gneiting, Sevcikova and Percival (2012),
    doi:10.1214/11-STS370 (madogram, and why to prefer it).

    Examples
    --------
    >>> ramp = np.tile(np.arange(64), (64, 1))
    >>> noise = np.random.default_rng(0).normal(size=(64, 64))
    >>> round(fractal(ramp)["fractal.dimension.madogram"], 3)
    2.0
    >>> round(fractal(noise)["fractal.dimension.madogram"], 2)
    3.0
    """
    sizes = _checked(boxes, reach)
    names = _names(sizes)
    grey, region = grey_region(image, mask, smallest=SMALLEST)
    height, inside = _heights(grey, region)
    values = (
        *_by_boxes(height, inside),
        *_by_blanket(height, inside, reach),
        *_by_increments(height, inside, reach),
        *_lacunarity(height, inside, sizes),
    )
    return Measured(names, np.array(values))


@cache
def _names(sizes: tuple[int, ...]) -> tuple[str, ...]:
    ways = [f"fractal.{what}.{way}" for way in WAYS for what in ("dimension", "residual")]
    return (*ways, *(f"fractal.lacunarity.r{size}" for size in sizes))


def _checked(boxes: int | Sequence[int], reach: int) -> tuple[int, ...]:
    sizes = tuple(np.atleast_1d(boxes).tolist())
    if not sizes or len(set(sizes)) < len(sizes):
        raise ParameterError(f"boxes={boxes!r} is empty or names a size twice; name each once.")
    for size in sizes:
        if not 1 <= size <= MOST or size != int(size):
            raise ParameterError(f"boxes={size} is not a whole number of pixels from 1 to {MOST}.")
    if not 2 <= reach <= 64 or reach != int(reach):
        raise ParameterError(f"reach={reach} is not a whole number from 2 to 64.")
    return tuple(int(size) for size in sizes)


def _heights(
    grey: NDArray[Any], region: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the region's box with its values brought to 0..1, 0 outside, and what is inside."""
    inside = np.ones(grey.shape, np.bool_) if region is None else region
    if region is not None:
        rows, cols = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
        box = slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)
        grey, inside = grey[box], np.ascontiguousarray(region[box])
    wide = grey.astype(np.float64)
    values = wide if region is None else wide[inside]
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(high - low):
        raise ImageError(
            f"image holds values from {low:g} to {high:g}, too far apart; scale it down."
        )
    if low == high:
        return np.zeros(wide.shape), inside
    # The values outside are not looked at, and may be too far away to be brought along.
    wide = np.where(inside, wide, low)
    wide -= low
    wide /= high - low
    return wide, inside


def _by_boxes(height: NDArray[np.float64], inside: NDArray[np.bool_]) -> tuple[float, float]:
    side = min(height.shape)
    count = max(2, (side // 2).bit_length() - 1)
    low = np.minimum(height * (side / 2), (side + 1) // 2 - 1).astype(np.int32)
    boxes, blocks = np.zeros(count, np.int64), np.zeros(count, np.int64)
    count_boxes(low, low.copy(), inside.copy(), boxes, blocks)
    if blocks[1] == 0:
        raise ImageError(
            f"no block of 4x4 pixels fits into the {int(inside.sum())} pixels of the region, so it "
            "has no fractal dimension; use a larger image or mask, or leave fractal out."
        )
    some = blocks > 0
    means = boxes[some] / blocks[some]
    return _dimension(np.arange(1, means.size + 1) * np.log(2.0), np.log(means))


def _by_blanket(
    height: NDArray[np.float64], inside: NDArray[np.bool_], reach: int
) -> tuple[float, float]:
    volumes = np.empty(int(reach))
    grow_blanket(height * GREYS, inside, volumes)
    steps = np.arange(1.0, reach + 1)
    return _dimension(np.log(steps), np.log(volumes / (2 * steps)))


def _by_increments(
    height: NDArray[np.float64], inside: NDArray[np.bool_], reach: int
) -> tuple[float, float]:
    lags = 2 ** np.arange(int(reach).bit_length())
    sums, pairs = np.empty(lags.size), np.empty(lags.size, np.int64)
    sum_increments(height, inside, lags, sums, pairs)
    if not sums.any():
        return 2.0, 0.0
    lags, means = lags[pairs > 0], sums[pairs > 0] / pairs[pairs > 0]
    return _dimension(np.log(lags), np.log(np.maximum(means, LEAST) / lags))


def _dimension(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return 2 less the slope of the line through the points, clipped to 2..3, and its residual."""
    x, y = x - x.mean(), y - y.mean()
    slope = float(x @ y / (x @ x))
    residual = float(np.sqrt(np.square(y - slope * x).mean()))
    return min(max(2.0 - slope, 2.0), 3.0), residual


def _lacunarity(
    height: NDArray[np.float64], inside: NDArray[np.bool_], sizes: tuple[int, ...]
) -> list[float]:
    shape = height.shape[0] + 1, height.shape[1] + 1
    sums, held, masses = np.empty(shape), np.empty(shape, np.int64), np.empty(height.size)
    add_up(height, inside, sums, held)
    found = []
    for size in sizes:
        some = masses[: glide_box(sums, held, size, masses)]
        mean = float(some.mean()) if some.size else 0.0
        found.append(1.0 + float(some.var()) / mean**2 if mean > 0 else 1.0)
    return found
