from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.heads import with_head
from texturekit.deep.networks import build_body
from texturekit.deep.optimising import optimiser_of, rate, set_rates, stages
from texturekit.deep.settings import Head, Settings
from texturekit.deep.weights import Weights

DECIDED = Settings(learning_rate=0.1, head_factor=10)


def rates(settings, peak, per_epoch=3):
    """List the rate of each epoch's last step."""
    return [
        rate(settings, peak, per_epoch * e - 1, per_epoch) for e in range(1, settings.epochs + 1)
    ]


def test_rates_of_the_breast_write_up_epoch_by_epoch():
    # seeds/003: SGD, 0.01, a tenth of it every 10 epochs, never below 0.00001
    settings = Settings(
        schedule="step", step_epochs=10, step_factor=0.1, lowest_rate=1e-5, warm_up=0, epochs=50
    )

    found = rates(settings, 0.01)

    expected = [1e-2] * 10 + [1e-3] * 10 + [1e-4] * 10 + [1e-5] * 20
    assert found == pytest.approx(expected)
    assert min(found) == 1e-5


def test_cosine_is_torchs_own():
    layer = nn.Linear(1, 1)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.3)
    torchs = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=20)
    settings = Settings(epochs=5, warm_up=0)

    for step in range(20):
        assert rate(settings, 0.3, step, 4) == pytest.approx(torchs.get_last_lr()[0])
        optimiser.step()
        torchs.step()


def test_warm_up_rises_evenly_to_the_peak():
    settings = Settings(epochs=10, warm_up=0.2, schedule="constant")

    found = [rate(settings, 1.0, step, 2) for step in range(6)]

    assert found == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])


def test_a_peak_below_the_lowest_rate_stays_where_it_is():
    assert rate(Settings(lowest_rate=1e-3, warm_up=0), 1e-4, 0, 9) == 1e-4


def network(name="resnet18"):
    card = BACKBONES[name]
    body = build_body(card, Weights("", "random"))
    return with_head(body, card, 2, Head(), (64, 64), seed=0)


def test_every_stage_learns_slower_than_the_one_behind_it():
    net = network()
    settings = DECIDED.model_copy(update={"layer_decay": 0.5})

    optimiser = optimiser_of(net, settings)
    set_rates(optimiser, settings.model_copy(update={"warm_up": 0}), 0, 10)

    found = {id(p): group["lr"] for group in optimiser.param_groups for p in group["params"]}
    rate_of = {name: found[id(value)] for name, value in net.named_parameters()}
    assert len(rate_of) == len(found)
    assert rate_of["head.weight"] == 1.0
    for place, stage in enumerate(("layer4", "layer3", "layer2", "layer1")):
        assert rate_of[f"body.{stage}.0.conv1.weight"] == pytest.approx(0.1 * 0.5**place)
    assert rate_of["body.conv1.weight"] == rate_of["body.bn1.bias"] == pytest.approx(0.1 * 0.5**4)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("vgg11", 8),  # convolutions
        ("squeezenet1_1", 9),  # one convolution and eight fire modules
        ("densenet121", 8),  # a convolution, four blocks, three transitions
    ],
)
def test_stages_are_the_papers(name, count):
    body = build_body(BACKBONES[name], Weights("", "random"))

    found = stages(body)

    assert len(found) == count
    assert [id(p) for stage in found for p in stage] == [id(p) for p in body.parameters()]


def test_what_needs_no_gradient_is_left_out():
    net = network("squeezenet1_1")
    net.get_submodule("body").requires_grad_(False)

    optimiser = optimiser_of(net, DECIDED)

    assert [len(group["params"]) for group in optimiser.param_groups] == [2]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)],
)
def test_optimisers_get_their_settings(name, kind):
    settings = DECIDED.model_copy(update={"optimiser": name, "weight_decay": 0.02, "momentum": 0.8})

    optimiser = optimiser_of(network("squeezenet1_1"), settings)

    assert type(optimiser) is kind
    assert optimiser.defaults["weight_decay"] == 0.02
    assert optimiser.defaults.get("momentum", 0.8) == 0.8
    assert math.isclose(optimiser.param_groups[0]["lr"], 0.1)
