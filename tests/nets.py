"""Networks that need no training: what they look at is known."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import torch
from torch import nn

from texturekit.deep.backbones import BACKBONES
from texturekit.methods.model import Preprocessing
from texturekit.methods.nets import Net


def brightness(*, classes=("dark", "bright"), cell=4, **more):
    """A network whose last class wants brightness, and whose first wants the opposite."""
    head = nn.Linear(3, len(classes))
    with torch.no_grad():
        head.bias.zero_()
        head.weight.copy_(torch.linspace(-1, 1, len(classes))[:, None].repeat(1, 3))
    parts = {
        "body": nn.Sequential(nn.AvgPool2d(cell)),
        "pool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
        "head": head,
    }
    return net(nn.Sequential(OrderedDict(parts)), classes, **more)


def net(module, classes, *, size=64, roi="crop", kind=None, trained=None, positive=None):
    kind = kind or ("binary" if len(classes) == 2 else "multiclass")
    if kind == "binary" and positive is None:
        positive = classes[-1]
    return Net(
        "made/finetune", module.eval(), BACKBONES["resnet18"], tuple(classes), kind, positive,
        np.array(trained or [True] * len(classes)), Preprocessing(size, roi), "none",
    )  # fmt: skip


def convolutions(classes=("a", "b"), **more):
    """A small network of two convolutions with random weights."""
    torch.manual_seed(0)
    first, head = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Linear(8, len(classes))
    body = nn.Sequential(first, nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2, padding=1), nn.ReLU())
    return net(nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head), classes, **more)
