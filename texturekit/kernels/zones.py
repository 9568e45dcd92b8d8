"""Zones: connected pixels of equal grey level, their sizes and their distances to the edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.emphasis import add_size, finish

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOTHING = 65535  # beside the image: equal to no level


@jit
def compare_rows(
    row: NDArray[np.int32],
    above: NDArray[np.int32],
    labels: NDArray[np.int32],
    choice: NDArray[np.int32],
) -> None:
    """Compare each pixel of a row with its neighbours to the west and above.

    Rows have one entry more at either end. ``choice[0]`` becomes the label of an equal neighbour
    above, or 0. The others are -1 (all bits set) or 0: ``choice[1]`` where the western neighbour is
    equal, ``choice[2]`` where no neighbour is, ``choice[3]`` where two zones may meet, which only
    happens where the north-east is equal and the north is not: the others touch each other.
    """
    for c in range(row.size - 2):
        level = row[c + 1]
        west = np.int32(-np.int32(level == row[c]))
        north_west = np.int32(-np.int32(level == above[c]))
        north = np.int32(-np.int32(level == above[c + 1]))
        north_east = np.int32(-np.int32(level == above[c + 2]))
        label = labels[c + 2] & north_east
        label = (labels[c] & north_west) | (label & ~north_west)
        label = (labels[c + 1] & north) | (label & ~north)
        choice[0, c] = label
        choice[1, c] = west
        choice[2, c] = ~(west | north_west | north | north_east)
        choice[3, c] = north_east & ~north & (west | north_west)


@jit
def root(parents: NDArray[np.int32], label: int) -> int:
    """Return the label that stands for a label's zone, and shorten the way to it."""
    while parents[label] != label:
        parents[label] = parents[parents[label]]
        label = parents[label]
    return label


@jit
def label_row(
    row: NDArray[np.int32],
    choice: NDArray[np.int32],
    labels: NDArray[np.int32],
    parents: NDArray[np.int32],
    zone_levels: NDArray[np.uint16],
    meetings: NDArray[np.int32],
    last: int,
) -> tuple[int, int]:
    """Label a row as `compare_rows` chose; return the last label given, and the number of meetings.

    Nothing here is a branch, since in texture the processor would guess half of them wrong.
    """
    met = 0
    label = np.int32(0)
    newest = np.int32(last)
    for c in range(row.size - 2):
        k = np.uint64(c)
        fresh, west = choice[2, k], choice[1, k]
        new = np.uint64(newest + 1)
        parents[new] = newest + 1
        zone_levels[new] = row[np.uint64(c + 1)]
        newest = np.int32(newest - fresh)
        other = choice[0, k] | (newest & fresh)
        label = np.int32((label & west) | (other & ~west))
        labels[np.uint64(c + 1)] = label
        meetings[np.uint64(met)] = c
        met -= choice[3, k]
    return int(newest), met


@jit
def measure_row(
    labels: NDArray[np.int32], distances: NDArray[np.int32], values: NDArray[np.int32]
) -> None:
    """Add each pixel of a row to its label's size, or lower its label's distance to the pixel's."""
    if distances.size == 0:
        for c in range(labels.size - 2):
            values[np.uint64(labels[np.uint64(c + 1)])] += np.int32(1)
    else:
        for c in range(labels.size - 2):
            k = np.uint64(labels[np.uint64(c + 1)])
            values[k] = min(values[k], distances[np.uint64(c)])


@jit
def gather(
    parents: NDArray[np.int32],
    zone_levels: NDArray[np.uint16],
    values: NDArray[np.int32],
    labels: int,
    smallest: bool,
) -> int:
    """Join the labels of each zone, move the zones to the front, and return their number.

    A label's parent is smaller than the label: from the last label on, all children come first.
    """
    for label in range(labels - 1, -1, -1):
        parent = np.uint64(parents[label])
        if smallest:
            values[parent] = min(values[parent], values[label])
        else:
            values[parent] += values[label] & -np.int32(parents[label] != label)
    zones = 0
    for label in range(labels):
        zone_levels[zones] = zone_levels[label]
        values[zones] = values[label]
        zones += int(parents[label] == label)
    return zones


