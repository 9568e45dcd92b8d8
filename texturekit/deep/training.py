"""Training a network end to end, in one plain loop."""

from __future__ import annotations

import math
import time
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from texturekit import events
from texturekit.deep.augmentation import augmented
from texturekit.deep.backbones import BACKBONES, Backbone
from texturekit.deep.loading import PictureSequence, batches, choose_device, standardised, unit
from texturekit.deep.networks import build_body, seeded, with_head
from texturekit.deep.targets import Loss, Part, known_kind, learnable
from texturekit.deep.trained import Epoch, Facts, Network, Settings, load_network
from texturekit.deep.weights import Weights, resolve_weights
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.records import Kind

__all__ = ["Network", "finetune", "load_network"]

_WARM_UP = 0.1  # share of the steps in which the learning rate rises
_CLIP = 1.0  # longest gradient


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
    epochs: int = 5,
    batch: int = 16,
    learning_rate: float | None = None,
    weight_decay: float = 0.01,
    patience: int = 3,
    augment: bool = True,
    mixed_precision: bool = False,
    seed: int = 0,
) -> Network:
    """Train a backbone with a new head on labelled pictures.

    The head is the same for every backbone: average pooling, dropout 0.2, one linear layer. All
    parameters learn, by AdamW, with a rate that rises for a tenth of the steps and falls along a
    cosine; pretrained bodies learn ten times slower than their head. Classes weigh the same
    whatever their counts. With validation pictures the epoch of lowest validation loss is kept,
    and training stops when it has not fallen for ``patience`` epochs; without, the last is kept.

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
    epochs, batch : int
        Passes over the pictures at most, and pictures a step.
    learning_rate : float, optional
        Highest rate of the body; 1e-4 for pretrained weights, 1e-3 for random ones, or 3e-4 if
        the backbone has no batch normalisation.
    weight_decay : float, default 0.01
        AdamW's.
    patience : int, default 3
        Epochs without progress before training stops.
    augment : bool, default True
        Change training pictures a little at random, see `augmented`.
    mixed_precision : bool, default False
        bfloat16 where it is safe; on a GPU only.
    seed : int, default 0
        For new numbers, order, augmentation and dropout. On one CPU equal seeds give equal bits.

    Returns
    -------
    Network
        With `predict_proba`, `history`, `facts`, `state`, `save`.

    Raises
    ------
    ParameterError
        If labels or settings cannot be used, or the loss is no longer finite.
    ImageError
        If a picture cannot be used.
    WeightsError
        If the weights cannot be had.

    References
    ----------
    Loshchilov and Hutter (2019), arXiv:1711.05101.

    Examples
    --------
    >>> pictures = np.zeros((8, 32, 32, 3), dtype=np.uint8)
    >>> pictures[4:] = 200
    >>> labels = np.repeat([0, 1], 4)
    >>> network = finetune(pictures, labels, backbone="squeezenet1_1", classes=["dark", "light"],
    ...                    kind="binary", weights="none", device="cpu", epochs=1)
    >>> network.predict_proba(pictures).shape
    (8, 2)
    """
    card, place = BACKBONES[backbone], choose_device(device)
    known = known_kind(kind)
    names = _names(classes, known)
    train = Part.of(pictures, labels, known, len(names), card)
    held_out = None if val is None else Part.of(*val, known, len(names), card)
    trained = learnable(train.targets, known, len(names))
    start = resolve_weights(card, weights, seed=seed)
    rate = _rate(card, start) if learning_rate is None else learning_rate
    settings = Settings(
        epochs=epochs,
        batch=batch,
        learning_rate=rate,
        head_learning_rate=rate if start.random else 10 * rate,
        weight_decay=weight_decay,
        patience=patience,
        augment=augment,
        mixed_precision=mixed_precision and place.type == "cuda",
        seed=seed,
    )
    _check(settings)
    with seeded(seed, place):
        body = build_body(card, start, seed=seed)
        module = with_head(body, card, len(names), seed=seed).to(place)
        loss = Loss.balanced(train.targets, known, len(names))
        history, best = _train(module, settings, loss, train, held_out, place)
    facts = Facts(
        backbone=card.name,
        classes=names,
        kind=known,
        trained=trained,
        size=train.size,
        mean=card.mean,
        std=card.std,
        weights=start.label,
        best_epoch=best,
        history=tuple(history),
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


def _rate(card: Backbone, start: Weights) -> float:
    if not start.random:
        return 1e-4
    return 1e-3 if card.batch_norm else 3e-4


def _check(settings: Settings) -> None:
    least = {"epochs": 1, "batch": 2, "patience": 1, "weight_decay": 0.0}
    for name, bound in least.items():
        value = getattr(settings, name)
        if not value >= bound:
            raise ParameterError(f"{name} is {value}; it wants at least {bound}.")
    if not 0 < settings.learning_rate < math.inf:
        raise ParameterError(f"learning_rate is {settings.learning_rate}; it wants more than 0.")


def _train(
    module: nn.Sequential,
    settings: Settings,
    loss: Loss,
    train: Part,
    held_out: Part | None,
    device: torch.device,
) -> tuple[list[Epoch], int]:
    """Train in place; return what each epoch gave, and the epoch whose weights were kept."""
    slow, fast = module.get_submodule("body"), module.get_submodule("head")
    if held_out is not None and not held_out.known:
        held_out = None
    optimiser = torch.optim.AdamW(
        [
            {"params": slow.parameters(), "peak": settings.learning_rate},
            {"params": fast.parameters(), "peak": settings.head_learning_rate},
        ],
        weight_decay=settings.weight_decay,
        fused=True,
    )
    chance = torch.Generator().manual_seed(settings.seed)
    stage = f"training {train.card.name}"
    history: list[Epoch] = []
    best, lowest, kept = 0, math.inf, module.state_dict()
    for epoch in range(1, settings.epochs + 1):
        started = time.perf_counter()
        train_loss = _one_epoch(module, optimiser, settings, loss, train, chance, epoch)
        val_loss = None if held_out is None else held_out.mean_loss(module, loss, device)
        history.append(
            Epoch(
                epoch=epoch,
                train_loss=train_loss,
                val_loss=val_loss,
                learning_rate=optimiser.param_groups[0]["lr"],
                seconds=time.perf_counter() - started,
            )
        )
        events.progress(stage, epoch, settings.epochs)
        if val_loss is None or val_loss < lowest:
            best, lowest = epoch, math.inf if val_loss is None else val_loss
            kept = kept if val_loss is None else deepcopy(module.state_dict())
        elif epoch - best >= settings.patience:
            events.note(stage, f"stopped after epoch {epoch}: no better than epoch {best}")
            break
    module.load_state_dict(kept)
    return history, best


def _one_epoch(
    module: nn.Sequential,
    optimiser: torch.optim.Optimizer,
    settings: Settings,
    loss: Loss,
    train: Part,
    chance: torch.Generator,
    epoch: int,
) -> float:
    """Learn from every picture once; return the mean loss."""
    module.train()
    device = next(module.parameters()).device
    order = torch.randperm(len(train.targets), generator=chance).tolist()
    if len(order) % settings.batch == 1:
        order.pop()  # batch normalisation cannot learn from one picture
    steps = math.ceil(len(order) / settings.batch)
    total, weight = 0.0, 0.0
    for step, (rows, block) in enumerate(batches(train.source, order, settings.batch, train.card)):
        _set_rate(optimiser, (epoch - 1) * steps + step, settings.epochs * steps)
        values = unit(block, train.card, device)
        values = augmented(values, chance) if settings.augment else values
        with torch.autocast(device.type, torch.bfloat16, enabled=settings.mixed_precision):
            logits = module(standardised(values, train.card))
        part, known = loss(logits.float(), train.targets[rows].to(device))
        optimiser.zero_grad()
        torch.autograd.backward(part / known.clamp(min=1e-6))
        part = part.detach()
        _check_loss(float(part), epoch, step + 1, settings)
        nn.utils.clip_grad_norm_(module.parameters(), _CLIP)
        optimiser.step()
        total, weight = total + float(part), weight + float(known)
    return total / max(weight, 1e-6)


def _set_rate(optimiser: torch.optim.Optimizer, step: int, steps: int) -> None:
    """Rise over the first tenth of the steps, then fall to 0 along a cosine."""
    warm = max(1, round(_WARM_UP * steps))
    fallen = (step - warm) / max(1, steps - warm)
    share = (step + 1) / warm if step < warm else (1 + math.cos(math.pi * fallen)) / 2
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * share


def _check_loss(value: float, epoch: int, step: int, settings: Settings) -> None:
    if not math.isfinite(value):
        raise ParameterError(
            f"the training loss became {value} in epoch {epoch}, step {step}, with learning_rate="
            f"{settings.learning_rate:g}; choose a lower one, or check the weights it started from."
        )
