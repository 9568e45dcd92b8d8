import numpy as np
import pytest

from tests.imagesets import scene
from texturekit.data.likeness import SIDE, bands
from texturekit.kernels.alignment import align_pairs


def likeness(one, other, way=0, start=(0.0, 0.0, 0.0, 0.0)):
    smooth, fine = bands(np.stack([one, other]))
    found = np.empty(1)
    ends = np.array([0]), np.array([1]), np.array([way])
    align_pairs(smooth, fine, *ends, np.array([start]), found)
    return found[0]


@pytest.fixture
def picture(rng):
    return scene(rng, SIDE)


def test_a_picture_is_like_itself(picture):
    assert likeness(picture, picture) == pytest.approx(1, abs=1e-6)


def test_is_pearsons_correlation_of_the_fine_band_where_nothing_moves(rng):
    one, other = scene(rng, SIDE), scene(rng, SIDE)
    fine = bands(np.stack([one, other]))[1][:, :-1, :-1].astype(float)

    expected = np.corrcoef(fine[0].ravel(), fine[1].ravel())[0, 1]

    assert likeness(one, other) >= expected - 1e-6  # a fit is taken only if it is better


@pytest.mark.parametrize(("way", "axes"), [(1, (1,)), (2, (0,)), (3, (0, 1))])
def test_a_mirrored_picture_is_like_itself_that_way(picture, way, axes):
    assert likeness(picture, np.flip(picture, axes), way) == pytest.approx(1, abs=1e-6)
    assert likeness(picture, np.flip(picture, axes)) < 0.5


def test_finds_shift_and_stretch(rng):
    from PIL import Image

    whole = Image.fromarray(scene(rng, 192))
    cut = whole.resize((SIDE, SIDE), Image.Resampling.BILINEAR, (8, 4, 190, 186))
    one = np.asarray(whole.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    other = np.asarray(cut)

    assert likeness(one, other) > 0.95
    fine = bands(np.stack([one, other]))[1].reshape(2, -1)
    assert np.corrcoef(fine)[0, 1] < 0.8


def test_different_pictures_are_not_alike(rng):
    assert likeness(scene(rng, SIDE), scene(rng, SIDE)) < 0.5


def test_a_flat_picture_is_like_nothing(picture):
    assert likeness(picture, np.full_like(picture, 90)) == -1
