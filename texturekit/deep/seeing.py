"""What a network may be shown: pictures as arrays, checked one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from texturekit.errors import ImageError

if TYPE_CHECKING:
    from texturekit.deep.backbones import Backbone

Picture = NDArray[np.uint8] | NDArray[np.float32]


class PictureSequence(Protocol):
    """Anything with a length whose items are pictures of one size.

    (H, W, 3) uint8; for a grey backbone also (H, W, 1) float32 in 0..1, from the lowest to the
    highest value that the file can hold.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Picture: ...


def shown_to(pictures: PictureSequence, backbone: Backbone) -> PictureSequence:
    """Return the pictures as a backbone wants to see them, where they can be seen otherwise."""
    seen_as = getattr(pictures, "seen_as", None)
    return pictures if seen_as is None else seen_as(backbone.view)


def check_picture(picture: NDArray[Any], index: int, backbone: Backbone) -> Picture:
    """Return the picture if the backbone can look at it.

    Raises
    ------
    ImageError
        If it is not (H, W, 3) uint8 - or, for a grey backbone, (H, W, 1) float32 in 0..1 - or
        smaller than the backbone's smallest side, or no multiple of its step.
    """
    grey = backbone.channels == 1 and picture.dtype == np.float32
    if (
        picture.ndim != 3
        or picture.shape[2] != (1 if grey else 3)
        or (picture.dtype != np.uint8 and not grey)
    ):
        raise ImageError(
            f"picture {index} is {picture.dtype} of shape {picture.shape}; a network wants "
            "(height, width, 3) uint8: call to_rgb8 first."
        )
    side = min(picture.shape[:2])
    if side < backbone.smallest:
        raise ImageError(
            f"picture {index} has a side of {side} pixels, but {backbone.name} needs at least "
            f"{backbone.smallest}; resize to that or more."
        )
    if picture.shape[0] % backbone.step or picture.shape[1] % backbone.step:
        raise ImageError(
            f"picture {index} has {picture.shape[1]} x {picture.shape[0]} pixels, but "
            f"{backbone.name} takes multiples of {backbone.step} only; resize to "
            f"{max(1, round(side / backbone.step)) * backbone.step} or {backbone.size}."
        )
    return cast("Picture", picture)


def seen(pictures: PictureSequence, index: int, backbone: Backbone) -> Picture | ImageError:
    """Return a checked picture, or the `ImageError` that says why it cannot be used."""
    try:
        return check_picture(np.asarray(pictures[index]), index, backbone)
    except ImageError as error:
        return error
