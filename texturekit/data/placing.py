"""Where a network's picture lies in its image: what crop, resize and padding did, undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError
from texturekit.images import (
    Window,
    crop_to,
    middle_square,
    pad_to_square,
    resize,
    to_grey,
    to_rgb8,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.data.pictures import Pictures

_REGIONS = {
    "crop": "the mask's box and a tenth of its side around",
    "mask": "the pixels inside the mask, the others black",
    "none": "the whole image",
}


@dataclass(frozen=True)
class Box:
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, the ends not included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of an array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True, eq=False)
class Seen:
    """One image as networks see it, but in its own geometry.

    Attributes
    ----------
    picture : (H, W, 3) uint8
        The whole image, with black and white where the network has them.
    box : Box
        What of the image the network saw.
    inner : Box
        Where that stands in the network's square picture; the rest of the square is padding.
    side : int
        Pixels a side of that square.
    mask : (H, W) bool or None
        The region, where there is one that counts.
    region : str
        What the network was shown, in words.
    """

    picture: NDArray[np.uint8]
    box: Box
    inner: Box
    side: int
    mask: NDArray[np.bool_] | None
    region: str

    def back(self, square: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay a map of the network's square over the image.

        Parameters
        ----------
        square : (side, side) float32

        Returns
        -------
        (H, W) float32
            0 where the network saw nothing: that cannot have moved its output.
        """
        from PIL import Image

        result = np.zeros(self.picture.shape[:2], np.float32)
        part = np.ascontiguousarray(square[self.inner.slices], dtype=np.float32)
        size = (self.box.width, self.box.height)
        grown = Image.fromarray(part).resize(size, Image.Resampling.BILINEAR)
        result[self.box.slices] = np.asarray(grown)
        return result


def seen(pictures: Pictures, i: int) -> Seen:
    """Return picture ``i`` in the geometry of its image.

    Parameters
    ----------
    pictures : Pictures
        With a size.
    i : int
        Row, from 0.

    Raises
    ------
    ImageError
        If image or mask cannot be read, or their sizes differ.

    Examples
    --------
    >>> from texturekit.data.pictures import Pictures
    >>> one = seen(Pictures(tk.load_task("breast"), size=32), 0)
    >>> one.picture.shape, one.box, one.inner
    ((96, 96, 3), Box(top=0, left=0, bottom=96, right=96), Box(top=0, left=0, bottom=32, right=32))
    """
    picture = pictures.manifest.picture(i)
    image = picture.pixels
    mask = None if pictures.roi == "none" else pictures.manifest.mask(i)
    if mask is not None and mask.shape != image.shape[:2]:
        raise ImageError(
            f"{pictures.manifest.paths[i]!r} is {image.shape[1]}x{image.shape[0]} pixels, but its "
            f"mask is {mask.shape[1]}x{mask.shape[0]}; use a mask of the same size."
        )
    box = _box(image, mask if pictures.roi == "crop" else None, square=pictures.look == "xray")
    part = image[box.slices]
    if pictures.size is not None:
        part = resize(part, pictures.size)
    inner = _used(part.shape[:2])
    if pictures.look == "xray":
        ends = picture.span
        window = Window("dtype") if ends is None else _window(ends)
        look = to_rgb8(to_grey(image), window)
    else:
        found = pictures.window.ends(part, picture.window)
        look = to_rgb8(image) if found is None else to_rgb8(image, _window(found))
    region = _REGIONS["none" if mask is None else pictures.roi]
    if pictures.look == "xray":
        region += ", of that the middle square"
    return Seen(look, box, inner, max(part.shape[:2]), mask, region)


def region_of(pictures: Pictures, i: int) -> str:
    """Return in words what of picture ``i`` is looked at."""
    mask = None if pictures.roi == "none" else pictures.manifest.mask(i)
    return _REGIONS["none" if mask is None else pictures.roi]


def _window(ends: tuple[float, float]) -> Window:
    return Window(f"{ends[0]!r}:{ends[1]!r}")


def _box(image: NDArray[Any], mask: NDArray[np.bool_] | None, *, square: bool) -> Box:
    """Send the pixels' rows and columns through the same cuts as the pixels."""
    height, width = image.shape[:2]
    rows = np.broadcast_to(np.arange(height)[:, None], (height, width))
    cols = np.broadcast_to(np.arange(width), (height, width))
    if mask is not None:
        rows, cols = crop_to(rows, mask)[0], crop_to(cols, mask)[0]
    if square:
        rows, cols = middle_square(rows), middle_square(cols)
    return Box(int(rows[0, 0]), int(cols[0, 0]), int(rows[-1, 0]) + 1, int(cols[0, -1]) + 1)


def _used(shape: tuple[int, ...]) -> Box:
    """Return where an image of a shape stands in its padded square."""
    used = pad_to_square(np.ones(shape, dtype=bool))
    rows, cols = (np.flatnonzero(used.any(axis=axis)) for axis in (1, 0))
    return Box(int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1)
