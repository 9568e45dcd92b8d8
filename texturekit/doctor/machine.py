"""Checks of the machine: cores, memory, disk, folders, text."""

from __future__ import annotations

import locale
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from texturekit.doctor import limits
from texturekit.doctor.found import Diagnosis
from texturekit.doctor.weights import weights
from texturekit.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.doctor.surroundings import Surroundings

_GB = 1e9
_LITTLE_MEMORY = 2 * _GB  # torch and a comparison of small images take half of it
_LITTLE_DISK = 1 * _GB
_LITTLE_SHARED = 0.25 * _GB  # containers begin with 64 MB
_FEW_FILES = 256


def cores(around: Surroundings) -> Iterator[Diagnosis]:
    """Compare the cores that are counted with those that may be used."""
    counted, allowed, quota = os.cpu_count() or 1, limits.affinity(), limits.cpu_quota(around)
    usable = allowed if quota is None else max(1, min(allowed, int(quota)))
    if usable < counted:
        why = f"a quota of {quota:g}" if quota is not None and quota < allowed else "its affinity"
        found = (
            f"{counted} cores are counted, this process may use {usable} ({why}): --jobs would "
            f"start {counted} threads"
        )
        cure = f"--jobs {usable}, and OMP_NUM_THREADS={usable} in the environment"
        yield Diagnosis("cores", "warning", found, cure)
    else:
        yield Diagnosis("cores", "ok", f"{counted}, all of them usable")
    yield from _threads(around, usable)


def _threads(around: Surroundings, usable: int) -> Iterator[Diagnosis]:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        text = around.environ.get(name)
        if text is None:
            continue
        first = text.split(",")[0].strip()
        if not first.isdigit() or int(first) < 1:
            found = f"{name}={text!r} is no number of threads"
            yield Diagnosis("threads", "warning", found, f"unset {name}, or set it to {usable}")
        elif int(first) > usable:
            found = f"{name}={text} is more than the {usable} cores that may be used: threads wait"
            yield Diagnosis("threads", "warning", found, f"set {name}={usable}")
        elif int(first) < usable:
            found = f"{name}={text}: networks and matrices use {first} of {usable} cores"
            yield Diagnosis(
                "threads", "note", found, f"unset {name}, unless others share the machine"
            )


def memory(around: Surroundings) -> Iterator[Diagnosis]:
    """Say how much memory may be used, and what limits it."""
    there, group = limits.installed_memory(around), limits.memory_limit(around)
    space, total = limits.address_space(), there.get("MemTotal")
    if space is not None:
        found = f"the address space is limited to {space / _GB:.1f} GB: torch and GPUs reserve more"
        yield Diagnosis("memory", "warning", found, "ulimit -v unlimited")
    if total is None:
        return
    limited = group is not None and group < total
    usable = group if limited and group is not None else total
    said = f"{usable / _GB:.1f} GB" + (" (limit of the control group)" if limited else "")
    free = there.get("MemAvailable", total)
    if min(usable, free) < _LITTLE_MEMORY:
        found = f"{said}, {min(free, usable) / _GB:.1f} GB of it free: comparisons may be killed"
        cure = "fewer --jobs, a smaller --resize, or more memory"
        yield Diagnosis("memory", "warning", found, cure)
    else:
        yield Diagnosis("memory", "ok", f"{said}, {min(free, usable) / _GB:.1f} GB free at most")
    files = limits.open_files()
    if files is not None and files < _FEW_FILES:
        found = f"only {files} files may be open at once"
        yield Diagnosis("memory", "note", found, "ulimit -n 1024")


def folders(around: Surroundings) -> Iterator[Diagnosis]:
    """Check that what has to be written can be."""
    from texturekit.data.cache import cache_folder

    try:
        temporary = tempfile.gettempdir()
    except FileNotFoundError as error:
        yield Diagnosis("folders", "problem", f"no temporary folder: {error}", "set TMPDIR")
        return
    try:
        cache = cache_folder()
    except OutputError as error:
        yield Diagnosis("folders", "problem", str(error), "set TEXTUREKIT_CACHE")
        return
    here = Path.cwd()
    if not os.access(here, os.W_OK):
        found = f"{here} cannot be written: reports go there unless -o names another folder"
        yield Diagnosis("folders", "warning", found, "name a folder with -o, or go to another one")
    yield Diagnosis("folders", "ok", f"temporary files in {temporary}, samples in {cache}")
    yield from _disk({"here": here, "temporary files": Path(temporary), "samples": cache})
    yield from _fonts(around)
    yield from _shared(around)


def _disk(places: dict[str, Path]) -> Iterator[Diagnosis]:
    free = {name: shutil.disk_usage(place).free for name, place in places.items()}
    least = min(free, key=lambda name: free[name])
    said = f"{free[least] / _GB:.1f} GB free ({least}: {places[least]})"
    if free[least] < _LITTLE_DISK:
        cure = "free some, or set TMPDIR, TEXTUREKIT_CACHE or -o to another disk"
        yield Diagnosis("disk", "warning", said, cure)
    else:
        yield Diagnosis("disk", "ok", said)


def _fonts(around: Surroundings) -> Iterator[Diagnosis]:
    """Look where matplotlib would keep its list of fonts."""
    home = around.environ.get("HOME", "")
    named = around.environ.get("MPLCONFIGDIR") or around.environ.get("XDG_CACHE_HOME")
    folder = Path(named or Path(home, ".cache"))
    place = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if not os.access(place, os.W_OK):
        found = f"{folder} cannot be written: matplotlib lists all fonts anew at every start"
        yield Diagnosis("folders", "note", found, "set MPLCONFIGDIR to a folder of your own")


def _shared(around: Surroundings) -> Iterator[Diagnosis]:
    place = around.root / "dev/shm"
    if not place.is_dir():
        return
    size = shutil.disk_usage(place).total
    if size < _LITTLE_SHARED:
        found = f"/dev/shm has {size / 1e6:.0f} MB: processes that decode for a GPU may be killed"
        cure = "docker run --shm-size=1g, or workers=0 in the settings of a training"
        yield Diagnosis("disk", "note", found, cure)


def text(around: Surroundings) -> Iterator[Diagnosis]:
    """Check that names and texts are UTF-8."""
    names = {
        "file names": sys.getfilesystemencoding(),
        "files": locale.getencoding(),
        "output": getattr(sys.stdout, "encoding", None) or "utf-8",
    }
    other = {name: found for name, found in names.items() if not _is_utf8(found)}
    if other:
        said = ", ".join(f"{name} {found}" for name, found in other.items())
        cure = "set PYTHONUTF8=1, or LC_ALL=C.UTF-8"
        found = f"not UTF-8: {said}; names with other letters may be refused or look wrong"
        yield Diagnosis("text", "warning", found, cure)
    else:
        yield Diagnosis("text", "ok", "UTF-8 throughout")


def _is_utf8(name: str) -> bool:
    return name.lower().replace("-", "").replace("_", "") in ("utf8", "cp65001")


MACHINE = {
    "weights": weights,
    "cores": cores,
    "memory": memory,
    "folders": folders,
    "text": text,
}
