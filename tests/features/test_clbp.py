"""Completed local binary patterns."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_codes as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.clbp import clbp
from texturekit.features.lbp import Circle, lbp
from texturekit.features.registry import FEATURES
from texturekit.kernels.clbp import completed_labels, mean_difference


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (23, 30), dtype=np.uint8)


def cube(found, p=8):
    return np.array(list(found.values())).reshape(p + 2, p + 2, 2)


@pytest.mark.parametrize(("p", "r"), [(4, 1), (8, 1), (6, 1.5), (16, 2)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("masked", [False, True])
def test_agrees_with_the_obvious_loop(p, r, dtype, masked, rng):
    image = (rng.random((9, 11)) * 40).astype(dtype)
    mask = rng.random(image.shape) < (0.5 if masked else 2)
    labels = naive.completed(image, mask, p, r)

    found = clbp(image, mask=mask if masked else None, p=p, r=r)

    expected = np.zeros((p + 2, p + 2, 2))
    np.add.at(expected, tuple(labels.T), 1 / len(labels))
    assert_allclose(cube(found, p), expected, atol=1e-14)


# Differences 3, 1, 0 and -4 to east, north, west and south: their mean size is 2, so that the sizes
# of the first and last count; no sign is negative but the last. The image's mean is 6, so the
# centre is bright. S = 0b0111 has 3 ones, M = 0b1001 has 2, which touch around the circle.
def test_codes_a_window_by_hand():
    image = np.array([[6, 8, 6], [7, 7, 10], [3, 3, 4]], np.uint8)

    assert clbp(image, p=4)["clbp.p4r1.smc.41"] == 1  # (3 * 6 + 2) * 2 + 1


def test_the_signs_alone_are_the_local_binary_patterns(rng):
    image = rng.random((20, 20))

    plain = [v for k, v in lbp(image).items() if k[-1].isdigit()]
    assert_allclose(cube(clbp(image)).sum(axis=(1, 2)), plain)


def test_the_concatenation_is_made_of_sums_of_the_joint_histogram(image):
    joint, parts = cube(clbp(image)), clbp(image, aggregate="concat")

    signs = [parts[f"clbp.p8r1.s.{k:02d}"] for k in range(10)]
    rest = [parts[f"clbp.p8r1.mc.{k:02d}"] for k in range(20)]
    assert_allclose(signs, joint.sum(axis=(1, 2)))
    assert_allclose(np.reshape(rest, (10, 2)), joint.sum(axis=0))
    assert len(parts) == 30


@pytest.mark.parametrize("value", [0, 200, 0.029, 0.113, -1e6])
def test_a_flat_region_has_every_bit_set(value):
    assert clbp(np.full((7, 7), value))["clbp.p8r1.smc.177"] == 1
    assert clbp(np.full((7, 7), value), aggregate="concat")["clbp.p8r1.mc.17"] == 1


def test_brightness_and_contrast_change_nothing(image):
    assert clbp(image.astype(np.uint16) + 1000) == clbp(image)
    assert clbp(image.astype(np.uint16) * 256) == clbp(image)
    assert clbp(image / 256) == clbp(image)


def test_a_quarter_turn_changes_nothing(image):
    assert_allclose(cube(clbp(np.rot90(image))), cube(clbp(image)), atol=1e-12)


def test_means_are_those_of_the_region_only(image):
    mask = np.zeros(image.shape, bool)
    mask[8:15, 8:20] = True
    near = np.zeros(image.shape, bool)
    near[7:16, 7:21] = True
    other = np.where(near, image, 255)

    assert clbp(other, mask=mask) == clbp(image, mask=mask)
    assert clbp(other, mask=mask) != clbp(other)


def test_compiled_kernels_equal_the_python_ones(rng):
    grey, inside = rng.integers(0, 9, (7, 8)).astype(float), rng.random((7, 8)) < 0.6
    circle = Circle(6, 1.5, 7, 8)
    tables = (2, circle.corners, circle.rows, circle.cols)
    labels = np.zeros((2, 7, 8), np.int32)

    sizes = [run(grey, *tables, inside) for run in (mean_difference, mean_difference.py_func)]
    for run, out in zip((completed_labels, completed_labels.py_func), labels, strict=True):
        run(grey, *tables, sizes[1], 4.0, 1e-12, out)

    assert sizes[0] == sizes[1]
    assert_array_equal(labels[0], labels[1])
    assert labels.any()


@pytest.mark.parametrize("aggregate", ["joint", "concat"])
def test_columns_depend_on_the_parameters_only(aggregate, image):
    names = FEATURES["clbp"].columns(p=16, r=2, aggregate=aggregate)

    assert names == tuple(clbp(image, p=16, r=2, aggregate=aggregate))
    assert len(names) == (648 if aggregate == "joint" else 18 + 36)


def test_says_which_parameter_is_out_of_range(image):
    with pytest.raises(ParameterError, match="p=32"):
        clbp(image, p=32)
    with pytest.raises(ParameterError, match="r=0"):
        clbp(image, r=0)
    with pytest.raises(UnknownNameError, match="Did you mean 'concat'"):
        clbp(image, aggregate="conct")


def test_says_what_is_wrong_with_the_image(image):
    with pytest.raises(ImageError, match="too large to compare"):
        clbp(np.full((5, 5), -1e300))
    mask = np.zeros(image.shape, bool)
    mask[0] = True

    with pytest.raises(ImageError, match="6x6 pixels, but this feature needs at least 7x7"):
        clbp(image[:6, :6], p=24, r=3)
    with pytest.raises(ImageError, match="no pixel of the mask"):
        clbp(image, mask=mask)
