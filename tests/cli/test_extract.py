"""``texturekit extract`` in a process of its own: killed, stopped, starved, run twice."""

import json
import os
import random
import resource
import signal
import time
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from texturekit_cli.main import run as run_here

import texturekit as tk
from tests.imagesets import spoil, two_classes
from tests.processes import children, is_alive, run, start, wait_for
from texturekit.table import read_table

SLOW = "glcm(levels=256,distances=1-2-3-4)+lbp_var"


@pytest.fixture
def slow(tmp_path, rng):
    """300 pictures that take some seconds."""
    folder = tmp_path / "slow"
    folder.mkdir()
    for k in range(300):
        Image.fromarray(rng.integers(0, 256, (192, 192), dtype=np.uint8)).save(
            folder / f"{k:03d}.png"
        )
    return folder


def command(source, out, *more):
    return ["extract", source, "--features", SLOW, "-o", out, "--jobs", "2", *more]


def begun(out):
    """Wait until something is on disk, and return the partial output."""
    partial = out.with_name(out.name + ".partial")
    wait_for(lambda: any(path.stat().st_size > 3000 for path in partial.glob("shard-*")))
    return partial


def all_gone(pids):
    return wait_for(lambda: not any(map(is_alive, pids)), 5)


KILLS = int(os.environ.get("TEXTUREKIT_KILLS", "8"))  # make soak: 20


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_bytes(slow, tmp_path):
    out, whole = tmp_path / "t.parquet", tmp_path / "whole.parquet"
    tk.extract(tk.load_source(str(slow)), SLOW, out=whole, jobs=1)
    moments = random.Random(4)
    killed, workers = 0, []
    while killed < KILLS:
        process = start(*command(slow, out))
        if killed % 4:  # three of four while it measures, one of four at any moment
            wait_for(lambda p=process: children(p.pid) or p.poll() is not None)
            time.sleep(moments.uniform(0, 1.5))
        else:
            time.sleep(moments.uniform(0, 2))
        workers += children(process.pid)
        with suppress(ProcessLookupError):  # it was done before the moment came
            os.killpg(process.pid, signal.SIGKILL)
        killed += 1
        process.communicate()
        assert not out.exists() or out.read_bytes() == whole.read_bytes()
        out.unlink(missing_ok=True)
    all_gone(workers)

    code, _, err = run(*command(slow, out))

    assert (code, out.read_bytes() == whole.read_bytes()) == (0, True), err
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "slow",
        "t.parquet",
        "whole.parquet",
    ]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_soon_and_what_is_done_is_kept(slow, tmp_path, number, code):
    out = tmp_path / "t.parquet"
    process = start(*command(slow, out))
    partial = begun(out)
    workers = children(process.pid)

    os.killpg(process.pid, number)
    sent = time.monotonic()
    _, err = process.communicate()

    assert process.returncode == code
    assert time.monotonic() - sent < 5
    all_gone(workers)
    assert not out.exists()
    assert sorted(path.name for path in partial.iterdir())[:1] == ["lock"]
    assert f"images are kept in {partial}: run the same command again to go on" in err


def test_of_two_at_one_output_one_works_and_the_other_says_so(slow, tmp_path):
    out = tmp_path / "t.parquet"
    first = start(*command(slow, out))
    begun(out)
    os.kill(first.pid, signal.SIGSTOP)  # so that it does not end too soon

    code, _, err = run(*command(slow, out))

    assert code == 4
    assert f"another process is writing {out}" in err
    os.kill(first.pid, signal.SIGCONT)
    first.communicate()
    assert first.returncode == 0
    assert len(pd.read_parquet(out)) == 300


def test_a_full_disk_is_named_and_the_same_command_goes_on(slow, tmp_path):
    out = tmp_path / "t.parquet"

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    code, _, err = run(*command(slow, out), preexec_fn=limit)

    assert code == 4
    assert f"cannot write {out}.partial: File too large; what is done is kept" in err
    assert not out.exists()
    assert run(*command(slow, out))[0] == 0
    assert len(pd.read_parquet(out)) == 300


@pytest.mark.parametrize("megabytes", [600, 720])  # with 720 OpenBLAS would wait for ever
def test_too_little_memory_is_said(slow, tmp_path, megabytes):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    code, _, err = run(*command(slow, tmp_path / "t.parquet"), preexec_fn=limit)

    assert code == 4
    assert f"address space limited to {megabytes * 2**20 / 1e9:.1f} GB" in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("t.*"))


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return two_classes(folder, patients=4)


def test_the_summary_adds_up(data, tmp_path, capsys):
    folder = data.parent
    data.unlink()
    spoil(folder / "fine" / "p00_0.png")
    (folder / "fine" / "tiny.png").write_bytes(b"")
    Image.new("L", (1, 1)).save(folder / "rough" / "dot.png")
    (folder / "rough" / "notes.txt").write_text("not an image")
    arguments = ["extract", str(folder), "--features", "glcm", "-o", str(tmp_path / "t.parquet")]

    code = run_here([*arguments, "--json"])

    out, err = capsys.readouterr()
    answer = json.loads(out)
    kinds = pd.Series([skip["kind"] for skip in answer["skipped"]]).value_counts().to_dict()
    assert code == 1
    assert answer["found"] == answer["used"] + len(answer["skipped"]) == 19
    assert kinds == {"unreadable": 2, "failed": 1, "ignored": 1}
    assert "19 found = 15 measured + 4 skipped (1 ignored, 2 unreadable, 1 failed)" in err


def test_a_folder_of_files_holds_the_same_rows(data, tmp_path):
    arguments = ["extract", str(data), "--features", "lbp", "-o"]
    run_here([*arguments, str(tmp_path / "one.parquet")])

    assert run_here([*arguments, str(tmp_path / "many.parquet"), "--partitioned"]) == 0

    names = [path.name for path in (tmp_path / "many.parquet").iterdir()]
    one, many = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("one", "many"))
    assert names == ["part-00000.parquet"]
    pd.testing.assert_frame_equal(one, many)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "many.parquet").to_pandas(),
        read_table(tmp_path / "one.parquet").to_pandas(),
    )


def test_an_output_in_a_folder_that_is_a_file_is_refused_before_any_work(data, tmp_path, capsys):
    (tmp_path / "file").touch()

    code = run_here(["extract", str(data), "-o", str(tmp_path / "file" / "t.parquet")])

    assert code == 4
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_a_name_never_commands_the_terminal(tmp_path, capsys):
    folder = tmp_path / "images"
    folder.mkdir()
    Image.fromarray(np.eye(32, dtype=np.uint8)).save(folder / "good.png")
    (folder / "a\nb\x1b[31m.png").mkdir()
    code = run_here(
        ["extract", str(folder), "-o", str(tmp_path / "t.csv"), "--features", "first_order"]
    )
    said = capsys.readouterr().err
    assert code == 1
    assert r"invalid: a\nb\x1b[31m.png: a folder" in said
    assert "b\x1b[31m" not in said
