"""How many numbers a network has, without making any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.heads import trainable, with_head
from texturekit.deep.networks import build_body
from texturekit.deep.weights import Weights
from texturekit.records import Record

if TYPE_CHECKING:
    from texturekit.deep.settings import Settings


class Counts(Record):
    """The size of a network.

    Attributes
    ----------
    parameters, trainable_parameters : int
        All numbers but batch statistics, and those of them that training changes.
    head : tuple of (int, int)
        Numbers in and out of each layer behind the body.
    """

    parameters: int
    trainable_parameters: int
    head: tuple[tuple[int, int], ...]


def count(backbone: str, outputs: int, settings: Settings, size: tuple[int, int]) -> Counts:
    """Count the numbers of a network that is to be trained.

    Parameters
    ----------
    backbone : str
        A name in ``texturekit.deep.BACKBONES``.
    outputs : int
        Number of classes.
    settings : Settings
        Its head, and whether the body is frozen.
    size : (int, int)
        Height and width of the pictures.

    Raises
    ------
    ParameterError
        If pictures of that size are too small for the body.

    Examples
    --------
    >>> from texturekit.deep.settings import Head, Settings
    >>> frozen = Settings(frozen=True, head=Head(pooling="flatten"))
    >>> count("resnet50", 4, frozen, (100, 100)).trainable_parameters
    131076
    """
    card = BACKBONES[backbone]
    with torch.device("meta"):
        body = build_body(card, Weights("none: counted only", "random"))
        module = with_head(body, card, outputs, settings.head, size, seed=0)
    body.requires_grad_(not settings.frozen)
    layers = [m for name, m in module.named_children() if name != "body"]
    return Counts(
        parameters=sum(value.numel() for value in module.parameters()),
        trainable_parameters=trainable(module),
        head=tuple(
            (m.in_features, m.out_features) for m in layers if isinstance(m, torch.nn.Linear)
        ),
    )
