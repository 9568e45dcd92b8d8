"""One or several image files as a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from texturekit.data.expansion import with_frames
from texturekit.data.faults import why_no_file
from texturekit.data.listing import Manifest
from texturekit.data.masks import MaskFolder
from texturekit.decoding.formats import CONVERT
from texturekit.errors import ManifestError, printable
from texturekit.images import SUFFIXES, is_image_file, split_name, split_place
from texturekit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.images import Frames


def list_images(
    paths: Sequence[str | Path],
    *,
    masks: str | Path | None = None,
    frames: Frames | str | int = "one",
    mask_label: int | None = None,
) -> Manifest:
    """Return image files, in the order given, as a manifest without labels.

    Parameters
    ----------
    paths : sequence of str or Path
        Existing files; relative to the working folder. One that is named twice is skipped once.
    masks : str or Path, optional
        Folder with a mask for every image.
    frames, mask_label
        As in `texturekit.read_manifest`.

    Returns
    -------
    Manifest

    Raises
    ------
    ManifestError
        If a path is not an image file, or none is left.

    Examples
    --------
    >>> list_images(["table.xlsx"])
    Traceback (most recent call last):
    texturekit.errors.ManifestError: 'table.xlsx' is not a source...
    """
    folder = None if masks is None else MaskFolder(masks)
    cells: dict[str, list[str | None]] = {"id": [], "path": []}
    cells |= {} if folder is None else {"mask": []}
    skipped: list[Skipped] = []
    for path in map(str, paths):
        _check_image(path)
        mask = None if folder is None else folder.find(path, Path(path))
        if path in cells["path"]:
            reason = "named twice"
        elif folder is not None and mask is None:
            reason = folder.wanted(path)
        else:
            for name, value in zip(cells, (path, path, mask), strict=False):
                cells[name].append(value)
            continue
        skipped.append(Skipped(path=printable(path), reason=printable(reason), kind="invalid"))
    if not cells["path"]:
        raise ManifestError(f"0 usable images are given: {skipped[0].reason}.")
    frame = pd.DataFrame(cells, dtype=object)
    source = str(paths[0]) if len(paths) == 1 else f"{len(paths)} image files"
    found = Manifest(frame, None, (), None, Path(), source, tuple(skipped))
    return with_frames(found, frames, mask_label)


def _check_image(path: str) -> None:
    file = split_place(path)[0]
    reason = why_no_file(Path(file))
    if reason or not is_image_file(file):
        suffix = split_name(Path(file).name)[1]
        reason = reason or (f"convert it: {CONVERT[suffix]}" if suffix in CONVERT else "")
        why = f" ({reason})" if reason else ""
        raise ManifestError(
            f"'{printable(path)}' is not a source{why}; give one folder, one .csv or .parquet "
            f"manifest, one .npz file, or image files ({' '.join(sorted(SUFFIXES))})."
        )
