"""Sobel gradients of an image, and what their lengths and directions sum up to.

An image is swept several times, because its gradients cost less to compute again than to keep.
The work is done in stripes of a few rows that stay in the nearest cache, in single precision for
bytes (where it is exact: no square exceeds 2**24) and in double precision for other images.
Offsets are unsigned: numba looks for negative indices, which keeps loops from being vectorised.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[Any]
    Row = NDArray[np.floating[Any]]

STRIPE = 1024  # gradients worked on together, at least one row
LANES = 32  # a stripe's length is a multiple: four quarters of whole vectors
BANKS = 8  # neighbouring pixels often add to the same bin, and would wait for each other


@jit(error_model="numpy")
def rows_of_stripe(width: int) -> int:
    """Return how many rows of that many gradients are worked on together."""
    return max(1, STRIPE // width)


@jit(error_model="numpy")
def add_up(values: NDArray[np.float64]) -> float:
    """Return the sum of values, added in their order (numpy's own order is another)."""
    total = 0.0
    for value in values:
        total += value
    return total


@jit(error_model="numpy")
def fill_differences(
    image: Image, inside: NDArray[np.bool_], first: int, rows: Image, x: Row, y: Row
) -> int:
    """Fill the Sobel differences of the stripe that starts at a row; return how many there are.

    ``inside`` (H-2, W-2) tells which windows count; (0, 0) is all. ``x`` and ``y`` end with zeros.
    ``rows`` (2, W), overwritten, holds any sum of four pixels.
    """
    kind = rows.dtype.type
    last = min(image.shape[0] - 2, first + rows_of_stripe(image.shape[1] - 2))
    width = np.uint64(image.shape[1] - 2)
    one, two = np.uint64(1), np.uint64(2)
    n = np.uint64(0)
    for r in range(np.uint64(first), np.uint64(last)):
        for c in range(width + two):
            upper, lower = kind(image[r, c]), kind(image[r + two, c])
            rows[0, c] = upper + 2 * kind(image[r + one, c]) + lower
            rows[1, c] = lower - upper
        for c in range(width):
            x[n + c] = kind(rows[0, c + two] - rows[0, c])
            y[n + c] = kind(rows[1, c] + 2 * rows[1, c + one] + rows[1, c + two])
        if inside.size == 0:
            n += width
            continue
        kept = n
        for c in range(width):
            x[kept], y[kept] = x[n + c], y[n + c]
            kept += np.uint64(inside[r, c])
        n = kept
    for c in range(n, np.uint64(x.size)):
        x[c], y[c] = 0, 0
    return int(n)


@jit(error_model="numpy")
def fill_squares(x: Row, y: Row, squares: Row) -> None:
    """Fill the squared lengths."""
    for c in range(squares.size):
        squares[c] = x[c] * x[c] + y[c] * y[c]


@jit(error_model="numpy", inline="always")
def add_sizes(x: Row, y: Row, squares: Row, lanes: NDArray[np.float64]) -> None:
    """Add squared lengths and sizes of x and y to ``lanes[0:3]``, keep the top in ``lanes[3]``."""
    quarter = np.uint64(x.size // 4)
    for i in range(quarter):
        j = i + quarter
        k = j + quarter
        m = k + quarter
        lanes[0, i] += (squares[i] + squares[j]) + (squares[k] + squares[m])
        lanes[1, i] += (abs(x[i]) + abs(x[j])) + (abs(x[k]) + abs(x[m]))
        lanes[2, i] += (abs(y[i]) + abs(y[j])) + (abs(y[k]) + abs(y[m]))
        left = squares[i] if squares[i] > squares[j] else squares[j]
        right = squares[k] if squares[k] > squares[m] else squares[m]
        top = np.float64(left if left > right else right)
        lanes[3, i] = top if top > lanes[3, i] else lanes[3, i]


@jit(error_model="numpy", inline="always")
def fill_lengths(squares: Row, lengths: NDArray[np.float64], inverses: NDArray[np.float64]) -> None:
    """Fill the lengths, and 1 / length, or 0 where that is not needed.

    Those of bytes are right to 1e-14, by a Newton step from single precision, which takes half
    the time of roots and quotients in double precision.
    """
    if squares.itemsize == 4:
        for c in range(squares.size):
            root = np.float32(math.sqrt(squares[c]))
            length = np.float64(root)
            inverse = np.float64(np.float32(1) / max(root, np.float32(1)))
            length += (np.float64(squares[c]) - length * length) * (0.5 * inverse)
            lengths[c] = length
            inverses[c] = inverse * (2 - length * inverse)
    else:
        for c in range(squares.size):
            lengths[c] = math.sqrt(squares[c])
            inverses[c] = 1 / lengths[c] if lengths[c] > 0 else 0.0


@jit(error_model="numpy", inline="always")
def add_lengths(lengths: NDArray[np.float64], lanes: NDArray[np.float64]) -> None:
    """Add the lengths."""
    quarter = np.uint64(lengths.size // 4)
    for i in range(quarter):
        j = i + quarter
        k = j + quarter
        m = k + quarter
        lanes[i] += (lengths[i] + lengths[j]) + (lengths[k] + lengths[m])


@jit(error_model="numpy", inline="always")
def add_turns(x: Row, y: Row, inverses: NDArray[np.float64], lanes: NDArray[np.float64]) -> None:
    """Add xx - yy and xy to ``lanes[0:2]``, and both over the length to ``lanes[2:4]``."""
    quarter = np.uint64(x.size // 4)
    for i in range(quarter):
        j = i + quarter
        k = j + quarter
        m = k + quarter
        a, b = x[i] * x[i] - y[i] * y[i], x[j] * x[j] - y[j] * y[j]
        d, e = x[k] * x[k] - y[k] * y[k], x[m] * x[m] - y[m] * y[m]
        lanes[0, i] += (a + b) + (d + e)
        lanes[2, i] += (a * inverses[i] + b * inverses[j]) + (d * inverses[k] + e * inverses[m])
        a, b, d, e = x[i] * y[i], x[j] * y[j], x[k] * y[k], x[m] * y[m]
        lanes[1, i] += (a + b) + (d + e)
        lanes[3, i] += (a * inverses[i] + b * inverses[j]) + (d * inverses[k] + e * inverses[m])


@jit(error_model="numpy", inline="always")
def fill_bins(
    x: Row, y: Row, edges: NDArray[np.float64], turn: int, bins: NDArray[np.int32]
) -> None:
    """Fill the bin of the unsigned direction.

    ``edges`` (2, n): cosine and sine of the n edges between 0 and 90 degrees; a gradient is on the
    far side of one if their cross product is not negative. Those between 90 and 180 mirror them:
    there the bin is ``turn`` less the number of edges passed.
    """
    for c in range(x.size):
        bins[c] = 0
    for k in range(edges.shape[1]):
        cosine, sine = x.dtype.type(edges[0, k]), x.dtype.type(edges[1, k])
        for c in range(x.size):
            bins[c] += np.int32(abs(y[c]) * cosine >= abs(x[c]) * sine)
    last = np.int32(turn)
    for c in range(x.size):
        bins[c] = last - bins[c] if x[c] * y[c] < 0 else bins[c]


@jit(error_model="numpy")
def sum_gradients(
    image: Image,
    rows: Image,
    work: Row,
    inside: NDArray[np.bool_],
    edges: NDArray[np.float64],
    turn: int,
    sums: NDArray[np.float64],
    direction: NDArray[np.float64],
    turns: NDArray[np.float64],
) -> None:
    """Sum up all gradients in one sweep.

    ``work`` (3, n) is longer than a stripe, n a multiple of 32. ``sums``: number, top square,
    squares, sizes of x and of y, lengths. ``direction``: lengths by bin, one bin more than
    ``turn``, or none. ``turns``: see `add_turns`; may be empty.
    """
    x, y, squares = work[0], work[1], work[2]
    lengths, inverses = np.empty(x.size), np.empty(x.size)
    bins = np.empty(x.size, np.int32)
    lanes = np.zeros((9, x.size // 4))
    banks = np.zeros((BANKS, direction.size))
    count = 0
    for first in range(0, image.shape[0] - 2, rows_of_stripe(image.shape[1] - 2)):
        n = fill_differences(image, inside, first, rows, x, y)
        count += n
        fill_squares(x, y, squares)
        add_sizes(x, y, squares, lanes)
        fill_lengths(squares, lengths, inverses)
        add_lengths(lengths, lanes[4])
        if direction.size:
            fill_bins(x, y, edges, turn, bins)
            for c in range(np.uint64(n)):
                banks[c % np.uint64(BANKS), np.uint64(bins[c])] += lengths[c]
        if turns.size:
            add_turns(x, y, inverses, lanes[5:])
    sums[0] = count
    for c in range(lanes.shape[1]):
        sums[1] = max(sums[1], lanes[3, c])
    for k in range(3):
        sums[2 + k] = add_up(lanes[k])
    sums[5] = add_up(lanes[4])
    for k in range(direction.size):
        direction[k] = add_up(banks[:, k])
    for k in range(turns.size):
        turns[k] = add_up(lanes[5 + k])
