"""What stands behind a backbone's last feature map: from a map to one number a class."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import torch
from torch import nn

from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from texturekit.deep.backbones import Backbone
    from texturekit.deep.settings import Head


def with_head(
    body: nn.Sequential,
    backbone: Backbone,
    outputs: int,
    head: Head,
    size: tuple[int, int],
    *,
    seed: int,
) -> nn.Sequential:
    """Put a new head behind a body.

    Parameters
    ----------
    body : torch.nn.Sequential
        As `texturekit.deep.networks.build_body` returns it.
    backbone : Backbone
        Its card.
    outputs : int
        Numbers that come out.
    head : Head
        Pooling, hidden layers, dropout.
    size : (int, int)
        Height and width of the pictures; with ``pooling="flatten"`` no others can be looked at.
    seed : int
        For the new numbers: the last layer's are normal with standard deviation 0.01, hidden ones
        follow He et al. (2015), arXiv:1502.01852. Torch's random state is left as it was. None are
        made for a body on the meta device.

    Returns
    -------
    torch.nn.Sequential
        ``body``, then ``pool`` (only where averaged), ``flatten``, the hidden layers
        (``hidden1``, ``relu1``, ``dropout1`` and so on) or ``dropout``, and a Linear ``head``.

    Raises
    ------
    ParameterError
        If pictures of that size are too small for the body.
    """
    # A body without numbers is there to be counted, and gets a head without numbers.
    empty = next(body.parameters()).is_meta
    generator = None if empty else torch.Generator().manual_seed(seed)
    parts: dict[str, nn.Module] = {"body": body}
    width = backbone.width
    if head.pooling == "average":
        parts["pool"] = nn.AdaptiveAvgPool2d(1)
    else:
        width = _numbers_in_map(body, backbone, size)
    parts["flatten"] = nn.Flatten()
    for place, wide in enumerate(head.hidden, start=1):
        gain = (2 / width) ** 0.5
        parts[f"hidden{place}"] = _linear(width, wide, gain, generator)
        parts[f"relu{place}"] = nn.ReLU()
        parts[f"dropout{place}"] = nn.Dropout(head.dropout)
        width = wide
    if not head.hidden:
        parts["dropout"] = nn.Dropout(head.dropout)
    parts["head"] = _linear(width, outputs, 0.01, generator)
    return nn.Sequential(OrderedDict(parts))


def trainable(module: nn.Module) -> int:
    """Count the numbers of a network that training may change.

    Examples
    --------
    >>> trainable(nn.Linear(32768, 4))
    131076
    """
    return sum(value.numel() for value in module.parameters() if value.requires_grad)


def _linear(
    width: int, outputs: int, spread: float, generator: torch.Generator | None
) -> nn.Linear:
    layer = nn.Linear(width, outputs, device="meta")
    if generator is None:
        return layer
    layer = layer.to_empty(device="cpu")
    nn.init.normal_(layer.weight, std=spread, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def _numbers_in_map(body: nn.Sequential, backbone: Backbone, size: tuple[int, int]) -> int:
    if min(size) < backbone.smallest:
        raise ParameterError(
            f"pictures of {size[1]} x {size[0]} pixels are too small for {backbone.name}, which "
            f"needs at least {backbone.smallest} a side; choose a larger size."
        )
    learning = body.training
    value = next(body.parameters())
    probe = torch.zeros((1, backbone.channels, *size), dtype=value.dtype, device=value.device)
    with torch.no_grad():
        numbers = body.eval()(probe).numel()
    body.train(learning)
    return int(numbers)
