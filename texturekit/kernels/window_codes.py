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

from texturekit.kernels._jit import jit
from texturekit.kernels.window_statistics import measure_row, median_row, sum_row

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def integer_codes(
    padded: NDArray[Any],
    margin: int,
    side: int,
    hollow: bool,
    pairs: NDArray[np.int64],
    steps: NDArray[np.int64],
    weights: NDArray[Any],
    rules: NDArray[Any],
    strict: bool,
    codes: NDArray[Any],
) -> None:
    """Write into ``codes[k]`` the code of each pixel by rule k, exactly.

    Pixel (r, c) stands at ``padded[r + margin, c + margin]``, sample p at a ``steps[p]`` from it.
    The dtype of ``padded`` holds every intermediate value; ``rules`` and buffers have it too.
    Medians are found by ``pairs``, see `median_row`; without any, no rule needs them.
    """
    height, width = codes.shape[1], codes.shape[2]
    first = margin - side // 2
    columns = np.empty((2, width + side - 1), padded.dtype)
    values = np.empty((side * side, width + side - 1), padded.dtype)
    rows = np.empty((6, width), padded.dtype)
    sums, medians, spreads, targets, limits, scaled = rows
    medians[:] = 0
    for r in range(height):
        sum_row(padded, r + first, first, side, hollow, columns, sums, spreads)
        if pairs.size > 0:
            median_row(padded, r + first, first, side, hollow, pairs, values, medians)
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


@jit
def _sample_row(
    padded: NDArray[np.float64],
    row: int,
    margin: int,
    corners: NDArray[np.int64],
    y: float,
    fractions: NDArray[np.float64],
    samples: NDArray[np.float64],
) -> None:
    """Interpolate one sample around each pixel of a row."""
    above, below = np.uint64(row + corners[0]), np.uint64(row + corners[1])
    left, right = np.uint64(margin + corners[2]), np.uint64(margin + corners[3])
    width = np.uint64(samples.size)
    if above == below and left == right:
        for c in range(width):
            samples[c] = padded[above, left + c]
        return
    for c in range(width):
        x = fractions[c]
        top = (1 - x) * padded[above, left + c] + x * padded[above, right + c]
        bottom = (1 - x) * padded[below, left + c] + x * padded[below, right + c]
        samples[c] = (1 - y) * top + y * bottom


@jit
def float_codes(
    padded: NDArray[np.float64],
    margin: int,
    side: int,
    hollow: bool,
    pairs: NDArray[np.int64],
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
    width, first = np.uint64(codes.shape[2]), margin - side // 2
    values = np.empty((side * side, codes.shape[2] + side - 1))
    sums, spreads = np.empty(codes.shape[2]), np.empty(codes.shape[2])
    medians, largest = np.zeros(codes.shape[2]), np.empty(codes.shape[2])
    samples = np.empty(codes.shape[2])
    targets = np.empty((rules.shape[0], 4, codes.shape[2]))
    spread = False
    for k in range(rules.shape[0]):
        spread |= rules[k, 3] != 0 or rules[k, 5] != 0
    for r in range(codes.shape[1]):
        row, middle = np.uint64(r), np.uint64(margin)
        here = np.uint64(r + margin)
        measure_row(padded, r + first, first, side, hollow, spread, sums, spreads, largest)
        if pairs.size > 0:
            median_row(padded, r + first, first, side, hollow, pairs, values, medians)
        for k in range(rules.shape[0]):
            gain, of_sum, of_median, of_spread, of_centre, limit, _ = rules[k]
            slack = tolerance * gain if strict else -(tolerance * gain)
            for c in range(width):
                targets[k, 0, c] = of_sum * sums[c] + of_median * medians[c]
                targets[k, 1, c] = of_spread * spreads[c] + of_centre * padded[here, middle + c]
                targets[k, 2, c] = np.sqrt(limit * spreads[c])
                targets[k, 3, c] = slack * largest[c]
                codes[k, row, c] = 0
        for p in range(len(weights)):
            _sample_row(padded, r + margin, margin, corners[p], rows[p, r], cols[p], samples)
            for k in range(rules.shape[0]):
                gain, bit = rules[k, 0], weights[p]
                either = rules[k, 5] != 0 and rules[k, 6] == 0
                for c in range(width):
                    u = gain * samples[c] - targets[k, 0, c] - targets[k, 1, c]
                    u = (abs(u) if either else u) - targets[k, 2, c]
                    hit = u > targets[k, 3, c] if strict else u >= targets[k, 3, c]
                    codes[k, row, c] |= bit if hit else 0
