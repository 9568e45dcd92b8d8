"""Completed local binary patterns: signs and sizes of the differences to the centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.codes import label_uniform
from texturekit.kernels.sample_row import sample_row

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def mean_difference(
    grey: NDArray[np.float64],
    margin: int,
    corners: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    inside: NDArray[np.bool_],
) -> float:
    """Return the mean of |sample - centre| over all samples of the pixels inside, 0 of none.

    The outer ``margin`` pixels do not count.
    """
    width = grey.shape[1] - 2 * margin
    samples, sums, first, count = np.empty(width), np.zeros(width), np.uint64(margin), 0
    for r in range(margin, grey.shape[0] - margin):
        row = np.uint64(r)
        for c in range(np.uint64(width)):
            count += inside[row, first + c]
        for p in range(len(corners)):
            sample_row(grey, r, margin, corners, rows, cols, p, samples)
            for c in range(np.uint64(width)):
                size = abs(samples[c] - grey[row, first + c])
                sums[c] += size if inside[row, first + c] else 0.0
    return float(sums.sum() / max(1, count * len(corners)))


@jit
def completed_labels(
    grey: NDArray[np.float64],
    margin: int,
    corners: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    size: float,
    level: float,
    tie: float,
    labels: NDArray[np.int32],
) -> None:
    """Write ``(S * (P + 2) + M) * 2 + C`` of every pixel off the border into ``labels``.

    S and M are the uniform labels of ``sample - centre >= 0`` and ``|sample - centre| >= size``, C
    is ``centre >= level``; all three hold up to ``tie`` below.
    """
    points, width, first = len(corners), grey.shape[1] - 2 * margin, np.uint64(margin)
    samples, codes = np.empty(width), np.empty((2, width), np.int32)
    signs, sizes = np.empty(width, np.int32), np.empty(width, np.int32)
    for r in range(margin, grey.shape[0] - margin):
        row = np.uint64(r)
        codes[:] = 0
        for p in range(points):
            bit = np.int32(1 << p)
            sample_row(grey, r, margin, corners, rows, cols, p, samples)
            for c in range(np.uint64(width)):
                difference = samples[c] - grey[row, first + c]
                codes[0, c] |= bit * np.int32(difference >= -tie)
                codes[1, c] |= bit * np.int32(abs(difference) >= size - tie)
        label_uniform(codes[0], points, signs)
        label_uniform(codes[1], points, sizes)
        for c in range(np.uint64(width)):
            bright = np.int32(grey[row, first + c] >= level - tie)
            labels[row, first + c] = (signs[c] * (points + 2) + sizes[c]) * 2 + bright
