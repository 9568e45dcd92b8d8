"""Plain torchvision state dicts, with the head they were trained with, as networks of ours."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from texturekit import events
from texturekit.deep.backbones import Backbone, find_backbone
from texturekit.deep.foreign import Found, find, without_root
from texturekit.deep.heads import with_head
from texturekit.deep.networks import build_body, fill, read_checkpoint
from texturekit.deep.settings import Head, Settings
from texturekit.deep.trained import Facts, Network
from texturekit.deep.weights import Weights
from texturekit.errors import ParameterError, WeightsFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from texturekit.records import Kind

    Values = dict[str, torch.Tensor]
    Layer = tuple[torch.Tensor, torch.Tensor]

_STAGE = "importing a checkpoint"
#: Where files say the names of their classes.
CLASS_KEYS = ("classes", "class_names", "labels", "class_to_idx", "idx_to_class")
#: Why a head of these architectures is none of ours.
_OTHER_HEADS = {
    "squeezenet": "a ReLU stands behind its last layer",
    "mobilenet": "its classifier has a Hardswish",
    "convnext": "its classifier has a layer norm",
    "vit": "its classifier looks at the class token, not at the map",
}


@dataclass(frozen=True)
class Checkpoint:
    """What a file of named weights holds.

    Attributes
    ----------
    path : Path
    values : dict of str to Tensor
        The weights, by torchvision's names.
    classes : tuple of str or None
        The classes in the order of the outputs, if the file names them itself.
    """

    path: Path
    values: dict[str, torch.Tensor]
    classes: tuple[str, ...] | None

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read a file; nothing in it is executed.

        Raises
        ------
        WeightsFileError
            If it is missing, damaged, or holds something else than weights.
        """
        if not path.is_file():
            raise WeightsFileError(f"there is no checkpoint {str(path)!r}; check the path.")
        values, rest = read_checkpoint(path, frozenset(CLASS_KEYS))
        found = (_names(rest[key]) for key in CLASS_KEYS if key in rest)
        return cls(path, values, next((names for names in found if names is not None), None))


def _names(told: Any) -> tuple[str, ...] | None:
    """Return names in the order of their outputs from a list, or from a dict either way round."""
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except RecursionError:
            return None
        except ValueError:
            return tuple(name.strip() for name in told.split(","))
    if isinstance(told, dict):
        pairs = [(v, k) if isinstance(v, int) else (k, v) for k, v in told.items()]
        if not all(isinstance(name, str | int) for _, name in pairs):
            return None
        try:
            return tuple(str(name) for _, name in sorted((int(n), name) for n, name in pairs))
        except (TypeError, ValueError):
            return None
    if isinstance(told, (list, tuple)) and all(isinstance(name, str) for name in told):
        return tuple(told)
    return None


