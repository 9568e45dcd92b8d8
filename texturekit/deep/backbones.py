"""The networks that can look at pictures, as cards: what they are, not how they are built.

Nothing here imports torch, so that names can be checked and listed at once.
"""

from __future__ import annotations

from texturekit.deep import imagenet, xray
from texturekit.deep.card import Backbone, Output
from texturekit.registry import Registry

__all__ = ["BACKBONES", "Backbone", "Output", "find_backbone"]

BACKBONES: Registry[Backbone] = Registry("backbone")

for _card in (*imagenet.CARDS, *xray.CARDS):
    BACKBONES.add(_card.name, _card)


def find_backbone(backbone: str | Backbone) -> Backbone:
    """Return the card of a name; a card is returned as it is.

    Raises
    ------
    UnknownNameError
        If no backbone has that name.
    """
    return backbone if isinstance(backbone, Backbone) else BACKBONES[backbone]
