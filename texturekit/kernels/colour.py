"""Pixels as colours: hue, saturation and value, CIE L*a*b*, and what they sum up to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Rows of the planes that `convert` fills.
RED, GREEN, BLUE, SATURATION, VALUE, LIGHTNESS, A, B, RED_GREEN, YELLOW_BLUE, HUE, CHROMA = range(
    12
)
COUNTED = 8
MEASURED = 10
BANKS = 4
LANES = 32
# sRGB to XYZ, each row divided by the white of daylight D65; the constants of scikit-image.
X = (0.412453 / 0.95047, 0.357580 / 0.95047, 0.180423 / 0.95047)
Y = (0.212671, 0.715160, 0.072169)
Z = (0.019334 / 1.08883, 0.119193 / 1.08883, 0.950227 / 1.08883)
HALF_ROOT_3 = math.sqrt(3) / 2
NEAR_BLACK = 0.008856
ROOT = (0.091711, 1.302342, -0.412217)


@jit
def look_up(pixels: NDArray[Any], tables: NDArray[np.float64], planes: NDArray[np.float64]) -> None:
    """Fill planes 0 to 2 from the first table and 3 to 5 from the second, by (n, 3) pixels."""
    for n in range(pixels.shape[0]):
        for k in range(3):
            value = pixels[n, k]
            planes[k, n] = tables[0, value]
            planes[k + 3, n] = tables[1, value]


# No divisor below is 0; the check for it would keep loops from becoming vectors.
@jit(error_model="numpy")
def _cie(value: float) -> float:
    """Return CIE's f: the cube root, but a straight line near black.

    A parabola in the square root is right to 2 % from there to 1.01; two steps of Halley's method,
    which cube the error, make it exact. Unlike a library's root this becomes vectors.
    """
    bright = max(value, NEAR_BLACK)
    half = math.sqrt(bright)
    root = ROOT[0] + half * (ROOT[1] + half * ROOT[2])
    for _ in range(2):
        cube = root * root * root
        root = root * (cube + 2.0 * bright) / (2.0 * cube + bright)
    return root if value > NEAR_BLACK else 7.787 * value + 16.0 / 116.0


@jit(error_model="numpy")
def convert(count: int, given: NDArray[np.float64], planes: NDArray[np.float64]) -> None:
    """Fill the planes named above from red, green, blue in 0..1 and the same in linear light."""
    for n in range(count):
        red, green, blue = given[0, n], given[1, n], given[2, n]
        top = max(max(red, green), blue)
        delta = top - min(min(red, green), blue)
        planes[RED, n], planes[GREEN, n], planes[BLUE, n] = red, green, blue
        planes[SATURATION, n] = delta / top if delta > 0.0 else 0.0
        planes[VALUE, n] = top
        planes[RED_GREEN, n] = red - green
        planes[YELLOW_BLUE, n] = 0.5 * (red + green) - blue
        across, up = red - 0.5 * (green + blue), HALF_ROOT_3 * (green - blue)
        planes[CHROMA, n] = math.sqrt(across * across + up * up)
    for n in range(count):
        red, green, blue, top = given[0, n], given[1, n], given[2, n], planes[VALUE, n]
        delta = top - min(min(red, green), blue)
        # Where two are largest, both formulas agree.
        apart = green - blue
        turn = 0.0 if apart >= 0.0 else 6.0
        apart, turn = (blue - red, 2.0) if green == top else (apart, turn)
        apart, turn = (red - green, 4.0) if blue == top else (apart, turn)
        planes[HUE, n] = (turn + apart / delta) / 6.0 if delta > 0.0 else 0.0
    for n in range(count):
        red, green, blue = given[3, n], given[4, n], given[5, n]
        x = _cie(X[0] * red + X[1] * green + X[2] * blue)
        y = _cie(Y[0] * red + Y[1] * green + Y[2] * blue)
        z = _cie(Z[0] * red + Z[1] * green + Z[2] * blue)
        # The white of the tables is rounded: by it grey would fall on either side of 0.
        plain = red == green and green == blue
        planes[LIGHTNESS, n] = 116.0 * y - 16.0
        planes[A, n] = 0.0 if plain else 500.0 * (x - y)
        planes[B, n] = 0.0 if plain else 200.0 * (y - z)


@jit
def add_moments(
    count: int,
    planes: NDArray[np.float64],
    origin: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Add the first three powers about ``origin`` of each measured plane.

    Every 32nd pixel goes to the same sum, since one sum of all would wait for each addition.
    """
    lanes = np.zeros((3, LANES))
    for k in range(sums.shape[0]):
        plane, start = planes[k], origin[k]
        lanes[:] = 0.0
        whole = count - count % LANES
        for n in range(0, whole, LANES):
            for j in range(LANES):
                away = plane[n + j] - start
                square = away * away
                lanes[0, j] += away
                lanes[1, j] += square
                lanes[2, j] += square * away
        for n in range(whole, count):
            away = plane[n] - start
            lanes[0, 0] += away
            lanes[1, 0] += away * away
            lanes[2, 0] += away * away * away
        for j in range(LANES):
            for power in range(3):
                sums[k, power] += lanes[power, j]


@jit
def add_counts(
    count: int,
    planes: NDArray[np.float64],
    low: NDArray[np.float64],
    scale: NDArray[np.float64],
    counts: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> None:
    """Add each counted plane to its histogram, and the chroma of each pixel to its hue's bin.

    Several banks, so that a pixel need not wait until its neighbour in the same bin is counted.
    """
    last = counts.shape[2] - 1
    for k in range(COUNTED):
        plane, start, factor = planes[k], low[k], scale[k]
        for n in range(count):
            place = int((plane[n] - start) * factor)
            counts[k, n % BANKS, min(max(place, 0), last)] += 1
    for n in range(count):
        place = int(planes[HUE, n] * (last + 1))
        weights[n % BANKS, min(max(place, 0), last)] += planes[CHROMA, n]
