"""Variants that every family has: the image at other scales, and cut into the cells of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError
from texturekit.resizing import resize, resize_mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Parameters of every family, with their defaults.
VARIANTS: dict[str, tuple[int, ...]] = {"scales": (1,), "pyramid": (1,)}
MOST_CELLS, MOST_SCALE = 16, 1024

Piece = tuple[str, "NDArray[Any]", "NDArray[np.bool_] | None"]


def variants(
    image: NDArray[Any],
    mask: NDArray[Any] | None,
    *,
    scales: int | tuple[int, ...] = (1,),
    pyramid: int | tuple[int, ...] = (1,),
) -> Iterator[Piece]:
    """Give the pieces that a family is to be measured on, each with what its columns end with.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    mask : (H, W) array, optional
    scales : int or sequence of int
        Divisors of the image's size: 1 is the image itself, 2 half its sides, 4 a quarter; scaled
        as by `texturekit.resizing.resize`, antialiased and rounded to the image's own type. Pixels
        outside the mask are first replaced by the nearest inside. Columns of scale s end with
        ``.s<s>``, of 1 with nothing.
    pyramid : int or sequence of int
        Cells a side: 1 is the whole, 2 cuts the image, or the box of the mask, into 2 x 2 cells,
        each measured as an image of its own. Columns end with ``.g2r0c1`` for the upper right of
        2 x 2 cells, of the whole with nothing.

    Yields
    ------
    ending : str
    image : (h, w) or (h, w, 3) array
    mask : (h, w) array or None

    Raises
    ------
    ImageError
        If a cell holds no pixel of the mask, or of the image, or a scale leaves no pixel.
    ParameterError
        If a scale or grid is out of range, or stands twice.

    References
    ----------
    Lazebnik, Schmid and Ponce (2006), doi:10.1109/CVPR.2006.68 (spatial pyramid).

    Examples
    --------
    >>> image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    >>> [ending for ending, _, _ in variants(image, None, scales=(1, 2))]
    ['', '.s2']
    >>> [(ending, piece[0, 0]) for ending, piece, _ in variants(image, None, pyramid=2)][1:3]
    [('.g2r0c1', np.uint8(2)), ('.g2r1c0', np.uint8(8))]
    """
    longest = max(image.shape[:2])
    sides = _checked("pyramid", pyramid, MOST_CELLS)
    filled = None
    for scale in _checked("scales", scales, MOST_SCALE):
        if scale > longest:
            raise ImageError(
                f"the image is {image.shape[1]}x{image.shape[0]} pixels, too small for "
                f"scales={scale}; use smaller scales or a larger image."
            )
        size = max(1, round(longest / scale))
        smaller, region = image, mask
        if scale > 1:
            filled = _filled(image, mask) if filled is None else filled
            smaller, region = (
                resize(filled, size),
                mask if mask is None else resize_mask(mask, size),
            )
        for side in sides:
            pieces = [(smaller, region)] if side == 1 else _cells(smaller, region, side)
            for ending, piece in zip(_endings(scale, side), pieces, strict=True):
                yield ending, *piece


def _filled(image: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any]:
    """Continue the region outwards by its nearest pixels, so that none beyond it is mixed in."""
    if mask is None or mask.all():
        return image
    from scipy.ndimage import distance_transform_edt

    rows, cols = distance_transform_edt(
        np.asarray(mask) == 0, return_distances=False, return_indices=True
    )
    continued: NDArray[Any] = image[rows, cols]
    return continued


def endings(
    *, scales: int | tuple[int, ...] = (1,), pyramid: int | tuple[int, ...] = (1,)
) -> tuple[str, ...]:
    """Return what the columns of each piece end with, without an image; see `variants`.

    Examples
    --------
    >>> endings(scales=(1, 2))
    ('', '.s2')
    """
    sides = _checked("pyramid", pyramid, MOST_CELLS)
    return tuple(
        ending
        for scale in _checked("scales", scales, MOST_SCALE)
        for side in sides
        for ending in _endings(scale, side)
    )


def _endings(scale: int, side: int) -> list[str]:
    end = "" if scale == 1 else f".s{scale}"
    return [end] if side == 1 else [f"{end}.g{side}r{i}c{j}" for i, j in np.ndindex(side, side)]


def _cells(
    image: NDArray[Any], mask: NDArray[Any] | None, side: int
) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_] | None]]:
    rows, cols = _box(image, mask)
    for i, j in np.ndindex(side, side):
        cell = (_share(rows, i, side), _share(cols, j, side))
        piece, part = image[cell], None if mask is None else mask[cell]
        if piece.size == 0 or (part is not None and not part.any()):
            what = "image" if mask is None else "mask"
            raise ImageError(
                f"cell r{i}c{j} of pyramid={side} holds no pixel of the {what}; use a smaller "
                f"pyramid or a larger {what}."
            )
        yield piece, part


def _box(image: NDArray[Any], mask: NDArray[Any] | None) -> tuple[range, range]:
    if mask is None or not mask.any():
        return range(image.shape[0]), range(image.shape[1])
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return range(rows[0], rows[-1] + 1), range(cols[0], cols[-1] + 1)


def _share(whole: range, k: int, side: int) -> slice:
    count = len(whole)
    return slice(whole.start + k * count // side, whole.start + (k + 1) * count // side)


def _checked(name: str, value: int | tuple[int, ...], most: int) -> tuple[int, ...]:
    numbers = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if not numbers or len(set(numbers)) < len(numbers):
        raise ParameterError(f"{name}={value!r} is empty or names one twice; name each once.")
    for number in numbers:
        if not isinstance(number, (int, np.integer)) or not 1 <= number <= most:
            raise ParameterError(f"{name}={number!r} is not a whole number from 1 to {most}.")
    return numbers
