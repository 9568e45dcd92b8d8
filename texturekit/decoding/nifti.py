"""NIfTI through nibabel: one slice of a volume, as a radiologist sees it.

The axes are turned to the closest of right, anterior and superior (nibabel's
``as_closest_canonical``); slices are counted from 0 at the left (sagittal), at the back (coronal)
and at the feet (axial). A slice is shown in the radiological convention, in which DICOM stores it:
axial with the front on top and the patient's right on the left, coronal with the head on top and
the patient's right on the left, sagittal with the head on top and the front on the left.
"""

from __future__ import annotations

import gzip
import importlib
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.decoding.checks import as_path, check_size, needs_extra, quietly, shown
from texturekit.decoding.formats import is_nifti
from texturekit.decoding.frames import AXES, Frames, Layout
from texturekit.decoding.keeping import Kept
from texturekit.decoding.modality import rescaled
from texturekit.decoding.picture import Header, Picture
from texturekit.errors import ImageError

if TYPE_CHECKING:
    import os
    from typing import BinaryIO

    from numpy.typing import NDArray

    Path = str | os.PathLike[str]

_CANONICAL = {"sagittal": 0, "coronal": 1, "axial": 2}
_HEAD = 540
_MOST_BYTES = 1 << 30
#: Inflated volumes, so that the slices of one are not inflated again and again.
_INFLATED: Kept[bytes] = Kept(_MOST_BYTES, len)


@dataclass(frozen=True)
class _Volume:
    """What a header says: shape, orientation, how numbers are stored."""

    shape: tuple[int, int, int]
    volumes: int
    dtype: np.dtype[Any]
    slope: float
    intercept: float
    offset: int
    turns: NDArray[Any]
    layout: Layout


def pixels(stream: BinaryIO, path: Path, frames: Frames, *, labels: bool) -> Picture:
    """Read one slice in the radiological convention; see `texturekit.read_image`."""
    with quietly:
        volume = _volume(_head(stream, path), path)
        place = volume.layout.place(frames, path)
        height, width = _sides(volume, place.axis)
        check_size(path, width, height)
        raw = _inflated(stream, volume, path)
        stored = _slice(raw, volume, place.axis, place.index, place.volume, path)
        return Picture(_values(stored, volume), "NIFTI")


def header(stream: BinaryIO, path: Path, frames: Frames) -> Header:
    """Return the size of the slice that is meant."""
    with quietly:
        volume = _volume(_head(stream, path), path)
        height, width = _sides(volume, volume.layout.place(frames, path).axis)
    kind = volume.dtype.newbyteorder("=").name
    mode = {"uint8": "L", "uint16": "I;16", "float32": "F"}.get(kind, f"{kind}x1")
    return Header(width, height, mode, 8 * volume.dtype.itemsize, "NIFTI")


def layout(stream: BinaryIO, path: Path) -> Layout:
    """Return how many slices there are in each direction, and how many volumes."""
    with quietly:
        return _volume(_head(stream, path), path).layout


def _is_packed(stream: BinaryIO) -> bool:
    stream.seek(0)
    packed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    return packed


def _head(stream: BinaryIO, path: Path) -> bytes:
    packed = _is_packed(stream)
    head = gzip.GzipFile(fileobj=stream).read(_HEAD) if packed else stream.read(_HEAD)
    if not is_nifti(head):
        raise ImageError(f"{shown(path)} is a damaged or truncated NIfTI file; copy it again.")
    if b"i" in (head[345:346] if head[344:345] == b"n" else head[5:6]):
        raise ImageError(
            f"{shown(path)} is half of a NIfTI pair, header and pixels in two files; save them as "
            "one .nii file."
        )
    return head


