"""Small changes of images and masks that should leave what is measured nearly as it was."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPAN = (0.5, 99.5)  # percentiles: one hot pixel is no range


def turned(image: NDArray[Any], degrees: float) -> NDArray[Any]:
    """Turn an image about its centre, in its own dtype and size.

    Cubic splines, which keep fine texture better than linear ones; what comes in at the corners is
    the image reflected at its edge. Values stay within those of the image.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
    degrees : float
        Counter-clockwise.

    Returns
    -------
    array
        Shape and dtype of the image.

    Examples
    --------
    >>> turned(np.arange(9, dtype=np.uint8).reshape(3, 3), 90)
    array([[2, 5, 8],
           [1, 4, 7],
           [0, 3, 6]], dtype=uint8)
    """
    from scipy.ndimage import rotate

    wide = image.astype(np.float64)
    found = rotate(wide, degrees, axes=(1, 0), reshape=False, order=3, mode="reflect")
    return _as_before(image, found)


def turned_mask(mask: NDArray[np.bool_], degrees: float) -> NDArray[np.bool_]:
    """Turn a mask as `turned` turns its image; nothing comes in at the corners.

    Raises
    ------
    ImageError
        If the region leaves the image.
    """
    from scipy.ndimage import rotate

    share = rotate(mask.astype(np.float64), degrees, axes=(1, 0), reshape=False, order=1)
    return _region(share >= 0.5)


def noisy(image: NDArray[Any], share: float, rng: np.random.Generator) -> NDArray[Any]:
    """Add Gaussian noise whose standard deviation is a share of the image's own range.

    The range goes from the 0.5th to the 99.5th percentile of the pixels. Values stay within those
    of the image, so that a scanner's black stays black from below.

    Parameters
    ----------
    image : array of bool, integer or float
    share : float
    rng : numpy.random.Generator

    Returns
    -------
    array
        Shape and dtype of the image; integers are rounded.
    """
    wide = image.astype(np.float64)
    low, high = np.percentile(wide, _SPAN)
    return _as_before(image, wide + rng.normal(0.0, share * (high - low), image.shape))


def reach(mask: NDArray[np.bool_], share: float) -> int:
    """Return a share of a region's radius (that of the circle of equal area), at least 1 pixel."""
    return max(1, round(share * math.sqrt(int(mask.sum()) / math.pi)))


def grown(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    """Move the outline of a region outwards; inwards for a negative number of pixels.

    Raises
    ------
    ImageError
        If nothing is left, or the region is the whole image and has no outline.

    Examples
    --------
    >>> mask = np.zeros((5, 5), dtype=bool); mask[2, 2] = True
    >>> int(grown(mask, 1).sum()), int(grown(grown(mask, 1), -1).sum())
    (5, 1)
    """
    from scipy.ndimage import distance_transform_edt

    if mask.all():
        raise ImageError("mask covers the whole image, so that its outline cannot be moved.")
    if pixels < 0:
        return _region(distance_transform_edt(mask) > -pixels)
    return _region(distance_transform_edt(~mask) <= pixels)


def moved(mask: NDArray[np.bool_], rows: int, cols: int) -> NDArray[np.bool_]:
    """Move a region; what leaves the image is cut off.

    Raises
    ------
    ImageError
        If nothing is left, or the region is the whole image.

    Examples
    --------
    >>> moved(np.array([[True, False, False]]), 0, 1)
    array([[False,  True, False]])
    """
    if mask.all():
        raise ImageError("mask covers the whole image, so that it cannot be moved.")
    height, width = mask.shape
    found = np.zeros_like(mask)
    found[max(rows, 0) : height + min(rows, 0), max(cols, 0) : width + min(cols, 0)] = mask[
        max(-rows, 0) : height + min(-rows, 0), max(-cols, 0) : width + min(-cols, 0)
    ]
    return _region(found)


def _as_before(image: NDArray[Any], found: NDArray[np.float64]) -> NDArray[Any]:
    """Return numbers in the dtype of an image and within its values."""
    found = np.clip(found, float(image.min()), float(image.max()))
    if image.dtype == np.bool_:
        return np.asarray(found >= 0.5)
    return (found if image.dtype.kind == "f" else np.rint(found)).astype(image.dtype)


def _region(mask: NDArray[Any]) -> NDArray[np.bool_]:
    if not mask.any():
        raise ImageError("the mask's region is gone once it is changed; it is too small for that.")
    return np.asarray(mask, dtype=np.bool_)
