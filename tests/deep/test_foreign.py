"""How the names of a network's weights are told from others; numbers are in test_importing."""

import pytest
import torch

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.bodies import random_body
from texturekit.deep.foreign import find
from texturekit.deep.networks import read_checkpoint
from texturekit.errors import WeightsError

MATRIX, ROW = torch.zeros(2, 3), torch.zeros(2)


@pytest.fixture(scope="module")
def names():
    return {name: list(random_body(BACKBONES[name]).state_dict()) for name in ("resnet18", "vgg11")}


def linear(*stems):
    shapes = (("weight", MATRIX), ("bias", ROW))
    return {f"{stem}.{part}": value for stem in stems for part, value in shapes}


def body(names, rename=str):
    return {rename(name): ROW for name in names}


def found(backbone, names, values):
    return find(BACKBONES[backbone], names[backbone], values, "net.pth")


@pytest.mark.parametrize(
    ("rename", "layers"),
    [
        (str, ["classifier.0", "classifier.3", "classifier.6"]),
        ("model.{}".format, ["model.classifier.0", "model.classifier.2"]),
        ("base.{}".format, ["fc.1"]),
        (lambda name: name.replace("features", "net.0"), ["head.0", "head.10", "head.4"]),
    ],
    ids=["plain", "around", "beside", "numbered"],
)
def test_a_vgg_is_found_with_its_layers_in_order(rename, layers, names):
    result = found("vgg11", names, body(names["vgg11"], rename) | linear(*layers))

    order = sorted(layers, key=lambda stem: int(stem.rpartition(".")[2]))
    assert [name for name, _, _ in result.layers] == order
    assert set(result.body) == set(names["vgg11"])


@pytest.mark.parametrize(
    ("backbone", "more", "reason"),
    [
        ("resnet18", [], "without a trained head"),
        ("resnet18", ["fc", "out"], r"2 linear layers.*\(fc, out\).*only a single layer"),
        ("resnet18", ["fc.0", "fc.3"], "does not say what is done between"),
        ("vgg11", ["fc1", "fc2", "fc3"], r"3 linear layers.*\(fc1, fc2, fc3\).*one nn.Sequential"),
        ("vgg11", ["classifier.0", "classifier.1"], "with a ReLU between each two"),
        ("vgg11", ["classifier.0", "head.3"], "only those of one nn.Sequential"),
    ],
)
def test_what_may_be_put_together_in_several_ways_is_refused(backbone, more, reason, names):
    with pytest.raises(WeightsError, match=reason):
        found(backbone, names, body(names[backbone]) | linear(*more))


def test_other_weights_are_refused_by_name(names):
    plain = body(names["resnet18"]) | linear("fc")

    with pytest.raises(WeightsError, match=r"holds layer1\.2\.conv1\.weight beside the body"):
        found("resnet18", names, plain | {"layer1.2.conv1.weight": ROW})  # a ResNet-34's
    with pytest.raises(WeightsError, match=r"holds fc2\.weight beside the body"):
        found("resnet18", names, plain | {"fc2.weight": MATRIX})
    with pytest.raises(WeightsError, match="body of resnet18 2 times"):
        found("resnet18", names, plain | body(names["resnet18"], "teacher.{}".format))
    del plain["layer4.1.bn2.bias"]
    with pytest.raises(WeightsError, match=r"1 of 100 weights are missing \('layer4\.1\.bn2\.bias"):
        found("resnet18", names, plain)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: {"model": s, "optimizer": {"state": {0: {"step": ROW}}, "param_groups": []}},
        lambda s: {f"_orig_mod.{name}": value for name, value in s.items()},
        lambda s: {"state_dict": {f"module._orig_mod.{k}": v for k, v in s.items()}, "epoch": 1},
    ],
    ids=["model", "compiled", "both"],
)
def test_wrappings_are_taken_off(wrap, tmp_path):
    torch.save(wrap(linear("fc")), tmp_path / "net.pth")

    assert set(read_checkpoint(tmp_path / "net.pth")[0]) == {"fc.weight", "fc.bias"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"model": linear("fc"), "model_ema": linear("fc")}, r"2 sets of weights \(model, model_e"),
        ({**linear("fc"), "module.fc.bias": ROW}, "'fc.bias' twice"),
    ],
)
def test_a_file_of_two_networks_is_refused(content, reason, tmp_path):
    torch.save(content, tmp_path / "net.pth")

    with pytest.raises(WeightsError, match=reason):
        read_checkpoint(tmp_path / "net.pth")
