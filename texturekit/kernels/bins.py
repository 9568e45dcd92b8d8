"""Values into bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def assign_bins(
    values: NDArray[Any], edges: NDArray[np.float64], scale: float, bins: NDArray[Any]
) -> None:
    """Write for each value the k with ``edges[k] <= value < edges[k + 1]``, clipped to 0..n-1.

    A guess from ``scale`` (bins per unit) is moved until the edges agree, so that the result does
    not depend on how the guess was rounded.
    """
    top = edges.size - 2
    for n in range(values.size):
        value = np.float64(values[n])
        k = int(min(max((value - edges[0]) * scale, 0.0), np.float64(top)))
        while k > 0 and value < edges[k]:
            k -= 1
        while k < top and value >= edges[k + 1]:
            k += 1
        bins[n] = k


@jit
def look_up(values: NDArray[np.uint8], table: NDArray[Any], found: NDArray[Any]) -> None:
    """Write ``table[value]`` for each value."""
    for n in range(values.size):
        at = np.uint64(n)
        found[at] = table[values[at]]


@jit
def look_up_inside(
    values: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    table: NDArray[Any],
    outside: int,
    found: NDArray[Any],
) -> None:
    """Write ``table[value]`` for each value inside a region, and ``outside`` for the others."""
    for n in range(values.size):
        at = np.uint64(n)
        level = table[values[at]]
        found[at] = level if inside[at] else outside


@jit
def see_levels(packed: NDArray[Any], seen: NDArray[np.bool_]) -> int:
    """Return how many levels there are among the first ``seen.size - 1``; ``seen`` is False.

    Stops when it has seen all.
    """
    levels, found = seen.size - 1, 0
    for first in range(0, packed.size, 4096):
        for n in range(first, min(first + 4096, packed.size)):
            seen[packed[np.uint64(n)]] = True
        found = 0
        for level in range(levels):
            found += seen[level]
        if found == levels:
            break
    return found


@jit
def count_bytes_inside(
    values: NDArray[np.uint8], inside: NDArray[np.bool_], counts: NDArray[np.int64]
) -> None:
    """Add to ``counts[value]`` each value inside a region, in four counters that take turns.

    A count waits for the one before if both are of one value.
    """
    banks = np.zeros(1024, np.uint32)
    for n in range(values.size):
        at = np.uint64(n)
        bank = np.uint64(n & 3) * np.uint64(256)
        banks[np.uint64(values[at]) + bank] += np.uint32(inside[at])
    for n in range(256):
        counts[n] += np.int64(banks[n]) + banks[n + 256] + banks[n + 512] + banks[n + 768]
