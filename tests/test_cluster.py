"""Extraction on a Dask cluster: a real scheduler, real workers, and one that is lost."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import texturekit as tk
from tests.processes import is_alive, wait_for
from texturekit import cluster
from texturekit.errors import MissingExtraError, ParameterError
from texturekit.events import listening

pytest.importorskip("distributed")


@pytest.fixture
def manifest(tmp_path, rng):
    paths = [tmp_path / f"{k:03d}.png" for k in range(160)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (24, 24), dtype=np.uint8)).save(path)
    paths[9].write_bytes(b"")
    return tk.load_source(paths)


@pytest.fixture
def workers(tmp_path):
    """A scheduler's address and two workers, which nobody starts anew."""
    told = tmp_path / "scheduler.json"
    run = [sys.executable, "-m"]
    more = ["--scheduler-file", str(told), "--no-dashboard"]
    commands = [[*run, "distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1"]]
    commands += 2 * [
        [*run, "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny",
         "--local-directory", str(tmp_path)]
    ]  # fmt: skip
    started = []
    for command in commands:
        started.append(
            subprocess.Popen(
                [*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
        wait_for(told.is_file)
    yield json.loads(told.read_text())["address"], started[1:]
    for process in reversed(started):
        process.kill()
        process.wait()


def test_a_worker_that_is_lost_loses_nothing(manifest, workers, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_BLOCK", 8)
    address, (first, _) = workers
    tk.extract(manifest, "first_order", out=tmp_path / "alone.parquet")
    seen = []

    def kill_one(event):
        seen.append(event)
        if 32 <= event.done < 160 and first.poll() is None:
            first.kill()
            first.wait()

    with listening(kill_one):
        table = tk.extract(
            manifest, "first_order", out=tmp_path / "cluster.parquet", scheduler=address
        )

    assert first.poll() is not None
    assert len(table) == 159
    alone, many = (Path(tmp_path, f"{n}.parquet").read_bytes() for n in ("alone", "cluster"))
    assert alone == many


def test_workers_of_its_own_are_gone_afterwards(manifest, tmp_path, monkeypatch):
    started = []
    start = cluster._start

    def remember(*arguments):
        started.append(start(*arguments))
        return started[-1]

    monkeypatch.setattr(cluster, "_start", remember)

    table = tk.extract(manifest.subset(range(20)), "first_order", scheduler="local:2")

    assert len(table) == 19
    assert len(started) == 2
    assert not any(is_alive(process.pid) for process in started)


@pytest.mark.parametrize("address", ["nonsense", "local:0", "local:"])
def test_what_is_no_address_is_refused_before_any_work(manifest, address):
    with pytest.raises(ParameterError, match="tcp://host:8786, or local:4"):
        tk.extract(manifest, "lbp", scheduler=address)


def test_without_dask_the_line_that_installs_it_is_named(manifest, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(MissingExtraError, match=r'pip install "texturekit\[dist\]"'):
        tk.extract(manifest, "lbp", scheduler="local:2")
