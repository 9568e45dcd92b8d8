"""Single images out of an ``.npz`` file, named ``file.npz#train/12``."""

from __future__ import annotations

import re
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from texturekit import images
from texturekit.errors import ImageError, ManifestError, ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.images import ImageFacts

_ARRAY_PATH = re.compile(r"(?s)(.*\.npz)#(train|val|test)/(\d+)", re.IGNORECASE)


def is_array_path(path: str) -> bool:
    """Tell whether a path names an image inside an ``.npz`` file.

    Examples
    --------
    >>> is_array_path("pneumoniamnist.npz#train/12"), is_array_path("train/12.png")
    (True, False)
    """
    return _ARRAY_PATH.fullmatch(path) is not None


def read_array_image(
    path: Path, *, colour: Literal["keep", "grey", "rgb"] = "keep"
) -> NDArray[Any]:
    """Return an image that lies in an ``.npz`` file.

    Parameters
    ----------
    path : Path
        ``folder/file.npz#split/index``.
    colour : {"keep", "grey", "rgb"}
        As in `texturekit.read_image`.

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
    return _in_colour(np.array(pixels[index]), colour)


def _in_colour(pixels: NDArray[Any], colour: str) -> NDArray[Any]:
    if colour == "keep":
        return pixels
    if colour == "grey":
        return images.to_grey(pixels)
    if colour == "rgb":
        return pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=2)
    raise ParameterError(f"colour={colour!r} is not known; use 'keep', 'grey' or 'rgb'.")


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
        return _load(str(file), key, facts.st_mtime_ns, facts.st_size)
    except KeyError:
        raise ManifestError(
            f"'{file}' has no array {key!r} but {', '.join(array_names(file)) or 'nothing'}; "
            "MedMNIST's form is {train,val,test}_images and {train,val,test}_labels."
        ) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
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
    except (OSError, zipfile.BadZipFile) as error:
        raise ManifestError(
            f"'{file}' is damaged or no .npz file ({error}); copy it anew, or save it with "
            "numpy.savez."
        ) from error


@lru_cache(maxsize=6)
def _load(file: str, key: str, modified: int, size: int) -> NDArray[Any]:
    with np.load(file, allow_pickle=False) as archive:
        values: NDArray[Any] = archive[key]
    values.setflags(write=False)
    return values
