from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from texturekit.deep import finetune
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.networks import build_body
from texturekit.deep.settings import AS_THEY_ARE, Settings
from texturekit.deep.weights import Weights
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.events import listening

NAN = np.nan


@pytest.fixture
def stripes(rng):
    """Make noisy stripes, lying (0) or standing (1): what no global mean can tell apart."""

    def make(count, side=32):
        labels = np.arange(count) % 2
        wave = 60 * np.sign(np.sin(np.arange(side) * np.pi / 4 + 0.1))
        pictures = 128 + rng.normal(0, 25, (count, side, side, 3))
        pictures += np.where(labels[:, None, None, None], wave[None, :, None], wave[:, None, None])
        return pictures.clip(0, 255).astype(np.uint8), labels

    return make


def train(pictures, labels, **options):
    defaults = {
        "backbone": "squeezenet1_1", "classes": ["lying", "standing"], "kind": "binary",
        "weights": "none", "device": "cpu",
    }  # fmt: skip
    settings = {name: options.pop(name) for name in list(options) if name in Settings.model_fields}
    settings = Settings(**{"epochs": 1, **settings})
    return finetune(pictures, labels, **{**defaults, **options}, settings=settings)


def test_learns_what_can_be_learnt(stripes):
    pictures, labels = stripes(64)
    fresh, truth = stripes(40)

    network = train(
        pictures, labels, backbone="resnet18", epochs=4, val=stripes(16), augmentation=AS_THEY_ARE
    )
    probabilities = network.predict_proba(fresh)

    assert (probabilities.argmax(axis=1) == truth).mean() > 0.9
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert probabilities.dtype == np.float64


def test_learns_several_labels_at_once_from_what_is_known(stripes, rng):
    pictures, standing = stripes(48)
    bright = rng.integers(0, 2, 48)
    pictures = np.where(bright[:, None, None, None], pictures // 2 + 127, pictures // 2)
    truth = np.stack([standing, bright, np.ones(48)], axis=1).astype(float)
    labels = np.where(rng.random(truth.shape) < 0.2, NAN, truth)

    network = train(
        pictures, labels, classes=["standing", "bright", "always"], kind="multilabel",
        backbone="resnet18", epochs=10, augmentation=AS_THEY_ARE,
    )  # fmt: skip
    probabilities = network.predict_proba(pictures)

    assert ((probabilities[:, :2] > 0.5) == truth[:, :2]).mean(axis=0).min() > 0.9
    assert np.isnan(probabilities[:, 2]).all()
    assert network.facts.trained == (True, True, False)


def test_value_behind_an_unknown_label_does_not_matter(stripes):
    pictures, labels = stripes(8)
    first = np.stack([labels, labels], axis=1).astype(float)
    first[2:5, 1] = NAN
    options = {"kind": "multilabel", "classes": 2, "epochs": 2}

    states = [train(pictures, values, **options).state() for values in (first, first.copy())]
    known = train(pictures, np.nan_to_num(first), **options).state()

    assert_array_equal(states[0]["head.weight"], states[1]["head.weight"])
    assert not np.array_equal(states[0]["head.weight"], known["head.weight"])


@pytest.mark.parametrize("backbone", ["squeezenet1_1", "resnet18"])
def test_same_seed_gives_the_same_bits(backbone, stripes):
    pictures, labels = stripes(6)

    first, second, other = (
        train(pictures, labels, backbone=backbone, batch=4, epochs=2, seed=seed)
        for seed in (1, 1, 2)
    )

    assert first.state().keys() == second.state().keys()
    for name, value in first.state().items():
        assert_array_equal(value, second.state()[name])
    assert not np.array_equal(first.state()["head.weight"], other.state()["head.weight"])


def test_leaves_the_global_random_state_alone(stripes):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)

    train(*stripes(4))

    assert torch.equal(torch.rand(3), expected)


def test_lazily_decoded_pictures_give_the_same_network(stripes, monkeypatch):
    pictures, labels = stripes(9)
    first = train(list(pictures), labels, batch=4).state()
    monkeypatch.setattr("texturekit.deep.loading._FITS_IN_MEMORY", 1)

    second = train(list(pictures), labels, batch=4).state()

    assert_array_equal(first["head.weight"], second["head.weight"])


