"""Local ternary patterns."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_codes as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.code_histogram import label_codes
from texturekit.features.lbp import Circle, lbp
from texturekit.features.ltp import ltp
from texturekit.features.registry import FEATURES
from texturekit.kernels.ltp import ternary_codes

CIRCLES = [(4, 1), (8, 1), (6, 1.5), (16, 2)]
SIDES = ("upper", "lower")


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (23, 30), dtype=np.uint8)


def shares(found, side, circle="p8r1", method="uniform"):
    start = f"ltp.{circle}.{side}.{method}."
    return np.array([v for k, v in found.items() if k.startswith(start) and k[-1].isdigit()])


@pytest.mark.parametrize(("p", "r"), CIRCLES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("threshold", "unit"), [(12, "grey"), (0.4, "std")])
def test_agrees_with_the_obvious_loop(p, r, masked, threshold, unit, rng):
    image = rng.integers(0, 60, (9, 11)).astype(np.uint8)
    mask = rng.random(image.shape) < (0.5 if masked else 2)
    least = threshold * (np.std(image[mask].astype(float)) if unit == "std" else 1)
    codes = naive.ternary(image, mask, p, r, least)

    found = ltp(image, mask=mask if masked else None, p=p, r=r, threshold=threshold, unit=unit)

    for k, side in enumerate(SIDES):
        labels = label_codes(codes[:, k], p, "uniform")
        circle = f"p{p}r{r}".replace(".", "_")
        expected = np.bincount(labels, minlength=p + 2) / len(labels)
        assert_allclose(shares(found, side, circle), expected, atol=1e-15)
        prefix = f"ltp.{circle}.{side}.uniform"
        assert_allclose(found[f"{prefix}.mean"], labels.mean())
        assert_allclose(found[f"{prefix}.median"], np.median(labels))


# East 60, north 55, west 44, south 40 around 50, by hand: as many above as below, 55 just so.
@pytest.mark.parametrize(("threshold", "upper", "lower"), [(5, 0b11, 0b1100), (5.5, 1, 0b1100)])
def test_codes_a_window_by_hand(threshold, upper, lower):
    image = np.array([[0, 55, 0], [44, 50, 60], [0, 40, 0]], np.uint8)

    found = ltp(image, p=4, method="default", threshold=threshold, unit="grey")

    assert found[f"ltp.p4r1.upper.default.{upper:02d}"] == 1
    assert found[f"ltp.p4r1.lower.default.{lower:02d}"] == 1


@pytest.mark.parametrize("threshold", [0, 0.1])
@pytest.mark.parametrize("value", [0, 200, 0.029, 0.113, -1e6])
def test_a_flat_region_has_code_0_on_both_sides(value, threshold):
    found = ltp(np.full((7, 7), value), threshold=threshold)

    assert [shares(found, side)[0] for side in SIDES] == [1, 1]


@pytest.mark.parametrize("unit", ["std", "grey"])
def test_a_shift_of_brightness_changes_nothing(unit, image):
    threshold = 8 if unit == "grey" else 0.1
    brighter = image.astype(np.uint16) + 1000

    assert ltp(brighter, threshold=threshold, unit=unit) == ltp(
        image, threshold=threshold, unit=unit
    )


def test_a_gain_changes_nothing_where_the_threshold_is_a_share_of_the_deviation(image):
    wide = image.astype(np.uint16) * 256

    assert ltp(wide) == ltp(image)
    assert ltp(wide / 2.0**16) == ltp(image)
    assert ltp(wide, threshold=8, unit="grey") != ltp(image, threshold=8, unit="grey")
    assert ltp(wide, threshold=8 * 256, unit="grey") == ltp(image, threshold=8, unit="grey")


def test_without_a_threshold_what_is_not_below_is_the_local_binary_pattern(rng):
    image = rng.random((20, 20))

    found = ltp(image, method="default", threshold=0)

    plain = lbp(image, method="default")
    plain = [plain[f"lbp.p8r1.default.{k:03d}"] for k in range(256)]
    assert_array_equal(shares(found, "lower", method="default"), plain[::-1])
    assert_array_equal(shares(found, "upper", method="default"), plain)


@pytest.mark.parametrize("method", ["uniform", "ror"])
def test_a_quarter_turn_leaves_rotation_invariant_histograms(method, image):
    turned, straight = ltp(np.rot90(image), method=method), ltp(image, method=method)

    assert_allclose(list(turned.values()), list(straight.values()), atol=1e-12)


def test_swapping_dark_and_bright_swaps_upper_and_lower(image):
    found, other = ltp(image), ltp(255 - image)

    assert_array_equal(shares(found, "upper"), shares(other, "lower"))


def test_the_threshold_is_that_of_the_region_only(image):
    mask = np.zeros(image.shape, bool)
    mask[8:15, 8:20] = True
    other = np.where(np.pad(mask[6:17, 6:22], ((6, 6), (6, 8))), image, 0)
    other[7:16, 7:21] = image[7:16, 7:21]

    assert ltp(other, mask=mask) == ltp(image, mask=mask)
    assert ltp(other, mask=mask) != ltp(other)


def test_memory_order_byte_order_and_write_protection_do_not_matter(image):
    wide = np.zeros((23, 60), np.uint16)
    wide[:, ::2] = image
    frozen = np.asfortranarray(image.astype(np.uint16))
    frozen.flags.writeable = False

    for same in (image.astype(">u2"), wide[:, ::2], frozen, image.astype(float)):
        assert ltp(same) == ltp(image)


def test_compiled_kernel_equals_the_python_one(rng):
    grey = rng.integers(0, 9, (6, 7)).astype(float)
    circle = Circle(6, 1.5, 6, 7)
    found = np.zeros((2, 2, 6, 7), np.int32)
    for run, codes in zip((ternary_codes, ternary_codes.py_func), found, strict=True):
        run(grey, 2, circle.corners, circle.rows, circle.cols, 1.5, 2 ** np.arange(6), codes)

    assert_array_equal(found[0], found[1])
    assert found.any()


def test_columns_depend_on_the_parameters_only(image):
    names = FEATURES["ltp"].columns(p=24, r=3, method="nri_uniform")

    assert names == tuple(ltp(image, p=24, r=3, method="nri_uniform"))
    assert len(names) == 2 * (24 * 23 + 3 + 4)
    assert names[0] == "ltp.p24r3.upper.nri_uniform.000"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"p": 1}, "p=1,"), ({"r": 0}, "r=0"), ({"threshold": -1}, "threshold=-1"),
     ({"threshold": float("nan")}, "threshold=nan"), ({"p": 16, "method": "default"}, "4096")],
)  # fmt: skip
def test_says_which_parameter_is_out_of_range(parameters, message, image):
    with pytest.raises(ParameterError, match=message):
        ltp(image, **parameters)


def test_suggests_the_unit_or_method_that_was_meant(image):
    with pytest.raises(UnknownNameError, match="Did you mean 'grey'"):
        ltp(image, unit="gray")
    with pytest.raises(UnknownNameError, match="no method called 'var'"):
        ltp(image, method="var")


def test_says_what_is_wrong_with_the_image(image):
    mask = np.zeros(image.shape, bool)
    mask[0] = True

    with pytest.raises(ImageError, match="6x6 pixels, but this feature needs at least 7x7"):
        ltp(image[:6, :6], p=24, r=3)
    with pytest.raises(ImageError, match="no pixel of the mask"):
        ltp(image, mask=mask)
    with pytest.raises(ImageError, match="too large to compare"):
        ltp(np.array([[-1e308, 1e308, 0]] * 3))