@jit
def measure_zones(
    image: NDArray[Any],
    distances: NDArray[np.int32],
    zone_levels: NDArray[np.uint16],
    values: NDArray[np.int32],
) -> int:
    """Write level and value of each 8-connected zone, and return the number of zones.

    The value is the least of the ``distances`` of the zone's pixels; its number of pixels where no
    distances are given (0, 0). The arrays have an entry more than the image has pixels.
    """
    height, width = image.shape
    parents = np.empty(height * width + 1, np.int32)
    row, above = np.full(width + 2, NOTHING, np.int32), np.full(width + 2, NOTHING, np.int32)
    labels, labels_above = np.zeros(width + 2, np.int32), np.zeros(width + 2, np.int32)
    choice, meetings = np.empty((4, width), np.int32), np.empty(width + 1, np.int32)
    smallest = distances.size > 0
    last = -1
    for r in range(height):
        for c in range(width):
            row[c + 1] = image[r, c]
        compare_rows(row, above, labels_above, choice)
        before = last
        last, met = label_row(row, choice, labels, parents, zone_levels, meetings, last)
        for k in range(met):
            c = meetings[k] + 1
            a, b = root(parents, labels[c]), root(parents, labels_above[c + 1])
            parents[max(a, b)] = min(a, b)
        values[before + 1 : last + 1] = np.int32(height + width) if smallest else np.int32(0)
        measure_row(labels, distances[r] if smallest else labels[:0], values)
        row, above = above, row
        labels, labels_above = labels_above, labels
    return gather(parents, zone_levels, values, last + 1, smallest)


@jit
def measure_distances(
    image: NDArray[Any], levels: int, masked: bool, distances: NDArray[np.int32]
) -> None:
    """Write the steps to the nearest pixel outside; one for a pixel at the border.

    Steps go to one of the four neighbours; outside are levels from ``levels`` on, and everything
    beyond the image.
    """
    height, width = image.shape
    if not masked:
        for r in range(height):
            near = np.int32(min(r + 1, height - r))
            for c in range(width):
                distances[r, c] = min(near, np.int32(min(c + 1, width - c)))
        return
    for r in range(height):
        for c in range(width):
            above = distances[r - 1, c] if r > 0 else np.int32(0)
            distances[r, c] = above + 1 if image[r, c] < levels else 0
    for r in range(height - 1, -1, -1):
        for c in range(width):
            below = distances[r + 1, c] if r + 1 < height else np.int32(0)
            distances[r, c] = min(distances[r, c], below + 1)
        steps = np.int32(0)
        for c in range(width):
            steps = min(np.int32(steps + 1), distances[r, c])
            distances[r, c] = steps
        steps = np.int32(0)
        for c in range(width - 1, -1, -1):
            steps = min(np.int32(steps + 1), distances[r, c])
            distances[r, c] = steps


@jit
def sort(keys: NDArray[np.int64]) -> None:
    """Sort in place: Shell's method, with Ciura's gaps. There are few large zones."""
    for gap in (1750, 701, 301, 132, 57, 23, 10, 4, 1):
        for k in range(gap, keys.size):
            key = keys[k]
            while k >= gap and keys[k - gap] > key:
                keys[k] = keys[k - gap]
                k -= gap
            keys[k] = key


@jit
def sum_zones(
    zone_levels: NDArray[np.uint16],
    values: NDArray[np.int32],
    levels: int,
    pixels: float,
    common: int,
    sums: NDArray[np.float64],
) -> None:
    """Write the values of `emphasis.SUMS`; zones of level ``levels`` lie outside, and do not count.

    Without ``pixels`` (0) the values are sizes, and add up to them.
    Values up to ``common`` are counted in a table; the others, which should be few, are listed and
    sorted.
    """
    table = np.zeros((common, levels + 1))
    large = np.empty(values.size, np.int64)
    listed = 0
    for k in range(values.size):
        if values[k] <= common:
            table[values[k] - 1, zone_levels[k]] += 1.0
        elif zone_levels[k] < levels:
            large[listed] = np.int64(values[k]) * NOTHING + zone_levels[k]
            listed += 1
    rows, totals = np.zeros((levels, 3)), np.zeros(7)
    for size in range(common):
        add_size(size + 1, table[size], rows, totals)
    keys = large[:listed]
    sort(keys)
    cells = np.zeros(levels)
    for k in range(listed):
        size = keys[k] // NOTHING
        cells[keys[k] % NOTHING] += 1.0
        if k + 1 == listed or keys[k + 1] // NOTHING != size:
            add_size(size, cells, rows, totals)
            cells[:] = 0.0
    finish(rows, totals, pixels if pixels > 0.0 else totals[3], sums)
