"""Why rows of a manifest cannot be used."""

from __future__ import annotations

import stat
from collections import defaultdict
from posixpath import normpath
from typing import TYPE_CHECKING, Literal

from texturekit.data.arrays import array_file
from texturekit.errors import ManifestError, printable
from texturekit.images import split_place
from texturekit.records import SkippedRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from texturekit.data.rows import Rows

FaultKind = Literal["unreadable", "invalid"]


class Faults:
    """The first fault of every row that has one.

    Parameters
    ----------
    rows : Rows
        The manifest as read.
    paths : list of str
        Its paths, as written.
    """

    def __init__(self, rows: Rows, paths: list[str]) -> None:
        self.rows, self.paths = rows, paths
        self._found: dict[int, tuple[FaultKind, str]] = {}

    def add(self, place: int, reason: str, kind: FaultKind = "invalid") -> None:
        """Note why the row at ``place`` (from 0) cannot be used, unless that is known already."""
        self._found.setdefault(place, (kind, f"row {self.rows.numbers[place]}: {reason}"))

    def sound(self) -> list[int]:
        """Return the places of the rows without a fault."""
        return [place for place in range(len(self.paths)) if place not in self._found]

    def skipped(
        self, known: Mapping[str, Sequence[str | None]] | None = None
    ) -> tuple[SkippedRow, ...]:
        """Return the rows with a fault, in the file's order.

        Parameters
        ----------
        known : mapping of sequences, optional
            ``id, label, group, split`` of every row, as far as there are any.
        """
        result = []
        for place, (kind, reason) in sorted(self._found.items()):
            says = {name: column[place] for name, column in (known or {}).items()}
            result.append(
                SkippedRow(
                    path=printable(self.paths[place]),
                    reason=printable(reason),
                    kind=kind,
                    place=place,
                    id=printable(says.pop("id", None) or self.paths[place]),
                    **says,
                )
            )
        return tuple(result)


def check_files(faults: Faults, root: Path) -> None:
    """Note every row whose path is empty or names no regular file."""
    for place, path in enumerate(faults.paths):
        if not path.strip():
            faults.add(place, "path is empty")
            continue
        reason = why_no_file(root / split_place(path)[0])
        if reason:
            faults.add(place, reason, "unreadable")


def why_no_file(file: Path) -> str:
    """Say why a path cannot be opened as a regular file, without opening it; empty if it can.

    Of an image in an ``.npz`` file (``file.npz#train/12``) the file is looked at.
    """
    file = array_file(file)
    if "\0" in str(file):
        return "no such file (the path holds a NUL character)"
    try:
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        slashes = " (write / between folders)" if "\\" in str(file) else ""
        return f"no such file{slashes}"
    except OSError as error:
        return f"cannot be opened: {error.strerror}"
    if stat.S_ISDIR(mode):
        return "a folder, not a file"
    return "" if stat.S_ISREG(mode) else "not a regular file"


def check_texts(faults: Faults, texts: Sequence[str], reason: str) -> None:
    """Note every row whose text is empty."""
    for place, text in enumerate(texts):
        if not text:
            faults.add(place, reason)


def check_repeats(faults: Faults, texts: Sequence[str], places: Sequence[Sequence[object]]) -> None:
    """Note rows that repeat an image: all of them under several labels, else all but the first.

    Parameters
    ----------
    faults : Faults
        Rows with a fault already are not compared.
    texts : sequence of str
        The label of every row.
    places : sequence of sequences
        Columns (split, group) in which rows of one image have to agree.

    Raises
    ------
    ManifestError
        If an image is listed with two splits or groups.
    """
    for same in _repeated(faults):
        labels = sorted({texts[place] for place in same})
        numbers = [faults.rows.numbers[place] for place in same]
        if len(labels) > 1:
            named = f"rows {', '.join(map(str, numbers))}"
            for place in same:
                faults.add(place, f"same image, labels {' and '.join(labels)} ({named})")
            continue
        for column in places:
            if len({column[place] for place in same}) > 1:
                raise ManifestError(
                    f"'{faults.rows.path}' lists {faults.paths[same[0]]!r} in rows {numbers[0]} "
                    f"and {numbers[1]} as {column[same[0]]} and as {column[same[1]]}; keep one row."
                )
        for place in same[1:]:
            faults.add(place, f"same image as row {numbers[0]}")


def _repeated(faults: Faults) -> Iterator[list[int]]:
    by_path: dict[str, list[int]] = defaultdict(list)
    for place in faults.sound():
        by_path[normpath(faults.paths[place])].append(place)
    return (same for same in by_path.values() if len(same) > 1)


def check_ids(faults: Faults, ids: Sequence[str]) -> None:
    """Refuse two usable rows with one id.

    Raises
    ------
    ManifestError
        Naming both rows.
    """
    seen: dict[str, int] = {}
    for place in faults.sound():
        first = seen.setdefault(ids[place], place)
        if first != place:
            numbers = faults.rows.numbers
            raise ManifestError(
                f"'{faults.rows.path}' has the id {ids[place]!r} in rows {numbers[first]} and "
                f"{numbers[place]}; give every image an id of its own, or leave the column out."
            )
