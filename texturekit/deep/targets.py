"""What a network is asked to predict, from which pictures, and how wrong it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import torch
from torch.nn import functional

from texturekit.deep.loading import PictureSequence, batches, in_memory, normalised
from texturekit.errors import ParameterError, UnknownNameError
from texturekit.records import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from texturekit.deep.backbones import Backbone

KINDS: tuple[Kind, ...] = get_args(Kind)


def known_kind(kind: str) -> Kind:
    """Return the kind of labels that a word names.

    Raises
    ------
    UnknownNameError
        If it names none.
    """
    for known in KINDS:
        if kind == known:
            return known
    raise UnknownNameError("kind of labels", kind, KINDS)


def encoded(labels: NDArray[Any], kind: Kind, classes: int, pictures: int) -> torch.Tensor:
    """Check labels and return them as a tensor.

    Parameters
    ----------
    labels : (n,) int or (n, classes) float
        Indices into the classes; for multi-label data 0, 1, or nan where it is not known.
    kind : {"binary", "multiclass", "multilabel"}
        What the labels are.
    classes, pictures : int
        How many of each there are.

    Returns
    -------
    (n,) int64 or (n, classes) float32

    Raises
    ------
    ParameterError
        If the shape or a value is not as above.
    """
    values = np.asarray(labels)
    wanted = (pictures, classes) if kind == "multilabel" else (pictures,)
    if values.shape != wanted:
        raise ParameterError(
            f"labels have shape {values.shape}; {pictures} pictures with {classes} {kind} classes "
            f"want {wanted}."
        )
    if kind == "multilabel":
        bad = values[~(np.isnan(values) | np.isin(values, (0, 1)))]
        if bad.size:
            raise ParameterError(f"a multi-label value is {bad[0]}; it may be 0, 1 or nan.")
        return torch.from_numpy(values.astype(np.float32))
    if values.dtype.kind not in "iu" or values.min() < 0 or values.max() >= classes:
        raise ParameterError(
            f"labels are {values.dtype} from {values.min()} to {values.max()}; they want to be "
            f"whole numbers from 0 to {classes - 1}."
        )
    return torch.from_numpy(values.astype(np.int64))


def learnable(targets: torch.Tensor, kind: Kind, classes: int) -> tuple[bool, ...]:
    """Tell which outputs training can say something about.

    All of a binary or multi-class network; of a multi-label one those with both values known.

    Raises
    ------
    ParameterError
        If there is nothing to tell apart.
    """
    if kind != "multilabel":
        if targets.min() == targets.max():
            raise ParameterError(
                f"all {len(targets)} training pictures have one class; training wants two or more."
            )
        return (True,) * classes
    both = ((targets == 0).any(dim=0) & (targets == 1).any(dim=0)).tolist()
    if not any(both):
        raise ParameterError(
            "no label has both values among the training pictures; training wants at least one."
        )
    return tuple(both)


@dataclass(frozen=True)
class Loss:
    """Cross entropy in which every class, or either value of a label, weighs the same.

    Attributes
    ----------
    kind : {"binary", "multiclass", "multilabel"}
        What the labels are.
    weight : (classes,) float32
        Weight of a class; for multi-label data the weight of a 1 beside a 0.
    """

    kind: Kind
    weight: torch.Tensor

    @classmethod
    def balanced(cls, targets: torch.Tensor, kind: Kind, classes: int) -> Loss:
        """Take the weights from the training labels."""
        if kind == "multilabel":
            ones, zeros = (targets == 1).sum(dim=0), (targets == 0).sum(dim=0)
            ratio = (zeros / ones.clamp(min=1)).clamp(0.1, 10.0)
            return cls(kind, torch.where((ones > 0) & (zeros > 0), ratio, torch.ones(())))
        counts = torch.bincount(targets, minlength=classes)
        return cls(kind, len(targets) / (counts.clamp(min=1) * int((counts > 0).sum())))

    def __call__(
        self, logits: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weighted sum over what is known, and the sum of the weights."""
        weight = self.weight.to(logits.device)
        if self.kind == "multilabel":
            known = ~targets.isnan()
            each = functional.binary_cross_entropy_with_logits(
                logits, targets.nan_to_num(), reduction="none", pos_weight=weight
            )
            return (each * known).sum(), known.sum().to(each.dtype)
        each = functional.cross_entropy(logits, targets, reduction="none")
        return (each * weight[targets]).sum(), weight[targets].sum()


@dataclass(frozen=True)
class Part:
    """Pictures with their targets.

    Attributes
    ----------
    source : sequence of (H, W, 3) uint8
        Decoded once where they fit in memory.
    targets : Tensor
        See `encoded`.
    card : Backbone
        Who looks at them.
    """

    source: PictureSequence
    targets: torch.Tensor
    card: Backbone

    @classmethod
    def of(
        cls,
        pictures: PictureSequence,
        labels: NDArray[Any],
        kind: Kind,
        classes: int,
        card: Backbone,
    ) -> Part:
        """Check the labels, and decode the pictures if they fit."""
        if not len(pictures):
            raise ParameterError("there are no pictures; training wants some of each class.")
        targets = encoded(labels, kind, classes, len(pictures))
        block = in_memory(pictures, card)
        return cls(pictures if block is None else block, targets, card)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        height, width = self.source[0].shape[:2]
        return height, width

    @property
    def known(self) -> bool:
        """Whether any label is known."""
        return not bool(self.targets.isnan().all())

    def mean_loss(self, module: nn.Module, loss: Loss, device: torch.device) -> float:
        """Return the loss over all pictures, without learning from it."""
        module.eval()
        total, weight = 0.0, 0.0
        with torch.inference_mode():
            for rows, block in batches(self.source, range(len(self.targets)), 8, self.card):
                logits = module(normalised(block, self.card, device))
                part, known = loss(logits, self.targets[rows].to(device))
                total, weight = total + float(part), weight + float(known)
        return total / weight
