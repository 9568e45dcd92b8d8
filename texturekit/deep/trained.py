"""A trained network: probabilities for new pictures, and a file without pickle."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from pydantic import ValidationError

from texturekit.deep.backbones import BACKBONES, Backbone
from texturekit.deep.heads import with_head
from texturekit.deep.loading import PictureSequence, batches, choose_device, normalised
from texturekit.deep.networks import build_body, check_values, fill, state_of
from texturekit.deep.settings import Settings  # noqa: TC001  pydantic reads the annotation
from texturekit.deep.weights import Weights
from texturekit.errors import ImageError, ModelError, ParameterError
from texturekit.records import Kind, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from texturekit.deep.uncertainty import Spread

    #: Told of an epoch, and of the logits of the validation pictures if there are any.
    After = Callable[["Epoch", NDArray[np.float64] | None], None]

_FACTS = "texturekit.network"


class Epoch(Record):
    """What one pass over the training pictures gave.

    Attributes
    ----------
    epoch : int
        From 1.
    train_loss : float
        Mean over the epoch, while the network changed.
    val_loss, val_score : float or None
        Validation loss (without smoothing), and share of right answers or, for multi-label data,
        mean area under the ROC curve; None without validation.
    learning_rate : float
        Highest rate of the body in the epoch's last step.
    seconds : float
        Training and validation.
    wait : float
        Share of the training time in which the network waited for pictures.
    """

    epoch: int
    train_loss: float
    val_loss: float | None
    val_score: float | None = None
    learning_rate: float
    seconds: float
    wait: float = 0.0


class Facts(Record):
    """Everything about a trained network except its numbers."""

    format: Literal[2] = 2
    backbone: str
    classes: tuple[str, ...]
    kind: Kind
    trained: tuple[bool, ...]
    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    weights: str
    best_epoch: int
    history: tuple[Epoch, ...]
    settings: Settings


class Network:
    """A trained network, as `texturekit.deep.finetune` returns it.

    Parameters
    ----------
    module : torch.nn.Sequential
        Body, pooling, dropout, head.
    facts : Facts
        Backbone, classes, kind, picture size, history.
    """

    def __init__(self, module: nn.Sequential, facts: Facts) -> None:
        self.module = module.eval()
        self.facts = facts

    @property
    def backbone(self) -> Backbone:
        """The card of the network's body."""
        return BACKBONES[self.facts.backbone]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the columns of `predict_proba`."""
        return self.facts.classes

    def named(self, classes: Sequence[str]) -> Network:
        """Return the same network with other names for its classes."""
        return Network(self.module, self.facts.model_copy(update={"classes": tuple(classes)}))

    @property
    def history(self) -> list[dict[str, Any]]:
        """One entry an epoch, see `Epoch`."""
        return [epoch.model_dump() for epoch in self.facts.history]

    def predict_proba(
        self, pictures: PictureSequence, *, batch: int = 8, device: str = "auto"
    ) -> NDArray[np.float64]:
        """Return the probability of each class for each picture.

        Parameters
        ----------
        pictures : sequence of (S, S, 3) uint8
            Of the size that the network was trained on.
        batch : int, default 8
            Pictures a forward pass; the result does not depend on it beyond rounding.
        device : {"auto", "cpu", "cuda"}, default "auto"
            Where to compute.

        Returns
        -------
        (n, classes) float64
            Rows sum to 1; for multi-label data each column stands alone, and is nan for a label
            of which training never saw both values.

        Raises
        ------
        ImageError
            If a picture cannot be read or has another size.
        """
        if batch < 1:
            raise ParameterError(f"batch is {batch}; it wants at least 1 picture.")
        place = choose_device(device)
        module = self.module.to(place).eval()
        values = np.full((len(pictures), len(self.classes)), np.nan)
        with torch.inference_mode():
            for rows, block in batches(pictures, range(len(pictures)), batch, self.backbone):
                self.check_size(tuple(block.shape[1:3]), rows[0])
                logits = module(normalised(block, self.backbone, place)).double().cpu()
                values[rows] = self.probabilities(logits).numpy()
        values[:, ~np.array(self.facts.trained)] = np.nan
        return values

    def predict_spread(
        self,
        pictures: PictureSequence,
        *,
        how: Literal["dropout", "flips"] = "dropout",
        passes: int = 30,
        seed: int = 0,
        batch: int = 8,
        device: str = "auto",
    ) -> Spread:
        """Return probabilities with their spread; see `texturekit.deep.uncertainty.spread`."""
        from texturekit.deep.uncertainty import spread

        return spread(self, pictures, how=how, passes=passes, seed=seed, batch=batch, device=device)

    def probabilities(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the probabilities of (..., classes) outputs of the network."""
        return logits.sigmoid() if self.facts.kind == "multilabel" else logits.softmax(dim=-1)

    def check_size(self, size: tuple[int, ...], row: int) -> None:
        """Refuse a picture of another height and width than training's.

        Raises
        ------
        ImageError
            If it has one.
        """
        if size != self.facts.size:
            raise ImageError(
                f"picture {row} is {size[1]} x {size[0]} pixels, the network was trained on "
                f"{self.facts.size[1]} x {self.facts.size[0]}; resize to that."
            )

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the network's numbers by name, on the CPU."""
        return state_of(self.module)

    @classmethod
    def restore(
        cls, facts: Facts | Mapping[str, Any], state: Mapping[str, NDArray[Any]]
    ) -> Network:
        """Build a network from its facts and its numbers.

        Raises
        ------
        ModelError
            If the facts are incomplete, or a number's name, shape or value is not right.
        """
        if not isinstance(facts, Facts) and facts.get("format") == 1:
            raise ModelError(
                "the network is of format 1, written by an older texturekit; its settings were "
                "others, so train it anew."
            )
        try:
            known = facts if isinstance(facts, Facts) else Facts.model_validate(dict(facts))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ModelError(
                f"the network's facts are not usable: {place}: {first['msg']}; save it anew."
            ) from error
        card = _card(known)
        where = f"network of {len(known.classes)} classes"
        tensors = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
        with torch.device("meta"):  # what the facts tell of may be of any size
            check_values(_empty(card, known), tensors, where, ModelError)
        module = _empty(card, known)
        fill(module, tensors, where, ModelError)
        return cls(module.to(memory_format=torch.channels_last), known)

    def save(self, path: str | Path) -> Path:
        """Write the network to one safetensors file, whole or not at all."""
        from safetensors.numpy import save_file

        path = Path(path)
        partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.partial")
        try:
            save_file(self.state(), partial, metadata={_FACTS: self.facts.model_dump_json()})
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return path


