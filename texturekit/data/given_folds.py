"""Folds that somebody else has made, from a CSV file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING

import numpy as np

from texturekit.data.folds import Fold, check_leakage, check_trained
from texturekit.data.rows import read_rows
from texturekit.errors import SplitError, closest

if TYPE_CHECKING:
    from texturekit.data.listing import Manifest
    from texturekit.data.rows import Rows


def read_folds(path: str | Path, manifest: Manifest, *, allow_leakage: bool = False) -> list[Fold]:
    r"""Read folds from a CSV (or Parquet) file: in each, the named images are the test part.

    Parameters
    ----------
    path : str or Path
        Columns ``path`` (as in the manifest) or ``id``, ``repeat`` and ``fold`` (whole numbers).
        Every image of the manifest stands once in every repeat; images that the manifest lists as
        skipped may be there too (by path).
    manifest : Manifest
        The images.
    allow_leakage : bool, default False
        Accept a group in several folds of a repeat.

    Returns
    -------
    list of Fold
        By repeat and fold, numbered as in the file; no validation part.

    Raises
    ------
    SplitError
        If the file cannot be read or does not fit the manifest, with its rows; or a fold leaves no
        training image of a class.
    LeakageError
        If a group is in several folds of a repeat.

    Examples
    --------
    >>> import pandas as pd, pathlib, tempfile
    >>> from texturekit.data.listing import Manifest
    >>> frame = pd.DataFrame({"id": list("abcd"), "path": list("abcd")})
    >>> labels = np.array([0, 1, 0, 1])
    >>> data = Manifest(frame, labels, ("no", "yes"), "binary", pathlib.Path(), "example")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "folds.csv")
    ...     _ = file.write_text("path,repeat,fold\na,0,0\nb,0,0\nc,0,1\nd,0,1\n")
    ...     [(fold.repeat, fold.fold, fold.test.tolist()) for fold in read_folds(file, data)]
    [(0, 0, [0, 1]), (0, 1, [2, 3])]
    """
    rows = read_rows(Path(path), SplitError)
    key = _check_columns(rows)
    repeats, folds = _whole_numbers(rows, "repeat"), _whole_numbers(rows, "fold")
    images = _images(rows, key, manifest)
    table: dict[int, dict[int, int]] = defaultdict(dict)
    written: dict[tuple[int, int], int] = {}
    for number, image, repeat, fold in zip(rows.numbers, images, repeats, folds, strict=True):
        if image is None:
            continue
        first = written.setdefault((repeat, image), number)
        if first != number:
            raise SplitError(
                f"'{rows.path}' puts {manifest.ids[image]!r} into a fold of repeat {repeat} twice, "
                f"in rows {first} and {number}; keep one."
            )
        table[repeat][image] = fold
    if not table:
        raise SplitError(f"'{rows.path}' names no image of {manifest.source}.")
    return [
        fold
        for repeat in sorted(table)
        for fold in _folds_of(rows.path, manifest, repeat, table[repeat], allow_leakage)
    ]


def _check_columns(rows: Rows) -> str:
    key = "path" if "path" in rows.columns else "id"
    for name in (key, "repeat", "fold"):
        if name not in rows.columns:
            wanted = "path (or id)" if name == "id" else name
            raise SplitError(
                f"'{rows.path}' has no column {wanted}.{closest(name, rows.columns)} Its columns: "
                f"{', '.join(rows.columns)}; wanted are path, repeat, fold."
            )
    return key


def _whole_numbers(rows: Rows, name: str) -> list[int]:
    numbers = []
    for number, text in zip(rows.numbers, rows.text(name), strict=True):
        if not text.isdecimal():
            raise SplitError(
                f"'{rows.path}' has {text!r} as {name} in row {number}; use whole numbers from 0."
            )
        numbers.append(int(text))
    return numbers


def _images(rows: Rows, key: str, manifest: Manifest) -> list[int | None]:
    """Return the manifest's row of every row of the file; None for images it has skipped."""
    plain = normpath if key == "path" else str
    names = manifest.paths if key == "path" else manifest.ids
    places = {plain(name): place for place, name in enumerate(names)}
    skipped = {plain(one.path) for one in manifest.skipped}
    found: list[int | None] = []
    unknown: list[tuple[int, str]] = []
    for number, text in zip(rows.numbers, rows.text(key, strip=False), strict=True):
        name = plain(text)
        found.append(places.get(name))
        if name not in places and name not in skipped:
            unknown.append((number, text))
    if unknown:
        named = ", ".join(f"row {number} {text!r}" for number, text in unknown[:3])
        raise SplitError(
            f"'{rows.path}' names {len(unknown)} images that {manifest.source} does not have: "
            f"{named}; use the manifest's own {key}s."
        )
    return found


def _folds_of(
    path: Path, manifest: Manifest, repeat: int, fold_of: dict[int, int], allow_leakage: bool
) -> list[Fold]:
    absent = [name for i, name in enumerate(manifest.ids) if i not in fold_of]
    if absent:
        raise SplitError(
            f"'{path}' lacks {len(absent)} of {len(manifest)} images in repeat {repeat}, "
            f"first {absent[0]!r}; put every image into one fold of every repeat."
        )
    numbers = np.array([fold_of[i] for i in range(len(manifest))], dtype=np.int64)
    known = np.unique(numbers).tolist()
    if len(known) < 2:
        raise SplitError(f"'{path}' has one fold in repeat {repeat}; at least two are needed.")
    made = []
    for number in known:
        inside = numbers == number
        fold = Fold(repeat, number, np.flatnonzero(~inside), np.flatnonzero(inside))
        where = f"fold {number}, repeat {repeat} of '{path}'"
        if not allow_leakage:
            check_leakage(manifest, fold, where)
        check_trained(manifest, fold.train, f"the training part of {where}")
        made.append(fold)
    return made
