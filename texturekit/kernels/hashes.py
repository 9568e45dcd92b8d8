"""Nearest neighbours among hashes of 128 bits, by the number of bits that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def count_bits(word: np.uint64) -> np.uint64:
    """Return how many bits of a word are set."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@jit
def nearest_hashes(
    first: int,
    queries: NDArray[np.uint64],
    hashes: NDArray[np.uint64],
    flips: NDArray[np.uint64],
    limit: int,
    neighbours: NDArray[np.int64],
    distances: NDArray[np.int64],
    ways: NDArray[np.int64],
) -> None:
    """Fill in the nearest of ``hashes`` to each query, the nearest first; never itself.

    Query ``q`` is row ``first + q`` of the hashes. ``flips``, (F, 2), are masks: what differs after
    one of them counts as the distance, and the best mask is noted. Only what lies below ``limit``
    is kept; free places of ``neighbours`` stay as they were.
    """
    count, room = neighbours.shape
    for q in range(count):
        low, high = queries[q, 0], queries[q, 1]
        bound, found = limit, 0
        for row in range(hashes.shape[0]):
            one, two = low ^ hashes[row, 0], high ^ hashes[row, 1]
            for f in range(flips.shape[0]):
                differ = count_bits(one ^ flips[f, 0]) + count_bits(two ^ flips[f, 1])
                distance = np.int64(differ)
                if distance >= bound or row == first + q:
                    continue
                found = _insert(row, distance, f, found, neighbours[q], distances[q], ways[q])
                if found == room:
                    bound = distances[q, room - 1]


@jit
def _insert(
    row: int,
    distance: int | np.int64,
    way: int,
    found: int,
    neighbours: NDArray[np.int64],
    distances: NDArray[np.int64],
    ways: NDArray[np.int64],
) -> int:
    """Put a row into the sorted list of the nearest, once; return how many there are."""
    place = found
    for k in range(found):
        if neighbours[k] == row:
            if distances[k] <= distance:
                return found
            place = k
            break
    if place == found:
        if found == neighbours.size:
            place = found - 1
        else:
            found += 1
    while place > 0 and distances[place - 1] > distance:
        neighbours[place] = neighbours[place - 1]
        distances[place] = distances[place - 1]
        ways[place] = ways[place - 1]
        place -= 1
    neighbours[place], distances[place], ways[place] = row, distance, way
    return found
