"""Any supported picture file as an array of right pixels, and colour as grey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from texturekit.decoding.checks import file_size, shown
from texturekit.decoding.formats import SUFFIXES, is_image_file, split_name
from texturekit.decoding.frames import ONE, Frames, Layout, split_place
from texturekit.decoding.picture import Picture
from texturekit.decoding.reading import decoded, header, layout
from texturekit.errors import ImageError, ParameterError
from texturekit.resizing import crop_to, middle_square, pad_to_square, resize, resize_mask
from texturekit.windows import Window, to_rgb8

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

__all__ = [
    "ONE",
    "SUFFIXES",
    "Frames",
    "ImageFacts",
    "Layout",
    "Picture",
    "Window",
    "crop_to",
    "image_facts",
    "image_layout",
    "in_colour",
    "is_image_file",
    "middle_square",
    "pad_to_square",
    "read_image",
    "read_mask",
    "read_picture",
    "resize",
    "resize_mask",
    "split_name",
    "split_place",
    "to_grey",
    "to_rgb8",
]

#: Formats that may change a value on saving: a label found in them may be an artefact.
_NO_LABELS = ("JPEG", "MPO", "WEBP", "GIF")


@dataclass(frozen=True)
class ImageFacts:
    """What a file's header says, as stored: before any EXIF rotation, palette or alpha.

    Parameters
    ----------
    width, height : int
        In pixels.
    mode : str
        Pillow's name of the pixel layout (``"L"``, ``"RGB"``, ``"P"``, ...), or dtype and channels
        (``"float64x1"``) where Pillow has no name.
    bit_depth : int
        Bits per channel.
    bytes : int
        Size of the file.
    format : str
        By content: ``"PNG"``, ``"JPEG"``, ``"MPO"`` (a JPEG that carries a second picture),
        ``"TIFF"``, ``"BMP"``, ``"WEBP"``, ``"GIF"``, ``"DICOM"``, ``"NIFTI"`` or ``"NUMPY"``.
    """

    width: int
    height: int
    mode: str
    bit_depth: int
    bytes: int
    format: str


def read_image(
    path: str | os.PathLike[str],
    *,
    colour: Literal["keep", "grey", "rgb"] = "keep",
    frames: Frames | str | int = "one",
) -> NDArray[Any]:
    """Read a picture: right pixels, own dtype, upright.

    PNG, JPEG, TIFF, BMP, WebP, GIF, DICOM, NIfTI and ``.npy``; ``docs/data.md`` has the table.
    Palettes are resolved, CMYK becomes RGB, 1-bit becomes 0 and 255, EXIF rotation is applied,
    alpha is laid over black in the image's own dtype. DICOM and NIfTI give modality values (HU),
    MONOCHROME1 turned round within what can be stored. Of a camera's two-picture JPEG (MPO) the
    first is read. Colour profiles are not applied.

    Parameters
    ----------
    path : path-like
        A regular file of any name; the content decides the format. ``file#frame/7`` or
        ``file#axial/7`` names one of several pictures.
    colour : {"keep", "grey", "rgb"}
        ``"grey"`` applies `to_grey`, ``"rgb"`` repeats grey three times.
    frames : str or int, default "one"
        Of several pictures: ``"first"``, ``"middle"`` (number n // 2) or a number from 0; of a
        volume with the direction, ``"axial:middle"``; by default they are refused.

    Returns
    -------
    (H, W) or (H, W, 3) array
        uint8, uint16, float32 or what else the file holds, in native byte order.

    Raises
    ------
    ImageError
        If the file is missing, empty, damaged, truncated, not an image, not of a supported format,
        above 100 megapixels, of several pages or frames, or holds pixels that are not finite.
    MissingExtraError
        If the format's decoder is not installed.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "a.png")
    ...     Image.new("RGB", (4, 2), (10, 20, 30)).save(path)
    ...     read_image(path).shape, int(read_image(path, colour="grey")[0, 0])
    ((2, 4, 3), 18)
    """
    if colour not in ("keep", "grey", "rgb"):
        raise ParameterError(f"colour is {colour!r}, but 'keep', 'grey' or 'rgb' is wanted.")
    return in_colour(read_picture(path, frames=frames).pixels, colour)


def read_picture(path: str | os.PathLike[str], *, frames: Frames | str | int = "one") -> Picture:
    """Read a picture as `read_image` does, with what its file says of it: window and traits."""
    return decoded(path, frames=Frames.of(frames))


def in_colour(pixels: NDArray[Any], colour: str) -> NDArray[Any]:
    """Return pixels as they are, as grey, or as three channels."""
    if colour == "grey":
        return to_grey(pixels)
    if colour == "rgb" and pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    return pixels


def read_mask(
    path: str | os.PathLike[str],
    *,
    label: int | None = None,
    frames: Frames | str | int = "one",
) -> NDArray[np.bool_]:
    """Read a region: the pixels that are not black, or those that hold one label.

    Parameters
    ----------
    path : path-like
        An image file. In a JPEG, where black is never quite black, half of full scale divides.
    label : int, optional
        The value that is the region. In a palette image this is the palette's index, in a 1-bit
        image 1.
    frames : str or int, default "one"
        As in `read_image`.

    Returns
    -------
    (H, W) bool

    Raises
    ------
    ImageError
        As `read_image`; if a label is asked of a coloured mask, or of a JPEG, WebP or GIF, which
        may not keep values as they were; if no pixel is in the region.
    """
    picture = decoded(path, frames=Frames.of(frames), labels=label is not None)
    if label is not None and picture.format in _NO_LABELS:
        raise ImageError(
            f"mask {shown(path)} is a {picture.format} file, which may not keep values as they "
            "were, so it holds no labels; save it anew from its source as PNG or TIFF, or leave "
            "the label out."
        )
    values = picture.pixels
    grey = values if values.ndim == 2 else values.max(axis=2)
    if label is None:
        noisy = picture.format in ("JPEG", "MPO")
        region: NDArray[np.bool_] = grey > 127 if noisy else grey != 0
    elif values.ndim == 3 and (values != values[:, :, :1]).any():
        raise ImageError(
            f"{shown(path)} is a coloured mask, which holds no labels; use a grey or palette "
            "image, or leave the label out."
        )
    else:
        region = grey == label
    if not region.any():
        held = ", ".join(f"{value:g}" for value in np.unique(grey)[:10])
        wanted = "black everywhere" if label is None else f"without label {label} (it holds {held})"
        raise ImageError(f"mask {shown(path)} is {wanted}; give another mask, or none.")
    return region


def image_layout(path: str | os.PathLike[str]) -> Layout:
    """Return how many pictures a file holds, in which directions, without decoding one.

    Raises
    ------
    ImageError
        If the file is missing, empty, or not an image of a supported format.
    """
    return layout(path)


def image_facts(path: str | os.PathLike[str], *, frames: Frames | str | int = "one") -> ImageFacts:
    """Read what a file's header says, without decoding its pixels.

    Raises
    ------
    ImageError
        If the file is missing, empty, not an image of a supported format, or above 100 megapixels.
    """
    found = header(path, frames=Frames.of(frames))
    size = file_size(split_place(str(path))[0])
    return ImageFacts(found.width, found.height, found.mode, found.bit_depth, size, found.format)


def to_grey(image: NDArray[Any]) -> NDArray[Any]:
    """Return the luma of a colour image (ITU-R BT.601), in the image's own dtype.

    The only place where colour becomes grey. Integers are computed exactly,
    ``floor((299 R + 587 G + 114 B + 500) / 1000)``: a half is rounded up. Floats stay floats.

    Parameters
    ----------
    image : (H, W), (H, W, 1) or (H, W, 3) array of bool, integer or float
        Grey comes back as it is, without a copy. Four channels are refused, because an array does
        not say whether the fourth is alpha or ink; `read_image` knows it from the file.

    Returns
    -------
    (H, W) array
        Same dtype; an RGB image of bool becomes uint8 0..255.

    Raises
    ------
    ImageError
        If the shape is another one, or the pixels are not real numbers.

    References
    ----------
    Recommendation ITU-R BT.601-7, section 2.5.1: 0.299, 0.587, 0.114.

    Examples
    --------
    >>> to_grey(np.array([[[255, 0, 0], [0, 255, 0], [10, 20, 30]]], dtype=np.uint8))
    array([[ 76, 150,  18]], dtype=uint8)
    """
    image = np.asarray(image)
    if image.dtype.kind not in "buif":
        raise ImageError(f"image has dtype {image.dtype}; give bool, integer or float pixels.")
    if image.ndim == 3 and image.shape[2] == 1:
        return image[:, :, 0]
    if image.ndim == 2:
        return image
    if image.ndim != 3 or image.shape[2] != 3:
        raise ImageError(
            f"image has shape {image.shape}, but (H, W) or (H, W, 3) is wanted; "
            "read the file with texturekit.read_image, or pick the channels yourself."
        )
    if image.dtype == np.bool_:
        image = image.astype(np.uint8) * np.uint8(255)
    if image.dtype.kind == "f":
        wide = image.astype(np.result_type(image.dtype, np.float32), copy=False)
        luma = wide[:, :, 0] * 0.299 + wide[:, :, 1] * 0.587 + wide[:, :, 2] * 0.114
        return luma.astype(image.dtype, copy=False)
    return _integer_luma(image)


def _integer_luma(image: NDArray[Any]) -> NDArray[Any]:
    size = image.dtype.itemsize
    if size == 8 and image.size and max(abs(int(image.min())), int(image.max())) > 2**53:
        raise ImageError(
            f"image holds the value {image.max()} in {image.dtype}, above 2**53, where colour "
            "cannot become grey exactly; scale the pixels down first."
        )
    wide: NDArray[Any] = image.astype(np.int64 if size >= 4 else np.int32)
    luma: NDArray[Any] = wide[:, :, 0] * 299 + wide[:, :, 1] * 587 + wide[:, :, 2] * 114
    return ((luma + 500) // 1000).astype(image.dtype)
