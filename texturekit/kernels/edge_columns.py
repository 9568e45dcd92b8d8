"""The columns of the family ``sobel``, from the sums over all gradients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.edge_statistics import collect_squares, otsu, spread_lengths
from texturekit.kernels.sobel import add_up, sum_gradients

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[Any]
    Row = NDArray[np.floating[Any]]

FINE, BINS, COARSE, DIRECTIONS = 2048, 256, 32, 8
QUANTILES = (0.5, 0.1, 0.9)
ROUNDING = 1e-12


@jit(error_model="numpy")
def measure_edges(
    image: Image,
    rows: Image,
    work: Row,
    inside: NDArray[np.bool_],
    edges: NDArray[np.float64],
    values: NDArray[np.float64],
    places: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Fill the columns but for the three quantiles; return the squared lengths around those.

    ``places[k]`` is where the k-th quantile is in the sorted result, between two values where it
    is not whole. The other arguments are those of `sum_gradients`.
    """
    sums, turns = np.zeros(6), np.zeros(4)
    direction = np.zeros(DIRECTIONS + 1)
    sum_gradients(image, rows, work, inside, edges, DIRECTIONS, sums, direction, turns)
    count, top = sums[0], math.sqrt(sums[1])
    _fill_directions(sums, direction, turns, values)
    values[0], values[7], values[8] = sums[5] / count, top, sums[2] / count
    values[23], values[24] = sums[3] / count, sums[4] / count
    if top == 0:
        places[:] = 0
        return np.zeros(1)
    powers, counts = np.zeros(3), np.zeros(FINE, np.int64)
    spread_lengths(image, rows, work, inside, values[0], top, powers, counts)
    _fill_strength(powers, count, top, counts, values)
    low, high = np.zeros(3, work.dtype), np.zeros(3, work.dtype)
    found = np.empty(_find_ranges(counts, top, low, high, places) + 1)
    return found[: collect_squares(image, rows, work, inside, low, high, found)]


@jit(error_model="numpy")
def _fill_strength(
    powers: NDArray[np.float64],
    count: float,
    top: float,
    counts: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    second = powers[0] / count
    std = math.sqrt(second)
    if std > ROUNDING * top and second * second > 0:
        values[1] = std
        values[2] = powers[1] / count / (std * second)
        values[3] = powers[2] / count / (second * second) - 3
    bins, shares = np.zeros(BINS, np.int64), np.zeros(COARSE)
    for k in range(FINE):
        bins[k * BINS // FINE] += counts[k]
        shares[k * COARSE // FINE] += counts[k] / count
    values[9] = _entropy(shares)
    above = 0.0
    for k in range(otsu(bins) + 1, BINS):
        above += bins[k]
    values[10] = above / count


@jit(error_model="numpy")
def _fill_directions(
    sums: NDArray[np.float64],
    direction: NDArray[np.float64],
    turns: NDArray[np.float64],
    values: NDArray[np.float64],
) -> None:
    direction[0] += direction[DIRECTIONS]
    total = add_up(direction[:DIRECTIONS])
    for k in range(DIRECTIONS):
        values[11 + k] = direction[k] / total if total > 0 else 0.0
    values[19] = _entropy(values[11 : 11 + DIRECTIONS])
    cosine, sine = turns[2], 2 * turns[3]
    common = math.hypot(cosine, sine)
    if common > ROUNDING * total:
        values[20] = common / total if common < (1 - ROUNDING) * total else 1.0
        values[21], values[22] = cosine / common, sine / common
    half, apart = sums[2] / 2, math.hypot(turns[0] / 2, turns[1])
    values[25] = max(0.0, half - apart) / (half + apart) if half > 0 else 1.0


@jit(error_model="numpy")
def _entropy(shares: NDArray[np.float64]) -> float:
    bits = 0.0
    for share in shares:
        if share > 0:
            bits -= share * math.log2(share)
    return max(0.0, bits)


@jit(error_model="numpy")
def _first_of_bin(k: int, top: float, whole: bool) -> float:
    """Return the smallest (whole) squared length that counts in bin k or a later one."""
    square = (k * top / FINE) ** 2
    while square > 0 and int(math.sqrt(square) * FINE / top) >= k:
        square = np.nextafter(square, 0.0)
    while int(math.sqrt(square) * FINE / top) < k:
        square = np.nextafter(square, np.inf)
    return float(math.ceil(square)) if whole else square


@jit(error_model="numpy")
def _find_ranges(
    counts: NDArray[np.int64],
    top: float,
    low: Row,
    high: Row,
    places: NDArray[np.float64],
) -> int:
    """Fill the ranges of squares that hold the quantiles, and the quantiles' places in them.

    The number of squares in the ranges, which may overlap, is returned.
    """
    whole = low.itemsize == 4  # bytes, whose squares are
    total = 0
    for count in counts:
        total += count
    wanted = np.zeros(counts.size, np.bool_)
    for n in range(len(QUANTILES)):
        places[n] = QUANTILES[n] * (total - 1)
        rank, k, below = int(places[n]), 0, 0
        while below + counts[k] <= rank:
            below += counts[k]
            k += 1
        low[n] = _first_of_bin(k, top, whole)
        wanted[k] = True
        places[n] -= below
        while below + counts[k] <= min(rank + 1, total - 1):
            below += counts[k]
            k += 1
            wanted[k] = True
        high[n] = _first_of_bin(k + 1, top, whole) if k + 1 < counts.size else np.inf
    size = 0
    for k in range(counts.size):
        if wanted[k]:
            start = _first_of_bin(k, top, whole)
            for n in range(len(QUANTILES)):
                if low[n] > start:
                    places[n] += counts[k]
            size += counts[k]
    return size
