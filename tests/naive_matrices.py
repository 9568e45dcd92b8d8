"""Slow and obvious: matrices of runs, zones, dependences and differences, and their statistics."""

import math

import numpy as np

STEPS = ((0, 1), (-1, 1), (-1, 0), (-1, -1))  # 0, 45, 90 and 135 degrees


def _inside(image, mask, r, c):
    height, width = image.shape
    return 0 <= r < height and 0 <= c < width and (mask is None or bool(mask[r, c]))


def _pixels(image, mask):
    return [(r, c) for r, c in np.ndindex(image.shape) if _inside(image, mask, r, c)]


def _around(image, mask, r, c, distance):
    return [
        image[y, x]
        for y in range(r - distance, r + distance + 1)
        for x in range(c - distance, c + distance + 1)
        if (y, x) != (r, c) and _inside(image, mask, y, x)
    ]


def run_lengths(image, step, levels, mask=None):
    """(levels, longest) counts of maximal runs along a step of rows and columns."""
    counts = np.zeros((levels, max(image.shape)))
    dr, dc = step
    for r, c in _pixels(image, mask):
        if _inside(image, mask, r - dr, c - dc) and image[r - dr, c - dc] == image[r, c]:
            continue
        length = 1
        while (
            _inside(image, mask, r + length * dr, c + length * dc)
            and image[r + length * dr, c + length * dc] == image[r, c]
        ):
            length += 1
        counts[image[r, c], length - 1] += 1
    return counts


def zones(image, mask=None):
    """List of (level, pixels) of the 8-connected zones, by flooding."""
    left = set(_pixels(image, mask))
    found = []
    while left:
        first = left.pop()
        zone, edge = [first], [first]
        while edge:
            r, c = edge.pop()
            near = {(r + i, c + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            for pixel in near:
                if image[pixel] == image[first]:
                    left.remove(pixel)
                    zone.append(pixel)
                    edge.append(pixel)
        found.append((int(image[first]), zone))
    return found


def size_zones(image, levels, mask=None):
    counts = np.zeros((levels, image.size))
    for level, zone in zones(image, mask):
        counts[level, len(zone) - 1] += 1
    return counts


def distance(image, mask, r, c):
    """Steps out of the region: the smallest city-block distance to a place that is not inside."""
    height, width = image.shape
    return min(
        abs(y - r) + abs(x - c)
        for y in range(-1, height + 1)
        for x in range(-1, width + 1)
        if not _inside(image, mask, y, x)
    )


def distance_zones(image, levels, mask=None):
    counts = np.zeros((levels, (min(image.shape) + 1) // 2))
    for level, zone in zones(image, mask):
        counts[level, min(distance(image, mask, r, c) for r, c in zone) - 1] += 1
    return counts


def dependences(image, levels, mask=None, distance=1, alpha=0):
    counts = np.zeros((levels, (2 * distance + 1) ** 2))
    for r, c in _pixels(image, mask):
        level = int(image[r, c])
        near = [n for n in _around(image, mask, r, c, distance) if abs(int(n) - level) <= alpha]
        counts[level, len(near)] += 1  # column 0 is dependence 1: the pixel itself
    return counts


def differences(image, levels, mask=None, distance=1, isolated=False):
    matrix = np.zeros((levels, 2))
    for r, c in _pixels(image, mask):
        level = int(image[r, c])
        near = _around(image, mask, r, c, distance)
        if near or isolated:
            matrix[level] += 1, abs(level - np.mean(near)) if near else 0
    return matrix


def entropy(p):
    p = p[p > 0]
    return -(p * np.log2(p)).sum()


def emphasis(matrix, pixels):
    """The 17 statistics of a matrix (levels, sizes), in the order of the kernel."""
    i, j = np.mgrid[1 : matrix.shape[0] + 1, 1 : matrix.shape[1] + 1].astype(float)
    number = matrix.sum()
    p = matrix / number
    by_level, by_size = matrix.sum(1), matrix.sum(0)
    return [
        (p / j**2).sum(),
        (p * j**2).sum(),
        (p / i**2).sum(),
        (p * i**2).sum(),
        (p / (i**2 * j**2)).sum(),
        (p * i**2 / j**2).sum(),
        (p * j**2 / i**2).sum(),
        (p * i**2 * j**2).sum(),
        (by_level**2).sum() / number,
        (by_level**2).sum() / number**2,
        (by_size**2).sum() / number,
        (by_size**2).sum() / number**2,
        number / pixels,
        (p * (i - (p * i).sum()) ** 2).sum(),
        (p * (j - (p * j).sum()) ** 2).sum(),
        entropy(p),
        (p**2).sum(),
    ]


def ngtdm(matrix):
    """The 5 statistics of (levels, 2) numbers and differences, of two levels or more."""
    level = np.arange(1.0, len(matrix) + 1)
    n, s = matrix.T
    p = n / n.sum()
    used = [k for k in range(len(p)) if p[k] > 0]
    pairs = [(a, b) for a in used for b in used]
    coarse = sum(p[a] * s[a] for a in used)
    return {
        "coarseness": 1 / coarse,
        "contrast": sum(p[a] * p[b] * (level[a] - level[b]) ** 2 for a, b in pairs)
        / (len(used) * (len(used) - 1))
        * s.sum()
        / n.sum(),
        "busyness": coarse / sum(abs(level[a] * p[a] - level[b] * p[b]) for a, b in pairs),
        "complexity": sum(
            abs(level[a] - level[b]) * (p[a] * s[a] + p[b] * s[b]) / (p[a] + p[b]) for a, b in pairs
        )
        / n.sum(),
        "strength": math.fsum((p[a] + p[b]) * (level[a] - level[b]) ** 2 for a, b in pairs)
        / s.sum(),
    }
