from __future__ import annotations

import pytest
import torch
import torchvision
from torchvision.models.vision_transformer import interpolate_embeddings

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.bodies import random_body
from texturekit.deep.networks import build_body
from texturekit.deep.seeing import check_picture
from texturekit.deep.weights import Weights, resolve_weights
from texturekit.errors import ImageError

RANDOM = Weights("random (seed 0)", "random")


@pytest.mark.parametrize("name", ["resnet50", "vgg11", "vgg16", "squeezenet1_1"])
def test_a_backbone_ends_in_a_map_of_its_width(name):
    card = BACKBONES[name]
    body = build_body(card, RANDOM).eval()

    with torch.inference_mode():
        maps = body(torch.zeros(1, card.channels, 32, 32))

    assert maps.shape[:2] == (1, card.width)
    assert maps.ndim == 4
    assert torch.isfinite(maps).all()
    assert all(torch.isfinite(value).all() for value in body.state_dict().values())


def theirs(name, path):
    """Return torchvision's own module after it has seen numbers, and its file."""
    torch.manual_seed(1)
    net = torchvision.models.get_model(name, weights=None).eval()
    torch.save(net.state_dict(), path)
    return net, build_body(BACKBONES[name], resolve_weights(name, path)).eval()


@pytest.mark.parametrize(
    "name",
    ["resnet18", "densenet121", "squeezenet1_1", "mobilenet_v3_small", "efficientnet_b0",
     "convnext_tiny"],
)  # fmt: skip
def test_map_is_the_one_that_torchvisions_classifier_sees(name, tmp_path):
    net, body = theirs(name, tmp_path / "theirs.pth")
    picture = torch.rand(2, 3, 64, 64)
    if name == "squeezenet1_1":
        last = net.classifier[1]
    else:
        last = net.classifier if name == "densenet121" else net.avgpool
    seen = []
    last.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))

    with torch.inference_mode():
        net(picture)
        maps = body(picture)

    expected = seen[0].mean((2, 3)) if seen[0].ndim == 4 else seen[0]
    assert maps.shape[:2] == (2, BACKBONES[name].width)
    torch.testing.assert_close(maps.mean((2, 3)), expected, rtol=1e-5, atol=1e-5)


def test_patch_tokens_are_torchvisions_at_any_multiple_of_16(tmp_path):
    net, body = theirs("vit_b_16", tmp_path / "theirs.pth")
    picture = torch.rand(1, 3, 48, 48)
    smaller = torchvision.models.VisionTransformer(48, 16, 12, 12, 768, 3072).eval()
    smaller.load_state_dict(interpolate_embeddings(48, 16, net.state_dict()))
    seen = []
    smaller.encoder.register_forward_hook(lambda module, inputs, output: seen.append(output))

    with torch.inference_mode():
        smaller(picture)
        maps = body(picture)

    assert maps.shape == (1, 768, 3, 3)
    torch.testing.assert_close(maps[0].flatten(1).T, seen[0][0, 1:], rtol=1e-5, atol=1e-5)


def test_a_size_that_a_transformer_cannot_take_is_refused_by_name(noise):
    picture = noise(1, 40)[0]

    with pytest.raises(ImageError, match=r"40 x 40 pixels, but vit_b_16 takes multiples of 16"):
        check_picture(picture, 0, BACKBONES["vit_b_16"])


def test_an_xray_net_is_torchxrayvisions_own():
    models = pytest.importorskip("torchxrayvision.models")
    torch.manual_seed(1)
    net = models.DenseNet().eval()
    body = random_body(BACKBONES["densenet121-res224-all"]).eval()
    values = {k: v for k, v in net.state_dict().items() if not k.startswith("classifier")}
    body.load_state_dict(values)
    picture = torch.rand(2, 1, 64, 64) * 2048 - 1024

    with torch.inference_mode():
        expected = net.features2(picture)
        maps = body(picture)

    torch.testing.assert_close(maps.mean((2, 3)), expected, rtol=1e-5, atol=1e-5)
