"""NumPy's ``.npy`` files; nothing is ever unpickled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.decoding.checks import check_size, shown
from texturekit.decoding.frames import Frames, Layout
from texturekit.decoding.picture import Header, Picture
from texturekit.errors import ImageError

if TYPE_CHECKING:
    import os
    from typing import BinaryIO

    Path = str | os.PathLike[str]

_MODES = {("uint8", 1): "L", ("uint8", 3): "RGB", ("uint16", 1): "I;16", ("float32", 1): "F",
          ("bool", 1): "1"}  # fmt: skip


def pixels(stream: BinaryIO, path: Path, frames: Frames, *, labels: bool) -> Picture:
    """Read one picture of an array of shape (H, W), (H, W, 3), (N, H, W) or (N, H, W, 3)."""
    shape, by_column, dtype = _head(stream, path)
    start = stream.tell()
    index = _layout(shape).place(frames, path).index
    frame = shape[_first(shape) :]
    check_size(path, frame[1], frame[0])
    count = math.prod(frame)
    if by_column and len(frame) < len(shape):  # a picture's numbers are strewn over the file
        found = _numbers(stream, start, math.prod(shape), dtype, path)
        values = found.reshape(shape, order="F")[index]
    else:
        found = _numbers(stream, start + index * count * dtype.itemsize, count, dtype, path)
        values = found.reshape(frame, order="F" if by_column else "C")
    if dtype == np.bool_:
        values = values.astype(np.uint8) * np.uint8(1 if labels else 255)
    elif dtype.itemsize == 2 and dtype.kind == "f":
        values = values.astype(np.float32)
    return Picture(np.array(values), "NUMPY")


def header(stream: BinaryIO, path: Path, frames: Frames) -> Header:
    """Return the size of a picture; the mode is Pillow's name, or dtype and channels."""
    shape, _, dtype = _head(stream, path)
    frame = shape[_first(shape) :]
    name, channels = dtype.newbyteorder("=").name, 3 if len(frame) == 3 else 1
    depth = 1 if dtype == np.bool_ else 8 * dtype.itemsize
    mode = _MODES.get((name, channels), f"{name}x{channels}")
    return Header(frame[1], frame[0], mode, depth, "NUMPY")


def layout(stream: BinaryIO, path: Path) -> Layout:
    """Return how many pictures there are."""
    return _layout(_head(stream, path)[0])


def _layout(shape: tuple[int, ...]) -> Layout:
    return Layout({"frame": shape[0] if _first(shape) else 1})


def _first(shape: tuple[int, ...]) -> int:
    """Return where the picture's own axes begin: 1 behind an axis of frames."""
    return int(len(shape) == 4 or (len(shape) == 3 and shape[2] != 3))


def _head(stream: BinaryIO, path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read shape, order and dtype; the stream then stands at the numbers."""
    from numpy.lib import format as npy

    stream.seek(0)
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, by_column, dtype = read(stream)
    except ValueError as problem:
        raise ImageError(
            f"{shown(path)} is a damaged .npy file ({str(problem).splitlines()[0][:100]}); copy it "
            "again."
        ) from None
    if dtype.hasobject:
        raise ImageError(
            f"{shown(path)} holds Python objects, which only pickle could read and which could run "
            "code; save it as an array of numbers."
        )
    if dtype.kind not in "buif" or dtype.itemsize > 8 or dtype.fields:
        raise ImageError(
            f"{shown(path)} holds {dtype}; save it as bool, integers or floats of up to 64 bits."
        )
    colour = (len(shape) == 3 and shape[2] in (1, 2, 4)) or (len(shape) == 4 and shape[3] != 3)
    if len(shape) not in (2, 3, 4) or colour or 0 in shape:
        raise ImageError(
            f"{shown(path)} has the shape {shape}; wanted is (H, W), (H, W, 3), or (N, H, W) and "
            "(N, H, W, 3) for several pictures."
        )
    return shape, by_column, dtype


def _numbers(stream: BinaryIO, start: int, count: int, dtype: np.dtype[Any], path: Path) -> Any:
    if start + count * dtype.itemsize > stream.seek(0, 2):
        raise ImageError(
            f"{shown(path)} is truncated: it is shorter than its header says; copy it again."
        )
    stream.seek(start)
    return np.frombuffer(stream.read(count * dtype.itemsize), dtype)
