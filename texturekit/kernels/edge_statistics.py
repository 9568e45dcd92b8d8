"""How the lengths of Sobel gradients are distributed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.sobel import add_up, fill_differences, fill_squares, rows_of_stripe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[Any]
    Row = NDArray[np.floating[Any]]

BANKS = 4  # neighbouring pixels often count the same bin, and would wait for each other


@jit(error_model="numpy", inline="always")
def add_powers(lengths: NDArray[np.float64], centre: float, lanes: NDArray[np.float64]) -> None:
    """Add the second to fourth powers of the distances from ``centre``."""
    quarter = np.uint64(lengths.size // 4)
    for i in range(quarter):
        j = i + quarter
        k = j + quarter
        m = k + quarter
        a, b = lengths[i] - centre, lengths[j] - centre
        d, e = lengths[k] - centre, lengths[m] - centre
        aa, bb, dd, ee = a * a, b * b, d * d, e * e
        lanes[0, i] += (aa + bb) + (dd + ee)
        lanes[1, i] += (a * aa + b * bb) + (d * dd + e * ee)
        lanes[2, i] += (aa * aa + bb * bb) + (dd * dd + ee * ee)


@jit(error_model="numpy")
def spread_lengths(
    image: Image,
    rows: Image,
    work: Row,
    inside: NDArray[np.bool_],
    mean: float,
    top: float,
    powers: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> None:
    """Fill the sums of the second to fourth powers about the mean, and a histogram.

    A length counts in bin ``int(length * bins / top)``, at most the last: with as many bins as a
    power of two, lengths that are a whole share of the largest are on the right side of an edge.
    The arguments up to ``work`` are those of `sum_gradients`.
    """
    x, y, squares = work[0], work[1], work[2]
    lengths, bins = np.empty(x.size), np.empty(x.size, np.int32)
    lanes = np.zeros((3, x.size // 4))
    banks = np.zeros((BANKS, counts.size), np.int32)
    last, many = np.int32(counts.size - 1), np.float64(counts.size)
    for first in range(0, image.shape[0] - 2, rows_of_stripe(image.shape[1] - 2)):
        n = fill_differences(image, inside, first, rows, x, y)
        fill_squares(x, y, squares)
        for c in range(x.size):
            lengths[c] = math.sqrt(np.float64(squares[c]))
            bins[c] = min(np.int32(lengths[c] * many / top), last)
        for c in range(np.uint64(n)):
            banks[c % np.uint64(BANKS), np.uint64(bins[c])] += 1
        lengths[n:] = mean
        add_powers(lengths, mean, lanes)
    for k in range(3):
        powers[k] = add_up(lanes[k])
    counts[:] = 0
    for bank in range(BANKS):
        for k in range(counts.size):
            counts[k] += banks[bank, k]


@jit(error_model="numpy")
def collect_squares(
    image: Image,
    rows: Image,
    work: Row,
    inside: NDArray[np.bool_],
    low: Row,
    high: Row,
    found: NDArray[np.float64],
) -> int:
    """Fill in the squared lengths that lie in one of three ranges; return how many there are.

    Range k is from ``low[k]`` up to but not including ``high[k]``. ``found`` is longer by one.
    """
    x, y, squares = work[0], work[1], work[2]
    near = np.zeros(x.size, np.uint8)
    eights = near.view(np.uint64)
    place = np.uint64(0)
    a, b, c, d, e, f = low[0], high[0], low[1], high[1], low[2], high[2]
    for first in range(0, image.shape[0] - 2, rows_of_stripe(image.shape[1] - 2)):
        n = fill_differences(image, inside, first, rows, x, y)
        fill_squares(x, y, squares)
        for p in range(x.size):
            q = squares[p]
            near[p] = ((q >= a) & (q < b)) | ((q >= c) & (q < d)) | ((q >= e) & (q < f))
        near[n:] = 0
        for k in range(np.uint64(eights.size)):
            if eights[k]:
                for p in range(k * np.uint64(8), k * np.uint64(8) + np.uint64(8)):
                    found[place] = squares[p]
                    place += np.uint64(near[p])
    return int(place)


@jit
def otsu(counts: NDArray[np.int64]) -> int:
    """Return the last bin of the lower class that maximises the variance between two classes."""
    total, weighted = 0.0, 0.0
    for k in range(counts.size):
        total += counts[k]
        weighted += k * counts[k]
    best, cut, below, below_weighted = 0.0, counts.size - 1, 0.0, 0.0
    for k in range(counts.size - 1):
        below += counts[k]
        below_weighted += k * counts[k]
        above = total - below
        if below > 0 and above > 0:
            apart = below_weighted / below - (weighted - below_weighted) / above
            between = below * above * apart * apart
            if between > best:
                best, cut = between, k
    return cut
