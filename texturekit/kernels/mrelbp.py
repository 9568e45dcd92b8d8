"""Median filters, and patterns of the filtered images (MRELBP)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.codes import label_uniform
from texturekit.kernels.sample_row import sample_row

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def filter_median(
    padded: NDArray[Any], margin: int, side: int, bits: NDArray[Any], medians: NDArray[Any]
) -> None:
    """Write the median of the ``side`` x ``side`` window around each pixel.

    Pixel (r, c) stands at ``padded[r + margin, c + margin]``. The median's bits are found from the
    highest on: it has one if at most half of the window lies below the value with that bit set.
    ``bits`` are their values in descending order; windows hold at most 255 pixels.
    """
    width = np.uint64(medians.shape[1])
    start, half = margin - side // 2, np.uint8((side * side - 1) // 2)
    found, trial = np.empty(width, padded.dtype), np.empty(width, padded.dtype)
    below = np.empty(width, np.uint8)
    for r in range(np.uint64(medians.shape[0])):
        found[:] = 0
        for bit in bits:
            for c in range(width):
                trial[c] = found[c] | bit
                below[c] = 0
            for i in range(side):
                row = r + np.uint64(start + i)
                for j in range(0, side - 1, 2):  # by twos: the sums go through memory half as often
                    one, two = np.uint64(start + j), np.uint64(start + j + 1)
                    for c in range(width):
                        low = np.uint8(padded[row, one + c] < trial[c])
                        below[c] += np.uint8(low + np.uint8(padded[row, two + c] < trial[c]))
                last = np.uint64(start + side - 1)
                for c in range(width):
                    below[c] += np.uint8(padded[row, last + c] < trial[c])
            for c in range(width):
                found[c] |= bit * np.uint8(below[c] <= half)
        medians[r] = found


@jit
def robust_labels(
    centre: NDArray[np.float64],
    outer: NDArray[np.float64],
    outer_corners: NDArray[np.int64],
    outer_rows: NDArray[np.float64],
    outer_cols: NDArray[np.float64],
    inner: NDArray[np.float64],
    inner_corners: NDArray[np.int64],
    inner_rows: NDArray[np.float64],
    inner_cols: NDArray[np.float64],
    margin: int,
    level: float,
    tie: float,
    labels: NDArray[np.int32],
) -> None:
    """Write ``(CI * (P + 2) + NI) * (P + 2) + RD`` of every pixel off the border into ``labels``.

    CI is ``centre >= level``; NI and RD are the uniform labels of ``outer sample >= mean of the
    outer samples`` and ``outer sample >= inner sample``; all three hold up to ``tie`` below.
    """
    points, width, first = len(outer_corners), centre.shape[1] - 2 * margin, np.uint64(margin)
    samples, ring, means = np.empty(width), np.empty((points, width)), np.empty(width)
    codes, found = np.empty((2, width), np.int32), np.empty((2, width), np.int32)
    for r in range(margin, centre.shape[0] - margin):
        row = np.uint64(r)
        codes[:] = 0
        means[:] = 0
        for p in range(points):
            point, bit = np.uint64(p), np.int32(1 << p)
            sample_row(outer, r, margin, outer_corners, outer_rows, outer_cols, p, ring[p])
            sample_row(inner, r, margin, inner_corners, inner_rows, inner_cols, p, samples)
            for c in range(np.uint64(width)):
                means[c] += ring[point, c]
                codes[1, c] |= bit * np.int32(ring[point, c] - samples[c] >= -tie)
        for c in range(np.uint64(width)):
            means[c] /= points
        for p in range(points):
            point, bit = np.uint64(p), np.int32(1 << p)
            for c in range(np.uint64(width)):
                codes[0, c] |= bit * np.int32(ring[point, c] - means[c] >= -tie)
        label_uniform(codes[0], points, found[0])
        label_uniform(codes[1], points, found[1])
        for c in range(np.uint64(width)):
            bright = np.int32(centre[row, first + c] >= level - tie)
            label = (bright * (points + 2) + found[0, c]) * (points + 2) + found[1, c]
            labels[row, first + c] = label
