"""Local binary patterns together with the variance of their samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.codes import label_uniform
from texturekit.kernels.sample_row import sample_row

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def patterns_and_variances(
    grey: NDArray[np.float64],
    margin: int,
    corners: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    noise: float,
    labels: NDArray[np.int32],
    variances: NDArray[np.float64],
) -> None:
    """Write uniform labels and sample variances of the pixels ``margin`` or more off the border.

    The outputs are as much smaller than the image. Variances up to ``noise`` times the samples'
    mean square become 0.
    """
    points, width, first = len(corners), np.uint64(labels.shape[1]), np.uint64(margin)
    samples, codes = np.empty(labels.shape[1]), np.empty(labels.shape[1], np.int32)
    sums, squares = np.empty(labels.shape[1]), np.empty(labels.shape[1])
    for r in range(margin, grey.shape[0] - margin):
        row, k = np.uint64(r), np.uint64(r - margin)
        codes[:] = 0
        sums[:] = 0
        squares[:] = 0
        for p in range(points):
            bit = np.int32(1 << p)
            sample_row(grey, r, margin, corners, rows, cols, p, samples)
            for c in range(width):
                sample = samples[c]
                codes[c] |= bit * np.int32(sample - grey[row, first + c] >= 0)
                sums[c] += sample
                squares[c] += sample * sample
        label_uniform(codes, points, labels[k])
        for c in range(width):
            variance = (squares[c] - sums[c] * sums[c] / points) / points
            variances[k, c] = 0.0 if variance <= noise * (squares[c] / points) else variance


@jit
def count_by_variance(
    labels: NDArray[np.int32],
    variances: NDArray[np.float64],
    inside: NDArray[np.bool_],
    cuts: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> None:
    """Add to ``counts[label, k]`` each pixel inside whose variance reaches k of the cuts."""
    width = np.uint64(labels.shape[1])
    bins = np.empty(labels.shape[1], np.int32)
    for r in range(np.uint64(labels.shape[0])):
        bins[:] = 0
        for cut in cuts:
            for c in range(width):
                bins[c] += np.int32(variances[r, c] >= cut)
        for c in range(width):
            counts[labels[r, c], bins[c]] += inside[r, c]


@jit
def sum_variances(
    labels: NDArray[np.int32],
    variances: NDArray[np.float64],
    inside: NDArray[np.bool_],
    sums: NDArray[np.float64],
) -> None:
    """Add to ``sums[label]`` the variance of each pixel inside."""
    for r in range(labels.shape[0]):
        for c in range(labels.shape[1]):
            if inside[r, c]:
                sums[labels[r, c]] += variances[r, c]