def network_of(
    checkpoint: Checkpoint,
    backbone: str | Backbone,
    classes: Sequence[str],
    kind: Kind,
    *,
    size: int = 224,
    order: Sequence[int] | None = None,
) -> Network:
    """Build the network that a checkpoint is of.

    Parameters
    ----------
    checkpoint : Checkpoint
    backbone : str or Backbone
        ``resnet18``, ``resnet50``, ``densenet121``, ``efficientnet_b0``, with one linear layer
        behind the mean of the map, or ``vgg11``, ``vgg16`` with any number of hidden layers. A
        ResNet or a VGG may stand inside another module, or beside a last layer of another name.
    classes : sequence of str
        Names of the network's classes, after sorting by ``order``.
    kind : {"binary", "multiclass", "multilabel"}
    size : int, default 224
        Side of the pictures it was trained on.
    order : sequence of int, optional
        Which output of the file each class is; by default they stand in order.

    Returns
    -------
    Network
        It gives the same probabilities as torchvision's own module in evaluation mode; one output
        for two classes is the second one's logit.

    Raises
    ------
    WeightsFileError
        If the file is of another network or another number of classes, holds a number that is not
        finite, or does not say how its layers are put together.
    ParameterError
        If such a network's head cannot be taken over, or the size does not go with it.
    """
    card = find_backbone(backbone)
    where = str(checkpoint.path)
    _refuse_head(card)
    body = build_body(card, Weights("to be filled", "random"))
    found = _found(card, list(body.state_dict()), checkpoint.values, where)
    layers = [(weight, bias) for _, weight, bias in found.layers]
    if not found.layers[-1][0].startswith(("fc", "classifier")):
        events.note(_STAGE, f"the trained head is {found.layers[-1][0]!r} in {where!r}.")
    if len(layers[-1][0]) == 1 and len(classes) == 2 and kind == "binary":
        layers[-1] = _two_outputs(*layers[-1])
        logit = classes[1 if order is None else list(order).index(1)]
        events.warn(
            _STAGE,
            f"{where!r} has one output; it is taken as the logit of {logit!r} (sigmoid). "
            " If it stands for the other class, every prediction is wrong.",
        )
    outputs = len(layers[-1][0])
    if outputs != len(classes):
        raise WeightsFileError(
            f"{where!r} has {outputs} outputs, but {len(classes)} classes are named "
            f"({', '.join(classes)}); name each output once, in the order of the outputs."
        )
    head = _head(card, layers, size, where)
    module = with_head(body, card, outputs, head, (size, size), seed=0)
    names = [*(f"hidden{k}" for k in range(1, len(layers))), "head"]
    taken = {
        f"{name}.{part}": value
        for name, layer in zip(names, layers, strict=True)
        for part, value in zip(("weight", "bias"), layer, strict=True)
    }
    if order is not None:
        taken |= {f"head.{part}": taken[f"head.{part}"][list(order)] for part in ("weight", "bias")}
    fill(module, {**{f"body.{name}": value for name, value in found.body.items()}, **taken}, where)
    facts = Facts(
        backbone=card.name,
        classes=tuple(classes),
        kind=kind,
        trained=(True,) * outputs,
        size=(size, size),
        mean=card.mean,
        std=card.std,
        weights=f"imported from {checkpoint.path.name}",
        best_epoch=0,
        history=(),
        settings=Settings(head=head),
    )
    return Network(module.to(memory_format=torch.channels_last), facts)


def _refuse_head(card: Backbone) -> None:
    family = re.match("[a-z]+", card.architecture)
    known = family[0] if family else ""
    if known in _OTHER_HEADS:
        raise ParameterError(
            f"the head of {card.name} cannot be taken over: {_OTHER_HEADS[known]}. Load the file "
            f"as weights (--weights FILE) and train {card.name}/finetune."
        )


def _found(card: Backbone, wanted: list[str], values: Values, where: str) -> Found:
    """Find body and head; a DenseNet or EfficientNet may stand inside another module, only whole.

    Between their map and their head stands what a module of one's own may do otherwise.
    """
    if card.architecture.startswith(("resnet", "vgg")):
        return find(card, wanted, values, where)
    values = without_root(values, wanted[0])
    layer = "classifier" if card.architecture.startswith("densenet") else "classifier.1"
    parts = [f"{layer}.weight", f"{layer}.bias"]
    if any(name not in values for name in parts) or values[parts[0]].ndim != 2:
        heads = sorted(name for name in values if name.startswith(("fc", "classifier", "head")))
        raise WeightsFileError(
            f"{where!r} has no head of {card.name}: {', '.join(parts)} are wanted, "
            f"{', '.join(heads[:4]) or 'nothing of the kind'} is there; choose the backbone that "
            "it was made for, and the plain state dict."
        )
    body = {name: value for name, value in values.items() if name not in parts}
    return Found(body, ((layer, values[parts[0]], values[parts[1]]),))


def _head(card: Backbone, layers: Sequence[Layer], size: int, where: str) -> Head:
    """Return what stands behind the map; a VGG looks at each number of a map of 7 x 7."""
    if not card.architecture.startswith("vgg"):
        return Head(dropout=0)
    if size // 32 != 7:
        raise ParameterError(
            f"the head of {card.name} looks at maps of 7 x 7, which pictures of {size} pixels do "
            "not give; torchvision then averages them, which is not taken over. Give --resize 224."
        )
    numbers, wanted = layers[0][0].shape[1], card.width * 49
    if numbers != wanted:
        raise WeightsFileError(
            f"{where!r}: the first layer of the head takes {numbers} numbers, but a map of "
            f"{card.name} has {wanted}; how it was made smaller is not in a state dict."
        )
    hidden = tuple(len(weight) for weight, _ in layers[:-1])
    return Head(pooling="flatten", hidden=hidden, dropout=0.5 if hidden else 0)


def _two_outputs(weight: torch.Tensor, bias: torch.Tensor) -> Layer:
    """Return a layer whose softmax is the sigmoid of the given layer's output."""
    return torch.cat([torch.zeros_like(weight), weight]), torch.cat([torch.zeros_like(bias), bias])
