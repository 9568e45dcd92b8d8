"""The checks that every feature makes on what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError
from texturekit.images import to_grey

if TYPE_CHECKING:
    from numpy.typing import NDArray


def grey_region(
    image: NDArray[Any], mask: NDArray[Any] | None, *, smallest: int = 1
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return a grey image that is fit to be measured, and its mask.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Colour becomes grey by `texturekit.to_grey`.
    mask : (H, W) array, optional
        Non-zero inside the region; ``None`` means the whole image.
    smallest : int, default 1
        Fewest rows and columns that the caller can work with.

    Returns
    -------
    grey : (H, W) array
        C-contiguous, native byte order, own dtype (bool becomes uint8 0 and 255).
    mask : (H, W) bool or None

    Raises
    ------
    ImageError
        If the image is not 2-D or RGB, too small, not finite, or the mask does not fit or is empty.
    """
    if isinstance(image, np.ma.MaskedArray):
        raise ImageError(
            "image is a masked array, whose mask would be lost; give image.filled() and mask=."
        )
    grey = to_grey(np.asarray(image))
    if grey.dtype == np.bool_:
        grey = grey.astype(np.uint8) * np.uint8(255)
    height, width = grey.shape
    if min(height, width) < smallest:
        raise ImageError(
            f"image is {width}x{height} pixels, but this feature needs at least "
            f"{smallest}x{smallest}; use a larger image or leave the feature out."
        )
    if grey.dtype.kind == "f" and not np.isfinite(grey).all():
        bad = ~np.isfinite(grey)
        where = "" if mask is None else f", {int(bad[_region(mask, grey.shape)].sum())} in the mask"
        raise ImageError(
            f"{int(bad.sum())} of {grey.size} pixels are not finite{where}; give them a value "
            "before measuring, those outside a mask too."
        )
    grey = np.ascontiguousarray(grey, dtype=grey.dtype.newbyteorder("="))
    return _writable(grey), None if mask is None else _region(mask, (height, width))


def _region(mask: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.bool_]:
    region = np.asarray(mask)
    if region.dtype.kind == "f" and np.isnan(region).any():
        raise ImageError("mask holds NaN; give 0 outside the region and another number inside.")
    region = np.ascontiguousarray(region if region.dtype == np.bool_ else region != 0)
    if region.shape != shape:
        raise ImageError(
            f"mask has shape {region.shape}, but the image is {shape}; use a mask of the same size."
        )
    if not region.any():
        raise ImageError("mask holds no pixel; give a mask with a non-zero region, or none.")
    return _writable(region)


def _writable(array: NDArray[Any]) -> NDArray[Any]:
    """Copy an array that may not be written to: numba would compile every kernel once more."""
    return array if array.flags.writeable else array.copy()
