"""A table that is written while it is measured: resumable, and whole or absent."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.data.known_rows import KnownRows
from texturekit.errors import ImageError, printable
from texturekit.execution import How, Tally, measured
from texturekit.features.registry import GreyLevels
from texturekit.journal import Journal
from texturekit.outputs import check_output, replacing
from texturekit.records import Skipped
from texturekit.stamp import parameters_of, stamp_of
from texturekit.supervision import STAGE
from texturekit.table import StoredTable
from texturekit.table_file import ROW_GROUP, column_type, write_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.measurement import Work


def store(
    manifest: Manifest,
    work: Work,
    how: How,
    out: Path,
    *,
    columns: tuple[str, ...],
    describe: Callable[[str], dict[str, Any]],
    weights: str,
    overwrite: bool,
    partitioned: bool,
) -> StoredTable:
    """Measure every image of a manifest into a file, going on where an earlier run ended.

    Parameters
    ----------
    manifest, work, how :
        What is measured, and how.
    out : Path
        ``.parquet`` or ``.csv``.
    columns : tuple of str
        Names of the measurements.
    describe : callable
        Returns the table's metadata, given the hash of the images.
    weights : str
        Of nets, as asked for.
    overwrite : bool
        Whether ``out``, or what is begun of another question, may be replaced.
    partitioned : bool
        Whether ``out`` is a folder of files.

    Raises
    ------
    OutputError
        If ``out`` exists, another process writes it, an unfinished run had other parameters, or it
        cannot be written.
    ImageError
        If no image could be measured.
    """
    check_output(out, overwrite=overwrite)
    asked = {"weights": weights} if work.weights else {}
    parameters = parameters_of(manifest, work, **asked)
    with _kept(Journal(out, manifest, stamp_of(work))) as journal:
        check_output(out, overwrite=overwrite)  # again, now that nobody else is at it
        journal.agree(parameters, overwrite=overwrite)
        journal.load(how.jobs)
        if how.fail_fast and journal.lost.any():
            raise ImageError(_error(journal, int(np.flatnonzero(journal.lost)[0])))
        failed = int(journal.lost.sum())
        for piece in measured(manifest, journal.missing(), work, how, failed=failed):
            journal.append(piece)
        journal.seal()
        if journal.lost.all():
            raise NothingUsable(_error(journal, 0))
        hashed = manifest.digest([content.decode() for content in journal.contents])
        written = _Written(manifest, work, journal, columns)
        metadata = describe(hashed)
        with replacing(out, overwrite=overwrite) as partial:
            write_parts(
                partial, written.parts(), written.schema(), metadata,
                suffix=out.suffix.lower(), partitioned=partitioned,
            )  # fmt: skip
        written.tally.warn()
    count = int((~journal.lost).sum())
    return StoredTable(out, columns, count, metadata, (*manifest.skipped, *written.skipped))


class NothingUsable(Exception):  # noqa: N818 - told in other words by `extract`
    """No image could be measured; the first one's reason."""


@contextmanager
def _kept(journal: Journal) -> Iterator[Journal]:
    """Keep the journal of what does not end well, unless it holds nothing."""
    try:
        yield journal
    except BaseException as error:
        done = len(journal.lost) - len(journal.missing())
        if isinstance(error, NothingUsable) or not any(journal.folder.glob("shard-*")):
            journal.remove()
        else:
            journal.close()
            if not isinstance(error, Exception):
                events.warn(
                    STAGE, f"stopped; {done} of {len(journal.lost)} images are kept in "
                    f"{journal.folder}: run the same command again to go on",
                )  # fmt: skip
        raise
    journal.remove()


def _error(journal: Journal, row: int) -> str:
    return journal.read(row, row + 1).lost[row].error


class _Written:
    """The rows of the finished table, a part at a time."""

    def __init__(
        self, manifest: Manifest, work: Work, journal: Journal, columns: tuple[str, ...]
    ) -> None:
        self.manifest, self.journal, self.columns = manifest, journal, columns
        self.known = KnownRows(manifest)
        self.levels = _in_order(journal.levels, [str(part) for part in work.parts])
        self.skipped: list[Skipped] = []
        self.tally = Tally()

    def schema(self) -> pa.Schema:
        """Return the types of all columns: they depend on all rows, not on those of one part."""
        import pyarrow as pa

        nothing: dict[str, Sequence[float]] = {name: [] for name in self._level_names()}
        rows = self.known.frame(slice(0, 0), [], nothing)
        carried = {f"meta.{name}": name for name in self.manifest.frame.columns}
        types = []
        for name in rows.columns:
            if name.startswith("label.") or name[5:] in nothing:
                types.append((name, pa.float64()))
            elif name in carried:
                types.append((name, column_type(self.manifest.frame[carried[name]])))
            else:
                types.append((name, pa.string()))
        return pa.schema([*types, *((name, pa.float64()) for name in self.columns)])

    def parts(self) -> Iterator[tuple[pd.DataFrame, NDArray[np.float64]]]:
        """Give `ROW_GROUP` rows at a time, and their measurements."""
        for start in range(0, len(self.known), ROW_GROUP):
            part = slice(start, min(start + ROW_GROUP, len(self.known)))
            order = self.known.order[part]
            used = order[order >= 0]
            full = np.full((len(order), len(self.columns)), np.nan)
            errors: list[str | None] = []
            more: dict[str, NDArray[np.float64]] = {}
            if len(used):
                piece = self.journal.read(int(used[0]), int(used[-1]) + 1)
                self.tally.add(piece)
                full[order >= 0] = piece.values
                lost = {row: piece.lost[row] for row in sorted(piece.lost)}
                errors = [lost[row].error if row in lost else None for row in used.tolist()]
                more = level_columns({name: piece.levels[name] for name in self.levels})
                self.skipped += [skipped(self.manifest, row, one) for row, one in lost.items()]
            else:
                more = {name: np.empty(0) for name in self._level_names()}
            yield self.known.frame(part, errors, more), full

    def _level_names(self) -> list[str]:
        return list(level_columns({name: np.empty((0, 4)) for name in self.levels}))


def skipped(manifest: Manifest, row: int, lost: Any) -> Skipped:
    """Return why an image is not in the table, for a list of everything that is not."""
    path, reason = printable(manifest.paths[row]), printable(lost.error)
    return Skipped(path=path, reason=reason, kind=lost.kind)


def level_columns(levels: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Return what the grey levels of each image were, NaN where it was not measured."""
    return {
        f"{name}.levels.{one.name}": found[:, k]
        for name, found in levels.items()
        for k, one in enumerate(fields(GreyLevels))
    }


def _in_order(names: set[str], parts: list[str]) -> list[str]:
    """Return names of grey levels, which begin with their part's, in the order of the parts."""

    def place(name: str) -> tuple[int, str]:
        part = max((p for p in parts if name.startswith(p)), key=len)
        return parts.index(part), name

    return sorted(names, key=place)
