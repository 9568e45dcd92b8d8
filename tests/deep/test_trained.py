from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.numpy import load_file, save_file

from texturekit.deep import Network, finetune, load_network
from texturekit.deep.settings import Settings
from texturekit.errors import ImageError, ModelError, ParameterError


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(1).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def network(pictures):
    return finetune(
        pictures, np.arange(6) % 3, backbone="resnet18", classes=["a", "b", "c"],
        kind="multiclass", weights="none", device="cpu",
        settings=Settings(epochs=1),
    )  # fmt: skip


def test_probabilities_do_not_depend_on_the_batch_size(network, pictures):
    one, four = (network.predict_proba(pictures, batch=batch) for batch in (1, 4))

    assert_allclose(one, four, atol=1e-5)
    assert_allclose(one.sum(axis=1), 1)


def test_no_pictures_give_no_rows(network):
    assert network.predict_proba([]).shape == (0, 3)


def test_survives_a_file(network, pictures, tmp_path):
    path = network.save(tmp_path / "net.safetensors")

    again = load_network(path)

    assert again.facts == network.facts
    assert again.history == network.history
    assert_array_equal(again.predict_proba(pictures), network.predict_proba(pictures))
    assert [file.name for file in tmp_path.iterdir()] == ["net.safetensors"]


def test_survives_facts_and_numbers(network, pictures):
    facts = json.loads(network.facts.model_dump_json())

    again = Network.restore(facts, network.state())

    assert_array_equal(again.predict_proba(pictures), network.predict_proba(pictures))


def test_facts_cannot_ask_for_more_memory_than_the_numbers_take(network):
    facts = json.loads(network.facts.model_dump_json())
    facts["settings"]["head"]["hidden"] = [10**11]

    with pytest.raises(ModelError, match=r"2 of \d+ weights are missing"):
        Network.restore(facts, network.state())


def test_numbers_are_copies(network, pictures):
    before = network.predict_proba(pictures)
    network.state()["head.weight"][:] = 7.0

    assert_array_equal(network.predict_proba(pictures), before)


def test_pictures_of_another_size_are_refused(network):
    with pytest.raises(ImageError, match="64 x 48 pixels, the network was trained on 32 x 32"):
        network.predict_proba(np.zeros((2, 48, 64, 3), np.uint8))


def test_wrong_batch_is_named(network, pictures):
    with pytest.raises(ParameterError, match="batch is 0"):
        network.predict_proba(pictures, batch=0)


def with_number(name, value):
    return lambda state: {**state, name: value}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (with_number("head.bias", np.full(3, np.nan, np.float32)), "'head.bias' holds values"),
        (with_number("head.bias", np.zeros(4, np.float32)), r"'head.bias' has shape \(4,\)"),
        (with_number("extra", np.zeros(4, np.float32)), r"1 are not known \('extra'"),
        (lambda state: {}, "are missing"),
    ],
    ids=["nan", "shape", "extra", "nothing"],
)
def test_wrong_numbers_are_refused_by_name(spoil, reason, network, tmp_path):
    path = network.save(tmp_path / "net.safetensors")
    facts = {"texturekit.network": network.facts.model_dump_json()}
    save_file(spoil(load_file(path)), path, metadata=facts)

    with pytest.raises(ModelError, match=reason):
        load_network(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"classes": ["a", "b"]}, "trained"),
        ({"classes": ["a", "b"], "trained": [True] * 2}, "'head.weight' has shape"),
        ({"backbone": "resnet1800"}, "backbone 'resnet1800' is not known"),
        ({"kind": "ternary"}, "facts are not usable: kind"),
        ({"format": 1}, "format 1, written by an older texturekit; .* train it anew"),
        ({"format": 3}, "facts are not usable: format"),
        ({"mean": [0.5, 0.5, 0.5]}, "normalis"),
    ],
)
def test_wrong_facts_are_refused_by_name(change, reason, network):
    facts = {**network.facts.model_dump(), **change}

    with pytest.raises(ModelError, match=reason):
        Network.restore(facts, network.state())


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", None], ids=["empty", "html", "bare"])
def test_something_else_is_refused(content, tmp_path):
    path = tmp_path / "net.safetensors"
    if content is None:
        save_file({"head.bias": np.zeros(2)}, path)
    else:
        path.write_bytes(content)

    with pytest.raises(ModelError, match="is not a network that texturekit wrote"):
        load_network(path)


def test_missing_file_is_named():
    with pytest.raises(ModelError, match="no network file 'gone'"):
        load_network("gone")
