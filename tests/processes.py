"""The real command in a process of its own, and what it leaves behind."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("texturekit"))


def start(*arguments, **options):
    """Start the command in a process group of its own."""
    return subprocess.Popen(
        [COMMAND, *map(str, arguments)], start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def run(*arguments, **options):
    """Run the command to its end; return exit code, stdout and stderr."""
    process = start(*arguments, **options)
    out, err = process.communicate()
    return process.returncode, out, err


def children(pid):
    """Return the processes that a process has started."""
    try:
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def is_alive(pid):
    """Tell whether a process runs; one that has ended and is not yet waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def wait_for(condition, seconds=60.0):
    """Return the first true value of a condition."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError(f"not within {seconds} s: {condition}")
