from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.heads import with_head
from texturekit.deep.networks import build_body
from texturekit.deep.settings import Head
from texturekit.deep.weights import Weights, resolve_weights
from texturekit.errors import WeightsError
from texturekit.events import listening

RANDOM = Weights("random (seed 0)", "random")
SQUEEZE = BACKBONES["squeezenet1_1"]


def test_same_seed_same_network_and_another_seed_another_one():
    first, second, other = (
        build_body(SQUEEZE, RANDOM, seed=seed).state_dict()["features.0.weight"]
        for seed in (4, 4, 5)
    )

    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_building_leaves_the_global_random_state_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)

    with_head(build_body(SQUEEZE, RANDOM, seed=9), SQUEEZE, 2, Head(), (64, 64), seed=9)

    assert torch.equal(torch.rand(3), expected)


# --- files


@pytest.fixture
def state():
    return OrderedDict(build_body(SQUEEZE, RANDOM, seed=7).state_dict())


def write(state, path):
    if path.suffix == ".npz":
        np.savez(path, **{name: value.numpy() for name, value in state.items()})
    elif path.suffix == ".safetensors":
        save_file({name: value.contiguous() for name, value in state.items()}, path)
    else:
        torch.save(state, path)
    return path


def load(path):
    return build_body(SQUEEZE, resolve_weights(SQUEEZE, path), seed=0).state_dict()


def assert_same(loaded, state):
    assert loaded.keys() == state.keys()
    assert all(torch.equal(loaded[name], state[name]) for name in state)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pth", ".pt"])
def test_reads_each_kind_of_file(suffix, state, tmp_path):
    assert_same(load(write(state, tmp_path / f"net{suffix}")), state)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {f"module.{name}": value for name, value in state.items()},
        lambda state: {name.removeprefix("features."): value for name, value in state.items()},
        lambda state: {f"body.{name}": value for name, value in state.items()},
        lambda state: {name: value.double() for name, value in state.items()},
    ],
    ids=["state_dict", "module.", "bare features", "own network", "float64"],
)
def test_unwraps_the_usual_wrappings(wrap, state, tmp_path):
    assert_same(load(write(wrap(state), tmp_path / "net.pth")), state)


def test_old_names_of_densenet_are_understood(tmp_path):
    card = BACKBONES["densenet121"]
    state = build_body(card, RANDOM, seed=7).state_dict()
    old = {
        name.replace("norm1", "norm.1").replace("conv2", "conv.2"): value
        for name, value in state.items()
    }
    path = write(old, tmp_path / "net.pth")

    loaded = build_body(card, resolve_weights(card, path)).state_dict()

    assert any("norm.1" in name for name in old)
    assert_same(loaded, state)


def test_classifier_of_another_class_count_is_left_out_and_said(state, tmp_path):
    full = {
        **state,
        "classifier.1.weight": torch.zeros(7, 512, 1, 1),
        "classifier.1.bias": torch.zeros(7),
    }
    heard = []

    with listening(heard.append):
        loaded = load(write(full, tmp_path / "net.pth"))

    assert_same(loaded, state)
    assert "its classifier of 7 outputs is left out" in heard[0].message


def changed(name, value):
    return lambda state: {**state, name: value}


def without(name):
    return lambda state: {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (without("features.3.squeeze.bias"), r"1 of 50 weights are missing \('features.3.squeeze"),
        (changed("features.99.weight", torch.zeros(2)), r"1 are not known \('features.99.weight'"),
        (changed("features.0.bias", torch.zeros(7)), r"'features.0.bias' has shape \(7,\)"),
        (
            changed("features.0.bias", torch.full((64,), torch.nan)),
            "'features.0.bias' holds values",
        ),
        (changed("features.0.bias", [1.0] * 64), "'features.0.bias' is list, not an array"),
        (changed("features.0.bias", torch.zeros(64, device="meta")), "array of plain real numbers"),
        (changed("features.0.bias", torch.zeros(64, dtype=torch.complex64)), "plain real numbers"),
        (changed("features.0.bias", torch.zeros(1).expand(64)), "array of plain real numbers"),
        (changed("features.0.bias", torch.full((64,), 1e300, dtype=torch.float64)), "not finite"),
        (lambda _: [1, 2], "holds list, not named weights"),
        (lambda _: {}, "holds dict, not named weights"),
    ],
    ids=[
        "missing",
        "foreign",
        "shape",
        "nan",
        "list",
        "meta",
        "complex",
        "repeated",
        "too large",
        "no dict",
        "empty",
    ],
)
def test_wrong_content_is_refused_by_name(spoil, reason, state, tmp_path):
    path = tmp_path / "net.pth"
    torch.save(spoil(state), path)

    with pytest.raises(WeightsError, match=reason) as caught:
        load(path)

    assert "net.pth" in str(caught.value)


def test_weights_of_another_architecture_are_refused(tmp_path):
    path = write(build_body(BACKBONES["resnet18"], RANDOM).state_dict(), tmp_path / "net.pth")

    with pytest.raises(WeightsError, match="belongs to another network"):
        load(path)


def test_a_compressed_archive_is_not_blown_up(state, tmp_path, monkeypatch):
    torch.save({**state, "zeros": torch.zeros(100_000)}, tmp_path / "plain.pth")
    with (
        zipfile.ZipFile(tmp_path / "plain.pth") as plain,
        zipfile.ZipFile(tmp_path / "net.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    np.savez_compressed(tmp_path / "net.npz", a=np.zeros(100_000, np.float32))

    with pytest.raises(WeightsError, match="is compressed, which torch never does"):
        load(tmp_path / "net.pth")
    monkeypatch.setattr("texturekit.deep.networks._MOST_BYTES", 100_000)
    with pytest.raises(WeightsError, match="more than any network"):
        load(tmp_path / "net.npz")


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".npz"])
def test_pickled_objects_are_refused_and_not_executed(suffix, tmp_path):
    canary, path = tmp_path / "canary", tmp_path / f"net{suffix}"
    if suffix == ".npz":
        np.savez(path, a=np.array([Canary(canary)], dtype=object))
    else:
        torch.save({"a": Canary(canary)}, path)

    with pytest.raises(WeightsError, match="cannot be read as named weights"):
        load(path)
    path.write_bytes(pickle.dumps(Canary(canary)))
    with pytest.raises(WeightsError, match="cannot be read as named weights"):
        load(path)

    assert not canary.exists()


@pytest.mark.filterwarnings("error")
def test_a_refused_pickle_is_explained_in_our_own_words(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(pickle.dumps({"a": Canary(tmp_path / "canary")}, protocol=4))

    with pytest.raises(WeightsError, match="never loaded, and nothing of it was run") as caught:
        load(path)

    assert "torch.save(model.state_dict(), FILE)" in str(caught.value)
    assert "weights_only" not in str(caught.value)  # torch's hint is to switch the check off


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pth", ".pt"])
@pytest.mark.parametrize("content", [b"", b"<html>404</html>"], ids=["empty", "html"])
def test_something_else_is_refused(content, suffix, tmp_path):
    path = tmp_path / f"net{suffix}"
    path.write_bytes(content)

    with pytest.raises(WeightsError, match="cannot be read as named weights"):
        load(path)