def _empty(card: Backbone, facts: Facts) -> nn.Sequential:
    body = build_body(card, Weights("to be filled", "random"))
    return with_head(body, card, len(facts.classes), facts.settings.head, facts.size, seed=0)


def _card(facts: Facts) -> Backbone:
    """Return the backbone's card if it means the same here as when the network was trained."""
    if facts.backbone not in BACKBONES:
        raise ModelError(
            f"the network's backbone {facts.backbone!r} is not known here; "
            f"known: {', '.join(BACKBONES)}."
        )
    card = BACKBONES[facts.backbone]
    if (facts.mean, facts.std) != (card.mean, card.std):
        raise ModelError(
            f"the network was trained on pictures normalised by {facts.mean} and {facts.std}, "
            f"{card.name} here takes {card.mean} and {card.std}; train it anew."
        )
    if len(facts.trained) != len(facts.classes):
        raise ModelError(
            f"the network's facts name {len(facts.classes)} classes, but tell of "
            f"{len(facts.trained)} whether they were trained; save it anew."
        )
    return card


def load_network(path: str | Path) -> Network:
    """Read a network that `Network.save` wrote.

    Raises
    ------
    ModelError
        If the file is absent, damaged, or not such a network.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise ModelError(f"there is no network file {str(path)!r}; check the path.")
    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})[_FACTS])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no mapping
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise ModelError(
            f"{str(path)!r} is not a network that texturekit wrote ({error}); save it anew."
        ) from error
    return Network.restore(facts, state)
