"""Statistics of the co-occurrence matrices of an image, without the matrices."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels.folded_correlation import correlate_folded
from texturekit.kernels.folded_pairs import BLOCK, GAP, count_folded, count_triples
from texturekit.kernels.folded_sums import LOOKED_UP, STATISTICS, sum_folded

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_KEPT = 2**20  # cells, 4 MB
MOST_IN_TRIPLES = 40  # levels whose triples are numbered in 16 bits
AT_A_TIME = 1024  # pixels whose pairs are numbered, and then counted


class _Zeros(threading.local):
    """Zeros that each thread lends out and gets back: fresh memory costs more than the counting."""

    kept: NDArray[np.uint32] | None = None

    def lend(self, number: int) -> NDArray[np.uint32]:
        """Return at least so many zeros, which are lost if they do not come back."""
        zeros, self.kept = self.kept, None
        return np.zeros(number, np.uint32) if zeros is None or zeros.size < number else zeros

    def take_back(self, zeros: NDArray[np.uint32]) -> None:
        """Keep what was lent, if it is not too much to keep."""
        if zeros.size <= MOST_KEPT:
            self.kept = zeros


_ZEROS = _Zeros()


def pair_statistics(
    packed: NDArray[Any],
    levels: int,
    distance: int,
    *,
    masked: bool = False,
    merge: bool = False,
    mcc: bool = False,
    single: float = 1.0,
    ignore_lowest: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Measure the symmetric co-occurrence matrices of four directions.

    Parameters
    ----------
    packed : (H, W) uint8 or uint16
        Levels, as by `texturekit.features.matrices.pack_levels`.
    levels : int
        Number of levels.
    distance : int
        Chebyshev distance in pixels, from 1 on.
    masked : bool
        Whether pixels outside the region have the level ``levels``.
    merge : bool
        Add the four matrices up before they are measured.
    mcc : bool
        Compute the maximal correlation coefficient too.
    single : float
        Its value for a matrix of a single level.
    ignore_lowest : bool
        Leave out the pairs with a pixel of level 0.

    Returns
    -------
    found : (4 or 1, statistics) float64
        `STATISTICS`, and the maximal correlation coefficient, of 0, 45, 90 and 135 degrees.
        Undefined where there is no pair.
    pairs : (4 or 1,) int64
        Pairs in each direction.
    """
    size = levels + masked
    pitch = -(-size // BLOCK) * BLOCK
    stride = 0 if merge else size * pitch + GAP
    room = 4 * (size * pitch + GAP)
    width = packed.shape[1]
    triples = size <= MOST_IN_TRIPLES and size**3 <= packed.size
    rows = max(1, AT_A_TIME // width)
    places = np.empty(4 * rows * width, np.uint16 if size <= 256 else np.uint32)
    cells = _ZEROS.lend(room + (size**3 if triples else 0))
    if triples:
        numbers = cells[room : room + size**3]
        count_triples(packed, distance, size, pitch, stride, places, cells, numbers)
    else:
        count_folded(packed, distance, pitch, stride, places, cells)
    directions = 1 if merge else 4
    if ignore_lowest:
        for k in range(directions):
            cells[k * stride : k * stride + size * pitch : pitch] = 0
    found = np.empty((directions, len(STATISTICS) + 1))
    if mcc:
        correlate_folded(cells, pitch, stride, levels, single, found)
    pairs = np.empty(directions, np.int64)
    differences = np.empty(levels, np.uint32)
    sum_folded(
        cells, size, pitch, stride, BLOCK, 4 * packed.size, LOOKED_UP, differences, pairs, found
    )
    _ZEROS.take_back(cells)
    return found, pairs
