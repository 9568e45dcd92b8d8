"""Turn stored pixels upright and lay them over black."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def over_black(layers: NDArray[Any]) -> NDArray[Any]:
    """Lay integer colours with alpha last over black, rounding a half up; opaque stays exact."""
    full = int(np.iinfo(layers.dtype).max)
    wide: NDArray[Any] = layers.astype(np.uint32 if full < 2**15 else np.uint64)
    laid = (2 * wide[:, :, :-1] * wide[:, :, -1:] + full) // (2 * full)
    pixels: NDArray[Any] = laid.astype(layers.dtype)
    return pixels[:, :, 0] if pixels.shape[2] == 1 else pixels


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo the camera's rotation, which EXIF numbers from 1 to 8."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels[:, ::-1] if orientation in (2, 3, 6, 7) else pixels
