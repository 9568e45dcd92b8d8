"""A network with the head that it was published with: nothing is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from texturekit import events
from texturekit.deep.backbones import find_backbone
from texturekit.deep.converted import check_origin
from texturekit.deep.heads import with_head
from texturekit.deep.networks import build_body, fill, read_state
from texturekit.deep.settings import Head
from texturekit.deep.weights import Weights
from texturekit.errors import ModelError, WeightsFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from texturekit.deep.backbones import Backbone

_HEAD = ("classifier.weight", "classifier.bias")


def build_with_own_head(backbone: str | Backbone, weights: Weights) -> nn.Sequential:
    """Build a network with its own trained outputs.

    Parameters
    ----------
    backbone : str or Backbone
        One whose card has outputs: ``"densenet121-res224-mimic_nb"``.
    weights : Weights
        Of a file that holds the head, too.

    Returns
    -------
    torch.nn.Sequential
        Body, pooling, flatten, dropout (of nothing), and a Linear head: (n, 1, H, W) to
        (n, outputs) logits, in the order of the card.

    Raises
    ------
    WeightsError
        If the weights are random, lack the head or belong to another network.
    """
    card = find_backbone(backbone)
    if weights.path is None:
        raise WeightsFileError(
            f"{card.name}'s own outputs need its own weights, but they are {weights.label}; use "
            "--weights pretrained, or the path of a converted file."
        )
    values = read_state(weights.path)
    _check_origin(card, weights)
    if any(name not in values for name in _HEAD):
        raise WeightsFileError(
            f"{str(weights.path)!r} holds no classifier, so that {card.name} has no outputs of its "
            "own; convert the published file anew."
        )
    body = build_body(card, Weights(weights.label, "random"))
    module = _empty(card, body)
    head = {f"head.{name.removeprefix('classifier.')}": values.pop(name) for name in _HEAD}
    named = {f"body.{name}": value for name, value in values.items()}
    fill(module, {**named, **head}, str(weights.path))
    return module.eval().to(memory_format=torch.channels_last)


def _empty(card: Backbone, body: nn.Sequential) -> nn.Sequential:
    return with_head(body, card, len(card.outputs), Head(dropout=0), (card.size,) * 2, seed=0)


def _check_origin(card: Backbone, weights: Weights) -> None:
    path = weights.path
    if path is None or path.suffix != ".safetensors":
        said = f"{weights.label} does not say which network it is of; {card.name} is believed."
        events.warn(f"{card.name} weights", said)
        return
    check_origin(path, card)


def restored(backbone: str, state: Mapping[str, NDArray[Any]]) -> nn.Sequential:
    """Build a network with its own head from its numbers by name.

    Raises
    ------
    ModelError
        If a number's name, shape or value is not right.
    """
    card = find_backbone(backbone)
    module = _empty(card, build_body(card, Weights("to be filled", "random")))
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
    fill(module, tensors, f"network {card.name}", ModelError)
    return module.eval().to(memory_format=torch.channels_last)
