"""The process that measures for another one; `texturekit.supervision` starts it.

It reads frames from stdin: what to do (`Work`) and blocks of images, pickled by its own parent. It
answers on stdout with a frame for each handful of images. What every thread is at stands in a small
file that both processes have in memory, so that it is known even of a process that was killed.
"""

from __future__ import annotations

import json
import mmap
import os
import pickle
import queue
import signal
import struct
import threading
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from texturekit.errors import TexturekitError
from texturekit.lifetime import die_with_parent
from texturekit.measurement import Measurer, Work

if TYPE_CHECKING:
    from texturekit.data.manifest import Manifest

HEAD = struct.Struct("<cQ")  # kind and length of a frame
WORK, BLOCK, READY, PIECE, ERROR = b"W", b"B", b"R", b"P", b"E"
MOST_THREADS = 256
_SLOT = struct.Struct("<qqqd")  # block, first and last image of a step, when it began
SLOTS_SIZE = MOST_THREADS * _SLOT.size


@dataclass(frozen=True)
class InFlight:
    """What a thread of the worker is at: images ``start`` to ``stop`` of a block."""

    block: int
    start: int
    stop: int
    since: float


def read_slots(slots: mmap.mmap) -> list[InFlight]:
    """Return what the threads are, or were, at."""
    found = [InFlight(*_SLOT.unpack_from(slots, k * _SLOT.size)) for k in range(MOST_THREADS)]
    return [one for one in found if one.stop > one.start]


def clear_slots(slots: mmap.mmap) -> None:
    """Forget what the threads of a process that has ended were at."""
    slots[:] = bytes(SLOTS_SIZE)


class _Threads:
    """Some threads that measure what is put before them."""

    def __init__(self, work: Work, jobs: int, slots: mmap.mmap, answers: _Answers) -> None:
        self.measurer = Measurer(work)
        self.slots, self.answers = slots, answers
        self.todo: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.threads = [
            threading.Thread(target=self._run, args=(k,), daemon=True) for k in range(jobs)
        ]
        for thread in self.threads:
            thread.start()

    def put(self, block: int, manifest: Manifest, rows: Any) -> None:
        for chunk in self.measurer.work.chunks(len(rows)):
            self.todo.put((block, manifest, rows, chunk))

    def stop(self) -> None:
        for _ in self.threads:
            self.todo.put(None)
        for thread in self.threads:
            thread.join()

    def _run(self, number: int) -> None:
        place = number * _SLOT.size
        while (task := self.todo.get()) is not None:
            block, manifest, rows, chunk = task

            def step(start: int, stop: int, block: int = block) -> None:
                _SLOT.pack_into(self.slots, place, block, start, stop, time.monotonic())

            try:
                piece = self.measurer.measure(manifest, chunk, rows, step)
            except Exception as error:
                self.answers.error(error)
            else:
                _SLOT.pack_into(self.slots, place, 0, 0, 0, 0.0)
                self.answers.send(PIECE, piece.to_bytes())


class _Answers:
    """Stdout, for frames only; whatever else is printed goes to stderr."""

    def __init__(self) -> None:
        self.pipe = os.dup(1)
        os.dup2(2, 1)
        self.lock = threading.Lock()

    def send(self, kind: bytes, data: bytes = b"") -> None:
        rest = memoryview(HEAD.pack(kind, len(data)) + data)
        with self.lock:
            while rest:
                rest = rest[os.write(self.pipe, rest) :]

    def error(self, error: Exception) -> None:
        """Report what is wrong with the work, not with an image."""
        known = type(error).__name__ if isinstance(error, TexturekitError) else ""
        text = str(error) if known else "".join(traceback.format_exception(error))
        self.send(ERROR, json.dumps([known, text]).encode())


def _frames() -> Any:
    stream = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
    while len(head := stream.read(HEAD.size)) == HEAD.size:
        kind, length = HEAD.unpack(head)
        yield kind, stream.read(length)


def main(parent: int, slots_file: int) -> None:
    """Serve the parent until it closes the pipe."""
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    slots, answers = mmap.mmap(slots_file, SLOTS_SIZE), _Answers()
    answers.send(READY)
    threads: _Threads | None = None
    for kind, data in _frames():
        message = pickle.loads(data)  # our own parent's, through a pipe that nobody else has
        if kind == WORK:
            if threads is not None:
                threads.stop()
            work, jobs = message
            threads = _Threads(work, jobs, slots, answers)
        elif threads is not None:
            threads.put(*message)
    os._exit(0)
