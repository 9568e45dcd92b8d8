"""Confusion matrices as people write them: a line of text, or a CSV file."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from texturekit.errors import ManifestError, printable

_MOST = 1_000_000  # bytes: a matrix is small
_WHOLE = re.compile(r"[-+]?\d+(\.0*)?")


def read_matrix(text: str) -> tuple[list[list[int]], list[str] | None]:
    """Read a matrix of counts.

    Parameters
    ----------
    text : str
        Rows parted by ``/`` or ``;``, numbers by spaces or commas: ``"1005 933 / 777 4136"``; or
        the path of a CSV file, with the class names in the first row, the first column, both or
        neither.

    Returns
    -------
    matrix : list of lists of int
        Rows as they stand there; whether they make a square is for `texturekit.metrics`.
    classes : list of str or None
        The names in the file; None without.

    Raises
    ------
    ManifestError
        If there is nothing to read, or a cell is no whole number; the message names row and cell.

    Examples
    --------
    >>> read_matrix("1005 933 / 777 4136")
    ([[1005, 933], [777, 4136]], None)
    """
    path = Path(text)
    if re.search(r"\.(csv|tsv|txt)$", text.strip(), re.IGNORECASE):
        return _from_rows(_file_rows(path), printable(text))
    rows = [re.split(r"[\s,]+", row.strip()) for row in re.split(r"[/;\n]", text) if row.strip()]
    if not rows:
        raise ManifestError("the matrix is empty; write its rows: '1005 933 / 777 4136'.")
    return _numbers(rows, "the matrix"), None


def _file_rows(path: Path) -> list[list[str]]:
    try:
        if path.stat().st_size > _MOST:
            raise ManifestError(f"{path} is larger than {_MOST:,} bytes, which no matrix is.")
        content = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ManifestError(f"{path} cannot be read ({why}); give a CSV file in UTF-8.") from error
    head = content.partition("\n")[0]
    delimiter = next((mark for mark in (",", ";", "\t") if mark in head), ",")
    try:
        rows = [
            [cell.strip() for cell in row]
            for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise ManifestError(
            f"{path} is no CSV ({error}); write a row of counts a class."
        ) from error
    return [row for row in rows if any(row)]


def _from_rows(rows: list[list[str]], name: str) -> tuple[list[list[int]], list[str] | None]:
    """Return numbers and names: a first row or column that is no row of counts holds names."""
    if not rows:
        raise ManifestError(f"{name} is empty; write a row of counts for every class.")
    top: list[str] | None = None
    side: list[str] | None = None
    corner = not _WHOLE.fullmatch(rows[0][0])
    if corner and all(len(row) == len(rows) for row in rows):  # names may be 0 and 1 then
        top, side = rows[0][1:], [row[0] for row in rows[1:]]
        rows = [row[1:] for row in rows[1:]]
    elif corner and not any(map(_WHOLE.fullmatch, rows[0])):
        top, rows = rows[0], rows[1:]
    elif corner:
        side, rows = [row[0] for row in rows], [row[1:] for row in rows]
    if top and side and top != side:
        raise ManifestError(
            f"{name} names its columns {', '.join(top)} but its rows {', '.join(side)}; rows and "
            "columns are the same classes in the same order."
        )
    return _numbers(rows, name), top or side


def _numbers(rows: list[list[str]], name: str) -> list[list[int]]:
    for i, row in enumerate(rows):
        for k, cell in enumerate(row):
            if not _WHOLE.fullmatch(cell) or len(cell) > 20:
                raise ManifestError(
                    f"row {i + 1}, cell {k + 1} of {name} is {printable(cell)[:40]!r}; give whole "
                    "numbers of images, not shares."
                )
    return [[int(float(cell)) if "." in cell else int(cell) for cell in row] for row in rows]
