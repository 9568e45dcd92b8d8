"""Values into bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def assign_bins(
    values: NDArray[Any], edges: NDArray[np.float64], scale: float, bins: NDArray[Any]
) -> None:
    """Write for each value the k with ``edges[k] <= value < edges[k + 1]``, clipped to 0..n-1.

    A guess from ``scale`` (bins per unit) is moved until the edges agree, so that the result does
    not depend on how the guess was rounded.
    """
    top = edges.size - 2
    for n in range(values.size):
        value = np.float64(values[n])
        k = int(min(max((value - edges[0]) * scale, 0.0), np.float64(top)))
        while k > 0 and value < edges[k]:
            k -= 1
        while k < top and value >= edges[k + 1]:
            k += 1
        bins[n] = k


@njit(cache=True, nogil=True)
def look_up(values: NDArray[np.uint8], table: NDArray[Any], found: NDArray[Any]) -> None:
    """Write ``table[value]`` for each value."""
    for n in range(values.size):
        found[n] = table[values[n]]


@njit(cache=True, nogil=True)
def count_values(values: NDArray[Any], counts: NDArray[np.int64]) -> None:
    """Add to ``counts[value]`` each value."""
    for n in range(values.size):
        counts[values[n]] += 1
