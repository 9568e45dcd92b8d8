"""Samples on a circle around each pixel of a row, interpolated as in `texturekit.kernels.lbp`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit(inline="always")
def sample_row(
    grey: NDArray[np.float64],
    r: int,
    margin: int,
    corners: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    p: int,
    samples: NDArray[np.float64],
) -> None:
    """Write sample p of each pixel of row r; the first pixel is ``margin`` from the left.

    ``corners``, ``rows`` and ``cols`` are the tables of `texturekit.features.lbp.Circle`.
    """
    above, below = np.uint64(r + corners[p, 0]), np.uint64(r + corners[p, 1])
    left, right = np.uint64(margin + corners[p, 2]), np.uint64(margin + corners[p, 3])
    if above == below and left == right:
        for c in range(np.uint64(samples.size)):
            samples[c] = grey[above, left + c]
        return
    first, point, y = np.uint64(margin), np.uint64(p), rows[p, r]
    for c in range(np.uint64(samples.size)):
        x = cols[point, first + c]
        top = (1 - x) * grey[above, left + c] + x * grey[above, right + c]
        bottom = (1 - x) * grey[below, left + c] + x * grey[below, right + c]
        samples[c] = (1 - y) * top + y * bottom
