"""Median robust extended local binary patterns."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_codes as naive
from texturekit.errors import ImageError, ParameterError
from texturekit.features.lbp import Circle
from texturekit.features.mrelbp import mrelbp
from texturekit.features.registry import FEATURES
from texturekit.kernels.mrelbp import filter_median, robust_labels


@pytest.fixture
def image(rng):
    coarse = rng.integers(0, 256, (20, 24))
    return np.kron(coarse, np.ones((2, 2), int)).astype(np.uint8)


def numbers(found):
    return np.array(list(found.values()))


def filtered(image, side, bits, run=filter_median):
    steps, medians = (2 ** np.arange(bits)[::-1]).astype(image.dtype), np.empty_like(image)
    run(np.pad(image, side, mode="symmetric"), side, side, steps, medians)
    return medians


@pytest.mark.parametrize("side", [1, 3, 5, 7, 9, 15])
@pytest.mark.parametrize(("dtype", "bits"), [(np.uint8, 8), (np.uint16, 16), (np.uint32, 20)])
def test_the_median_filter_equals_that_of_scipy(side, dtype, bits, rng):
    from scipy.ndimage import median_filter

    image = rng.integers(0, 2**bits, (23, 70)).astype(dtype)

    assert_array_equal(filtered(image, side, bits), median_filter(image, side, mode="reflect"))


@pytest.mark.parametrize(("p", "radii"), [(8, (2, 4, 6, 8)), (6, (3,)), (4, (1, 2, 5))])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("masked", [False, True])
def test_agrees_with_the_obvious_loop(p, radii, dtype, masked, rng):
    image = (rng.random((18, 20)) * 50).astype(dtype)
    mask = rng.random(image.shape) < (0.7 if masked else 2)
    mask[8:10, 8:12] = True

    found = mrelbp(image, mask=mask if masked else None, p=p, radii=radii)

    for r, labels in zip(radii, naive.robust(image, mask, p, radii), strict=True):
        expected = np.zeros((2, p + 2, p + 2))
        np.add.at(expected, tuple(labels.T), 1 / len(labels))
        shares = [v for k, v in found.items() if k.startswith(f"mrelbp.p{p}r{r}.joint.")]
        assert_allclose(shares, expected.ravel(), atol=1e-14)


@pytest.mark.parametrize("value", [0, 200, 0.029, 0.113, -1e6])
def test_a_flat_region_has_every_bit_set(value):
    found = mrelbp(np.full((17, 18), value))

    assert [found[f"mrelbp.p8r{r}.joint.188"] for r in (2, 4, 6, 8)] == [1, 1, 1, 1]


def test_single_pixels_gone_astray_change_nothing():
    spotted = np.full((30, 30), 90, np.uint8)
    spotted[4::9, 3::9], spotted[8::9, 8::9] = 255, 0

    assert mrelbp(spotted) == mrelbp(np.full((30, 30), 90, np.uint8))


def test_brightness_and_contrast_change_nothing(image):
    found = numbers(mrelbp(image))

    for other in (image.astype(np.uint16) + 1000, image.astype(np.uint16) * 256, image / 7 - 90):
        assert_allclose(numbers(mrelbp(other)), found, atol=1e-12)


def test_a_quarter_turn_changes_nothing(image):
    assert_allclose(numbers(mrelbp(np.rot90(image))), numbers(mrelbp(image)), atol=1e-12)


# A sample of radius 8 is the median of the 9x9 pixels around it: 12 pixels away at most.
def test_a_mask_matters_and_hides_what_is_12_pixels_off(image):
    mask = np.zeros(image.shape, bool)
    mask[15:25, 16:30] = True
    far = np.ones(image.shape, bool)
    far[3:37, 4:42] = False
    other = np.where(far, 255 - image, image)

    assert mrelbp(other, mask=mask) == mrelbp(image, mask=mask)
    assert mrelbp(image, mask=mask) != mrelbp(image)


def test_compiled_kernels_equal_the_python_ones(rng):
    image = rng.integers(0, 16, (8, 9), dtype=np.uint8)
    grey, smooth = image.astype(float), filtered(image, 3, 4).astype(float)
    outer, inner = Circle(6, 2, 8, 9), Circle(6, 1, 8, 9)
    tables = [(c.corners, c.rows, c.cols) for c in (outer, inner)]
    labels = np.zeros((2, 8, 9), np.int32)
    for run, out in zip((robust_labels, robust_labels.py_func), labels, strict=True):
        run(smooth, smooth, *tables[0], grey, *tables[1], 2, 7.5, 1e-12, out)

    assert_array_equal(labels[0], labels[1])
    assert labels.any()
    with np.errstate(over="ignore"):
        assert_array_equal(filtered(image, 5, 4, filter_median.py_func), filtered(image, 5, 4))


def test_columns_depend_on_the_parameters_only(image):
    names = FEATURES["mrelbp"].columns()

    assert names == tuple(mrelbp(image))
    assert (names[0], names[-1], len(names)) == (
        "mrelbp.p8r2.joint.000", "mrelbp.p8r8.joint.199", 800,
    )  # fmt: skip
    assert len(FEATURES["mrelbp"].columns(p=4, radii=3)) == 72


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"p": 32}, "p=32"), ({"radii": (4, 2)}, "do not ascend"), ({"radii": ()}, "do not ascend"),
     ({"radii": 0}, "do not ascend"), ({"radii": (2, 15)}, "do not ascend from 1 to 14"),
     ({"radii": 2.5}, "in whole numbers")],
)  # fmt: skip
def test_says_which_parameter_is_out_of_range(parameters, message, image):
    with pytest.raises(ParameterError, match=message):
        mrelbp(image, **parameters)


def test_says_what_is_wrong_with_the_image(image):
    with pytest.raises(ImageError, match="too large to compare"):
        mrelbp(np.full((20, 20), -1e300))
    mask = np.zeros(image.shape, bool)
    mask[:6] = True

    with pytest.raises(ImageError, match="16x20 pixels, but this feature needs at least 17x17"):
        mrelbp(image[:20, :16])
    with pytest.raises(ImageError, match="no pixel of the mask has its whole neighbourhood, 6 pix"):
        mrelbp(image, mask=mask)
