"""From binary codes to labels and counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._inline import circular_changes, count_ones
from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def label_uniform(codes: NDArray[Any], points: int, labels: NDArray[np.int32]) -> None:
    """Write the number of ones where a code changes at most twice around the circle, else P + 1."""
    for i in range(codes.size):
        ones = count_ones(codes[i])
        labels[i] = ones if circular_changes(codes[i], points) <= 2 else points + 1


@jit
def label_nri_uniform(codes: NDArray[Any], points: int, labels: NDArray[np.int32]) -> None:
    """Write a label of its own for each code that changes at most twice, one for all the others."""
    full = (np.int64(1) << points) - 1
    for i in range(codes.size):
        code = np.int64(codes[i])
        ones = count_ones(code)
        # Where the run of ones starts: the zeros (or ones) below the lowest one (or zero).
        low_zeros = count_ones((code & -code) - 1)
        low_ones = count_ones((~code & (code + 1)) - 1)
        rotation = ones - low_ones if code & 1 else points - low_zeros
        label = np.int64(1 + (ones - 1) * points + rotation)
        label = np.int64(0) if code == 0 else label
        label = np.int64(points * (points - 1) + 1) if code == full else label
        uniform = circular_changes(code, points) <= 2
        labels[i] = label if uniform else points * (points - 1) + 2


@jit
def label_rotation(codes: NDArray[Any], points: int, labels: NDArray[np.int32]) -> None:
    """Write the smallest code that a rotation of the circle can give."""
    for i in range(codes.size):
        turned = np.int64(codes[i])
        least = turned
        for _ in range(points - 1):
            turned = (turned >> 1) | ((turned & 1) << (points - 1))
            least = min(least, turned)
        labels[i] = least


@jit
def look_up(codes: NDArray[Any], table: NDArray[Any], found: NDArray[Any]) -> None:
    """Write what stands in ``table`` at each code."""
    for i in range(np.uint64(codes.size)):
        found[i] = table[codes[i]]


@jit
def count_all(codes: NDArray[Any], margin: int, counts: NDArray[np.int64]) -> None:
    """Add to ``counts[k % 8, code]`` every pixel at least ``margin`` away from the border."""
    height, end = codes.shape[0], np.uint64(codes.shape[1] - margin)
    for r in range(margin, height - margin):
        # Eight banks, so that equal neighbours do not wait for each other's counter.
        row, c = np.uint64(r), np.uint64(margin)
        while c + np.uint64(7) < end:
            for k in range(8):
                counts[k, codes[row, c + np.uint64(k)]] += 1
            c += np.uint64(8)
        while c < end:
            counts[0, codes[row, c]] += 1
            c += np.uint64(1)


@jit
def count_inside(
    codes: NDArray[Any], margin: int, inside: NDArray[np.bool_], counts: NDArray[np.int64]
) -> None:
    """Like `count_all`, for the pixels with ``inside`` set."""
    height, width = codes.shape
    for r in range(margin, height - margin):
        for c in range(margin, width - margin):
            if inside[r, c]:
                counts[c & 7, codes[r, c]] += 1


@jit
def describe_counts(
    counts: NDArray[np.int64], labels: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    """Write the share of each bin, then mean, population variance, median and entropy in bits.

    ``labels`` are the values that the bins count, ascending; the median of an even number of
    pixels lies between the middle two.
    """
    bins, total, mean = counts.size, 0, 0.0
    for k in range(bins):
        total += counts[k]
    for k in range(bins):
        out[k] = counts[k] / total
        mean += out[k] * labels[k]
    variance, entropy, below, median = 0.0, 0.0, 0, 0.0
    for k in range(bins):
        if counts[k] > 0:
            variance += out[k] * (labels[k] - mean) ** 2
            entropy -= out[k] * np.log2(out[k])
            for place in ((total - 1) // 2, total // 2):
                if below <= place < below + counts[k]:
                    median += 0.5 * labels[k]
            below += counts[k]
    out[bins], out[bins + 1], out[bins + 2] = mean, variance, median
    out[bins + 3] = max(0.0, entropy)


@jit
def describe_banks(
    banks: NDArray[np.uint32],
    table: NDArray[np.uint16],
    labels: NDArray[np.int64],
    out: NDArray[np.float64],
) -> int:
    """Describe what banks of counters hold in all; return how many pixels, 0 for nothing written.

    The banks count codes, whose bins ``table`` gives, or bins where that is empty.
    """
    counts, total = np.zeros(labels.size, np.int64), 0
    for code in range(banks.shape[1]):
        found = 0
        for k in range(banks.shape[0]):
            found += int(banks[k, code])
        counts[table[code] if table.size > 0 else code] += found
        total += found
    if total > 0:
        describe_counts(counts, labels, out)
    return total
