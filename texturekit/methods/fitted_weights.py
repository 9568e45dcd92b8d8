"""Whether a saved model has the weights and the network that it was fitted with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from texturekit.errors import ModelError
from texturekit.methods.grammar import parse_method

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from texturekit.deep.training import Network
    from texturekit.measurement import Work
    from texturekit.methods.model import Model


def weights_of(work: Work) -> dict[str, Any]:
    """Return label and checksum of each backbone's weights, for ``model.json``."""
    return {
        name: {"label": found.label, "sha256": found.sha256} for name, found in work.weights.items()
    }


def start_of(model: Model) -> dict[str, str]:
    """Return by backbone which weights a model rests on: those its training began with.

    Empty for a model without a network.
    """
    from texturekit.methods.heads import HeadLearner
    from texturekit.methods.learners import PictureLearner

    learner, parts = model.learner, model.method.parts
    if isinstance(learner, PictureLearner) and learner.network is not None:
        return {parts[0].name: learner.network.facts.weights}
    if isinstance(learner, HeadLearner):
        return {} if learner.weights is None else {parts[0].name: learner.weights.label}
    told = model.training.get("weights") or {}
    return {name: str(found["label"]) for name, found in told.items()}


def check_weights(known: Mapping[str, Any], work: Work) -> None:
    """Refuse other weights than at fitting, wherever their file lies.

    Raises
    ------
    ModelError
        If a backbone's are others; a model that does not say which they were is believed.
    """
    for name, found in weights_of(work).items():
        fitted = known.get(name, found)
        same = "sha256" if found["sha256"] and fitted["sha256"] else "label"
        if found[same] != fitted[same]:
            raise ModelError(
                f"this model was fitted on what {name} saw with weights {fitted['label']!r}, but "
                f"here are {found['label']!r}; give the same weights (--weights PATH)."
            )


def check_network(network: Network, facts: dict[str, Any], folder: Path) -> None:
    """See that the description is of this network: else its outputs get wrong names.

    Raises
    ------
    ModelError
        If backbone, kind, number or names of the classes, or the size are not the network's.
    """
    side = facts["preprocessing"]["size"]
    backbone = parse_method(facts["method"]).parts[0].name
    told = [backbone, facts["kind"], len(facts["classes"]), [side, side]]
    own = network.facts
    found = [own.backbone, own.kind, len(own.classes), list(own.size)]
    for what, one, other in zip(("backbone", "kind", "classes", "size"), told, found, strict=True):
        if one != other:
            raise ModelError(
                f"{folder}/model.json says {what} {one}, but net.safetensors is of {what} "
                f"{other}; copy the whole folder anew."
            )
    named = list(own.classes) != [str(k) for k in range(len(own.classes))]
    if named and list(own.classes) != facts["classes"]:
        raise ModelError(
            f"{folder}/model.json names the classes {', '.join(facts['classes'])}, but the outputs "
            f"of net.safetensors are {', '.join(own.classes)}; copy the whole folder anew."
        )
