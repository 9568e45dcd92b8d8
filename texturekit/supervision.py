"""Measure in a process of its own: a decoder that crashes or hangs costs its image, not the run."""

from __future__ import annotations

import atexit
import mmap
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import errors, events
from texturekit.piece import Lost, Piece
from texturekit.worker import (
    BLOCK,
    ERROR,
    HEAD,
    MOST_THREADS,
    PIECE,
    READY,
    SLOTS_SIZE,
    WORK,
    InFlight,
    clear_slots,
    read_slots,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.measurement import Work

STAGE = "measuring images"
_BLOCK = 512  # images that are handed over at once
_START = 120.0  # seconds that a process may take until it is ready
_LOOK = 0.25  # seconds between looks at what takes too long
# Not -m: that would import what lies in the working folder; and not the texturekit that we are.
_PROGRAM = (
    f"import sys; sys.path.append({str(Path(errors.__file__).parents[1])!r}); "
    "from texturekit.worker import main; main(int(sys.argv[1]), int(sys.argv[2]))"
)
_HOPELESS = 3  # processes in a row that ended without a result


class WorkerEnded(Exception):  # noqa: N818 - nothing that a caller ever sees
    """The process ended, or was ended because a step took too long."""


@dataclass
class _Block:
    """Images that were handed over."""

    number: int
    manifest: Manifest
    rows: NDArray[np.int64]

    def rows_of(self, flight: InFlight) -> list[int]:
        return [int(row) for row in self.rows[flight.start : flight.stop]]


class _Process:
    """One worker process and the pipes to it."""

    def __init__(self, folder: str) -> None:
        self.folder, self.owner = folder, os.getpid()
        with tempfile.TemporaryFile() as file:
            file.truncate(SLOTS_SIZE)
            self.slots = mmap.mmap(file.fileno(), SLOTS_SIZE)
            self.words = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, str(os.getpid()), str(file.fileno())],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.words, bufsize=0,
                pass_fds=[file.fileno()], cwd=folder,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which ends it in order
            )  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.into, self.out = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.into, False)
        self.unsent, self.unread = bytearray(), bytearray()
        self.ready, self.limit = False, _START
        self.overdue: set[InFlight] = set()

    def send(self, kind: bytes, message: Any) -> None:
        """Hand over a message; it leaves while answers are waited for."""
        data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        self.unsent += HEAD.pack(kind, len(data)) + data

    def receive(self) -> tuple[bytes, bytes]:
        """Return the next frame.

        Raises
        ------
        WorkerEnded
            If the process has ended, or a step in it takes longer than ``limit``.
        """
        begun = looked = time.monotonic()
        while True:
            frame = self._frame()
            if frame is not None:
                return frame
            writable = [self.into] if self.unsent else []
            readable, writable, _ = select.select([self.out], writable, [], _LOOK)
            if writable:
                self._write()
            if readable and not self._read():
                raise WorkerEnded
            now = time.monotonic()
            if now - looked >= _LOOK:
                looked = now
                self._look(now, begun)

    def _write(self) -> None:
        with suppress(BrokenPipeError):  # reading tells that it has ended
            del self.unsent[: os.write(self.into, memoryview(self.unsent)[: 1 << 16])]

    def _read(self) -> bool:
        data = os.read(self.out, 1 << 20)
        self.unread += data
        return bool(data)

    def _frame(self) -> tuple[bytes, bytes] | None:
        if len(self.unread) < HEAD.size:
            return None
        kind, length = HEAD.unpack_from(self.unread)
        if len(self.unread) < HEAD.size + length:
            return None
        data = bytes(memoryview(self.unread)[HEAD.size : HEAD.size + length])
        del self.unread[: HEAD.size + length]
        return kind, data

    def _look(self, now: float, begun: float) -> None:
        if not self.ready:
            late = now - begun > _START
        else:
            # Looked at twice: while a thread writes, its slot may still hold the time of another.
            seen = self.overdue
            self.overdue = {
                one
                for one in read_slots(self.slots)
                if now - one.since > self.limit * (one.stop - one.start)
            }
            late = not seen.isdisjoint(self.overdue)
        if late:
            self.kill()
            raise WorkerEnded("too late")

    def ended_by(self) -> str:
        """Say how the process ended."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        code = self.process.poll()
        if code is not None and code < 0:
            return f"signal {signal.Signals(-code).name}"
        return f"exit code {code}"

    def last_words(self) -> str:
        """Return the end of what the process wrote to stderr."""
        size = self.words.seek(0, os.SEEK_END)
        self.words.seek(max(0, size - 2000))
        return self.words.read().decode(errors="replace").strip()

    def kill(self) -> None:
        """End the process at once, and wait until it is gone."""
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """End the process and let go of the pipes."""
        self.kill()
        for stream in (self.process.stdin, self.process.stdout, self.words):
            if stream is not None:
                stream.close()
        self.slots.close()


_idle: list[_Process] = []
_idle_lock = threading.Lock()


@contextmanager
def _borrowed(folder: str) -> Iterator[list[_Process]]:
    """Give a process that waits from an earlier run, or a new one; the list may be refilled."""
    with _idle_lock:
        ours = [one for one in _idle if one.owner == os.getpid()]
        held = [one for one in ours if one.folder == folder][:1]
        gone = [one for one in ours if one.folder != folder]  # nobody may ever come back to them
        _idle[:] = [one for one in _idle if one not in (*held, *gone)]
    if held and held[0].process.poll() is not None:
        gone.append(held.pop())
    for one in gone:
        one.close()
    held = held or [_Process(folder)]
    try:
        yield held
    except BaseException:
        for one in held:
            one.close()
        raise
    with _idle_lock:
        _idle.extend(held)


@atexit.register
def _end_idle() -> None:
    while _idle:
        _idle.pop().close()


def supervised(
    manifest: Manifest,
    rows: NDArray[np.int64],
    work: Work,
    *,
    jobs: int,
    timeout: float,
    folder: str | None = None,
) -> Iterator[Piece]:
    """Measure the images of a manifest in a process of its own.

    Parameters
    ----------
    manifest : Manifest
    rows : (n,) int64
        What each image is called in the result: numbers that rise.
    work : Work
    jobs : int
        Threads in that process.
    timeout : float
        Seconds that an image may take.
    folder : str, optional
        Working folder of that process, which relative paths start from; default this one's.

    Yields
    ------
    Piece
        In any order; with one thread in the order of the rows. Every row stands in one of them.
    """
    with _borrowed(folder or os.getcwd()) as held:  # noqa: PTH109 - text for another process
        yield from _Run(held, manifest, rows, work, min(jobs, MOST_THREADS), timeout).pieces()


class _Run:
    """One run of `supervised`, through as many processes as it takes."""

    def __init__(
        self,
        held: list[_Process],
        manifest: Manifest,
        rows: NDArray[np.int64],
        work: Work,
        jobs: int,
        timeout: float,
    ) -> None:
        self.held, self.manifest, self.rows, self.work = held, manifest, rows, work
        self.jobs, self.timeout = jobs, timeout
        self.numbers = 0
        self.fruitless = 0
        self._set_up()

    def _set_up(self) -> None:
        process = self.held[0]
        clear_slots(process.slots)
        process.limit = self.timeout
        process.send(WORK, (self.work, self.jobs))

    def _restart(self) -> None:
        old = self.held.pop()
        folder, words = old.folder, old.last_words()
        ended = old.ended_by() if old.process.poll() is not None else ""
        old.close()
        self.fruitless += 1
        if self.fruitless >= _HOPELESS:
            raise errors.WorkerError(
                f"the process that measures ended {_HOPELESS} times without a result ({ended}); "
                "if memory is short, give it more or use fewer --jobs. Its last words: "
                f"{words.splitlines()[-1] if words else '(none)'}"
            )
        self.held.append(_Process(folder))
        self._set_up()

    def pieces(self) -> Iterator[Piece]:
        """Measure all rows; see `supervised`."""
        rows, size = self.rows, max(_BLOCK, 32 * self.jobs)
        todo = deque(rows[k : k + size] for k in range(0, len(rows), size))
        out: dict[int, _Block] = {}
        missing: set[int] = set()
        while todo or missing:
            while todo and len(out) < 2:
                block = self._hand_over(todo.popleft())
                out[block.number] = block
                missing.update(block.rows.tolist())
            try:
                piece = self._receive()
            except WorkerEnded:
                suspects = self._in_flight(out) & missing
                rest = np.array(sorted(missing - suspects), dtype=np.int64)
                self._restart()
                out, missing = {}, set()
                if len(rest):
                    todo.appendleft(rest)
                for row in sorted(suspects):
                    yield self._alone(row)
                continue
            missing.difference_update(piece.rows.tolist())
            out = {n: b for n, b in out.items() if not missing.isdisjoint(b.rows.tolist())}
            yield piece

    def _alone(self, row: int) -> Piece:
        """Measure one row while nothing else goes on; if the process ends now, it is to blame."""
        block = self._hand_over(np.array([row], dtype=np.int64))
        try:
            return self._receive()
        except WorkerEnded as end:
            late = bool(end.args)
            process = self.held[0]
            why = (
                f"took longer than {self.timeout:g} s" if late
                else f"decoder crashed ({process.ended_by()})"
            )  # fmt: skip
            was_at = process.ready and bool(self._in_flight({block.number: block}))
            self.fruitless -= was_at
            self._restart()
            if not was_at:  # it had not begun: the row is not to blame
                return self._alone(row)
        place = int(np.searchsorted(self.rows, row))
        path = self.manifest.paths[place]
        events.note(STAGE, f"{path}: {why}")
        content = (self._content(place),) if self.work.hashed else ()
        lost = {row: Lost(f"{path}: {why}", "failed")}
        width = max((s.stop for s in self.work.columns.values()), default=0)
        return Piece(np.array([row]), np.full((1, width), np.nan), lost, contents=content)

    def _content(self, place: int) -> str:
        try:
            return self.manifest.contents(place)
        except errors.ImageError as error:
            return f"unreadable: {type(error).__name__}"

    def _hand_over(self, rows: NDArray[np.int64]) -> _Block:
        self.numbers += 1
        places = np.searchsorted(self.rows, rows)
        block = _Block(self.numbers, self.manifest.subset(places), rows)
        self.held[0].send(BLOCK, (block.number, block.manifest, rows))
        return block

    def _receive(self) -> Piece:
        process = self.held[0]
        while True:
            kind, data = process.receive()
            if kind == READY:
                process.ready = True
            elif kind == PIECE:
                self.fruitless = 0
                return Piece.from_bytes(data)
            elif kind == ERROR:
                name, text = loads(data)
                raise _rebuilt(name, text)

    def _in_flight(self, out: dict[int, _Block]) -> set[int]:
        found = read_slots(self.held[0].slots)
        return {row for one in found if one.block in out for row in out[one.block].rows_of(one)}


def _rebuilt(name: str, text: str) -> Exception:
    """Return an error that the worker met, of its own class where a text is all that it takes."""
    try:
        known: Exception = getattr(errors, name)(text)
    except (AttributeError, TypeError):
        return errors.WorkerError(text) if name else RuntimeError(text)
    return known
