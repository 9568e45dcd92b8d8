"""The geometry that all methods share: scale, crop, pad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def resize(image: NDArray[Any], size: int) -> NDArray[Any]:
    """Scale an image so that its long side is ``size``, aspect kept, antialiased.

    Pillow's bilinear filter, whose support grows with the reduction. uint8 is scaled as such, every
    other dtype in float32 (24 bits) and rounded back.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of integer or float
    size : int
        Pixels of the long side, 1 or more. The short side is rounded, and at least 1.

    Returns
    -------
    (h, w) or (h, w, 3) array
        Same dtype.

    Raises
    ------
    ParameterError
        If ``size`` is not a positive integer.

    Examples
    --------
    >>> resize(np.full((20, 40), 700, dtype=np.uint16), 10)[0, :3], resize(np.eye(6), 3).shape
    (array([700, 700, 700], dtype=uint16), (3, 3))
    """
    from PIL import Image

    height, width = _scaled(image.shape[:2], size)
    if (height, width) == image.shape[:2]:
        return image
    box, bilinear = (width, height), Image.Resampling.BILINEAR
    if image.dtype == np.uint8:
        return np.asarray(Image.fromarray(image).resize(box, bilinear))
    planes = image[:, :, None] if image.ndim == 2 else image
    wide = np.ascontiguousarray(planes.transpose(2, 0, 1), dtype=np.float32)
    small = np.stack([np.asarray(Image.fromarray(p).resize(box, bilinear)) for p in wide], axis=2)
    small = small[:, :, 0] if image.ndim == 2 else small
    if image.dtype.kind == "f":
        return small.astype(image.dtype)
    limits = np.iinfo(image.dtype)
    rounded = np.clip(np.rint(small.astype(np.float64)), limits.min, limits.max)
    return rounded.astype(image.dtype)


def _scaled(shape: tuple[int, ...], size: int) -> tuple[int, int]:
    if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
        raise ParameterError(f"size is {size!r}, but a whole number of pixels from 1 is wanted.")
    long = max(shape)
    height, width = (max(1, (2 * side * int(size) + long) // (2 * long)) for side in shape)
    return height, width


def resize_mask(mask: NDArray[Any], size: int) -> NDArray[np.bool_]:
    """Scale a mask as `resize` scales its image, by the nearest pixel; a region never vanishes.

    Parameters
    ----------
    mask : (H, W) array
        Non-zero inside the region.
    size : int
        Pixels of the long side.

    Returns
    -------
    (h, w) bool
        A region so thin that no sampled pixel hits it keeps every pixel that it touches.

    Examples
    --------
    >>> line = np.zeros((9, 9)); line[:, 0] = 1
    >>> resize_mask(line, 3).astype(int)
    array([[1, 0, 0],
           [1, 0, 0],
           [1, 0, 0]])
    """
    inside = np.asarray(mask) != 0
    height, width = inside.shape
    rows, cols = _scaled(inside.shape, size)
    near = np.ix_(
        (2 * np.arange(rows) + 1) * height // (2 * rows),
        (2 * np.arange(cols) + 1) * width // (2 * cols),
    )
    small: NDArray[np.bool_] = inside[near]
    if inside.any() and not small.any():
        touched = np.nonzero(inside)
        small[touched[0] * rows // height, touched[1] * cols // width] = True
    return small


def crop_to(
    image: NDArray[Any], mask: NDArray[Any], margin: float = 0.1
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cut image and mask down to the region's box and a margin around it.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    mask : (H, W) array
        Non-zero inside the region.
    margin : float, default 0.1
        Added on each side, as a share of the box's own side, rounded, and cut at the image's edge.

    Raises
    ------
    ImageError
        If the mask does not have the image's size, or holds no pixel.

    Examples
    --------
    >>> mask = np.zeros((50, 50), dtype=bool); mask[20:40, 10:20] = True
    >>> crop_to(np.ones((50, 50)), mask)[0].shape
    (24, 12)
    """
    inside = np.asarray(mask) != 0
    if inside.shape != image.shape[:2]:
        raise ImageError(
            f"mask has shape {inside.shape}, but the image is {image.shape[:2]}; use a mask of the "
            "same size."
        )
    if not inside.any():
        raise ImageError("mask holds no pixel; give a mask with a non-zero region, or none.")
    spans = []
    for axis in (1, 0):
        used = np.flatnonzero(inside.any(axis=axis))
        first, last = int(used[0]), int(used[-1]) + 1
        extra = round(margin * (last - first))
        spans.append(slice(max(0, first - extra), last + extra))
    return image[spans[0], spans[1]], mask[spans[0], spans[1]]


def pad_to_square(image: NDArray[Any]) -> NDArray[Any]:
    """Centre an image on a black square whose side is the image's long side.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array

    Returns
    -------
    (S, S) or (S, S, C) array
        An odd row or column goes below or to the right.

    Examples
    --------
    >>> pad_to_square(np.ones((1, 3), dtype=int))
    array([[0, 0, 0],
           [1, 1, 1],
           [0, 0, 0]])
    """
    height, width = image.shape[:2]
    if height == width:
        return image
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    sides = ((top, side - height - top), (left, side - width - left))
    return np.pad(image, sides + ((0, 0),) * (image.ndim - 2))


def middle_square(image: NDArray[Any]) -> NDArray[Any]:
    """Cut the middle square out of an image; its side is the image's short side.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array

    Returns
    -------
    (S, S) or (S, S, C) array
        A view. Of an odd rest the greater part is cut below or to the right where the long side
        is odd, above or to the left where it is even, as torchxrayvision's XRayCenterCrop does.

    Examples
    --------
    >>> middle_square(np.arange(5)[None, :].repeat(2, axis=0))[0]
    array([1, 2])
    """
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = height // 2 - side // 2, width // 2 - side // 2
    return image[top : top + side, left : left + side]
