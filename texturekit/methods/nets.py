"""The network inside a model, and which of its outputs may be asked for an explanation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from texturekit import events
from texturekit.data.pictures import Pictures
from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ModelError, ParameterError, UnknownNameError
from texturekit.methods.deciding import Decision
from texturekit.methods.grammar import parse_method
from texturekit.methods.heads import HeadLearner, plain
from texturekit.methods.learners import PictureLearner, Settings, TableLearner
from texturekit.methods.model import Model, Preprocessing
from texturekit.methods.persistence import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from texturekit.data.manifest import Manifest
    from texturekit.deep.backbones import Backbone

_MOST_COLUMNS = 5


class Outputs(Protocol):
    """What can be asked for an explanation: some outputs, by name."""

    @property
    def name(self) -> str:
        """The method."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the outputs."""

    @property
    def positive(self) -> str | None:
        """The positive class of a binary model."""

    @property
    def trained(self) -> NDArray[np.bool_]:
        """Which outputs mean anything."""


@dataclass(frozen=True, eq=False)
class Net:
    """A network that is ready to be explained.

    Attributes
    ----------
    name : str
        The method: ``"resnet18/finetune"``.
    module : torch.nn.Sequential
        Body, and what leads from its last feature map to one logit an output.
    card : Backbone
    classes : tuple of str
        Names of the outputs.
    kind : {"binary", "multiclass", "multilabel"}
    positive : str or None
        The positive class of a binary model.
    trained : (outputs,) bool
        Which outputs mean anything.
    preprocessing : Preprocessing
    weights : str
        What the network started from.
    decision : Decision
        Calibrates its probabilities, if anything was calibrated.
    """

    name: str
    module: nn.Sequential
    card: Backbone
    classes: tuple[str, ...]
    kind: str
    positive: str | None
    trained: NDArray[np.bool_]
    preprocessing: Preprocessing
    weights: str
    decision: Decision = field(default_factory=Decision)

    def pictures(self, manifest: Manifest) -> Pictures:
        """Return images as the network sees them."""
        how = self.preprocessing
        return Pictures(
            manifest, size=how.size, roi=how.roi, window=how.window, view=self.card.view
        )

    def probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, outputs) probabilities from (n, outputs) logits."""
        if self.kind == "multilabel":
            return self.decision.probabilities(0.5 * (1 + np.tanh(0.5 * logits)), self.kind)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        raw = np.asarray(powers / powers.sum(axis=1, keepdims=True))
        return self.decision.probabilities(raw, self.kind)


def net_of(model: Model | str | Path, *, weights: str = "auto", seed: int = 0) -> Net:
    """Return the network inside a model.

    Parameters
    ----------
    model : Model, or path or name
        A fitted model, its folder, or the name of a backbone that has trained outputs.
    weights : str, default "auto"
        For a backbone's name.
    seed : int, default 0

    Raises
    ------
    ModelError
        If the model learns from a table, or the folder cannot be trusted.
    UnknownNameError
        If there is neither such a folder nor such a backbone.
    WeightsError
        If a backbone's own weights are not at hand.
    """
    if not isinstance(model, Model):
        name = str(model).removesuffix("/head")
        if name in BACKBONES and not Path(model).exists():
            return _of_head(_own_head(name, weights, seed), None, Preprocessing(seed=seed))
        model = _found(model, weights)
    net = net_in(model.learner, model.classes, model.positive, model.preprocessing, model.decision)
    if net is None:
        raise ModelError(_no_net(model))
    return net


def net_in(
    learner: object,
    classes: Sequence[str],
    positive: str | None,
    preprocessing: Preprocessing,
    decision: Decision,
) -> Net | None:
    """Return the network inside a fitted learner; None where there is none.

    Parameters
    ----------
    learner : PriorLearner, TableLearner, PictureLearner or HeadLearner
    classes : sequence of str
        Of the task.
    positive : str or None
        The positive class of two.
    preprocessing : Preprocessing
    decision : Decision

    Returns
    -------
    Net or None
    """
    if isinstance(learner, HeadLearner):
        return _of_head(learner, positive, preprocessing)
    network = learner.network if isinstance(learner, PictureLearner) else None
    if network is None or not isinstance(learner, PictureLearner):
        return None
    facts = network.facts
    return Net(
        learner.method.name, network.module, network.backbone, tuple(classes), learner.kind,
        positive, np.array(facts.trained, dtype=bool), preprocessing, facts.weights, decision,
    )  # fmt: skip


def _of_head(learner: HeadLearner, positive: str | None, how: Preprocessing) -> Net:
    """Return a network with its own outputs, by its own names; it sees its own size."""
    if learner.module is None or learner.weights is None:
        raise ModelError(f"{learner.method.name} is not loaded; call fit first.")
    card = learner.card
    labels = tuple(output.label for output in card.outputs)
    return Net(
        learner.method.name, learner.module, card, labels, "multilabel",
        next((label for label in labels if positive and plain(label) == plain(positive)), None),
        np.array([output.trained for output in card.outputs]), replace(how, size=card.size),
        learner.weights.label,
    )  # fmt: skip


def _own_head(name: str, weights: str, seed: int) -> HeadLearner:
    card = BACKBONES[name]
    if not card.outputs:
        raise ModelError(
            f"the outputs of {name} are the 1,000 classes of ImageNet and say nothing of medical "
            f"images; train {name}/finetune, and name the model's folder."
        )
    settings = Settings(seed=seed, weights=weights)
    return HeadLearner(
        parse_method(f"{name}/head"), "multilabel", tuple(card.trained), settings
    ).load()


def _found(model: str | Path, weights: str) -> Model:
    if weights != "auto":
        raise ParameterError(
            f"weights is {weights!r}, but {str(model)!r} is a model's folder, which holds its own; "
            "leave weights out."
        )
    if not Path(model).exists():
        heads = [name for name, card in BACKBONES.items() if card.outputs]
        raise UnknownNameError(
            "model folder, or backbone with outputs of its own,", str(model), heads
        )
    return load(model)


def _no_net(model: Model) -> str:
    """Say that maps are for networks, and what tells of other methods."""
    instead = "nothing in a picture moves it"
    if isinstance(model.learner, TableLearner):
        instead = "look at its columns with `texturekit show IMAGE --feature FAMILY`"
        told = model.learner.importance()
        if told is not None:
            names, values = told
            best = np.argsort(-values, kind="stable")[:_MOST_COLUMNS]
            instead = f"its most important columns are {', '.join(names[k] for k in best)}"
    part = model.method.parts[0].name
    backbone = part if part in BACKBONES else "resnet18"
    return (
        f"{model.method.name} does not look at pictures through a network to its end, so that it "
        f"has no maps; {instead}. What columns add is told by "
        f"texturekit.contributing.contributions; for maps train {backbone}/finetune."
    )


def chooser(
    net: Outputs, classes: str | Sequence[str] | None
) -> Callable[[NDArray[np.float64]], NDArray[np.intp]]:
    """Return which outputs of each picture are explained.

    Parameters
    ----------
    net : Net, or other Outputs
    classes : str, sequence of str or None
        Names; ``"all"`` for every trained one; None for the positive class of two, else the
        trained one that is most probable.

    Returns
    -------
    callable
        From (n, outputs) logits, or probabilities, to (n, k) outputs.

    Raises
    ------
    UnknownNameError
        If there is no such class.
    ParameterError
        If the label was never trained.
    """
    usable = np.flatnonzero(net.trained)
    if not usable.size:
        raise ParameterError(
            f"no output of {net.name} was trained, so there is nothing to explain."
        )
    if classes is None and net.positive is None:
        return lambda logits: usable[logits[:, usable].argmax(axis=1)][:, None]
    if classes is None:
        wanted = [net.classes.index(str(net.positive))]
    elif isinstance(classes, str) and classes == "all" and "all" not in net.classes:
        wanted = usable.tolist()
        _say_untrained(net)
    else:
        names = [classes] if isinstance(classes, str) else list(classes)
        wanted = [_output(net, name) for name in dict.fromkeys(names)]
    if not wanted:
        raise ParameterError("no class is named; name some, or leave classes out.")
    fixed = np.array(wanted, dtype=np.intp)
    return lambda logits: np.tile(fixed, (len(logits), 1))


def _say_untrained(net: Outputs) -> None:
    missing = [name for name, trained in zip(net.classes, net.trained, strict=True) if not trained]
    if missing:
        events.warn(
            "explaining images",
            f"{len(missing)} of {len(net.classes)} outputs of {net.name} were never trained and "
            f"are left out: {', '.join(missing)}.",
        )


def _output(net: Outputs, name: str) -> int:
    alike = [k for k, known in enumerate(net.classes) if plain(known) == plain(name)]
    if name in net.classes:
        output = net.classes.index(name)
    elif len(alike) == 1:
        output = alike[0]
    else:
        raise UnknownNameError("class", name, net.classes)
    if not net.trained[output]:
        known = ", ".join(np.array(net.classes)[net.trained])
        raise ParameterError(
            f"{name!r} was never trained in {net.name}, so an explanation would mean nothing; "
            f"trained: {known}."
        )
    return output
