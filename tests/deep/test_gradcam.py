"""Maps against captum, against the papers' formulas, and what they leave behind: nothing."""

from __future__ import annotations

import gc
import tracemalloc
from collections import OrderedDict

import numpy as np
import pytest
import torch
import torchvision
from captum.attr import LayerAttribution, LayerGradCam, Occlusion
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.gradcam import check_method, enlarged, gradient_maps
from texturekit.deep.networks import build_body
from texturekit.deep.occlusion import occlusion_maps
from texturekit.deep.weights import Weights
from texturekit.errors import ModelError, ParameterError

RANDOM = Weights("random", "random")
SIDES = {"vgg11": 64, "resnet18": 96, "densenet121": 96}


def network(name, outputs=6, seed=0):
    """A body, pooling and one layer: the form of every trained network."""
    card = BACKBONES[name]
    torch.manual_seed(seed)
    parts = {
        "body": build_body(card, RANDOM, seed=seed),
        "pool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
        "dropout": nn.Dropout(0.5),
        "head": nn.Linear(card.width, outputs),
    }
    return nn.Sequential(OrderedDict(parts)).eval()


def small(outputs=3, channels=4):
    torch.manual_seed(3)
    body = nn.Sequential(nn.Conv2d(3, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(
        body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, outputs)
    ).eval()


def pictures(count=2, side=64, seed=1):
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def every(logits):
    return np.tile(np.arange(logits.shape[1]), (len(logits), 1))


def torchvisions_own(name, net):
    """torchvision's own module, with its own forward, that holds our numbers."""
    if name == "vgg11":  # its classifier would be 400 MB of numbers
        with torch.device("meta"):
            model = torchvision.models.vgg11()
        model.features.to_empty(device="cpu")
        model.avgpool, model.classifier = nn.AdaptiveAvgPool2d(1), net.head
    else:
        model = torchvision.models.get_model(name, weights=None, num_classes=6)
        setattr(model, "fc" if name == "resnet18" else "classifier", net.head)
    model.load_state_dict(net.body.state_dict(), strict=False)
    return model.eval(), (model.layer4 if name == "resnet18" else model.features)


@pytest.mark.parametrize("name", SIDES)
def test_equals_captum_on_torchvisions_own_module(name):
    net, side = network(name), SIDES[name]
    model, layer = torchvisions_own(name, net)
    inputs = pictures(2, side)
    assert_allclose(net(inputs).detach(), model(inputs).detach(), atol=1e-5)

    maps = gradient_maps(net, inputs, every).values
    signed = gradient_maps(net, inputs, every, signed=True).values

    oracle = LayerGradCam(model, layer)
    for output in range(6):
        theirs = oracle.attribute(inputs, target=output, relu_attributions=True).detach()
        both = oracle.attribute(inputs, target=output, relu_attributions=False).detach()
        assert_allclose(maps[:, output], theirs[:, 0], atol=1e-5)
        assert_allclose(signed[:, output], both[:, 0], atol=1e-5)
        grown = LayerAttribution.interpolate(theirs, (side, side), interpolate_mode="bilinear")
        assert_allclose(enlarged(maps, (side, side))[:, output], grown[:, 0], atol=1e-5)
    assert maps.max() > 1e-2
    assert signed.min() < -1e-2


# torchxrayvision's networks are one architecture with seven sets of weights.
DIFFERENT = [n for n in BACKBONES if "res224" not in n or n.endswith("-all")]


@pytest.mark.parametrize("name", DIFFERENT)
def test_every_backbone_has_maps(name):
    card = BACKBONES[name]
    net, side = network(name), 48 if card.smallest <= 48 else card.smallest
    inputs = pictures(1, side)[:, : card.channels]

    for method in ("gradcam", "gradcam++"):
        maps = gradient_maps(net, inputs, every, method=method, signed=True)

        assert maps.values.shape[:2] == (1, 6)
        assert np.abs(maps.values).max() > 0


def test_plus_plus_follows_the_derivatives_of_the_paper():
    # Chattopadhay et al. (2018): weights from the first three derivatives of Y = exp(logit),
    # equations 11 and 19, here taken one by one by autograd instead of by the short formula.
    net = small().double()
    inputs = pictures(1, 8).double()
    seen = net[0](inputs).detach().requires_grad_()
    for output in range(3):
        top = torch.exp(net[1:](seen)[0, output])
        (first,) = torch.autograd.grad(top, seen, create_graph=True)
        second, third = torch.zeros_like(seen), torch.zeros_like(seen)
        for place in np.ndindex(*seen.shape):
            (row,) = torch.autograd.grad(first[place], seen, create_graph=True)
            second[place] = row[place]
            third[place] = torch.autograd.grad(row[place], seen, retain_graph=True)[0][place]
        share = second / (2 * second + (seen * third).sum(dim=(2, 3), keepdim=True))
        weights = (share * first.relu()).sum(dim=(2, 3), keepdim=True)
        expected = (weights * seen).sum(dim=1).relu() / top  # the factor that is left out

        maps = gradient_maps(
            net, inputs, lambda logits, k=output: np.array([[k]]), method="gradcam++"
        )

        assert_allclose(maps.values[0, 0], expected[0].detach(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("window", "stride"), [(4, 4), (5, 2), (7, 3), (16, 16)])
def test_occlusion_equals_captums(window, stride):
    net, inputs = small(), pictures(2, 16)

    maps = occlusion_maps(net, inputs, every, window=window, stride=stride, batch=3)

    for output in range(3):
        theirs = Occlusion(net).attribute(
            inputs, (3, window, window), strides=(3, stride, stride), baselines=0, target=output
        )
        assert_allclose(maps.values[:, output], theirs[:, 0], atol=1e-5)


@pytest.mark.parametrize("maps_of", [gradient_maps, occlusion_maps])
def test_a_picture_has_the_same_maps_in_any_company(maps_of):
    net, inputs = small(), pictures(5, 16)

    together = maps_of(net, inputs, every)

    for row in range(5):
        alone = maps_of(net, inputs[row : row + 1], every)
        assert_allclose(together.values[row], alone.values[0], atol=1e-6)


def test_each_picture_may_ask_for_its_own_output():
    net, inputs = small(), pictures(3, 16)
    whole = gradient_maps(net, inputs, every).values

    maps = gradient_maps(net, inputs, lambda logits: np.array([[2], [0], [2]]))

    assert_array_equal(maps.values[:, 0], whole[[0, 1, 2], [2, 0, 2]])
    assert_allclose(maps.logits, net(inputs).detach(), atol=1e-6)


def test_nothing_is_left_on_the_network_even_after_an_error():
    net = network("squeezenet1_1")
    before = {name: value.clone() for name, value in net.state_dict().items()}

    def refuse(logits):
        raise RuntimeError("no")

    gradient_maps(net, pictures(1, 33), every)
    with pytest.raises(RuntimeError, match="no"):
        gradient_maps(net, pictures(1, 33), refuse)

    for module in net.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks
        assert not module._backward_pre_hooks
    assert all(parameter.grad is None for parameter in net.parameters())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_memory_stays_flat_over_a_thousand_pictures():
    net, inputs = small(), pictures(5, 8)
    alive = []
    tracemalloc.start()
    for number in range(200):
        gradient_maps(net, inputs, every)
        if number in (19, 199):
            gc.collect()
            alive.append((tracemalloc.get_traced_memory()[0], tensors()))
    tracemalloc.stop()

    assert alive[1][0] - alive[0][0] < 100_000  # bytes; the last maps alone would be 920,000
    assert alive[1][1] == alive[0][1]


def tensors():
    return sum(type(one) is torch.Tensor for one in gc.get_objects())


def test_works_where_what_stands_behind_the_body_works_in_place():
    net = small()
    plain = gradient_maps(nn.Sequential(net[0], nn.ReLU(), *net[1:]), pictures(), every)

    inplace = gradient_maps(
        nn.Sequential(net[0], nn.ReLU(inplace=True), *net[1:]), pictures(), every
    )

    assert_array_equal(inplace.values, plain.values)


def test_works_inside_inference_mode():
    net, inputs = small(), pictures()
    expected = gradient_maps(net, inputs, every)

    with torch.inference_mode():
        found = gradient_maps(net, inputs.clone(), every)

    assert_array_equal(found.values, expected.values)


def test_numbers_that_are_not_finite_are_refused():
    net = small()
    with torch.no_grad():
        net[3].weight[0, 0] = float("inf")

    with pytest.raises(ModelError, match="maps that are not finite"):
        gradient_maps(net, pictures(), every)


def test_wrong_names_and_sizes_are_said():
    with pytest.raises(ParameterError, match=r"method is 'cam', but gradcam, gradcam\+\+, occl"):
        check_method("cam")
    with pytest.raises(ParameterError, match="no step that is longer than the window"):
        occlusion_maps(small(), pictures(), every, window=2, stride=3)
