"""The statistics of symmetric co-occurrence matrices that are folded at their diagonal.

See `folded_pairs` for folded matrices, and `pairs.SUMS` for most of the statistics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.entropy import entropy_terms, sum_terms
from texturekit.kernels.folded_blocks import add_up, clear, sum_block
from texturekit.kernels.pairs import SUMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What `sum_folded` writes, in this order: the SUMS, and some of them as other tools define them.
STATISTICS = (
    *SUMS,
    "energy",  # square root of asm
    "joint_deviation",  # square root of joint_variance
    "joint_average_from_0",  # levels count from 0
    "sum_average_from_0",
    "joint_entropy_in_nats",
    "difference_probability_variance",  # of the probabilities, not of the differences
)
COUNTS = np.arange(4096, dtype=np.float64)
LOOKED_UP = COUNTS * np.log2(np.maximum(COUNTS, 1.0))  # n log2 n


@jit(error_model="numpy")
def weigh_differences(levels: int, n_g: float, weights: NDArray[np.float64]) -> None:
    """Write what the first seven of `pairs.SUMS` weigh a difference with."""
    for k in range(levels):
        square = np.float64(k) * np.float64(k)
        weights[0, k] = square
        weights[1, k] = np.float64(k)
        weights[2, k] = 1.0 / (1.0 + square)
        weights[3, k] = 1.0 / (1.0 + k)
        weights[4, k] = 1.0 / (1.0 + square / (n_g * n_g))
        weights[5, k] = 1.0 / (1.0 + k / n_g)
        weights[6, k] = 1.0 / square if k > 0 else 0.0


@jit(error_model="numpy")
def shares(
    counts: NDArray[np.uint32], length: int, total: float, p: NDArray[np.float64], at: int
) -> None:
    """Write counts as shares of the total."""
    for k in range(length):
        p[np.uint64(at + k)] = np.float64(counts[np.uint64(k)]) / total


@jit
def difference_sums(
    p: NDArray[np.float64], at: int, weights: NDArray[np.float64], out: NDArray[np.float64]
) -> tuple[float, float]:
    """Write the first seven of `pairs.SUMS`; return the variance of the differences, and energy."""
    levels = weights.shape[1]
    for w in range(7):
        a, b = 0.0, 0.0
        for k in range(0, levels - 1, 2):
            a += weights[w, k] * p[at + k]
            b += weights[w, k + 1] * p[at + k + 1]
        out[w] = a + b + (weights[w, levels - 1] * p[at + levels - 1] if levels & 1 else 0.0)
    variance, energy = 0.0, 0.0
    for k in range(levels):
        variance += (k - out[1]) ** 2 * p[at + k]
        energy += p[at + k] * p[at + k]
    return variance, energy


@jit
def sum_moments(p: NDArray[np.float64], at: int, levels: int) -> tuple[float, float, float, float]:
    """Return mean and central moments 2 to 4 of sums of two levels from 0, the even sums first."""
    mean = 0.0
    for half in range(levels):
        mean += 2 * half * p[at + half] + (2 * half + 1) * p[at + levels + half]
    second, third, fourth = 0.0, 0.0, 0.0
    for half in range(levels):
        for odd in range(2):
            x = 2 * half + odd - mean
            share = x * x * p[at + odd * levels + half]
            second += share
            third += share * x
            fourth += share * x * x
    return mean, second, third, fourth


@jit
def clear_higher(cells: NDArray[np.uint32], size: int, pitch: int, levels: int) -> None:
    """Write zeros for the pairs with a level that is not below ``levels``."""
    for k in range(size):
        low = max(0, levels - k)
        clear(cells, k * pitch + low, size - k - low)


@jit
def sum_folded(
    cells: NDArray[np.uint32],
    size: int,
    pitch: int,
    stride: int,
    block: int,
    most: int,
    table: NDArray[np.float64],
    minus: NDArray[np.uint32],
    totals: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    """Write into ``out[k]`` the `STATISTICS` of the folded matrix k, and how many pairs it has.

    ``minus`` has a place for each level; pairs with a higher one are left out. Levels count from 1.
    A matrix has ``most`` pairs or fewer; one without pairs has no statistics. Leaves zeros in the
    cells.
    """
    levels = minus.size
    odd = levels + block
    plus, rows = np.empty(2 * odd, np.uint32), np.empty(odd, np.uint32)
    large = np.empty(most // table.size + 1, np.uint32)
    p = np.empty(5 * levels + large.size)
    terms, room, weights = np.empty(p.size), np.empty(2 * p.size), np.empty((7, levels))
    weigh_differences(levels, float(levels), weights)
    for k in range(out.shape[0]):
        matrix = cells[k * stride : k * stride + size * pitch + block]
        if size > levels:
            clear_higher(matrix, size, pitch, levels)
        clear(plus, 0, 2 * odd)
        clear(rows, 0, odd)
        shares(matrix, levels, 1.0, p, 4 * levels)
        squares, largest, logs, held = add_up(matrix, pitch, block, table, minus, plus, rows, large)
        total = np.float64(sum_block(minus, 0, levels))
        totals[k] = np.int64(total)
        if total == 0.0:
            continue
        shares(minus, levels, total, p, 0)
        shares(plus, levels, total, p, levels)
        shares(plus[odd:], levels, total, p, 2 * levels)
        shares(rows, levels, 2.0 * total, p, 3 * levels)
        for i in range(4 * levels, 5 * levels):
            p[i] /= total
        shares(large, held, 2.0 * total, p, 5 * levels)
        entropy_terms(p, 5 * levels + held, room, terms)
        found = out[k]
        describe(p, terms, weights, found)
        found[7] = np.float64(squares) / (4.0 * total * total)
        found[9] = np.float64(largest) / (2.0 * total)
        looked_up = total - np.float64(minus[0]) - np.float64(sum_block(large, 0, held))
        found[12] = sum_terms(terms, 4 * levels, levels)
        found[12] += 2.0 * sum_terms(terms, 5 * levels, held)
        found[12] += (looked_up * np.log2(2.0 * total) - logs) / total
        conclude(sum_terms(terms, 3 * levels, levels), levels, found)


@jit
def describe(
    p: NDArray[np.float64],
    terms: NDArray[np.float64],
    weights: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write what follows from the differences and the sums of levels.

    With s = i + j and t = i - j of a symmetric matrix: var i = (var s + E t t) / 4,
    cov(i, j) = (var s - E t t) / 4 and E i j = (E s s - E t t) / 4.
    """
    levels = weights.shape[1]
    variance, energy = difference_sums(p, 0, weights, out)
    mean, second, third, fourth = sum_moments(p, levels, levels)
    out[8] = (second - out[0]) / (second + out[0]) if second + out[0] > 0.0 else 1.0
    out[10] = mean / 2.0 + 1.0
    out[11] = (second + out[0]) / 4.0
    out[13] = (second + (mean + 2.0) ** 2 - out[0]) / 4.0
    out[14] = mean + 2.0
    out[15] = second
    out[16] = sum_terms(terms, levels, 2 * levels)
    out[17] = variance
    out[18] = sum_terms(terms, 0, levels)
    out[19] = third
    out[20] = fourth
    out[23] = energy


@jit
def conclude(entropy: float, levels: int, out: NDArray[np.float64]) -> None:
    """Write what follows from the other statistics and the entropy of the levels."""
    shared = max(0.0, 2.0 * entropy - out[12])
    out[21] = (0.0 - shared) / entropy if entropy > 0.0 else 0.0
    out[22] = np.sqrt(-np.expm1(-2.0 * shared))
    out[24] = np.sqrt(out[7])
    out[25] = np.sqrt(out[11])
    out[26] = out[10] - 1.0
    out[27] = out[14] - 2.0
    out[28] = out[12] * np.log(2.0)
    out[29] = out[23] / levels - 1.0 / (levels * levels)
