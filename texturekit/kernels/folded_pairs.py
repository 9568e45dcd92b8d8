"""Symmetric pairs of grey levels in four directions, counted into matrices folded at the diagonal.

A folded matrix is flat: the pair of levels i and j lies at ``abs(i - j) * pitch + min(i, j)``,
whichever comes first. So each unordered pair has one cell, the pairs of one difference lie side by
side, and the sums over a matrix run along memory, in whole blocks: the pitch is the number of
levels, rounded up to a multiple of `BLOCK`, and what is left over stays 0. (Kernels are given the
number, since the compiler unrolls loops of a constant length, and then does not vectorise them.)

The cells of four directions follow each other at a ``stride``; with stride 0 they are added up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 32
# Cells between two matrices. Without them equal pairs of different directions would lie a multiple
# of 4096 bytes apart, which processors take for the same place: half the speed at 256 levels.
GAP = 64


@jit
def fold_run(
    pixels: NDArray[Any],
    here: int,
    there: int,
    pitch: int,
    places: NDArray[Any],
    at: int,
    length: int,
) -> None:
    """Write the places of the pairs of pixels here, here + 1... and there, there + 1...

    Each step is cast back to the narrow type of the places, so that it is done in narrow lanes.
    """
    kind = places.dtype.type
    wide = kind(pitch)
    for k in range(length):
        one = kind(pixels[np.uint64(here + k)])
        other = kind(pixels[np.uint64(there + k)])
        low = kind(min(one, other))
        difference = kind(kind(max(one, other)) - low)
        places[np.uint64(at + k)] = kind(kind(difference * wide) + low)


@jit
def count_places(places: NDArray[Any], at: int, length: int, cells: NDArray[np.uint32]) -> None:
    """Count the cells that places name."""
    for k in range(length):
        cells[places[np.uint64(at + k)]] += np.uint32(1)


@jit
def count_beside(
    image: NDArray[Any],
    d: int,
    pitch: int,
    places: NDArray[Any],
    cells: NDArray[np.uint32],
) -> None:
    """Count the pairs at the offset (0, d) in the first d rows, above which there are no pixels."""
    height, width = image.shape
    for r in range(min(d, height)):
        fold_run(image.ravel(), r * width, r * width + d, pitch, places, 0, width - d)
        count_places(places, 0, width - d, cells)


@jit
def count_folded(
    image: NDArray[Any],
    d: int,
    pitch: int,
    stride: int,
    places: NDArray[Any],
    cells: NDArray[np.uint32],
) -> None:
    """Add the pairs at the offsets (0, d), (-d, d), (-d, 0) and (-d, -d) to folded matrices.

    The image is C-contiguous. First come the places of some rows, which the compiler
    vectorises, then the counts; the four directions take turns, so that equal neighbours do not
    wait for another. ``places`` is room for one row or more of each direction, of a type that holds
    ``pitch * pitch``; where a row ends, some of them mean nothing and are not counted.
    """
    height, width = image.shape
    pixels, n, one = image.ravel(), max(0, width - d), np.uint32(1)
    east, north_east = cells[0:], cells[stride:]
    north, north_west = cells[2 * stride :], cells[3 * stride :]
    rows = places.size // (4 * width)
    second, third, fourth = rows * width, 2 * rows * width, 3 * rows * width
    count_beside(image, d, pitch, places, cells)
    for top in range(d, height, rows):
        here, above, lines = top * width, (top - d) * width, min(rows, height - top)
        length = lines * width - d
        fold_run(pixels, here, here + d, pitch, places, 0, length)
        fold_run(pixels, here, above + d, pitch, places, second, length)
        fold_run(pixels, here, above, pitch, places, third, lines * width)
        fold_run(pixels, here + d, above, pitch, places, fourth, length)
        for r in range(lines):
            first = r * width
            for k in range(first, first + n):
                east[places[np.uint64(k)]] += one
                north_east[places[np.uint64(second + k)]] += one
                north[places[np.uint64(third + k)]] += one
                north_west[places[np.uint64(fourth + k)]] += one
            count_places(places, third + first + n, width - n, north)


@jit
def triple_run(
    pixels: NDArray[Any],
    here: int,
    left: int,
    above: int,
    size: int,
    places: NDArray[Any],
    length: int,
) -> None:
    """Write the places of the triples of a pixel, the one to its left and the one above it."""
    kind = places.dtype.type
    wide = kind(size)
    for k in range(length):
        centre = kind(pixels[np.uint64(here + k)])
        west = kind(pixels[np.uint64(left + k)])
        north = kind(pixels[np.uint64(above + k)])
        pair = kind(kind(centre * wide) + west)
        places[np.uint64(k)] = kind(kind(pair * wide) + north)


@jit
def count_triples(
    image: NDArray[Any],
    d: int,
    size: int,
    pitch: int,
    stride: int,
    places: NDArray[Any],
    cells: NDArray[np.uint32],
    triples: NDArray[np.uint32],
) -> None:
    """Count as `count_folded` does for half the price, where ``size**3`` is small.

    A pixel, the one d to its left and the one d above it make three pairs, in the directions 0, 90
    and 45 degrees: a count of such triples, added up in three ways, stands for three counts.
    ``triples`` are ``size**3`` zeros, and are left as such.
    """
    height, width = image.shape
    pixels, n, one = image.ravel(), max(0, width - d), np.uint32(1)
    north, north_west = cells[2 * stride :], cells[3 * stride :]
    rows, half = places.size // (2 * width), n // 2
    other = rows * width
    count_beside(image, d, pitch, places, cells)
    for top in range(d, height, rows):
        here, above, lines = top * width, (top - d) * width, min(rows, height - top)
        length = lines * width - d
        triple_run(pixels, here + d, here, above + d, size, places, length)
        fold_run(pixels, here + d, above, pitch, places, other, length)
        for r in range(lines):
            first = r * width
            for k in range(first, first + half):
                triples[places[np.uint64(k)]] += one
                north_west[places[np.uint64(other + k)]] += one
                triples[places[np.uint64(k + half)]] += one
                north_west[places[np.uint64(other + k + half)]] += one
            count_places(places, first + 2 * half, n - 2 * half, triples)
            count_places(places, other + first + 2 * half, n - 2 * half, north_west)
            for k in range(first, first + width - n):
                north[fold(int(pixels[here + k]), int(pixels[above + k]), pitch)] += one
    add_triples(triples, size, pitch, stride, cells)


@jit
def add_triples(
    triples: NDArray[np.uint32], size: int, pitch: int, stride: int, cells: NDArray[np.uint32]
) -> None:
    """Add triples up to the pairs in three directions, and leave zeros behind."""
    above, across = np.zeros(size * size, np.uint32), np.zeros(size * size, np.uint32)
    for centre in range(size):
        for west in range(size):
            first = (centre * size + west) * size
            total = np.uint32(0)
            for north in range(size):
                total += triples[np.uint64(first + north)]
            if total == 0:
                continue
            cells[fold(centre, west, pitch)] += total
            for north in range(size):
                count = triples[np.uint64(first + north)]
                above[np.uint64(centre * size + north)] += count
                across[np.uint64(west * size + north)] += count
                triples[np.uint64(first + north)] = np.uint32(0)
    for i in range(size):
        for j in range(size):
            cells[2 * stride + fold(i, j, pitch)] += above[i * size + j]
            cells[stride + fold(i, j, pitch)] += across[i * size + j]


@jit
def fold(i: int, j: int, pitch: int) -> int:
    """Return the place of a pair in a folded matrix."""
    low, high = min(i, j), max(i, j)
    return (high - low) * pitch + low
