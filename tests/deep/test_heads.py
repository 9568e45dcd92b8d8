from __future__ import annotations

import pytest
import torch
from torch import nn

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.heads import trainable, with_head
from texturekit.deep.settings import Head
from texturekit.errors import ParameterError

RESNET = BACKBONES["resnet18"]


class Body(nn.Sequential):
    """A body as wide as resnet18's: 1/32 of the size, rounded up."""

    def __init__(self):
        super().__init__(nn.Conv2d(3, 512, 1, stride=32))


def headed(head, size=(64, 96), outputs=4, seed=0):
    return with_head(Body(), RESNET, outputs, head, size, seed=seed)


def names(module):
    return [name for name, _ in module.named_children()]


def test_average_head_is_pool_flatten_dropout_and_one_layer():
    net = headed(Head(dropout=0.3))

    assert names(net) == ["body", "pool", "flatten", "dropout", "head"]
    assert net.get_submodule("dropout").p == 0.3
    assert net.get_submodule("head").weight.shape == (4, 512)
    assert net(torch.zeros(2, 3, 50, 70)).shape == (2, 4)


def test_flattened_head_takes_every_number_of_the_map():
    net = headed(Head(pooling="flatten"), size=(64, 96))

    assert net.get_submodule("head").weight.shape == (4, 512 * 2 * 3)
    assert net(torch.zeros(2, 3, 64, 96)).shape == (2, 4)


def test_hidden_layers_have_relu_and_dropout_as_in_vgg():
    net = headed(Head(pooling="flatten", hidden=(40, 30), dropout=0.5), outputs=2)

    assert names(net)[2:] == [
        "hidden1", "relu1", "dropout1", "hidden2", "relu2", "dropout2", "head",
    ]  # fmt: skip
    assert [p.shape[0] for p in net.parameters() if p.ndim == 2] == [40, 30, 2]


def test_frozen_oct_head_learns_131076_numbers():
    # the OCT write-up: ResNet-50 without its top, 100 x 100 x 3, 2048 x 4 x 4 to 4 classes
    card = BACKBONES["resnet50"]
    body = nn.Sequential(nn.Conv2d(3, 2048, 1, stride=32))

    net = with_head(
        body.requires_grad_(False), card, 4, Head(pooling="flatten"), (100, 100), seed=0
    )

    assert trainable(net) == 131_076


def test_equal_seeds_give_equal_heads():
    first, second, other = (headed(Head(hidden=(8,)), seed=seed) for seed in (1, 1, 2))

    for part in ("hidden1", "head"):
        weight = first.get_submodule(part).weight
        assert torch.equal(weight, second.get_submodule(part).weight)
        assert not torch.equal(weight, other.get_submodule(part).weight)


def test_looking_for_the_size_of_the_map_leaves_the_body_as_it_was():
    body = nn.Sequential(nn.Conv2d(3, 512, 1, stride=32), nn.BatchNorm2d(512))
    before = {name: value.clone() for name, value in body.state_dict().items()}

    with_head(body, RESNET, 2, Head(pooling="flatten"), (64, 64), seed=0)

    assert body.training
    assert all(torch.equal(value, before[name]) for name, value in body.state_dict().items())


def test_size_that_is_too_small_is_named():
    with pytest.raises(ParameterError, match="16 x 20 pixels are too small for vgg11"):
        with_head(Body(), BACKBONES["vgg11"], 2, Head(pooling="flatten"), (20, 16), seed=0)
