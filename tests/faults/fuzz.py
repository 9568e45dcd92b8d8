"""Feed damaged files to the readers, one process a file, and count what becomes of them.

``python -m tests.faults.fuzz --seconds 1800`` (``make soak``) goes over all formats in rounds until
the time is over. A case is determined by its format and number: ``--format png --case 1234`` runs
that one again and shows what it does. A warm parent forks one child a file, so that a crash, a
hang or a flood of memory costs that child only, and hundreds of files a second are tried.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import texturekit as tk
from tests.faults.encoding import encoded, scene
from tests.faults.mutations import damaged, damaged_inside
from tests.faults.seeds import FORMATS, seeds
from texturekit.decoding.reading import layout
from texturekit.errors import TexturekitError
from texturekit.images import image_facts, read_mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

LONGEST = 10  # seconds
MOST_MEMORY = 2 * 1024**3
_GUARD = 6 * 1024**3  # address space: nothing that goes wrong here may take the machine down
_READ, _REFUSED, _OTHER = 0, 1, 2


@dataclass
class Tally:
    """What became of the files of one format.

    Attributes
    ----------
    counts : Counter
        How many were ``read`` and ``refused``.
    failures : dict of list of str
        How to run each file again that broke the rules, by what it did.
    slowest, memory : float
        Longest time in seconds, largest resident memory in bytes.
    """

    counts: Counter[str] = field(default_factory=Counter)
    failures: dict[str, list[str]] = field(default_factory=dict)
    slowest: float = 0
    memory: float = 0


@cache
def _seeds(name: str) -> list[bytes]:
    return seeds(name)


def case(name: str, number: int) -> bytes:
    """Return the content of one damaged file; the first fifty numbers are the sound ones."""
    sound = _seeds(name)
    if number < len(sound):
        return sound[number]
    rng = np.random.default_rng([list(FORMATS).index(name), number])
    return damaged_inside(sound, rng) if name == "npz" and rng.integers(2) else damaged(sound, rng)


def read_as_users_do(path: Path) -> bool:
    """Read a file in every way that the product does; return whether it gave pixels.

    Whatever is raised other than a TexturekitError is a defect.
    """
    if path.suffix == ".csv":
        return not _refuses(lambda: tk.read_manifest(path))
    if path.suffix == ".npz":
        return not _refuses(lambda: _measured(tk.load_source(path).image(0)))
    _refuses(lambda: image_facts(path))
    _refuses(lambda: read_mask(path))
    _refuses(lambda: layout(path))
    rule = "axial:middle" if path.suffix == ".nii" else "middle"
    return not _refuses(lambda: _measured(tk.read_image(path, frames=rule)))


def _refuses(read: Callable[[], object]) -> bool:
    try:
        read()
    except TexturekitError:
        return True
    return False


def _measured(image: NDArray[Any]) -> None:
    tk.measure(image, "first_order")


def try_one(path: Path) -> tuple[str, float, int]:
    """Read a file in a child process; return what happened, the seconds and the memory."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _in_child(path)
    _, status, usage = os.wait4(child, 0)
    seconds, memory = time.monotonic() - began, usage.ru_maxrss * 1024
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        hung = number == signal.SIGALRM
        return (f"hang over {LONGEST} s" if hung else f"signal {number}"), seconds, memory
    verdict = {_READ: "read", _REFUSED: "refused"}.get(os.WEXITSTATUS(status), "exception")
    if memory > MOST_MEMORY:
        return f"{memory / 1024**3:.1f} GB of memory", seconds, memory
    return verdict, seconds, memory


def _in_child(path: Path) -> None:
    """Read the file and leave; never return."""
    code = _OTHER
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, LONGEST)
        resource.setrlimit(resource.RLIMIT_AS, (_GUARD, _GUARD))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        warnings.simplefilter("ignore")
        code = _READ if read_as_users_do(path) else _REFUSED
    except BaseException:  # the parent names the file
        path.with_suffix(".txt").write_text(traceback.format_exc())
    finally:
        os._exit(code)


def fuzz(formats: list[str], seconds: float, folder: Path, first: int = 0) -> dict[str, Tally]:
    """Try files of every format, ten of each in turn, until the time is over.

    Parameters
    ----------
    formats : list of str
    seconds : float
    folder : Path
        Scratch; files that break the rules stay there.
    first : int
        Number of the first case.
    """
    for n in range(3):
        (folder / f"{n}.png").write_bytes(encoded(scene(seed=n), "PNG"))
    tk.measure(tk.read_image(folder / "0.png"), "first_order")  # compiled once, for all children
    for name in formats:  # and every module that reading needs is imported before the first fork
        _warm(folder, name)
    gc.freeze()  # a child that collects garbage would copy the parent's pages
    tallies = {name: Tally() for name in formats}
    end, start = time.monotonic() + seconds, first
    while time.monotonic() < end:
        for name in formats:
            for number in range(start, start + 10):
                if time.monotonic() >= end:
                    break
                _count(tallies[name], name, number, folder)
        start += 10
    return tallies


def _warm(folder: Path, name: str) -> None:
    path = folder / f"warm{FORMATS[name][1]}"
    for number in (0, 1):
        path.write_bytes(case(name, number))
        read_as_users_do(path)
    path.unlink()


def _count(tally: Tally, name: str, number: int, folder: Path) -> None:
    path = folder / f"{name}-{number}{FORMATS[name][1]}"
    path.write_bytes(case(name, number))
    verdict, seconds, memory = try_one(path)
    tally.slowest, tally.memory = max(tally.slowest, seconds), max(tally.memory, memory)
    tally.counts[verdict if verdict in ("read", "refused") else "failed"] += 1
    if verdict in ("read", "refused"):
        path.unlink()
        return
    said = path.with_suffix(".txt")
    last = said.read_text().strip().splitlines()[-1] if said.exists() else ""
    again = f"python -m tests.faults.fuzz --format {name} --case {number}  # {path}"
    tally.failures.setdefault(f"{verdict} {last}".strip(), []).append(again)


def report(tallies: dict[str, Tally]) -> str:
    """Return a table of what was tried."""
    lines = [
        f"{'format':<9} {'tried':>7} {'read':>7} {'refused':>7} {'failed':>6} {'slowest':>8} memory"
    ]
    for name, tally in tallies.items():
        counts = tally.counts
        lines.append(
            f"{name:<9} {counts.total():>7} {counts['read']:>7} {counts['refused']:>7} "
            f"{counts['failed']:>6} {tally.slowest:>6.1f} s {tally.memory / 2**20:>4.0f} MB"
        )
    lines.append(f"{sum(t.counts.total() for t in tallies.values())} files in all")
    for name, tally in tallies.items():
        for what, again in tally.failures.items():
            lines += [f"{name}: {len(again)} x {what}", *(f"  {line}" for line in again[:3])]
    return "\n".join(lines)


def main() -> int:
    """Run for some time, or one case again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--format", choices=list(FORMATS), action="append")
    parser.add_argument("--case", type=int, help="run this one only, and show what it does")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--folder", type=Path, help="where files that break the rules are kept")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="texturekit-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    if given.case is not None:
        name = given.format[0]
        path = folder / f"{name}-{given.case}{FORMATS[name][1]}"
        path.write_bytes(case(name, given.case))
        print(path, try_one(path), flush=True)
        print("read" if read_as_users_do(path) else "refused")
        return 0
    tallies = fuzz(given.format or list(FORMATS), given.seconds, folder, given.first)
    print(report(tallies))
    return 1 if any(tally.failures for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
