"""Pixels against their square neighbourhood: who is alike, and how far the mean is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.emphasis import add_size, finish

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAR = -20000  # stands outside: far from every level
SHIFT = 20
NEIGHBOUR = 1 << SHIFT  # counts a neighbour above the bits that sum its grey level

# What `sum_differences` writes, in this order.
SUMS = ("coarseness", "contrast", "busyness", "complexity", "strength")


@jit
def pad(
    image: NDArray[Any], levels: int, distance: int, mark: int, outside: int, padded: NDArray[Any]
) -> None:
    """Write the levels plus ``mark``, and ``outside`` for levels from ``levels`` on and around."""
    height, width = image.shape
    pixels, flat = image.ravel(), padded.ravel()
    flat[:] = outside
    top = np.int32(levels)
    for r in range(height):
        here, there = r * width, (r + distance) * padded.shape[1] + distance
        for c in range(width):
            level = np.int32(pixels[np.uint64(here + c)])
            marked = np.int32(level + mark)
            flat[np.uint64(there + c)] = marked if level < top else np.int32(outside)


@jit
def add_alike(
    padded: NDArray[np.int16], here: int, there: int, alpha: int, alike: NDArray[np.int16]
) -> None:
    """Add 1 where the pixels from ``there`` on are at most ``alpha`` from those from ``here`` on.

    One unsigned comparison in 16 bits, so that many pixels are compared at once.
    """
    near, both = np.int16(alpha), np.uint16(2 * alpha)
    for c in range(alike.size):
        apart = np.uint16(padded[np.uint64(here + c)] - padded[np.uint64(there + c)] + near)
        alike[np.uint64(c)] += np.int16(apart <= both)


@jit
def count_dependences(
    image: NDArray[Any], levels: int, distance: int, alpha: int, counts: NDArray[np.uint32]
) -> None:
    """Count in ``counts[j, i]`` the pixels of level i with j neighbours at most ``alpha`` away.

    Neighbours are those at most ``distance`` rows and columns away; levels from ``levels`` on lie
    outside.
    """
    height, width = image.shape
    padded = np.empty((height + 2 * distance, width + 2 * distance), np.int16)
    pad(image, levels, distance, 0, FAR, padded)
    alike = np.empty(width, np.int16)
    pixels, flat, cells = image.ravel(), padded.ravel(), counts.ravel()
    size = np.uint64(counts.shape[1])
    # Odd columns have counts of their own, so that equal neighbours need not wait for each other.
    odd_cells = np.zeros(cells.size, np.uint32)
    for r in range(height):
        alike[:] = -1  # the pixel is alike to itself
        here = (r + distance) * padded.shape[1] + distance
        for y in range(2 * distance + 1):
            for x in range(2 * distance + 1):
                add_alike(flat, here, (r + y) * padded.shape[1] + x, alpha, alike)
        for c in range(0, width, 2):
            k, pixel = np.uint64(c), np.uint64(r * width + c)
            cells[np.uint64(alike[k]) * size + np.uint64(pixels[pixel])] += np.uint32(1)
            if c + 1 < width:
                k, pixel = np.uint64(c + 1), np.uint64(r * width + c + 1)
                odd_cells[np.uint64(alike[k]) * size + np.uint64(pixels[pixel])] += np.uint32(1)
    for cell in range(cells.size):
        cells[cell] += odd_cells[cell]


@jit
def sum_dependences(counts: NDArray[np.uint32], levels: int, sums: NDArray[np.float64]) -> None:
    """Write the values of `emphasis.SUMS`; a pixel is counted among those it depends on."""
    cells = np.empty(levels)
    rows, totals = np.zeros((levels, 3)), np.zeros(7)
    for j in range(counts.shape[0]):
        for i in range(levels):
            cells[i] = counts[j, i]
        add_size(j + 1, cells, rows, totals)
    finish(rows, totals, totals[0], sums)


@jit
def add_around(padded: NDArray[np.int32], there: int, around: NDArray[np.int32]) -> None:
    """Add the pixels from ``there`` on."""
    for c in range(around.size):
        around[np.uint64(c)] += padded[np.uint64(there + c)]


@jit
def take_away(padded: NDArray[np.int32], there: int, around: NDArray[np.int32]) -> None:
    """Take away the pixels from ``there`` on."""
    for c in range(around.size):
        around[np.uint64(c)] -= padded[np.uint64(there + c)]


@jit
def locate(
    row: NDArray[Any],
    around: NDArray[np.int32],
    levels: int,
    cells: NDArray[np.int32],
    apart: NDArray[np.int32],
) -> None:
    """Split sums of neighbours into the cell to count in, and the distance to add there."""
    size = np.int32(levels)
    for c in range(row.size):
        k = np.uint64(c)
        level, number = np.int32(row[k]), np.int32(around[k] >> SHIFT)
        total = np.int32(around[k] & (NEIGHBOUR - 1))
        cells[k] = np.int32(number * size) + level
        apart[k] = abs(np.int32(number * level) - total)


@jit
def add_differences(
    image: NDArray[Any],
    levels: int,
    distance: int,
    counts: NDArray[np.int64],
    differences: NDArray[np.int64],
) -> None:
    """Tally pixels by number n of neighbours within ``distance``, and by level i.

    ``counts[n, i]`` counts them, ``differences[n, i]`` adds up how far n times the pixel lies from
    the sum of its neighbours: whole numbers, so that no order of adding matters.
    """
    height, width = image.shape
    padded = np.empty((height + 2 * distance, width + 2 * distance), np.int32)
    pad(image, levels, distance, NEIGHBOUR, 0, padded)
    columns, around = np.empty(padded.shape[1], np.int32), np.empty(width, np.int32)
    cells, apart = np.empty(width, np.int32), np.empty(width, np.int32)
    flat, numbers, sums = padded.ravel(), counts.ravel(), differences.ravel()
    # Odd columns have tallies of their own, so that equal neighbours need not wait for each other.
    odd_numbers, odd_sums = np.zeros(numbers.size, np.int64), np.zeros(sums.size, np.int64)
    for r in range(height):
        columns[:] = 0
        for y in range(2 * distance + 1):
            add_around(flat, (r + y) * padded.shape[1], columns)
        around[:] = 0
        for x in range(2 * distance + 1):
            add_around(columns, x, around)
        take_away(flat, (r + distance) * padded.shape[1] + distance, around)
        locate(image[r], around, counts.shape[1], cells, apart)
        for c in range(0, width, 2):
            k = np.uint64(cells[np.uint64(c)])
            numbers[k] += 1
            sums[k] += np.int64(apart[np.uint64(c)])
            if c + 1 < width:
                k = np.uint64(cells[np.uint64(c + 1)])
                odd_numbers[k] += 1
                odd_sums[k] += np.int64(apart[np.uint64(c + 1)])
    for cell in range(numbers.size):
        numbers[cell] += odd_numbers[cell]
        sums[cell] += odd_sums[cell]


@jit
def join_differences(
    counts: NDArray[np.int64],
    differences: NDArray[np.int64],
    isolated: bool,
    matrix: NDArray[np.float64],
) -> None:
    """Write for each level the number of pixels, and their summed distance from the mean around.

    With ``isolated`` the pixels without any neighbour are counted too, at distance 0.
    """
    for i in range(matrix.shape[0]):
        number, apart = (counts[0, i] if isolated else 0), 0.0
        for n in range(1, counts.shape[0]):
            number += counts[n, i]
            apart += differences[n, i] / n
        matrix[i, 0], matrix[i, 1] = number, apart


@jit
def sum_differences(matrix: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
    """Write the values named by `SUMS` of a matrix of `join_differences`."""
    sums[:] = 0.0
    sums[0] = 1e6
    used = np.empty(matrix.shape[0], np.int64)
    number, pixels, differences, weighted = 0, 0.0, 0.0, 0.0
    for i in range(matrix.shape[0]):
        if matrix[i, 0] > 0.0:
            used[number] = i
            number += 1
            pixels += matrix[i, 0]
            differences += matrix[i, 1]
            weighted += matrix[i, 0] * matrix[i, 1]
    if weighted == 0.0:  # flat, or nobody has a neighbour
        return
    weighted /= pixels
    spread, apart, changes, strengths = 0.0, 0.0, 0.0, 0.0
    for a in range(number):
        i = used[a]
        p, s = matrix[i, 0] / pixels, matrix[i, 1]
        for b in range(a):
            j = used[b]
            q, t = matrix[j, 0] / pixels, matrix[j, 1]
            step = float(i - j)
            spread += p * q * step * step
            apart += abs(float(i + 1) * p - float(j + 1) * q)
            changes += step * (p * s + q * t) / (p + q)
            strengths += (p + q) * step * step
    sums[0] = min(1e6, 1.0 / weighted)
    if number > 1:
        sums[1] = 2.0 * spread / (number * (number - 1)) * differences / pixels
        sums[2] = weighted / (2.0 * apart) if apart > 0.0 else 0.0
        sums[3] = 2.0 * changes / pixels
        sums[4] = 2.0 * strengths / differences
