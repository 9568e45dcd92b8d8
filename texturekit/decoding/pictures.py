"""PNG, JPEG, TIFF, BMP, WebP and GIF through Pillow.

What Pillow gets wrong without a word goes another way: deep TIFFs through tifffile, and 16-bit
colour PNGs, which it reduces to 8 bits, through OpenCV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import (  # importing a plugin registers it, which Image.open(formats=...) does not
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from texturekit.decoding import tiff
from texturekit.decoding.checks import check_size, quietly, shown
from texturekit.decoding.formats import foreign
from texturekit.decoding.frames import Frames, Layout
from texturekit.decoding.picture import Header, Picture
from texturekit.decoding.upright import over_black, upright
from texturekit.errors import ImageError

if TYPE_CHECKING:
    import os
    from typing import BinaryIO

    from numpy.typing import NDArray

_FORMATS = [
    PngImagePlugin.PngImageFile.format,
    JpegImagePlugin.JpegImageFile.format,  # and MPO, which starts as one
    TiffImagePlugin.TiffImageFile.format,
    BmpImagePlugin.BmpImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    GifImagePlugin.GifImageFile.format,
]
_SIGNATURES = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"BM": "BMP", b"GIF8": "GIF"}
_ORIENTATION = 0x0112
_ALPHA, _NONE = frozenset({"alpha"}), frozenset[str]()


def pixels(
    stream: BinaryIO, path: str | os.PathLike[str], frames: Frames, *, labels: bool
) -> Picture:
    """Decode one picture; ``labels`` gives palette indices and 0 and 1 instead of their colours."""
    image = _opened(stream, path)
    if image is None:
        values, laid = tiff.tiff_pixels(stream, path, frames, None)
        return Picture(values, "TIFF", traits=_traits(laid))
    kind = str(image.format)
    layout = _layout(image)
    if layout.counts["frame"] > 1 or frames.which != "one":
        _go_to(image, layout.place(frames, path).index, path)
    if kind == "TIFF" and tiff.is_deep(image):
        values, laid = tiff.tiff_pixels(stream, path, frames, image)
    else:
        values, laid = _values(image, stream, path, labels=labels)
    return Picture(values, kind, traits=_traits(laid))


def header(stream: BinaryIO, path: str | os.PathLike[str], frames: Frames) -> Header:
    """Return size, mode, bits per channel and format as a file's header has them."""
    image = _opened(stream, path)
    if image is None:
        return tiff.tiff_header(stream, path, frames)
    if image.format == "TIFF" and frames.which != "one":
        _go_to(image, _layout(image).place(frames, path).index, path)
    mode, depth = image.mode, _bit_depth(image, stream)
    return Header(*_stored_size(image), mode, depth, str(image.format))


def layout(stream: BinaryIO, path: str | os.PathLike[str]) -> Layout:
    """Return how many frames or pages there are."""
    image = _opened(stream, path)
    return tiff.tiff_layout(stream) if image is None else _layout(image)


def _traits(laid_over_black: bool) -> frozenset[str]:
    return _ALPHA if laid_over_black else _NONE


def _opened(stream: BinaryIO, path: str | os.PathLike[str]) -> Image.Image | None:
    """Read the header; None stands for a TIFF that Pillow does not know."""
    tiff.check_pieces(stream, path)
    stream.seek(0)
    try:
        with quietly:
            image = Image.open(stream, formats=_FORMATS)
    except Image.DecompressionBombError as problem:
        raise ImageError(
            f"{shown(path)} has too many pixels: {problem}; the limit is 100 megapixels."
        ) from None
    except Exception as problem:  # on damaged files Pillow raises whatever comes
        stream.seek(0)
        start = stream.read(512)
        if start[:4] in tiff.SIGNATURES:
            return None
        raise _unknown(start, path, problem) from None
    check_size(path, *_stored_size(image))
    return image


def _unknown(start: bytes, path: str | os.PathLike[str], problem: Exception) -> ImageError:
    known = next((name for magic, name in _SIGNATURES.items() if start.startswith(magic)), None)
    if known is not None:
        said = "" if isinstance(problem, UnidentifiedImageError) else f" ({problem})"
        return ImageError(f"{shown(path)} is a damaged or truncated {known} file{said}.")
    what, advice = foreign(start, path)
    return ImageError(f"{shown(path)} is not an image that can be read{what}; {advice}.")


def _stored_size(image: Image.Image) -> tuple[int, int]:
    tags = getattr(image, "tag_v2", None)  # Pillow swaps the sides of a rotated TIFF on opening it
    return image.size if tags is None else (int(tags[256]), int(tags[257]))


