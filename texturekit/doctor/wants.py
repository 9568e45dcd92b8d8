"""What distributions require, as they say it themselves, so that no list here grows old."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from texturekit.doctor.surroundings import normal

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from texturekit.doctor.surroundings import Surroundings


@dataclass
class Seen:
    """What was looked at on the way through the requirements, and who lacks what."""

    looked: set[str] = field(default_factory=set)
    wrong: dict[str, list[Requirement]] = field(default_factory=dict)


def requirements(around: Surroundings, name: str, extra: str = "") -> list[Requirement]:
    """Return what a distribution requires here: always, or for an extra alone."""
    from packaging.requirements import Requirement

    found = around.installed.get(normal(name))
    every = [Requirement(text) for text in (found[0].requires or [])] if found else []
    always = [one for one in every if one.marker is None or one.marker.evaluate({"extra": ""})]
    if not extra:
        return always
    named = [one for one in every if one.marker and one.marker.evaluate({"extra": extra})]
    return [one for one in named if one not in always]


def extras(around: Surroundings) -> list[str]:
    """Return texturekit's extras, without those that only join others."""
    found = around.installed.get("texturekit")
    names = (found[0].metadata.get_all("Provides-Extra") or []) if found else []
    return [name for name in names if not _joins(requirements(around, "texturekit", name))]


def _joins(wants: list[Requirement]) -> bool:
    return bool(wants) and all(normal(one.name) == "texturekit" for one in wants)


def met(want: Requirement, version: str | None) -> bool:
    """Tell whether a version satisfies a requirement; None, not installed, does not."""
    return version is not None and want.specifier.contains(version, prereleases=True)


def lacking(around: Surroundings, extra: str) -> list[str]:
    """Return the requirements of an extra that are not met."""
    wants = requirements(around, "texturekit", extra)
    return [f"{w.name}{w.specifier}" for w in wants if not met(w, around.version(w.name))]


def direct(around: Surroundings) -> list[Requirement]:
    """Return what texturekit itself requires, and of extras those packages that are there."""
    optional = [
        one
        for extra in extras(around)
        for one in requirements(around, "texturekit", extra)
        if around.version(one.name) is not None
    ]
    return requirements(around, "texturekit") + optional


def unmet(around: Surroundings) -> Seen:
    """Follow the requirements of texturekit's requirements, and note those that are not met."""
    seen = Seen()
    waiting = [(want.name, extra) for want in direct(around) for extra in ("", *want.extras)]
    done = set()
    while waiting:
        place = waiting.pop()
        if place in done or around.version(place[0]) is None:
            continue
        done.add(place)
        name, extra = place
        seen.looked.add(normal(name))
        for want in requirements(around, name, extra):
            # XGBoost's is for several GPUs only, and a check of its own.
            spare = (normal(name), normal(want.name)[:11]) == ("xgboost", "nvidia-nccl")
            if not spare and not met(want, around.version(want.name)):
                seen.wrong.setdefault(normal(name), []).append(want)
            waiting += [(want.name, more) for more in ("", *want.extras)]
    return seen


def install(*wants: str) -> str:
    """Return the line that installs requirements.

    Examples
    --------
    >>> install("texturekit[app]")
    'pip install "texturekit[app]"'
    """
    return "pip install " + " ".join(f'"{want}"' for want in wants)
