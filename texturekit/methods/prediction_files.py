"""Predictions as CSV, JSON or Parquet, written while they are made."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from texturekit.errors import ParameterError, printable
from texturekit.table_file import no_formula

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from texturekit.methods.predicting import Count

SUFFIXES = (".csv", ".json", ".parquet")
_TEXTS = ("id", "path", "predicted", "status", "error")


def check_format(path: str | Path) -> Path:
    """Return the path if its suffix is one that predictions can be written to.

    Raises
    ------
    ParameterError
        If it is another.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ParameterError(
            f"{path} ends with {path.suffix!r}; predictions are written to .csv, .json or .parquet."
        )
    return path


def write_csv(
    parts: Iterable[pd.DataFrame], names: Sequence[str], stream: TextIO, count: Count
) -> None:
    """Write rows as CSV: empty for what is not known; no text that a spreadsheet would run."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    for rows in parts:
        count.add(rows)
        writer.writerows([_cell(value) for value in row] for row in _cells(rows, names))
        stream.flush()


def write_json(
    parts: Iterable[pd.DataFrame],
    names: Sequence[str],
    stream: TextIO,
    count: Count,
    facts: dict[str, Any],
) -> None:
    """Write one object: ``facts``, then ``rows``, then how many there were."""
    head = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    stream.write(f'{head[:-2]},\n "rows": [')
    between = "\n  "
    for rows in parts:
        count.add(rows)
        for row in _cells(rows, names):
            text = json.dumps(dict(zip(names, row, strict=True)), allow_nan=False)
            stream.write(between + text)
            between = ",\n  "
        stream.flush()
    totals = {"predicted": count.predicted, "failed": count.failed, "outside": count.outside}
    stream.write(f'\n ],\n "count": {json.dumps(totals)}\n}}\n')


def write_parquet(
    parts: Iterable[pd.DataFrame],
    names: Sequence[str],
    path: Path,
    count: Count,
    facts: dict[str, Any],
) -> None:
    """Write rows as Parquet, ``facts`` in its metadata; nulls for what is not known."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = [pa.string() if n in _TEXTS else pa.bool_() if n == "outside" else pa.float64()
             for n in names]  # fmt: skip
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()
    schema = pa.schema(zip(names, kinds, strict=True), metadata={b"texturekit": text})
    with pq.ParquetWriter(path, schema) as writer:
        for rows in parts:
            count.add(rows)
            cells = list(zip(*_cells(rows, names), strict=True))
            arrays = [pa.array(c, type=k) for c, k in zip(cells, kinds, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _cells(rows: pd.DataFrame, names: Sequence[str]) -> Iterator[list[Any]]:
    for row in rows[list(names)].itertuples(index=False, name=None):
        yield [_known(value) for value in row]


def _known(value: Any) -> Any:
    if value is None or value != value:
        return None
    return printable(value) if isinstance(value, str) else value


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else no_formula(value)
