"""A drop-in for ``mahotas.features.lbp`` (mahotas 1.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError
from texturekit.features.code_histogram import label_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_POINTS = 24


def lbp(
    image: NDArray[Any], radius: float, points: int, ignore_zeros: bool = False
) -> NDArray[np.float64]:
    """Return how many pixels have each rotation-invariant binary pattern, as mahotas does.

    A bit is set where the sample is greater than the pixel. mahotas moves each sample to a whole
    pixel, the next one towards positive rows and columns (two for a sample that is a pixel, if its
    row or column is not negative), and takes 0 outside the image: `texturekit.features.lbp`
    interpolates and leaves the border out.

    Parameters
    ----------
    image : (H, W) array
        Grey image.
    radius : float
        Radius of the circle in pixels.
    points : int
        Number of samples on it, at most 24.
    ignore_zeros : bool, default False
        Leave out pixels that are 0.

    Returns
    -------
    (n,) float64
        Counts of the n patterns that are the smallest of their rotations, ascending.

    Raises
    ------
    ImageError
        If the image is not 2-D, or has no pixel to count.
    ParameterError
        If there are more than 24 points.

    Examples
    --------
    >>> lbp(np.full((4, 4), 9), 1, 4)
    array([16.,  0.,  0.,  0.,  0.,  0.])
    """
    pixels = np.asarray(image, dtype=np.float64)
    if pixels.ndim != 2:
        raise ImageError(f"image has shape {pixels.shape}, but lbp takes (H, W); make it grey.")
    if not 1 <= points <= _MOST_POINTS:
        raise ParameterError(f"points={points}, but lbp takes 1 to {_MOST_POINTS}; change points.")
    kept = pixels != 0 if ignore_zeros else np.ones(pixels.shape, bool)
    if not kept.any():
        raise ImageError("image has no pixel to count; give one with pixels other than 0.")
    codes = np.zeros(pixels.shape, np.int64)
    angles = np.linspace(0, 2 * np.pi, points + 1)[:-1]
    down, along = -(radius * np.sin(angles)), -(radius * np.cos(angles))
    for bit in range(points):
        moved = _move(pixels, down[bit], along[bit])
        codes |= (moved > pixels).astype(np.int64) << bit
    return _count_rotations(codes[kept], points)


def _move(pixels: NDArray[np.float64], down: float, along: float) -> NDArray[np.float64]:
    """Return what mahotas' linear ``shift`` gives: whole pixels, zero outside."""
    height, width = pixels.shape
    framed = np.pad(pixels, ((0, 1), (0, 1)))
    moved: NDArray[np.float64] = framed[np.ix_(_sources(height, down), _sources(width, along))]
    return moved


def _sources(size: int, step: float) -> NDArray[np.int64]:
    """Return the index that each place takes its value from; ``size`` for outside."""
    at = np.arange(size) + step + 0.5
    source = np.where(at > 0, np.floor(at + 0.5), np.ceil(at - 0.5)).astype(np.int64)
    return np.where((source < 0) | (source >= size), size, source)


def _count_rotations(codes: NDArray[np.int64], points: int) -> NDArray[np.float64]:
    every = np.arange(2**points)
    least = label_codes(every, points, "ror") == every
    counts = np.bincount(label_codes(codes, points, "ror"), minlength=2**points)
    return np.asarray(counts[least], np.float64)
