"""Run the real command in a process of its own, as a user would, or with less than a user has."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_START = "import sys; from texturekit_cli.main import main; main()"
# Imports of the packages named first fail, as if they were not installed.
_BLOCKED = """
import sys
from importlib.abc import MetaPathFinder
class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, and what it printed."""

    code: int
    out: str
    err: str


def command(*arguments: str | os.PathLike[str], blocked: tuple[str, ...] = ()) -> list[str]:
    """Return the command line that runs texturekit, without some packages."""
    start = (_BLOCKED.format(names=set(blocked)) if blocked else "") + _START
    return [sys.executable, "-c", start, *map(os.fspath, arguments)]


def texturekit(
    *arguments: str | os.PathLike[str],
    blocked: tuple[str, ...] = (),
    before: Callable[[], None] | None = None,
    **options: Any,
) -> Ended:
    """Run the command to its end; ``before`` runs in the child first.

    A command that is not over after two minutes fails the test: nothing may hang.
    """
    done = subprocess.run(
        command(*arguments, blocked=blocked), preexec_fn=before, timeout=120, check=False,
        text=True, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout or "", done.stderr or "")


def without_privileges() -> None:
    """Give up root's right to pass by permissions; for others nothing changes.

    Root without CAP_DAC_OVERRIDE (1) and CAP_DAC_READ_SEARCH (2) is stopped by a file's mode like
    anybody, and can still read this environment, which another user might not.
    """
    drop_from_bounding_set = 24
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)
