from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from texturekit.deep import training
from texturekit.deep.settings import AS_THEY_ARE, Head
from texturekit.errors import ParameterError

from . import tiny
from .tiny import data, train

QUICK = {"epochs": 1, "val": None}


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setattr(training, "build_body", tiny.build_body)


def test_dropout_spreads_as_its_formula_says():
    network = train(**QUICK, head=Head(dropout=0.5))
    pictures, passes = data(2)[0], 4000
    with torch.no_grad():
        head = network.module.get_submodule("head")
        head.weight *= 3
        shown = training.Part.of(pictures, np.array([0, 1]), "binary", 2, network.backbone)
        block = torch.from_numpy(shown.source)
        values = network.module[:3](shown.inputs(block, torch.device("cpu")))
        # a kept input counts twice: variance of the difference of logits = sum (w x)^2 p / (1 - p)
        lever = (head.weight[1] - head.weight[0]) * values
        middle, sigma = (lever.sum(1) + head.bias[1] - head.bias[0]), (lever**2).sum(1).sqrt()
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    curve = 1 / (1 + np.exp(-(middle.numpy()[:, None] + sigma.numpy()[:, None] * nodes)))
    mean = curve @ weights / weights.sum()
    std = np.sqrt((curve**2) @ weights / weights.sum() - mean**2)

    found = network.predict_spread(pictures, passes=passes)

    assert std.min() > 0.01
    assert_allclose(found.mean[:, 1], mean, atol=5 * std.max() / passes**0.5)
    assert_allclose(found.std[:, 1], std, rtol=0.08)
    assert found.passes == passes


def test_spread_does_not_depend_on_the_batch_and_leaves_the_network_alone():
    network, pictures = train(**QUICK), data(5)[0]
    before = network.predict_proba(pictures)

    one, four = (network.predict_spread(pictures, passes=3, batch=batch) for batch in (1, 4))

    assert_allclose(one.std, four.std, atol=1e-6)
    assert_array_equal(network.predict_proba(pictures), before)


def test_mirrors_as_training_did():
    both = AS_THEY_ARE.model_copy(update={"flip": 0.5, "flip_vertical": 0.5})
    network, pictures = train(**QUICK, augmentation=both), data(4)[0]
    ways = [
        pictures, pictures[:, :, ::-1], pictures[:, ::-1], pictures[:, ::-1, ::-1],
    ]  # fmt: skip
    looks = np.stack([network.predict_proba(np.ascontiguousarray(way)) for way in ways])

    found = network.predict_spread(pictures, how="flips")

    assert found.passes == 4
    assert_allclose(found.mean, looks.mean(axis=0), atol=1e-6)
    assert_allclose(found.std, looks.std(axis=0), atol=1e-6)
    assert_allclose(found.entropy, -(found.mean * np.log(found.mean)).sum(axis=1))


def test_labels_have_an_entropy_each_and_none_where_untrained():
    pictures, labels = data(8)
    network = train(pictures, np.stack([labels, labels * 0], axis=1).astype(float), **QUICK)

    found = network.predict_spread(pictures, passes=2)

    p = found.mean[:, 0]
    assert_allclose(found.entropy[:, 0], -p * np.log(p) - (1 - p) * np.log(1 - p))
    assert np.isnan(found.entropy[:, 1]).all()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"how": "flip"}, "how is 'flip'"),
        ({"passes": 1}, "passes is 1"),
        ({"how": "flips"}, "without mirrored pictures"),
        ({"how": "dropout"}, "has no dropout"),
    ],
)
def test_what_gives_no_spread_is_refused(options, reason):
    network = train(**QUICK, augmentation=AS_THEY_ARE, head=Head(dropout=0))

    with pytest.raises(ParameterError, match=reason):
        network.predict_spread(data(2)[0], **options)
