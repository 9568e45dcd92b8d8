"""What a fitted method says of images, the same to the bit whatever stands beside them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.data.splits import inner_split
from texturekit.errors import ParameterError
from texturekit.methods.heads import HeadLearner
from texturekit.methods.learners import Inputs, PictureLearner, PriorLearner, TableLearner
from texturekit.methods.novelty import HELD_OUT, Novelty, learn_novelty

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.methods.deciding import Decision
    from texturekit.methods.grammar import Method

    Floats = NDArray[np.float64]
    Learner = PriorLearner | TableLearner | PictureLearner | HeadLearner


@dataclass(frozen=True)
class Judged:
    """What a learner says of some images.

    Attributes
    ----------
    probabilities : (n, classes) float64
        NaN where an image could not be used.
    features : (n, d) float64 or None
        What a detector looks at; None for a learner that looks at no image.
    failures : dict of int to str
        Images that could not be used, and why.
    """

    probabilities: Floats
    features: Floats | None
    failures: dict[int, str] = field(default_factory=dict)


def judge(
    learner: Learner, inputs: Inputs, *, device: str = "auto", decision: Decision | None = None
) -> Judged:
    """Return the probabilities and the features of some images.

    Parameters
    ----------
    learner : PriorLearner, TableLearner, PictureLearner or HeadLearner
        Fitted.
    inputs : Inputs
    device : {"auto", "cpu", "cuda"}, default "auto"
        For networks.
    decision : Decision, optional
        Calibrates the probabilities, if anything was calibrated.
    """
    found = _judge(learner, inputs, device)
    if decision is None:
        return found
    return replace(found, probabilities=decision.probabilities(found.probabilities, learner.kind))


def _judge(learner: Learner, inputs: Inputs, device: str) -> Judged:
    if isinstance(learner, PictureLearner):
        return _look(learner, inputs, device)
    if isinstance(learner, HeadLearner):
        told, seen = learner.judged(inputs, device=device)
        return Judged(told, seen.features, seen.failures)
    if isinstance(learner, TableLearner):
        return Judged(learner.predict_proba(inputs), columns(learner.method, inputs))
    return Judged(learner.predict_proba(inputs), None)


def columns(method: Method, inputs: Inputs) -> Floats:
    """Return the columns of a table method side by side, (n, d) float64."""
    return np.hstack([inputs.blocks[name] for name in method.blocks])


def _look(learner: PictureLearner, inputs: Inputs, device: str) -> Judged:
    from texturekit.deep.looking import look, probabilities

    network = learner.network
    if network is None or inputs.pictures is None:
        raise ParameterError("this network is not trained, or got no pictures; call fit first.")
    seen = look(
        network.module, network.backbone, inputs.pictures, outputs=learner.classes, device=device
    )
    return Judged(probabilities(network, seen.logits), seen.features, seen.failures)


def features_of(learner: Learner, inputs: Inputs, *, device: str = "auto") -> Floats | None:
    """Return what a detector looks at, as `Judged.features`; None for one that sees no image."""
    if isinstance(learner, TableLearner):
        return columns(learner.method, inputs)
    return judge(learner, inputs, device=device).features


def novelty_of(
    learner: Learner,
    features: Floats | None,
    labels: NDArray[Any],
    groups: NDArray[Any] | None,
    *,
    seed: int,
) -> Novelty:
    """Return the detector that goes with a learner fitted on these images.

    A network's looks at the mean of its last feature map; images that decided when to stop its
    training set the threshold. Any other looks at the method's columns. There, and where a network
    was not trained here, a fifth of the patients sets the threshold.

    Parameters
    ----------
    learner : PriorLearner, TableLearner, PictureLearner or HeadLearner
        Fitted.
    features : (n, d) float64 or None
        `features_of` the images that it was fitted on.
    labels, groups :
        Of these images.
    seed : int
        Of the split.
    """
    if features is None or learner_is_blind(learner):
        return Novelty(reason="this baseline looks at no pixel")
    kind = learner.kind
    if isinstance(learner, PictureLearner):
        held_out = learner.held_out
    else:
        _, held_out = inner_split(labels, groups, kind, fraction=HELD_OUT, seed=seed)
    table = isinstance(learner, TableLearner)
    what = "the method's columns" if table else "mean of the last feature map"
    return learn_novelty(features, labels, groups, kind=kind, held_out=held_out, what=what)


def learner_is_blind(learner: Learner) -> bool:
    """Tell whether a learner sees no pixel, so that no image can be unusual for it."""
    if isinstance(learner, PriorLearner):
        return True
    return learner.method.family == "baseline"
