"""Local ternary patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.sample_row import sample_row

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def ternary_codes(
    grey: NDArray[np.float64],
    margin: int,
    corners: NDArray[np.int64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    threshold: float,
    weights: NDArray[Any],
    codes: NDArray[Any],
) -> None:
    """Add ``weights[p]`` to ``codes[0]`` where sample p is ``threshold`` or more above the centre.

    And to ``codes[1]`` where it is as far below. The outer ``margin`` pixels are left as they are.
    """
    samples = np.empty(grey.shape[1] - 2 * margin)
    first = np.uint64(margin)
    for r in range(margin, grey.shape[0] - margin):
        row = np.uint64(r)
        for p in range(len(corners)):
            weight = weights[p]
            sample_row(grey, r, margin, corners, rows, cols, p, samples)
            for c in range(np.uint64(samples.size)):
                difference = samples[c] - grey[row, first + c]
                codes[0, row, first + c] |= weight * (difference >= threshold)
                codes[1, row, first + c] |= weight * (difference <= -threshold)
