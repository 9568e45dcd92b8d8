"""Slow, obvious Gabor filters."""

import cmath
import math

import numpy as np


def gabor_filter(frequency, orientation, bandwidth=1.0):
    """Return {(dy, dx): weight} of the filter in ``orientation`` degrees."""
    sigma = math.sqrt(math.log(2) / 2) / (math.pi * frequency)
    sigma *= (2**bandwidth + 1) / (2**bandwidth - 1)
    cos, sin = math.cos(math.radians(orientation)), math.sin(math.radians(orientation))
    last = math.ceil(max(3 * sigma * abs(cos), 3 * sigma * abs(sin), 1))
    return {
        (y, x): cmath.exp(
            -(x * x + y * y) / (2 * sigma**2) + 2j * math.pi * frequency * (x * cos + y * sin)
        )
        / (2 * math.pi * sigma**2)
        for y in range(-last, last + 1)
        for x in range(-last, last + 1)
    }


def reflected(n, size):
    """Return the index that place n of d c b a | a b c d | d c b a falls on."""
    n %= 2 * size
    return n if n < size else 2 * size - 1 - n


def magnitudes(image, mask, frequency, orientation, bandwidth=1.0):
    """List the magnitudes of the pixels in the mask, the rest filled with the mask's mean."""
    values = np.asarray(image, dtype=np.float64)
    values = np.where(mask, values - values[mask].mean(), 0.0)
    height, width = values.shape
    weights = gabor_filter(frequency, orientation, bandwidth)
    return np.array([
        abs(sum(
            weight * values[reflected(r - dy, height), reflected(c - dx, width)]
            for (dy, dx), weight in weights.items()
        ))
        for r, c in np.argwhere(mask)
    ])  # fmt: skip
