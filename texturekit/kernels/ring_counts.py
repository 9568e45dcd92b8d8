"""Counts and images of the codes of `texturekit.kernels.ring_codes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.codes import describe_counts
from texturekit.kernels.ring_codes import (
    bound_deviations,
    bound_means,
    bound_medians,
    leave_spans,
    reach_bounds,
    reach_centres,
    round_deviations,
    sum_windows,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEAN, VARIANCE, MEDIAN = 0, 1, 2
CODES = 256  # of eight bits; those with the centre's bit stand behind them
_RUN = 2048  # pixels at a time, whose sums and codes stay in the nearest cache


@jit
def code_bytes(
    grey: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    statistics: NDArray[np.int64],
    counts: NDArray[np.uint32],
    planes: NDArray[np.int32],
) -> None:
    """Count the codes of the pixels off the border, and write them all.

    ``statistics`` are MEAN, VARIANCE and MEDIAN in any order. Of statistic k, ``counts[k, bank,
    code]`` sums up over its four banks; with more than 256 codes, the centre's bit (of mean and
    median) is the ninth. ``planes[k]`` has the image's shape, or no element and is not written.
    With pixels in ``inside``, only those are counted.
    """
    room = _rows(grey) * grey.shape[1]
    work = (
        np.empty(room, np.uint16),
        np.empty(room, np.uint16),
        np.empty(room, np.uint16),
        np.empty(room, np.int32),
        np.empty(room, np.float32),
        np.empty((3, room), np.uint8),
        np.empty(room, np.uint8),
        np.empty(room, np.uint8),
    )
    _code_rows(grey, inside, statistics, work, counts, planes)


@jit
def code_words(
    grey: NDArray[np.uint16],
    inside: NDArray[np.bool_],
    statistics: NDArray[np.int64],
    counts: NDArray[np.uint32],
    planes: NDArray[np.int32],
) -> None:
    """Like `code_bytes`, of 16-bit images."""
    room = _rows(grey) * grey.shape[1]
    work = (
        np.empty(room, np.uint32),
        np.empty(room, np.uint32),
        np.empty(room, np.uint32),
        np.empty(room, np.int64),
        np.empty(room, np.float64),
        np.empty((3, room), np.uint16),
        np.empty(room, np.uint16),
        np.empty(room, np.uint16),
    )
    _code_rows(grey, inside, statistics, work, counts, planes)


@jit(inline="always")
def _rows(grey: NDArray[Any]) -> int:
    """Return how many rows to take at a time."""
    return int(max(1, min(grey.shape[0], _RUN // grey.shape[1])))


@jit(inline="always")
def _code_rows(
    grey: NDArray[Any],
    inside: NDArray[np.bool_],
    statistics: NDArray[np.int64],
    work: tuple[NDArray[Any], ...],
    counts: NDArray[np.uint32],
    planes: NDArray[np.int32],
) -> None:
    pixels, width = grey.ravel(), np.uint64(grey.shape[1])
    columns, sums, roots, squares, spreads, ordered, bounds, spans = work
    codes, centres = np.empty(bounds.size, np.uint8), np.zeros(bounds.size, np.uint8)
    last, step = grey.shape[0] - 2, _rows(grey)
    for row in range(0, last, step):
        rows = min(step, last - row)
        start, size = np.uint64(row) * width, np.uint64(rows) * width - np.uint64(2)
        if statistics.min() < MEDIAN:
            sum_windows(pixels, start, width, size, columns, sums)
        for k in range(statistics.size):
            if statistics[k] == VARIANCE:
                round_deviations(pixels, start, width, size, sums, squares, spreads, roots)
                bound_deviations(sums, roots, size, bounds, spans)
                leave_spans(pixels, start, width, size, bounds, spans, codes)
            else:
                if statistics[k] == MEAN:
                    bound_means(sums, size, bounds)
                else:
                    bound_medians(pixels, start, width, size, ordered, bounds)
                reach_bounds(pixels, start, width, size, bounds, codes)
                if counts.shape[2] > CODES:
                    reach_centres(pixels, start + width + np.uint64(1), size, bounds, centres)
            for i in range(rows):
                r = np.uint64(row + i)
                first = np.uint64(i) * width
                if counts.shape[2] > CODES or inside.size > 0:
                    _count_inside(codes, centres, first, width, inside, r, counts[k])
                else:
                    _count_row(codes, first, width, counts[k])
                if planes.size > 0:
                    _write_row(codes, centres, first, planes[k], r)


@jit(inline="always")
def _count_row(
    codes: NDArray[np.uint8], first: np.uint64, width: np.uint64, counts: NDArray[np.uint32]
) -> None:
    """Count into four banks, so that equal neighbours do not wait for each other's counter."""
    one, last = np.uint32(1), first + width - np.uint64(2)
    c = first
    while c + np.uint64(4) <= last:
        counts[np.uint64(0), codes[c]] += one
        counts[np.uint64(1), codes[c + np.uint64(1)]] += one
        counts[np.uint64(2), codes[c + np.uint64(2)]] += one
        counts[np.uint64(3), codes[c + np.uint64(3)]] += one
        c += np.uint64(4)
    while c < last:
        counts[np.uint64(0), codes[c]] += one
        c += np.uint64(1)


@jit
def _count_inside(
    codes: NDArray[np.uint8],
    centres: NDArray[np.uint8],
    first: np.uint64,
    width: np.uint64,
    inside: NDArray[np.bool_],
    row: np.uint64,
    counts: NDArray[np.uint32],
) -> None:
    """Like `_count_row`, with the centre's bit, and of the pixels inside if there are such."""
    one, inner = np.uint64(1), width - np.uint64(2)
    if inside.size > 0:
        some = False
        for c in range(inner):
            some |= inside[row + one, c + one]
        if not some:
            return
    for c in range(inner):
        code = np.uint64(codes[first + c]) + np.uint64(centres[first + c]) * np.uint64(CODES)
        more = np.uint32(inside[row + one, c + one]) if inside.size > 0 else np.uint32(1)
        counts[c & np.uint64(3), code] += more


@jit(inline="always")
def _write_row(
    codes: NDArray[np.uint8],
    centres: NDArray[np.uint8],
    first: np.uint64,
    plane: NDArray[np.int32],
    row: np.uint64,
) -> None:
    one = np.uint64(1)
    for c in range(np.uint64(plane.shape[1]) - np.uint64(2)):
        code = np.int32(codes[first + c]) + np.int32(centres[first + c]) * np.int32(CODES)
        plane[row + one, c + one] = code


@jit
def describe_banks(
    counts: NDArray[np.uint32],
    bin_of: NDArray[np.int64],
    labels: NDArray[np.int64],
    out: NDArray[np.float64],
) -> int:
    """Describe the bins that codes fall into, a histogram a row; return how many pixels one has."""
    found, total = np.empty(labels.size, np.int64), 0
    for k in range(counts.shape[0]):
        found[:] = 0
        for code in range(bin_of.size):
            for bank in range(counts.shape[1]):
                found[bin_of[code]] += counts[k, bank, code]
        total = found.sum()
        if total > 0:
            describe_counts(found, labels, out[k])
    return total