def test_history_tells_each_epoch_and_the_best_one_is_kept(stripes):
    pictures, labels = stripes(16)
    val = stripes(6)

    network = train(pictures, labels, val=val, epochs=4, learning_rate=3e-3, patience=4)
    losses = [epoch["val_loss"] for epoch in network.history]
    probability = network.predict_proba(val[0])[np.arange(6), val[1]]

    assert [epoch["epoch"] for epoch in network.history] == [1, 2, 3, 4]
    assert network.facts.best_epoch == 1 + int(np.argmin(losses))
    assert -np.log(probability).mean() == pytest.approx(min(losses), rel=1e-4)
    assert all(epoch["seconds"] > 0 and epoch["train_loss"] > 0 for epoch in network.history)


def test_stops_when_validation_gets_no_better(stripes):
    pictures, labels = stripes(16)
    contrary = (pictures, 1 - labels)
    heard = []

    with listening(heard.append):
        network = train(
            pictures, labels, val=contrary, epochs=30, patience=2, learning_rate=2e-3,
            backbone="resnet18", augmentation=AS_THEY_ARE,
        )  # fmt: skip

    best = network.facts.best_epoch
    losses = [epoch["val_loss"] for epoch in network.history]
    kept = network.predict_proba(pictures)[np.arange(len(labels)), 1 - labels]
    assert len(network.history) == best + 2 < 30
    assert f"stopped after epoch {best + 2}" in heard[-1].message
    assert -np.log(kept).mean() == pytest.approx(losses[best - 1], rel=1e-4)
    assert losses[-1] > 1.1 * losses[best - 1]


def test_validation_without_a_known_label_is_no_validation(stripes):
    pictures, labels = stripes(6)
    values = labels[:, None].astype(float)

    network = train(
        pictures, values, val=(pictures, np.full((6, 1), NAN)), kind="multilabel", classes=1
    )

    assert network.history[0]["val_loss"] is None


def test_learning_rate_rises_then_falls_to_zero(stripes):
    network = train(*stripes(10), epochs=5, batch=2, learning_rate=1e-3)
    rates = [epoch["learning_rate"] for epoch in network.history]

    assert rates[0] == pytest.approx(1e-3, rel=0.05)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 1e-5


def test_pretrained_bodies_learn_slower_than_their_head(stripes, tmp_path):
    body = build_body(BACKBONES["squeezenet1_1"], Weights("", "random"))
    torch.save(body.state_dict(), tmp_path / "own.pth")

    settings = train(*stripes(4), weights=tmp_path / "own.pth").facts.settings

    assert (settings.learning_rate, settings.head_factor) == (1e-4, 10)


@pytest.mark.parametrize("count", [3, 5])
def test_a_last_batch_of_one_picture_does_not_break_batch_normalisation(count, stripes):
    network = train(*stripes(count), backbone="resnet18", batch=2)

    assert np.isfinite(network.history[0]["train_loss"])


@pytest.mark.parametrize("backbone", ["vgg11", "densenet121"])
def test_other_backbones_train_with_the_same_head(backbone, stripes):
    network = train(*stripes(2), backbone=backbone)

    assert network.state()["head.weight"].shape == (2, BACKBONES[backbone].width)


def test_a_loss_that_is_not_finite_stops_with_the_reason(stripes, tmp_path):
    state = build_body(BACKBONES["squeezenet1_1"], Weights("", "random")).state_dict()
    torch.save({name: value * 1e30 for name, value in state.items()}, tmp_path / "huge.pth")

    with pytest.raises(ParameterError, match=r"loss became (nan|inf) in epoch 1, step 1"):
        train(*stripes(4), weights=tmp_path / "huge.pth")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"classes": 3}, "there are 3 classes; kind 'binary' wants 2"),
        ({"classes": 1, "kind": "multiclass"}, "wants at least 2"),
        ({"device": "gpu"}, "device is 'gpu'"),
    ],
)
def test_wrong_options_are_named(options, reason, stripes):
    with pytest.raises(ParameterError, match=reason):
        train(*stripes(4), **options)


def test_no_pictures_are_refused():
    with pytest.raises(ParameterError, match="there are no pictures"):
        train([], np.zeros(0, dtype=int))


def test_unknown_backbone_gets_a_suggestion(stripes):
    with pytest.raises(UnknownNameError, match="Did you mean 'densenet121'"):
        train(*stripes(4), backbone="densenet12")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda picture: np.full(picture.shape, NAN), "picture 3 is float64"),
        (lambda picture: picture[:, :-1], "one size"),
        (lambda picture: picture[:16, :16], "needs at least 17"),
    ],
    ids=["nan", "other size", "small"],
)
def test_picture_that_cannot_be_used_is_named(spoil, reason, stripes):
    pictures, labels = stripes(4)
    pictures = list(pictures)
    pictures[3] = spoil(pictures[3])

    with pytest.raises(ImageError, match=reason):
        train(pictures, labels)
