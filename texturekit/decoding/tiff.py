"""TIFF through tifffile: pages of more than 8 bits, which Pillow reduces, wraps or byte-swaps."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.decoding.checks import check_size, shown
from texturekit.decoding.frames import Frames, Layout
from texturekit.decoding.picture import Header
from texturekit.decoding.upright import over_black, upright
from texturekit.errors import ImageError

if TYPE_CHECKING:
    import os
    from typing import BinaryIO

    from numpy.typing import NDArray
    from PIL import Image

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
#: Strips or tiles of a page: more than the rows of three planes, or tiles of 32 x 32, ever are.
_PIECES = 200_000
_PAGES = 10_000  # Pillow looks for each among all before it
_LISTS = (273, 279, 324, 325)  # where each strip and tile starts, and how long it is


def is_deep(image: Image.Image) -> bool:
    """Say whether a TIFF page holds other than unsigned integers of up to 8 bits."""
    tags = image.tag_v2  # type: ignore[attr-defined]  # every TIFF has it
    return bool(max(tags.get(258, (1,))) > 8 or max(tags.get(339, (1,))) != 1)


def check_pieces(stream: BinaryIO, path: str | os.PathLike[str]) -> None:
    """Refuse more pages, or pieces of one, than an image has: readers keep each by itself."""
    pages, pieces = _extent(stream)
    if pages > _PAGES:
        raise ImageError(f"{shown(path)} has more than {_PAGES} pages; split it.")
    if pieces > _PIECES:
        raise ImageError(
            f"{shown(path)} is damaged, or made to do harm: a page of it is cut into {pieces} "
            f"pieces; the limit is {_PIECES}."
        )


def _extent(stream: BinaryIO) -> tuple[int, int]:
    """Return pages, and pieces of the page that says it has most, as far as it can be read."""
    most = 0
    stream.seek(0)
    start = stream.read(16)
    if start[:4] not in SIGNATURES:
        return 0, most
    order, big = ("<" if start[:2] == b"II" else ">"), b"+" in start[:4]
    number, entry, offset = ("Q", "HHQ8x", 8) if big else ("H", "HHI4x", 4)
    count, size = struct.Struct(order + number), struct.Struct(order + entry)
    link = struct.Struct(order + ("Q" if big else "I"))
    seen: set[int] = set()
    try:
        (place,) = link.unpack_from(start, offset)
        while place and place not in seen and len(seen) <= _PAGES:
            seen.add(place)
            stream.seek(place)
            (entries,) = count.unpack(stream.read(count.size))
            content = stream.read(min(entries, 65_535) * size.size)
            for tag, _, pieces in size.iter_unpack(content):
                most = max(most, pieces) if tag in _LISTS else most
            (place,) = link.unpack(stream.read(link.size))
    except (struct.error, OverflowError, ValueError, OSError):  # whoever decodes it says why
        pass
    return len(seen), most


def tiff_layout(stream: BinaryIO) -> Layout:
    """Return how many pages there are."""
    return Layout({"frame": len(_pages(stream))}, what="pages")


def tiff_header(stream: BinaryIO, path: str | os.PathLike[str], frames: Frames) -> Header:
    """Read the header of a page that Pillow does not know."""
    page = _page(stream, path, frames)
    mode = f"{page.dtype}x{page.samplesperpixel}"
    return Header(page.imagewidth, page.imagelength, mode, page.bitspersample, "TIFF")


def tiff_pixels(
    stream: BinaryIO, path: str | os.PathLike[str], frames: Frames, image: Image.Image | None
) -> tuple[NDArray[Any], bool]:
    """Return the pixels of a page, and whether they were laid over black.

    Parameters
    ----------
    stream : binary file
    path : path-like
        For messages.
    frames : Frames
    image : PIL image or None
        The same page as Pillow opened it: it decodes what tifffile needs imagecodecs for.
    """
    page = _page(stream, path, frames)
    orientation = page.tags.valueof(274, 1)
    try:
        stored = page.asarray()
    except ValueError as problem:
        if "imagecodecs" not in str(problem):
            raise
        stored = _through_pillow(image, path, problem)
        orientation = 1
    stored = np.moveaxis(stored, 0, 2) if page.axes == "SYX" else stored
    pixels, laid = _colours(stored, page, path)
    return upright(pixels, orientation), laid


def _pages(stream: BinaryIO) -> Any:
    import tifffile  # comes with scikit-image

    stream.seek(0)
    return tifffile.TiffFile(stream).pages


def _page(stream: BinaryIO, path: str | os.PathLike[str], frames: Frames) -> Any:
    pages = _pages(stream)
    page = pages[Layout({"frame": len(pages)}, what="pages").place(frames, path).index]
    check_size(path, page.imagewidth, page.imagelength)
    return page


def _through_pillow(
    image: Image.Image | None, path: str | os.PathLike[str], problem: Exception
) -> NDArray[Any]:
    # Little-endian grey is what Pillow decodes right; it byte-swaps compressed big-endian pixels.
    if image is None or image.mode not in ("I;16", "F") or image.tag_v2.prefix != b"II":  # type: ignore[attr-defined]
        raise ImageError(
            f"{shown(path)}: {problem} at this bit depth; install imagecodecs, or save it "
            "without compression."
        ) from None
    return np.asarray(image)


def _colours(
    stored: NDArray[Any], page: Any, path: str | os.PathLike[str]
) -> tuple[NDArray[Any], bool]:
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
        return ((2 * rgb + full) // (2 * full) if integers else rgb).astype(stored.dtype), False
    if kind == "MINISWHITE" and integers:
        layers = np.concatenate(
            [np.iinfo(stored.dtype).max - layers[:, :, :1], layers[:, :, 1:]], axis=2
        )
    if layers.shape[2] > colours and extra == ["UNASSALPHA"] and integers:
        return over_black(layers), bool((layers[:, :, -1] != np.iinfo(stored.dtype).max).any())
    layers = layers[:, :, :colours]  # already laid over black, or not alpha at all
    return (layers[:, :, 0] if colours == 1 else layers), False
