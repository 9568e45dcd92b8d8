"""Which picture of a mask file belongs to an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.errors import ImageError, printable
from texturekit.images import ONE, Frames, image_layout, split_place

if TYPE_CHECKING:
    from pathlib import Path


def frames_of_mask(image: Path, mask: Path, frames: Frames) -> Frames:
    """Return the rule by which a mask is read: the image's own place, where there are several.

    Parameters
    ----------
    image, mask : Path
        The image's may name a frame: ``scan.nii.gz#axial/7``.
    frames : Frames
        The rule by which the image is read, unless its path names a frame.

    Raises
    ------
    ImageError
        If both files hold several pictures, but not as many.
    """
    file, named = split_place(str(image))
    rule = frames if named is None else named
    if rule == ONE or split_place(str(mask))[1] is not None:
        return ONE
    its = image_layout(mask)
    if its.alone:
        return ONE
    ours = image_layout(file)
    if ours.counts != its.counts or its.volumes not in (1, ours.volumes):
        raise ImageError(
            f"mask '{printable(str(mask))}' holds {its}, but '{printable(file)}' {ours}; give a "
            "mask for each, or one for all."
        )
    place = ours.place(rule, file)
    axis = None if place.axis == "frame" else place.axis
    return Frames(place.index, axis, place.volume if its.volumes > 1 else None)
