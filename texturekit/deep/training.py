"""Training a network end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from texturekit.deep import ranks
from texturekit.deep.backbones import BACKBONES, Backbone
from texturekit.deep.heads import with_head
from texturekit.deep.keeping import Keeper
from texturekit.deep.learning import Learning
from texturekit.deep.loading import PictureSequence, choose_device
from texturekit.deep.networks import build_body, seeded
from texturekit.deep.parts import Part, processes
from texturekit.deep.settings import Settings, usual_rate
from texturekit.deep.targets import Loss, known_kind, learnable
from texturekit.deep.trained import Facts, Network, load_network
from texturekit.deep.weights import Weights, resolve_weights
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.deep.trained import After
    from texturekit.records import Kind

__all__ = ["Network", "finetune", "load_network"]

#: How networks are trained unless said otherwise.
DEFAULTS = Settings()


def finetune(
    pictures: PictureSequence,
    labels: NDArray[Any],
    *,
    backbone: str,
    classes: int | Sequence[str],
    kind: str,
    val: tuple[PictureSequence, NDArray[Any]] | None = None,
    weights: str | Path | Weights = "auto",
    device: str = "auto",
    settings: Settings = DEFAULTS,
    resume: Path | None = None,
    after: After | None = None,
) -> Network:
    """Train a backbone with a new head on labelled pictures.

    With validation pictures the epoch of lowest validation loss is kept, and training stops when
    it has not fallen for a while; without, the last is kept. A loss that is not finite stops
    training; a GPU whose memory runs out computes the same batch in pieces. Started by `torchrun`
    in several processes, each learns from its part of every batch and all return the same network.

    Parameters
    ----------
    pictures : sequence of (S, S, 3) uint8
        Training pictures, at least 2, all of one size.
    labels : (n,) int or (n, classes) float
        Indices into the classes; for multi-label data 0, 1, or nan where it is not known.
    backbone : str
        A name in ``texturekit.deep.BACKBONES``.
    classes : int or sequence of str
        Number or names of the classes.
    kind : {"binary", "multiclass", "multilabel"}
        What the labels are.
    val : (pictures, labels), optional
        Validation pictures, of other patients than the training pictures.
    weights : {"auto", "pretrained", "none"}, path or Weights, default "auto"
        See `texturekit.deep.resolve_weights`.
    device : {"auto", "cpu", "cuda"}, default "auto"
        Where to train.
    settings : Settings
        How to train, see there. On one CPU equal seeds give equal bits.
    resume : path, optional
        A folder where the state is kept after every epoch. A run that finds one of the same
        settings and data goes on from it; on one CPU it ends with the bits that it would have had.
    after : callable, optional
        Called after every epoch with what it gave and the (n, classes) float64 logits of the
        validation pictures, None without any. What it raises ends the training.

    Returns
    -------
    Network
        With `predict_proba`, `history`, `facts`, `state`, `save`.

    Raises
    ------
    ParameterError
        If labels cannot be used, the loss is no longer finite, or memory is too small.
    ImageError
        If a picture cannot be used.
    WeightsError
        If the weights cannot be had.
    ModelError
        If the folder holds the state of another run.

    References
    ----------
    Loshchilov and Hutter (2019), arXiv:1711.05101.

    Examples
    --------
    >>> pictures = np.zeros((8, 32, 32, 3), dtype=np.uint8)
    >>> pictures[4:] = 200
    >>> labels = np.repeat([0, 1], 4)
    >>> network = finetune(pictures, labels, backbone="squeezenet1_1", classes=["dark", "light"],
    ...                    kind="binary", weights="none", device="cpu",
    ...                    settings=Settings(epochs=1))
    >>> network.predict_proba(pictures).shape
    (8, 2)
    """
    card, place = BACKBONES[backbone], ranks.join(choose_device(device))
    with ranks.first_speaks():
        known = known_kind(kind)
        names = _names(classes, known)
        workers = processes(settings.workers, place)
        train = Part.of(pictures, labels, known, len(names), card, workers)
        held_out = None if val is None else Part.of(*val, known, len(names), card, workers)
        trained = learnable(train.targets, known, len(names))
        start = resolve_weights(card, weights, seed=settings.seed)
        settings = _decided(settings, card, start, place)
        with seeded(settings.seed, place):
            body = build_body(card, start, seed=settings.seed)
            body.requires_grad_(not settings.frozen)
            module = with_head(
                body, card, len(names), settings.head, train.size, seed=settings.seed
            )
            learning = Learning(
                module=module.to(place),
                settings=settings,
                loss=Loss.of(train.targets, known, len(names), settings),
                train=train,
                val=held_out if held_out is not None and held_out.known else None,
                device=place,
                after=after,
            )
            keeper = None
            if resume is not None:
                stamp = _stamp(card, names, known, start, settings, train, held_out)
                keeper = Keeper(Path(resume), stamp)
            learning.run(keeper)
    progress = learning.progress
    facts = Facts(
        backbone=card.name,
        classes=names,
        kind=known,
        trained=trained,
        size=train.size,
        mean=card.mean,
        std=card.std,
        weights=start.label,
        best_epoch=progress.best if progress.kept is not None else len(progress.history),
        history=tuple(progress.history),
        settings=settings,
    )
    return Network(module, facts)


def _names(classes: int | Sequence[str], kind: Kind) -> tuple[str, ...]:
    names = tuple(map(str, range(classes) if isinstance(classes, int) else classes))
    fewest = 1 if kind == "multilabel" else 2
    if len(names) < fewest or (kind == "binary" and len(names) != 2):
        wanted = "2" if kind == "binary" else f"at least {fewest}"
        raise ParameterError(f"there are {len(names)} classes; kind {kind!r} wants {wanted}.")
    return names


def _decided(settings: Settings, card: Backbone, start: Weights, device: torch.device) -> Settings:
    """Fill in what depends on the weights that training starts from, and on the device."""
    rate, factor, precision = settings.learning_rate, settings.head_factor, settings.precision
    if rate is None:
        rate = usual_rate(random=start.random, batch_norm=card.batch_norm)
    if factor is None:
        factor = 1.0 if start.random else 10.0
    if precision == "auto":
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported()
        precision = "bfloat16" if fast else "float32"
    found = {"learning_rate": rate, "head_factor": factor, "precision": precision}
    return settings.model_copy(update=found)


def _stamp(
    card: Backbone,
    classes: tuple[str, ...],
    kind: Kind,
    start: Weights,
    settings: Settings,
    train: Part,
    val: Part | None,
) -> dict[str, Any]:
    """Return all that a run's numbers depend on, as JSON."""
    stamp = {
        "backbone": card.name,
        "classes": classes,
        "kind": kind,
        "weights": start.label,
        "settings": settings.model_dump(mode="json", exclude={"workers"}),
        "pictures": train.fingerprint(),
        "validation": None if val is None else val.fingerprint(),
        "processes": ranks.count(),
    }
    plain: dict[str, Any] = json.loads(json.dumps(stamp))
    return plain
