"""Codes of samples against statistics of the window around each pixel.

Each statistic is a rule ``[gain, sum, median, spread, centre, limit, signed]``. With the window's
``n`` values, their sum S, twice their median M, and ``D = n * sum of squares - S * S``, which is
n^2 times their variance, the sample g gives

    u = gain * g - (sum * S + median * M + spread * D + centre * g_centre)

and the bit is ``u >= 0`` where limit is 0, else ``u * u >= limit * D``, and also ``u >= 0`` where
signed is 1. So every test of integers is a test of integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def _sum_row(
    padded: NDArray[Any],
    top: int,
    left: int,
    side: int,
    hollow: bool,
    columns: NDArray[Any],
    sums: NDArray[Any],
    spreads: NDArray[Any],
) -> None:
    """Write S and D of the windows whose first row is ``top``; the first starts at ``left``."""
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


@njit(cache=True, nogil=True)
def _sort_row(
    padded: NDArray[Any], top: int, left: int, columns: NDArray[Any], medians: NDArray[Any]
) -> None:
    """Write twice the median of the 3x3 windows of a row.

    With each column sorted, the median of nine is the median of the largest of the smallest, the
    median of the middle and the smallest of the largest values.
    """
    span, width = np.uint64(columns.shape[1]), np.uint64(medians.size)
    one, two, first = np.uint64(1), np.uint64(2), np.uint64(left)
    above = np.uint64(top)
    for c in range(span):
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


@njit(cache=True, nogil=True)
def _insert_row(
    padded: NDArray[Any],
    top: int,
    left: int,
    side: int,
    hollow: bool,
    values: NDArray[Any],
    medians: NDArray[Any],
) -> None:
    """Write twice the median of the windows of a row, of any size, by sorting each."""
    half = side // 2
    for c in range(medians.size):
        count = 0
        for i in range(side):
            for j in range(side):
                if hollow and i == half and j == half:
                    continue
                value = padded[top + i, left + c + j]
                at = count
                while at > 0 and values[at - 1] > value:
                    values[at] = values[at - 1]
                    at -= 1
                values[at] = value
                count += 1
        medians[c] = values[(count - 1) // 2] + values[count // 2]


@njit(cache=True, nogil=True)
def integer_codes(
    padded: NDArray[Any],
    margin: int,
    side: int,
    hollow: bool,
    needs_median: bool,
    steps: NDArray[np.int64],
    weights: NDArray[Any],
    rules: NDArray[Any],
    strict: bool,
    codes: NDArray[Any],
) -> None:
    """Write into ``codes[k]`` the code of each pixel by rule k, exactly.

    Pixel (r, c) stands at ``padded[r + margin, c + margin]``, sample p at a ``steps[p]`` from it.
    The dtype of ``padded`` holds every intermediate value; ``rules`` and buffers have it too.
    """
    height, width = codes.shape[1], codes.shape[2]
    first = margin - side // 2
    columns = np.empty((3, width + side - 1), padded.dtype)
    values = np.empty(side * side, padded.dtype)
    rows = np.empty((6, width), padded.dtype)
    sums, medians, spreads, targets, limits, scaled = rows
    medians[:] = 0
    for r in range(height):
        _sum_row(padded, r + first, first, side, hollow, columns, sums, spreads)
        if needs_median and side == 3 and not hollow:
            _sort_row(padded, r + first, first, columns, medians)
        elif needs_median:
            _insert_row(padded, r + first, first, side, hollow, values, medians)
        here, middle = np.uint64(r + margin), np.uint64(margin)
        for k in range(rules.shape[0]):
            gain, of_sum, of_median, of_spread, of_centre, limit, signed = rules[k]
            more = 1 if strict else 0
            for c in range(np.uint64(width)):
                target = of_sum * sums[c] + of_median * medians[c] + of_spread * spreads[c]
                targets[c] = target + of_centre * padded[here, middle + c]
                limits[c] = limit * spreads[c] + more
                codes[k, r, c] = 0
            row = np.uint64(r)
            for p in range(len(weights)):
                weight = weights[p]
                y, x = np.uint64(r + margin + steps[p, 0]), np.uint64(margin + steps[p, 1])
                if limit == 0:
                    for c in range(np.uint64(width)):
                        scaled[c] = gain * padded[y, x + c] - more
                        hit = scaled[c] >= targets[c]
                        codes[k, row, c] |= weight if hit else 0
                else:
                    for c in range(np.uint64(width)):
                        scaled[c] = gain * padded[y, x + c] - targets[c]
                        above = signed == 0 or scaled[c] >= 0
                        scaled[c] = scaled[c] * scaled[c]
                        hit = scaled[c] >= limits[c] and above
                        codes[k, row, c] |= weight if hit else 0


@njit(cache=True, nogil=True)
def _moments(
    padded: NDArray[np.float64], row: int, col: int, side: int, hollow: bool
) -> tuple[float, float, float]:
    """Return S, D and the largest magnitude of one window, D from deviations from the mean."""
    half, total, largest = side // 2, 0.0, 0.0
    count = side * side - 1 if hollow else side * side
    for i in range(row - half, row + half + 1):
        for j in range(col - half, col + half + 1):
            if not (hollow and i == row and j == col):
                total += padded[i, j]
                largest = max(largest, abs(padded[i, j]))
    mean, squares = total / count, 0.0
    for i in range(row - half, row + half + 1):
        for j in range(col - half, col + half + 1):
            if not (hollow and i == row and j == col):
                squares += (padded[i, j] - mean) ** 2
    return total, count * squares, largest


@njit(cache=True, nogil=True)
def _sample(
    padded: NDArray[np.float64], row: int, col: int, corners: NDArray[np.int64], y: float, x: float
) -> float:
    """Interpolate one sample around padded[row, col]."""
    above, below = row + corners[0], row + corners[1]
    left, right = col + corners[2], col + corners[3]
    top = (1 - x) * padded[above, left] + x * padded[above, right]
    bottom = (1 - x) * padded[below, left] + x * padded[below, right]
    return float((1 - y) * top + y * bottom)


@njit(cache=True, nogil=True)
def float_codes(
    padded: NDArray[np.float64],
    margin: int,
    side: int,
    hollow: bool,
    needs_median: bool,
    corners: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    weights: NDArray[Any],
    rules: NDArray[np.float64],
    strict: bool,
    tolerance: float,
    codes: NDArray[Any],
) -> None:
    """Like `integer_codes`, on a circle of interpolated samples, in floating point.

    Samples within ``tolerance`` times the largest magnitude in the window count as equal to what
    they are compared with.
    """
    values, medians = np.empty(side * side), np.empty(codes.shape[2])
    medians[:] = 0
    first = margin - side // 2
    codes[:] = 0
    for r in range(codes.shape[1]):
        if needs_median:
            _insert_row(padded, r + first, first, side, hollow, values, medians)
        for c in range(codes.shape[2]):
            i, j = r + margin, c + margin
            total, spread, largest = _moments(padded, i, j, side, hollow)
            for p in range(len(weights)):
                g = _sample(padded, i, j, corners[p], rows[p, r], cols[p, c])
                for k in range(rules.shape[0]):
                    gain, of_sum, of_median, of_spread, of_centre, limit, signed = rules[k]
                    u = gain * g - (of_sum * total + of_median * medians[c])
                    u -= of_spread * spread + of_centre * padded[i, j]
                    if limit != 0:
                        u = (u if signed != 0 else abs(u)) - np.sqrt(limit * spread)
                    slack = tolerance * gain * largest
                    if u > slack or (u >= -slack and not strict):
                        codes[k, r, c] |= weights[p]


@njit(cache=True, nogil=True)
def integer_maps(
    padded: NDArray[Any], side: int, hollow: bool, needs_median: bool, maps: NDArray[Any]
) -> None:
    """Write S, D and M of the window that starts at each pixel of ``padded``."""
    columns = np.empty((3, maps.shape[2] + side - 1), padded.dtype)
    values = np.empty(side * side, padded.dtype)
    for r in range(maps.shape[1]):
        _sum_row(padded, r, 0, side, hollow, columns, maps[0, r], maps[1, r])
        if needs_median:
            _insert_row(padded, r, 0, side, hollow, values, maps[2, r])


@njit(cache=True, nogil=True)
def float_maps(
    padded: NDArray[np.float64],
    side: int,
    hollow: bool,
    needs_median: bool,
    maps: NDArray[np.float64],
) -> None:
    """Like `integer_maps`, in floating point."""
    half, values = side // 2, np.empty(side * side)
    for r in range(maps.shape[1]):
        for c in range(maps.shape[2]):
            total, spread, _ = _moments(padded, r + half, c + half, side, hollow)
            maps[0, r, c], maps[1, r, c] = total, spread
        if needs_median:
            _insert_row(padded, r, 0, side, hollow, values, maps[2, r])
