"""Checks that load heavy libraries, each in a process of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from texturekit.doctor.compiled import kernels
from texturekit.doctor.found import Diagnosis
from texturekit.doctor.gpus import gpu
from texturekit.doctor.surroundings import normal
from texturekit.doctor.wants import requirements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.doctor.processes import Answer
    from texturekit.doctor.surroundings import Surroundings

#: Debian's packages of the libraries that OpenCV links, and of those that older versions link.
_DEBIAN = {
    "libGL": "libgl1",
    "libglib-2": "libglib2.0-0",
    "libgthread-2": "libglib2.0-0",
    "libX11": "libx11-6",
    "libxcb": "libxcb1",
    "libSM": "libsm6",
    "libICE": "libice6",
    "libXext": "libxext6",
    "libXrender": "libxrender1",
    "libgomp": "libgomp1",
    "libstdc++": "libstdc++6",
}
_USUAL = ("libgl1", "libglib2.0-0", "libx11-6", "libxcb1")
_MODULES = {
    "pillow": "PIL",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
    "pyyaml": "yaml",
}
_OWN = ("opencv-python", "xgboost", "torch", "torchvision", "numba")  # the checks below
_CV2_FOR = "texturekit needs it for 16-bit colour PNG only, the rest works"
_SAME_INDEX = (
    "pip install uv && uv pip install --reinstall --torch-backend=auto torch torchvision "
    "(both from one index)"
)


def modules(around: Surroundings) -> Iterator[Diagnosis]:
    """Import what texturekit requires."""
    names = [normal(want.name) for want in requirements(around, "texturekit")]
    there = [name for name in names if name not in _OWN and around.version(name)]
    wanted = {_MODULES.get(name, name.replace("-", "_")): name for name in there}
    if not wanted:
        return
    answer = around.ask("modules", *wanted)
    if answer.late:
        yield _late("imports", answer)
        return
    failed: dict[str, str] = dict(answer.facts.get("failed", {}))
    if answer.error is not None:
        failed[answer.facts.get("importing") or "Python"] = answer.error
    for module, error in failed.items():
        package = wanted.get(module, module)
        found = f"{package} {around.version(package) or ''} does not load: {error}"
        yield Diagnosis("imports", "problem", found, _again(package, error))
    if not failed:
        yield Diagnosis("imports", "ok", f"{len(wanted)} required packages load")


def opencv(around: Surroundings) -> Iterator[Diagnosis]:
    """Import OpenCV, and read why it cannot be."""
    answer = around.ask("opencv")
    if answer.missing == "cv2" and not any(name.startswith("opencv") for name in around.installed):
        return  # the versions say that it is not installed
    if answer.late:
        yield _late("opencv", answer)
        return
    if answer.error is not None:
        found = f"cv2 does not load: {answer.error} ({_CV2_FOR})"
        yield Diagnosis("opencv", "problem", found, _opencv_cure(answer.error))
    elif not answer.facts.get("right"):
        found = f"cv2 {answer.facts.get('version')} does not read the 16-bit PNG that it wrote"
        yield Diagnosis("opencv", "problem", found, _opencv_cure(""))
    else:
        yield Diagnosis("opencv", "ok", f"cv2 {answer.facts['version']} loads and reads 16 bits")


def _opencv_cure(error: str) -> str:
    library = _lacking_library(error)
    if library is None:
        # One of two packages was removed, and took the other's files with it.
        return "pip install --force-reinstall --no-deps opencv-python"
    wanted = dict.fromkeys((*_debian(library), *_USUAL))
    return (
        f"apt-get install -y {' '.join(wanted)} (Debian, Ubuntu; elsewhere: what holds {library})"
    )


def _lacking_library(error: str) -> str | None:
    found = re.search(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object", error)
    return found[1] if found else None


def _debian(library: str) -> list[str]:
    return [package for name, package in _DEBIAN.items() if library.startswith(name)]


def _late(check: str, answer: Answer) -> Diagnosis:
    at = answer.facts.get("importing")
    place = f" (loading {at})" if at else ""
    found = f"{answer.error}{place}: a slow disk, a busy machine, or it hangs"
    return Diagnosis(check, "warning", found, "run texturekit doctor again")


def _again(package: str, error: str) -> str:
    library = _lacking_library(error)
    packages = _debian(library) if library is not None else []
    if packages:
        return f"apt-get install -y {' '.join(packages)} (Debian, Ubuntu)"
    return f"pip install --force-reinstall {package}"


def torch(around: Surroundings) -> Iterator[Diagnosis]:
    """Import torch and torchvision, compare a convolution with a known one, look for a GPU."""
    answer = around.ask("torch")
    facts = answer.facts
    if answer.missing == "torch" and around.version("torch") is None:
        return
    if answer.late:
        yield _late("torch", answer)
        return
    if "torch" not in facts:
        found = f"torch does not load: {answer.error}"
        yield Diagnosis("torch", "problem", found, _torch_cure(answer))
        return
    if not facts.get("right"):
        why = answer.error or "a known convolution comes out wrong"
        found = f"torch {facts['torch']} does not compute on the CPU: {why}"
        yield Diagnosis("torch", "problem", found, _SAME_INDEX)
        return
    threads = f"{facts['threads']} thread{'s' * (facts['threads'] != 1)}"
    said = f"torch {facts['torch']}; a known convolution comes out right on {threads}"
    yield Diagnosis("torch", "ok", said)
    yield from _torchvision(around, facts, answer.error)
    yield from gpu(around, facts, answer.error)


def _torch_cure(answer: Answer) -> str:
    library = _lacking_library(answer.error or "")
    if library is None:
        return _SAME_INDEX
    return f"{_SAME_INDEX}; {library} comes with the packages that torch requires"


def _torchvision(
    around: Surroundings, facts: dict[str, Any], error: str | None
) -> Iterator[Diagnosis]:
    if facts.get("nms"):
        said = f"torchvision {facts['torchvision']} fits torch {facts['torch']}"
        yield Diagnosis("torchvision", "ok", said)
        return
    why = facts.get("torchvision_error") or error or "its nms gives another answer than it should"
    if "No module named 'torchvision'" in why:
        return
    version = facts.get("torchvision") or around.version("torchvision")
    found = f"torchvision {version} does not go with torch {facts['torch']}: {why}"
    yield Diagnosis("torchvision", "problem", found, _SAME_INDEX)


def xgboost(around: Surroundings) -> Iterator[Diagnosis]:
    """Import XGBoost and fit a tree whose leaves are known."""
    answer = around.ask("xgboost")
    if answer.missing == "xgboost" and "xgboost" not in " ".join(around.installed):
        return
    if answer.late:
        yield _late("xgboost", answer)
        return
    if answer.error is not None:
        found = f"xgboost does not load: {answer.error}"
        yield Diagnosis("xgboost", "problem", found, _again("xgboost", answer.error))
        return
    if not answer.facts.get("right"):
        found = f"xgboost {answer.facts['version']} fits a known tree wrongly"
        yield Diagnosis("xgboost", "problem", found, _again("xgboost", ""))
        return
    said = f"xgboost {answer.facts['version']}; a known tree comes out right"
    yield Diagnosis("xgboost", "ok", said)
    wanted = [w.name for w in requirements(around, "xgboost") if w.name.startswith("nvidia-nccl")]
    for name in wanted:
        if around.version(name) is None:
            found = f"{name} is not installed: XGBoost on several GPUs would fail, and only that"
            yield Diagnosis("xgboost", "note", found, f"pip install {name}, if you have them")


#: The slowest first.
LIBRARIES = {
    "torch": torch,
    "kernels": kernels,
    "xgboost": xgboost,
    "imports": modules,
    "opencv": opencv,
}
