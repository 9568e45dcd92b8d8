"""What ``vote`` and ``fusion`` read: more than the plain name of a part gives elsewhere.

Both are recipes, chosen as a whole: what is measured, who learns from it, and with which weights.
See docs/decisions/0008-recipes-read-more.md and benchmarks/studies/defaults.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.stages import Reading, stages_of
from texturekit.features.grammar import Part
from texturekit.parts import reading_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from texturekit.methods.grammar import Method

RECIPES = ("vote", "fusion")
_FAST, _RICH = Part("texture"), Part("texture_full")
_POOLS = ("mean", "max")


def reading(part: Part, classifier: str) -> Part:
    """Return what a classifier reads where a method names a part.

    In a recipe ``texture`` stands for ``texture_full``, and a backbone without parameters for all
    its stages, averaged over the picture and its mirror image; everything else for itself.

    Examples
    --------
    >>> str(reading(Part("texture"), "vote")), str(reading(Part("texture"), "svm"))
    ('texture_full', 'texture')
    """
    if classifier not in RECIPES or part.parameters:
        return part
    if part == _FAST:
        return _RICH
    return _rich(part.name) if part.name in BACKBONES else part


def as_written(part: Part) -> Part:
    """Return a set or backbone as a recipe's canonical form names it.

    What a plain name stands for is called by the plain name; what it stands for elsewhere keeps
    a parameter that says so.

    Examples
    --------
    >>> str(as_written(Part("texture_full"))), str(as_written(Part("resnet18", (("layers", 4),))))
    ('texture', 'resnet18(layers=4)')
    """
    if part == _RICH:
        return _FAST
    if part.name not in BACKBONES or not part.parameters:
        return part
    rich, card = _rich(part.name), BACKBONES[part.name]
    written = reading_of(part).parameters(card)
    if written == rich.parameters:
        return Part(part.name)
    return Part(part.name, written or (("layers", len(stages_of(card))),))


def reading_notes(methods: Iterable[Method]) -> list[str]:
    """Say what plain names stand for where that is not what they stand for elsewhere.

    Examples
    --------
    >>> from texturekit.methods.grammar import parse_method
    >>> reading_notes([parse_method("texture/vote"), parse_method("texture/svm")])[0][:51]
    'In vote and fusion texture stands for texture_full:'
    """
    stand = {
        f"{part} stands for {read}"
        for method in methods
        for part, read in zip(method.parts, method.reads, strict=False)
        if part != read
    }
    if not stand:
        return []
    return [
        f"In vote and fusion {' and '.join(sorted(stand))}: compare their rows by what they read, "
        "not by the classifier alone (docs/methods.md)."
    ]


def _rich(backbone: str) -> Part:
    card = BACKBONES[backbone]
    layers = tuple(stage.number for stage in stages_of(card))
    wanted = Reading.of(card, {"layers": layers, "pool": _POOLS, "flip": True})
    return Part(backbone, wanted.parameters(card))
