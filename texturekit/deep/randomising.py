"""Networks that have forgotten what they learnt, layer by layer from the head down."""

from __future__ import annotations

import copy

import torch
from torch import nn

_PARTS = 3
STAGES = ("head", "head and last third", "head and last two thirds", "all layers")


def stages(module: nn.Sequential) -> dict[str, list[str]]:
    """Return which layers forget at each stage; each holds the one before.

    Parameters
    ----------
    module : torch.nn.Sequential
        Body, and what stands behind it.

    Returns
    -------
    dict of str to list of str
        By name of the stage, names of modules that have numbers of their own. Bodies of few
        layers have fewer stages.

    Examples
    --------
    >>> net = nn.Sequential(nn.Sequential(nn.Conv2d(1, 1, 1)), nn.Flatten(), nn.Linear(1, 1))
    >>> stages(net)
    {'head': ['2'], 'all layers': ['2', '0.0']}
    """
    body = next(iter(dict(module.named_children())))
    inside = [name for name, part in module.named_modules() if _has_numbers(part)]
    below = [name for name in inside if name == body or name.startswith(f"{body}.")][::-1]
    head = [name for name in inside if name not in below]
    steps = {
        name: [*head, *below[: -(-len(below) * part // _PARTS)]] for part, name in enumerate(STAGES)
    }
    known: dict[str, list[str]] = {}
    for name, layers in reversed(steps.items()):
        if layers and layers not in known.values():
            known[name] = layers
    return dict(reversed(known.items()))


def randomised(module: nn.Sequential, layers: list[str], *, seed: int) -> nn.Sequential:
    """Return a copy of a network in which some layers start anew.

    Weights are normal as in He et al. (2015), arXiv:1502.01852; scales are 1, shifts 0, running
    means 0 and variances 1; other numbers are normal with the spread that they had.

    Parameters
    ----------
    module : torch.nn.Sequential
    layers : list of str
        Names, as `stages` gives them.
    seed : int
        Torch's random state is left as it was.

    Returns
    -------
    torch.nn.Sequential
        Of the same form, in evaluation mode.
    """
    net = copy.deepcopy(module).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name in layers:
            part = net.get_submodule(name)
            for label, value in part.named_parameters(recurse=False):
                value.copy_(_anew(label, value, generator))
            if isinstance(part, nn.modules.batchnorm._NormBase):
                part.reset_running_stats()
    return net


def _anew(label: str, value: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    if "bias" in label:
        return torch.zeros(value.shape)
    if value.ndim == 1:
        return torch.ones(value.shape)
    if label.endswith("weight"):
        return nn.init.kaiming_normal_(torch.empty(value.shape), generator=generator)
    spread = value.std().cpu() if value.numel() > 1 else 1.0
    return torch.randn(value.shape, generator=generator) * spread


def _has_numbers(part: nn.Module) -> bool:
    return any(True for _ in part.parameters(recurse=False))
