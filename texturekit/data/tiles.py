"""Real textures that need no download: tiles of three photographs that come with scikit-image."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from PIL import Image

from texturekit.data.cache import cache_folder, kept, write_manifest
from texturekit.errors import ImageError
from texturekit.images import read_image

PHOTOGRAPHS = ("brick", "grass", "gravel")
TILE = 64
BLOCK = 2  # tiles along each side of a group


def texture_tiles(root: Path | None = None) -> Path:
    """Cut the photographs brick, grass and gravel into tiles, or find those cut before.

    Parameters
    ----------
    root : Path, optional
        Folder of samples; by default ``sample`` in `texturekit.data.cache.cache_folder`.

    Returns
    -------
    Path
        Folder with ``images`` and ``manifest.csv``: path, label, group. A group is a block of 2 x 2
        neighbouring tiles of 64 x 64 pixels, so that no neighbours stand on both sides of a split
        but at the blocks' edges.

    Raises
    ------
    ImageError
        If this scikit-image does not have the photographs.
    """
    base = cache_folder() / "sample" if root is None else root
    return kept(base / f"textures-v1-{TILE}", _cut)


def _cut(folder: Path) -> None:
    (folder / "images").mkdir()
    rows = []
    for name in PHOTOGRAPHS:
        image = read_image(_photograph(name))
        for row in range(image.shape[0] // TILE):
            for col in range(image.shape[1] // TILE):
                top, left = row * TILE, col * TILE
                path = f"images/{name}_{row}{col}.bmp"
                Image.fromarray(image[top : top + TILE, left : left + TILE]).save(folder / path)
                group = f"{name}_{row // BLOCK}{col // BLOCK}"
                rows.append({"path": path, "label": name, "group": group})
    write_manifest(folder, rows)


def _photograph(name: str) -> Path:
    path = Path(str(files("skimage"))) / "data" / f"{name}.png"
    if not path.is_file():
        raise ImageError(
            f"this scikit-image has no {path.name}; install scikit-image from its wheel, or give "
            "images of your own."
        )
    return path
