"""Local binary patterns of 8-bit images on the circle of 8 samples and radius 1, in integers.

With n and e the neighbours above and right of centre x, and d the one between them, the sample
between them is, in exact numbers and with t = 0.70711,

    x + t * ((1 - t) * (n + e - 2 * x) + t * (d - x))

so that its bit is the sign of ``29289 * along + 70711 * lift``, ``along = n + e - 2x`` and ``lift =
d - x``. 29289 and 70711 have no common factor, so in 8 bits the sum is 0 only where both are, and
otherwise far from it: the rounding of the peer's floating point cannot turn it. Where both are 0
that rounding decides, unless all four pixels are equal: then every rounding gives the centre
itself, for integers up to 65535 (``tests/kernels/test_neighbours.py`` looks at them all). Only the
few that are left are interpolated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._inline import lowest_place
from texturekit.kernels._jit import jit
from texturekit.kernels.samples import LANES, count_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

# floor(along * 27146 / 65536) = floor(along * 29289 / 70711) for all of -510..510.
SLOPE = np.int32(27146)


@jit
def count_neighbours(
    framed: NDArray[np.uint8],
    masked: bool,
    inside: NDArray[np.bool_],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    banks: NDArray[np.uint32],
) -> None:
    """Add the codes of all pixels but the outermost to ``banks``; see `count_row`."""
    height, width = framed.shape[0] - 2, framed.shape[1] - 2
    wide = (width + LANES - 1) // LANES * LANES
    lines, pulls = np.zeros((3, wide + 2), np.int16), np.empty((2, 4 * wide), np.int16)
    codes, doubts = np.empty(wide, np.uint8), np.empty(wide, np.uint8)
    words = doubts.view(np.uint64)
    queue = np.empty(wide // 8, np.int64)
    for r in range(-2, height):
        _load(framed, r + 2, lines)
        if r >= 0:
            _code_row(lines, r, width, pulls, codes, doubts)
            _settle_row(framed, r, rows, cols, codes, words, queue)
            count_row(codes, width, r, masked, inside, banks)


@jit
def code_neighbours(
    framed: NDArray[np.uint8],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    table: NDArray[Any],
    found: NDArray[Any],
) -> None:
    """Write what stands in ``table`` at the code of each pixel but the outermost."""
    height, width = found.shape
    wide = (width + LANES - 1) // LANES * LANES
    lines, pulls = np.zeros((3, wide + 2), np.int16), np.empty((2, 4 * wide), np.int16)
    codes, doubts = np.empty(wide, np.uint8), np.empty(wide, np.uint8)
    words = doubts.view(np.uint64)
    queue = np.empty(wide // 8, np.int64)
    for r in range(-2, height):
        _load(framed, r + 2, lines)
        if r >= 0:
            _code_row(lines, r, width, pulls, codes, doubts)
            _settle_row(framed, r, rows, cols, codes, words, queue)
            row = np.uint64(r)
            for c in range(np.uint64(width)):
                found[row, c] = table[codes[c]]


@jit(inline="always")
def _settle_row(
    framed: NDArray[np.uint8],
    row: int,
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    codes: NDArray[np.uint8],
    words: NDArray[np.uint64],
    queue: NDArray[np.int64],
) -> None:
    """Clear the bits of a row that are in doubt and whose samples are below the centre.

    ``words`` are the doubts of eight pixels each: most are 0.
    """
    count, one = 0, np.uint64(1)
    for k in range(words.size):
        queue[count] = k
        count += words[k] != 0
    for i in range(count):
        k = int(queue[i])
        left = np.int64(words[k])
        while left != 0:
            place = lowest_place(left)
            left &= left - 1
            c, corner = 8 * k + (place >> 3), place & 7
            point = np.uint64(2 * corner + 1)
            y, x = rows[point, np.uint64(row)], cols[point, np.uint64(c)]
            # Corners 0 and 1 lie above, 0 and 3 to the right.
            up = np.uint64(row + (corner >> 1))
            west = np.uint64(c + (1 ^ (corner & 1) ^ (corner >> 1)))
            top = (1 - x) * framed[up, west] + x * framed[up, west + one]
            bottom = (1 - x) * framed[up + one, west] + x * framed[up + one, west + one]
            sample = (1 - y) * top + y * bottom
            below = sample < framed[np.uint64(row) + one, np.uint64(c) + one]
            codes[c] ^= np.uint8(int(below) << (2 * corner + 1))


@jit(inline="always")
def _load(framed: NDArray[np.uint8], r: int, lines: NDArray[np.int16]) -> None:
    """Keep row r of the image, of which three are kept."""
    row, line = np.uint64(r), np.uint64(r % 3)
    for c in range(np.uint64(framed.shape[1])):
        lines[line, c] = framed[row, c]


@jit(inline="always")
def _code_row(
    lines: NDArray[np.int16],
    r: int,
    width: int,
    pulls: NDArray[np.int16],
    codes: NDArray[np.uint8],
    doubts: NDArray[np.uint8],
) -> None:
    """Write the codes of a row, and the bits of them that rounding decides.

    Loops over 16-bit buffers, for numba adds and multiplies in 64 bits and gives that up only
    between a load and a store.
    """
    wide, one, two = np.uint64(len(codes)), np.uint64(1), np.uint64(2)
    up, mid, down = np.uint64(r % 3), np.uint64((r + 1) % 3), np.uint64((r + 2) % 3)
    zero = np.uint8(0)
    first, second, third = wide, wide + wide, wide + wide + wide
    along, share = np.uint64(0), np.uint64(1)
    for c in range(wide):
        twice = lines[mid, c + one] + lines[mid, c + one]
        north, south = lines[up, c + one] - twice, lines[down, c + one] - twice
        east, west = lines[mid, c + two], lines[mid, c]
        pulls[along, c] = north + east
        pulls[along, c + first] = north + west
        pulls[along, c + second] = south + west
        pulls[along, c + third] = south + east
    for k in range(second + second):
        pulls[share, k] = np.int16((np.int32(pulls[along, k]) * SLOPE) >> 16)
    for c in range(wide):
        x = lines[mid, c + one]
        east, west = lines[mid, c + two], lines[mid, c]
        north, south = lines[up, c + one], lines[down, c + one]
        ne, nw = np.int16(lines[up, c + two] - x), np.int16(lines[up, c] - x)
        sw, se = np.int16(lines[down, c] - x), np.int16(lines[down, c + two] - x)
        # A shift by 15 leaves only the sign: -1 below 0.
        below = np.int16(np.int16(east - x) >> 15) & 1
        below |= np.int16(np.int16(ne + pulls[share, c]) >> 15) & 2
        below |= np.int16(np.int16(north - x) >> 15) & 4
        below |= np.int16(np.int16(nw + pulls[share, c + first]) >> 15) & 8
        below |= np.int16(np.int16(west - x) >> 15) & 16
        below |= np.int16(np.int16(sw + pulls[share, c + second]) >> 15) & 32
        below |= np.int16(np.int16(south - x) >> 15) & 64
        below |= np.int16(np.int16(se + pulls[share, c + third]) >> 15) & 128
        codes[c] = np.uint8(255 - below)
        doubt = np.uint8(1) if (ne | pulls[along, c]) == 0 and east != x else zero
        doubt |= np.uint8(2) if (nw | pulls[along, c + first]) == 0 and west != x else zero
        doubt |= np.uint8(4) if (sw | pulls[along, c + second]) == 0 and west != x else zero
        doubt |= np.uint8(8) if (se | pulls[along, c + third]) == 0 and east != x else zero
        doubts[c] = doubt
    for c in range(np.uint64(width), wide):
        doubts[c] = 0
