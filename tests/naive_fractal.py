"""Slow, obvious fractal dimensions and lacunarity, and surfaces whose dimension is known."""

import math

import numpy as np


def fractional_surface(side, hurst, rng, oversampling=4):
    """Return a fractional Brownian surface, of dimension 3 - hurst, by spectral synthesis.

    Every fourth pixel of a surface four times as wide, since a surface without frequencies above
    the pixel grid's would be too smooth; and a quarter of that, since the whole is periodic.
    """
    full = 2 * side * oversampling
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(full), np.fft.fftfreq(full)))
    frequency[0, 0] = np.inf
    spectrum = np.fft.fft2(rng.normal(size=(full, full))) * frequency ** -(hurst + 1)
    surface = np.fft.ifft2(spectrum).real
    return surface[: side * oversampling : oversampling, : side * oversampling : oversampling]


def scaled(image, mask):
    """Return the region's box with its values brought to 0..1, and which pixels are inside."""
    rows, cols = np.nonzero(mask)
    box = slice(rows.min(), rows.max() + 1), slice(cols.min(), cols.max() + 1)
    values, inside = np.asarray(image, float)[box], np.asarray(mask, bool)[box]
    low, high = values[inside].min(), values[inside].max()
    return (values - low) / (high - low), inside


def line(x, y):
    """Return 2 less the slope of y over x, clipped to 2..3, and the root mean square residual."""
    line = np.polyfit(x, y, 1)
    return min(max(2 - line[0], 2), 3), np.sqrt(np.mean((np.polyval(line, x) - y) ** 2))


def box_dimension(image, mask):
    z, inside = scaled(image, mask)
    side, points, r = min(z.shape), [], 2
    while r <= max(4, side // 2):
        numbers = []
        for i in range(0, z.shape[0] - r + 1, r):
            for j in range(0, z.shape[1] - r + 1, r):
                block = (slice(i, i + r), slice(j, j + r))
                if inside[block].all():
                    # The highest value of all belongs to the highest of the smallest boxes.
                    low, high = (
                        min(int(v * side / 2), math.ceil(side / 2) - 1) * 2 // r
                        for v in (z[block].min(), z[block].max())
                    )
                    numbers.append(high - low + 1)
        if numbers:
            points.append((math.log(r), math.log(np.mean(numbers))))
        r *= 2
    return line(*zip(*points, strict=True))


def blanket_dimension(image, mask, reach):
    z, inside = scaled(image, mask)
    pixels = [tuple(p) for p in np.argwhere(inside)]
    upper = {p: 255 * z[p] for p in pixels}
    lower = dict(upper)
    points = []
    for e in range(1, reach + 1):
        near = {
            (r, c): [q for q in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)) if q in upper]
            for r, c in pixels
        }
        upper = {p: max([upper[p] + 1, *(upper[q] for q in near[p])]) for p in pixels}
        lower = {p: min([lower[p] - 1, *(lower[q] for q in near[p])]) for p in pixels}
        volume = sum(upper[p] - lower[p] for p in pixels)
        points.append((math.log(e), math.log(volume / (2 * e))))
    return line(*zip(*points, strict=True))


def madogram_dimension(image, mask, reach):
    z, inside = scaled(image, mask)
    height, width = z.shape
    points, d = [], 1
    while d <= reach:
        sizes = [
            abs(z[r, c] - z[r + i, c + j])
            for i, j in ((0, d), (d, 0))
            for r in range(height - i)
            for c in range(width - j)
            if inside[r, c] and inside[r + i, c + j]
        ]
        if sizes:
            points.append((math.log(d), math.log(np.mean(sizes) / d)))
        d *= 2
    return line(*zip(*points, strict=True))


def lacunarity(image, mask, size):
    z, inside = scaled(image, mask)
    masses = []
    for r in range(z.shape[0] - size + 1):
        for c in range(z.shape[1] - size + 1):
            box = (slice(r, r + size), slice(c, c + size))
            if inside[box].all():
                masses.append(z[box].sum())
    return np.mean(np.square(masses)) / np.mean(masses) ** 2 if masses else 1.0
