"""Grey values: counting them, and the statistics of their distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What `describe` writes first, in this order; then entropy, uniformity and the shares of the bins.
STATISTICS = (
    "mean",
    "variance",
    "skewness",
    "kurtosis",
    "median",
    "minimum",
    "maximum",
    "p10",
    "p90",
    "iqr",
    "range",
    "mad",
    "rmad",
    "medad",
    "cov",
    "qcod",
    "energy",
    "rms",
)

_BANKS = 8
_BLOCK = 1024
_TENTHS = np.array([0.10, 0.25, 0.50, 0.75, 0.90])


@jit
def tally_bytes(values: NDArray[np.uint8], x: NDArray[np.float64], n: NDArray[np.float64]) -> int:
    """Write the distinct values in rising order and their numbers; return how many there are.

    Neighbouring pixels count in banks of their own: equal ones need not wait for one another.
    """
    banks = np.zeros(_BANKS * 256, np.uint32)
    whole, one = values.size // _BANKS * _BANKS, np.uint32(1)
    for k in range(0, whole, _BANKS):
        for b in range(_BANKS):
            banks[np.uint64(256 * b) + np.uint64(values[np.uint64(k + b)])] += one
    for k in range(whole, values.size):
        banks[np.uint64(values[k])] += one
    found = 0
    for value in range(256):
        number = np.uint64(0)
        for b in range(_BANKS):
            number += np.uint64(banks[256 * b + value])
        if number > 0:
            x[found], n[found] = value, number
            found += 1
    return found


@jit
def count_words(values: NDArray[np.uint16], lowest: int, counts: NDArray[np.int64]) -> None:
    """Add each value to ``counts[value - lowest]``."""
    for k in range(values.size):
        counts[np.uint64(np.int64(values[np.uint64(k)]) - lowest)] += 1


@jit
def total(terms: NDArray[np.float64]) -> float:
    """Add up in eight lanes and in blocks: in the same order on every machine.

    Lanes are faster than one sum; blocks are short, since the terms are sorted and many small
    equal ones added to a large sum would be rounded the same way each time.
    """
    result = 0.0
    for start in range(0, terms.size, _BLOCK):
        lanes = np.zeros(8)
        end = min(start + _BLOCK, terms.size)
        whole = start + (end - start) // 8 * 8
        for k in range(start, whole, 8):
            for b in range(8):
                lanes[b] += terms[k + b]
        for k in range(whole, end):
            lanes[0] += terms[k]
        left = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
        result += left + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
    return float(result)


@jit
def distance(
    x: NDArray[np.float64], n: NDArray[np.float64], centre: float, terms: NDArray[np.float64]
) -> float:
    """Return the sum of the distances from a centre."""
    for k in range(x.size):
        terms[k] = n[k] * abs(x[k] - centre)
    return total(terms[: x.size])


@jit
def percentiles(
    x: NDArray[np.float64], n: NDArray[np.float64], number: float, found: NDArray[np.float64]
) -> None:
    """Write p10, p25, p50, p75 and p90, linear between order statistics, as numpy does."""
    k, end = 0, n[0]
    for q in range(5):
        position = _TENTHS[q] * (number - 1.0)
        below = np.floor(position)
        while end <= below:
            k += 1
            end += n[k]
        j, above_end = k, end
        while above_end <= min(below + 1.0, number - 1.0):
            j += 1
            above_end += n[j]
        found[q] = x[k] + (x[j] - x[k]) * (position - below)


@jit
def inner_deviation(
    x: NDArray[np.float64],
    n: NDArray[np.float64],
    low: float,
    high: float,
    terms: NDArray[np.float64],
) -> float:
    """Return the mean distance from their mean of the values low to high; 0 for one or none."""
    first, last = 0, x.size
    while first < last and x[first] < low:
        first += 1
    while last > first and x[last - 1] > high:
        last -= 1
    if first == last or x[first] == x[last - 1]:
        return 0.0
    inner, numbers = x[first:last], n[first:last]
    for k in range(inner.size):
        terms[k] = numbers[k] * inner[k]
    number = total(numbers)
    mean = total(terms[: inner.size]) / number
    return distance(inner, numbers, mean, terms) / number


@jit
def moments(
    x: NDArray[np.float64],
    n: NDArray[np.float64],
    number: float,
    terms: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write mean, variance, skewness and excess kurtosis.

    Of a single value exactly: a mean that is off by one bit would give any skewness.
    """
    out[0], out[1], out[2], out[3] = x[0], 0.0, 0.0, 0.0
    if x[0] == x[-1]:
        return
    for k in range(x.size):
        terms[k] = n[k] * x[k]
    mean = total(terms) / number
    for k in range(x.size):
        terms[k] = n[k] * (x[k] - mean)
    centre = mean + total(terms) / number  # the third moment shows what rounding did to the mean
    for k in range(x.size):
        terms[k] = n[k] * ((x[k] - centre) * (x[k] - centre))
    variance = total(terms) / number
    scale = 1.0 / np.sqrt(variance) if variance > 0.0 else np.inf
    for k in range(x.size):
        scaled = (x[k] - centre) * scale
        terms[k] = n[k] * (scaled * scaled * scaled)
    third = total(terms) / number
    for k in range(x.size):
        square = ((x[k] - centre) * scale) ** 2
        terms[k] = n[k] * (square * square)
    out[0], out[1], out[2], out[3] = mean, variance, third, total(terms) / number - 3.0


@jit
def share(
    x: NDArray[np.float64],
    n: NDArray[np.float64],
    number: float,
    edges: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write entropy in bits, uniformity, and the share of each bin.

    Bin k holds ``edges[k] <= x < edges[k + 1]``; the outer bins also what lies beyond them.
    """
    out[:] = 0.0
    k, top = 0, edges.size - 2
    for j in range(x.size):
        while k < top and x[j] >= edges[k + 1]:
            k += 1
        out[2 + k] += n[j]
    for k in range(2, 3 + top):
        if out[k] > 0.0:
            out[k] /= number
            out[0] -= out[k] * np.log2(out[k])
            out[1] += out[k] * out[k]
    out[0] = max(0.0, out[0])


@jit
def describe(
    x: NDArray[np.float64],
    n: NDArray[np.float64],
    edges: NDArray[np.float64],
    out: NDArray[np.float64],
) -> bool:
    """Write `STATISTICS`, entropy, uniformity and the shares of the bins; tell if all are finite.

    ``x`` are values in rising order, of which there are ``n`` each.
    """
    terms, tenths = np.empty(x.size), np.empty(5)
    number = total(n)
    moments(x, n, number, terms, out)
    percentiles(x, n, number, tenths)
    for k in range(x.size):
        terms[k] = n[k] * (x[k] * x[k])
    energy = total(terms)
    mean, spread, both = out[0], tenths[3] - tenths[1], tenths[3] + tenths[1]
    out[4], out[5], out[6] = tenths[2], x[0], x[-1]
    out[7], out[8], out[9], out[10] = tenths[0], tenths[4], spread, x[-1] - x[0]
    out[11] = distance(x, n, mean, terms) / number
    out[12] = inner_deviation(x, n, tenths[0], tenths[4], terms)
    out[13] = distance(x, n, tenths[2], terms) / number
    out[14] = np.sqrt(out[1]) / mean if mean != 0.0 else 0.0
    out[15] = spread / both if both != 0.0 else 0.0
    out[16], out[17] = energy, np.sqrt(energy / number)
    share(x, n, number, edges, out[18:])
    return bool(np.isfinite(out[:18]).all())
