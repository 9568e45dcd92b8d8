"""A process that measures may crash, hang or be killed: that costs an image, not the run."""

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

import texturekit as tk
from tests.processes import is_alive, wait_for
from texturekit import supervision
from texturekit.errors import ImageError, ParameterError, WorkerError
from texturekit.events import listening
from texturekit.execution import FEW
from texturekit.supervision import WorkerEnded
from texturekit.worker import _SLOT, read_slots

CULPRIT = 23


@pytest.fixture
def manifest(tmp_path, rng):
    """40 small pictures, of which number 23 takes a while to decode."""
    paths = [tmp_path / f"{k:02d}.png" for k in range(40)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (24, 24), dtype=np.uint8)).save(path)
    Image.new("L", (5000, 5000), 7).save(paths[CULPRIT], compress_level=1)
    return tk.load_source(paths)


class Striker:
    """Sends a signal to the process that measures, at a moment when it is at a certain row."""

    def __init__(self, monkeypatch):
        self.processes, self.blocks = [], {}
        self.over, self.threads, self.sent = threading.Event(), [], 0
        begin, hand_over = supervision._Process.__init__, supervision._Run._hand_over

        def remember(process, folder):
            begin(process, folder)
            self.processes.append(process)

        def remember_block(run, rows):
            block = hand_over(run, rows)
            self.blocks[block.number] = block
            return block

        monkeypatch.setattr(supervision._Process, "__init__", remember)
        monkeypatch.setattr(supervision._Run, "_hand_over", remember_block)
        supervision._end_idle()

    def strike(self, number, most=1000):
        self.threads.append(threading.Thread(target=self._watch, args=(number, most)))
        self.threads[-1].start()

    def _watch(self, number, most):
        while not self.over.wait(0.001) and self.sent < most:
            process = self.processes[-1] if self.processes else None
            if process is not None and self._is_at_it(process):
                self.sent += 1
                os.kill(process.process.pid, number)
                wait_for(lambda p=process: self.over.is_set() or p is not self.processes[-1])

    def _is_at_it(self, process):
        try:
            flying = read_slots(process.slots)
        except ValueError:  # it has been closed
            return False
        return any(
            CULPRIT in self.blocks[one.block].rows_of(one)
            for one in flying
            if one.block in self.blocks
        )


@pytest.fixture
def striker(monkeypatch):
    striker = Striker(monkeypatch)
    yield striker
    striker.over.set()
    for thread in striker.threads:
        thread.join()
    supervision._end_idle()


def measured(manifest, tmp_path, **options):
    return tk.extract(manifest, "first_order", out=tmp_path / "t.parquet", jobs=2, **options)


def test_a_decoder_that_crashes_costs_its_image(manifest, striker, tmp_path):
    striker.strike(signal.SIGSEGV)

    table = measured(manifest, tmp_path)

    (failure,) = table.failures
    assert failure.error == f"{manifest.paths[CULPRIT]}: decoder crashed (signal SIGSEGV)"
    assert [skip.kind for skip in table.skipped] == ["failed"]
    assert striker.sent == 2  # among others, and alone
    expected = tk.extract(manifest, "first_order").values
    np.testing.assert_array_equal(table.values, np.delete(expected, CULPRIT, axis=0))


def test_a_process_that_was_killed_by_chance_costs_nothing(manifest, striker, tmp_path):
    striker.strike(signal.SIGKILL, most=1)

    table = measured(manifest, tmp_path)

    assert striker.sent == 1
    assert len(table) == 40
    np.testing.assert_array_equal(table.values, tk.extract(manifest, "first_order").values)


def test_a_decoder_that_hangs_costs_its_image(manifest, striker, tmp_path):
    striker.strike(signal.SIGSTOP)

    table = measured(manifest, tmp_path, timeout=4)

    (failure,) = table.failures
    assert failure.error == f"{manifest.paths[CULPRIT]}: took longer than 4 s"
    assert len(table) == 39


def test_a_slot_that_is_half_written_ends_nothing(tmp_path):
    process = supervision._Process(str(tmp_path))
    try:
        process.ready, process.limit = True, 60.0
        _SLOT.pack_into(process.slots, 0, 1, 0, 16, 0.0)  # a new step, the time not yet
        process._look(1e9, 1e9)
        _SLOT.pack_into(process.slots, 0, 1, 0, 16, 1e9)
        process._look(1e9 + 1, 1e9)
        process._look(1e9 + 1000, 1e9)
        with pytest.raises(WorkerEnded, match="too late"):
            process._look(1e9 + 1001, 1e9)
    finally:
        process.close()


