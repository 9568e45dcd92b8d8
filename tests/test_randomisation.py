"""Maps that do not depend on what was learnt are told from those that do."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from PIL import Image
from scipy.stats import spearmanr
from torch import nn

import texturekit as tk
from tests.imagesets import scene
from tests.nets import brightness, convolutions, net
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.networks import build_body
from texturekit.deep.randomising import randomised, stages
from texturekit.deep.weights import Weights
from texturekit.errors import ParameterError
from texturekit.explanation import explain
from texturekit.randomisation import sanity


@pytest.fixture
def images(tmp_path, rng):
    for k in range(3):
        Image.fromarray(scene(rng, 64)).save(tmp_path / f"{k}.png")
    return tk.load_source([str(tmp_path / f"{k}.png") for k in range(3)])


def test_maps_of_a_body_that_cannot_learn_barely_change(images):
    # Its channels are the picture's colours, whatever the head has learnt: the edge detector of
    # Adebayo et al., figure 1.
    check = sanity(brightness(), images, device="cpu")

    assert check.verdict == "barely_changes"
    assert_allclose(check.stages[-1].magnitude, 1, atol=0.01)
    assert "barely depend on what was learnt" in check.sentence
    assert (check.images, check.stages[-1].maps) == (3, 9)


def only_here(row, column, side):
    """A net that has learnt to look at one place: its map is as far from chance as can be."""
    torch.manual_seed(1)
    body = nn.Sequential(nn.Conv2d(3, 8, 8, stride=8), nn.ReLU())
    head = nn.Linear(8 * (side // 8) ** 2, 2)
    with torch.no_grad():
        head.weight.zero_()
        head.weight.view(2, 8, side // 8, side // 8)[1, :, row, column] = 1
    return net(nn.Sequential(body, nn.Flatten(), head), ("no", "yes"), size=side)


def test_maps_that_were_learnt_change(images):
    check = sanity(only_here(2, 5, 64), images, method="occlusion", draws=2, device="cpu")

    assert check.verdict == "changes"
    assert check.stages[-1].magnitude < 0.5
    assert "change when the network forgets: rank correlation" in check.sentence


def test_the_correlation_is_spearmans(images):
    one = convolutions()
    check = sanity(one, images, draws=1, images=1, device="cpu")

    other = net(randomised(one.module, stages(one.module)["all layers"], seed=0), one.classes)
    # The maps of `explain` are cut off at 0; occlusion's are not, so these are compared.
    both = [
        next(iter(explain(n, images, method="occlusion", device="cpu"))).map for n in (one, other)
    ]
    covered = sanity(one, images, method="occlusion", draws=1, images=1, device="cpu")

    expected = spearmanr(both[0].ravel(), both[1].ravel()).statistic
    assert_allclose(covered.stages[-1].spearman, expected, atol=1e-3)
    assert_allclose(check.stages[-1].magnitude, abs(check.stages[-1].spearman))


def test_few_cells_say_nothing(images):
    check = sanity(brightness(cell=32), images, device="cpu")

    assert check.verdict == "not_testable"
    assert "only 2 x 2 cells" in check.sentence


def test_flat_maps_say_nothing(tmp_path):
    Image.fromarray(np.full((64, 64), 99, np.uint8)).save(tmp_path / "a.png")

    check = sanity(brightness(), tmp_path / "a.png", device="cpu")

    assert (check.verdict, check.stages[-1].spearman) == ("not_testable", None)


def test_wrong_counts_and_unusable_images_are_said(images, tmp_path):
    with pytest.raises(ParameterError, match="images=0, draws=3"):
        sanity(brightness(), images, images=0)
    (tmp_path / "0.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(ParameterError, match="none of the 1 images can be used"):
        sanity(brightness(), images.subset([0]))


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1"])
def test_layers_forget_from_the_head_down(name):
    card = BACKBONES[name]
    body = build_body(card, Weights("random", "random"))
    module = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(card.width, 2))
    known = {key: value.clone() for key, value in module.state_dict().items()}
    steps = stages(module)

    changed = []
    for layers in steps.values():
        state = randomised(module, layers, seed=1).state_dict()
        changed.append({key for key in known if not torch.equal(state[key], known[key])})

    assert list(steps) == ["head", "head and last third", "head and last two thirds", "all layers"]
    assert changed[0] <= {"3.weight", "3.bias"}
    assert changed[0] < changed[1] < changed[2] < changed[3]
    weights = {key for key, value in known.items() if value.ndim > 1}
    assert weights <= changed[3]
    assert all(torch.equal(value, known[key]) for key, value in module.state_dict().items())


def test_forgetting_depends_on_the_seed_alone():
    module = convolutions().module
    layers = stages(module)["all layers"]
    torch.manual_seed(5)
    before = torch.random.get_rng_state()

    one, same, other = (randomised(module, layers, seed=seed)[0][0].weight for seed in (1, 1, 2))

    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)
