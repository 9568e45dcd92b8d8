"""Measure on a Dask cluster, through joblib."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from texturekit import errors
from texturekit.errors import MissingExtraError, ParameterError, WorkerError
from texturekit.piece import Piece
from texturekit.supervision import supervised

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.measurement import Work

_BLOCK = 256  # images of a task
_PATIENCE = 30.0  # seconds to wait for a scheduler, and for its first worker
_LOCAL = re.compile(r"local:([1-9]\d{0,3})")


def check_scheduler(address: str) -> None:
    """Refuse what is no address, and a machine without Dask, before any work is done.

    Raises
    ------
    ParameterError
        If it is neither ``local:N`` nor like ``tcp://host:port``.
    MissingExtraError
        If Dask is not installed.
    """
    if not _LOCAL.fullmatch(address) and "://" not in address:
        raise ParameterError(
            f"scheduler is {address!r}; give the address of a Dask scheduler, such as "
            "tcp://host:8786, or local:4 for four processes on this machine."
        )
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f'a scheduler needs Dask ({error}): pip install "texturekit[dist]"'
        ) from error


def clustered(
    manifest: Manifest, rows: NDArray[np.int64], work: Work, address: str, *, timeout: float
) -> Iterator[Piece]:
    """Measure the images of a manifest on a cluster; every machine has to see the same files.

    On each worker the images are measured in a supervised process of their own, so a crash costs
    an image there too. A worker that is lost costs time: its tasks go to the others.

    Parameters
    ----------
    manifest, rows, work, timeout :
        See `texturekit.supervision.supervised`.
    address : str
        Of a scheduler, or ``local:N``.

    Raises
    ------
    WorkerError
        If the scheduler cannot be reached, or has no worker.
    """
    check_scheduler(address)
    import distributed
    import joblib

    with _scheduler(address) as place:
        try:
            client: Any = distributed.Client(  # type: ignore[no-untyped-call]
                place, set_as_default=False, timeout=_PATIENCE
            )
            client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, TimeoutError) as error:
            raise WorkerError(
                f"the Dask scheduler {place} cannot be used ({error or 'no answer'}); see that it "
                "runs and has workers."
            ) from error
        # Large arguments would be scattered, and lost with the worker that holds them: bytes stay
        # with their task. (n_jobs is ignored on Dask: joblib#1013. All its threads are used.)
        tasks = (
            pickle.dumps((manifest.subset(range(k, min(k + _BLOCK, len(rows)))), part, work))
            for k in range(0, len(rows), _BLOCK)
            for part in [rows[k : k + _BLOCK]]
        )
        with client, joblib.parallel_config(backend="dask", client=client):
            run = joblib.Parallel(batch_size=1, return_as="generator_unordered")
            measure = joblib.delayed(_measured)
            for found in run(measure(task, timeout, os.getcwd()) for task in tasks):  # noqa: PTH109
                yield from map(Piece.from_bytes, found)


def _measured(task: bytes, timeout: float, folder: str) -> list[bytes]:
    """Measure some images on a worker of the cluster."""
    manifest, rows, work = pickle.loads(task)  # from our own client, as every task of Dask is
    pieces = supervised(manifest, rows, work, jobs=1, timeout=timeout, folder=folder)
    return [piece.to_bytes() for piece in pieces]


@contextmanager
def _scheduler(address: str) -> Iterator[str]:
    """Give the address of a scheduler; for ``local:N`` start one with N workers, end them after."""
    match = _LOCAL.fullmatch(address)
    if match is None:
        yield address
        return
    with tempfile.TemporaryDirectory(prefix="texturekit-dask-") as folder:
        told, log = Path(folder, "scheduler.json"), Path(folder, "log")
        commands = (
            ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
            ["worker", "--nthreads", "1", "--nworkers", match[1], "--local-directory", folder,
             "--no-dashboard", "--death-timeout", "60"],
        )  # fmt: skip
        started: list[subprocess.Popen[bytes]] = []
        try:
            with log.open("wb") as words:
                for command in commands:
                    started.append(_start([*command, "--scheduler-file", str(told)], words))
                    _wait_for(told, started[0], log)
            yield json.loads(told.read_text())["address"]
        finally:
            for process in reversed(started):
                _end(process)


def _start(command: list[str], words: BinaryIO) -> subprocess.Popen[bytes]:
    program = (
        f"import sys; sys.path.append({str(Path(errors.__file__).parents[1])!r}); "
        f"from texturekit.lifetime import die_with_parent; die_with_parent({os.getpid()}); "
        f"from distributed.cli.dask_{command[0]} import main; main({command[1:]!r})"
    )
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program],
        stdin=subprocess.DEVNULL, stdout=words, stderr=words, start_new_session=True,
    )  # fmt: skip


def _wait_for(told: Path, scheduler: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while not told.is_file():
        if scheduler.poll() is not None or time.monotonic() > until:
            words = log.read_text(errors="replace").strip().splitlines()
            raise WorkerError(
                "Dask's scheduler does not start on this machine; its last words: "
                f"{words[-1] if words else '(none)'}"
            )
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
