"""Histograms of oriented gradients: votes by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIRRORED = 1 << 16  # added to a code whose gradient points up right or down left
BANKS = 8  # neighbouring pixels often vote for the same bin, and would wait for each other


@jit(error_model="numpy")
def fill_codes(
    image: NDArray[np.uint8], r: int, down: NDArray[np.int16], codes: NDArray[np.int32]
) -> None:
    """Fill the codes of the differences between next and previous pixel, 0 at the ends, of a row.

    A code is the size of the difference down times 256, plus the size of that to the right, plus
    `MIRRORED` where one of them is negative.
    """
    height, width = image.shape
    one = np.uint64(1)
    last = np.uint64(width - 1)
    row = np.uint64(r)
    if 0 < r < height - 1:
        for c in range(width):
            down[c] = np.int16(image[row + one, c]) - np.int16(image[row - one, c])
    else:
        down[:] = 0
    for c in range(one, last):
        y = np.int32(down[c])
        x = np.int32(np.int16(np.int16(image[row, c + one]) - np.int16(image[row, c - one])))
        codes[c] = (abs(y) << 8) | abs(x) | (((x ^ y) & 0x8000) << 1)
    codes[0] = abs(np.int32(down[0])) << 8
    codes[last] = abs(np.int32(down[last])) << 8


@jit(error_model="numpy")
def vote_bytes(
    image: NDArray[np.uint8],
    lengths: NDArray[np.float64],
    bins: NDArray[np.uint8],
    cell_height: int,
    cell_width: int,
    votes: NDArray[np.float32],
) -> None:
    """Average the gradient lengths by cell and bin, added one by one in single precision.

    ``lengths`` (65536) and ``bins`` (131072) are by code, see `fill_codes`. A pixel of each cell
    of a row votes in turn: votes for one bin would wait for each other.
    """
    rows, cols, orientations = votes.shape
    down, codes = np.empty(image.shape[1], np.int16), np.empty(image.shape[1], np.int32)
    totals = np.empty(cols * orientations, np.float32)
    area = np.float32(cell_height * cell_width)
    step, stop = np.uint64(cell_width), np.uint64(cols * cell_width)
    for i in range(rows):
        totals[:] = 0
        for r in range(i * cell_height, (i + 1) * cell_height):
            fill_codes(image, r, down, codes)
            for start in range(np.uint64(cell_width)):
                first = np.uint64(0)
                for c in range(start, stop, step):
                    code = np.uint64(codes[c])
                    k = first + np.uint64(bins[code])
                    length = lengths[code & np.uint64(0xFFFF)]
                    totals[k] = np.float32(np.float64(totals[k]) + length)
                    first += np.uint64(orientations)
        for j in range(cols):
            for o in range(orientations):
                votes[i, j, o] = totals[j * orientations + o] / area


@jit(error_model="numpy")
def vote_bytes_in_grid(
    image: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    lengths: NDArray[np.float64],
    bins: NDArray[np.uint8],
    box: tuple[int, int, int, int],
    votes: NDArray[np.float64],
) -> None:
    """Average the gradient lengths of the pixels inside, by bin and by cell of a grid over ``box``.

    ``inside`` is (H, W), or (0, 0) for all of the box; ``box`` is top, left, height, width.
    """
    top, left, height, width = box
    rows, cols, orientations = votes.shape
    down, codes = np.empty(image.shape[1], np.int16), np.empty(image.shape[1], np.int32)
    banks = np.zeros((BANKS, cols, orientations))
    voters = np.zeros(cols, np.int64)
    for i in range(rows):
        banks[:] = 0
        voters[:] = 0
        for r in range(top - (-i * height // rows), top - (-(i + 1) * height // rows)):
            fill_codes(image, r, down, codes)
            for j in range(cols):
                first, end = -(-j * width // cols), -(-(j + 1) * width // cols)
                if inside.size == 0:
                    voters[j] += end - first
                for c in range(np.uint64(first), np.uint64(end)):
                    code = np.uint64(codes[c + np.uint64(left)])
                    length = lengths[code & np.uint64(0xFFFF)]
                    if inside.size:
                        votes_here = inside[r, c + np.uint64(left)]
                        voters[j] += votes_here
                        length = length if votes_here else 0.0
                    banks[c % np.uint64(BANKS), j, np.uint64(bins[code])] += length
        for j in range(cols):
            for o in range(orientations):
                for bank in range(BANKS):
                    votes[i, j, o] += banks[bank, j, o]
                votes[i, j, o] /= max(voters[j], 1)


@jit
def vote(
    lengths: NDArray[np.float64],
    bins: NDArray[np.int32],
    cell_height: int,
    cell_width: int,
    votes: NDArray[np.float32],
) -> None:
    """Average given lengths by cell and bin, added one by one in single precision.

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


@jit
def vote_in_grid(
    lengths: NDArray[np.float64],
    bins: NDArray[np.int32],
    inside: NDArray[np.bool_],
    box: tuple[int, int, int, int],
    votes: NDArray[np.float64],
) -> None:
    """Average given lengths of the pixels inside, by bin and by cell of a grid over ``box``.

    ``box`` is top, left, height, width. A bin of -1 (an angle of 180) counts as 0.
    """
    top, left, height, width = box
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
