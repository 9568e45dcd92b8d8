"""Whether kernels compile, count right, and keep their machine code."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from texturekit.doctor.found import Diagnosis
from texturekit.doctor.probing import MATRIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.doctor.surroundings import Surroundings

_SET_CACHE = "set NUMBA_CACHE_DIR to a folder that only you can write"
_CONTRAST = 14 / 24  # of MATRIX: (4 pairs of 1, 2 of 2, 2 of 1 levels) by their squares, of 24


def kernels(around: Surroundings) -> Iterator[Diagnosis]:
    """Count Haralick's own example, and look where machine code is kept."""
    answer = around.ask("kernels")
    facts = answer.facts
    if answer.missing == "numba":
        return
    if answer.late:
        found = f"compiling the kernels: {answer.error}"
        yield Diagnosis("kernels", "warning", found, "run texturekit doctor again")
        return
    if answer.error is not None:
        found = f"the texture kernels do not run: {answer.error}"
        yield Diagnosis("kernels", "problem", found, _cure(facts))
        return
    if facts["matrix"] != MATRIX or abs(facts["contrast"] - _CONTRAST) > 1e-12:
        found = (
            f"GLCM contrast of Haralick's example (1973) is {facts['contrast']}, not "
            f"{_CONTRAST:.6f}: do not trust any number of this installation"
        )
        yield Diagnosis("kernels", "problem", found, _cure(facts))
        return
    said = f"numba {facts['numba']}; GLCM contrast of Haralick's example is {facts['contrast']:.6f}"
    yield Diagnosis("kernels", "ok", said)
    yield from _cache(around, facts)
    yield from _threads(around)


def _cure(facts: dict[str, Any]) -> str:
    folder = facts.get("cache")
    first = f'rm -r "{folder}" && ' if folder else ""
    return f"{first}pip install --force-reinstall numba llvmlite"


def _cache(around: Surroundings, facts: dict[str, Any]) -> Iterator[Diagnosis]:
    if not facts["jit"]:
        found = "NUMBA_DISABLE_JIT is set: texture takes hundreds of times as long"
        yield Diagnosis("numba cache", "warning", found, "unset NUMBA_DISABLE_JIT")
        return
    asked = around.environ.get("NUMBA_CACHE_DIR")
    if facts["cache"] is None:
        found = "no folder can be written for machine code: every process compiles again"
        yield Diagnosis("numba cache", "warning", found, _SET_CACHE)
        return
    folder = Path(facts["cache"])
    if asked and folder.parent != Path(asked).expanduser().absolute():
        found = (
            f"NUMBA_CACHE_DIR={asked} is not used: it cannot be written, is not yours, or others "
            f"may write there; machine code is kept in {folder}"
        )
        yield Diagnosis("numba cache", "warning", found, _SET_CACHE)
    else:
        yield Diagnosis("numba cache", "ok", f"machine code is kept in {folder}")
    old = [one for one in folder.parent.glob("numba-*") if one.is_dir() and one != folder]
    if old:
        size = sum(f.stat().st_size for one in old for f in one.rglob("*") if f.is_file()) / 1e6
        found = (
            f"{len(old)} folders of other versions' machine code ({size:.0f} MB) lie in "
            f"{folder.parent}; they are never used by this one"
        )
        cure = f"delete numba-* there, but {folder.name}"
        yield Diagnosis("numba cache", "note", found, cure)


def _threads(around: Surroundings) -> Iterator[Diagnosis]:
    layer = around.environ.get("NUMBA_THREADING_LAYER", "default")
    safe = layer in ("workqueue", "tbb", "safe", "forksafe") or around.version("tbb") is not None
    if safe or multiprocessing.get_start_method(allow_none=True) not in (None, "fork"):
        return
    if multiprocessing.get_all_start_methods()[0] == "fork":
        found = (
            "texturekit's kernels are safe in forked processes; your own with parallel=True are "
            "not: after one, a forked child (a DataLoader's worker) is killed"
        )
        cure = "set NUMBA_THREADING_LAYER=workqueue, if you have such kernels"
        yield Diagnosis("numba fork", "note", found, cure)