def _bit_depth(image: Image.Image, stream: BinaryIO) -> int:
    if image.format == "PNG":
        place = stream.tell()
        stream.seek(24)  # the ninth byte of IHDR
        depth = stream.read(1)[0]
        stream.seek(place)  # a PNG with frames is read on from here
        return depth
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        return int(max(tags.get(258, (1,))))
    return 1 if image.mode == "1" else 8


def _layout(image: Image.Image) -> Layout:
    if image.format == "MPO":
        return Layout()
    if image.format in ("PNG", "JPEG", "BMP"):  # these have read it from the header already
        return Layout({"frame": getattr(image, "n_frames", 1)})
    with quietly:
        count = getattr(image, "n_frames", 1)
    return Layout({"frame": count}, what="pages" if image.format == "TIFF" else "frames")


def _go_to(image: Image.Image, index: int, path: str | os.PathLike[str]) -> None:
    if index:
        with quietly:
            image.seek(index)
        check_size(path, *_stored_size(image))


def _orientation(image: Image.Image) -> int:
    """Return how EXIF or XMP turn an image: 1, upright, where there is neither to parse."""
    stored = any("exif" in str(key) or "xmp" in str(key) for key in image.info)
    if image.format == "TIFF" or not stored:  # Pillow turns a TIFF upright by itself
        return 1
    with quietly:
        orientation: int = image.getexif().get(_ORIENTATION, 1)
        return orientation


def _values(
    image: Image.Image, stream: BinaryIO, path: str | os.PathLike[str], *, labels: bool
) -> tuple[NDArray[Any], bool]:
    depth = _bit_depth(image, stream)
    if image.format == "PNG":  # its EXIF may stand behind the pixels
        image.load()
    turned = _orientation(image)
    image.load()
    if image.format == "PNG" and depth == 16 and image.mode in ("RGB", "RGBA"):
        values, laid = _deep_png(stream, path)
    else:
        values, laid = _shallow(image, depth, path, labels=labels)
    return upright(values, turned), laid


def _shallow(
    image: Image.Image, depth: int, path: str | os.PathLike[str], *, labels: bool
) -> tuple[NDArray[Any], bool]:
    if image.mode == "1" and labels:
        return np.asarray(image).astype(np.uint8), False
    if image.mode in ("1", "L", "I", "F", "RGB") or image.mode.startswith("I;16"):
        return _opaque(image, depth)
    if image.mode == "P" and labels:
        return np.asarray(image), False
    if image.mode in ("P", "PA", "LA", "RGBA", "La", "RGBa"):
        alpha = image.mode != "P" or "transparency" in image.info
        layers = np.asarray(image.convert("RGBA" if alpha else "RGB"))
        layers = layers[:, :, [0, 3]] if image.mode in ("LA", "La") else layers
        return (over_black(layers), _seen_through(layers)) if alpha else (layers, False)
    if image.mode in ("CMYK", "YCbCr", "RGBX"):
        return np.asarray(image.convert("RGB")), False
    raise ImageError(f"{shown(path)} has pixels of mode {image.mode}; save it as grey or RGB.")


def _opaque(image: Image.Image, depth: int) -> tuple[NDArray[Any], bool]:
    values = np.asarray(image.convert("L") if image.mode == "1" else image)
    clear = image.info.get("transparency")  # in a PNG without alpha, the one value that is clear
    if clear is None:
        return values, False
    if values.ndim == 3:
        gone = (values == clear).all(axis=2)
    else:
        gone = values == (clear * 255 // (2**depth - 1) if 1 < depth < 8 else clear)
    black = np.where(gone[:, :, None] if values.ndim == 3 else gone, values.dtype.type(0), values)
    return black, bool(gone.any())


def _seen_through(layers: NDArray[Any]) -> bool:
    return bool((layers[:, :, -1] != np.iinfo(layers.dtype).max).any())


def _deep_png(stream: BinaryIO, path: str | os.PathLike[str]) -> tuple[NDArray[Any], bool]:
    try:
        import cv2
    except ImportError as problem:
        raise ImageError(
            f"{shown(path)} is a 16-bit colour PNG, which needs OpenCV, and that does not load "
            f"({problem}); install opencv-python-headless, or save the picture as TIFF."
        ) from None
    stream.seek(0)
    raw = np.frombuffer(stream.read(), dtype=np.uint8)
    values = np.asarray(cv2.imdecode(raw, cv2.IMREAD_UNCHANGED))
    if values.dtype != np.uint16 or values.ndim != 3:
        raise ImageError(f"{shown(path)}: OpenCV cannot decode this 16-bit PNG; save it as TIFF.")
    grey = raw[25] == 4  # IHDR's colour type: grey with alpha, which OpenCV spreads over BGRA
    values = values[:, :, [0, 3] if grey else [2, 1, 0, 3][: values.shape[2]]]
    return (values, False) if values.shape[2] == 3 else (over_black(values), _seen_through(values))
