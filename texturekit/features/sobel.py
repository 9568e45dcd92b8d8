"""Strength and direction of edges after Sobel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from texturekit.errors import ImageError, ParameterError
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature
from texturekit.kernels import gradients
from texturekit.kernels.edge_columns import measure_edges
from texturekit.kernels.edge_sums import TOGETHER, sum_edges
from texturekit.kernels.sobel import LANES, STRIPE, sum_gradients

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCALES = {"raw": 1.0, "skimage": 0.25, "derivative": 0.125}
Padding = Literal["symmetric", "reflect", "edge", "constant"]
BORDERS: dict[str, Padding] = {
    "reflect": "symmetric",
    "mirror": "reflect",
    "nearest": "edge",
    "constant": "constant",
}
LARGEST = 1e60
ALL, NOTHING = np.empty((0, 0), np.bool_), np.empty(0)
ROUNDING = 1e-12
MOST_DIRECTIONS = 23  # of more, single precision does not tell all gradients of bytes apart
EIGHTHS = np.array([f((np.arange(4) + 0.5) * np.pi / 8) for f in (np.cos, np.sin)])
NAMES = tuple(
    "sobel." + name
    for name in (
        *("mean", "std", "skewness", "kurtosis", "median", "p10", "p90", "max", "energy"),
        *("entropy", "edge_density", *(f"direction.{k}" for k in range(8)), "direction_entropy"),
        *("coherence", "dominant_cos", "dominant_sin", "mean_gx", "mean_gy", "tensor_ratio"),
    )
)
LENGTHS, ENERGY, FIRST_QUANTILE = [0, 1, 4, 5, 6, 7, 23, 24], 8, 4

Maps = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]


def sobel_maps(image: NDArray[Any], *, scale: str = "raw", border: str = "reflect") -> Maps:
    """Return the Sobel differences of an image along rows and columns, and their length.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Measured in its own units: integers are not rescaled to 0..1.
    scale : {"raw", "skimage", "derivative"}
        ``raw`` is [1 2 1] x [-1 0 1]; ``skimage`` a quarter of it; ``derivative`` an eighth, which
        is grey levels a pixel.
    border : {"reflect", "mirror", "nearest", "constant"}
        What lies outside, in scipy's words: ``reflect`` repeats the edge pixel (d c b a | a b c
        d), ``mirror`` does not (d c b | a b c d); ``constant`` is 0.

    Returns
    -------
    gx : (H, W) float64
        Positive where the image gets brighter to the right.
    gy : (H, W) float64
        Positive where it gets brighter downwards.
    magnitude : (H, W) float64
        ``sqrt(gx**2 + gy**2)``; `skimage.filters.sobel` divides it by ``sqrt(2)``.

    Raises
    ------
    ImageError
        If the image is not a picture, or not finite.
    ParameterError
        If scale or border is unknown.

    References
    ----------
    Sobel and Feldman (1968), talk at the Stanford Artificial Intelligence Project.

    Examples
    --------
    >>> ramp = np.tile(np.arange(5), (4, 1))
    >>> gx, gy, magnitude = sobel_maps(ramp, scale="derivative", border="nearest")
    >>> gx[1], float(abs(gy).max())
    (array([0.5, 1. , 1. , 1. , 0.5]), 0.0)
    """
    factor = _factor(scale)
    if border not in BORDERS:
        raise ParameterError(f"border={border!r} is unknown; choose one of {', '.join(BORDERS)}.")
    grey = _measurable(grey_region(image, None)[0])
    gy, gx = _differences(np.pad(grey, 1, BORDERS[border]), factor)
    magnitude = np.empty_like(gx)
    gradients.lengths(gy, gx, magnitude)
    return gx, gy, magnitude


@feature
def sobel(image: NDArray[Any], *, mask: NDArray[Any] | None = None, scale: str = "raw") -> Measured:
    """Measure the strength and direction of edges by Sobel gradients.

    Only pixels whose eight neighbours are inside image and mask are measured. With m the length of
    a gradient and t its angle (0: brighter to the right, 90: brighter downwards):

    - ``mean std skewness kurtosis median p10 p90 max energy``: of m; population moments, excess
      kurtosis, energy the mean square.
    - ``entropy``: bits, of 32 equal bins from 0 to the largest m.
    - ``edge_density``: share of pixels above Otsu's threshold (on 256 such bins).
    - ``direction.k``: share of m by unsigned angle, in 8 bins centred on 0, 22.5, ... 157.5
      degrees; ``direction_entropy``: its entropy in bits.
    - ``coherence``: the length of (sum m exp(2it)) / sum m, from 0 (no common direction) to 1;
      ``dominant_cos``, ``dominant_sin``: of the dominant angle doubled, both 0 where there is none.
    - ``mean_gx``, ``mean_gy``: mean absolute difference along rows and down columns.
    - ``tensor_ratio``: smaller over larger eigenvalue of the structure tensor, 0 to 1.

    A flat region gives 0 everywhere but ``tensor_ratio``, which is 1: no direction is preferred.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        At least 3x3; measured in its own units.
    mask : (H, W) array, optional
        Non-zero inside the region to measure.
    scale : {"raw", "skimage", "derivative"}
        See `sobel_maps`.

    Returns
    -------
    dict of float
        26 values, the ones above in their order: ``sobel.mean`` ... ``sobel.tensor_ratio``.

    Raises
    ------
    ImageError
        If the image is smaller than 3x3 or not finite, or no 3x3 window fits into the mask.
    ParameterError
        If the scale is unknown.

    References
    ----------
    Otsu (1979), doi:10.1109/TSMC.1979.4310076. Bigun and Granlund (1987), Optimal orientation
    detection of linear symmetry.

    Examples
    --------
    >>> stripes = np.tile(np.array([0, 0, 9, 9], dtype=np.uint8), (8, 4))
    >>> values = sobel(stripes)
    >>> values["sobel.mean"], values["sobel.coherence"], values["sobel.direction.0"]
    (36.0, 1.0, 1.0)
    """
    factor = _factor(scale)
    grey, region = grey_region(image, mask, smallest=3)
    inside = ALL if region is None else _whole_windows(region)
    values, places = np.zeros(len(NAMES)), np.empty(3)
    squares = measure_edges(*_work(grey), inside, EIGHTHS, values, places)
    squares.sort()
    for k, place in enumerate(places.tolist(), start=FIRST_QUANTILE):
        pair = squares[int(place) : int(place) + 2]
        low, high = math.sqrt(pair[0]), math.sqrt(pair[-1])
        values[k] = low + (high - low) * (place % 1)
    if factor != 1:
        values[LENGTHS] *= factor
        values[ENERGY] *= factor * factor
    return Measured(NAMES, values)


@dataclass(frozen=True)
class SobelSummary:
    """What one sweep over the Sobel gradients gives; see `sobel_summary`.

    Attributes
    ----------
    mean, std, max, energy : float
        Of the lengths; energy is the mean square.
    mean_gx, mean_gy : float
        Mean absolute difference along rows and down columns.
    direction : (directions,) float64
        Sum of the lengths by unsigned angle; of bytes, right to 1e-6 of their total.
    """

    mean: float
    std: float
    max: float
    energy: float
    mean_gx: float
    mean_gy: float
    direction: NDArray[np.float64]


def sobel_summary(
    image: NDArray[Any], *, mask: NDArray[Any] | None = None, directions: int = 9
) -> SobelSummary:
    """Return six statistics of Sobel gradients, and how much of them points where.

    The quick part of `sobel`: one sweep, nothing sorted or counted.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        At least 3x3; measured in its own units, by the raw kernel of `sobel_maps`.
    mask : (H, W) array, optional
        Non-zero inside; as in `sobel`, whole windows only are measured.
    directions : int, default 9
        Equal bins from 0 to 180 degrees; 0 for none. An odd number: the edges of an even one lie
        at 90 degrees, where many gradients of digital images do.

    Returns
    -------
    SobelSummary

    Raises
    ------
    ImageError
        If the image is smaller than 3x3 or not finite, or no 3x3 window fits into the mask.
    ParameterError
        If directions is neither 0 nor an odd number up to 23.

    References
    ----------
    Sobel and Feldman (1968), talk at the Stanford Artificial Intelligence Project.

    Examples
    --------
    >>> ramp = np.tile(np.arange(6, dtype=np.uint8), (5, 1))
    >>> found = sobel_summary(ramp, directions=3)
    >>> found.mean, found.std, found.direction
    (8.0, 0.0, array([96.,  0.,  0.]))
    """
    if directions and not (0 < directions <= MOST_DIRECTIONS and directions % 2):
        raise ParameterError(
            f"directions={directions} is neither 0 nor an odd number up to {MOST_DIRECTIONS}."
        )
    grey, region = grey_region(image, mask, smallest=3)
    inside = ALL if region is None else _whole_windows(region)
    sums, direction = np.zeros(6), np.zeros(directions)
    edges, tangents = _odd_edges(directions)
    if grey.dtype == np.uint8:
        sum_edges(*_work(grey), inside, tangents, sums, direction)
    else:
        sum_gradients(*_work(grey), inside, edges, directions - 1, sums, direction, NOTHING)
    count, top, squares, across, down, lengths = sums.tolist()
    mean, energy = lengths / count, squares / count
    spread = energy - mean * mean
    std = math.sqrt(spread) if spread > ROUNDING * energy else 0.0
    return SobelSummary(mean, std, math.sqrt(top), energy, across / count, down / count, direction)


@cache
def _odd_edges(directions: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return cosines and sines of the edges from 0 to 90 degrees, and their tangents."""
    angles = np.arange(1, directions // 2 + 1) * (np.pi / max(directions, 1))
    tangents = np.full(-(-angles.size // TOGETHER) * TOGETHER, np.inf, np.float32)
    tangents[: angles.size] = np.tan(angles)
    return np.array([np.cos(angles), np.sin(angles)]), tangents


def _work(grey: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the image in the type it is measured in, and work buffers for its kernels."""
    narrow = grey.dtype == np.uint8
    image = grey if narrow else _measurable(grey)
    width = grey.shape[1] - 2
    stripe = -(-max(1, STRIPE // width) * width // LANES) * LANES
    rows = np.empty((2, width + 2), np.int16 if narrow else np.float64)
    return image, rows, np.empty((3, stripe), np.float32 if narrow else np.float64)


def _differences(
    padded: NDArray[np.float64], factor: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    shape = padded.shape[0] - 2, padded.shape[1] - 2
    down, right = np.empty(shape), np.empty(shape)
    gradients.sobel_differences(padded, down, right)
    if factor != 1:
        down *= factor
        right *= factor
    return down, right


def _whole_windows(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pixels of the image without its border have a 3x3 window in the region."""
    rows = region[:-2] & region[1:-1] & region[2:]
    inside: NDArray[np.bool_] = rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]
    if not inside.any():
        raise ImageError(
            f"no 3x3 window fits into the mask of {int(region.sum())} pixels; use a larger mask, "
            "or leave sobel out."
        )
    return inside


def _measurable(grey: NDArray[Any]) -> NDArray[np.float64]:
    wide = grey.astype(np.float64)
    top = float(np.abs(wide).max())
    if top > LARGEST:
        raise ImageError(
            f"image holds the value {top:g}, but gradients are measured up to {LARGEST:g}; "
            "scale the image down."
        )
    return wide


def _factor(scale: str) -> float:
    if scale not in SCALES:
        raise ParameterError(f"scale={scale!r} is unknown; choose one of {', '.join(SCALES)}.")
    return SCALES[scale]