def _volume(head: bytes, path: Path) -> _Volume:
    try:
        nibabel: Any = importlib.import_module("nibabel")
    except ImportError:
        raise needs_extra(path, "a NIfTI file", "nibabel") from None
    kind = nibabel.Nifti2Header if head[4:6] == b"n+" else nibabel.Nifti1Header
    # Unchecked: its checks are said on stderr, and what matters is checked here.
    fields = kind(head[: kind.sizeof_hdr], check=False)
    shape = tuple(int(side) for side in fields.get_data_shape())
    if not 2 <= len(shape) <= 7 or min(shape) < 1:
        raise ImageError(f"{shown(path)} has the shape {shape}; a volume has 2 to 4 dimensions.")
    dtype = np.dtype(fields.get_data_dtype())
    if dtype.kind not in "uif" or dtype.itemsize > 8:
        raise ImageError(
            f"{shown(path)} has voxels of type {dtype}; save it with integers or floats."
        )
    sides = (shape[0], shape[1], shape[2] if len(shape) > 2 else 1)
    volumes = math.prod(shape[3:])
    if math.prod(shape) * dtype.itemsize > 64 * _MOST_BYTES:
        raise ImageError(f"{shown(path)} says that it has {math.prod(shape):.3g} voxels; damaged.")
    slope, intercept = fields.get_slope_inter()
    affine = np.asarray(fields.get_best_affine(), dtype=np.float64)
    turns = nibabel.io_orientation(affine) if np.isfinite(affine).all() else np.full((3, 2), np.nan)
    if not np.isfinite(turns).all():
        raise ImageError(
            f"{shown(path)} does not say how its axes lie (its affine is singular); save it with "
            "an orientation."
        )
    return _Volume(
        sides,
        volumes,
        dtype,
        1.0 if slope is None else float(slope),
        0.0 if intercept is None else float(intercept),
        max(int(fields.get_data_offset()), 0),
        turns,
        _layout(sides, volumes, turns),
    )


def _layout(sides: tuple[int, int, int], volumes: int, turns: NDArray[Any]) -> Layout:
    counts = {name: sides[_stored_axis(turns, name)] for name in AXES}
    single = [name for name in AXES if counts[name] == 1]
    if single:  # a picture rather than a volume: there is one way to look at it
        flat = [name for name in single if _stored_axis(turns, name) == 2] or single
        counts = {flat[0]: 1}
    return Layout(counts, volumes, "slices")


def _stored_axis(turns: NDArray[Any], name: str) -> int:
    return int(np.flatnonzero(turns[:, 0] == _CANONICAL[name])[0])


def _sides(volume: _Volume, axis: str) -> tuple[int, int]:
    """Return height and width of a slice."""
    sides = {name: volume.shape[_stored_axis(volume.turns, name)] for name in AXES}
    return {
        "axial": (sides["coronal"], sides["sagittal"]),
        "coronal": (sides["axial"], sides["sagittal"]),
        "sagittal": (sides["axial"], sides["coronal"]),
    }[axis]


def _inflated(stream: BinaryIO, volume: _Volume, path: Path) -> BinaryIO:
    if not _is_packed(stream):
        return stream
    wanted = volume.offset + math.prod(volume.shape) * volume.volumes * volume.dtype.itemsize
    if wanted > _MOST_BYTES:
        raise ImageError(
            f"{shown(path)} inflates to {wanted / 2**30:.1f} GiB; the limit is 1: unpack it "
            "(gunzip), and its slices are read from the file."
        )
    facts = as_path(path).stat()
    key = (str(path), facts.st_mtime_ns, facts.st_size)

    def inflate() -> bytes:
        content = gzip.GzipFile(fileobj=stream).read(wanted)
        if len(content) < wanted:
            raise ImageError(f"{shown(path)} is truncated: it lacks voxels; copy it again.")
        return content

    return io.BytesIO(_INFLATED.get(key, inflate))


def _slice(
    raw: BinaryIO, volume: _Volume, axis: str, index: int, number: int, path: Path
) -> NDArray[Any]:
    """Read the stored numbers of a slice, turned as it is seen."""
    fileslice: Any = importlib.import_module("nibabel.fileslice").fileslice
    stored = _stored_axis(volume.turns, axis)
    flipped = volume.turns[stored, 1] < 0
    picked: list[Any] = [slice(None)] * 3
    picked[stored] = volume.shape[stored] - 1 - index if flipped else index
    try:
        plane = fileslice(
            raw, (*picked, number), (*volume.shape, volume.volumes), volume.dtype, volume.offset,
            order="F",
        )  # fmt: skip
    except (ValueError, OSError, EOFError):
        raise ImageError(f"{shown(path)} is truncated: it lacks voxels; copy it again.") from None
    rest = [a for a in range(3) if a != stored]
    for at, a in enumerate(rest):
        if volume.turns[a, 1] < 0:
            plane = np.flip(plane, at)
    if volume.turns[rest[0], 0] > volume.turns[rest[1], 0]:
        plane = plane.T
    # Now its axes grow to the right, to the front or to the head: seen, they all fall.
    seen: NDArray[Any] = plane[::-1, ::-1].T
    return seen


def _values(stored: NDArray[Any], volume: _Volume) -> NDArray[Any]:
    if volume.slope == 1 and volume.intercept == 0:
        return stored
    if stored.dtype.kind == "f":
        return stored.astype(np.float64) * volume.slope + volume.intercept
    limits = np.iinfo(stored.dtype)
    return rescaled(stored, volume.slope, volume.intercept, int(limits.min), int(limits.max))
