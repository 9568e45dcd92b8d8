"""Which numbers learn, how fast, and when: parameter groups, optimisers, schedules."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.deep.settings import Settings

_NEARLY_ALL = 0.9  # a part that holds so much of a body is the body, with a name around it


def optimiser_of(module: nn.Sequential, settings: Settings) -> torch.optim.Optimizer:
    """Return the optimiser of a network of a body and a head.

    Its groups are the body's stages, from the last to the first, and then everything behind the
    body. Each group has a ``peak``: the highest rate that it will get, see `set_rates`.

    Parameters
    ----------
    module : torch.nn.Sequential
        As `texturekit.deep.heads.with_head` returns it; what needs no gradient is left out.
    settings : Settings
        With a rate and a head factor.

    References
    ----------
    Loshchilov and Hutter (2019), arXiv:1711.05101 (AdamW). Howard and Ruder (2018),
    arXiv:1801.06146 (rates by layer).
    """
    rate, factor = settings.learning_rate, settings.head_factor
    if rate is None or factor is None:
        raise TypeError("the rates are not decided yet")  # no user can get here
    groups: list[dict[str, Any]] = []
    body = module.get_submodule("body")
    for place, stage in enumerate(reversed(stages(body))):
        groups.append({"params": stage, "peak": rate * settings.layer_decay**place})
    behind = [
        p for name, part in module.named_children() if name != "body" for p in part.parameters()
    ]
    groups.append({"params": behind, "peak": rate * factor})
    for group in groups:
        group["params"] = [value for value in group["params"] if value.requires_grad]
    groups = [{**group, "lr": group["peak"]} for group in groups if group["params"]]
    decay = settings.weight_decay
    if settings.optimiser == "sgd":
        return torch.optim.SGD(groups, momentum=settings.momentum, weight_decay=decay, fused=True)
    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, weight_decay=decay, fused=True)


def stages(body: nn.Module) -> list[list[nn.Parameter]]:
    """Split the parameters of a body into its stages, from the first to the last.

    A stage is a named part of the body: ``layer1`` of a ResNet, one layer of a VGG. A part that
    holds nearly everything is split in turn, and a normalisation belongs to what it stands behind.

    Examples
    --------
    >>> body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3))
    >>> [len(stage) for stage in stages(body)]
    [4, 2]
    """
    result: list[list[nn.Parameter]] = []
    for part in _parts(body, sum(value.numel() for value in body.parameters())):
        own = list(part.parameters()) if isinstance(part, nn.Module) else [part]
        if not own:
            continue
        small = not isinstance(part, nn.Module) or _is_norm(part)
        if small and result:
            result[-1] += own
        else:
            result.append(own)
    return result


def _parts(part: nn.Module, everything: int) -> Iterator[nn.Module | nn.Parameter]:
    if sum(value.numel() for value in part.parameters()) < _NEARLY_ALL * everything or not any(
        True for _ in part.children()
    ):
        yield part
        return
    yield from part.parameters(recurse=False)  # such as the positions of a transformer
    for child in part.children():
        yield from _parts(child, everything)


def _is_norm(part: nn.Module) -> bool:
    return "Norm" in type(part).__name__


def rate(settings: Settings, peak: float, step: int, per_epoch: int) -> float:
    """Return the learning rate of a step.

    Parameters
    ----------
    settings : Settings
        Schedule, warm-up, epochs, lowest rate.
    peak : float
        Highest rate.
    step, per_epoch : int
        Steps taken before this one since training began, and steps in an epoch.

    Examples
    --------
    >>> from texturekit.deep.settings import Settings
    >>> falling = Settings(schedule="step", step_epochs=2, warm_up=0, epochs=6)
    >>> [round(rate(falling, 0.1, epoch * 5, 5), 6) for epoch in range(6)]
    [0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
    """
    steps = settings.epochs * per_epoch
    warm = round(settings.warm_up * steps)
    if step < warm:
        return peak * (step + 1) / warm
    share = 1.0
    if settings.schedule == "cosine":
        share = (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm))) / 2
    elif settings.schedule == "step":
        share = settings.step_factor ** (step // per_epoch // settings.step_epochs)
    return min(peak, max(settings.lowest_rate, peak * share))


def set_rates(
    optimiser: torch.optim.Optimizer, settings: Settings, step: int, per_epoch: int
) -> None:
    """Give each group of parameters its rate for a step."""
    for group in optimiser.param_groups:
        group["lr"] = rate(settings, group["peak"], step, per_epoch)
