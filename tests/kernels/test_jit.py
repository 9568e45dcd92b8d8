"""The decorator of the kernels, and where it caches."""

import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from numba import config

from texturekit.kernels import _jit


@pytest.fixture
def nowhere_asked(monkeypatch, tmp_path):
    """No folder named by the environment, an empty home and an empty temporary folder."""
    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.delenv("TEXTUREKIT_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def test_takes_numbas_folder_before_ours_and_the_home(nowhere_asked, monkeypatch):
    places = [nowhere_asked / name for name in ("numba", "ours", "home/.cache/texturekit")]
    monkeypatch.setenv("TEXTUREKIT_CACHE", str(places[1]))
    monkeypatch.setattr(config, "CACHE_DIR", str(places[0]))

    found = [_jit.cache_folder()]
    monkeypatch.setattr(config, "CACHE_DIR", "")
    found.append(_jit.cache_folder())
    monkeypatch.delenv("TEXTUREKIT_CACHE")
    found.append(_jit.cache_folder())

    assert [folder.parent for folder in found] == places


def test_falls_back_to_a_temporary_folder_that_only_its_owner_can_write(nowhere_asked):
    (nowhere_asked / "home").write_text("no folder")

    folder = _jit.cache_folder()

    assert folder.parent == nowhere_asked / "temporary"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_goes_without_a_cache_where_nothing_can_be_written(nowhere_asked, monkeypatch):
    (nowhere_asked / "home").write_text("no folder")
    (nowhere_asked / "temporary").rmdir()
    (nowhere_asked / "temporary").write_text("no folder")

    assert _jit.cache_folder() is None

    monkeypatch.setattr(_jit, "CACHE", None)
    assert _jit.jit(_double)(4) == 8


def _double(number):
    return 2 * number


@pytest.mark.parametrize("wrong", ["of another user", "open to a group", "a link"])
def test_does_not_trust_a_temporary_folder_that_is(wrong, nowhere_asked, monkeypatch):
    (nowhere_asked / "home").write_text("no folder")
    folder = _jit.cache_folder()
    if wrong == "of another user":
        monkeypatch.setattr(_jit, "_user", os.geteuid)  # the same name
        owner = os.geteuid() + 1
        monkeypatch.setattr(_jit.Path, "lstat", lambda path: _owned(os.lstat(path), owner))
    elif wrong == "open to a group":
        folder.chmod(0o770)
    else:
        folder.rename(nowhere_asked / "elsewhere")
        folder.symlink_to(nowhere_asked / "elsewhere")

    assert _jit.cache_folder() is None


def _owned(found, owner):
    return os.stat_result([*found[:4], owner, *found[5:10]])


def test_leaves_the_users_own_setting_for_other_packages(monkeypatch, tmp_path):
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "theirs"))
    monkeypatch.setattr(_jit, "CACHE", tmp_path / "ours")

    assert _jit.jit(_double)(4) == 8
    assert str(tmp_path / "theirs") == config.CACHE_DIR
    assert list((tmp_path / "ours").rglob("*.nbi"))
    assert not (tmp_path / "theirs").exists()


def test_takes_options_of_njit():
    kernel = _jit.jit(boundscheck=True)(_last)

    with pytest.raises(IndexError):
        kernel(np.zeros(2))
    assert kernel.targetoptions["nogil"]


def _last(values):
    return values[values.size]


def test_compiles_again_when_a_function_in_another_file_changed(tmp_path):
    kernels = tmp_path / "texturekit" / "kernels"
    kernels.mkdir(parents=True)
    (kernels.parent / "__init__.py").touch()
    (kernels / "__init__.py").touch()
    shutil.copy(_jit.__file__, kernels)
    use = "from texturekit.kernels._jit import jit\n"
    outer = "from texturekit.kernels.inner import inner\n@jit\ndef outer(): return inner()\n"
    (kernels / "outer.py").write_text(use + outer)
    answers = []
    for answer in (1, 1, 22):  # of another length: Python dates its own bytecode by the second
        (kernels / "inner.py").write_text(f"{use}@jit\ndef inner(): return {answer}\n")
        ask = "from texturekit.kernels.outer import outer as f; print(f(), len(f.stats.cache_hits))"
        answers.append(_run(ask, tmp_path).split())

    assert answers == [["1", "0"], ["1", "1"], ["22", "0"]]  # and how many came from the cache


def _run(code, place):
    environment = {"PYTHONPATH": str(place), "NUMBA_CACHE_DIR": str(place / "cache")}
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, env=environment, cwd=place, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return found.stdout
