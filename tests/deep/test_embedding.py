from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from texturekit.deep import embed
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.networks import build_body
from texturekit.deep.weights import Weights
from texturekit.errors import ImageError, ParameterError, UnknownNameError, WeightsError
from texturekit.events import listening

NET = "squeezenet1_1"


def run(pictures, **options):
    return embed(pictures, NET, **{"weights": "none", "device": "cpu", **options})


def test_is_the_averaged_last_map_of_the_normalised_picture(noise):
    pictures = noise(3)
    card = BACKBONES[NET]
    body = build_body(card, Weights("", "random"), seed=2).eval()
    scaled = (np.stack(pictures) / 255 - card.mean) / card.std
    with torch.inference_mode():
        maps = body(torch.tensor(scaled.transpose(0, 3, 1, 2), dtype=torch.float32)).numpy()

    result = run(pictures, seed=2)

    assert_allclose(result.values, maps.mean(axis=(2, 3)), rtol=1e-4, atol=1e-5)
    assert result.values.dtype == np.float64
    assert result.columns == card.columns
    assert result.weights.label == "random (seed 2)"


ARCHITECTURES = {card.architecture + str(card.channels): name for name, card in BACKBONES.items()}


@pytest.mark.parametrize("name", ARCHITECTURES.values())
def test_does_not_depend_on_the_batch_size(name, noise):
    pictures = noise(3, 32)

    one, two, eight = (
        embed(pictures, name, weights="none", device="cpu", batch=batch).values
        for batch in (1, 2, 8)
    )

    near = {"rtol": 1e-5, "atol": 1e-5 * abs(eight).max()}  # random nets give hundreds
    assert_allclose(one, eight, **near)
    assert_allclose(two, eight, **near)


def test_processes_decode_the_same(noise, tmp_path):
    pictures = [*noise(5, 32), np.zeros((32, 32), np.uint8)]

    result = run(pictures, workers=1, batch=2, on_error="skip")

    assert_array_equal(result.values[:5], run(pictures[:5], batch=2).values)
    assert list(result.failures) == [5]


def test_same_seed_gives_the_same_bits(noise):
    pictures = noise(3)

    assert_array_equal(run(pictures).values, run(pictures).values)
    assert not np.allclose(run(pictures).values, run(pictures, seed=1).values)


def test_no_pictures_give_no_rows():
    assert run([]).values.shape == (0, 512)


def test_decodes_ahead_but_not_far(noise):
    pictures = noise(60, 32)
    begun, threads = [], set()

    class Lazy:
        def __len__(self):
            return len(pictures)

        def __getitem__(self, index):
            begun.append(index)
            threads.add(threading.current_thread() is threading.main_thread())
            return pictures[index]

    seen = []
    with listening(lambda event: seen.append((event.done, len(begun)))):
        run(Lazy(), batch=4)

    assert threads == {False}
    assert sorted(begun) == list(range(60))
    assert all(ahead - done <= 24 for done, ahead in seen)


def test_tells_how_far_it_is(noise):
    heard = []

    with listening(heard.append):
        run(noise(5, 32), batch=2)

    steps = [(event.done, event.total) for event in heard]
    assert steps == [(2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (np.zeros((16, 64, 3), np.uint8), "side of 16 pixels, but squeezenet1_1 needs at least 17"),
        (np.zeros((64, 64), np.uint8), r"picture 2 is uint8 of shape \(64, 64\)"),
        (np.full((64, 64, 3), np.nan), "picture 2 is float64"),
        (np.zeros((64, 48, 3), np.uint8), "picture 2 is 48 x 64 pixels, the first one 64 x 64"),
    ],
    ids=["small", "grey", "nan", "other size"],
)
def test_picture_that_cannot_be_used_is_named(picture, reason, noise):
    pictures = [*noise(2), picture, *noise(2)]

    with pytest.raises(ImageError, match=reason):
        run(pictures)


def test_bad_picture_may_cost_only_its_row(noise):
    good = noise(5)
    pictures = [good[0], np.zeros((64, 64), np.uint8), *good[1:]]

    result = run(pictures, on_error="skip", batch=2)

    assert list(result.failures) == [1]
    assert "call to_rgb8 first" in result.failures[1]
    assert np.isnan(result.values[1]).all()
    assert_allclose(result.values[[0, 2, 3, 4, 5]], run(good).values, rtol=1e-5, atol=1e-5)


def test_error_of_another_kind_stops_at_once(noise):
    class Broken(list):
        def __getitem__(self, index):
            raise PermissionError("no")

    with pytest.raises(PermissionError):
        run(Broken(noise(3)), on_error="skip")


def test_infinite_results_are_refused(noise, tmp_path):
    state = build_body(BACKBONES[NET], Weights("", "random")).state_dict()
    torch.save({name: value * 1e30 for name, value in state.items()}, tmp_path / "huge.pth")

    with pytest.raises(ParameterError, match=r"huge.pth.* gives numbers that are not finite"):
        run(noise(2), weights=tmp_path / "huge.pth")


@pytest.mark.parametrize(
    ("options", "error", "reason"),
    [
        ({"batch": 0}, ParameterError, "batch is 0"),
        ({"device": "tpu"}, ParameterError, "device is 'tpu'"),
        ({"weights": "gone.npz"}, WeightsError, "no weights file"),
    ],
)
def test_wrong_options_are_named(options, error, reason, noise):
    with pytest.raises(error, match=reason):
        run(noise(1), **options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_absent_gpu_is_named(noise):
    with pytest.raises(ParameterError, match="torch sees no CUDA GPU here"):
        run(noise(1), device="cuda")


def test_unknown_backbone_gets_a_suggestion(noise):
    with pytest.raises(UnknownNameError, match="Did you mean 'resnet18'"):
        embed(noise(1), "resnet19", weights="none")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_gpu_agrees_with_the_cpu(noise):
    pictures = noise(5)

    assert_allclose(run(pictures, device="cuda").values, run(pictures).values, rtol=1e-2, atol=1e-3)


def _natural(folder):
    """16 classes of 8 natural images, 224 x 224."""
    for name in sorted((folder / "ood_natural").iterdir()):
        for path in sorted(name.glob("*.jpg"))[:8]:
            picture = Image.open(path).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
            yield name.name, np.asarray(picture)


def test_pretrained_features_find_the_class_and_random_ones_do_not(real_data):
    labels, pictures = zip(*_natural(real_data), strict=True)
    names = np.array(labels)

    def found(weights):
        rows = run(pictures, weights=weights).values
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        alike = rows @ rows.T
        np.fill_diagonal(alike, -np.inf)
        return (names[alike.argmax(axis=1)] == names).mean()

    # data/README.md of the data folder: leave-one-out 1-NN, 0.90 with these weights, 0.20 random
    weights = real_data / "weights" / "squeezenet1_1_features_imagenet_torchvision.npz"
    assert len(pictures) == 128
    assert found(weights) == pytest.approx(0.90, abs=0.015)
    assert found("none") == pytest.approx(0.20, abs=0.08)
