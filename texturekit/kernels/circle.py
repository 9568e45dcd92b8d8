"""Local binary patterns of any image on any circle, in skimage's order of operations.

Samples whose columns have the same fraction share its interpolation along the rows: ``(1 - x) *
left + x * right`` of each row is made once, and kept for as long as a sample may want it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.samples import LANES, aligned_rows, count_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOWEST = -np.finfo(np.float64).max


@jit
def code_circle(
    framed: NDArray[Any],
    margin: int,
    corners: NDArray[np.int64],
    pixels: NDArray[np.int64],
    between: NDArray[np.int64],
    slide_of: NDArray[np.int64],
    spans: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    slack: float,
    weights: NDArray[Any],
    found: NDArray[Any],
) -> None:
    """Write ``sum_p weights[p] * [sample p >= centre - slack]`` of every pixel into ``found``.

    ``pixels`` are the samples that are pixels, ``between`` the others; they are taken two at a
    time, so an odd one stands twice. Sample p is interpolated along the rows by slide
    ``slide_of[p]``; slide j lies between ``spans[j, 0]`` and ``spans[j, 1]`` columns from the
    pixel, at the fraction ``cols[j, c]``. See `texturekit.kernels.samples` for the rest.
    """
    height, width = found.shape
    wide = (width + LANES - 1) // LANES * LANES
    depth = 2 * margin + 1
    lines, low = np.zeros((depth, wide + 2 * margin)), np.empty(wide)
    slides, shares = aligned_rows(len(spans) * depth, wide), aligned_rows(2 * len(spans), wide)
    codes = np.zeros(wide, found.dtype)
    _share(cols, shares)
    for f in range(height + 2 * margin):
        _slide_row(framed, margin, f, spans, shares, lines, slides)
        r = f - 2 * margin
        if r >= 0:
            _code_row(
                margin, r, corners, pixels, between, slide_of, rows, slack, weights, lines, slides,
                low, codes,
            )  # fmt: skip
            row = np.uint64(r)
            for c in range(np.uint64(width)):
                found[row, c] = codes[c]


@jit
def count_circle(
    framed: NDArray[Any],
    margin: int,
    masked: bool,
    inside: NDArray[np.bool_],
    corners: NDArray[np.int64],
    pixels: NDArray[np.int64],
    between: NDArray[np.int64],
    slide_of: NDArray[np.int64],
    spans: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    slack: float,
    weights: NDArray[np.int32],
    table: NDArray[np.uint16],
    banks: NDArray[np.uint32],
) -> None:
    """Add the labels of all pixels but the outer ``margin`` to ``banks``; see `count_row`.

    The label of a code is its place in ``table``; where that is empty, codes are labelled as by
    `texturekit.kernels.codes.label_uniform`.
    """
    height, width = framed.shape[0] - 2 * margin, framed.shape[1] - 2 * margin
    wide = (width + LANES - 1) // LANES * LANES
    depth = 2 * margin + 1
    lines, low = np.zeros((depth, wide + 2 * margin)), np.empty(wide)
    slides, shares = aligned_rows(len(spans) * depth, wide), aligned_rows(2 * len(spans), wide)
    codes, labels = np.zeros(wide, np.int32), np.empty(wide, np.uint16)
    _share(cols, shares)
    for f in range(height + 2 * margin):
        _slide_row(framed, margin, f, spans, shares, lines, slides)
        r = f - 2 * margin
        if r >= 0:
            _code_row(
                margin, r, corners, pixels, between, slide_of, rows, slack, weights, lines, slides,
                low, codes,
            )  # fmt: skip
            if table.size == 0:
                _label_row(codes, len(weights), labels)
            else:
                for c in range(np.uint64(width)):
                    labels[c] = table[codes[c]]
            count_row(labels, width, r, masked, inside, banks)


@jit
def _share(cols: NDArray[np.float64], shares: NDArray[np.float64]) -> None:
    """Keep what the left and the right pixel of each slide weigh."""
    count, width = cols.shape
    for j in range(count):
        for c in range(width):
            shares[2 * j, c] = 1 - cols[j, c]
            shares[2 * j + 1, c] = cols[j, c]


@jit
def _slide_row(
    framed: NDArray[Any],
    margin: int,
    f: int,
    spans: NDArray[np.int64],
    shares: NDArray[np.float64],
    lines: NDArray[np.float64],
    slides: NDArray[np.float64],
) -> None:
    """Keep row f of the image, and its slides, in the place of the oldest."""
    depth, wide = np.uint64(len(lines)), np.uint64(slides.shape[1])
    source, line = np.uint64(f), np.uint64(f) % depth
    for c in range(np.uint64(framed.shape[1])):
        lines[line, c] = framed[source, c]
    for j in range(np.uint64(len(spans))):
        left, right = np.uint64(margin + spans[j, 0]), np.uint64(margin + spans[j, 1])
        slide, one, other = j * depth + line, j + j, j + j + np.uint64(1)
        for c in range(wide):
            slides[slide, c] = (
                shares[one, c] * lines[line, c + left] + shares[other, c] * lines[line, c + right]
            )


@jit
def _code_row(
    margin: int,
    r: int,
    corners: NDArray[np.int64],
    pixels: NDArray[np.int64],
    between: NDArray[np.int64],
    slide_of: NDArray[np.int64],
    rows: NDArray[np.float64],
    slack: float,
    weights: NDArray[Any],
    lines: NDArray[np.float64],
    slides: NDArray[np.float64],
    low: NDArray[np.float64],
    codes: NDArray[Any],
) -> None:
    """Write the codes of a row whose lines and slides are at hand."""
    depth, wide, middle = len(lines), np.uint64(len(codes)), np.uint64(margin)
    first = r % depth
    line = np.uint64(_place(first + margin, depth))
    for c in range(wide):
        centre = lines[line, c + middle]
        # The peer asks for sample - centre >= 0, which no sample has where the centre is infinite,
        # and all finite ones where it is minus infinity.
        least = centre - slack if centre != np.inf else np.nan
        low[c] = least if centre != -np.inf else _LOWEST
        codes[c] = 0
    zero = codes.dtype.type(0)
    for k in range(0, len(pixels), 2):
        p, q = pixels[k], pixels[k + 1]
        one, other = weights[p], weights[q]
        row = np.uint64(_place(first + margin + corners[p, 0], depth))
        next_row = np.uint64(_place(first + margin + corners[q, 0], depth))
        col, next_col = np.uint64(margin + corners[p, 2]), np.uint64(margin + corners[q, 2])
        for c in range(wide):
            codes[c] |= (one if lines[row, c + col] >= low[c] else zero) | (
                other if lines[next_row, c + next_col] >= low[c] else zero
            )
    for k in range(0, len(between), 2):
        p, q = between[k], between[k + 1]
        one, other = weights[p], weights[q]
        y, next_y = rows[p, r], rows[q, r]
        rest, next_rest = 1 - y, 1 - next_y
        start, next_start = slide_of[p] * depth, slide_of[q] * depth
        above = np.uint64(start + _place(first + margin + corners[p, 0], depth))
        below = np.uint64(start + _place(first + margin + corners[p, 1], depth))
        next_above = np.uint64(next_start + _place(first + margin + corners[q, 0], depth))
        next_below = np.uint64(next_start + _place(first + margin + corners[q, 1], depth))
        for c in range(wide):
            sample = rest * slides[above, c] + y * slides[below, c]
            next_sample = next_rest * slides[next_above, c] + next_y * slides[next_below, c]
            codes[c] |= (one if sample >= low[c] else zero) | (
                other if next_sample >= low[c] else zero
            )


@jit
def _place(f: int, depth: int) -> int:
    """Return which of ``depth`` places holds a row, counted from one that place 0 holds."""
    return f - depth if f >= depth else f


@jit
def _label_row(codes: NDArray[np.int32], points: int, labels: NDArray[np.uint16]) -> None:
    """Write the uniform labels of a row, in 32 bits throughout."""
    last, one, two, four = np.uint32(points - 1), np.uint32(1), np.uint32(2), np.uint32(4)
    eight, sixteen = np.uint32(8), np.uint32(16)
    odd, pairs, nibbles = np.uint32(0x55555555), np.uint32(0x33333333), np.uint32(0x0F0F0F0F)
    other = np.uint16(points + 1)
    for c in range(np.uint64(len(codes))):
        code = np.uint32(codes[c])
        turned = np.uint32((code >> one) | np.uint32(np.uint32(code & one) << last))
        changes = np.uint32(code ^ turned)
        changes = np.uint32(changes & np.uint32(changes - np.uint32(changes != 0)))
        changes = np.uint32(changes & np.uint32(changes - np.uint32(changes != 0)))
        ones = np.uint32(code - np.uint32((code >> one) & odd))
        ones = np.uint32(np.uint32(ones & pairs) + np.uint32((ones >> two) & pairs))
        ones = np.uint32(np.uint32(ones + np.uint32(ones >> four)) & nibbles)
        ones = np.uint32(ones + np.uint32(ones >> eight))
        ones = np.uint32(np.uint32(ones + np.uint32(ones >> sixteen)) & np.uint32(63))
        labels[c] = np.uint16(ones) if changes == 0 else other
