"""How many cores and how much memory this process may use."""

from __future__ import annotations

import os
import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.doctor.surroundings import Surroundings

_UNLIMITED = 2**60  # version 1 of control groups says no limit by a huge number


def affinity() -> int:
    """Return on how many cores this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_quota(around: Surroundings) -> float | None:
    """Return how many cores' time the control groups allow, or None if they do not limit it."""
    allowed = []
    for folder in _groups(around, "cpu"):
        text = around.file(f"{folder}/cpu.max")  # version 2: quota and period
        if text is None:
            quota = around.file(f"{folder}/cpu.cfs_quota_us")
            text = f"{quota} {around.file(f'{folder}/cpu.cfs_period_us')}"
        numbers = text.split()
        if len(numbers) == 2 and numbers[0].isdigit() and numbers[1].isdigit():
            allowed.append(int(numbers[0]) / int(numbers[1]))
    return min(allowed, default=None)


def memory_limit(around: Surroundings) -> int | None:
    """Return how many bytes the control groups allow, or None if they do not limit them."""
    allowed = []
    for folder in _groups(around, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            text = (around.file(f"{folder}/{name}") or "").strip()
            if text.isdigit() and int(text) < _UNLIMITED:
                allowed.append(int(text))
    return min(allowed, default=None)


def _groups(around: Surroundings, controller: str) -> Iterator[str]:
    """Yield this process's control group and those above it, as folders of ``sys``."""
    for line in (around.file("proc/self/cgroup") or "").splitlines():
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        top = f"sys/fs/cgroup/{controller}" if names else "sys/fs/cgroup"
        own = PurePosixPath(path)
        yield from (f"{top}/{str(one).strip('/')}" for one in (own, *own.parents))


def installed_memory(around: Surroundings) -> dict[str, int]:
    """Return ``MemTotal`` and ``MemAvailable`` in bytes, where the system says them."""
    found = {}
    for line in (around.file("proc/meminfo") or "").splitlines():
        name, _, rest = line.partition(":")
        if name in ("MemTotal", "MemAvailable") and rest.split():
            found[name] = int(rest.split()[0]) * 1024
    return found


def address_space() -> int | None:
    """Return to how many bytes the address space is limited (``ulimit -v``), if it is."""
    if sys.platform == "win32":
        return None
    import resource

    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def open_files() -> int | None:
    """Return how many files this process may hold open, if that is limited."""
    if sys.platform == "win32":
        return None
    import resource

    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if soft == resource.RLIM_INFINITY else soft
