"""Labels out of the columns of a manifest: class names, or several labels an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.data.listing import kind_of
from texturekit.errors import ManifestError, closest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from texturekit.data.rows import Rows
    from texturekit.records import Kind

_NUMBERS = {"0": 0.0, "1": 1.0, "-1": np.nan, "": np.nan}
_NUMBERS |= {"0.0": 0.0, "1.0": 1.0, "-1.0": np.nan}


@dataclass(frozen=True)
class RowLabels:
    """The labels of every row of a manifest, used or not.

    Attributes
    ----------
    names : tuple of str
        The label columns of a multi-label manifest; empty where one column names the class.
    texts : list of str
        What a row says, comparable between rows; empty where it says nothing.
    matrix : (n, L) float64 array or None
        1, 0 or NaN (unknown) a label, for a multi-label manifest.
    empty : str
        Why a row without a text cannot be used; empty if it can.
    """

    names: tuple[str, ...]
    texts: list[str]
    matrix: NDArray[np.float64] | None
    empty: str

    def of(self, keep: Sequence[int]) -> tuple[NDArray[Any] | None, tuple[str, ...], Kind | None]:
        """Return labels, classes and kind of the rows at ``keep``."""
        if self.matrix is not None:
            return self.matrix[np.asarray(keep, dtype=np.int64)], self.names, "multilabel"
        if not self.empty:
            return None, (), None
        texts = [self.texts[i] for i in keep]
        return class_numbers(texts)


def class_numbers(texts: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...], Kind]:
    """Return the index of every text among the sorted distinct ones, those, and the kind.

    Examples
    --------
    >>> class_numbers(["yes", "no", "yes"])
    (array([1, 0, 1]), ('no', 'yes'), 'binary')
    """
    classes = tuple(sorted(set(texts)))
    _warn_of_twins(classes)
    places = {name: place for place, name in enumerate(classes)}
    numbers = np.fromiter((places[text] for text in texts), dtype=np.int64, count=len(texts))
    return numbers, classes, kind_of(classes)


def _warn_of_twins(classes: Sequence[str]) -> None:
    by_lower: dict[str, str] = {}
    for name in classes:
        twin = by_lower.setdefault(name.lower(), name)
        if twin != name:
            events.warn(
                "reading",
                f"the classes {twin!r} and {name!r} differ in case only and count as two; write "
                "them alike if they are one.",
            )


def parse_labels(rows: Rows, asked: Sequence[str] | None, reserved: Collection[str]) -> RowLabels:
    """Find the labels of a manifest.

    Parameters
    ----------
    rows : Rows
        The file.
    asked : sequence of str or None
        Label columns of 0, 1, -1 and empty. None: the column ``label``, else every column of such
        values that is not reserved and not empty throughout, else no labels.
    reserved : collection of str
        Columns that cannot be labels.

    Raises
    ------
    ManifestError
        If an asked column is not there, or holds another value; with its row.
    """
    if asked is not None:
        return _asked_labels(rows, asked)
    if "label" in rows.columns:
        return RowLabels((), _known(rows.text("label")), None, "label is empty or unknown")
    texts = {name: rows.text(name) for name in rows.columns if name not in reserved}
    names = [name for name, values in texts.items() if _is_label(values)]
    if not names:
        return RowLabels((), [""] * len(rows.numbers), None, "")
    events.note("reading", f"{rows.path.name} has no column 'label'; labels: {', '.join(names)}.")
    return _several(names, [texts[name] for name in names])


def _known(texts: list[str]) -> list[str]:
    """Return class names, empty where one is unknown: NaN, and -1 beside 0 and 1 alone."""
    unknown = {"nan", "NaN"}
    if set(texts) - unknown - {""} == {"0", "1", "-1"}:
        unknown.add("-1")
    return ["" if text in unknown else text for text in texts]


def _is_label(values: Sequence[str]) -> bool:
    return any(values) and all(value in _NUMBERS for value in values)


def _asked_labels(rows: Rows, asked: Sequence[str]) -> RowLabels:
    names = list(dict.fromkeys([asked] if isinstance(asked, str) else asked))
    if not names:
        raise ManifestError("labels=[] names no column; name at least one, or leave labels out.")
    for name in names:
        if name not in rows.columns:
            raise ManifestError(
                f"'{rows.path}' has no label column {name!r}.{closest(name, rows.columns)} "
                f"Its columns: {', '.join(rows.columns)}."
            )
    columns = [rows.text(name) for name in names]
    for name, values in zip(names, columns, strict=True):
        _check_numbers(rows, name, values)
    return _several(names, columns)


def _check_numbers(rows: Rows, name: str, values: Sequence[str]) -> None:
    for number, value in zip(rows.numbers, values, strict=True):
        if value not in _NUMBERS:
            raise ManifestError(
                f"'{rows.path}' has {value!r} in row {number}, column {name!r}, but labels= wants "
                "0, 1, -1 or empty; class names go in one column called label, without labels=."
            )


def _several(names: Sequence[str], columns: Sequence[Sequence[str]]) -> RowLabels:
    matrix = np.array([[_NUMBERS[value] for value in values] for values in columns]).T
    texts = [_described(names, row) for row in matrix]
    return RowLabels(tuple(names), texts, matrix.reshape(-1, len(names)), "every label is empty")


def _described(names: Sequence[str], row: NDArray[np.float64]) -> str:
    if np.isnan(row).all():
        return ""
    signs = ((name, value) for name, value in zip(names, row, strict=True) if value != 0)
    return "|".join(name if value == 1 else f"{name}?" for name, value in signs) or "none"
