"""Sums over the cells of a folded matrix, a block at a time; see `folded_pairs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def clear(counts: NDArray[np.uint32], first: int, length: int) -> None:
    """Write zeros."""
    for k in range(length):
        counts[np.uint64(first + k)] = np.uint32(0)


@jit
def add_block(
    cells: NDArray[np.uint32], first: int, block: int, sums: NDArray[np.uint32], at: int
) -> None:
    """Add a block of cells to sums, one to one."""
    for c in range(block):
        sums[np.uint64(at + c)] += cells[np.uint64(first + c)]


@jit
def sum_block(cells: NDArray[np.uint32], first: int, block: int) -> np.uint32:
    """Return the sum of a block of cells."""
    total = np.uint32(0)
    for c in range(block):
        total += cells[np.uint64(first + c)]
    return total


@jit
def square_block(cells: NDArray[np.uint32], first: int, block: int) -> tuple[np.uint64, np.uint32]:
    """Return the sum of squares and the largest of a block of cells."""
    squares, largest = np.uint64(0), np.uint32(0)
    for c in range(block):
        count = cells[np.uint64(first + c)]
        squares += np.uint64(count) * np.uint64(count)
        largest = max(largest, count)
    return squares, largest


@jit
def look_up_block(
    cells: NDArray[np.uint32], first: int, block: int, table: NDArray[np.float64]
) -> float:
    """Add up what a table holds for a block of cells."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for k in range(0, block, 4):
        at = np.uint64(first + k)
        a += table[cells[at]]
        b += table[cells[at + np.uint64(1)]]
        c += table[cells[at + np.uint64(2)]]
        d += table[cells[at + np.uint64(3)]]
    return (a + b) + (c + d)


@jit
def take_large(
    cells: NDArray[np.uint32],
    first: int,
    block: int,
    limit: int,
    large: NDArray[np.uint32],
    held: int,
) -> int:
    """Move counts from a limit on to the end of those held; return how many these are then."""
    for c in range(first, first + block):
        if cells[c] >= limit:
            large[held] = cells[c]
            cells[c] = np.uint32(0)
            held += 1
    return held


@jit
def add_up(
    cells: NDArray[np.uint32],
    pitch: int,
    block: int,
    table: NDArray[np.float64],
    minus: NDArray[np.uint32],
    plus: NDArray[np.uint32],
    rows: NDArray[np.uint32],
    large: NDArray[np.uint32],
) -> tuple[np.uint64, np.uint32, float, int]:
    """Add up cells by difference, by sum (even sums first, then the odd ones) and by level.

    Returns the sum of squares and the largest cell of the unfolded matrix; and, of the cells off
    the diagonal, the sum of n log2 n where the table holds it, and how many counts it does not:
    these are moved to ``large``. Leaves zeros behind.
    """
    squares, largest, logs, held = np.uint64(0), np.uint32(0), 0.0, 0
    levels, odd = minus.size, plus.size // 2
    for k in range(levels):
        minus[k] = 0
        for low in range(0, levels - k, block):
            first = k * pitch + low
            total = sum_block(cells, first, block)
            if total == 0:
                continue
            minus[k] += total
            add_block(cells, first, block, plus, (k & 1) * odd + (k >> 1) + low)
            add_block(cells, first, block, rows, low)
            add_block(cells, first, block, rows, low + k)
            more, top = square_block(cells, first, block)
            squares += more * np.uint64(4 if k == 0 else 2)
            largest = max(largest, np.uint32(2) * top if k == 0 else top)
            if k > 0:
                if top >= table.size:
                    held = take_large(cells, first, block, table.size, large, held)
                logs += look_up_block(cells, first, block, table)
            clear(cells, first, block)
    return squares, largest, logs, held