def test_many_images_are_supervised_without_an_output_too(manifest, striker):
    others = [k for k in range(40) if k != CULPRIT]
    several = manifest.subset([*others[:CULPRIT], CULPRIT, *(others * 5)[: FEW - CULPRIT]])
    striker.strike(signal.SIGKILL, most=1)

    table = tk.extract(several, "first_order")

    assert striker.sent == 1
    assert len(table) == len(several)


def test_a_pipe_in_the_place_of_a_file_is_no_reason_to_wait(manifest, tmp_path):
    manifest.file(CULPRIT).unlink()
    os.mkfifo(manifest.file(CULPRIT))
    manifest.file(7).unlink()

    table = measured(manifest, tmp_path)

    assert [failure.id for failure in table.failures] == [manifest.ids[7], manifest.ids[CULPRIT]]
    assert "No such file" in table.failures[0].error
    assert "a pipe" in table.failures[1].error


def test_a_process_that_cannot_start_is_an_error_with_its_last_words(
    manifest, tmp_path, monkeypatch
):
    supervision._end_idle()
    monkeypatch.setattr(supervision, "_PROGRAM", "raise SystemExit('no numba here')")

    with pytest.raises(WorkerError, match=r"3 times without a result.*no numba here"):
        measured(manifest, tmp_path)

    assert not (tmp_path / "t.parquet").exists()


def test_what_is_wrong_with_the_work_is_raised_here(manifest, tmp_path, monkeypatch):
    from texturekit import extraction

    monkeypatch.setattr(extraction, "Pictures", lambda *_, **__: None)

    with pytest.raises(ParameterError, match="roi is 'around'"):
        measured(manifest, tmp_path, roi="around")


def test_a_loop_that_is_left_ends_the_process(manifest, striker, tmp_path):
    manifest.file(0).write_bytes(b"")

    with pytest.raises(ImageError, match="empty file"):
        measured(manifest, tmp_path, fail_fast=True)

    assert not is_alive(striker.processes[-1].process.pid)


def test_no_process_waits_in_a_folder_that_was_left(manifest, tmp_path, monkeypatch):
    supervision._end_idle()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        measured(manifest.subset([0]), tmp_path / name)

    (waiting,) = supervision._idle
    assert waiting.folder == str(tmp_path / "b")


def test_the_process_ends_with_its_parent(manifest, tmp_path):
    program = (
        "import sys, time, texturekit as tk\n"
        f"data = tk.load_source({[str(manifest.file(k)) for k in range(3)]!r})\n"
        f"tk.extract(data, 'first_order', out={str(tmp_path / 'x.csv')!r})\n"
        "from texturekit import supervision\n"
        "print(supervision._idle[0].process.pid, flush=True)\n"
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        assert is_alive(child)

        parent.kill()

        wait_for(lambda: not is_alive(child), 5)


def test_a_script_without_a_main_guard_may_call_it(manifest, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import texturekit as tk\n"
        f"data = tk.load_source({[str(manifest.file(k)) for k in range(3)]!r})\n"
        f"print(len(tk.extract(data, 'first_order', out={str(tmp_path / 'x.csv')!r})))"
    )
    (tmp_path / "numpy.py").write_text("raise SystemExit('that is not numpy')")

    found = subprocess.run(
        [sys.executable, "-P", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )

    assert (found.stdout, found.stderr) == ("3\n", "")


def test_progress_counts_what_failed(manifest, tmp_path):
    manifest.file(0).write_bytes(b"")
    heard = []

    with listening(heard.append):
        measured(manifest, tmp_path)

    last = [event for event in heard if event.stage == supervision.STAGE][-1]
    assert (last.done, last.total, last.failed) == (40, 40, 1)


@pytest.mark.parametrize("wrong", [{"jobs": 0}, {"timeout": 0}])
def test_what_cannot_be_is_refused(manifest, wrong):
    with pytest.raises(ParameterError):
        tk.extract(manifest, "lbp", **wrong)


def test_an_error_of_the_worker_keeps_its_words_whatever_its_class():
    assert isinstance(supervision._rebuilt("ImageError", "no"), ImageError)
    assert str(supervision._rebuilt("UnknownNameError", "no family")) == "no family"
    assert isinstance(supervision._rebuilt("", "Traceback"), RuntimeError)
