"""The maximal correlation coefficient of symmetric matrices that are folded at their diagonal.

It is the second largest singular value of S = p_ij / sqrt(p_i. p_.j), whose largest is 1 for the
vector of sqrt(p_i.). Lanczos' method finds the outermost eigenvalues of S next to that one from a
few dozen products with a vector, where all eigenvalues would take a number of operations that grows
with the cube of the levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.folded_pairs import fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 8  # products with a vector between two looks at the eigenvalues
LANES = 8  # shifts that are tried at a time
SETTLED = 1e-13  # change of the eigenvalue between two looks
NOTHING = 1e-14  # length of a vector that is rounding only


@jit
def find_occupied(
    cells: NDArray[np.uint32], pitch: int, levels: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the levels that have pairs, and how many, each pair counted for both its levels."""
    counts = np.zeros(levels)
    for k in range(levels):
        for low in range(levels - k):
            counts[low] += cells[k * pitch + low]
            counts[low + k] += cells[k * pitch + low]
    occupied = np.flatnonzero(counts)
    return occupied, counts[occupied]


@jit(error_model="numpy")
def scale(
    cells: NDArray[np.uint32], pitch: int, occupied: NDArray[np.int64], roots: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the matrix S of the occupied levels."""
    n = occupied.size
    scaled = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            count = np.float64(cells[fold(occupied[i], occupied[j], pitch)])
            scaled[i, j] = count / (roots[i] * roots[j])
            scaled[j, i] = scaled[i, j]
        scaled[i, i] *= 2.0
    return scaled


@jit
def multiply(
    matrix: NDArray[np.float64], vector: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Write the product of a symmetric matrix and a vector."""
    n = vector.size
    out[:] = 0.0
    for j in range(n):
        factor = vector[j]
        for i in range(n):
            out[np.uint64(i)] += factor * matrix[np.uint64(j), np.uint64(i)]


@jit
def subtract(vector: NDArray[np.float64], factor: float, other: NDArray[np.float64]) -> None:
    """Subtract a multiple of another vector."""
    for i in range(vector.size):
        vector[np.uint64(i)] -= factor * other[np.uint64(i)]


@jit
def dot(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the product of two vectors, added up in four lanes."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = one.size // 4
    for k in range(whole):
        at = np.uint64(4 * k)
        a += one[at] * other[at]
        b += one[at + np.uint64(1)] * other[at + np.uint64(1)]
        c += one[at + np.uint64(2)] * other[at + np.uint64(2)]
        d += one[at + np.uint64(3)] * other[at + np.uint64(3)]
    for k in range(4 * whole, one.size):
        a += one[np.uint64(k)] * other[np.uint64(k)]
    return (a + b) + (c + d)


@jit(error_model="numpy")
def bound_eigenvalue(
    diagonal: NDArray[np.float64],
    beside: NDArray[np.float64],
    m: int,
    sign: float,
    least: float,
    part: float,
) -> tuple[float, float]:
    """Bound the largest eigenvalue of ``sign`` times a tridiagonal matrix, from ``least`` to 1.

    Sylvester's law of inertia: a shift lies above all eigenvalues if every pivot of the shifted
    matrix is negative. Eight shifts are tried at a time, first from 2e-14 to 2 above ``least``,
    then inside of what is left, until that is ``part`` of the way from ``least``, or rounding.
    """
    pivots, shifts, above = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    low, high = least, least + 2.0
    for lane in range(LANES):
        shifts[lane] = least + 2.0 * 100.0 ** (lane + 1 - LANES)
    while True:
        for lane in range(LANES):
            pivots[lane] = sign * diagonal[0] - shifts[lane]
            above[lane] = pivots[lane]
        for k in range(1, m):
            level, square = sign * diagonal[k], beside[k] * beside[k]
            for lane in range(LANES):
                pivots[lane] = level - shifts[lane] - square / pivots[lane]
                above[lane] = max(above[lane], pivots[lane])
        for lane in range(LANES):
            if above[lane] < 0.0:
                high = min(high, shifts[lane])
            else:
                low = max(low, shifts[lane])
        if high - low <= max(part * (low - least), 1e-15):
            return low, high
        for lane in range(LANES):
            shifts[lane] = low + (high - low) * (lane + 1) / (LANES + 1)


@jit
def second_value(scaled: NDArray[np.float64], first: NDArray[np.float64]) -> float:
    """Return the largest absolute eigenvalue besides the one of the unit vector ``first``."""
    n = first.size
    most = 4 * n + 64
    diagonal, beside = np.empty(most), np.zeros(most + 1)
    now, before, after = np.empty(n), np.zeros(n), np.empty(n)
    for i in range(n):  # any vector will do that no picture has reason to be orthogonal to
        now[i] = (0.6180339887498949 * (i + 1)) % 1.0 - 0.4
    subtract(now, dot(now, first), first)
    now /= np.sqrt(dot(now, now))
    low = np.full(2, -1.0)
    for m in range(most):
        multiply(scaled, now, after)
        diagonal[m] = dot(after, now)
        subtract(after, diagonal[m], now)
        subtract(after, beside[m], before)
        subtract(after, dot(after, first), first)
        beside[m + 1] = np.sqrt(dot(after, after))
        done = beside[m + 1] < NOTHING or m + 1 == most
        if done or m % STEPS == STEPS - 1:
            settled = True
            for end in range(2):
                sign, part = 1.0 - 2.0 * end, 0.0 if done else 1e-3
                last = low[end]
                low[end], high = bound_eigenvalue(diagonal, beside, m + 1, sign, last, part)
                settled &= high - last < SETTLED
            if done or settled:
                break
        before, now, after = now, after, before
        now /= beside[m + 1]
    return min(max(float(low[0]), float(low[1])), 1.0)


@jit
def correlate_folded(
    cells: NDArray[np.uint32],
    pitch: int,
    stride: int,
    levels: int,
    single: float,
    out: NDArray[np.float64],
) -> None:
    """Write the coefficient of each folded matrix into the last column.

    ``single`` is that of a matrix of a single level.
    """
    for k in range(out.shape[0]):
        matrix = cells[k * stride :]
        occupied, counts = find_occupied(matrix, pitch, levels)
        out[k, -1] = single
        if occupied.size > 1:
            roots = np.sqrt(counts)
            scaled = scale(matrix, pitch, occupied, roots)
            out[k, -1] = second_value(scaled, roots / np.sqrt(counts.sum()))
