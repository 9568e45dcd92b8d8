"""Runs of equal grey levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.emphasis import add_size, finish

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOTHING = np.uint16(65535)  # beside the image: equal to no level


@jit
def lengthen(
    row: NDArray[np.uint16],
    above: NDArray[np.uint16],
    shift: int,
    step: np.uint32,
    lengths: NDArray[np.uint32],
    start: int,
) -> None:
    """Lengthen by ``step`` the runs that go on from ``above[c + shift]``, or end them.

    The run that arrives at column c is kept at ``lengths[start + c]``.
    """
    for c in range(row.size - 2):
        k = np.uint64(start + c)
        goes_on = row[np.uint64(c + 1)] == above[np.uint64(c + shift)]
        longer = np.uint32(lengths[k] + step)
        lengths[k] = longer if goes_on else np.uint32(0)


@jit
def count_runs(image: NDArray[Any], size: int, counts: NDArray[np.uint32]) -> None:
    """Count in ``counts[k, j, i]`` the runs of level i that are longer than j pixels, direction k.

    Directions 0, 45, 90 and 135 degrees. A run of n pixels is met n times on the way along it, each
    time one pixel longer: counting every time costs no branch, where runs that end would be guessed
    wrong by the processor. Levels are below ``size``, the last axis of counts.
    """
    height, width = image.shape
    step = np.uint32(size)
    row = np.full(width + 2, NOTHING, np.uint16)
    above = np.full(width + 2, NOTHING, np.uint16)
    # One length a line of the direction, so that nothing has to be moved from row to row.
    north = np.zeros(width, np.uint32)
    north_east = np.zeros(width + height, np.uint32)
    north_west = np.zeros(width + height, np.uint32)
    cells_0, cells_1 = counts[0].ravel(), counts[1].ravel()
    cells_2, cells_3 = counts[2].ravel(), counts[3].ravel()
    one = np.uint32(1)
    for r in range(height):
        for c in range(width):
            row[c + 1] = image[r, c]
        lengthen(row, above, 1, step, north, 0)
        lengthen(row, above, 2, step, north_east, r)
        lengthen(row, above, 0, step, north_west, height - r)
        east = np.uint32(0)
        for c in range(width):
            level = row[np.uint64(c + 1)]
            longer = np.uint32(east + step)
            east = longer if level == row[np.uint64(c)] else np.uint32(0)
            cells_0[np.uint64(east) + level] += one
            cells_1[np.uint64(north_east[np.uint64(r + c)]) + level] += one
            cells_2[np.uint64(north[np.uint64(c)]) + level] += one
            cells_3[np.uint64(north_west[np.uint64(height - r + c)]) + level] += one
        row, above = above, row


@jit
def sum_runs(
    counts: NDArray[np.uint32], levels: int, merge: bool, sums: NDArray[np.float64]
) -> None:
    """Write into ``sums[k]`` the values of `emphasis.SUMS` of direction k of `count_runs`.

    With ``merge`` those of all directions together, into ``sums[0]``.
    """
    cells = np.empty(levels)
    rows, totals = np.empty((levels, 3)), np.empty(7)
    for k in range(sums.shape[0]):
        first, last = (0, counts.shape[0]) if merge else (k, k + 1)
        rows[:] = 0.0
        totals[:] = 0.0
        for j in range(counts.shape[1]):
            longer = 0.0
            for i in range(levels):
                cells[i] = 0.0
                for d in range(first, last):
                    rest = float(counts[d, j + 1, i]) if j + 1 < counts.shape[1] else 0.0
                    cells[i] += float(counts[d, j, i]) - rest
                    longer += rest
            add_size(j + 1, cells, rows, totals)
            if longer == 0.0:
                break
        finish(rows, totals, totals[3], sums[k])
