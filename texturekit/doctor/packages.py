"""Checks of what is installed, by what the distributions say of themselves."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

from texturekit.doctor.found import Diagnosis
from texturekit.doctor.surroundings import Surroundings, normal
from texturekit.doctor.wants import direct, extras, install, lacking, met, requirements, unmet
from texturekit.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import Distribution

    from texturekit.doctor.found import Level

#: Why the least version of a package is what it is, where an older one is dangerous.
_WHY = {
    "torch": "before 2.10 a weights file can run code in spite of weights_only (CVE-2026-24747)",
    "gradio": "before 6.17 it has known security holes",
}
_MAKERS = ("dev", "e2e")  # extras for those who change texturekit
_PREFERRED = "opencv-python"
_OPENCV = (
    _PREFERRED,
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)


def python(around: Surroundings) -> Iterator[Diagnosis]:
    """Check Python's version against the one that the distribution wants."""
    from packaging.specifiers import SpecifierSet

    own = around.installed.get("texturekit")
    wanted = (own[0].metadata["Requires-Python"] if own else None) or ""
    version, bits = platform.python_version(), 64 if sys.maxsize > 2**32 else 32
    said = f"Python {version}, {bits} bits, {sys.prefix}"
    if not SpecifierSet(wanted).contains(version, prereleases=True) or bits == 32:
        cure = f"make a virtual environment with a 64-bit Python {wanted}"
        yield Diagnosis("python", "problem", f"{said}; texturekit wants {wanted}, 64 bits", cure)
    else:
        yield Diagnosis("python", "ok", said)
    if around.environ.get("PYTHONDONTWRITEBYTECODE"):
        found = "PYTHONDONTWRITEBYTECODE is set: every start may compile all libraries again"
        yield Diagnosis("python", "note", found, "unset PYTHONDONTWRITEBYTECODE")


def installation(around: Surroundings) -> Iterator[Diagnosis]:
    """Check that the code that runs is the code of the one installed distribution."""
    found = around.installed.get("texturekit", [])
    running = Path(__file__).resolve().parent.parent
    if not found:
        cure = 'pip install -e . in the source tree, or: pip install "texturekit"'
        said = f"texturekit runs from {running} without being installed; ranges cannot be checked"
        yield Diagnosis("installation", "warning", said, cure)
        return
    home = _editable(found[0])
    where = f"texturekit {found[0].version}"
    if home is not None and not (home / "texturekit" / "__init__.py").is_file():
        said = f"{where} is installed editable from {home}, which holds no texturekit any more"
        cure = "pip install -e . again, in the folder where the source tree is now"
        yield Diagnosis("installation", "problem", said, cure)
        return
    here = home if home is not None else Path(str(found[0].locate_file("")))
    if (here / "texturekit").resolve() != running:
        said = f"{where} is installed in {here}, but what runs is {running}"
        cure = "unset PYTHONPATH, leave the source tree, or install that tree: pip install -e ."
        yield Diagnosis("installation", "warning", said, cure)
        return
    editable = " (editable)" if home is not None else ""
    yield Diagnosis("installation", "ok", f"{where} in {here}{editable}")


def _editable(distribution: Distribution) -> Path | None:
    """Return the source tree of an editable installation; None if it is another one."""
    text = distribution.read_text("direct_url.json")
    about = json.loads(text) if text else {}
    if not about.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlparse(about["url"]).path))


def leftovers(around: Surroundings) -> Iterator[Diagnosis]:
    """Look for distributions that are there twice in one folder, or damaged."""
    bad = False
    for name, found in sorted(around.installed.items()):
        homes = [str(one.locate_file("")) for one in found]
        if name != "?" and len(set(homes)) == len(homes):
            continue
        bad = True
        if name == "?":
            said = f"{len(found)} damaged distributions without a name in {', '.join(set(homes))}"
            cure = "delete their .dist-info folders, which hold no METADATA"
        else:
            versions = " and ".join(one.version for one in found)
            said = f"{name} is there twice in {homes[0]}: {versions}"
            cure = f"pip uninstall -y {name}, until it says that there is none; then install again"
        yield Diagnosis("leftovers", "warning", said, cure)
    if not bad:
        yield Diagnosis("leftovers", "ok", "every distribution is there once")


def two_opencv(around: Surroundings) -> Iterator[Diagnosis]:
    """Look for packages that share the folder ``cv2``."""
    versions = {name: around.version(name) for name in _OPENCV}
    there = {name: version for name, version in versions.items() if version is not None}
    if len(there) > 1:
        named = " and ".join(f"{name} {version}" for name, version in there.items())
        said = (
            f"{named} are both installed, into one folder cv2: which code runs depends on their "
            "order, and removing one breaks the other"
        )
        again = f"pip uninstall -y {' '.join(there)} && pip install {_PREFERRED}"
        yield Diagnosis("two cv2", "problem", said, again)
    elif there and _PREFERRED not in there:
        said = f"{next(iter(there))} stands in for {_PREFERRED}, which serves as well"
        yield Diagnosis("two cv2", "note", said)
    else:
        yield Diagnosis("two cv2", "ok", f"{len(there)} package brings cv2")


