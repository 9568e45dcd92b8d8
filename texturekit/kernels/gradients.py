"""Differences between neighbouring pixels, their direction, and what they sum up to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNDECIDED = -3
NEAR = 1e-12


@jit
def central_differences(
    image: NDArray[np.floating[Any]], down: NDArray[np.float64], right: NDArray[np.float64]
) -> None:
    """Fill next minus previous pixel along rows and columns, in the image's type; 0 at the ends."""
    height, width = image.shape
    down[0, :] = 0
    down[height - 1, :] = 0
    for r in range(1, height - 1):
        for c in range(width):
            down[r, c] = image[r + 1, c] - image[r - 1, c]
    for r in range(height):
        right[r, 0] = 0
        right[r, width - 1] = 0
        for c in range(1, width - 1):
            right[r, c] = image[r, c + 1] - image[r, c - 1]


@jit
def lengths(
    down: NDArray[np.float64], right: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Fill the Euclidean length; correctly rounded where both differences are integers."""
    height, width = down.shape
    for r in range(height):
        for c in range(width):
            out[r, c] = math.sqrt(down[r, c] * down[r, c] + right[r, c] * right[r, c])


@jit
def direction_bins(
    down: NDArray[np.float64],
    right: NDArray[np.float64],
    cosines: NDArray[np.float64],
    sines: NDArray[np.float64],
    out: NDArray[np.int32],
) -> int:
    """Fill the bin of each unsigned direction, bin k reaching from angle k to angle k + 1.

    ``cosines`` and ``sines`` are of the lower edges ``k * 180 / bins``. A gradient is on the far
    side of an edge where their cross product is not negative, which needs no arc tangent. Too
    close to an edge to tell, and NaN, are filled with `UNDECIDED`; the count of these is returned.
    """
    height, width = down.shape
    bins = cosines.size
    x = np.empty(width)
    y = np.empty(width)
    nearest = np.empty(width)
    found = np.empty(width, np.int32)
    undecided = 0
    for r in range(height):
        for c in range(width):
            sign = -1.0 if down[r, c] < 0 else 1.0
            x[c] = sign * right[r, c]
            y[c] = sign * down[r, c]
            nearest[c] = y[c]
            found[c] = 0
        for k in range(1, bins):
            for c in range(width):
                side = y[c] * cosines[k] - x[c] * sines[k]
                found[c] += np.int32(side >= 0)
                nearest[c] = min(nearest[c], abs(side))
        for c in range(width):
            if nearest[c] > NEAR * (abs(x[c]) + y[c]):
                out[r, c] = found[c]
            elif y[c] == 0 and not math.isnan(x[c]):
                out[r, c] = 0
            else:
                out[r, c] = UNDECIDED
                undecided += 1
    return undecided


@jit
def sobel_differences(
    image: NDArray[np.float64], down: NDArray[np.float64], right: NDArray[np.float64]
) -> None:
    """Fill the Sobel differences of all pixels that have eight neighbours; (H-2, W-2) outputs."""
    height, width = down.shape
    for r in range(height):
        for c in range(width):
            a, b, d = image[r, c], image[r, c + 1], image[r, c + 2]
            e, f = image[r + 1, c], image[r + 1, c + 2]
            g, h, i = image[r + 2, c], image[r + 2, c + 1], image[r + 2, c + 2]
            down[r, c] = (g + 2 * h + i) - (a + 2 * b + d)
            right[r, c] = (d + 2 * f + i) - (a + 2 * e + g)


@jit(error_model="numpy")
def _weigh_row(
    padded: NDArray[np.float64], weights: NDArray[np.float64], r: int, out: NDArray[np.float64]
) -> None:
    """Fill a row with the sum of ``weights`` (3, 3) times window, in raster order without zeros."""
    out[:] = 0
    for i in range(3):
        for j in range(np.uint64(3)):
            weight = weights[i, j]
            if weight != 0:
                for c in range(np.uint64(out.size)):
                    out[c] += padded[r + i, c + j] * weight


@jit(error_model="numpy")
def weigh_neighbours(
    padded: NDArray[np.float64], weights: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Fill the sum of ``weights`` (3, 3) times the window, in raster order, zeros left out."""
    for r in range(out.shape[0]):
        _weigh_row(padded, weights, r, out[r])


@jit(error_model="numpy")
def root_mean_squares(
    padded: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    root: float,
    out: NDArray[np.floating[Any]],
) -> None:
    """Fill the length of two weighed sums over ``root``, rounded at each step as ``out`` is."""
    kind = out.dtype.type
    one, other = np.empty(out.shape[1]), np.empty(out.shape[1])
    divisor = kind(root)
    for r in range(out.shape[0]):
        _weigh_row(padded, first, r, one)
        _weigh_row(padded, second, r, other)
        for c in range(out.shape[1]):
            a, b = kind(one[c]), kind(other[c])
            out[r, c] = kind(math.sqrt(a * a + b * b)) / divisor
