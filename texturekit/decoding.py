"""Picture files as arrays of right pixels, or one error that names the file and the reason.

Pillow decodes, from bytes and by content, never by suffix. What it gets wrong without a word goes
another way: TIFFs of more than 8 bits (Pillow reduces, wraps or byte-swaps some) through tifffile,
and 16-bit colour PNGs (reduced to 8 bits) through OpenCV.
"""

from __future__ import annotations

import io
import os
import stat
import threading
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import (  # importing a plugin registers it, which Image.open(formats=...) does not
    BmpImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from texturekit.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from numpy.typing import NDArray

MOST_PIXELS = 100_000_000

_FORMATS = [
    PngImagePlugin.PngImageFile.format,
    JpegImagePlugin.JpegImageFile.format,  # and MPO, which starts as one
    TiffImagePlugin.TiffImageFile.format,
    BmpImagePlugin.BmpImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
]
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SIGNATURES = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"BM": "BMP"}
_FOREIGN = {
    b"GIF8": "a GIF",
    b"%PDF": "a PDF",
    b"%!PS": "a PostScript file",
    b"8BPS": "a Photoshop file",
    b"\x59\xa6\x6a\x95": "a Sun raster file",
    b"<": "text such as HTML",
}
_ORIENTATION = 0x0112
_QUIET = threading.Lock()


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path for messages: as it was handed in, quoted, odd characters escaped."""
    return repr(os.fsdecode(path))


def _as_path(path: str | os.PathLike[str]) -> Path:
    return path if isinstance(path, Path) else Path(path)


def file_size(path: str | os.PathLike[str]) -> int:
    """Return the size of a regular file; refuse at once what is missing, empty or could block."""
    try:
        facts = _as_path(path).stat()
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise ImageError(f"{shown(path)} cannot be read: {reason}; check the path.") from None
    if not stat.S_ISREG(facts.st_mode):
        what = "a folder" if stat.S_ISDIR(facts.st_mode) else "a pipe, socket or device"
        raise ImageError(f"{shown(path)} is {what}, not an image file; give a regular file.")
    if facts.st_size == 0:
        raise ImageError(f"{shown(path)} is an empty file (0 bytes); copy it again.")
    return facts.st_size


def decoded(path: str | os.PathLike[str], *, indices: bool = False) -> NDArray[Any]:
    """Return the pixels of a file, upright and over black; see `texturekit.read_image`.

    Parameters
    ----------
    path : path-like
        A regular file.
    indices : bool, default False
        Give a palette image's indices instead of its colours.

    Raises
    ------
    ImageError
        For every file that is not one sound picture.
    """
    file_size(path)
    with _own_errors(path):
        with _as_path(path).open("rb", buffering=0) as file:
            stream = io.BytesIO(file.read())
        image = _opened(stream, path)
        if image is None or (image.format == "TIFF" and _is_deep(image)):
            pixels = _tiff_pixels(stream, path, image)
        else:
            pixels = _pixels(image, stream, path, indices=indices)
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        bad = pixels.size - int(np.isfinite(pixels).sum())
        raise ImageError(
            f"{shown(path)}: {bad} of {pixels.size} pixels are not finite; replace them first."
        )
    return np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))


def header(path: str | os.PathLike[str]) -> tuple[int, int, str, int, str]:
    """Return width, height, mode, bits per channel and format as a file's header has them."""
    file_size(path)
    with _own_errors(path), _as_path(path).open("rb") as stream:
        image = _opened(stream, path)
        if image is not None:
            mode, depth = image.mode, _bit_depth(image, stream)
            return *_stored_size(image), mode, depth, str(image.format)
        page = _tiff_page(stream, path)
        mode = f"{page.dtype}x{page.samplesperpixel}"
        return page.imagewidth, page.imagelength, mode, page.bitspersample, "TIFF"


