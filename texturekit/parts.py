"""What the parts of a representation stand for: families, backbones, file facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.stages import Reading
from texturekit.errors import ParameterError, UnknownNameError
from texturekit.features import FEATURES, SETS, columns, expand
from texturekit.features.grammar import Part

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    if part.name in BACKBONES:
        reading_of(part)
        return "embedding"
    if part.parameters:
        raise ParameterError(f"{part.name} takes no parameters, but got {part}; leave them out.")
    return "facts"


def reading_of(part: Part) -> Reading:
    """Return what a part reads off its backbone.

    Raises
    ------
    ParameterError, UnknownNameError
        If a parameter is unknown, or has a value that it cannot have.
    """
    return Reading.of(BACKBONES[part.name], dict(part.parameters))


def plain_part(part: Part) -> Part:
    """Return a backbone's part without what is the default anyway; others as they are.

    Examples
    --------
    >>> from texturekit.features.grammar import parse_parts
    >>> str(plain_part(parse_parts("resnet18(pool=std-mean,layers=4)")[0]))
    'resnet18(pool=mean-std)'
    """
    if part.name not in BACKBONES:
        return part
    return Part(part.name, reading_of(part).parameters(BACKBONES[part.name]))


def part_columns(part: Part) -> tuple[str, ...]:
    """Return the columns that a part gives, without an image."""
    kind = part_kind(part)
    if kind == "texture":
        return columns([part])
    if kind == "facts":
        return tuple(f"{part.name}.{name}" for name in FACTS[part.name])
    return reading_of(part).columns(BACKBONES[part.name])


def pieces(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the families, baselines and backbones that parts stand for, each once.

    Every stage and pooling of a backbone is a piece of its own, so that learners give it the same
    weight as any other.

    Examples
    --------
    >>> from texturekit.features.grammar import parse_parts
    >>> [str(piece) for piece in pieces(parse_parts("resnet18(layers=3-4)"))]
    ['resnet18(layers=3)', 'resnet18']
    """
    result: list[Part] = []
    for part in parts:
        kind = part_kind(part)
        result.extend(expand([part]) if kind == "texture" else _singly(part, kind))
    return tuple(dict.fromkeys(result))


def _singly(part: Part, kind: PartKind) -> list[Part]:
    if kind == "facts":
        return [part]
    card = BACKBONES[part.name]
    return [Part(part.name, one.parameters(card)) for one in reading_of(part).singly()]
