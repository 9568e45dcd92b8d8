"""One file, whatever it is: its pixels, its header, how many pictures it holds."""

from __future__ import annotations

import importlib
import io
import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.decoding.checks import own_errors, regular_file, shown
from texturekit.decoding.formats import is_renamed, told
from texturekit.decoding.frames import ONE, Frames, Layout, split_place
from texturekit.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from numpy.typing import NDArray

    from texturekit.decoding.picture import Header, Picture

_LOOK = 512
_AT_ONCE = 8 << 20  # larger files are looked at first: of a volume no more is read than is asked

_DECODERS: dict[str, Any] = {}


def decoded(path: str | os.PathLike[str], *, frames: Frames = ONE, labels: bool = False) -> Picture:
    """Return one picture of a file; see `texturekit.read_image`.

    Parameters
    ----------
    path : path-like
        A regular file, or ``file#frame/7``.
    frames : Frames
        Which picture, unless the path names one.
    labels : bool, default False
        Give a palette image's indices, and 0 and 1 of 1-bit images, instead of their colours.

    Raises
    ------
    ImageError
        For every file that is not one sound picture.
    MissingExtraError
        If the format's decoder is not installed.
    """
    path, frames = _split(path, frames)
    with own_errors(path), regular_file(path) as file:
        small = os.fstat(file.fileno()).st_size <= _AT_ONCE
        start = file.read(-1 if small else _LOOK)
        file.seek(0)
        decoder = _decoder(told(start[:_LOOK]))
        stream = io.BytesIO(start) if small else file
        picture: Picture = decoder.pixels(stream, path, frames, labels=labels)
    return _sound(picture, path)


def decoded_array(array: NDArray[Any], name: str) -> Picture:
    """Return an array as the picture that it would be in a ``.npy`` file; see `decoded`.

    Raises
    ------
    ImageError
        If it is not one sound picture: (H, W) or (H, W, 3), real and finite.
    """
    with own_errors(name):
        decoder, stream = _written(array, name)
        return _sound(decoder.pixels(stream, name, ONE, labels=False), name)


def header_of_array(array: NDArray[Any], name: str) -> Header:
    """Return what the header of a ``.npy`` file would say of an array; see `header`."""
    with own_errors(name):
        decoder, stream = _written(array, name)
        found: Header = decoder.header(stream, name, ONE)
        return found


def _written(array: NDArray[Any], name: str) -> tuple[Any, BinaryIO]:
    if array.dtype.hasobject:
        raise ImageError(f"{shown(name)} holds Python objects; give an array of numbers.")
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=False)
    return _decoder("arrays"), stream


def _sound(picture: Picture, path: str | os.PathLike[str]) -> Picture:
    """Refuse pixels that are not finite; say where a name does not fit the content."""
    pixels = picture.pixels
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        bad = pixels.size - int(np.isfinite(pixels).sum())
        raise ImageError(
            f"{shown(path)}: {bad} of {pixels.size} pixels are not finite; replace them first."
        )
    pixels = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
    renamed = is_renamed(path, picture.format)
    if pixels is picture.pixels and not renamed:
        return picture
    traits = picture.traits | {"renamed"} if renamed else picture.traits
    return replace(picture, pixels=pixels, traits=traits)


def header(path: str | os.PathLike[str], *, frames: Frames = ONE) -> Header:
    """Return width, height, mode, bits per channel and format as a file's header has them."""
    path, frames = _split(path, frames)
    with own_errors(path), _opened(path) as (decoder, stream):
        found: Header = decoder.header(stream, path, frames)
        return found


def layout(path: str | os.PathLike[str]) -> Layout:
    """Return how many pictures a file holds, without decoding one."""
    path, _ = _split(path, ONE)
    with own_errors(path), _opened(path) as (decoder, stream):
        found: Layout = decoder.layout(stream, path)
        return found


def _split(path: str | os.PathLike[str], frames: Frames) -> tuple[str | os.PathLike[str], Frames]:
    if "#" not in str(path):
        return path, frames
    file, named = split_place(str(path))
    return (path, frames) if named is None else (file, named)


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[Any, BinaryIO]]:
    """Open a file and look what it is."""
    with regular_file(path) as stream:
        decoder = _decoder(told(stream.read(_LOOK)))
        stream.seek(0)
        yield decoder, stream


def _decoder(name: str) -> Any:
    if name not in _DECODERS:  # a module in sys.modules may be half imported by another thread
        _DECODERS[name] = importlib.import_module(f"texturekit.decoding.{name}")
    return _DECODERS[name]