@contextmanager
def _own_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn whatever a decoder raises on a damaged file into one error that names the file."""
    try:
        yield
    except ImageError:
        raise
    except PermissionError:
        raise ImageError(f"{shown(path)} cannot be read: permission denied.") from None
    except Exception as problem:
        reason = str(problem) or type(problem).__name__
        verdict = "is truncated" if "truncated" in reason.lower() else "is damaged"
        raise ImageError(f"{shown(path)} {verdict}: {reason}; copy it again.") from problem


@contextmanager
def _quietly() -> Iterator[None]:
    # Pillow warns about large pictures and odd metadata, which are dealt with here. Warning filters
    # are global, hence the lock.
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _opened(stream: BinaryIO, path: str | os.PathLike[str]) -> Image.Image | None:
    """Read the header; None stands for a TIFF that Pillow does not know."""
    try:
        with _quietly():
            image = Image.open(stream, formats=_FORMATS)
    except Image.DecompressionBombError as problem:
        raise ImageError(
            f"{shown(path)} has too many pixels: {problem}; the limit is 100 megapixels."
        ) from None
    except Exception as problem:  # on damaged files Pillow raises whatever comes
        stream.seek(0)
        start = stream.read(132)
        if start[:4] in _TIFF:
            return None
        raise _unknown(start, path, problem) from None
    _check_size(path, *_stored_size(image))
    return image


def _unknown(start: bytes, path: str | os.PathLike[str], problem: Exception) -> ImageError:
    known = next((name for magic, name in _SIGNATURES.items() if start.startswith(magic)), None)
    if known is not None:
        said = "" if isinstance(problem, UnidentifiedImageError) else f" ({problem})"
        return ImageError(f"{shown(path)} is a damaged or truncated {known} file{said}.")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    kind = next((f", but {what}" for magic, what in _FOREIGN.items() if text.startswith(magic)), "")
    kind = ", but a DICOM file" if start[128:] == b"DICM" else kind
    return ImageError(
        f"{shown(path)} is not an image that can be read{kind}; "
        "give a PNG, JPEG, TIFF, BMP or WebP file."
    )


def _stored_size(image: Image.Image) -> tuple[int, int]:
    tags = getattr(image, "tag_v2", None)  # Pillow swaps the sides of a rotated TIFF on opening it
    return image.size if tags is None else (int(tags[256]), int(tags[257]))


def _check_size(path: str | os.PathLike[str], width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise ImageError(
            f"{shown(path)} has too many pixels: {width}x{height}, {width * height / 1e6:.0f} "
            "megapixels; the limit is 100: make it smaller or cut it into tiles."
        )


def _bit_depth(image: Image.Image, stream: BinaryIO) -> int:
    if image.format == "PNG":
        stream.seek(24)  # the ninth byte of IHDR
        return stream.read(1)[0]
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        return int(max(tags.get(258, (1,))))
    return 1 if image.mode == "1" else 8


def _frames(image: Image.Image) -> int:
    if image.format == "MPO":
        return 1
    if image.format in ("PNG", "JPEG", "BMP"):  # these have read it from the header already
        return getattr(image, "n_frames", 1)
    with _quietly():
        return getattr(image, "n_frames", 1)


def _orientation(image: Image.Image) -> int:
    """Return how EXIF or XMP turn an image: 1, upright, where there is neither to parse."""
    stored = any("exif" in str(key) or "xmp" in str(key) for key in image.info)
    if image.format == "TIFF" or not stored:  # Pillow turns a TIFF upright by itself
        return 1
    with _quietly():
        orientation: int = image.getexif().get(_ORIENTATION, 1)
        return orientation


def _refuse_frames(path: str | os.PathLike[str], frames: int, what: str) -> None:
    if frames > 1:
        raise ImageError(f"{shown(path)} has {frames} {what}; save the one to use as a file.")


def _pixels(
    image: Image.Image, stream: BinaryIO, path: str | os.PathLike[str], *, indices: bool
) -> NDArray[Any]:
    _refuse_frames(path, _frames(image), "pages" if image.format == "TIFF" else "frames")
    depth = _bit_depth(image, stream)
    if image.format == "PNG":  # its EXIF may stand behind the pixels
        image.load()
    turned = _orientation(image)
    image.load()
    if image.format == "PNG" and depth == 16 and image.mode in ("RGB", "RGBA"):
        return _upright(_deep_png(stream, path), turned)
    if image.mode in ("1", "L", "I", "F", "RGB") or image.mode.startswith("I;16"):
        return _upright(_opaque(image, depth), turned)
    if image.mode == "P" and indices:
        return _upright(np.asarray(image), turned)
    if image.mode in ("P", "PA", "LA", "RGBA", "La", "RGBa"):
        alpha = image.mode != "P" or "transparency" in image.info
        layers = np.asarray(image.convert("RGBA" if alpha else "RGB"))
        layers = layers[:, :, [0, 3]] if image.mode in ("LA", "La") else layers
        return _upright(_over_black(layers) if alpha else layers, turned)
    if image.mode in ("CMYK", "YCbCr", "RGBX"):
        return _upright(np.asarray(image.convert("RGB")), turned)
    raise ImageError(f"{shown(path)} has pixels of mode {image.mode}; save it as grey or RGB.")


def _opaque(image: Image.Image, depth: int) -> NDArray[Any]:
    pixels = np.asarray(image.convert("L") if image.mode == "1" else image)
    clear = image.info.get("transparency")  # in a PNG without alpha, the one value that is clear
    if clear is None:
        return pixels
    if pixels.ndim == 3:
        return np.where((pixels == clear).all(axis=2, keepdims=True), np.uint8(0), pixels)
    clear = clear * 255 // (2**depth - 1) if 1 < depth < 8 else clear
    return np.where(pixels == clear, pixels.dtype.type(0), pixels)


def _over_black(layers: NDArray[Any]) -> NDArray[Any]:
    """Lay integer colours with alpha last over black, rounding a half up; opaque stays exact."""
    full = int(np.iinfo(layers.dtype).max)
    wide: NDArray[Any] = layers.astype(np.uint32 if full < 2**15 else np.uint64)
    laid = (2 * wide[:, :, :-1] * wide[:, :, -1:] + full) // (2 * full)
    pixels: NDArray[Any] = laid.astype(layers.dtype)
    return pixels[:, :, 0] if pixels.shape[2] == 1 else pixels


def _upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo the camera's rotation, which EXIF numbers from 1 to 8."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels[:, ::-1] if orientation in (2, 3, 6, 7) else pixels


def _deep_png(stream: BinaryIO, path: str | os.PathLike[str]) -> NDArray[Any]:
    try:
        import cv2
    except ImportError as problem:
        raise ImageError(
            f"{shown(path)} is a 16-bit colour PNG, which needs OpenCV, and that does not load "
            f"({problem}); install opencv-python-headless, or save the picture as TIFF."
        ) from None
    stream.seek(0)
    raw = np.frombuffer(stream.read(), dtype=np.uint8)
    pixels = np.asarray(cv2.imdecode(raw, cv2.IMREAD_UNCHANGED))
    if pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise ImageError(f"{shown(path)}: OpenCV cannot decode this 16-bit PNG; save it as TIFF.")
    grey = raw[25] == 4  # IHDR's colour type: grey with alpha, which OpenCV spreads over BGRA
    pixels = pixels[:, :, [0, 3] if grey else [2, 1, 0, 3][: pixels.shape[2]]]
    return pixels if pixels.shape[2] == 3 else _over_black(pixels)


def _is_deep(image: Image.Image) -> bool:
    """Say whether a TIFF holds other than unsigned integers of up to 8 bits."""
    tags = image.tag_v2  # type: ignore[attr-defined]  # every TIFF has it
    return bool(max(tags.get(258, (1,))) > 8 or max(tags.get(339, (1,))) != 1)


def _tiff_page(stream: BinaryIO, path: str | os.PathLike[str]) -> Any:
    import tifffile  # comes with scikit-image

    stream.seek(0)
    pages = tifffile.TiffFile(stream).pages
    _refuse_frames(path, len(pages), "pages")
    page: Any = pages[0]
    _check_size(path, page.imagewidth, page.imagelength)
    return page


def _tiff_pixels(
    stream: BinaryIO, path: str | os.PathLike[str], image: Image.Image | None
) -> NDArray[Any]:
    page = _tiff_page(stream, path)
    orientation = page.tags.valueof(274, 1)
    try:
        stored = page.asarray()
    except ValueError as problem:
        if "imagecodecs" not in str(problem):
            raise
        stored = _tiff_through_pillow(image, path, problem)
        orientation = 1
    stored = np.moveaxis(stored, 0, 2) if page.axes == "SYX" else stored
    return _upright(_tiff_colours(stored, page, path), orientation)


def _tiff_through_pillow(
    image: Image.Image | None, path: str | os.PathLike[str], problem: Exception
) -> NDArray[Any]:
    # Little-endian grey is what Pillow decodes right; it byte-swaps compressed big-endian pixels.
    if image is None or image.mode not in ("I;16", "F") or image.tag_v2.prefix != b"II":  # type: ignore[attr-defined]
        raise ImageError(
            f"{shown(path)}: {problem} at this bit depth; install imagecodecs, or save it "
            "without compression."
        ) from None
    return np.asarray(image)


def _tiff_colours(stored: NDArray[Any], page: Any, path: str | os.PathLike[str]) -> NDArray[Any]:
    kind, integers = page.photometric.name, stored.dtype.kind == "u"
    colours = {"MINISBLACK": 1, "MINISWHITE": 1, "RGB": 3, "SEPARATED": 4}.get(kind, 0)
    layers = stored if stored.ndim == 3 else stored[:, :, None]
    extra = [sample.name for sample in page.extrasamples]
    if colours == 0 or layers.shape[2] < colours or layers.shape[2] > colours + 1:
        raise ImageError(
            f"{shown(path)} has {layers.shape[2]} channels of kind {kind} and "
            f"{stored.dtype}; save it as grey or RGB."
        )
    if kind == "SEPARATED":
        full = int(np.iinfo(stored.dtype).max) if integers else 1
        wide = full - layers[:, :, :4].astype(np.uint64 if integers else np.float64)
        rgb = wide[:, :, :3] * wide[:, :, 3:]
        return ((2 * rgb + full) // (2 * full) if integers else rgb).astype(stored.dtype)
    if kind == "MINISWHITE" and integers:
        layers = np.concatenate(
            [np.iinfo(stored.dtype).max - layers[:, :, :1], layers[:, :, 1:]], axis=2
        )
    if layers.shape[2] > colours and extra == ["UNASSALPHA"] and integers:
        return _over_black(layers)
    layers = layers[:, :, :colours]  # already laid over black, or not alpha at all
    return layers[:, :, 0] if colours == 1 else layers
