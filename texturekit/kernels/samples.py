"""What the kernels of local binary patterns share: rows of samples, and counters.

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

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

LANES = 32  # rows are padded to a multiple, so that no loop ends in single steps


@jit
def aligned_rows(count: int, width: int) -> NDArray[np.float64]:
    """Return rows of zeros that start at whole cache lines, if ``width`` is a multiple of eight."""
    buffer = np.zeros(count * width + 8)
    start = -(buffer.ctypes.data // 8) % 8
    return buffer[start : start + count * width].reshape(count, width)


@jit(inline="always")
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
