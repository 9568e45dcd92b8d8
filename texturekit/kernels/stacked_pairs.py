"""Co-occurrence matrices with the last axis for offsets: (levels, levels, offsets)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE = 16  # rows and columns that are mirrored at a time, so that both sides stay in the cache


@jit
def count_group(
    pixels: NDArray[Any],
    here: int,
    length: int,
    moves: NDArray[np.int64],
    k: int,
    wide: int,
    stack: NDArray[np.uint32],
) -> None:
    """Count some pixels and their neighbours k to k + 3, which take turns.

    A count waits for the one before if both are of one cell.
    """
    one, deep = np.uint32(1), np.uint64(moves.size)
    row = deep * np.uint64(wide)
    first, second, third, fourth = moves[k], moves[k + 1], moves[k + 2], moves[k + 3]
    for at in range(here, here + length):
        base = np.uint64(pixels[np.uint64(at)]) * row + np.uint64(k)
        stack[base + np.uint64(pixels[np.uint64(at + first)]) * deep] += one
        base += np.uint64(1)
        stack[base + np.uint64(pixels[np.uint64(at + second)]) * deep] += one
        base += np.uint64(1)
        stack[base + np.uint64(pixels[np.uint64(at + third)]) * deep] += one
        base += np.uint64(1)
        stack[base + np.uint64(pixels[np.uint64(at + fourth)]) * deep] += one


@jit
def count_one(
    pixels: NDArray[Any],
    here: int,
    length: int,
    moves: NDArray[np.int64],
    k: int,
    wide: int,
    stack: NDArray[np.uint32],
) -> None:
    """Count some pixels and their neighbour k."""
    deep, there = np.uint64(moves.size), here + moves[k]
    for c in range(length):
        level = np.uint64(pixels[np.uint64(here + c)]) * np.uint64(wide)
        place = (level + np.uint64(pixels[np.uint64(there + c)])) * deep + np.uint64(k)
        stack[place] += np.uint32(1)


@jit
def count_stack(
    image: NDArray[Any],
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    levels: int,
    stack: NDArray[np.uint32],
) -> None:
    """Add to the flat ``stack[i, j, k]`` each pixel of level i whose neighbour k has level j.

    The image is C-contiguous. Pixels that have all of the neighbours are counted four neighbours at
    a time, those at the sides one neighbour at a time.
    """
    height, width = image.shape
    pixels, offsets = image.ravel(), rows.size
    moves = rows * width + cols
    left, right = max(0, -cols.min()), max(0, cols.max())
    inner, groups = width - left - right, offsets // 4 * 4
    for r in range(height):
        start = r * width
        whole = inner > 0 and r + rows.min() >= 0 and r + rows.max() < height
        if whole:
            for k in range(0, groups, 4):
                count_group(pixels, start + left, inner, moves, k, levels, stack)
        for k in range(offsets):
            low, high = max(0, -cols[k]), min(width, width - cols[k])
            if not 0 <= r + rows[k] < height or low >= high:
                continue
            if whole and k < groups:
                count_one(pixels, start + low, left - low, moves, k, levels, stack)
                low = width - right
            count_one(pixels, start + low, high - low, moves, k, levels, stack)


@jit
def mirror_stack(stack: NDArray[np.uint32]) -> None:
    """Add each matrix of ``stack[i, j, k]`` to its transpose."""
    levels, offsets = stack.shape[0], stack.shape[2]
    for top in range(0, levels, TILE):
        for left in range(0, top + 1, TILE):
            for i in range(top, min(top + TILE, levels)):
                for j in range(left, min(left + TILE, i + 1)):
                    for k in range(offsets):
                        total = stack[i, j, k] + stack[j, i, k]
                        stack[i, j, k] = total
                        stack[j, i, k] = total


@jit
def add_stack(
    stack: NDArray[np.float64],
    offsets: int,
    differences: NDArray[np.float64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> None:
    """Add cells up by j - i, by i and by j, and their squares; all arrays are flat, offsets last.

    Along a row of cells the places in these sums are neighbours too, which the compiler vectorises.
    """
    width = cols.size
    levels = width // offsets
    for i in range(levels):
        first, shift = i * width, (levels - 1 - i) * offsets
        for e in range(width):
            cell = stack[np.uint64(first + e)]
            cols[np.uint64(e)] += cell
            squares[np.uint64(e)] += cell * cell
        for e in range(width):
            differences[np.uint64(shift + e)] += stack[np.uint64(first + e)]
        for j in range(levels):
            for k in range(offsets):
                rows[i * offsets + k] += stack[np.uint64(first + j * offsets + k)]
