"""Write tables to Parquet or CSV a part at a time, so that no more than a part is in memory."""

from __future__ import annotations

import csv
import json
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import pandas as pd

from texturekit.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    #: What is known of some images, and their measurements, NaN where there are none.
    Part = tuple[pd.DataFrame, NDArray[np.float64]]

METADATA = b"texturekit"
#: Rows of a row group and of what is in memory at once: always the same, so that bytes are too.
ROW_GROUP = 4096
_PARTITION = 16  # row groups of a file, where the output is a folder of files
# What a spreadsheet would run (OWASP, CSV injection).
_FORMULA = tuple("=+-@\t\r")


def table_schema(rows: pd.DataFrame, columns: Iterable[str]) -> pa.Schema:
    """Return the types of a table's columns; text where that is all that values have in common."""
    import pyarrow as pa

    known = [(name, column_type(rows[name])) for name in rows.columns]
    return pa.schema([*known, *((name, pa.float64()) for name in columns)])


def column_type(column: pd.Series[Any]) -> pa.DataType:
    """Return the type that all values of a column have; text if there is none."""
    import pyarrow as pa

    try:
        found = pa.array(column, from_pandas=True).type
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        return pa.string()
    text = pa.types.is_null(found) or pa.types.is_large_string(found)
    return pa.string() if text else found


def write_parts(
    path: Path,
    parts: Iterable[Part],
    schema: pa.Schema,
    metadata: dict[str, Any],
    *,
    suffix: str,
    partitioned: bool = False,
) -> None:
    """Write parts of `ROW_GROUP` rows (the last may have fewer), one after the other.

    Parameters
    ----------
    path : Path
        File to write; with ``partitioned`` a folder for ``part-00000.parquet`` and so on.
    parts : iterable of (DataFrame, (n, d) float64)
        What is known of some images, and their measurements, NaN where there are none.
    schema : pyarrow.Schema
        Names and types of all columns, the measurements last.
    metadata : dict
        Goes into Parquet files.
    suffix : {".parquet", ".csv"}
        Which it is to be.
    partitioned : bool, default False
        Whether to write a folder of files.
    """
    if not partitioned:
        _write_one(path, parts, schema, metadata, suffix)
        return
    path.mkdir()
    rest = iter(parts)
    for number, first in enumerate(rest):
        file = chain([first], islice(rest, _PARTITION - 1))
        _write_one(path / f"part-{number:05d}{suffix}", file, schema, metadata, suffix)


def _write_one(
    path: Path,
    parts: Iterable[Part],
    schema: pa.Schema,
    metadata: dict[str, Any],
    suffix: str,
) -> None:
    if suffix == ".csv":
        _write_csv(path, parts, schema)
    else:
        _write_parquet(path, parts, schema, metadata)


def _write_parquet(
    path: Path, parts: Iterable[Part], schema: pa.Schema, metadata: dict[str, Any]
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = json.dumps(metadata, sort_keys=True, ensure_ascii=False)
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    schema = schema.with_metadata({METADATA: text.encode()})
    # Measurements hardly ever repeat: a dictionary of them is tried in vain.
    with pq.ParquetWriter(path, schema, use_dictionary=texts or False) as writer:
        for rows, values in parts:
            safe = rows.assign(**{name: _texts(rows[name]) for name in texts})
            known = [
                pa.Array.from_pandas(safe[name], type=schema.field(name).type) for name in safe
            ]
            # Column by column, not as a frame: that takes ten times as long.
            numbers = (pa.array(column, from_pandas=True) for column in values.T.copy())
            table = pa.Table.from_arrays([*known, *numbers], schema=schema)
            writer.write_table(table, row_group_size=ROW_GROUP)


def _write_csv(path: Path, parts: Iterable[Part], schema: pa.Schema) -> None:
    """Quote every text, and keep a spreadsheet from taking one for a formula."""
    import pyarrow as pa

    numbers = {
        f.name for f in schema if pa.types.is_integer(f.type) or pa.types.is_floating(f.type)
    }
    texts = [name for name in schema.names if name not in numbers]
    with path.open("w", encoding="utf-8", newline="") as file:
        pd.DataFrame(columns=schema.names).to_csv(file, **_CSV)
        for rows, values in parts:
            measured = pd.DataFrame(values, columns=schema.names[rows.shape[1] :])
            frame = pd.concat([rows, measured], axis=1)
            safe = frame.assign(
                **{name: pd.Series(map(no_formula, frame[name]), dtype=object) for name in texts}
            )
            safe.to_csv(file, header=False, **_CSV)


_CSV: dict[str, Any] = {
    "index": False, "quoting": csv.QUOTE_NONNUMERIC, "lineterminator": "\n",
}  # fmt: skip


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    found = [None if value is None or value != value else printable(str(value)) for value in values]
    return pd.Series(found, dtype=object)


def no_formula(text: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if isinstance(text, str) and text[:1] in _FORMULA else text
