"""What a layout gives: columns of a manifest to be, and what was left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from texturekit.data.folders import Tree, walk
from texturekit.decoding.formats import CONVERT
from texturekit.errors import ManifestError, printable
from texturekit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Made(str):
    """A path below the folder of the pictures that `texturekit.data.preparing.prepare` writes."""

    __slots__ = ()


@dataclass(frozen=True)
class Source:
    """A folder that holds a set.

    Parameters
    ----------
    given : Path
        The folder, or one file of the set, as the user names it.
    folder : Path
        The folder.
    tree : Tree
        Its images and everything else.
    additional : bool
        Whether a set's optional part is wanted.
    """

    given: Path
    folder: Path
    tree: Tree
    additional: bool = False

    @property
    def others(self) -> list[str]:
        """Files that are no single images, relative, sorted."""
        ignored = [
            one.path
            for one in self.tree.skipped
            if one.kind == "ignored" or Path(one.path).suffix.lower() in CONVERT
        ]
        arrays = [path for path in self.tree.files if path.lower().endswith(".npz")]
        return sorted({*ignored, *arrays})


@dataclass
class Found:
    """The columns of a manifest.

    Parameters
    ----------
    paths : list of str
        Below the source's folder, or `Made`.
    label : list of str, optional
        Classes.
    labels : dict of list of str
        Several labels an image: ``"1"``, ``"0"``, ``"-1"`` or ``""`` by name.
    group, split, mask : list, optional
        None where nothing is known; masks as paths are.
    extra : dict of list of str
        Other columns.
    folds : list of int or None, optional
        The authors' own folds, from 0.
    skipped : list of Skipped
    notes : list of str
        What the user has to know.
    writers : list of callable
        Each writes the pictures of one image into the folder that it is given.
    """

    paths: list[str] = field(default_factory=list)
    label: list[str] | None = None
    labels: dict[str, list[str]] = field(default_factory=dict)
    group: list[str | None] | None = None
    split: list[str | None] | None = None
    mask: list[str | None] | None = None
    extra: dict[str, list[str]] = field(default_factory=dict)
    folds: list[int | None] | None = None
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    writers: list[Callable[[Path], None]] = field(default_factory=list)

    def skip(self, path: str, reason: str, *, ignored: bool = False) -> None:
        """Note a file that is not used."""
        self.skipped.append(
            Skipped(
                path=printable(path),
                reason=printable(reason),
                kind="ignored" if ignored else "invalid",
            )
        )


def open_source(given: str | Path, *, additional: bool = False) -> Source:
    """Return what lies in a folder, or around a file.

    Raises
    ------
    ManifestError
        If there is nothing.
    """
    path = Path(given)
    if not path.exists():
        raise ManifestError(f"there is no file or folder '{printable(str(path))}'; check the path.")
    folder = path if path.is_dir() else path.parent
    return Source(path, folder, walk(folder), additional)


def groups_by_rule(rule: str, paths: Iterable[str]) -> list[str | None]:
    r"""Return the patient that a rule finds in every path, None where it finds none.

    Examples
    --------
    >>> groups_by_rule(r"(person\d+)_virus", ["a/person3_virus_1.jpeg", "a/IM-1.jpeg"])
    ['person3', None]
    """
    pattern = re.compile(rule)
    matches = [pattern.search(path) for path in paths]
    return [match and ("-".join(filter(None, match.groups())) or None) for match in matches]


def wrong_layout(source: Source, name: str, wanted: str) -> ManifestError:
    """Return the error that says what was expected and what is there."""
    folders = ", ".join(source.tree.folders[:6]) or "none"
    files = ", ".join([*source.tree.files[:2], *source.others[:3]]) or "none"
    return ManifestError(
        printable(
            f"'{source.given}' is not laid out as {name}: wanted is {wanted}. Found are "
            f"{len(source.tree.files)} images; folders: {folders}; files: {files}."
        )
    )
