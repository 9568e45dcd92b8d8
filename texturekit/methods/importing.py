"""Checkpoints that others trained, as models of ours."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from texturekit import events
from texturekit.data.tasks import load_card, resolve_positive
from texturekit.errors import ParameterError, WeightsFileError
from texturekit.methods.grammar import parse_method
from texturekit.methods.learners import PictureLearner, Settings
from texturekit.methods.model import Model, Preprocessing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.data.tasks import Card
    from texturekit.records import Kind

_STAGE = "importing a checkpoint"


def import_checkpoint(
    path: str | Path,
    backbone: str,
    classes: Sequence[str] | None = None,
    *,
    task: str | Path | None = None,
    positive: str | None = None,
    size: int | None = None,
) -> Model:
    """Make a torchvision state dict with its trained head into a model.

    Parameters
    ----------
    path : str or Path
        ``.pth``, ``.pt``, ``.safetensors`` or ``.npz`` of ``resnet18``, ``resnet50``,
        ``densenet121``, ``efficientnet_b0``, ``vgg11`` or ``vgg16``; see docs/weights.md for what
        may stand around them.
    backbone : str
        Which of them.
    classes : sequence of str, optional
        Names of the outputs, in the order of the outputs. A file seldom says them, and they are
        not guessed; without them ``task`` has to say them. Of one output (a sigmoid's logit) the
        second of two names is the class that it stands for.
    task : str or Path, optional
        A task's card. The model has its classes in its order: outputs given in another order are
        sorted by name, and that is said. A card whose classes are not in alphabetical order does
        not name the outputs by itself: a net trained on a folder a class has them sorted.
    positive : str, optional
        The positive class of two.
    size : int, optional
        Side of the pictures it was trained on; the card's, else 224.

    Returns
    -------
    Model
        ``<backbone>/finetune``. On pictures of that size it gives the numbers of torchvision's own
        module; other images are padded to a square, not stretched.

    Raises
    ------
    ParameterError
        If nobody names the classes, a name is no class of the task, or the head is of a kind that
        cannot be taken over.
    WeightsFileError
        If the file is damaged, of another network, of another number of classes, or names its
        classes itself and in another order.
    """
    from texturekit.deep.backbones import BACKBONES
    from texturekit.deep.checkpoints import Checkpoint, network_of

    if backbone.partition("(")[0] not in BACKBONES:
        raise ParameterError(
            f"there is no network called {backbone!r}; a checkpoint can be of resnet18, resnet50, "
            "densenet121, efficientnet_b0, vgg11 or vgg16."
        )
    method = parse_method(f"{backbone}/finetune")
    card = None if task is None else load_card(task)
    path = Path(path)
    checkpoint = Checkpoint.read(path)
    given = _given(classes, card, checkpoint.classes)
    _check_told(path, given, checkpoint.classes)
    names = given if card is None else tuple(name for name in card.classes if name in given)
    order = [given.index(name) for name in names]
    if card is not None and names != given:
        events.warn(
            _STAGE,
            f"the outputs are {', '.join(given)}, as given; {card.name} has them as "
            f"{', '.join(names)}: they were sorted by name. If the order that was given is not the "
            "file's, every prediction is wrong.",
        )
    kind = _kind(names, card)
    side = size or (224 if card is None else card.size)
    network = network_of(checkpoint, backbone, names, kind, size=side, order=order)
    chosen = None
    if kind == "binary":
        chosen, _ = resolve_positive(names, asked=positive, card=card)
    elif positive is not None:
        raise ParameterError(f"positive={positive!r}, but there are {len(names)} classes.")
    learner = PictureLearner(method, kind, len(names), Settings(), network)
    training = {"imported": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    return Model(method, kind, names, chosen, Preprocessing(side), learner, training)


def _given(
    classes: Sequence[str] | None, card: Card | None, told: tuple[str, ...] | None
) -> tuple[str, ...]:
    if classes is None and card is None:
        said = "" if told is None else f" The file itself says {','.join(told)}."
        raise ParameterError(
            "nobody names the classes; give them in the order of the outputs (--classes a,b), or a "
            f"task that does (--task).{said}"
        )
    if classes is None and card is not None:
        if told is None and list(card.classes) != sorted(card.classes):
            raise ParameterError(
                f"nobody says in which order the outputs stand: {card.name} has its classes as "
                f"{','.join(card.classes)}, a net trained on a folder a class has them sorted, "
                f"{','.join(sorted(card.classes))}; give --classes in the order of the training."
            )
        return card.classes
    given = tuple(classes or ())
    if len(given) < 2 or len(set(given)) < len(given) or not all(given):
        raise ParameterError(
            f"the classes {', '.join(given)!r} cannot be used; give at least 2 different names."
        )
    strange = [name for name in given if card is not None and name not in card.classes]
    if card is not None and strange:
        raise ParameterError(
            f"{strange[0]!r} is no class of {card.name}; its classes are {', '.join(card.classes)}."
        )
    return given


def _check_told(path: Path, given: tuple[str, ...], told: tuple[str, ...] | None) -> None:
    if told is not None and told != given:
        raise WeightsFileError(
            f"{str(path)!r} names its outputs itself: {', '.join(told)}; given are "
            f"{', '.join(given)}. Another order makes every prediction wrong: give --classes "
            f"{','.join(told)}."
        )


def _kind(names: tuple[str, ...], card: Card | None) -> Kind:
    if card is not None and card.kind == "multilabel":
        return "multilabel"
    return "binary" if len(names) == 2 else "multiclass"
