"""Co-occurrence with the arguments and the arrays of `skimage.feature` (scikit-image 0.26)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError
from texturekit.kernels.stacked_pairs import add_stack, count_stack, mirror_stack

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

PROPERTIES = (
    *("contrast", "dissimilarity", "homogeneity", "ASM", "energy", "correlation"),
    *("mean", "variance", "std", "entropy"),
)


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
    stack = np.zeros((size, size, rows.size), dtype=np.uint32)
    dtype = np.min_scalar_type(max(size - 1, 0))
    packed = np.ascontiguousarray(pixels, dtype=dtype)
    count_stack(packed, rows, cols, size, stack.reshape(-1))
    if symmetric:
        mirror_stack(stack)
    shape = (size, size, far.size, turns.size)
    if not normed:
        return stack.reshape(shape)
    height, width = packed.shape
    pairs = np.maximum(height - np.abs(rows), 0) * np.maximum(width - np.abs(cols), 0)
    return np.asarray(stack / np.maximum(pairs * (1.0 + symmetric), 1.0)).reshape(shape)


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
    if prop not in PROPERTIES:
        raise ParameterError(
            f"{prop} is an invalid property; choose one of {', '.join(PROPERTIES)}."
        )
    size, _, distances, angles = stack.shape
    cells = np.ascontiguousarray(stack, dtype=np.float64).reshape(size, size, -1)
    found = _entropy(cells) if prop == "entropy" else _property(cells, prop)
    return found.reshape(distances, angles)


def _entropy(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    totals = cells.sum(axis=(0, 1))
    flat = cells.reshape(-1)
    held = np.flatnonzero(flat)
    offset = held % len(totals)
    p = flat[held] / totals[offset]
    terms = np.bincount(offset, weights=-p * np.log(p), minlength=len(totals))
    return np.asarray(terms, dtype=np.float64)


def _property(cells: NDArray[np.float64], prop: str) -> NDArray[np.float64]:
    """Compute a property other than entropy, from sums over the cells (size, size, offsets)."""
    size, _, offsets = cells.shape
    differences = np.zeros((2 * size - 1, offsets))
    rows, cols, squares = (np.zeros((size, offsets)) for _ in range(3))
    flat = (array.reshape(-1) for array in (differences, rows, cols, squares))
    add_stack(cells.reshape(-1), offsets, *flat)
    totals = rows.sum(axis=0)
    totals[totals == 0] = 1.0
    far = np.arange(1 - size, size)
    weights = {
        "contrast": far * far,
        "dissimilarity": np.abs(far),
        "homogeneity": 1.0 / (1.0 + far * far),
    }
    if prop in weights:
        return np.asarray(weights[prop] @ differences / totals)
    if prop in ("ASM", "energy"):
        asm = squares.sum(axis=0) / (totals * totals)
        return np.asarray(asm if prop == "ASM" else np.sqrt(asm))
    mean, variance = _moments(np.arange(size), rows / totals)
    if prop == "correlation":
        return _correlation(variance, cols / totals, differences / totals)
    return np.asarray({"mean": mean, "variance": variance, "std": np.sqrt(variance)}[prop])


def _correlation(
    variance: NDArray[np.float64], cols: NDArray[np.float64], differences: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return cov(i, j) = (var i + var j - var(j - i)) / 2, divided by the deviations."""
    size = len(cols)
    _, other = _moments(np.arange(size), cols)
    _, between = _moments(np.arange(1 - size, size), differences)
    flat = (variance < 1e-30) | (other < 1e-30)
    deviations = np.sqrt(np.where(flat, 1.0, variance * other))
    return np.where(flat, 1.0, (variance + other - between) / 2.0 / deviations)


def _moments(
    values: NDArray[np.int64], p: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean and the variance of values under each column of probabilities."""
    mean = values @ p
    return mean, ((values[:, np.newaxis] - mean) ** 2 * p).sum(axis=0)


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
