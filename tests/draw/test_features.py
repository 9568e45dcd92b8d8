import io
import re

import numpy as np
import pytest

from texturekit.draw import save_figure, show_feature
from texturekit.features import FEATURES, measure
from texturekit.features.maps import maps


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (48, 64), dtype=np.uint8)


def written(image, feature, mask=None):
    file = io.BytesIO()
    save_figure(show_feature(image, feature, mask), file, "svg")
    return file.getvalue().decode()


@pytest.mark.parametrize("name", FEATURES)
def test_every_family_can_be_shown(name, image):
    text = written(image, name)

    numbered = sum(
        column.rpartition(".")[2].strip("o").isdigit() for column in measure(image, name)
    )
    assert name in text
    assert sum(map(int, re.findall(r": (\d+) columns", text))) == numbered


def test_the_same_figure_gives_the_same_bytes(image):
    assert written(image, "glcm") == written(image, "glcm")


def test_colour_and_depth_are_shown_as_they_are(rng):
    colour = rng.integers(0, 256, (30, 30, 3), dtype=np.uint8)
    deep = rng.integers(0, 4096, (30, 30), dtype=np.uint16)

    assert "30 x 30 pixels, uint8" in written(colour, "lbp")
    assert "30 x 30 pixels, uint16" in written(deep, "sobel")


def test_maps_are_the_arrays_that_the_families_count(image):
    mask = np.zeros(image.shape, bool)
    mask[10:30, 10:30] = True

    (codes,) = maps("lbp", image, mask)
    shares = [value for name, value in measure(image, "lbp", mask).items() if name[-2:].isdigit()]

    seen = np.bincount(codes.values[mask].astype(int), minlength=10) / mask.sum()
    np.testing.assert_allclose(seen, shares)
    assert np.isnan(codes.values[~mask]).all()


def test_mbp_shows_the_bit_of_the_centre(image):
    (codes,) = maps("mbp", image)

    assert 256 <= codes.values.max() < 512


def test_the_window_families_show_the_codes_of_their_statistic(image):
    three = {found.title: found.values for found in maps("mvm_lbp", image)}

    for name in ("mean", "variance", "median"):
        (one,) = maps(f"{name}_lbp", image)
        np.testing.assert_array_equal(one.values, three[f"{name} codes"])


def test_pairs_of_levels_sum_to_one(image):
    levels, pairs = maps("glcm(levels=16)", image)

    assert levels.title == "16 grey levels"
    assert pairs.values.shape == (16, 16)
    assert pairs.values.sum() == pytest.approx(1)
