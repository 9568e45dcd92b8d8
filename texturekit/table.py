"""The measurement table: one row an image, one named column a measurement."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.errors import ManifestError, ParameterError
from texturekit.outputs import replacing
from texturekit.table_file import METADATA, ROW_GROUP, table_schema, write_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from texturekit.records import Skipped

_SUFFIXES = (".parquet", ".csv")
_TEXT = dict.fromkeys(["id", "path", "label", "group", "split", "status", "error"], "str")


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
    skipped : tuple of Skipped
        Everything that was found and not measured, and why; empty for a table read from a file.
    """

    rows: pd.DataFrame
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    metadata: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None
    skipped: tuple[Skipped, ...] = ()

    @property
    def found(self) -> int:
        """What was found in the source: measured or skipped."""
        return len(self) + len(self.skipped)

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
        measured = pd.DataFrame(self._full(), columns=list(self.columns))
        return pd.concat([self.rows.reset_index(drop=True), measured], axis=1)

    def batches(self, size: int = 1000) -> Iterator[pd.DataFrame]:
        """Give the rows in order, ``size`` at a time."""
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
        rows = self.rows.reset_index(drop=True)
        parts = (
            (rows.iloc[k : k + ROW_GROUP].reset_index(drop=True), full[k : k + ROW_GROUP])
            for full in [self._full()]
            for k in range(0, len(rows), ROW_GROUP)
        )
        schema = table_schema(rows, self.columns)
        with replacing(path, overwrite=overwrite) as partial:
            write_parts(partial, parts, schema, self.metadata, suffix=path.suffix.lower())
        return path

    def _full(self) -> NDArray[np.float64]:
        """Return the measurements of all rows, NaN where they failed."""
        full = np.full((len(self.rows), len(self.columns)), np.nan)
        full[self.ok] = self.values
        return full


class StoredTable(Table):
    """A table that lies in a file: rows and values are read when they are asked for.

    Parameters
    ----------
    path : Path
        The file, or the folder of files.
    columns : tuple of str
        Names of the measurements.
    count : int
        Rows that are ok.
    """

    def __init__(
        self,
        path: Path,
        columns: tuple[str, ...],
        count: int,
        metadata: dict[str, Any],
        skipped: tuple[Skipped, ...] = (),
    ) -> None:
        known = {"path": path, "columns": columns, "metadata": metadata, "skipped": skipped}
        for name, value in (*known.items(), ("count", count)):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return int(self.__dict__["count"])

    def __repr__(self) -> str:
        return f"<Table {self.path}: {len(self)} images, {len(self.columns)} columns>"

    @cached_property
    def rows(self) -> pd.DataFrame:
        """What is known of every image; see `Table`."""
        known = [_known_part(frame) for frame in self.batches(ROW_GROUP, measured=False)]
        return pd.concat(known, ignore_index=True)

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """All measurements; see `Table`. Large: `batches` gives some at a time."""
        values = np.empty((len(self), len(self.columns)))
        start = 0
        for frame in self.batches(ROW_GROUP):
            ok = frame.loc[frame["status"] == "ok", list(self.columns)].to_numpy(np.float64)
            values[start : start + len(ok)] = ok
            start += len(ok)
        return values

    def batches(self, size: int = 1000, *, measured: bool = True) -> Iterator[pd.DataFrame]:
        """Give the rows in order, ``size`` at a time, from the file.

        Parameters
        ----------
        size : int, default 1000
            Rows at a time.
        measured : bool, default True
            Whether to read the measurements too, or only what is known of the images.
        """
        path = Path(str(self.path))
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            read = _csv_batches if file.suffix.lower() == ".csv" else _parquet_batches
            yield from read(file, size, () if measured else self.columns)


def _parquet_batches(path: Path, size: int, without: tuple[str, ...]) -> Iterator[pd.DataFrame]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        gone = set(without)
        columns = [name for name in file.schema_arrow.names if name not in gone]
        for batch in file.iter_batches(batch_size=size, columns=columns):
            yield batch.to_pandas()


def _csv_batches(path: Path, size: int, without: tuple[str, ...]) -> Iterator[pd.DataFrame]:
    with pd.read_csv(path, dtype=_TEXT, chunksize=size) as file:
        for frame in file:
            yield frame.drop(columns=list(without)).reset_index(drop=True)


def _known_part(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame.columns[: list(frame.columns).index("error") + 1]]


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
        A ``.parquet`` or ``.csv`` file, or a folder of files that ``--partitioned`` wrote.

    Returns
    -------
    Table

    Raises
    ------
    ManifestError
        If the file is missing, is no such table, or is damaged.
    """
    path = check_table_path(path)
    if not path.exists():
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
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    frames = [pd.read_csv(file, dtype=_TEXT) for file in files]
    return pd.concat(frames, ignore_index=True), {}


def _read_parquet(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        arrow = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ManifestError(f"cannot read {path}: {error}; write it again.") from error
    stored = (arrow.schema.metadata or {}).get(METADATA, b"{}")
    return arrow.to_pandas(), json.loads(stored)
