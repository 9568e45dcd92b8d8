from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from texturekit.deep import BACKBONES, embed
from texturekit.deep.embedder import Embedder, _built
from texturekit.deep.loading import normalised
from texturekit.deep.stages import Reading, stages_of
from texturekit.deep.weights import Weights, resolve_weights
from texturekit.errors import ParameterError, UnknownNameError

NET = "squeezenet1_1"
RANDOM = {"weights": "none", "device": "cpu"}


ARCHITECTURES = {card.architecture + str(card.channels): name for name, card in BACKBONES.items()}


@pytest.mark.parametrize("name", ARCHITECTURES.values())
def test_every_stage_has_the_channels_that_it_says(name, noise):
    card = BACKBONES[name]
    stages = stages_of(card)

    result = embed(noise(1), name, layers=range_of(stages), pool=("mean", "std"), batch=1, **RANDOM)

    assert len(stages) >= 4
    assert result.values.shape == (1, 2 * sum(stage.width for stage in stages))
    assert len(set(result.columns)) == len(result.columns)
    # Channels of random nets may be dead; a stage that is not read at all would be all the same.
    assert len(np.unique(result.values)) > len(stages)


def range_of(stages):
    return [stage.number for stage in stages]


def test_stages_are_the_maps_between_the_networks_parts(noise):
    pictures = noise(2)
    body = _built(BACKBONES["resnet18"], Weights("", "random"), 0, "cpu")
    maps = []
    with torch.inference_mode():
        x = normalised(torch.from_numpy(np.stack(pictures)), BACKBONES["resnet18"])
        for part in body:
            x = part(x)
            maps.append(x.numpy().copy())

    result = embed(pictures, "resnet18", layers=[2, 3, 4], pool=["mean", "max", "std"], **RANDOM)

    wanted = [f(m, axis=(2, 3)) for m in maps[-3:] for f in (np.mean, np.max, np.std)]
    assert_allclose(result.values, np.hstack(wanted), rtol=1e-4, atol=1e-5)
    assert result.columns[:3:2] == ("resnet18.s2.mean.0000", "resnet18.s2.mean.0002")
    assert "resnet18.s3.std.0017" in result.columns
    assert "resnet18.0017" in result.columns  # the averaged last map, as ever


def test_a_flip_averages_the_picture_and_its_mirror_image(noise):
    pictures = noise(2)
    mirrored = [picture[:, ::-1].copy() for picture in pictures]

    both = embed(pictures, NET, flip=True, pool="max", **RANDOM)

    one, other = (embed(some, NET, pool="max", **RANDOM).values for some in (pictures, mirrored))
    assert_allclose(both.values, (one + other) / 2, rtol=1e-5, atol=1e-6)
    assert both.columns[0] == f"{NET}.s4.max.flip.0000"


def test_half_precision_is_near_single_and_says_so(noise):
    half = embed(noise(2), NET, dtype="bfloat16", **RANDOM)

    single = embed(noise(2), NET, **RANDOM).values
    assert half.columns[0] == f"{NET}.s4.mean.bfloat16.0000"
    assert not np.array_equal(half.values, embed(noise(2), NET, **RANDOM).values)
    assert np.corrcoef(half.values.ravel(), single.ravel())[0, 1] < 1


def test_nothing_is_left_on_the_network_even_on_error(noise):
    reading = Reading.of(BACKBONES[NET], {"layers": (1, 2)})
    net = Embedder(NET, reading=reading, **RANDOM)

    with pytest.raises(RuntimeError):
        net(np.zeros((1, 2, 2, 3), np.uint8))  # smaller than the first window

    assert not any(module._forward_hooks for module in net._body.modules())


@pytest.mark.parametrize(
    ("parameters", "error", "reason"),
    [
        ({"layers": 5}, ParameterError, "stages 1 to 4, but got layers=5"),
        ({"layers": 0}, ParameterError, "stages 1 to 4"),
        ({"layers": ("a", 2)}, ParameterError, "layers=a-2"),
        ({"layers": ()}, ParameterError, "layers=nothing"),
        ({"pool": "median"}, ParameterError, "pool=median"),
        ({"flip": 1}, ParameterError, "flip=1"),
        ({"dtype": "int8"}, ParameterError, "dtype=int8"),
        ({"layer": 2}, UnknownNameError, "Did you mean 'layers'"),
    ],
)
def test_wrong_parameters_are_named(parameters, error, reason):
    with pytest.raises(error, match=reason):
        Reading.of(BACKBONES[NET], parameters)


def test_parameters_are_written_as_short_as_can_be():
    card = BACKBONES[NET]
    reading = Reading.of(card, {"layers": (4,), "pool": ("std", "mean"), "flip": False})

    assert reading.parameters(card) == (("pool", ("mean", "std")),)
    assert Reading.of(card, dict(reading.parameters(card))) == reading


def test_the_bits_do_not_depend_on_neighbours_or_on_how_many_cores_share_the_work(noise):
    pictures = noise(20)
    alone = embed(pictures, NET, **RANDOM).values
    torch.set_num_threads(3)

    shared = embed(pictures[::-1], NET, **RANDOM).values[::-1]

    assert torch.get_num_threads() == 3
    assert_array_equal(shared, alone)


def test_random_weights_are_those_of_the_seed():
    found = resolve_weights(BACKBONES[NET], "none", seed=3)

    assert _built(BACKBONES[NET], found, 3, "cpu") is _built(BACKBONES[NET], found, 3, "cpu")
    assert _built(BACKBONES[NET], found, 3, "cpu") is not _built(BACKBONES[NET], found, 4, "cpu")
