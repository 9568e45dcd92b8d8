"""Filters that are a Gaussian times a wave, as columns and rows one after the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def filter_waves(
    padded: NDArray[np.float64],
    reach: int,
    down: NDArray[np.float64],
    right: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Fill the responses to two mirrored waves: real, imaginary, real, imaginary; (4, H, W).

    ``padded`` has ``reach`` pixels more on every side. ``down`` and ``right``, (2, taps), are the
    even and odd half of the filter from its centre on. The filter is their product, so the rows
    around a row are folded into two lines first, and these lines along themselves.
    """
    _, height, width = out.shape
    extra = right.shape[1] - 1
    start, stop = reach - extra, reach + width + extra
    even, odd = np.empty(stop - start), np.empty(stop - start)
    sums = np.zeros((4, width))
    waves = down[1].any()
    for row in range(height):
        centre = row + reach
        _set_single(padded[centre, start:stop], down[0, 0], even, odd)
        for t in range(1, down.shape[1]):
            above, below = padded[centre - t, start:stop], padded[centre + t, start:stop]
            _add_pair(above, below, down[0, t], down[1, t], even, odd)
        _fold(even, right, sums[0], sums[1])
        if waves:
            _fold(odd, right, sums[2], sums[3])
        for c in range(width):
            out[0, row, c] = sums[0, c] - sums[3, c]
            out[1, row, c] = sums[1, c] + sums[2, c]
            out[2, row, c] = sums[0, c] + sums[3, c]
            out[3, row, c] = sums[2, c] - sums[1, c]


@jit
def _fold(
    line: NDArray[np.float64],
    taps: NDArray[np.float64],
    even: NDArray[np.float64],
    odd: NDArray[np.float64],
) -> None:
    width, last = even.size, taps.shape[1] - 1
    _set_single(line[last : last + width], taps[0, 0], even, odd)
    for t in range(1, last + 1):
        before = line[last - t : last - t + width]
        after = line[last + t : last + t + width]
        _add_pair(before, after, taps[0, t], taps[1, t], even, odd)


@jit
def _set_single(
    line: NDArray[np.float64], cosine: float, even: NDArray[np.float64], odd: NDArray[np.float64]
) -> None:
    for c in range(even.size):
        even[c] = line[c] * cosine
        odd[c] = 0.0


@jit
def _add_pair(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    cosine: float,
    sine: float,
    even: NDArray[np.float64],
    odd: NDArray[np.float64],
) -> None:
    # One loop for both needs more overlap checks than the compiler makes for vectors.
    for c in range(even.size):
        even[c] += (before[c] + after[c]) * cosine
    if sine != 0.0:
        for c in range(even.size):
            odd[c] += (before[c] - after[c]) * sine


@jit
def magnitude_moments(
    real: NDArray[np.float64],
    imaginary: NDArray[np.float64],
    inside: NDArray[np.bool_],
    moments: NDArray[np.float64],
) -> None:
    """Fill mean and standard deviation of the length of complex numbers; ``real`` becomes it."""
    height, width = real.shape
    total, count = 0.0, 0
    for r in range(height):
        for c in range(width):
            x, y = real[r, c], imaginary[r, c]
            real[r, c] = math.sqrt(x * x + y * y)
        for c in range(width):
            if inside[r, c]:
                total += real[r, c]
                count += 1
    mean = total / count
    spread = 0.0
    for r in range(height):
        for c in range(width):
            if inside[r, c]:
                away = real[r, c] - mean
                spread += away * away
    moments[0] = mean
    moments[1] = math.sqrt(spread / count)
