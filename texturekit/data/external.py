"""Images of another origin to test on, beside those that are learnt from."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.data.choices import class_counts, group_counts
from texturekit.data.expansion import FILE_GROUP, is_file_group
from texturekit.errors import printable
from texturekit.records import Skipped, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.data.listing import Manifest

_FIRST = ("id", "path", "group", "split", "mask")
_PREFIX = "test:"


@dataclass(frozen=True)
class External:
    """What is known of two sources that became one manifest.

    Attributes
    ----------
    sources : (str, str)
        What is learnt from, and what is tested on.
    found : (int, int)
        Images and rows met in each.
    prefix : str
        What the ids of the test images begin with, where both sources use the same ids.
    retaken : int
        Images that the first source names as test and that are learnt from.
    """

    sources: tuple[str, str]
    found: tuple[int, int]
    prefix: str
    retaken: int

    @property
    def notes(self) -> list[str]:
        """What the reader has to know."""
        one, other = (short_name(source) for source in self.sources)
        notes = [f"External testing: learnt from {one}, tested on {other}."]
        if self.retaken:
            notes.append(
                f"{self.retaken} images that {one} names as test were learnt from, too: "
                f"the test images are those of {other}."
            )
        if self.prefix:
            notes.append(
                f"Both sources use the same ids; those of {other} begin with {self.prefix!r} here."
            )
        return notes

    def parts(self, used: Manifest) -> list[Source]:
        """Return what was found and used of each source; ``used`` holds both."""
        tested = used.frame["split"].to_numpy() == "test"
        return [
            self._part(used.subset(np.flatnonzero(tested == bool(place))), place)
            for place in (0, 1)
        ]

    def _part(self, used: Manifest, place: int) -> Source:
        own = _as_alone(used, self.prefix if place else "")
        return Source(
            role=("training", "test")[place],
            source=printable(self.sources[place]),
            found=self.found[place],
            used=len(own),
            groups=own.group_count,
            sha256=own.sha256,
            counts=class_counts(own),
            group_counts=group_counts(own),
        )


def short_name(source: str) -> str:
    """Return the last part of a source's path, for sentences.

    Examples
    --------
    >>> short_name("/data/hospital_b.csv")
    'hospital_b.csv'
    """
    return printable(Path(source).name or source)


def joined(data: Manifest, test: Manifest) -> tuple[Manifest, External]:
    """Put both sources into one manifest whose splits say which is which.

    Parameters
    ----------
    data : Manifest
        Learnt from, but for what it marks ``val``.
    test : Manifest
        From `texturekit.data.second_source.read_test`.

    Returns
    -------
    manifest : Manifest
        ``train``, ``val`` and ``test``; paths are relative to the first source, ids unique.
    external : External
    """
    prefix = ""
    while set(data.ids) & {prefix + name for name in test.ids}:
        prefix += _PREFIX
    folder = _between(data.root, test.root)
    splits = [None] * len(data) if data.splits is None else list(data.splits)
    kept = data.frame.assign(split=_texts(["val" if s == "val" else "train" for s in splits]))
    moved = _moved(test, folder, prefix)
    names = dict.fromkeys([*kept.columns, *moved.columns])
    order = [name for name in _FIRST if name in names]
    order += [name for name in names if name not in _FIRST]
    cells = {name: _texts([*_column(kept, name), *_column(moved, name)]) for name in order}
    skipped = [
        Skipped(path=_under(folder, one.path), reason=one.reason, kind=one.kind)
        for one in test.skipped
    ]
    both = replace(
        data,
        frame=pd.DataFrame(cells),
        labels=np.concatenate([np.asarray(data.labels), np.asarray(test.labels)]),
        source=f"{data.source}, tested on {test.source}",
        skipped=(*data.skipped, *skipped),
    )
    retaken = sum(split == "test" for split in splits)
    sources, found = (data.source, test.source), (data.found, test.found)
    return both, External(sources, found, prefix, retaken)


def _between(root: Path, other: Path) -> str:
    """Return the way from one folder to another; links are followed, as the system does."""
    try:
        way = os.path.relpath(other.resolve(), root.resolve())
    except ValueError:  # two drives
        return str(other.resolve())
    return "" if way == "." else Path(way).as_posix()


def _under(folder: str, path: str) -> str:
    # Text, not Path: a path may name a picture (#frame/7) and have blanks that count.
    return path if not folder or Path(path).is_absolute() else f"{folder}/{path}"


def _moved(test: Manifest, folder: str, prefix: str) -> pd.DataFrame:
    """Return the rows of the test images as the other source would write them."""
    frame = test.frame.assign(
        id=_texts([prefix + name for name in test.ids]),
        path=_texts([_under(folder, path) for path in test.paths]),
        split=_texts(["test"] * len(test)),
    )
    if "mask" in frame:
        paths = [None if path is None else _under(folder, path) for path in frame["mask"]]
        frame = frame.assign(mask=_texts(paths))
    if "group" in frame:
        groups = [_file_group(name, folder) for name in frame["group"]]
        frame = frame.assign(group=_texts(groups))
    return frame


def _file_group(name: str | None, folder: str) -> str | None:
    """Return a group; that of a file's pictures is named by the file, wherever that is."""
    if name is None or not is_file_group(name):
        return name
    return FILE_GROUP + _under(folder, name.removeprefix(FILE_GROUP))


def _as_alone(part: Manifest, prefix: str) -> Manifest:
    """Return one source's images with their own ids, and with groups only where it had any."""
    frame = part.frame.assign(id=_texts([name.removeprefix(prefix) for name in part.ids]))
    if "group" in frame and all(name is None for name in frame["group"]):
        frame = frame.drop(columns="group")
    return replace(part, frame=frame)


def _column(frame: pd.DataFrame, name: str) -> Sequence[Any]:
    return list(frame[name]) if name in frame else [None] * len(frame)


def _texts(values: Sequence[Any]) -> pd.Series[Any]:
    return pd.Series(list(values), dtype=object)  # else pandas makes None a NaN
