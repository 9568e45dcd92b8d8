"""An installation that nobody may write to, and a user without a home."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import texturekit
from texturekit.kernels import _jit

PACKAGE = Path(texturekit.__file__).parent
NOBODY = 65534
IMAGE = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.fixture
def installed():
    """A copy of the package that belongs to root, and a folder for an unprivileged user."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can run a process as another user")
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    try:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE, place / "site" / "texturekit", ignore=ignore)
        (place / "own").mkdir(mode=0o700)
        os.chown(place / "own", NOBODY, NOBODY)
        for path in place.rglob("*"):
            if path.name != "own":
                path.chmod(0o755 if path.is_dir() else 0o644)
        yield place
    finally:
        shutil.rmtree(place)


MEASURE = """
import tempfile
{before}
import numpy as np
from texturekit import measure
from texturekit.kernels import _jit
image = np.arange(256, dtype=np.uint8).reshape(16, 16)
print(_jit.CACHE, *measure(image, "lbp").values())
"""


def _measured():
    found = texturekit.measure(IMAGE, "lbp")
    return np.array(list(found.values()))


def test_an_unprivileged_user_without_a_home_caches_in_the_temporary_folder(installed):
    before = sorted((installed / "site").rglob("*"))

    folder, *numbers = _as_nobody(MEASURE.format(before=""), installed).stdout.split()

    assert Path(folder).parent == installed / "own"
    assert_array_equal(np.array(numbers, dtype=np.float64), _measured())
    assert sorted((installed / "site").rglob("*")) == before
    first = _code_files(installed)
    assert first
    _as_nobody(MEASURE.format(before=""), installed)
    assert _code_files(installed) == first  # with their times: nothing was compiled again


def _code_files(place):
    return {path: path.stat().st_mtime_ns for path in (place / "own").rglob("*.nb?")}


def test_an_unprivileged_user_who_can_write_nowhere_gets_the_same_numbers(installed):
    before = "tempfile.tempdir = '/proc'"

    folder, *numbers = _as_nobody(MEASURE.format(before=before), installed).stdout.split()

    assert folder == "None"
    assert_array_equal(np.array(numbers, dtype=np.float64), _measured())


def test_a_folder_that_somebody_else_laid_out_is_not_used(installed):
    stamp = _jit._stamp(installed / "site" / "texturekit" / "kernels")
    trap = installed / "own" / f"texturekit-numba-{NOBODY}-{stamp}"
    trap.mkdir()
    trap.chmod(0o777)

    code = "from texturekit.kernels import _jit; print(_jit.CACHE)"

    assert _as_nobody(code, installed).stdout == "None\n"
    assert not list(trap.iterdir())


def _as_nobody(code, place):
    found = _try_as_nobody(_python(), code, place)
    assert found.returncode == 0, found.stderr
    return found


@cache
def _python():
    """A Python of this version, with this one's packages, that any user can run."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        try:
            if _try_as_nobody(python, "import numba, pandas, pydantic", Path("/")).returncode == 0:
                return python
        except OSError:
            continue
    pytest.skip(f"no {name} that another user can run")


def _try_as_nobody(python, code, place):
    packages = sysconfig.get_path("purelib")
    return subprocess.run(
        [python, "-c", code],
        cwd="/",
        env={"PYTHONPATH": f"{place / 'site'}:{packages}", "TMPDIR": str(place / "own")},
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
