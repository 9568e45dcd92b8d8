"""Codes of the eight neighbours against the mean, variance and median of their 3x3 window.

The fast way for unsigned integers of 8 and 16 bits. What a neighbour is compared with is brought
into the image's own type first, so that as many pixels as fit a register are compared at once.
With S and D of `texturekit.kernels.window_codes`:

- mean: ``9 g >= S`` is ``g >= ceil(S / 9)``
- median: ``g >= median`` as it is
- variance: ``(9 g - S)^2 >= D`` is ``|9 g - S| >= t`` with ``t = ceil(sqrt(D))``: g is not from
  ``low = floor((S - t) / 9) + 1`` to ``ceil((S + t) / 9) - 1``.

Some rows at a time are one run of pixels, whose neighbours stand at fixed distances; the two pixels
at every seam between two rows get codes that nobody reads. Indices are unsigned: signed ones are
tested for being negative, which stops the compiler from working on many pixels at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def sum_windows(
    pixels: NDArray[Any],
    start: np.uint64,
    width: np.uint64,
    size: np.uint64,
    columns: NDArray[Any],
    sums: NDArray[Any],
) -> None:
    """Write S of ``size`` windows; the first has its top left pixel at ``start``."""
    below, last = start + width, start + width + width
    one, two = np.uint64(1), np.uint64(2)
    kind = sums.dtype.type
    for i in range(size + two):
        columns[i] = kind(pixels[start + i]) + kind(pixels[below + i]) + kind(pixels[last + i])
    for i in range(size):
        sums[i] = columns[i] + columns[i + one] + columns[i + two]


@jit
def bound_means(sums: NDArray[Any], size: np.uint64, bounds: NDArray[Any]) -> None:
    """Write the least grey value that reaches the mean."""
    kind = sums.dtype.type
    for i in range(size):
        bounds[i] = kind(sums[i] + kind(8)) // kind(9)


@jit
def bound_medians(
    pixels: NDArray[Any],
    start: np.uint64,
    width: np.uint64,
    size: np.uint64,
    columns: NDArray[Any],
    bounds: NDArray[Any],
) -> None:
    """Write the median: of the largest low, the median middle and the smallest high of columns."""
    below, last = start + width, start + width + width
    one, two = np.uint64(1), np.uint64(2)
    for i in range(size + two):
        x, y, z = pixels[start + i], pixels[below + i], pixels[last + i]
        low, high = min(x, y), max(x, y)
        columns[0, i] = min(low, z)
        columns[1, i] = max(low, min(high, z))
        columns[2, i] = max(high, z)
    for i in range(size):
        j, k = i + one, i + two
        low = max(columns[0, i], max(columns[0, j], columns[0, k]))
        high = min(columns[2, i], min(columns[2, j], columns[2, k]))
        x, y, z = columns[1, i], columns[1, j], columns[1, k]
        middle = max(min(x, y), min(max(x, y), z))
        bounds[i] = max(min(low, middle), min(max(low, middle), high))


@jit
def round_deviations(
    pixels: NDArray[Any],
    start: np.uint64,
    width: np.uint64,
    size: np.uint64,
    sums: NDArray[Any],
    squares: NDArray[Any],
    spreads: NDArray[Any],
    roots: NDArray[Any],
) -> None:
    """Write ``ceil(sqrt(D))``, exactly: the type of ``spreads`` holds every D.

    And sqrt(D) that is not whole is further from a whole number than it is rounded.
    """
    wide = squares.dtype.type
    below, last = start + width, start + width + width
    one, two = np.uint64(1), np.uint64(2)
    for i in range(size + two):
        x, y, z = wide(pixels[start + i]), wide(pixels[below + i]), wide(pixels[last + i])
        squares[i] = x * x + y * y + z * z
    for i in range(size):
        total = wide(sums[i])
        square = wide(squares[i] + squares[i + one] + squares[i + two])
        spreads[i] = wide(wide(9) * square - total * total)
        roots[i] = np.int32(np.ceil(np.sqrt(spreads[i])))


@jit
def bound_deviations(
    sums: NDArray[Any],
    roots: NDArray[Any],
    size: np.uint64,
    lows: NDArray[Any],
    spans: NDArray[Any],
) -> None:
    """Write the least grey value less than one deviation from the mean, and how many there are."""
    kind, narrow = sums.dtype.type, lows.dtype.type
    top, nine = kind(narrow(~narrow(0))), kind(9)
    for i in range(size):
        total, root = sums[i], roots[i]
        above = kind(total + nine)
        low = kind(kind(max(above, root) - root) // nine)
        end = min(kind(kind(total + root + kind(8)) // nine), kind(top + kind(1)))
        lows[i] = min(low, top)
        spans[i] = min(kind(max(end, low) - low), top)


@jit
def reach_bounds(
    pixels: NDArray[Any],
    start: np.uint64,
    width: np.uint64,
    size: np.uint64,
    bounds: NDArray[Any],
    codes: NDArray[np.uint8],
) -> None:
    """Write which neighbours are at least ``bounds``, from east counter-clockwise."""
    north, row, south = start, start + width, start + width + width
    one, two, none = np.uint64(1), np.uint64(2), np.uint8(0)
    for i in range(size):
        bound = bounds[i]
        code = np.uint8(1) if pixels[row + i + two] >= bound else none
        code |= np.uint8(2) if pixels[north + i + two] >= bound else none
        code |= np.uint8(4) if pixels[north + i + one] >= bound else none
        code |= np.uint8(8) if pixels[north + i] >= bound else none
        code |= np.uint8(16) if pixels[row + i] >= bound else none
        code |= np.uint8(32) if pixels[south + i] >= bound else none
        code |= np.uint8(64) if pixels[south + i + one] >= bound else none
        code |= np.uint8(128) if pixels[south + i + two] >= bound else none
        codes[i] = code


@jit
def reach_centres(
    pixels: NDArray[Any],
    start: np.uint64,
    size: np.uint64,
    bounds: NDArray[Any],
    centres: NDArray[np.uint8],
) -> None:
    """Write whether the pixels themselves, from ``start`` on, are at least ``bounds``."""
    for i in range(size):
        centres[i] = np.uint8(1) if pixels[start + i] >= bounds[i] else np.uint8(0)


@jit
def leave_spans(
    pixels: NDArray[Any],
    start: np.uint64,
    width: np.uint64,
    size: np.uint64,
    lows: NDArray[Any],
    spans: NDArray[Any],
    codes: NDArray[np.uint8],
) -> None:
    """Write which neighbours are not among the ``spans`` values from ``lows`` on."""
    north, row, south = start, start + width, start + width + width
    one, two, none = np.uint64(1), np.uint64(2), np.uint8(0)
    kind = lows.dtype.type  # in which values below the lowest come round at the top
    for i in range(size):
        base, span = np.int32(lows[i]), spans[i]
        code = np.uint8(1) if kind(np.int32(pixels[row + i + two]) - base) >= span else none
        code |= np.uint8(2) if kind(np.int32(pixels[north + i + two]) - base) >= span else none
        code |= np.uint8(4) if kind(np.int32(pixels[north + i + one]) - base) >= span else none
        code |= np.uint8(8) if kind(np.int32(pixels[north + i]) - base) >= span else none
        code |= np.uint8(16) if kind(np.int32(pixels[row + i]) - base) >= span else none
        code |= np.uint8(32) if kind(np.int32(pixels[south + i]) - base) >= span else none
        code |= np.uint8(64) if kind(np.int32(pixels[south + i + one]) - base) >= span else none
        code |= np.uint8(128) if kind(np.int32(pixels[south + i + two]) - base) >= span else none
        codes[i] = code
