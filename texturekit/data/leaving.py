"""Folds that leave out one site, scanner or year at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.data.folds import Fold, check_leakage, check_trained
from texturekit.errors import SplitError, closest

if TYPE_CHECKING:
    from texturekit.data.listing import Manifest

_NOT_SITES = ("id", "path", "mask", "split", "group")


def leave_out(
    manifest: Manifest, column: str, *, allow_leakage: bool = False
) -> tuple[list[Fold], list[str]]:
    """Return one fold for each value of a column, whose images are its test part.

    Parameters
    ----------
    manifest : Manifest
        The images; every one has a value.
    column : str
        A column that the manifest carries along, such as ``site``.
    allow_leakage : bool, default False
        Accept groups with images of several values.

    Returns
    -------
    folds : list of Fold
        In the order of the values; no validation part.
    values : list of str
        Sorted.

    Raises
    ------
    SplitError
        If there is no such column, an image has no value, there is one value only, or a class is
        found under one value only.
    LeakageError
        If a group has images of several values.

    Examples
    --------
    >>> import pandas as pd, pathlib
    >>> from texturekit.data.listing import Manifest
    >>> frame = pd.DataFrame({"id": list("abcd"), "path": list("abcd"), "site": list("yxyx")})
    >>> data = Manifest(frame, np.array([0, 1, 1, 0]), ("no", "yes"), "binary", pathlib.Path(), "")
    >>> folds, values = leave_out(data, "site")
    >>> values, [fold.test.tolist() for fold in folds]
    (['x', 'y'], [[1, 3], [0, 2]])
    """
    texts = np.array(_values(manifest, column), dtype=object)
    values = sorted(set(texts))
    if len(values) < 2:
        raise SplitError(
            f"column {column!r} of {manifest.source} holds one value only, {values[0]!r}; at least "
            "two are needed, one to learn from and one to test on."
        )
    folds = []
    for number, value in enumerate(values):
        inside = texts == value
        fold = Fold(0, number, np.flatnonzero(~inside), np.flatnonzero(inside))
        where = f"{manifest.source} without {column} {value!r}"
        if not allow_leakage:
            check_leakage(manifest, fold, f"{manifest.source} with {column} {value!r} left out")
        check_trained(manifest, fold.train, where)
        folds.append(fold)
    return folds, values


def carried(manifest: Manifest) -> list[str]:
    """Return the columns that a manifest carries along: those that texturekit does not read.

    Parameters
    ----------
    manifest : Manifest
        The images.

    Returns
    -------
    list of str
        In the order of the source.
    """
    return [name for name in manifest.frame.columns if name not in _NOT_SITES]


def _values(manifest: Manifest, column: str) -> list[str]:
    known = carried(manifest)
    if column not in known:
        listed = f"It carries along: {', '.join(known)}." if known else "It carries none along."
        raise SplitError(
            f"{manifest.source} has no column {column!r} whose values could be left out in turn."
            f"{closest(column, known)} {listed}"
        )
    cells = ["" if cell is None or cell != cell else str(cell) for cell in manifest.frame[column]]
    texts = [text.strip() for text in cells]
    empty = [place for place, text in enumerate(texts) if not text]
    if empty:
        raise SplitError(
            f"{len(empty)} of {len(manifest)} images of {manifest.source} have no {column}, the "
            f"first is {manifest.ids[empty[0]]!r}; fill it in, or take these rows out."
        )
    return texts
