"""What a run was made with: versions, hardware, commit, command."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import texturekit

_PACKAGES = (
    "numpy", "scipy", "pandas", "pyarrow", "pillow", "scikit-image", "scikit-learn", "xgboost",
    "torch", "torchvision", "numba", "joblib", "matplotlib",
)  # fmt: skip


def describe(*, seed: int, data_sha256: str) -> dict[str, Any]:
    """Return what somebody needs to repeat a run.

    Parameters
    ----------
    seed : int
        The run's seed.
    data_sha256 : str
        Hash of ids, labels, groups and image files.

    Returns
    -------
    dict
        ``texturekit, python, packages, platform, processor, cores, git_commit, command, finished,
        seed, data_sha256``; ready for JSON.
    """
    return {
        "texturekit": texturekit.__version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "git_commit": _git_commit(),
        "command": _command(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "data_sha256": data_sha256,
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git_commit() -> str | None:
    """Return the commit of the source tree that texturekit runs from, if it is one."""
    folder = Path(__file__).resolve().parent.parent
    if not (folder / ".git").exists():
        return None
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=folder, capture_output=True, text=True, timeout=5, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _command() -> str:
    program = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    return shlex.join([program, *sys.argv[1:]])
