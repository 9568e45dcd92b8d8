"""What the Sobel gradients of bytes sum up to: the quick part of `texturekit.kernels.sobel`.

Whole numbers are added up as such and lengths in double precision; lengths by direction in single
precision, which takes a third of the time that counters in double precision take.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.sobel import add_up, fill_differences, rows_of_stripe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Row = NDArray[np.float32]

AT_A_TIME = 1024  # squares whose sum always fits into an int32
TOGETHER = 4  # edges of directions that are looked at in one go
UNFLUSHED = 64  # stripes whose lengths are added up in single precision
single = np.float32


@jit(error_model="numpy")
def split_lengths(
    x: Row,
    y: Row,
    straight: Row,
    turned: Row,
    lanes: NDArray[np.float64],
    sides: NDArray[np.float32],
) -> None:
    """Fill the lengths, ``turned`` where x * y is below 0, else ``straight``; make x, y absolute.

    Adds the lengths to ``lanes``, right to 1e-14 by a Newton step, and both to ``sides[0:2]``.
    """
    width = np.uint64(lanes.size)
    for start in range(np.uint64(0), np.uint64(x.size), width):
        for i in range(width):
            across, down = x[start + i], y[start + i]
            square = across * across + down * down
            root = single(math.sqrt(square))
            turns = single(across * down < single(0))
            one, other = root * (single(1) - turns), root * turns
            straight[start + i], turned[start + i] = one, other
            sides[0, i] += one
            sides[1, i] += other
            x[start + i], y[start + i] = abs(across), abs(down)
            length = np.float64(root)
            half = np.float64(single(0.5) / max(root, single(1)))
            lanes[i] += length + (np.float64(square) - length * length) * half


@jit(error_model="numpy")
def add_whole(x: Row, y: Row, sums: NDArray[np.float64]) -> None:
    """Add squares, x and y, whole numbers not below 0, to ``sums[2:5]``; keep the top square."""
    for start in range(0, x.size, AT_A_TIME):
        squares, top, across, down = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
        for c in range(np.uint64(start), np.uint64(min(start + AT_A_TIME, x.size))):
            square = np.int32(x[c] * x[c] + y[c] * y[c])
            squares = np.int32(squares + square)
            top = square if square > top else top
            across = np.int32(across + np.int32(x[c]))
            down = np.int32(down + np.int32(y[c]))
        sums[1] = max(sums[1], top)
        sums[2] += squares
        sums[3] += across
        sums[4] += down


@jit(error_model="numpy")
def add_passed(
    x: Row, y: Row, straight: Row, turned: Row, tangents: Row, sides: NDArray[np.float32]
) -> None:
    """Add the lengths of the gradients on the far side of each of four edges."""
    a, b, c, d = tangents[0], tangents[1], tangents[2], tangents[3]
    width = np.uint64(sides.shape[1])
    for start in range(np.uint64(0), np.uint64(x.size), width):
        for i in range(width):
            across, down = x[start + i], y[start + i]
            one, other = straight[start + i], turned[start + i]
            passed = single(down >= across * a)
            sides[0, i] += one * passed
            sides[1, i] += other * passed
            passed = single(down >= across * b)
            sides[2, i] += one * passed
            sides[3, i] += other * passed
            passed = single(down >= across * c)
            sides[4, i] += one * passed
            sides[5, i] += other * passed
            passed = single(down >= across * d)
            sides[6, i] += one * passed
            sides[7, i] += other * passed


@jit(error_model="numpy")
def flush(sides: NDArray[np.float32], passed: NDArray[np.float64]) -> None:
    """Add each row of single precision to one number of double precision, and clear it."""
    for i in range(np.uint64(sides.shape[1])):
        for k in range(np.uint64(sides.shape[0])):
            passed[k] += sides[k, i]
            sides[k, i] = 0


@jit(error_model="numpy")
def sum_edges(
    image: NDArray[np.uint8],
    rows: NDArray[np.int16],
    work: NDArray[np.float32],
    inside: NDArray[np.bool_],
    tangents: Row,
    sums: NDArray[np.float64],
    direction: NDArray[np.float64],
) -> None:
    """Sum up the gradients of bytes as `texturekit.kernels.sobel.sum_gradients` does.

    ``tangents``: of the edges between 0 and 90 degrees, ascending, infinite up to a multiple of
    four. ``direction`` has twice as many bins and one, or none.
    """
    x, y, straight = work[0], work[1], work[2]
    turned = np.empty_like(x)
    lanes = np.zeros(x.size // 4)
    sides = np.zeros((2 * tangents.size + 4, lanes.size), np.float32)
    passed = np.zeros(sides.shape[0])
    stripe = rows_of_stripe(image.shape[1] - 2)
    for first in range(0, image.shape[0] - 2, stripe):
        sums[0] += fill_differences(image, inside, first, rows, x, y)
        split_lengths(x, y, straight, turned, lanes, sides)
        add_whole(x, y, sums)
        for k in range(0, tangents.size, TOGETHER):
            add_passed(x, y, straight, turned, tangents[k:], sides[2 * k + 2 :])
        if (first // stripe + 1) % UNFLUSHED == 0:
            flush(sides, passed)
    flush(sides, passed)
    sums[5] = add_up(lanes)
    last = direction.size - 1
    for k in range((direction.size + 1) // 2):
        # What passed none but this: exactly 0 where nothing did, for both are the same sums then.
        direction[k] += passed[2 * k] - passed[2 * k + 2]
        direction[last - k] += passed[2 * k + 1] - passed[2 * k + 3]
