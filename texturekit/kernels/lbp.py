"""The variance of the samples on a circle; see `texturekit.kernels.samples` for its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
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
