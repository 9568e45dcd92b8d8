import numpy as np
import pytest
from numpy.testing import assert_array_equal

from texturekit.errors import ImageError, ParameterError
from texturekit.windows import Window, clipped_share, to_rgb8


def test_eight_bits_stay_and_the_rest_is_stretched_from_its_own_range(rng):
    image = rng.integers(3, 200, (5, 6, 3), dtype=np.uint8)
    deep = np.array([[1000, 1500], [2000, 1250]], np.uint16)

    assert to_rgb8(image) is image
    assert_array_equal(to_rgb8(image[:, :, 0])[:, :, 2], image[:, :, 0])
    assert_array_equal(to_rgb8(deep)[:, :, 1], [[0, 128], [255, 64]])
    assert_array_equal(to_rgb8(deep > 1250)[:, :, 0], [[0, 255], [255, 0]])


def test_a_constant_or_extreme_image_has_eight_bits_too():
    assert not to_rgb8(np.full((3, 3), 7.5)).any()
    assert_array_equal(to_rgb8(np.array([[-1.7e308, 1.7e308]]))[0, :, 0], [0, 255])


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("full", [0, 85, 255]),
        ("dtype", [4, 7, 12]),  # 1000, 1682 and 3047 of 65535
        ("1000:2000", [0, 174, 255]),
        ("0:4095", [62, 105, 190]),
        ("-1000:1000.5", [255, 255, 255]),
    ],
)
def test_a_rule_says_what_is_black_and_white(rule, wanted):
    image = np.array([[1000, 1682, 3047]], np.uint16)

    assert_array_equal(to_rgb8(image, Window.of(rule))[0, :, 0], wanted)


def test_deep_pixels_are_never_cut_off_by_default(rng):
    # 16 bits, and 12 bits in 16: a plain conversion saturates nearly all of them
    for top in (51_000, 4_095):
        image = rng.integers(0, top, (40, 40), np.uint16)

        seen = to_rgb8(image)[:, :, 0]

        assert np.corrcoef(image.ravel(), seen.ravel())[0, 1] > 0.9999
        assert (seen == 255).mean() < 0.01


def test_eight_bits_are_stretched_only_when_asked():
    image = np.array([[10, 20]], np.uint8)

    assert_array_equal(to_rgb8(image, Window("auto"))[0, :, 0], [10, 20])
    assert_array_equal(to_rgb8(image, Window("dtype"))[0, :, 0], [10, 20])
    assert_array_equal(to_rgb8(image, Window("full"))[0, :, 0], [0, 255])


def test_the_file_s_own_window_counts_for_auto_only():
    image = np.array([[0, 50, 100]], np.int16)

    assert_array_equal(to_rgb8(image, Window("auto"), (50, 100))[0, :, 0], [0, 0, 255])
    assert_array_equal(to_rgb8(image, Window("full"), (50, 100))[0, :, 0], [0, 128, 255])


def test_a_window_of_no_width_is_a_step():
    image = np.array([[4, 5, 6]], np.int16)

    assert_array_equal(to_rgb8(image, own=(4.5, 4.5))[0, :, 0], [0, 255, 255])


def test_what_a_window_loses_is_counted():
    image = np.array([[0, 1, 2, 3]], np.uint16)

    assert clipped_share(image, Window("1:2")) == 0.5
    assert clipped_share(image, Window("auto")) == 0
    assert clipped_share(image, Window("auto"), (0, 0)) == 0.75
    assert clipped_share(image > 1, Window("5:6")) == 0


def test_floats_have_no_full_scale():
    with pytest.raises(ImageError, match="float32, which has no full scale"):
        to_rgb8(np.zeros((2, 2), np.float32), Window("dtype"))


@pytest.mark.parametrize("rule", ["", "min", "5", "5:5", "9:1", "a:b", "1:2:3", "nan:1"])
def test_a_rule_that_is_none_is_refused(rule):
    with pytest.raises(ParameterError, match="is no rule; give auto, full, dtype"):
        Window.of(rule)
