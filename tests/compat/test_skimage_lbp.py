"""Equal to scikit-image 0.26, warnings and errors included."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skimage.feature import local_binary_pattern as peer

from texturekit.compat.skimage_lbp import local_binary_pattern

METHODS = ["default", "ror", "uniform", "nri_uniform", "var"]
CIRCLES = [(4, 1), (6, 1.5), (8, 1), (8, 2.4153), (12, 2.5), (16, 2), (24, 3), (31, 3)]


@pytest.fixture
def images(rng):
    noisy = rng.random((12, 15))
    noisy[3, 4], noisy[8, 8], noisy[2, 10] = np.inf, -np.inf, np.nan
    return [
        rng.integers(0, 256, (19, 26), dtype=np.uint8),
        rng.integers(0, 65536, (17, 12)).astype(">u2"),
        rng.integers(0, 3, (40, 33), dtype=np.uint8)[::2, 1::3],
        rng.random((16, 13)).astype(np.float32),
        np.full((9, 11), 0.37),
        np.full((9, 9), 7, np.uint8),
        rng.integers(-5, 5, (3, 3)),
        noisy,
    ]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("p", "r"), CIRCLES)
@pytest.mark.filterwarnings("ignore:Applying `local_binary_pattern`")
def test_codes_are_bit_identical(p, r, method, images):
    for image in images:
        found = local_binary_pattern(image, p, r, method)
        assert found.dtype == np.float64
        assert_array_equal(found, peer(image, p, r, method))


@pytest.mark.parametrize("method", ["default", "uniform", "nri_uniform", "var"])
@pytest.mark.parametrize(("p", "r"), [(32, 1.1), (40, 5), (1, 1)])
def test_odd_numbers_of_points_are_bit_identical(p, r, method, images):
    assert_array_equal(local_binary_pattern(images[0], p, r, method), peer(images[0], p, r, method))


def test_method_names_may_be_in_any_case(images):
    assert_array_equal(local_binary_pattern(images[0], 8, 1, "ROR"), peer(images[0], 8, 1, "ROR"))


@pytest.mark.parametrize(
    "arguments",
    [(np.zeros((3, 3, 3)), 8, 1), (np.zeros((0, 3)), 8, 1), (np.zeros((3, 3), int), 8, 1, "nope")],
)
def test_refuses_what_the_peer_refuses(arguments):
    with pytest.raises((ValueError, KeyError)) as expected:
        peer(*arguments)

    with pytest.raises(expected.type) as raised:
        local_binary_pattern(*arguments)
    assert str(raised.value) == str(expected.value)


def test_warns_about_floating_point_in_the_peers_words():
    said = []
    for function in (peer, local_binary_pattern):
        with pytest.warns(UserWarning, match="floating-point image") as caught:
            function(np.eye(4), 8, 1)
        said.append([str(one.message) for one in caught])

    assert said[0] == said[1]


def test_integers_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        local_binary_pattern(np.eye(4, dtype=int), 8, 1)
