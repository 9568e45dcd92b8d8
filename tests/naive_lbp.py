"""Slow, obvious twins of the code kernels, in plain Python numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

RING = [(0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)]


def pixel(image, row, col):
    """The pixel, 0 outside the image."""
    height, width = image.shape
    return float(image[row, col]) if 0 <= row < height and 0 <= col < width else 0.0


def circle(image, row, col, p, r):
    """The p samples around a pixel, bilinear, offsets rounded to five decimals."""
    samples = []
    for k in range(p):
        y = row + round(-r * float(np.sin(2 * np.pi * k / p)), 5)
        x = col + round(r * float(np.cos(2 * np.pi * k / p)), 5)
        top, left = math.floor(y), math.floor(x)
        bottom, right = math.ceil(y), math.ceil(x)
        dy, dx = y - top, x - left
        upper = (1 - dx) * pixel(image, top, left) + dx * pixel(image, top, right)
        lower = (1 - dx) * pixel(image, bottom, left) + dx * pixel(image, bottom, right)
        samples.append((1 - dy) * upper + dy * lower)
    return samples


def lbp(image, p, r, slack=0.0):
    codes = np.zeros(image.shape, int)
    for row, col in np.ndindex(image.shape):
        for k, sample in enumerate(circle(image, row, col, p, r)):
            codes[row, col] += (sample >= float(image[row, col]) - slack) << k
    return codes


def square_lbp(image, slack=0.0):
    """Codes of the eight neighbours themselves, 0 outside the image."""
    codes = np.zeros(image.shape, int)
    for row, col in np.ndindex(image.shape):
        for k, (i, j) in enumerate(RING):
            neighbour = pixel(image, row + i, col + j)
            codes[row, col] += (neighbour >= float(image[row, col]) - slack) << k
    return codes


def label(code, p, method):
    bits = [code >> k & 1 for k in range(p)]
    changes = sum(bits[k] != bits[k - 1] for k in range(p))
    if method == "ror":
        return min(sum(bits[(k + turn) % p] << k for k in range(p)) for turn in range(p))
    if method == "uniform":
        return sum(bits) if changes <= 2 else p + 1
    if method == "nri_uniform":
        if changes > 2:
            return p * (p - 1) + 2
        if all(bits) or not any(bits):
            return p * (p - 1) + 1 if all(bits) else 0
        turn = sum(bits) - bits.index(0) if bits[0] else p - bits.index(1)
        return 1 + (sum(bits) - 1) * p + turn
    return code


def statistic_bit(g, window, centre, statistic, strict):
    """Whether a sample reaches the statistic of the window, in exact fractions."""
    g, n = Fraction(g), len(window)
    values = sorted(map(Fraction, window))
    mean = sum(values) / n
    variance = sum((v - mean) ** 2 for v in values) / n
    median = (values[(n - 1) // 2] + values[n // 2]) / 2
    if statistic in ("std", "mean_std_median"):  # compare squares: a root need not be a fraction
        u = g if statistic == "std" else 3 * g - mean - median
        return u >= 0 and (u * u > variance if strict else u * u >= variance)
    left, right = {
        "mean": (g, mean),
        "median": (g, median),
        "deviation": ((g - mean) ** 2, variance),
        "raw": (g, variance),
        "mean_median": (g, (mean + median) / 2),
        "centre": (g, Fraction(centre)),
    }[statistic]
    return left > right if strict else left >= right


def statistic_codes(image, statistic, *, side=3, ring=False, strict=False, centre_bit=False):
    """Codes of the eight neighbours; 0 where the window leaves the image."""
    half = max(side // 2, 1)
    codes = np.zeros(image.shape, int)
    for row in range(half, image.shape[0] - half):
        for col in range(half, image.shape[1] - half):
            reach = range(-(side // 2), side // 2 + 1)
            window = [
                int(image[row + i, col + j])
                for i in reach
                for j in reach
                if not (ring and i == j == 0)
            ]
            centre = int(image[row, col])
            samples = [int(image[row + i, col + j]) for i, j in RING] + [centre] * centre_bit
            codes[row, col] = sum(
                statistic_bit(g, window, centre, statistic, strict) << k
                for k, g in enumerate(samples)
            )
    return codes
