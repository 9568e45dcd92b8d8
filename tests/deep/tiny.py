"""A body small enough for tests of the loop: 32 x 32 pixels to a map of 512 x 2 x 2."""

from __future__ import annotations

import sys
from collections import OrderedDict
from functools import partial

import numpy as np
import torch
from torch import nn

from texturekit.deep import finetune, trained, training
from texturekit.deep.settings import Settings

STATE = "training.safetensors"


def build_body(card, weights, *, seed=0, norm=nn.BatchNorm2d):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        parts = {
            "conv1": nn.Conv2d(3, 8, 3, stride=4, padding=1),
            "bn1": norm(8),
            "relu": nn.ReLU(),
            "conv2": nn.Conv2d(8, 512, 3, stride=4, padding=1),
            "act": nn.ReLU(),
        }
        return nn.Sequential(OrderedDict(parts)).to(memory_format=torch.channels_last)


def install(**options):
    """Let training and loading build this body, without pytest."""
    training.build_body = trained.build_body = partial(build_body, **options)


def data(count=20, seed=0):
    """Dark and light noise; every fifth picture lies."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    pictures = rng.integers(0, 160, (count, 32, 32, 3)) + 60 * labels[:, None, None, None]
    return pictures.astype(np.uint8), np.where(np.arange(count) % 5 == 4, 1 - labels, labels)


def train(pictures=None, labels=None, *, resume=None, val=True, names=2, **settings):
    if pictures is None:
        pictures, labels = data()
    if val is True:
        val = data(11, seed=1)
    options = {"epochs": 4, "batch": 8, "learning_rate": 3e-3, "patience": None, **settings}
    return finetune(
        pictures, labels, val=val or None, backbone="resnet18", classes=names,
        kind="multilabel" if np.ndim(labels) == 2 else "binary",
        weights="none", device="cpu", settings=Settings(**options), resume=resume,
    )  # fmt: skip


def train_together(place):
    """Train with and without batch normalisation, and write what came out."""
    for name, norm in (("norm", nn.BatchNorm2d), ("plain", nn.Identity)):
        install(norm=norm)
        network = train(head={"dropout": 0}, clip=None, epochs=2)
        network.save(f"{place}.{name}.{training.ranks.own()}")


if __name__ == "__main__":  # torchrun starts this
    torch.set_num_threads(1)
    train_together(sys.argv[1])