def two_xgboost(around: Surroundings) -> Iterator[Diagnosis]:
    """Look for both packages that bring ``xgboost``."""
    full, cpu = around.version("xgboost"), around.version("xgboost-cpu")
    if full and cpu:
        said = f"xgboost {full} and xgboost-cpu {cpu} are both installed, into one folder xgboost"
        cure = "pip uninstall -y xgboost xgboost-cpu && pip install xgboost"
        yield Diagnosis("two xgboost", "problem", said, cure)
    elif cpu:
        yield Diagnosis("two xgboost", "note", "xgboost-cpu stands in for xgboost: no GPU")
    else:
        yield Diagnosis("two xgboost", "ok", f"{int(full is not None)} package brings xgboost")


def versions(around: Surroundings) -> Iterator[Diagnosis]:
    """Check every requirement, and those of what is required, against what is installed."""
    own = requirements(around, "texturekit")
    if not own:
        return
    bad = False
    for want in direct(around):
        version = around.version(want.name)
        if met(want, version) or _stood_in(around, want.name, version):
            continue
        bad = True
        why = f": {_WHY[normal(want.name)]}" if version and normal(want.name) in _WHY else ""
        is_there = "is not installed" if version is None else f"{version} is installed"
        said = f"{want.name} {is_there}, texturekit wants {want.name}{want.specifier}{why}"
        yield Diagnosis("versions", "problem", said, install(f"{want.name}{want.specifier}"))
    seen = unmet(around)
    for parent, wants in seen.wrong.items():
        bad = True
        said = ", ".join(
            f"{one.name}{one.specifier} ({around.version(one.name) or 'not installed'})"
            for one in wants
        )
        cure = install(*(f"{one.name}{one.specifier}" for one in wants))
        found = f"{parent} {around.version(parent)} wants {said}"
        yield Diagnosis("versions", "warning", found, cure)
    if not bad:
        said = f"{len(seen.looked)} packages, all in the ranges that they want of each other"
        yield Diagnosis("versions", "ok", said)


def _stood_in(around: Surroundings, name: str, version: str | None) -> bool:
    """Tell whether another package brings the same module."""
    if version is not None:
        return False
    others = {_PREFERRED: _OPENCV[1:], "xgboost": ("xgboost-cpu",)}.get(normal(name), ())
    return any(around.version(other) for other in others)


def optional(around: Surroundings) -> Iterator[Diagnosis]:
    """Say which extras are not installed, or only in part."""
    there = []
    for extra in extras(around):
        wants = requirements(around, "texturekit", extra)
        gone = [one.name for one in wants if around.version(one.name) is None]
        if not gone:
            there.append(extra)  # their versions are the check before
            continue
        part = len(gone) < len(wants) and extra not in _MAKERS
        said = f"[{extra}] is installed in part only" if part else f"[{extra}] is not installed"
        whose = ", for those who change texturekit" if extra in _MAKERS else ""
        level: Level = "warning" if part else "note"
        found = f"{said}{whose}: {', '.join(gone)}"
        yield Diagnosis("extras", level, found, install(f"texturekit[{extra}]"))
    if there:
        yield Diagnosis("extras", "ok", f"installed: {', '.join(there)}")


def missing_of(extra: str, around: Surroundings | None = None) -> str | None:
    """Return what an extra lacks and the install line; None if it is whole.

    Raises
    ------
    UnknownNameError
        If there is no such extra.
    """
    around = Surroundings() if around is None else around
    if extra not in extras(around):
        raise UnknownNameError("extra", extra, extras(around))
    gone = lacking(around, extra)
    if not gone:
        return None
    return f"[{extra}] lacks {', '.join(gone)}; run: {install(f'texturekit[{extra}]')}"


def named_cli(around: Surroundings) -> Iterator[Diagnosis]:
    """Look for distributions that install a package called ``cli``."""
    places = [Path(p) for p in dict.fromkeys(around.paths) if "site-packages" in p]
    if not any((place / "cli").is_dir() or (place / "cli.py").is_file() for place in places):
        yield Diagnosis("cli", "ok", "no package is called cli")
        return
    owners = sorted(
        name
        for name, found in around.installed.items()
        if "cli" in (found[0].read_text("top_level.txt") or "").split()
        or any(file.parts[:1] in (("cli",), ("cli.py",)) for file in found[0].files or ())
    )
    named = " and ".join(owners) or "a distribution that does not say so"
    said = f"{named} installs a package called cli; texturekit's own is called texturekit_cli"
    if len(owners) > 1:
        said = f"{named} install a package called cli, and overwrite each other's files"
        cure = f"pip uninstall all of them but one: {', '.join(owners)}"
        yield Diagnosis("cli", "warning", said, cure)
    else:
        yield Diagnosis("cli", "note", said)


PACKAGES = {
    "python": python,
    "installation": installation,
    "leftovers": leftovers,
    "two cv2": two_opencv,
    "two xgboost": two_xgboost,
    "versions": versions,
    "extras": optional,
    "cli": named_cli,
}
