"""Single images out of an ``.npz`` file, named ``file.npz#train/12``."""

from __future__ import annotations

import re
import shutil
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import images
from texturekit.decoding.keeping import Kept
from texturekit.errors import ImageError, ManifestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.images import ImageFacts

_IN_MEMORY = 1 << 28  # bytes of an array above which it is mapped instead of read
_MOST_RATIO = 200
_ARRAYS: Kept[NDArray[Any]] = Kept(1 << 30, lambda array: min(array.nbytes, _IN_MEMORY))
_ARRAY_PATH = re.compile(r"(?s)(.*\.npz)#(train|val|test)/(\d+)", re.IGNORECASE)


def is_array_path(path: str) -> bool:
    """Tell whether a path names an image inside an ``.npz`` file.

    Examples
    --------
    >>> is_array_path("pneumoniamnist.npz#train/12"), is_array_path("train/12.png")
    (True, False)
    """
    return _ARRAY_PATH.fullmatch(path) is not None


def array_file(path: Path) -> Path:
    """Return the ``.npz`` file that a path leads into, or the path itself.

    Examples
    --------
    >>> array_file(Path("sets/a.npz#train/12")), array_file(Path("sets/a.png"))
    (PosixPath('sets/a.npz'), PosixPath('sets/a.png'))
    """
    # Not the expression at once: a million paths have none of this.
    match = _ARRAY_PATH.fullmatch(str(path)) if ".npz#" in str(path).lower() else None
    return path if match is None else Path(match[1])


def read_array_image(path: Path) -> NDArray[Any]:
    """Return an image that lies in an ``.npz`` file.

    Parameters
    ----------
    path : Path
        ``folder/file.npz#split/index``.

    Returns
    -------
    (H, W) or (H, W, 3) uint8 array
        A copy.

    Raises
    ------
    ImageError
        If the file has gone, or holds no such image.
    """
    match = _ARRAY_PATH.fullmatch(str(path))
    if match is None:
        raise ImageError(f"'{path}' does not name an image in an .npz file, as a.npz#train/0 does.")
    file, split, index = Path(match[1]), match[2], int(match[3])
    try:
        pixels = load_array(file, f"{split}_images")
    except ManifestError as error:
        raise ImageError(f"'{path}' cannot be read: {error}") from error
    if index >= len(pixels):
        raise ImageError(f"'{path}' is not there: {split}_images holds {len(pixels)} images.")
    return np.array(pixels[index])


def array_facts(path: Path) -> ImageFacts:
    """Return size, mode, bit depth and bytes of an image in an ``.npz`` file; format ``"NPZ"``.

    Raises
    ------
    ImageError
        If there is no such image.
    """
    pixels = read_array_image(path)
    return images.ImageFacts(
        width=pixels.shape[1],
        height=pixels.shape[0],
        mode="RGB" if pixels.ndim == 3 else "L",
        bit_depth=8 * pixels.itemsize,
        bytes=pixels.nbytes,
        format="NPZ",
    )


def load_array(file: Path, key: str) -> NDArray[Any]:
    """Return one array of an ``.npz`` file, read-only; read once while the file does not change.

    Raises
    ------
    ManifestError
        If the file cannot be read, has no such array, or the array would need pickle.
    """
    try:
        facts = file.stat()
        place = (str(file), key, facts.st_mtime_ns, facts.st_size)
        return _ARRAYS.get(place, lambda: _load(file, key))
    except KeyError:
        raise ManifestError(
            f"'{file}' has no array {key!r} but {', '.join(array_names(file)) or 'nothing'}; "
            "MedMNIST's form is {train,val,test}_images and {train,val,test}_labels."
        ) from None
    except Exception as error:  # zipfile, zlib and numpy raise whatever comes
        raise ManifestError(
            f"'{file}' is damaged or no .npz file: its array {key!r} cannot be read ({error}); "
            "copy it anew."
        ) from error


def array_names(file: Path) -> list[str]:
    """Return the names of the arrays in an ``.npz`` file.

    Raises
    ------
    ManifestError
        If it is no ``.npz`` file.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception as error:
        raise ManifestError(
            f"'{file}' is damaged or no .npz file ({error}); copy it anew, or save it with "
            "numpy.savez."
        ) from error


def _load(file: Path, key: str) -> NDArray[Any]:
    with zipfile.ZipFile(file) as archive:
        name = f"{key}.npy" if f"{key}.npy" in archive.namelist() else key
        member = archive.getinfo(name)
        if member.file_size > _IN_MEMORY:
            return _mapped(file, archive, member)
        with archive.open(member) as stream:
            values: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    values.setflags(write=False)
    return values


def _mapped(file: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """Map a large array into memory: pages come as they are asked for, and go when others want it.

    One that was compressed is inflated once, into a nameless temporary file.
    """
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0
        read = read if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_column, dtype = read(stream)
        head = stream.tell()
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which only pickle could read")
    form: dict[str, Any] = {
        "dtype": dtype, "mode": "r", "shape": shape, "order": "F" if by_column else "C"
    }  # fmt: skip
    if member.compress_type == zipfile.ZIP_STORED:
        with file.open("rb") as whole:
            whole.seek(member.header_offset + 26)
            names = struct.unpack("<HH", whole.read(4))
        start = member.header_offset + 30 + sum(names)
        return np.memmap(file, offset=start + head, **form)
    if member.file_size > _MOST_RATIO * member.compress_size:
        raise ValueError("it inflates to more than any set of images does")
    if member.file_size > shutil.disk_usage(tempfile.gettempdir()).free:
        gib = member.file_size / 2**30
        raise OSError(f"it inflates to {gib:.1f} GiB, more than is free in {tempfile.gettempdir()}")
    with tempfile.TemporaryFile() as spool:
        with archive.open(member) as stream:
            shutil.copyfileobj(stream, spool, 1 << 20)
        spool.flush()
        return np.memmap(spool, offset=head, **form)
