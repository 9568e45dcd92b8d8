"""Find the mask that belongs to an image."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from texturekit import images
from texturekit.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Collection

_MASK_STEM = re.compile(r"(?s)(.+)_mask(_\d+)?")


class MaskFolder:
    """A folder of masks: the same relative path as the image's, another suffix, or ``_mask``.

    Parameters
    ----------
    folder : str or Path
        Holds ``a/b.png``, ``a/b.<other suffix>`` or ``a/b_mask.<any suffix>`` for the image
        ``a/b.png``; the first of these that exists is taken.

    Raises
    ------
    ManifestError
        If there is no such folder.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).absolute()
        if not self.folder.is_dir():
            raise ManifestError(f"masks='{folder}' is not a folder; give the folder of the masks.")
        self._files: dict[Path, dict[str, list[str]]] = {}

    def find(self, path: str, image: Path) -> str | None:
        """Return the mask's absolute path for the image ``path`` (relative) at ``image``."""
        relative = _below(path)
        folder = self.folder / relative.parent
        by_stem = self._listed(folder)
        stem = images.split_name(relative.name)[0]
        names = by_stem.get(stem, [])
        candidates = [name for name in names if name == relative.name]
        candidates += [name for name in names if name != relative.name]
        candidates += by_stem.get(f"{stem}_mask", [])
        for name in candidates:
            if not _same_file(folder / name, image):
                return str(folder / name)
        return None

    def wanted(self, path: str) -> str:
        """Say what was looked for."""
        relative = _below(path)
        stem = relative.with_name(images.split_name(relative.name)[0])
        return f"no mask '{stem}.*' or '{stem}_mask.*' in '{self.folder}'"

    def _listed(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._files:
            found: dict[str, list[str]] = {}
            names = sorted(os.listdir(folder)) if folder.is_dir() else []  # noqa: PTH208 - names only
            for name in names:
                if images.is_image_file(folder / name):
                    found.setdefault(images.split_name(name)[0], []).append(name)
            self._files[folder] = found
        return self._files[folder]


def is_mask_beside_image(name: str, stems: Collection[str]) -> bool:
    """Tell whether a file is called like the mask of another one in its folder.

    Examples
    --------
    >>> is_mask_beside_image("benign (1)_mask_1.png", {"benign (1)"})
    True
    """
    match = _MASK_STEM.fullmatch(images.split_name(name)[0])
    return match is not None and match[1] in stems


def _below(path: str) -> PurePosixPath:
    # A path that leaves the manifest's folder has no place relative to it: its name has to do.
    relative = PurePosixPath(images.split_place(path)[0])
    outside = relative.is_absolute() or ".." in relative.parts
    return PurePosixPath(relative.name) if outside else relative


def _same_file(a: Path, b: Path) -> bool:
    return a.exists() and b.exists() and a.samefile(b)
