"""Blocks of cells of a histogram of oriented gradients, brought to one length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

NORMS = ("L1", "L1-sqrt", "L2", "L2-Hys")
EPS = 1e-5
EPS_SQUARED = EPS**2
CLIP = 0.2
WIDEST = 128  # numpy.sum halves what is longer


@jit(error_model="numpy")
def plan_sum(count: int) -> NDArray[np.int64]:
    """Lay out the tree in which ``numpy.sum`` adds values: start, length and first child by node.

    A node without children has child 0. Nothing here calls itself: numba crashes when it loads
    such a function from its cache.
    """
    spans = np.zeros((count // 16 + 1, 3), np.int64)
    spans[0, 1] = count
    nodes = 1
    n = 0
    while n < nodes:
        start, length = spans[n, 0], spans[n, 1]
        if length > WIDEST:
            half = length // 2 - (length // 2) % 8
            spans[n, 2] = nodes
            spans[nodes, 0], spans[nodes, 1] = start, half
            spans[nodes + 1, 0], spans[nodes + 1, 1] = start + half, length - half
            nodes += 2
        n += 1
    return spans[:nodes]


@jit(error_model="numpy")
def _sum_span(
    values: NDArray[np.float64],
    start: int,
    count: int,
    power: int,
    eight: NDArray[np.float64],
    total: NDArray[np.float64],
) -> None:
    """Sum up to 128 rows, or their squares, as numpy does: eight running sums, then the rest."""
    lanes = total.size
    whole = count - count % 8
    for c in range(lanes):
        total[c] = 0
    for k in range(whole):
        n, m = start + k, k % 8
        for c in range(lanes):
            term = values[n, c] * values[n, c] if power == 2 else values[n, c]
            eight[m, c] = term if k < 8 else eight[m, c] + term
    if whole:
        for c in range(lanes):
            left = (eight[0, c] + eight[1, c]) + (eight[2, c] + eight[3, c])
            total[c] = left + ((eight[4, c] + eight[5, c]) + (eight[6, c] + eight[7, c]))
    for n in range(start + whole, start + count):
        for c in range(lanes):
            total[c] += values[n, c] * values[n, c] if power == 2 else values[n, c]


@jit(error_model="numpy")
def sum_columns(
    values: NDArray[np.float64],
    power: int,
    plan: NDArray[np.int64],
    eight: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Fill ``sums[0]`` with the sum of each column, or of its squares, in the order of numpy.

    ``eight`` (8, columns) and the other rows of ``sums`` (nodes, columns) are overwritten.
    """
    for n in range(plan.shape[0] - 1, -1, -1):
        child = plan[n, 2]
        if child:
            for c in range(values.shape[1]):
                sums[n, c] = sums[child, c] + sums[child + 1, c]
        else:
            _sum_span(values, plan[n, 0], plan[n, 1], power, eight, sums[n])


@jit(error_model="numpy")
def _normalise(
    values: NDArray[np.float64],
    norm: int,
    plan: NDArray[np.int64],
    eight: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Normalise every column, a block; ``norm`` is an index into `NORMS`."""
    count, lanes = values.shape
    total = sums[0]
    for turn in range(2 if norm == 3 else 1):
        sum_columns(values, 2 if norm >= 2 else 1, plan, eight, sums)
        for c in range(lanes):
            total[c] = math.sqrt(total[c] + EPS_SQUARED) if norm >= 2 else total[c] + EPS
        for n in range(count):
            if norm == 3 and turn == 0:
                for c in range(lanes):
                    values[n, c] = min(values[n, c] / total[c], CLIP)
            else:
                for c in range(lanes):
                    values[n, c] = values[n, c] / total[c]
        if norm == 1:
            for n in range(count):
                for c in range(lanes):
                    values[n, c] = math.sqrt(values[n, c])


@jit(error_model="numpy")
def normalise_blocks(cells: NDArray[np.float32], norm: int, out: NDArray[np.floating[Any]]) -> None:
    """Fill ``out[r, c]`` (block rows, block columns, orientations) with the normalised block.

    A row of blocks is worked on at once, the blocks side by side.
    """
    rows, cols, height, width, orientations = out.shape
    lanes = -(-cols // 4) * 4
    turned = np.zeros((cells.shape[0], orientations, lanes + width))
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            for o in range(orientations):
                turned[i, o, j] = cells[i, j, o]
    plan = plan_sum(height * width * orientations)
    values = np.empty((height * width * orientations, lanes))
    eight, sums = np.zeros((8, lanes)), np.zeros((plan.shape[0], lanes))
    flat = out.reshape(rows, cols, values.shape[0])
    for r in range(rows):
        n = 0
        for i in range(height):
            for j in range(np.uint64(width)):
                for o in range(orientations):
                    for c in range(np.uint64(lanes)):
                        values[n, c] = turned[r + i, o, c + j]
                    n += 1
        _normalise(values, norm, plan, eight, sums)
        for c in range(cols):
            for n in range(values.shape[0]):
                flat[r, c, n] = values[n, c]


@jit(error_model="numpy")
def _scale_free(block: NDArray[np.float64], norm: int) -> None:
    """Normalise one block, with nothing added to its length; 0 stays 0."""
    for step in range(3 if norm == 3 else 2):
        length = 0.0
        for value in block:
            if step == 0:
                length = max(length, value)
            else:
                length += value if norm < 2 else value * value
        length = math.sqrt(length) if step > 0 and norm >= 2 else length
        for n in range(block.size):
            if length > 0:
                block[n] /= length
            if step == 1 and norm == 1:
                block[n] = math.sqrt(block[n])
            elif step == 1 and norm == 3:
                block[n] = min(block[n], CLIP)


@jit(error_model="numpy")
def spread_blocks(
    cells: NDArray[np.float64], side: int, norm: int, out: NDArray[np.float64]
) -> None:
    """Fill each cell's mean over the normalised blocks, ``side`` cells a side, that hold it."""
    rows, cols, orientations = cells.shape
    held = np.zeros((rows, cols))
    block = np.empty(side * side * orientations)
    out[:] = 0
    for place in range((rows - side + 1) * (cols - side + 1)):
        top, left = place // (cols - side + 1), place % (cols - side + 1)
        for i in range(side):
            for j in range(side):
                for o in range(orientations):
                    block[(i * side + j) * orientations + o] = cells[top + i, left + j, o]
        _scale_free(block, norm)
        for i in range(side):
            for j in range(side):
                held[top + i, left + j] += 1
                for o in range(orientations):
                    out[top + i, left + j, o] += block[(i * side + j) * orientations + o]
    for r in range(rows):
        for c in range(cols):
            for o in range(orientations):
                out[r, c, o] /= held[r, c]
