"""Plain torchvision state dicts, with the head they were trained with, as networks of ours."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from texturekit.deep.backbones import Backbone, find_backbone
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

#: Where files say the names of their classes.
CLASS_KEYS = ("classes", "class_names", "labels", "class_to_idx", "idx_to_class")
_LINEAR = {"resnet": "fc", "densenet": "classifier", "efficientnet": "classifier.1"}
#: Why a head of these architectures is none of ours.
_OTHER_HEADS = {
    "squeezenet": "a ReLU stands behind its last layer",
    "mobilenet": "its classifier has a Hardswish",
    "convnext": "its classifier has a layer norm",
    "vit": "its classifier looks at the class token, not at the map",
}
_VGG_LAYER = re.compile(r"classifier\.(\d+)\.weight")


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
        behind the mean of the map, or ``vgg11``, ``vgg16`` with their two hidden layers.
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
        It gives the same probabilities as torchvision's own module in evaluation mode.

    Raises
    ------
    WeightsFileError
        If the file is of another network or another number of classes, or holds a number that is
        not finite.
    ParameterError
        If such a network's head cannot be taken over, or the size does not go with it.
    """
    card = find_backbone(backbone)
    values, where = dict(checkpoint.values), str(checkpoint.path)
    layers = _layers(card, values, where)
    outputs = len(values[f"{layers[-1]}.weight"])
    if outputs != len(classes):
        raise WeightsFileError(
            f"{where!r} has {outputs} outputs, but {len(classes)} classes are named "
            f"({', '.join(classes)}); name each output once, in the order of the outputs."
        )
    head = Head(dropout=0)
    if len(layers) > 1:
        hidden = tuple(len(values[f"{layer}.weight"]) for layer in layers[:-1])
        head = Head(pooling="flatten", hidden=hidden, dropout=0.5)
    body = build_body(card, Weights("to be filled", "random"))
    module = with_head(body, card, outputs, head, (size, size), seed=0)
    names = [*(f"hidden{k}" for k in range(1, len(layers))), "head"]
    taken = {}
    for layer, name in zip(layers, names, strict=True):
        for part in ("weight", "bias"):
            taken[f"{name}.{part}"] = values.pop(f"{layer}.{part}")
    if order is not None:
        taken |= {f"head.{part}": taken[f"head.{part}"][list(order)] for part in ("weight", "bias")}
    fill(module, {**{f"body.{name}": value for name, value in values.items()}, **taken}, where)
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


def _layers(card: Backbone, values: dict[str, torch.Tensor], where: str) -> list[str]:
    """Return the names of the head's linear layers, in order."""
    family = re.match("[a-z]+", card.architecture)
    known = family[0] if family else ""
    if known in _OTHER_HEADS:
        raise ParameterError(
            f"the head of {card.name} cannot be taken over: {_OTHER_HEADS[known]}. Load the file "
            f"as weights (--weights FILE) and train {card.name}/finetune."
        )
    if known == "vgg":
        places = sorted(int(m[1]) for name in values if (m := _VGG_LAYER.fullmatch(name)))
        layers = [f"classifier.{place}" for place in places]
    else:
        layers = [_LINEAR[known]]
    wanted = [f"{layer}.{part}" for layer in layers or ["classifier.0"] for part in _PARTS]
    shapes = [values[f"{layer}.weight"].ndim for layer in layers if f"{layer}.weight" in values]
    if not layers or any(name not in values for name in wanted) or set(shapes) != {2}:
        heads = sorted(name for name in values if name.startswith(("fc", "classifier", "head")))
        raise WeightsFileError(
            f"{where!r} has no head of {card.name}: {', '.join(wanted)} are wanted, "
            f"{', '.join(heads[:4]) or 'nothing of the kind'} is there; choose the backbone that "
            "it was made for, and the plain state dict."
        )
    return layers


_PARTS = ("weight", "bias")
