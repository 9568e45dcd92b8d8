"""Pairs of grey levels: counting them, and the sums that co-occurrence statistics are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What `sum_pairs` writes, in this order.
SUMS = (
    "contrast",
    "dissimilarity",
    "idm",
    "inverse_difference",
    "idm_normalised",
    "inverse_difference_normalised",
    "inverse_variance",
    "asm",
    "correlation",
    "joint_maximum",
    "joint_average",
    "joint_variance",
    "joint_entropy",
    "autocorrelation",
    "sum_average",
    "sum_variance",
    "sum_entropy",
    "difference_variance",
    "difference_entropy",
    "cluster_shade",
    "cluster_prominence",
    "imc1",
    "imc2",
    "difference_energy",
)


@jit
def count_run(
    pixels: NDArray[Any], here: int, there: int, length: int, levels: int, cells: NDArray[np.uint32]
) -> None:
    """Count the pairs of pixels here, here + 1... and there, there + 1... into a flat matrix.

    Unsigned indices and flat arrays take half the time of signed ones and 2-D arrays.
    """
    for k in range(length):
        level = np.uint64(pixels[np.uint64(here + k)])
        other = np.uint64(pixels[np.uint64(there + k)])
        cells[level * np.uint64(levels) + other] += np.uint32(1)


@jit
def count_pairs(
    image: NDArray[Any],
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    counts: NDArray[np.uint32],
) -> None:
    """Add to ``counts[k, i, j]`` each pixel of level i whose neighbour at offset k has level j.

    Image and counts are C-contiguous.
    """
    height, width = image.shape
    pixels, levels = image.ravel(), counts.shape[1]
    for k in range(rows.size):
        dr, dc = rows[k], cols[k]
        cells = counts[k].ravel()
        first, length = max(0, -dc), width - abs(dc)
        for r in range(max(0, -dr), min(height, height - dr)):
            here = r * width + first
            count_run(pixels, here, here + dr * width + dc, length, levels, cells)


@jit
def count_four(image: NDArray[Any], d: int, counts: NDArray[np.uint32]) -> None:
    """Count as `count_pairs` does for the offsets (0, d), (-d, d), (-d, 0) and (-d, -d).

    The four counters take turns where they can, so that equal neighbours do not wait for one
    another: twice as fast as one offset after the other.
    """
    height, width = image.shape
    pixels, levels = image.ravel(), counts.shape[1]
    east, north_east = counts[0].ravel(), counts[1].ravel()
    north, north_west = counts[2].ravel(), counts[3].ravel()
    left, right = min(d, width), max(d, width - d)
    one, size = np.uint32(1), np.uint64(levels)
    for r in range(height):
        here, above = r * width, (r - d) * width
        if r < d:
            count_run(pixels, here, here + d, width - d, levels, east)
            continue
        count_run(pixels, here, here + d, min(left, width - d), levels, east)
        count_run(pixels, here, above + d, min(left, width - d), levels, north_east)
        count_run(pixels, here, above, left, levels, north)
        for c in range(left, width - d):
            base = np.uint64(pixels[np.uint64(here + c)]) * size
            east[base + np.uint64(pixels[np.uint64(here + c + d)])] += one
            north_east[base + np.uint64(pixels[np.uint64(above + c + d)])] += one
            north[base + np.uint64(pixels[np.uint64(above + c)])] += one
            north_west[base + np.uint64(pixels[np.uint64(above + c - d)])] += one
        count_run(pixels, here + right, above + right, width - right, levels, north)
        count_run(pixels, here + right, above + right - d, width - right, levels, north_west)


@jit
def marginals(
    matrix: NDArray[np.float64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    plus: NDArray[np.float64],
    minus: NDArray[np.float64],
) -> tuple[float, float, float]:
    """Add the cells of a matrix up by i, by j, by i + j and by abs(i - j), each divided by the sum.

    Returns the sum of squares, the largest cell and the entropy in bits of the divided cells.
    """
    total = matrix.sum()
    squares, largest, entropy = 0.0, 0.0, 0.0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            if matrix[i, j] != 0.0:
                p = matrix[i, j] / total
                rows[i] += p
                cols[j] += p
                plus[i + j] += p
                minus[abs(i - j)] += p
                squares += p * p
                largest = max(largest, p)
                entropy -= p * np.log2(p)
    return squares, largest, entropy


@jit
def moments(p: NDArray[np.float64]) -> tuple[float, float, float, float, float, int]:
    """Return mean, central moments 2 to 4, entropy in bits and occupied cells of a distribution."""
    mean, entropy, occupied = 0.0, 0.0, 0
    for k in range(p.size):
        if p[k] != 0.0:
            mean += k * p[k]
            entropy -= p[k] * np.log2(p[k])
            occupied += 1
    second, third, fourth = 0.0, 0.0, 0.0
    for k in range(p.size):
        square = (k - mean) * (k - mean)
        second += square * p[k]
        third += square * (k - mean) * p[k]
        fourth += square * square * p[k]
    return mean, second, third, fourth, entropy, occupied


@jit
def sum_differences(minus: NDArray[np.float64], n_g: float, sums: NDArray[np.float64]) -> None:
    """Write the sums over k = abs(i - j): the first seven of `SUMS`, and the last."""
    sums[:7] = 0.0
    sums[23] = 0.0
    for k in range(minus.size):
        p = minus[k]
        sums[0] += k * k * p
        sums[1] += k * p
        sums[2] += p / (1.0 + k * k)
        sums[3] += p / (1.0 + k)
        sums[4] += p / (1.0 + k * k / (n_g * n_g))
        sums[5] += p / (1.0 + k / n_g)
        sums[23] += p * p
        if k > 0:
            sums[6] += p / (k * k)


@jit
def sum_pairs(matrices: NDArray[np.float64], n_g: float, sums: NDArray[np.float64]) -> None:
    """Write into ``sums[k]`` the values named by `SUMS` of matrix k, whose sum is above 0.

    Levels count from 1. Everything but ``asm``, ``joint_maximum`` and ``joint_entropy`` follows
    from the four marginal distributions: with s = i + j and t = i - j,
    cov(i, j) = (var s - var t) / 4 and sum of i j p = (sum of s s p - sum of t t p) / 4; and
    HXY1 = HXY2 = HX + HY whatever the matrix.
    """
    size = matrices.shape[1]
    for k in range(matrices.shape[0]):
        rows, cols, minus = np.zeros(size), np.zeros(size), np.zeros(size)
        plus = np.zeros(2 * size - 1)
        squares, largest, entropy = marginals(matrices[k], rows, cols, plus, minus)
        sum_differences(minus, n_g, sums[k])
        mean_i, var_i, _, _, entropy_i, used_i = moments(rows)
        mean_j, var_j, _, _, entropy_j, used_j = moments(cols)
        mean_s, var_s, third_s, fourth_s, entropy_s, _ = moments(plus)
        _, var_d, _, _, entropy_d, _ = moments(minus)
        out = sums[k]
        out[7] = squares
        out[8] = 1.0
        if used_i > 1 and used_j > 1:
            covariance = (var_s - out[0] + (mean_i - mean_j) ** 2) / 4.0
            out[8] = covariance / np.sqrt(var_i * var_j)
        out[9] = largest
        out[10] = mean_i + 1.0
        out[11] = var_i
        out[12] = entropy
        out[13] = (var_s + (mean_s + 2.0) ** 2 - out[0]) / 4.0
        out[14] = mean_s + 2.0
        out[15] = var_s
        out[16] = entropy_s
        out[17] = var_d
        out[18] = entropy_d
        out[19] = third_s
        out[20] = fourth_s
        shared = max(0.0, entropy_i + entropy_j - entropy)
        wider = max(entropy_i, entropy_j)
        out[21] = (0.0 - shared) / wider if wider > 0.0 else 0.0
        out[22] = np.sqrt(-np.expm1(-2.0 * shared))
