"""The measurement table: one row an image, one named column a measurement."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.errors import ManifestError, ParameterError
from texturekit.outputs import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_METADATA = b"texturekit"
# What a spreadsheet would run (OWASP, CSV injection).
_FORMULA = tuple("=+-@\t\r")
_SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class Failure:
    """An image that could not be measured, and why."""

    id: str
    path: str
    error: str


@dataclass(frozen=True)
class Table:
    """Measurements of many images.

    Attributes
    ----------
    rows : pandas.DataFrame
        What is known of every image, failed ones too, in the manifest's order: ``id, path``, then
        ``label`` or ``label.<name>``, ``group``, ``split``, ``meta.<name>`` where there are any,
        ``status`` ("ok" or "failed") and ``error``.
    columns : tuple of str
        Names of the measurements.
    values : (n, d) float64
        Finite measurements of the rows that are ok, in order.
    metadata : dict
        Version, parameters and source, as written into the Parquet file.
    path : Path or None
        The file it was written to.
    """

    rows: pd.DataFrame
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    metadata: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None

    @property
    def ok(self) -> NDArray[np.bool_]:
        """Which rows were measured."""
        return (self.rows["status"] == "ok").to_numpy(dtype=bool)

    @property
    def ids(self) -> list[str]:
        """Ids of the rows that are ok, one a row of ``values``."""
        return list(self.rows.loc[self.ok, "id"])

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The images that could not be measured."""
        failed = self.rows.loc[~self.ok, ["id", "path", "error"]]
        return tuple(Failure(*row) for row in failed.itertuples(index=False))

    def __len__(self) -> int:
        return len(self.values)

    def to_pandas(self) -> pd.DataFrame:
        """Return all rows and columns as one frame; failed rows hold NaN."""
        full = np.full((len(self.rows), len(self.columns)), np.nan)
        full[self.ok] = self.values
        measured = pd.DataFrame(full, columns=list(self.columns))
        return pd.concat([self.rows.reset_index(drop=True), measured], axis=1)

    def batches(self, size: int = 1000) -> Iterator[pd.DataFrame]:
        """Give the rows in order, ``size`` at a time; from the file if there is one."""
        if self.path is not None and self.path.suffix == ".parquet":
            import pyarrow.parquet as pq

            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=size):
                    yield batch.to_pandas()
            return
        frame = self.to_pandas()
        for start in range(0, len(frame), size):
            yield frame.iloc[start : start + size]

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write Parquet or CSV, by the suffix; whole or not at all.

        In CSV a text that a spreadsheet would run (``=``, ``+``, ``-``, ``@`` first) gets an
        apostrophe in front.

        Raises
        ------
        ParameterError
            If the suffix is neither ``.parquet`` nor ``.csv``.
        OutputError
            If the file exists and ``overwrite`` is false, or it cannot be written.
        """
        path = check_table_path(path)
        with replacing(path, overwrite=overwrite) as partial:
            if path.suffix.lower() == ".csv":
                _write_csv(self.to_pandas(), partial)
            else:
                self._write_parquet(partial)
        return path

    def _write_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        text = json.dumps(self.metadata, sort_keys=True, ensure_ascii=False)
        arrow = pa.Table.from_pandas(self.to_pandas(), preserve_index=False)
        types = [
            field.with_type(pa.string()) if pa.types.is_null(field.type) else field
            for field in arrow.schema
        ]
        schema = pa.schema(types, metadata={_METADATA: text.encode()})
        pq.write_table(arrow.cast(schema), path)


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Quote every text, and keep a spreadsheet from taking one for a formula."""
    texts = frame.select_dtypes(exclude="number").columns
    safe = frame.assign(**{name: frame[name].map(_no_formula) for name in texts})
    safe.to_csv(
        path, index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n", encoding="utf-8"
    )


def _no_formula(text: Any) -> Any:
    return f"'{text}" if isinstance(text, str) and text[:1] in _FORMULA else text


def check_table_path(path: str | Path) -> Path:
    """Return the path if its suffix is one that a table can be written to."""
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise ParameterError(
            f"{path} ends with {path.suffix!r}; a table is written to .parquet or .csv."
        )
    return path


def read_table(path: str | Path) -> Table:
    """Read a table that `Table.write` wrote.

    Parameters
    ----------
    path : str or Path
        A ``.parquet`` or ``.csv`` file.

    Returns
    -------
    Table

    Raises
    ------
    ManifestError
        If the file is missing, is no such table, or is damaged.
    """
    path = check_table_path(path)
    if not path.is_file():
        raise ManifestError(f"there is no file {path}; give a table written by texturekit extract.")
    frame, metadata = _read_csv(path) if path.suffix.lower() == ".csv" else _read_parquet(path)
    if not {"id", "path", "status", "error"} <= set(frame.columns):
        raise ManifestError(f"{path} lacks the columns id, path, status, error; it is no table.")
    first = list(frame.columns).index("error") + 1
    rows, columns = frame.iloc[:, :first], list(frame.columns[first:])
    ok = (rows["status"] == "ok").to_numpy(dtype=bool)
    values = frame.loc[ok, columns].to_numpy(dtype=np.float64)
    return Table(rows, tuple(columns), values, metadata, path)


def _read_csv(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    text = dict.fromkeys(["id", "path", "label", "group", "split", "status", "error"], "str")
    return pd.read_csv(path, dtype=text), {}


def _read_parquet(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        arrow = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ManifestError(f"cannot read {path}: {error}; write it again.") from error
    stored = (arrow.schema.metadata or {}).get(_METADATA, b"{}")
    return arrow.to_pandas(), json.loads(stored)
