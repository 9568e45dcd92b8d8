"""One row a picture, for files that hold several."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit import events, images
from texturekit.data import arrays
from texturekit.errors import ImageError
from texturekit.images import Frames
from texturekit.records import SkippedRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from texturekit.data.listing import Manifest

_STAGE = "looking for frames"
#: What the group of a file's rows begins with, where no patient is known.
FILE_GROUP = "file:"


def with_frames(
    manifest: Manifest, frames: Frames | str | int, mask_label: int | None = None
) -> Manifest:
    """Return a manifest whose files are read by a frames rule; ``all`` makes one row a picture.

    Parameters
    ----------
    manifest : Manifest
    frames : Frames, str or int
        See `texturekit.images.Frames`.
    mask_label : int, optional
        The value in the masks that is the region.

    Returns
    -------
    Manifest
        With ``all``, rows ``scan.dcm#frame/7`` and ``scan.nii.gz#axial/7`` with everything that was
        known of their file. Where no group is known, the rows of a file are a group of their own:
        no split ever cuts a file. A file that cannot be looked at keeps its row, and is lost when
        it is read.

    Raises
    ------
    ParameterError
        If the rule is none.
    """
    rule = Frames.of(frames)
    manifest = replace(manifest, frames=rule, mask_label=mask_label)
    return _kept_together(_expanded(manifest, rule) if rule.which == "all" else manifest)


def without_patients(manifest: Manifest) -> Manifest:
    """Return a manifest that knows no patients; the pictures of a file still stay together."""
    if "group" in manifest.frame:
        manifest = replace(manifest, frame=manifest.frame.drop(columns="group"))
    return _kept_together(manifest)


def is_file_group(name: str | None) -> bool:
    """Tell whether a group is the pictures of one file rather than a patient."""
    return name is not None and name.startswith(FILE_GROUP)


def _expanded(manifest: Manifest, rule: Frames) -> Manifest:
    names = []
    for i in range(len(manifest)):
        names.append(_names(manifest, i, rule))
        events.progress(_STAGE, i + 1, len(manifest))
    if all(found == [""] for found in names):
        return manifest
    counts = np.array([len(found) for found in names])
    rows = np.repeat(np.arange(len(manifest)), counts)
    endings = [f"#{name}" if name else "" for found in names for name in found]
    frame = manifest.frame.iloc[rows].reset_index(drop=True)
    frame = frame.assign(
        id=_texts(f"{name}{end}" for name, end in zip(frame["id"], endings, strict=True)),
        path=_texts(f"{path}{end}" for path, end in zip(frame["path"], endings, strict=True)),
    )
    labels = None if manifest.labels is None else manifest.labels[rows]
    return replace(manifest, frame=frame, labels=labels, skipped=_moved(manifest, counts))


def _kept_together(manifest: Manifest) -> Manifest:
    """Make the pictures of a file one group where no patient is known of any of them."""
    files = [images.split_place(path) for path in manifest.paths]
    several = {file for file, place in files if place is not None}
    if not several:
        return manifest
    known = list(manifest.frame["group"]) if "group" in manifest.frame else [None] * len(files)
    of_file = {file: f"{FILE_GROUP}{file}" for file in several}
    pairs = [(group, file) for group, (file, _) in zip(known, files, strict=True)]
    of_file |= {file: group for group, file in pairs if file in several and group is not None}
    groups = _texts(of_file.get(file) if group is None else group for group, file in pairs)
    frame = manifest.frame.assign(group=groups)
    first = ["id", "path", "group"]
    others = [name for name in frame.columns if name not in first]
    return replace(manifest, frame=frame[[*first, *others]])


def _texts(values: Iterable[str | None]) -> pd.Series[Any]:
    return pd.Series(list(values), dtype=object)  # else pandas makes None a NaN


def _names(manifest: Manifest, i: int, rule: Frames) -> list[str]:
    path = manifest.paths[i]
    if arrays.is_array_path(path) or images.split_place(path)[1] is not None:
        return [""]
    try:
        layout = images.image_layout(manifest.file(i))
        return [layout.named(place) for place in layout.places(rule, path)]
    except ImageError:
        return [""]


def _moved(manifest: Manifest, counts: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    """Return the skipped rows at the places where they stand between more rows."""
    lost = {skip.place for skip in manifest.skipped if isinstance(skip, SkippedRow)}
    places = [place for place in range(len(counts) + len(lost)) if place not in lost]
    more = np.zeros(len(counts) + len(lost) + 1, dtype=np.int64)
    for place, count in zip(places, counts, strict=True):
        more[place + 1] = count - 1
    shift = np.cumsum(more)
    return tuple(
        skip.model_copy(update={"place": skip.place + int(shift[skip.place])})
        if isinstance(skip, SkippedRow) and skip.place < len(shift)
        else skip
        for skip in manifest.skipped
    )
