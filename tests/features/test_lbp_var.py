"""Local binary patterns with the variance of their samples."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_codes as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.lbp import Circle, lbp
from texturekit.features.lbp_var import lbp_var
from texturekit.features.measuring import measure
from texturekit.features.registry import FEATURES
from texturekit.kernels.lbp_var import count_by_variance, patterns_and_variances, sum_variances

CIRCLES = [(4, 1), (8, 1), (6, 1.5), (16, 2)]


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (23, 30), dtype=np.uint8)


def numbers(found):
    return np.array(list(found.values()))


@pytest.mark.parametrize(("p", "r"), CIRCLES)
@pytest.mark.parametrize("masked", [False, True])
def test_agrees_with_the_obvious_loop(p, r, masked, rng):
    image = rng.integers(0, 60, (9, 11)).astype(np.uint8)
    mask = rng.random(image.shape) < (0.5 if masked else 2)
    labels, variances = naive.pattern_and_variance(image, mask, p, r)
    mask = mask if masked else None
    octaves = [variances.mean() * 2.0**k for k in range(-7, 4)]

    for cuts, given in ((octaves, None), ([20.0, 250.0], (20.0, 250.0)), ([250.0], 250.0)):
        bins = np.array([sum(variance >= cut for cut in cuts) for variance in variances])
        expected = np.zeros((p + 2, len(cuts) + 1))
        np.add.at(expected, (labels, bins), 1 / len(labels))
        found = lbp_var(image, mask=mask, p=p, r=r, cuts=given)
        assert_allclose(numbers(found), expected.ravel(), atol=1e-14)

    expected = np.bincount(labels, variances, p + 2) / variances.sum()
    found = lbp_var(image, mask=mask, p=p, r=r, aggregate="lbpv")
    assert_allclose(numbers(found), expected, atol=1e-12)


@pytest.mark.parametrize(("p", "r"), CIRCLES)
def test_each_of_the_two_alone_is_that_of_lbp(p, r, image):
    joint = numbers(lbp_var(image, p=p, r=r)).reshape(p + 2, 12)

    for axis, method in ((1, "uniform"), (0, "var")):
        plain = [v for k, v in lbp(image, p=p, r=r, method=method).items() if k[-1].isdigit()]
        assert_allclose(joint.sum(axis=axis), plain, atol=1e-14)


# Around 1 the samples 4, 0, 0, 0: label 1, mean 1, variance (9 + 1 + 1 + 1) / 4 = 3. Around 4 the
# samples 0, 2, 1, 2: label 0, mean 5 / 4, variance 9 / 4 - 25 / 16 = 11 / 16.
def test_weighs_two_windows_by_hand():
    image = np.array([[0, 0, 2, 0], [0, 1, 4, 0], [0, 0, 2, 0]], np.uint8)

    found = lbp_var(image, p=4, aggregate="lbpv")

    assert_allclose(found["lbp_var.p4r1.lbpv.01"], 3 / (3 + 11 / 16))
    assert_allclose(found["lbp_var.p4r1.lbpv.00"], 11 / 16 / (3 + 11 / 16))
    at = lbp_var(image, p=4, cuts=(11 / 16, 3.0))
    assert at["lbp_var.p4r1.joint.01"] == at["lbp_var.p4r1.joint.05"] == 0.5


@pytest.mark.parametrize("value", [0, 200, 7])
def test_a_flat_region_lies_in_one_bin(value):
    flat = np.full((7, 7), value, np.uint8)

    assert lbp_var(flat)["lbp_var.p8r1.joint.096"] == 1
    assert lbp_var(flat, cuts=(1.0, 2.0))["lbp_var.p8r1.joint.24"] == 1
    assert lbp_var(flat, aggregate="lbpv")["lbp_var.p8r1.lbpv.08"] == 1


@pytest.mark.parametrize("value", [0.1, 0.028, -1e6])
def test_rounding_is_no_variance_where_a_region_of_floats_is_flat(value):
    flat = np.full((9, 9), value)

    shares = numbers(lbp_var(flat, p=16, r=2)).reshape(18, 12)

    assert_allclose(shares[:, 0].sum(), 1)
    assert_allclose(numbers(lbp_var(flat, p=16, r=2, aggregate="lbpv")), shares[:, 0])


@pytest.mark.parametrize("aggregate", ["joint", "lbpv"])
def test_brightness_and_contrast_change_nothing(aggregate, image):
    found = numbers(lbp_var(image, aggregate=aggregate))

    for other in (image.astype(np.uint16) + 1000, image.astype(np.uint16) * 256, image / 256):
        assert_allclose(numbers(lbp_var(other, aggregate=aggregate)), found, atol=1e-12)


@pytest.mark.parametrize("aggregate", ["joint", "lbpv"])
def test_a_quarter_turn_changes_nothing(aggregate, image):
    turned = lbp_var(np.rot90(image), aggregate=aggregate)

    assert_allclose(numbers(turned), numbers(lbp_var(image, aggregate=aggregate)), atol=1e-12)


def test_given_cuts_follow_the_contrast(image):
    cuts = (500.0, 4000.0)

    assert lbp_var(image // 4, cuts=cuts) != lbp_var(image, cuts=cuts)


def test_the_mean_variance_is_that_of_the_region_only(image):
    mask = np.zeros(image.shape, bool)
    mask[8:15, 8:20] = True
    near = np.zeros(image.shape, bool)
    near[7:16, 7:21] = True
    other = np.where(near, image, 0)

    for aggregate in ("joint", "lbpv"):
        found = lbp_var(other, mask=mask, aggregate=aggregate)
        assert found == lbp_var(image, mask=mask, aggregate=aggregate)
        assert found != lbp_var(other, aggregate=aggregate)


def test_compiled_kernels_equal_the_python_ones(rng):
    grey, inside = rng.integers(0, 9, (7, 8)).astype(float), rng.random((3, 4)) < 0.6
    circle = Circle(6, 1.5, 7, 8)
    found = []
    for write, count, add in (
        (patterns_and_variances, count_by_variance, sum_variances),
        (patterns_and_variances.py_func, count_by_variance.py_func, sum_variances.py_func),
    ):
        labels, variances = np.zeros((3, 4), np.int32), np.zeros((3, 4))
        counts, sums = np.zeros((8, 3)), np.zeros(8)
        write(grey, 2, circle.corners, circle.rows, circle.cols, 1e-14, labels, variances)
        count(labels, variances, inside, np.array([3.0, 6.0]), counts)
        add(labels, variances, inside, sums)
        found.append((labels, variances, counts, sums))

    for compiled, python in zip(*found, strict=True):
        assert_array_equal(compiled, python)
        assert compiled.any()


def test_columns_depend_on_the_parameters_only(image):
    names = FEATURES["lbp_var"].columns(p=16, r=2, cuts=(1, 20, 300))

    assert names == tuple(lbp_var(image, p=16, r=2, cuts=(1, 20, 300)))
    assert len(names) == 18 * 4
    assert len(FEATURES["lbp_var"].columns(aggregate="lbpv")) == 10


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"p": 32}, "p=32"), ({"r": 0}, "r=0"), ({"cuts": (3, 2)}, "do not ascend"),
     ({"cuts": 0}, "do not ascend"), ({"cuts": ()}, "do not ascend"),
     ({"cuts": 1, "aggregate": "lbpv"}, "leave them out")],
)  # fmt: skip
def test_says_which_parameter_is_out_of_range(parameters, message, image):
    with pytest.raises(ParameterError, match=message):
        lbp_var(image, **parameters)


def test_suggests_the_aggregate_that_was_meant(image):
    with pytest.raises(UnknownNameError, match="Did you mean 'lbpv'"):
        lbp_var(image, aggregate="lbvp")


def test_says_what_is_wrong_with_the_image(image):
    with pytest.raises(ImageError, match="too large to compare"):
        lbp_var(np.full((5, 5), -1e300))
    mask = np.zeros(image.shape, bool)
    mask[0] = True

    with pytest.raises(ImageError, match="6x6 pixels, but this feature needs at least 7x7"):
        lbp_var(image[:6, :6], p=24, r=3)
    with pytest.raises(ImageError, match="no pixel of the mask"):
        lbp_var(image, mask=mask)


def test_cuts_can_be_written_in_a_method(image):
    found = measure(image, "lbp_var(cuts=0.5-250)")

    assert found == lbp_var(image, cuts=(0.5, 250))


@pytest.mark.parametrize("shift", [0, 1, 7, 100])
def test_a_region_of_one_variance_is_in_one_bin(shift):
    ramp = np.tile(np.arange(40) * 3 + shift, (40, 1)).astype(np.uint8)

    by_bin = np.array(list(lbp_var(ramp).values())).reshape(10, 12).sum(axis=0)
    octaves = [lbp(ramp, method="var")[f"lbp.p8r1.var.{k:02d}"] for k in range(12)]

    assert by_bin[8] == octaves[8] == 1


def test_a_large_offset_costs_no_digits(rng):
    image = rng.random((64, 64))
    columns = ["lbp.p8r1.var.mean", "lbp.p8r1.var.median"]

    near, far = (lbp(image + offset, method="var") for offset in (0, 1e6))

    np.testing.assert_allclose([far[c] for c in columns], [near[c] for c in columns], rtol=1e-8)


@pytest.mark.parametrize("family", ["lbp(method=var)", "lbp_var", "lbp_var(aggregate=lbpv)"])
def test_an_extreme_background_costs_the_region_no_digits(family, rng):
    image, mask = rng.random((40, 40)), np.zeros((40, 40), bool)
    mask[10:30, 10:30] = True
    far = ~np.pad(np.ones((30, 30), bool), 5)

    found = measure(np.where(far, -1e20, image), family, mask)

    assert found == measure(image, family, mask)
