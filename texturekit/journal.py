"""What an unfinished extraction has found so far, kept so that nothing is computed twice.

``<output>.partial/`` holds ``lock``, ``parameters.json`` and shards. A shard is one line that says
what code wrote it, then records, each with its length and checksum, appended as they come. Whatever
is torn, truncated or changed is told by its checksum and counts as not there. A shard is never
written again by another run.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from texturekit import events
from texturekit.errors import ImageError, OutputError
from texturekit.outputs import replacing
from texturekit.piece import Lost, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.data.notes import Note

STAGE = "resuming"
_HEAD = struct.Struct("<4sQ16s")  # mark, length and checksum of a record
_MARK = b"tkr1"
_NAME = 16  # bytes of a row's name
_MOST = 2**31  # bytes of a record
_SHARD = 2**26  # bytes after which a new shard is begun
_FORMAT = 1


class Journal:
    """The rows that are done, on disk; in memory only where each of them lies.

    Parameters
    ----------
    out : Path
        The output; its journal lies beside it in ``<out>.partial``.
    manifest : Manifest
        The images.
    stamp : str
        What the values depend on beside parameters and images: code, versions, weights.
    """

    def __init__(self, out: Path, manifest: Manifest, stamp: str) -> None:
        self.folder = out.with_name(out.name + ".partial")
        self.manifest, self.stamp = manifest, stamp
        total = len(manifest)
        self.shards: list[Path] = []
        self._shard = np.full(total, -1, np.int32)
        self._offset = np.zeros(total, np.int64)
        self._place = np.zeros(total, np.int32)
        self.lost = np.zeros(total, np.bool_)
        self.levels: set[str] = set()
        width = 64 if "mask" not in manifest.frame else 160
        self.contents = np.zeros(total, f"S{width}")
        self._file: BinaryIO | None = None
        self._lock = self._locked()

    def missing(self) -> NDArray[np.int64]:
        """Return the rows that are not done."""
        return np.flatnonzero(self._shard < 0).astype(np.int64)

    # -- one at a time, and for the same question

    def _locked(self) -> int:
        while True:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
            except FileNotFoundError:
                continue  # another process has just finished and taken the folder away
            except OSError as error:
                raise self._unwritable(error) from error
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(lock), (self.folder / "lock").stat()):
                    return lock
            except BlockingIOError:
                os.close(lock)
                raise OutputError(
                    f"another process is writing {self.folder.with_suffix('')}; wait for it, or "
                    "choose another output."
                ) from None
            except FileNotFoundError:
                pass
            os.close(lock)

    def agree(self, parameters: dict[str, Any], *, overwrite: bool) -> None:
        """Go on only with what was asked with the same parameters; with ``overwrite`` start anew.

        Raises
        ------
        OutputError
            If what lies there answers another question; it says which parameters differ.
        """
        path = self.folder / "parameters.json"
        text = json.dumps({"format": _FORMAT, **parameters}, indent=1, sort_keys=True)
        known = _parameters(path)
        different = _differences(known, json.loads(text)) if known else []
        shards = sorted(self.folder.glob("shard-*"))
        if different and shards and not overwrite:
            raise OutputError(
                f"{self.folder} holds an unfinished run with other parameters: "
                f"{'; '.join(different)}. Give the same ones to go on with it, --overwrite "
                "(overwrite=True) to start anew, or another output."
            )
        if known is None and shards:
            events.warn(STAGE, f"{path} is missing or damaged; everything is measured again")
        if known is None or different:
            for shard in shards:
                shard.unlink()
            with self._disk(), replacing(path, overwrite=True) as partial:
                partial.write_text(text)

    # -- reading what is there

    def load(self, jobs: int) -> None:
        """Find the rows that are done and whose image and mask are still the same bytes."""
        found = list(self._found())
        if not found:
            return
        row_of = {name: row for row, name in enumerate(self._names(range(len(self.manifest))))}
        changed = 0
        with ThreadPoolExecutor(jobs) as threads:  # a few at a time: a record is not small
            for start in range(0, len(found), 4 * jobs):
                for stale in threads.map(
                    lambda one: self._take(row_of, *one), found[start : start + 4 * jobs]
                ):
                    changed += stale
                events.progress(STAGE, min(start + 4 * jobs, len(found)), len(found))
        done = len(self.manifest) - len(self.missing())
        events.note(STAGE, f"{done} of {len(self.manifest)} images were measured before")
        if changed:
            events.note(STAGE, f"{changed} images have changed since; they are measured again")

    def _found(self) -> Iterator[tuple[int, int]]:
        for path in sorted(self.folder.glob("shard-*")):
            number = len(self.shards)
            self.shards.append(path)
            with path.open("rb") as file:
                first = file.readline()
                if first != self._first_line():
                    events.note(
                        STAGE, f"{path.name} was written by other code, versions or weights; "
                        "its images are measured again",
                    )  # fmt: skip
                    continue
                yield from ((number, offset) for offset in _records(file, path))

    def _first_line(self) -> bytes:
        return json.dumps({"stamp": self.stamp}).encode() + b"\n"

    def _take(self, row_of: dict[bytes, int], number: int, offset: int) -> int:
        """Note the rows of a record that still hold; return how many do not."""
        names, piece = self._record(number, offset)
        stale = 0
        for place, (name, content) in enumerate(zip(names, piece.contents, strict=True)):
            row = row_of.get(name)
            if row is None:
                continue
            if _content(self.manifest, row) == content:
                self._note(row, number, offset, piece, place)
            else:
                stale += 1
        return stale

    def _names(self, rows: Any) -> list[bytes]:
        """Return what a row is called here: by id, path and mask, wherever it stands."""
        frame, rows = self.manifest.frame, list(rows)
        masks = frame["mask"].iloc[rows] if "mask" in frame else [None] * len(rows)
        ids, paths = self.manifest.ids, self.manifest.paths
        return [
            blake2b(
                f"{ids[row]}\0{paths[row]}\0{mask or ''}".encode("utf-8", "surrogateescape"),
                digest_size=_NAME,
            ).digest()
            for row, mask in zip(rows, masks, strict=True)
        ]  # fmt: skip

    def _note(self, row: int, number: int, offset: int, piece: Piece, place: int) -> None:
        self._shard[row], self._offset[row], self._place[row] = number, offset, place
        self.lost[row] = int(piece.rows[place]) in piece.lost
        self.contents[row] = piece.contents[place].encode("ascii", "backslashreplace")
        self.levels.update(name for name, f in piece.levels.items() if not np.isnan(f[place, 0]))

    def _record(self, number: int, offset: int) -> tuple[list[bytes], Piece]:
        with self.shards[number].open("rb") as file:
            file.seek(offset)
            data = _read(file)
        if data is None:
            raise OutputError(
                f"{self.shards[number]} changed while it was in use; run the same command again."
            )
        count = struct.unpack_from("<I", data)[0]
        start = 4 + _NAME * count
        names = [data[k : k + _NAME] for k in range(4, start, _NAME)]
        return names, Piece.from_bytes(memoryview(data)[start:])

    def read(self, start: int, stop: int) -> Piece:
        """Return what was found of rows ``start`` to ``stop``, in order; all have to be done."""
        lost: dict[int, Lost] = {}
        notes: dict[int, Note] = {}
        values: NDArray[np.float64] | None = None
        levels = {name: np.full((stop - start, 4), np.nan) for name in self.levels}
        records = np.stack([self._shard[start:stop], self._offset[start:stop]], axis=1)
        for number, offset in np.unique(records, axis=0).tolist():
            _, piece = self._record(number, offset)
            here = np.flatnonzero((records == (number, offset)).all(axis=1))
            there = self._place[start:stop][here]
            if values is None:
                values = np.full((stop - start, piece.values.shape[1]), np.nan)
            values[here] = piece.values[there]
            for name, found in piece.levels.items():
                levels[name][here] = found[there]
            for row, place in zip((here + start).tolist(), there.tolist(), strict=True):
                known_as = int(piece.rows[place])
                if known_as in piece.lost:
                    lost[row] = piece.lost[known_as]
                if known_as in piece.notes:
                    notes[row] = piece.notes[known_as]
        rows = np.arange(start, stop, dtype=np.int64)
        empty = np.zeros((0, 0)) if values is None else values
        return Piece(rows, empty, lost, levels, notes=notes)

    # -- writing

    def append(self, piece: Piece) -> None:
        """Write down what was found of some images.

        Raises
        ------
        OutputError
            If it cannot be written; what was written before stays good.
        """
        names = self._names(piece.rows.tolist())
        data = struct.pack("<I", len(names)) + b"".join(names) + piece.to_bytes()
        with self._disk():
            file = self._file
            if file is None or file.tell() > _SHARD:
                file = self._begin_shard()
            offset = file.tell()
            file.write(_HEAD.pack(_MARK, len(data), _checksum(data)) + data)
            file.flush()
        for place, row in enumerate(piece.rows.tolist()):
            self._note(row, len(self.shards) - 1, offset, piece, place)

    def _begin_shard(self) -> BinaryIO:
        self.seal()
        known = [int(path.stem.partition("-")[2]) for path in self.shards]
        path = self.folder / f"shard-{max(known, default=-1) + 1:06d}"
        self._file = file = path.open("xb")
        self.shards.append(path)
        file.write(self._first_line())
        return file

    def seal(self) -> None:
        """Have the shard that is being written reach the disk."""
        if self._file is not None:
            file, self._file = self._file, None
            with file:
                file.flush()
                os.fsync(file.fileno())

    def close(self) -> None:
        """Keep what is there, and let others at it."""
        try:
            with self._disk():
                self.seal()
        finally:
            os.close(self._lock)

    def remove(self) -> None:
        """Take the journal away: its output is finished, or there is nothing to keep."""
        if self._file is not None:
            self._file.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"cannot write {self.folder}: {error.strerror or error}; what is done is kept: mend "
            "that and run the same command again, or choose another output."
        )


def _records(file: BinaryIO, path: Path) -> Iterator[int]:
    """Give the offset of each sound record, up to the first that is not."""
    size = path.stat().st_size
    while (offset := file.tell()) < size:
        data = _read(file)
        if data is None:
            events.warn(
                STAGE, f"{path} is torn or damaged at byte {offset} of {size}; what stood there "
                "is measured again",
            )  # fmt: skip
            return
        yield offset


def _read(file: BinaryIO) -> bytes | None:
    """Return the content of the record that begins here, None if it is not what was written."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    mark, length, checksum = _HEAD.unpack(head)
    if mark != _MARK or length > _MOST:
        return None
    data = file.read(length)
    return data if len(data) == length and _checksum(data) == checksum else None


def _checksum(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


def _content(manifest: Manifest, row: int) -> str:
    try:
        return manifest.contents(row)
    except ImageError as error:
        return f"unreadable: {type(error).__name__}"


def _parameters(path: Path) -> dict[str, Any] | None:
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) else None


def _differences(known: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    return [
        f"{name} is {asked.get(name)!r} and was {known.get(name)!r}"
        for name in sorted({*known, *asked})
        if known.get(name) != asked.get(name)
    ]
