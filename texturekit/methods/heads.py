"""A backbone's own trained outputs as a method: nothing is fitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ImageError, ModelError, ParameterError, WeightsError, WeightsFileError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from texturekit.data.pictures import Pictures
    from texturekit.deep.backbones import Backbone
    from texturekit.deep.looking import Look
    from texturekit.deep.weights import Weights
    from texturekit.methods.grammar import Method
    from texturekit.methods.learners import Inputs, Settings


@dataclass
class HeadLearner:
    """What a network says by itself, for the labels of a task that it knows.

    The labels are matched by name, whatever their case, spaces and underscores. Whatever size the
    task has, the network sees its own (224): the same region, cut to its middle square, in grey
    from the lowest to the highest value that the file can hold.

    Attributes
    ----------
    method : Method
        ``densenet121-res224-mimic_nb/head``.
    kind : {"binary", "multilabel"}
    classes : tuple of str
        The task's; of a binary task one is a label of the network.
    settings : Settings
    module : torch.nn.Sequential or None
        After `fit`: body, pooling, flatten, dropout, and a Linear head.
    weights : Weights or None
        After `fit`.

    Raises
    ------
    ParameterError
        If the network has no outputs for the task, or they exclude each other.
    """

    method: Method
    kind: str
    classes: tuple[str, ...]
    settings: Settings
    module: nn.Sequential | None = None
    weights: Weights | None = None
    _columns: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.card.outputs:
            net = self.method.parts[0]
            labels = f"none of {', '.join(self.classes)}" if self.classes else "no medical labels"
            raise ParameterError(
                f"{self.method} asks for the backbone's own outputs, but those are the 1,000 "
                f"classes of ImageNet and {labels}; train {net}/finetune or {net}/logistic on "
                "labelled images instead."
            )
        outputs = {plain(o.label): k for k, o in enumerate(self.card.outputs) if o.trained}
        found = {name: outputs.get(plain(name)) for name in self.classes}
        self._columns = {name: k for name, k in found.items() if k is not None}
        self._check()

    def _check(self) -> None:
        known = f"its trained outputs are {', '.join(self.card.trained)}"
        if self.kind == "multiclass":
            raise ParameterError(
                f"{self.method}: the outputs of {self.card.name} do not exclude each other, but "
                f"{', '.join(self.classes)} do; use {self.card.name}/logistic."
            )
        if not self._columns:
            raise ParameterError(
                f"{self.method}: {self.card.name} has no trained output for any of "
                f"{', '.join(self.classes)}; {known}. Labels are matched by name."
            )
        if self.kind == "binary" and len(self._columns) != 1:
            raise ParameterError(
                f"{self.method}: both classes, {' and '.join(self.classes)}, are outputs of "
                f"{self.card.name}, which do not exclude each other; make it a multi-label task."
            )

    @property
    def card(self) -> Backbone:
        """The network."""
        return BACKBONES[self.method.parts[0].name]

    @property
    def labels(self) -> tuple[str | None, ...]:
        """The network's outputs in order, None where one was not trained."""
        return tuple(output.label if output.trained else None for output in self.card.outputs)

    @property
    def cuts(self) -> dict[str, float]:
        """The published operating points: a class is said from this probability on."""
        trained = self.card.trained
        return {name: trained[self.card.outputs[k].label] for name, k in self._columns.items()}

    @property
    def absent(self) -> dict[str, str]:
        """The labels that the network says nothing about, and why."""
        if self.kind == "binary":
            return {}
        mute = {plain(o.label) for o in self.card.outputs if not o.trained}
        return {
            name: f"{name} is an output of {self.card.name} that was not trained"
            if plain(name) in mute
            else f"{name} is no output of {self.card.name}"
            for name in self.classes
            if name not in self._columns
        }

    def fit(self, inputs: Inputs, labels: NDArray[Any], groups: NDArray[Any] | None) -> HeadLearner:
        """Load the network; nothing is learnt from the images."""
        return self.load()

    def load(self) -> HeadLearner:
        """Load the network and say what is missing.

        Raises
        ------
        WeightsError
            If its own weights are not at hand.
        """
        from texturekit.deep.xray_head import build_with_own_head

        self.weights = own_weights(self.method, self.settings)
        self.module = build_with_own_head(self.card, self.weights)
        if self.absent:
            events.warn(
                f"running {self.method}",
                f"{len(self.absent)} of {len(self.classes)} labels are n/a, as {self.card.name} "
                f"has no trained output for them: {', '.join(self.absent)}.",
            )
        return self

    def save(self, path: Path) -> None:
        """Write the network's numbers to a safetensors file."""
        from safetensors.numpy import save_file

        from texturekit.deep.networks import state_of

        if self.module is None:
            raise ModelError("this network is not loaded; call fit before save.")
        save_file(state_of(self.module), path)

    def restore(self, path: Path, label: str) -> HeadLearner:
        """Load the network's numbers from what `save` wrote; ``label`` says where they are from.

        Raises
        ------
        ModelError
            If they are damaged or another network's.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        from texturekit.deep.weights import Weights
        from texturekit.deep.xray_head import restored

        try:
            state = load_file(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise ModelError(f"{str(path)!r} cannot be read ({error}); save it anew.") from error
        self.module = restored(self.card.name, state)
        self.weights = Weights(label, "file", path)
        return self

    def predict_proba(self, inputs: Inputs) -> NDArray[np.float64]:
        """Return (n, classes) probabilities as the network gives them; NaN for `absent`.

        Of a binary task the class that the network does not know has what is left to 1.
        """
        stage = f"reading with {self.card.name}"
        probabilities, seen = self.judged(inputs, device=self.settings.device, stage=stage)
        for first in seen.failures.values():
            raise ImageError(first)
        return probabilities

    def judged(
        self, inputs: Inputs, *, device: str = "auto", stage: str | None = None
    ) -> tuple[NDArray[np.float64], Look]:
        """Return what `predict_proba` does, NaN for unusable pictures, and all that was seen."""
        from texturekit.deep.looking import look, own_probabilities_of

        if self.module is None:
            raise ParameterError("this network is not loaded; call fit first.")
        card, pictures = self.card, self.shown(inputs)
        seen = look(
            self.module, card, pictures, outputs=len(card.outputs), device=device, stage=stage
        )
        for sentence, warning in pictures.notes.sentences():
            (events.warn if warning else events.note)(f"running {self.method}", sentence)
        return self.of_classes(own_probabilities_of(card, seen.logits)), seen

    def of_classes(self, told: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, classes) probabilities from (n, outputs) of the network."""
        values = np.full((len(told), len(self.classes)), np.nan)
        for name, column in self._columns.items():
            values[:, self.classes.index(name)] = told[:, column]
        if self.kind == "binary":
            (name,) = self._columns
            known = self.classes.index(name)
            values[:, 1 - known] = 1 - values[:, known]
        return values

    def shown(self, inputs: Inputs) -> Pictures:
        """Return the pictures at the network's own size, in its own view."""
        from texturekit.data.pictures import Pictures

        if inputs.pictures is None:
            raise ParameterError(f"{self.method} looks at pictures, but got a table only.")
        given, card = inputs.pictures, self.card
        return Pictures(
            given.manifest, size=card.size, roi=given.roi, window=given.window, view=card.view
        )


def own_weights(method: Method, settings: Settings) -> Weights:
    """Find the trained weights of a method that uses a network's own outputs.

    Raises
    ------
    WeightsError
        If they are not at hand, or random ones were asked for.
    """
    from texturekit.deep.weights import resolve_weights

    name = method.parts[0].name
    if settings.weights == "none":
        raise WeightsFileError(
            f"{method} is what {name} was trained to say, and random weights say nothing; use "
            "--weights pretrained, or leave the method out."
        )
    policy = "pretrained" if settings.weights == "auto" else settings.weights
    try:
        found = resolve_weights(name, policy, seed=settings.seed)
    except WeightsError as error:
        raise type(error)(f"{method} needs the network's own weights: {error}") from error
    if found.random:
        raise WeightsFileError(f"{method}: the weights are {found.label}, which say nothing.")
    return found


def plain(name: str) -> str:
    """Return a label as labels are compared: whatever its case, spaces, underscores and hyphens."""
    return name.casefold().replace("_", " ").replace("-", " ").strip()
