"""What a network is asked to predict, and how wrong it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import torch
from torch.nn import functional

from texturekit.errors import ParameterError, UnknownNameError
from texturekit.records import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.deep.settings import Settings

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
    """Cross entropy, in which classes, or the two values of a label, may weigh unlike.

    Attributes
    ----------
    kind : {"binary", "multiclass", "multilabel"}
        What the labels are.
    weight : (classes,) float32
        Weight of a class; for multi-label data the weight of a 1 beside a 0.
    smoothing : float, default 0
        How far targets are drawn from 0 and 1 towards an even spread.
    """

    kind: Kind
    weight: torch.Tensor
    smoothing: float = 0.0

    @classmethod
    def of(cls, targets: torch.Tensor, kind: Kind, classes: int, settings: Settings) -> Loss:
        """Return the loss that training minimises."""
        if settings.balance == "weights":
            weight = cls.balanced(targets, kind, classes).weight
        else:
            weight = torch.ones(classes)
        return cls(kind, weight, settings.label_smoothing)

    @classmethod
    def balanced(cls, targets: torch.Tensor, kind: Kind, classes: int) -> Loss:
        """Take weights from the training labels, so that every class weighs the same."""
        if kind == "multilabel":
            ones, zeros = (targets == 1).sum(dim=0), (targets == 0).sum(dim=0)
            ratio = (zeros / ones.clamp(min=1)).clamp(0.1, 10.0)
            return cls(kind, torch.where((ones > 0) & (zeros > 0), ratio, torch.ones(())))
        counts = torch.bincount(targets, minlength=classes)
        return cls(kind, len(targets) / (counts.clamp(min=1) * int((counts > 0).sum())))

    def plain(self) -> Loss:
        """Return the same loss without smoothing: what validation is judged by."""
        return replace(self, smoothing=0.0)

    def total(self, targets: torch.Tensor) -> torch.Tensor:
        """Return the sum of the weights of what is known."""
        if self.kind == "multilabel":
            return (~targets.isnan()).sum().to(torch.float32)
        return self.weight.to(targets.device)[targets].sum()

    def __call__(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the weighted sum over what is known; `total` is what to divide it by."""
        weight = self.weight.to(logits.device)
        if self.kind == "multilabel":
            known = ~targets.isnan()
            each = functional.binary_cross_entropy_with_logits(
                logits,
                targets.nan_to_num() * (1 - self.smoothing) + self.smoothing / 2,
                reduction="none",
                pos_weight=weight,
            )
            return (each * known).sum()
        each = functional.cross_entropy(
            logits, targets, reduction="none", label_smoothing=self.smoothing
        )
        return (each * weight[targets]).sum()


def drawing_weights(targets: torch.Tensor, kind: Kind) -> torch.Tensor:
    """Return how often to draw each picture, so that every class is drawn equally often.

    For multi-label data the mean over a picture's known labels, each counted so that its two
    values come equally often; pictures without a known label are not drawn.

    Examples
    --------
    >>> drawing_weights(torch.tensor([0, 0, 0, 1]), "binary")
    tensor([0.1667, 0.1667, 0.1667, 0.5000])
    """
    if kind != "multilabel":
        counts = torch.bincount(targets)
        return 1 / (counts[targets] * int((counts > 0).sum()))
    ones, known = targets == 1, ~targets.isnan()
    counts = torch.where(ones, ones.sum(dim=0), (targets == 0).sum(dim=0))
    each = torch.where(known, 1 / counts.clamp(min=1), 0.0)
    weights = each.sum(dim=1) / known.sum(dim=1).clamp(min=1)
    return weights / weights.sum()


def score(logits: torch.Tensor, targets: torch.Tensor, kind: Kind) -> float | None:
    """Return the share of right answers; for multi-label data the mean area under the ROC curve.

    Over the labels of which both values are known; None if there is no such label.

    Examples
    --------
    >>> score(torch.tensor([[2.0, 1.0], [0.0, 1.0]]), torch.tensor([0, 0]), "binary")
    0.5
    """
    if kind != "multilabel":
        return float((logits.argmax(dim=1) == targets).double().mean())
    areas = [
        _area(column[~target.isnan()], target[~target.isnan()] == 1)
        for column, target in zip(logits.T, targets.T, strict=True)
    ]
    known = [area for area in areas if area is not None]
    return sum(known) / len(known) if known else None


def _area(scores: torch.Tensor, positive: torch.Tensor) -> float | None:
    from scipy.stats import rankdata

    ones, zeros = int(positive.sum()), int((~positive).sum())
    if not ones or not zeros:
        return None
    ranks = rankdata(scores.numpy())[positive.numpy()].sum()
    return float((ranks - ones * (ones + 1) / 2) / (ones * zeros))
