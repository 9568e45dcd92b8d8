"""Whether networks can use a graphics card, from what torch told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from texturekit.doctor.found import Diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.doctor.surroundings import Surroundings

_ON_CPU = "networks run on the CPU, texture always does"
_GPU_BUILD = "pip install uv && uv pip install --reinstall --torch-backend=auto torch torchvision"
_CPU_BUILD = "pip install uv && uv pip install --reinstall --torch-backend=cpu torch torchvision"


def gpu(around: Surroundings, facts: dict[str, Any], error: str | None) -> Iterator[Diagnosis]:
    """Say which card is used, or why none is."""
    if "available" not in facts:
        said = f"looking for a GPU ended torch: {error}; --device cpu still works"
        yield Diagnosis("gpu", "problem", said, "renew the NVIDIA driver, or " + _CPU_BUILD)
    elif facts["available"]:
        yield from _cards(facts, error)
    else:
        yield _none(around, facts)


def _none(around: Surroundings, facts: dict[str, Any]) -> Diagnosis:
    driver = (around.root / "proc/driver/nvidia/version").is_file()
    card = driver or any((around.root / "dev").glob("nvidia[0-9]*"))
    built = facts.get("cuda") or facts.get("hip")
    hidden = around.environ.get("CUDA_VISIBLE_DEVICES")
    why = "; ".join(line.splitlines()[0] for line in facts.get("said", []))
    if card and hidden is not None and hidden.strip() in ("", "-1"):
        found = f"the GPU is hidden: CUDA_VISIBLE_DEVICES={hidden!r}; {_ON_CPU}"
        return Diagnosis("gpu", "note", found, "unset CUDA_VISIBLE_DEVICES")
    if card and not built:
        found = f"there is an NVIDIA GPU, but this torch is built for the CPU alone; {_ON_CPU}"
        return Diagnosis("gpu", "warning", found, _GPU_BUILD)
    if card:
        said = f" ({why})" if why else ""
        found = f"there is an NVIDIA GPU, but torch cannot use it{said}; {_ON_CPU}"
        cure = f"renew the driver (this torch wants CUDA {built}), or {_GPU_BUILD}"
        return Diagnosis("gpu", "warning", found, cure)
    if built:
        found = (
            f"no GPU and no driver were found: {_ON_CPU}; this torch is built for CUDA {built}, "
            "gigabytes that nothing uses here"
        )
        return Diagnosis("gpu", "note", found, f"to save disk: {_CPU_BUILD}")
    return Diagnosis("gpu", "note", f"no GPU was found: {_ON_CPU}")


def _cards(facts: dict[str, Any], error: str | None) -> Iterator[Diagnosis]:
    gpus = facts.get("gpus", [])
    named = ", ".join(
        f"{one['name']} ({one['gigabytes']:g} GB, compute {_dotted(one['capability'])})"
        for one in gpus
    )
    old = [one["name"] for one in gpus if not _served(one["capability"], facts["architectures"])]
    if old:
        lowest = min(_numbers(facts["architectures"]), default=(0, 0))
        found = (
            f"{', '.join(old)} is too old for torch {facts['torch']}, whose code begins at compute "
            f"{_dotted(lowest)}"
        )
        cure = "use --device cpu, or a torch that still serves this GPU"
        yield Diagnosis("gpu", "problem", found, cure)
    elif not facts.get("gpu_right"):
        why = facts.get("gpu_error") or error or "a known convolution comes out wrong"
        found = f"{named}: does not compute: {why}"
        yield Diagnosis("gpu", "problem", found, "renew the driver; until then use --device cpu")
    else:
        yield Diagnosis("gpu", "ok", f"{named}; a known convolution comes out right")


def _dotted(pair: Any) -> str:
    return ".".join(str(int(number)) for number in pair)


def _numbers(architectures: list[str]) -> list[tuple[int, int]]:
    """Return the compute capabilities of names as sm_75, sm_90a, compute_120."""
    digits = ["".join(c for c in name.partition("_")[2] if c.isdigit()) for name in architectures]
    return [(int(one[:-1]), int(one[-1])) for one in digits if len(one) > 1]


def _served(capability: list[int], architectures: list[str]) -> bool:
    """Tell whether a card is not older than all that torch was built for.

    Code for a card runs on newer ones of its generation, and intermediate code on all newer ones.
    """
    known = _numbers(architectures)
    return not known or min(known) <= (capability[0], capability[1])
