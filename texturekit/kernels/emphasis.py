"""Sums over a matrix of grey levels and sizes: of runs, zones, distances or dependences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What `finish` writes, in this order; "small" sizes and "low" grey levels are those near 1.
SUMS = (
    "small",
    "large",
    "low",
    "high",
    "small_low",
    "small_high",
    "large_low",
    "large_high",
    "level_nonuniformity",
    "level_nonuniformity_normalised",
    "size_nonuniformity",
    "size_nonuniformity_normalised",
    "percentage",
    "level_variance",
    "size_variance",
    "entropy",
    "energy",
)

# Most cells hold few things: their n log2 n is looked up.
_FEW = 256
_N_LOG_N = np.array([n * np.log2(max(n, 1)) for n in range(_FEW)])


@jit
def add_size(
    size: int, counts: NDArray[np.float64], rows: NDArray[np.float64], totals: NDArray[np.float64]
) -> float:
    """Add the things of one size, ``counts[i]`` of them of grey level i + 1; return their number.

    ``rows`` (levels, 3) holds for each level the number of things, and their sums of size**-2 and
    of size**2. ``totals`` (7) holds the same three for all levels, the sum of sizes, the sum over
    sizes of the squared number of things, and the sums over cells of n log2 n and of n**2.
    """
    square = float(size) * float(size)
    number, logs, squares = 0.0, 0.0, 0.0
    for i in range(rows.shape[0]):
        n = counts[i]
        if n > 0.0:
            number += n
            squares += n * n
            whole = int(n)
            logs += _N_LOG_N[whole] if whole < _FEW and whole == n else n * np.log2(n)
            rows[i, 0] += n
            rows[i, 1] += n / square
            rows[i, 2] += n * square
    totals[0] += number
    totals[1] += number / square
    totals[2] += number * square
    totals[3] += number * float(size)
    totals[4] += number * number
    totals[5] += logs
    totals[6] += squares
    return number


@jit
def finish(
    rows: NDArray[np.float64], totals: NDArray[np.float64], pixels: float, sums: NDArray[np.float64]
) -> None:
    """Write the values named by `SUMS`, of one thing or more."""
    number = totals[0]
    sums[:10] = 0.0
    mean = 0.0
    for i in range(rows.shape[0]):
        n, level = rows[i, 0], float(i + 1)
        square = level * level
        mean += level * n / number
        sums[2] += n / square
        sums[3] += n * square
        sums[4] += rows[i, 1] / square
        sums[5] += rows[i, 1] * square
        sums[6] += rows[i, 2] / square
        sums[7] += rows[i, 2] * square
        sums[8] += n * n
    variance = 0.0
    for i in range(rows.shape[0]):
        variance += (float(i + 1) - mean) ** 2 * rows[i, 0]
    sums[0], sums[1] = totals[1], totals[2]
    sums[9], sums[10], sums[11] = sums[8] / number, totals[4], totals[4] / number
    sums[12] = number * number / pixels
    sums[13] = 0.0 if sums[8] == number * number else variance
    for k in range(14):
        sums[k] /= number
    # Whole numbers until the division: exactly 0 where all sizes are equal.
    spread = number * totals[2] - totals[3] * totals[3]
    sums[14] = 0.0 if totals[4] == number * number else max(spread, 0.0) / (number * number)
    alone = totals[6] == number * number
    sums[15] = 0.0 if alone else np.log2(number) - totals[5] / number
    sums[16] = totals[6] / (number * number)


@jit
def sum_matrix(matrix: NDArray[np.float64], pixels: float, sums: NDArray[np.float64]) -> None:
    """Write the values named by `SUMS` of a matrix (sizes, levels) that is not empty."""
    rows, totals = np.zeros((matrix.shape[1], 3)), np.zeros(7)
    for k in range(matrix.shape[0]):
        add_size(k + 1, matrix[k], rows, totals)
    finish(rows, totals, pixels, sums)
