"""One sample of a circle, exactly as skimage interpolates it, and what rests on it.

A sample that falls between pixels is ``(1 - y) * top + y * bottom`` with ``top = (1 - x) * left
+ x * right``. The fractions ``x`` and ``y`` come in per column and per row: ``(c + 0.7) - floor(c
+ 0.7)`` rounds differently from column to column, and codes decide ties by that rounding. In all
kernels pixel (r, c) stands at ``framed[r + margin, c + margin]``, so that samples may leave the
image without a test; ``corners[p]`` is the row above, the row below, the column left and the column
right of sample p, relative to the pixel; ``rows[p, r]`` and ``cols[p, c]`` are its fractions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from texturekit.kernels._inline import lowest_place

if TYPE_CHECKING:
    from numpy.typing import NDArray

LANES = 32  # rows are padded to a multiple, so that no loop ends in single steps


@njit(cache=True, nogil=True)
def aligned_rows(count: int, width: int) -> NDArray[np.float64]:
    """Return rows of zeros that start at whole cache lines, if ``width`` is a multiple of eight."""
    buffer = np.zeros(count * width + 8)
    start = -(buffer.ctypes.data // 8) % 8
    return buffer[start : start + count * width].reshape(count, width)


@njit(cache=True, nogil=True, inline="always")
def reaches_centre(
    framed: NDArray[Any],
    margin: int,
    row: int,
    col: int,
    point: int,
    corners: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
) -> bool:
    """Tell whether sample ``point`` of a pixel is at least the pixel."""
    y, x = rows[np.uint64(point), np.uint64(row)], cols[np.uint64(point), np.uint64(col)]
    down, along = row + margin, col + margin
    above, below = np.uint64(down + corners[point, 0]), np.uint64(down + corners[point, 1])
    left, right = np.uint64(along + corners[point, 2]), np.uint64(along + corners[point, 3])
    top = (1 - x) * framed[above, left] + x * framed[above, right]
    bottom = (1 - x) * framed[below, left] + x * framed[below, right]
    sample = (1 - y) * top + y * bottom
    return bool(sample - framed[np.uint64(down), np.uint64(along)] >= 0)


@njit(cache=True, nogil=True, inline="always")
def settle_row(
    framed: NDArray[Any],
    margin: int,
    row: int,
    corners: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    codes: NDArray[Any],
    doubts: NDArray[Any],
    words: NDArray[np.uint64],
    queue: NDArray[np.int64],
) -> None:
    """Clear the bits of ``codes[c]`` that are in doubt and whose samples are below the centre.

    ``words`` are the same bytes as ``doubts``, eight at a time: most are 0.
    """
    count = 0
    for k in range(words.size):
        queue[count] = k
        count += words[k] != 0
    for i in range(count):
        k = int(queue[i])
        left = np.int64(words[k])
        while left != 0:
            place = lowest_place(left)
            left &= left - 1
            c, point = 8 * k + (place >> 3), 2 * (place & 7) + 1
            above = reaches_centre(framed, margin, row, c, point, corners, rows, cols)
            codes[c] ^= np.uint8((1 - above) << point)


@njit(cache=True, nogil=True, inline="always")
def count_row(
    codes: NDArray[Any],
    width: int,
    row: int,
    masked: bool,
    inside: NDArray[np.bool_],
    banks: NDArray[np.uint32],
) -> None:
    """Add to ``banks[c % 8, code]`` the first ``width`` codes, where ``inside[row, c]`` if masked.

    Eight banks, so that equal neighbours do not wait for each other's counter.
    """
    if masked:
        for c in range(width):
            banks[c & 7, codes[c]] += np.uint32(inside[row, c])
        return
    whole = width // 8 * 8
    for c in range(np.uint64(0), np.uint64(whole), np.uint64(8)):
        for k in range(np.uint64(8)):
            banks[k, codes[c + k]] += np.uint32(1)
    for c in range(np.uint64(whole), np.uint64(width)):
        banks[0, codes[c]] += np.uint32(1)
