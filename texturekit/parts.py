"""What the parts of a representation stand for: families, backbones, file facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ParameterError, UnknownNameError
from texturekit.features import FEATURES, SETS, columns, expand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from texturekit.features.grammar import Part

PartKind = Literal["texture", "embedding", "facts"]
FACTS: dict[str, tuple[str, ...]] = {
    "geometry": ("width", "height", "mode", "bit_depth"),
    "metadata": ("width", "height", "mode", "bit_depth", "bytes"),
}


def part_kind(part: Part) -> PartKind:
    """Say what a part of a representation is.

    Raises
    ------
    UnknownNameError
        If no family, set, backbone or baseline has its name, or a parameter is unknown.
    """
    if part.name in SETS or part.name in FEATURES:
        expand([part])
        return "texture"
    if part.name not in BACKBONES and part.name not in FACTS:
        known = [*SETS, *FEATURES, *BACKBONES, *FACTS]
        raise UnknownNameError("feature or backbone", part.name, known)
    if part.parameters:
        raise ParameterError(f"{part.name} takes no parameters, but got {part}; leave them out.")
    return "embedding" if part.name in BACKBONES else "facts"


def part_columns(part: Part) -> tuple[str, ...]:
    """Return the columns that a part gives, without an image."""
    kind = part_kind(part)
    if kind == "texture":
        return columns([part])
    if kind == "facts":
        return tuple(f"{part.name}.{name}" for name in FACTS[part.name])
    return tuple(f"{part.name}.{index:04d}" for index in range(BACKBONES[part.name].width))


def pieces(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the families, baselines and backbones that parts stand for, each once."""
    result: list[Part] = []
    for part in parts:
        result.extend(expand([part]) if part_kind(part) == "texture" else [part])
    return tuple(dict.fromkeys(result))
