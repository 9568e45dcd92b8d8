"""Rows of a CSV or Parquet file, with the row numbers that a person sees in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit import events
from texturekit.errors import ManifestError, TexturekitError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Rows:
    """The columns of a file.

    Attributes
    ----------
    path : Path
        The file.
    columns : dict of list
        Values by column name (stripped): text from CSV, whatever was stored from Parquet.
    numbers : list of int
        Row number of every value; the header is row 1.
    """

    path: Path
    columns: dict[str, list[object]]
    numbers: list[int]

    def text(self, name: str, *, strip: bool = True) -> list[str]:
        """Return a column as text; nothing becomes ``""``, 1.0 becomes ``"1"``."""
        values = [_as_text(value) for value in self.columns[name]]
        return [value.strip() for value in values] if strip else values


def read_rows(path: Path, error: type[TexturekitError] = ManifestError) -> Rows:
    """Read a ``.csv`` (UTF-8, comma) or ``.parquet`` file, every value as it stands.

    A CSV file whose header holds no comma but semicolons or tabs is read with those, and a note
    says so. Blank lines are no rows, but count in the row numbers.

    Raises
    ------
    TexturekitError
        Of the class ``error``: if the file cannot be read or is not rectangular; with the row.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return _read_parquet(path)
        return _read_csv(path)
    except OSError as problem:
        raise error(f"'{path}' cannot be read: {problem.strerror or problem}.") from problem
    except ManifestError as problem:
        raise error(str(problem)) from problem


def _read_csv(path: Path) -> Rows:
    text = _decoded(path)
    records = _records(path, text)
    start = next((i for i, record in enumerate(records) if record), None)
    if start is None:
        raise ManifestError(f"'{path}' is empty; a manifest needs a header row with path, label.")
    names = _names(path, records[start])
    numbered = [(i + 1, record) for i, record in enumerate(records) if i > start and record]
    for number, record in numbered:
        _check_record(path, number, record, len(names))
    columns: dict[str, list[object]] = {
        name: [record[place] for _, record in numbered] for place, name in enumerate(names)
    }
    return Rows(path, _without_nameless(columns), [number for number, _ in numbered])


def _records(path: Path, text: str) -> list[list[str]]:
    # Not str.splitlines: it also splits at form feeds and U+2028 inside values.
    lines = io.StringIO(text, newline="")
    records: list[list[str]] = []
    try:
        records.extend(csv.reader(lines, delimiter=_delimiter(path, text), strict=True))
    except csv.Error as error:
        raise ManifestError(
            f"'{path}' is not CSV in row {len(records) + 1}: {error}; "
            'write a quote inside a quoted value twice ("").'
        ) from error
    return records


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ManifestError(f"'{path}' is UTF-16; save it as CSV UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise ManifestError(
            f"'{path}' is not UTF-8: line {row}, byte {column} is 0x{data[error.start]:02x}; "
            "save it as CSV UTF-8."
        ) from error
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        raise ManifestError(f"'{path}' holds a NUL character in line {row}; it is no text file.")
    return text


def _delimiter(path: Path, text: str) -> str:
    header = text.lstrip("\r\n").split("\n", 1)[0]
    counts = {mark: header.count(mark) for mark in DELIMITERS}
    mark = max(DELIMITERS, key=counts.__getitem__)
    if counts[","] or not counts[mark]:
        return ","
    events.note("reading", f"{path.name} is separated by {mark!r}, not by commas.")
    return mark


def _names(path: Path, header: Sequence[str]) -> list[str]:
    names = [name.strip() or f"column_{i}" for i, name in enumerate(header, start=1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ManifestError(f"'{path}' has two columns called {twice[0]!r}; rename one.")
    return names


def _check_record(path: Path, number: int, record: Sequence[str], width: int) -> None:
    if len(record) != width:
        raise ManifestError(
            f"'{path}' has {len(record)} values in row {number} but {width} in its header; "
            'put values that hold a comma in quotes ("a, b").'
        )


def _without_nameless(columns: dict[str, list[object]]) -> dict[str, list[object]]:
    # Spreadsheets leave a trailing comma on every line: a nameless, empty column.
    return {
        name: values
        for name, values in columns.items()
        if not name.startswith("column_") or any(values)
    }


def _read_parquet(path: Path) -> Rows:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path, partitioning=None)
        names = [str(name) for name in table.column_names if name != "__index_level_0__"]
        columns = {name: table.column(name).to_pylist() for name in names}
    except (pyarrow.ArrowException, UnicodeDecodeError, KeyError) as error:
        raise ManifestError(
            f"'{path}' is damaged or no Parquet file: {str(error).splitlines()[0]}."
        ) from error
    stripped = dict(zip(_names(path, names), columns.values(), strict=True))
    return Rows(path, stripped, list(range(2, table.num_rows + 2)))


def _as_text(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
