"""What a picture is, in words: two pictures of one identity hold the same pixels."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from texturekit.data import arrays
from texturekit.images import split_place

if TYPE_CHECKING:
    from texturekit.data.listing import Manifest
    from texturekit.data.pictures import Pictures

#: Packages that stand between a file and its pixels.
DECODERS = (
    "numpy", "numba", "pillow", "opencv-python", "opencv-python-headless", "opencv-contrib-python",
    "opencv-contrib-python-headless", "tifffile", "imagecodecs", "pydicom", "pylibjpeg",
    "pylibjpeg-openjpeg", "pylibjpeg-rle", "nibabel",
)  # fmt: skip
#: What of a manifest is its rows, or where they come from; every other field changes the values.
_ROWS = {"frame", "labels", "classes", "kind", "root", "source", "skipped", "synthetic", "card",
         "held"}  # fmt: skip


def manifest_parameters(manifest: Manifest) -> dict[str, Any]:
    """Return how a manifest's images are to be read, by name: every field that is not its rows."""
    names = [one.name for one in fields(manifest) if one.name not in _ROWS]
    return {name: _plain(getattr(manifest, name)) for name in names}


def picture_identity(pictures: Pictures, i: int, contents: str) -> str | None:
    """Say what picture ``i`` is: the bytes of its files, and how they are made a picture.

    Parameters
    ----------
    pictures : Pictures
    i : int
    contents : str
        What `Manifest.contents` gave of its image and mask.

    Returns
    -------
    str or None
        The same for the same picture, wherever its files lie; None where one cannot be read.

    Examples
    --------
    >>> from texturekit.data.pictures import Pictures
    >>> data = tk.load_task("breast")
    >>> small, large = Pictures(data, size=32), Pictures(data, size=64)
    >>> picture_identity(small, 0, "5e1f") == picture_identity(large, 0, "5e1f")
    False
    """
    if not contents or "unreadable" in contents or "changed" in contents:
        return None
    manifest = pictures.manifest
    mask: Any = manifest.frame["mask"].iat[i] if "mask" in manifest.frame else None
    places = [_place(manifest, path) for path in (manifest.paths[i], mask) if path is not None]
    how = [pictures.size, pictures.roi, pictures.window.rule, pictures.look]
    return json.dumps([contents, places, how, manifest_parameters(manifest)])


def _place(manifest: Manifest, path: str) -> list[str]:
    """Say what of a file is the picture, and what its name says of its format."""
    if arrays.is_array_path(path):  # the hash of its bytes says nothing of its shape
        array = arrays.read_array_image(manifest.root / path)
        return ["array", str(array.dtype), str(array.shape)]
    file, place = split_place(path)
    return [PurePath(file).suffix, str(place)]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
