"""Histograms of oriented gradients: votes by cell, and blocks of cells brought to one length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

NORMS = ("L1", "L1-sqrt", "L2", "L2-Hys")
EPS = 1e-5
EPS_SQUARED = EPS**2
CLIP = 0.2


@njit(cache=True, nogil=True)
def vote(
    lengths: NDArray[np.float64],
    bins: NDArray[np.int32],
    cell_height: int,
    cell_width: int,
    votes: NDArray[np.float32],
) -> None:
    """Average the lengths by cell and bin, added one by one in single precision.

    A bin of -1 votes nowhere, one of -2 (NaN) in every bin.
    """
    rows, cols, orientations = votes.shape
    for r in range(rows * cell_height):
        i = r // cell_height
        for j in range(cols):
            for c in range(j * cell_width, (j + 1) * cell_width):
                k = bins[r, c]
                if k >= 0:
                    votes[i, j, k] = np.float32(np.float64(votes[i, j, k]) + lengths[r, c])
                elif k == -2:
                    for o in range(orientations):
                        votes[i, j, o] = np.float32(np.float64(votes[i, j, o]) + lengths[r, c])
    area = np.float32(cell_height * cell_width)
    for i in range(rows):
        for j in range(cols):
            for o in range(orientations):
                votes[i, j, o] = votes[i, j, o] / area


@njit(cache=True, nogil=True)
def vote_in_grid(
    lengths: NDArray[np.float64],
    bins: NDArray[np.int32],
    inside: NDArray[np.bool_],
    box: NDArray[np.int64],
    votes: NDArray[np.float64],
) -> None:
    """Average the lengths of the pixels inside, by bin and by cell of a grid over ``box``.

    ``box`` is top, left, height, width. A bin of -1 (an angle of 180) counts as 0.
    """
    top, left, height, width = box[0], box[1], box[2], box[3]
    rows, cols, orientations = votes.shape
    voters = np.zeros((rows, cols), np.int64)
    for r in range(height):
        i = r * rows // height
        for c in range(width):
            if inside[top + r, left + c]:
                j = c * cols // width
                voters[i, j] += 1
                votes[i, j, max(bins[top + r, left + c], 0)] += lengths[top + r, left + c]
    for i in range(rows):
        for j in range(cols):
            for o in range(orientations):
                votes[i, j, o] /= max(voters[i, j], 1)


@njit(cache=True, nogil=True)
def _short_sum(values: NDArray[np.float64], start: int, count: int) -> float:
    """Sum up to 128 values as numpy does: eight running sums, then the rest."""
    whole = count - count % 8
    total = 0.0
    if whole:
        s0, s1, s2, s3 = values[start], values[start + 1], values[start + 2], values[start + 3]
        s4, s5, s6, s7 = values[start + 4], values[start + 5], values[start + 6], values[start + 7]
        for k in range(start + 8, start + whole, 8):
            s0 += values[k]
            s1 += values[k + 1]
            s2 += values[k + 2]
            s3 += values[k + 3]
            s4 += values[k + 4]
            s5 += values[k + 5]
            s6 += values[k + 6]
            s7 += values[k + 7]
        total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
    for k in range(start + whole, start + count):
        total += values[k]
    return total


@njit(cache=True, nogil=True)
def pairwise_sum(values: NDArray[np.float64]) -> float:
    """Sum in the order of ``numpy.sum``: above 128 values, the sum of the sums of two halves.

    The tree of halves is laid out top down and added up from its end: a function that calls
    itself crashes when numba loads it from its cache.
    """
    if values.size <= 128:
        short: float = _short_sum(values, 0, values.size)
        return short
    spans = np.zeros((values.size // 16, 3), np.int64)
    spans[0, 1] = values.size
    nodes = 1
    n = 0
    while n < nodes:
        start, count = spans[n, 0], spans[n, 1]
        if count > 128:
            half = count // 2 - (count // 2) % 8
            spans[n, 2] = nodes
            spans[nodes, 0], spans[nodes, 1] = start, half
            spans[nodes + 1, 0], spans[nodes + 1, 1] = start + half, count - half
            nodes += 2
        n += 1
    sums = np.empty(nodes)
    for n in range(nodes - 1, -1, -1):
        child = spans[n, 2]
        if child:
            sums[n] = sums[child] + sums[child + 1]
        else:
            sums[n] = _short_sum(values, spans[n, 0], spans[n, 1])
    total: float = sums[0]
    return total


@njit(cache=True, nogil=True)
def _to_unit_length(block: NDArray[np.float64], squares: NDArray[np.float64]) -> None:
    for n in range(block.size):
        squares[n] = block[n] * block[n]
    length = math.sqrt(pairwise_sum(squares) + EPS_SQUARED)
    for n in range(block.size):
        block[n] = block[n] / length


@njit(cache=True, nogil=True)
def _normalise(block: NDArray[np.float64], work: NDArray[np.float64], norm: int) -> None:
    """Normalise one flat block in place; ``norm`` is an index into `NORMS`."""
    if norm >= 2:
        _to_unit_length(block, work)
        if norm == 3:
            for n in range(block.size):
                if block[n] > CLIP:
                    block[n] = CLIP
            _to_unit_length(block, work)
        return
    for n in range(block.size):
        work[n] = abs(block[n])
    total = pairwise_sum(work) + EPS
    for n in range(block.size):
        block[n] = block[n] / total
        if norm == 1:
            block[n] = math.sqrt(block[n])


@njit(cache=True, nogil=True)
def normalise_blocks(cells: NDArray[np.float32], norm: int, out: NDArray[np.floating[Any]]) -> None:
    """Fill ``out[r, c]`` (block rows, block columns, orientations) with the normalised block."""
    rows, cols, height, width, orientations = out.shape
    block = np.empty(height * width * orientations)
    work = np.empty_like(block)
    for r in range(rows):
        for c in range(cols):
            n = 0
            for i in range(height):
                for j in range(width):
                    for o in range(orientations):
                        block[n] = cells[r + i, c + j, o]
                        n += 1
            _normalise(block, work, norm)
            n = 0
            for i in range(height):
                for j in range(width):
                    for o in range(orientations):
                        out[r, c, i, j, o] = block[n]
                        n += 1
