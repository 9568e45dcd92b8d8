"""A manifest of images that lie in memory, or in files, without labels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence  # noqa: TC003  dataclasses.fields shows them
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.data.listing import Manifest
from texturekit.decoding.reading import decoded_array, header_of_array
from texturekit.images import ImageFacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from texturekit.images import Picture


@dataclass(frozen=True, eq=False)
class HeldImages(Manifest):
    """Images of which some, or all, are arrays: each is what it would be in a ``.npy`` file.

    Attributes
    ----------
    held : dict of array
        The arrays, (H, W) or (H, W, 3), by the path that stands for them.
    """

    held: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def picture(self, i: int) -> Picture:
        """Return image ``i`` with what is known of it."""
        path = self.paths[i]
        if path in self.held:
            return decoded_array(self.held[path], path)
        return super().picture(i)

    def facts(self, i: int) -> ImageFacts:
        """Return size, mode, bit depth, bytes and format; an array has the bytes of its pixels."""
        path = self.paths[i]
        if path not in self.held:
            return super().facts(i)
        found, size = header_of_array(self.held[path], path), self.held[path].nbytes
        return ImageFacts(
            found.width, found.height, found.mode, found.bit_depth, size, found.format
        )

    def files(self, i: int) -> list[Path]:
        """Return the file that image ``i`` is in; none for an array."""
        return [] if self.paths[i] in self.held else super().files(i)

    def subset(self, indices: Sequence[int] | NDArray[Any]) -> HeldImages:
        """Return some of the images, without the arrays of the others."""
        part = super().subset(indices)
        assert isinstance(part, HeldImages)
        return replace(part, held={p: self.held[p] for p in part.paths if p in self.held})

    def _file_hash(self, path: str, file_hash: Callable[[Path], str]) -> str:
        if path not in self.held:
            return super()._file_hash(path, file_hash)
        array = np.ascontiguousarray(self.held[path])
        kind = f"array {array.dtype.str} {array.shape} ".encode()
        return hashlib.sha256(kind + array.tobytes()).hexdigest()


def hold_images(images: Sequence[Any]) -> HeldImages:
    """Return arrays and paths as a manifest without labels, in their order.

    Parameters
    ----------
    images : sequence of n arrays or paths
        Arrays are (H, W) or (H, W, 3) of any real dtype, and are not copied; paths are relative to
        the working directory and may come twice.

    Returns
    -------
    HeldImages
        Ids are ``image 0``, ``image 1`` and so on; the path of an array is ``<image 0>``.

    Examples
    --------
    >>> data = hold_images([np.zeros((9, 12), np.uint8), "scan.png"])
    >>> data.ids, data.paths, data.image(0).shape
    (['image 0', 'image 1'], ['<image 0>', 'scan.png'], (9, 12))
    """
    ids = [f"image {k}" for k in range(len(images))]
    paths, held = [], {}
    for name, image in zip(ids, images, strict=True):
        if isinstance(image, str | Path):
            paths.append(str(image))
        else:
            paths.append(f"<{name}>")  # no file's name
            held[paths[-1]] = np.asarray(image)
    frame = pd.DataFrame({"id": ids, "path": paths}, dtype=object)
    return HeldImages(frame, None, (), None, Path(), "X", held=held)
