"""Embeddings that were computed before, kept on disk: found by content, shared by processes.

One SQLite file in WAL mode. Every value carries a checksum. Whatever is wrong with the file, the
numbers are computed again: a damaged one is thrown away, one that cannot be written is not used.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sqlite3
import threading
import time
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import texturekit
from texturekit import events
from texturekit.data.cache import cache_folder
from texturekit.data.identity import DECODERS
from texturekit.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

T = TypeVar("T")
FOLDER, MEGABYTES = "TEXTUREKIT_EMBEDDINGS", "TEXTUREKIT_EMBEDDINGS_MB"
_STAGE = "kept embeddings"
_NAME = "embeddings-1.sqlite"
_DEFAULT_MB = 1024
_CHECK = 16  # bytes of a value's checksum
_PATIENCE = 5.0  # seconds to wait while another process writes
_DAY = 86_400
_AT_ONCE = 500  # keys in one question: SQLite bounds their number
#: What stands between a file and the numbers of a network.
_CODE = ("decoding", "data", "deep", "kernels", "images.py", "windows.py", "resizing.py")
_PACKAGES = ("torch", "torchvision", *DECODERS)


def kept_folder() -> Path | None:
    """Return the folder where embeddings are kept, or None where they are not.

    ``TEXTUREKIT_EMBEDDINGS`` names it, or is ``off``; else it is ``embeddings`` in the cache.
    """
    asked = os.environ.get(FOLDER, "").strip()
    if asked.lower() == "off":
        return None
    try:
        return Path(asked).expanduser().absolute() if asked else cache_folder() / "embeddings"
    except (OutputError, RuntimeError) as error:
        events.note(_STAGE, f"embeddings are not kept: {error}")
        return None


def most_bytes() -> int:
    """Return what the file may hold: ``TEXTUREKIT_EMBEDDINGS_MB``, or 1,024 MB."""
    try:
        return max(1, int(os.environ.get(MEGABYTES, _DEFAULT_MB))) * 2**20
    except ValueError:
        return _DEFAULT_MB * 2**20


class Kept:
    """Values by key, in one file that processes share.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    most : int, optional
        Bytes; beyond, what was not used for longest goes.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kept = Kept(Path(folder))
    ...     kept.put({b"key": b"value"})
    ...     kept.get([b"key", b"other"])
    {b'key': b'value'}
    """

    def __init__(self, folder: Path, most: int | None = None) -> None:
        self.path = folder / _NAME
        self.most = most_bytes() if most is None else most
        self._broken: str | None = None
        self._lock = threading.Lock()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the values of the keys that are known."""
        nothing: dict[bytes, bytes] = {}
        found = self._tried(lambda base: _read(base, keys), nothing) if keys else nothing
        values = {key: _checked(key, value) for key, value in found.items()}
        wrong = [key for key, value in values.items() if value is None]
        if wrong:
            events.warn(
                _STAGE, f"{len(wrong)} values in {self.path} are damaged; they are computed again"
            )
            self._tried(lambda base: _forget(base, wrong), None)
        return {key: value for key, value in values.items() if value is not None}

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Keep values; nothing happens where that cannot be done."""
        if values:
            rows = [(key, _sum(key, value) + value, _today()) for key, value in values.items()]
            self._tried(lambda base: _write(base, rows, self.most), None)

    def _tried(self, action: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Do something with the file; throw it away once if it is damaged, give up after that."""
        with self._lock:
            for again in (True, False):
                if self._broken is not None:
                    return otherwise
                try:
                    with closing(self._open()) as base:
                        return action(base)
                except sqlite3.OperationalError as error:  # locked, full, read-only
                    self._give_up(error)
                except (sqlite3.DatabaseError, OSError) as error:
                    if again and isinstance(error, sqlite3.DatabaseError):
                        events.warn(_STAGE, f"{self.path} is damaged ({error}); it starts anew")
                        self._throw_away()
                    else:
                        self._give_up(error)
        return otherwise

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        base = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
        try:
            _share(base)
            base.execute("PRAGMA synchronous=NORMAL")
            base.execute(
                "CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, value BLOB, used INTEGER)"
            )
        except BaseException:
            base.close()
            raise
        return base

    def _throw_away(self) -> None:
        for ending in ("", "-wal", "-shm"):
            with suppress(OSError):
                self.path.with_name(self.path.name + ending).unlink()

    def _give_up(self, error: Exception) -> None:
        self._broken = str(error)
        events.note(_STAGE, f"{self.path} cannot be used ({error}); embeddings are not kept")


def _share(base: sqlite3.Connection) -> None:
    """Let others read while one writes.

    Of processes that make the file at the same moment only one can say so; the others are told
    at once that it is locked, whatever patience they have.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            base.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def _read(base: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    today, stale = _today(), []
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        asked = f"SELECT key, value, used FROM kept WHERE key IN ({marks})"
        for key, value, used in base.execute(asked, some):
            found[key] = value
            if used != today:
                stale.append((today, key))
    if stale:
        with _writing(base):
            base.executemany("UPDATE kept SET used = ? WHERE key = ?", stale)
    return found


def _write(base: sqlite3.Connection, rows: list[tuple[bytes, bytes, int]], most: int) -> None:
    with _writing(base):
        base.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", rows)
        if _held(base) > most:
            count = base.execute("SELECT count(*) FROM kept").fetchone()[0]
            base.execute(
                "DELETE FROM kept WHERE rowid IN "
                "(SELECT rowid FROM kept ORDER BY used, rowid LIMIT ?)",
                [max(1, count // 4)],
            )


def _held(base: sqlite3.Connection) -> int:
    """Return the bytes in use; pages of deleted values are used again."""
    pages, free, size = (
        int(base.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _forget(base: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    with _writing(base):
        base.executemany("DELETE FROM kept WHERE key = ?", [(key,) for key in keys])


@contextmanager
def _writing(base: sqlite3.Connection) -> Iterator[None]:
    base.execute("BEGIN IMMEDIATE")
    with base:
        yield


def _today() -> int:
    return int(time.time() // _DAY)


def _sum(key: bytes, value: bytes) -> bytes:
    return hashlib.blake2b(value, key=key[:64], digest_size=_CHECK).digest()


def _checked(key: bytes, value: object) -> bytes | None:
    if not isinstance(value, bytes) or value[:_CHECK] != _sum(key, value[_CHECK:]):
        return None
    return value[_CHECK:]


@cache
def code_version() -> str:
    """Return a hash of the code and versions that stand between a file and its embedding."""
    root = Path(texturekit.__file__).parent
    found = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        if place.parts[0] in _CODE:
            found.update(str(place).encode() + b"\0" + path.read_bytes())
    versions = []
    for name in _PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions.append([name, importlib.metadata.version(name)])
    return found.hexdigest() + json.dumps(versions)
