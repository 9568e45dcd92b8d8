"""Local binary patterns on a circle of interpolated samples, in skimage's order of operations.

A sample that falls between pixels is ``(1 - y) * top + y * bottom`` with ``top = (1 - x) * left
+ x * right``. The fractions ``x`` and ``y`` come in per column and per row: ``(c + 0.7) - floor(c
+ 0.7)`` rounds differently from column to column, and codes decide ties by that rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def sample_circle(
    padded: NDArray[np.float64],
    margin: int,
    corners: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    on_grid: NDArray[np.bool_],
    weights: NDArray[Any],
    codes: NDArray[Any],
) -> None:
    """Write ``sum_p weights[p] * [sample p >= centre]`` of every pixel into ``codes``.

    Pixel (r, c) stands at ``padded[r + margin, c + margin]``; ``corners[p]`` is the row above, the
    row below, the column left and the column right of sample p, relative to the pixel; ``rows[p,
    r]`` and ``cols[p, c]`` are its fractions; ``on_grid[p]`` says that they are zero.
    """
    height, width = np.uint64(codes.shape[0]), np.uint64(codes.shape[1])
    middle = np.uint64(margin)
    for r in range(height):
        row = r + middle
        for c in range(width):
            codes[r, c] = 0
        for p in range(len(weights)):
            weight = weights[p]
            above = r + np.uint64(margin + corners[p, 0])
            below = r + np.uint64(margin + corners[p, 1])
            left = np.uint64(margin + corners[p, 2])
            right = np.uint64(margin + corners[p, 3])
            point = np.uint64(p)
            if on_grid[p]:
                for c in range(width):
                    hit = padded[above, c + left] - padded[row, c + middle] >= 0
                    codes[r, c] |= weight if hit else 0
                continue
            y = rows[point, r]
            for c in range(width):
                x = cols[point, c]
                top = (1 - x) * padded[above, c + left] + x * padded[above, c + right]
                bottom = (1 - x) * padded[below, c + left] + x * padded[below, c + right]
                hit = ((1 - y) * top + y * bottom) - padded[row, c + middle] >= 0
                codes[r, c] |= weight if hit else 0


@njit(cache=True, nogil=True)
def circle_variance(
    padded: NDArray[np.float64],
    margin: int,
    corners: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    noise: float,
    variances: NDArray[np.float64],
) -> None:
    """Write the population variance of the samples around every pixel into ``variances``.

    Values up to ``noise`` times the samples' mean square become 0; a negative ``noise`` keeps all.
    """
    height, width = np.uint64(variances.shape[0]), np.uint64(variances.shape[1])
    count = len(corners)
    sums, squares = np.empty(variances.shape[1]), np.empty(variances.shape[1])
    for r in range(height):
        sums[:] = 0
        squares[:] = 0
        for p in range(count):
            above = r + np.uint64(margin + corners[p, 0])
            below = r + np.uint64(margin + corners[p, 1])
            left = np.uint64(margin + corners[p, 2])
            right = np.uint64(margin + corners[p, 3])
            point = np.uint64(p)
            y = rows[point, r]
            for c in range(width):
                x = cols[point, c]
                top = (1 - x) * padded[above, c + left] + x * padded[above, c + right]
                bottom = (1 - x) * padded[below, c + left] + x * padded[below, c + right]
                sample = (1 - y) * top + y * bottom
                sums[c] += sample
                squares[c] += sample * sample
        for c in range(width):
            variance = (squares[c] - sums[c] * sums[c] / count) / count
            variances[r, c] = 0.0 if variance <= noise * (squares[c] / count) else variance
