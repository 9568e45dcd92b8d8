"""Sums, spreads and medians of the square windows around the pixels of a row.

With a window's ``n`` values, ``S`` is their sum, ``D = n * sum of squares - S * S``, which is n^2
times their variance, and ``M`` is twice their median.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def sum_row(
    padded: NDArray[Any],
    top: int,
    left: int,
    side: int,
    hollow: bool,
    columns: NDArray[Any],
    sums: NDArray[Any],
    spreads: NDArray[Any],
) -> None:
    """Write S and D of integers in the windows whose first row is ``top``, from ``left`` on."""
    span, width = np.uint64(columns.shape[1]), np.uint64(sums.size)
    first, half = np.uint64(left), np.uint64(side // 2)
    count = side * side - 1 if hollow else side * side
    for k in range(side):
        row = np.uint64(top + k)
        for c in range(span):
            value = padded[row, first + c]
            columns[0, c] = value if k == 0 else columns[0, c] + value
            columns[1, c] = value * value if k == 0 else columns[1, c] + value * value
    centre = np.uint64(top) + half
    for c in range(width):
        value = padded[centre, first + half + c] if hollow else 0
        sums[c] = -value
        spreads[c] = -value * value
    for k in range(side):
        shift = np.uint64(k)
        for c in range(width):
            sums[c] += columns[0, c + shift]
            spreads[c] += columns[1, c + shift]
    for c in range(width):
        spreads[c] = count * spreads[c] - sums[c] * sums[c]


@jit
def measure_row(
    padded: NDArray[np.float64],
    top: int,
    left: int,
    side: int,
    hollow: bool,
    spread: bool,
    sums: NDArray[np.float64],
    spreads: NDArray[np.float64],
    largest: NDArray[np.float64],
) -> None:
    """Like `sum_row`, of floats: D from deviations from the mean; and the largest magnitude.

    D is 0 unless there is ``spread``.
    """
    width, half = np.uint64(sums.size), side // 2
    count = side * side - 1 if hollow else side * side
    for c in range(width):
        sums[c] = spreads[c] = largest[c] = 0.0
    for turn in range(2 if spread else 1):
        for i in range(side):
            for j in range(side):
                if hollow and i == half and j == half:
                    continue
                row, shift = np.uint64(top + i), np.uint64(left + j)
                if turn == 0:
                    for c in range(width):
                        value = padded[row, shift + c]
                        sums[c] += value
                        size = abs(value)
                        largest[c] = size if size > largest[c] else largest[c]
                else:
                    for c in range(width):
                        off = padded[row, shift + c] - sums[c] / count
                        spreads[c] += off * off
    for c in range(width):
        spreads[c] *= count


@jit
def median_row(
    padded: NDArray[Any],
    top: int,
    left: int,
    side: int,
    hollow: bool,
    pairs: NDArray[np.int64],
    values: NDArray[Any],
    medians: NDArray[Any],
) -> None:
    """Write M, by putting the values in order that each of ``pairs`` names, one after the other.

    ``values`` is room for the values of each window, and for columns of ``side - 1`` more pixels.
    """
    if side == 3 and not hollow:
        _median_of_nine(padded, top, left, values, medians)
        return
    width, half, count = np.uint64(medians.size), side // 2, 0
    for i in range(side):
        for j in range(side):
            if hollow and i == half and j == half:
                continue
            row, shift, at = np.uint64(top + i), np.uint64(left + j), np.uint64(count)
            for c in range(width):
                values[at, c] = padded[row, shift + c]
            count += 1
    for k in range(pairs.shape[0]):
        low, high = np.uint64(pairs[k, 0]), np.uint64(pairs[k, 1])
        for c in range(width):
            x, y = values[low, c], values[high, c]
            values[low, c] = x if x < y else y
            values[high, c] = y if x < y else x
    low, high = np.uint64((count - 1) // 2), np.uint64(count // 2)
    for c in range(width):
        medians[c] = values[low, c] + values[high, c]


@jit
def _median_of_nine(
    padded: NDArray[Any], top: int, left: int, columns: NDArray[Any], medians: NDArray[Any]
) -> None:
    """Sort each column: the median is that of the largest low, median middle and smallest high."""
    width = np.uint64(medians.size)
    one, two, first = np.uint64(1), np.uint64(2), np.uint64(left)
    above = np.uint64(top)
    for c in range(width + two):
        x, y = padded[above, first + c], padded[above + one, first + c]
        z = padded[above + two, first + c]
        low, high = min(x, y), max(x, y)
        columns[0, c] = min(low, z)
        columns[1, c] = max(low, min(high, z))
        columns[2, c] = max(high, z)
    for c in range(width):
        low = max(columns[0, c], max(columns[0, c + one], columns[0, c + two]))
        high = min(columns[2, c], min(columns[2, c + one], columns[2, c + two]))
        x, y, z = columns[1, c], columns[1, c + one], columns[1, c + two]
        middle = max(min(x, y), min(max(x, y), z))
        medians[c] = 2 * max(min(low, middle), min(max(low, middle), high))


@jit
def integer_maps(
    padded: NDArray[Any], side: int, hollow: bool, pairs: NDArray[np.int64], maps: NDArray[Any]
) -> None:
    """Write S, D and M of the window that starts at each pixel of ``padded``; M if ``pairs``."""
    columns = np.empty((2, maps.shape[2] + side - 1), padded.dtype)
    values = np.empty((side * side, maps.shape[2] + side - 1), padded.dtype)
    for r in range(maps.shape[1]):
        sum_row(padded, r, 0, side, hollow, columns, maps[0, r], maps[1, r])
        if pairs.size > 0:
            median_row(padded, r, 0, side, hollow, pairs, values, maps[2, r])


@jit
def float_maps(
    padded: NDArray[np.float64],
    side: int,
    hollow: bool,
    pairs: NDArray[np.int64],
    maps: NDArray[np.float64],
) -> None:
    """Like `integer_maps`, in floating point."""
    values = np.empty((side * side, maps.shape[2] + side - 1))
    largest = np.empty(maps.shape[2])
    for r in range(maps.shape[1]):
        measure_row(padded, r, 0, side, hollow, True, maps[0, r], maps[1, r], largest)
        if pairs.size > 0:
            median_row(padded, r, 0, side, hollow, pairs, values, maps[2, r])
