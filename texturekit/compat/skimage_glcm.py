"""Co-occurrence with the arguments and the arrays of `skimage.feature` (scikit-image 0.26)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError
from texturekit.kernels.pairs import SUMS, count_pairs, sum_pairs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# skimage's name: the name in SUMS, and how the value is turned into skimage's.
_PROPERTIES = {
    "contrast": "contrast",
    "dissimilarity": "dissimilarity",
    "homogeneity": "idm",
    "ASM": "asm",
    "energy": "asm",
    "correlation": "correlation",
    "mean": "joint_average",
    "variance": "joint_variance",
    "std": "joint_variance",
    "entropy": "joint_entropy",
}


def graycomatrix(
    image: ArrayLike,
    distances: ArrayLike,
    angles: ArrayLike,
    levels: int | None = None,
    symmetric: bool = False,
    normed: bool = False,
) -> NDArray[Any]:
    """Count pairs of grey levels, as `skimage.feature.graycomatrix` does.

    Parameters
    ----------
    image : (H, W) array_like of integer or bool
        Values in ``0..levels-1``.
    distances : (D,) array_like of float
        Offsets in pixels.
    angles : (A,) array_like of float
        Directions in radians, clockwise in image coordinates.
    levels : int, optional
        Number of grey levels; 256 for 8-bit images, required for all others.
    symmetric : bool, default False
        Count each pair in both orders.
    normed : bool, default False
        Divide each matrix by its sum.

    Returns
    -------
    (levels, levels, D, A) uint32, or float64 if normed
        Entry (i, j) is for level i with level j at the offset.

    Raises
    ------
    ValueError
        If an argument has the wrong number of dimensions or is empty, the image is of floats or
        negative, a value reaches ``levels``, or ``levels`` is missing.
    TypeError
        If the image is not of numbers.

    Notes
    -----
    The offset is rounded as there: ``pi / 4`` at distance 2 is the pixel (1, 1). For steps by the
    Chebyshev distance, masks and symmetric probabilities by default see `texturekit.features`.

    Examples
    --------
    >>> graycomatrix(np.array([[0, 1], [0, 1]], dtype=np.uint8), [1], [0], levels=2)[:, :, 0, 0]
    array([[0, 2],
           [0, 0]], dtype=uint32)
    """
    pixels = _checked(image, 2, "image")
    far = _checked(distances, 1, "distances").astype(np.float64)
    turns = _checked(angles, 1, "angles").astype(np.float64)
    size = _levels(pixels, levels)
    rows = _rounded(np.outer(far, np.sin(turns)))
    cols = _rounded(np.outer(far, np.cos(turns)))
    counts = np.zeros((rows.size, size, size), dtype=np.uint32)
    dtype = np.min_scalar_type(max(size - 1, 0))
    count_pairs(np.ascontiguousarray(pixels, dtype=dtype), rows, cols, counts)
    if symmetric:
        counts += counts.transpose(0, 2, 1).copy()
    stacked = counts.reshape(far.size, turns.size, size, size).transpose(2, 3, 0, 1)
    if not normed:
        return np.ascontiguousarray(stacked)
    totals = counts.sum(axis=(1, 2), dtype=np.float64).reshape(far.size, turns.size)
    return np.ascontiguousarray(stacked / np.where(totals == 0, 1.0, totals))


def graycoprops(P: ArrayLike, prop: str = "contrast") -> NDArray[np.float64]:  # noqa: N803 (peer's)
    """Compute a property of co-occurrence matrices, as `skimage.feature.graycoprops` does.

    Parameters
    ----------
    P : (levels, levels, D, A) array_like
        Counts or probabilities; each matrix is divided by its sum first.
    prop : str, default "contrast"
        ``contrast``, ``dissimilarity``, ``homogeneity``, ``ASM``, ``energy``, ``correlation``,
        ``mean``, ``variance``, ``std`` or ``entropy`` (natural logarithm). Levels count from 0.

    Returns
    -------
    (D, A) float64
        0 for a matrix without pairs, but ``correlation`` 1.

    Raises
    ------
    ValueError
        If P is not such an array, or there is no such property.

    Examples
    --------
    >>> graycoprops(np.array([[0, 3], [1, 0]]).reshape(2, 2, 1, 1), "contrast")
    array([[1.]])
    """
    stack = _checked(P, 4, "P")
    if stack.shape[0] != stack.shape[1]:
        raise ImageError(f"P has shape {stack.shape}, but its first two axes must be equal.")
    if prop not in _PROPERTIES:
        raise ParameterError(
            f"{prop} is an invalid property; choose one of {', '.join(_PROPERTIES)}."
        )
    size, _, distances, angles = stack.shape
    matrices = stack.transpose(2, 3, 0, 1).reshape(-1, size, size)
    sums = np.empty((len(matrices), len(SUMS)))
    sum_pairs(np.ascontiguousarray(matrices, dtype=np.float64), float(size), sums)
    found = sums[:, SUMS.index(_PROPERTIES[prop])].reshape(distances, angles)
    if prop in ("energy", "std"):
        return np.sqrt(found)
    if prop == "mean":
        return found - 1.0
    return found * math.log(2.0) if prop == "entropy" else found


def _levels(pixels: NDArray[Any], levels: int | None) -> int:
    """Check the values of an image, and return the number of grey levels to count."""
    if pixels.dtype.kind == "f":
        raise ImageError(
            f"image is {pixels.dtype}: Float images are not supported by graycomatrix; "
            "convert it to an unsigned integer type."
        )
    if levels is None and pixels.dtype not in (np.uint8, np.int8):
        raise ImageError(
            f"image is {pixels.dtype}: The levels argument is required for data types other than "
            "uint8; give levels=."
        )
    if pixels.dtype.kind not in "iub":
        raise TypeError(f"image is {pixels.dtype}, but integers are wanted; convert it first.")
    if pixels.min() < 0:
        raise ImageError(
            f"image holds {pixels.min()}: Negative-valued images are not supported; shift it first."
        )
    size = 256 if levels is None else levels
    if pixels.max() >= size:
        raise ImageError(
            f"image holds {pixels.max()}, but the maximum grayscale value in the image should be "
            f"smaller than the number of levels, {size}; give more levels."
        )
    return size


def _rounded(offsets: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round half away from zero."""
    return np.trunc(offsets + np.copysign(0.5, offsets)).astype(np.int64).ravel()


def _checked(values: ArrayLike, ndim: int, name: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.size == 0:
        raise ImageError(f"The parameter `{name}` cannot be an empty array; give some values.")
    if array.ndim != ndim:
        raise ImageError(
            f"The parameter `{name}` must be a {ndim}-dimensional array, but has {array.ndim}."
        )
    return array
