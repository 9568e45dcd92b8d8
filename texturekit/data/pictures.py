"""The images of a manifest as every method sees them: one region, one geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from texturekit.data.notes import Notes
from texturekit.errors import ImageError, ParameterError
from texturekit.images import (
    Window,
    crop_to,
    middle_square,
    pad_to_square,
    resize,
    resize_mask,
    to_grey,
    to_rgb8,
)
from texturekit.windows import clipped_share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from texturekit.data.listing import Manifest
    from texturekit.images import Picture

ROIS = ("crop", "mask", "none")
View = Literal["rgb8", "xray"]
_LARGEST = 4096
_NARROW = 0.25  # of its range: an X-ray that uses less was stored with other bits than it says
_SMALLEST = 8  # fewer pixels a side are no picture, and enlarging them makes none


class Pictures:
    """A sequence of square 8-bit pictures for networks, and of regions for texture.

    Pictures are decoded when they are asked for, never before.

    Parameters
    ----------
    manifest : Manifest
        The images, and their masks where it has them.
    size : int or None
        Long side in pixels; None keeps each image's own, which differ.
    roi : {"crop", "mask", "none"}
        What a mask does: its box, with a tenth of the box's side around, is all there is; only
        the pixels inside count (networks see the others black); nothing. Texture and networks see
        the same. Images without a mask are taken whole.
    window : str, default "auto"
        Which values networks and thumbnails see as black and white; see
        `texturekit.windows.Window`. Texture is measured on the pixels themselves.
    view : {"rgb8", "xray"}, default "rgb8"
        What an item is: (S, S, 3) uint8, centred on black; or (S, S, 1) float32, the middle square
        of the region in grey, where 0 and 1 are the lowest and the highest value that the file
        can hold, whatever the window.

    Attributes
    ----------
    notes : Notes
        What is worth saying of the pictures that were read.

    Raises
    ------
    ParameterError
        If ``size``, ``roi``, ``window`` or ``view`` is another value.

    Examples
    --------
    >>> pictures = Pictures(tk.load_task("breast"), size=32)
    >>> len(pictures), pictures[0].shape, pictures.region(0)[0].shape
    (160, (32, 32, 3), (32, 32))
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        size: int | None,
        roi: str = "crop",
        window: Window | str = "auto",
        view: View = "rgb8",
    ) -> None:
        if view not in get_args(View):
            raise ParameterError(f"view is {view!r}, but 'rgb8' or 'xray' is wanted.")
        if roi not in ROIS:
            raise ParameterError(f"roi is {roi!r}, but 'crop', 'mask' or 'none' is wanted.")
        if size is not None and not 1 <= size <= _LARGEST:
            raise ParameterError(
                f"size is {size!r}, but a whole number of pixels from 1 to {_LARGEST} is wanted."
            )
        self.manifest, self.size, self.roi = manifest, size, roi
        self.window, self.look, self.notes = Window.of(window), view, Notes()
        self.counted = False  # whether what files say of themselves is noted with an item, too

    def __len__(self) -> int:
        return len(self.manifest)

    def __getitem__(self, i: int) -> NDArray[np.uint8] | NDArray[np.float32]:
        """Return picture ``i`` as its view says."""
        return self._colours(i) if self.look == "rgb8" else self._greys(i)

    def _colours(self, i: int) -> NDArray[np.uint8]:
        image, mask, own = self._region(i, counted=self.counted)
        picture = self._seen(i, image, own)
        if mask is not None:
            picture = np.where(mask[:, :, None], picture, np.uint8(0))
        return pad_to_square(picture)

    def _greys(self, i: int) -> NDArray[np.float32]:
        image, mask, picture = self._native(i, counted=self.counted)
        low, high = picture.span or _span(image, self.manifest.paths[i])
        grey = middle_square(to_grey(image)).astype(np.float32)
        share = np.clip((grey - low) / (high - low), 0.0, 1.0, dtype=np.float32)
        if mask is not None:
            share = np.where(middle_square(mask), share, np.float32(0))
        share = share if self.size is None else resize(share, self.size)
        if float(share.max() - share.min()) <= _NARROW:
            self.notes.add(i, ["narrow"])
        return share[:, :, None]

    def __iter__(self) -> Iterator[NDArray[np.uint8] | NDArray[np.float32]]:
        return (self[i] for i in range(len(self)))

    def subset(self, indices: Sequence[int] | NDArray[Any]) -> Pictures:
        """Return the pictures at ``indices``, in that order."""
        return Pictures(
            self.manifest.subset(indices), size=self.size, roi=self.roi, window=self.window,
            view=self.look,
        )  # fmt: skip

    def seen_as(self, view: View) -> Pictures:
        """Return the same pictures in another view; both note what is worth saying together."""
        if view == self.look:
            return self
        other = Pictures(self.manifest, size=self.size, roi=self.roi, window=self.window, view=view)
        other.notes, other.counted = self.notes, self.counted
        return other

    def region(self, i: int) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Return what texture is measured on.

        Returns
        -------
        image : (H, W) or (H, W, 3) array
            Own dtype, aspect kept, the long side ``size``.
        mask : (H, W) bool or None
            Given with ``roi="mask"`` where there is one.

        Raises
        ------
        ImageError
            If image or mask cannot be read, or their sizes differ.
        """
        image, mask, _ = self._region(i, counted=True)
        return image, mask

    def view(self, i: int, side: int) -> NDArray[np.uint8]:
        """Return the region of picture ``i`` as (H, W, 3) uint8 whose long side is ``side``."""
        image, _, own = self._region(i)
        return self._seen(i, resize(image, side), own)

    def _seen(
        self, i: int, image: NDArray[Any], own: tuple[float, float] | None
    ) -> NDArray[np.uint8]:
        try:
            self.notes.clip(i, clipped_share(image, self.window, own))
            return to_rgb8(image, self.window, own)
        except ImageError as error:
            raise ImageError(f"{self.manifest.paths[i]!r}: {error}") from error

    def _region(
        self, i: int, *, counted: bool = False
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | None, tuple[float, float] | None]:
        """Return image, mask, and the window that the file itself names, at the wanted size."""
        image, mask, picture = self._native(i, counted=counted)
        if self.size is None:
            return image, mask, picture.window
        small = None if mask is None else resize_mask(mask, self.size)
        return resize(image, self.size), small, picture.window

    def _native(
        self, i: int, *, counted: bool = False
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | None, Picture]:
        """Return the region as it stands in the file, its mask, and all the file says."""
        picture = self.manifest.picture(i)
        image = picture.pixels
        if counted and picture.traits:
            self.notes.add(i, picture.traits)
        mask = None if self.roi == "none" else self.manifest.mask(i)
        if mask is not None and mask.shape != image.shape[:2]:
            raise ImageError(
                f"{self.manifest.paths[i]!r} is {image.shape[1]}x{image.shape[0]} pixels, but its "
                f"mask is {mask.shape[1]}x{mask.shape[0]}; use a mask of the same size."
            )
        if mask is not None and self.roi == "crop":
            image, mask = crop_to(image, mask)[0], None
        if self.size is not None and min(image.shape[:2]) < _SMALLEST:
            raise ImageError(
                f"{self.manifest.paths[i]!r} shows {image.shape[1]}x{image.shape[0]} pixels, fewer "
                f"than {_SMALLEST} a side; leave it out, or enlarge it yourself if that is meant."
            )
        return image, mask, picture


def _span(image: NDArray[Any], path: str) -> tuple[float, float]:
    """Return the lowest and highest value that a dtype can hold."""
    if image.dtype == np.bool_:
        return 0.0, 1.0
    if image.dtype.kind == "f":
        raise ImageError(
            f"{path!r} holds {image.dtype}, which has no full scale, so that nobody can say what "
            "is black and white; save it as 8 or 16 bits, or as DICOM."
        )
    limits = np.iinfo(image.dtype)
    return float(limits.min), float(limits.max)
