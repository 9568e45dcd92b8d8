"""Some seconds of damaged files; ``make soak`` takes half an hour."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.faults.fuzz import case, report, try_one
from tests.faults.mutations import damaged
from tests.faults.seeds import COUNT, FORMATS, seeds

SECONDS = os.environ.get("TEXTUREKIT_FUZZ_SECONDS", "8")


@pytest.mark.slow
def test_damaged_files_crash_nothing_and_are_read_or_refused(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.fuzz", "--seconds", SECONDS, "--first", "40",
         "--folder", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=float(SECONDS) + 300,
    )  # fmt: skip

    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", FORMATS)
def test_there_are_fifty_seed_files_a_format_and_their_damage_is_repeatable(name):
    sound = seeds(name)

    assert len(sound) == len(set(sound)) == COUNT
    assert case(name, 77) == case(name, 77) != case(name, 78)
    assert damaged(sound, np.random.default_rng(1)) == damaged(sound, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("what", "verdict"),
    [
        ("import os; os.kill(os.getpid(), 9)", "signal 9"),
        ("raise KeyError('x')", "exception"),
        ("import time; time.sleep(9)", "hang"),
        ("x = bytearray(300_000_000)", "GB of memory"),
    ],
)
def test_the_watcher_sees_what_a_reader_does(what, verdict, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.faults.fuzz.LONGEST", 1)
    monkeypatch.setattr(
        "tests.faults.fuzz.MOST_MEMORY", 200 * 1024**2 if "GB" in verdict else 2**40
    )
    monkeypatch.setattr("tests.faults.fuzz.read_as_users_do", lambda path: exec(what))

    assert verdict in try_one(tmp_path / "a.png")[0]


def test_the_report_says_how_many_of_each_format_were_tried():
    from tests.faults.fuzz import Tally

    tally = Tally()
    tally.counts.update(read=3, refused=2, failed=1)
    tally.failures["signal 11"] = ["again"]
    lines = report({"png": tally}).splitlines()

    assert lines[1].split()[:5] == ["png", "6", "3", "2", "1"]
    assert lines[2:] == ["6 files in all", "png: 1 x signal 11", "  again"]
