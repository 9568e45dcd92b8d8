import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from texturekit.errors import ImageError, ParameterError
from texturekit.images import crop_to, pad_to_square, resize, resize_mask


@given(height=st.integers(1, 40), width=st.integers(1, 40), size=st.integers(1, 50))
def test_the_long_side_becomes_the_size_and_the_aspect_is_kept(height, width, size):
    small = resize(np.zeros((height, width), np.uint8), size)
    mask = resize_mask(np.ones((height, width)), size)

    exact = min(height, width) * size / max(height, width)
    assert max(small.shape) == size
    assert abs(min(small.shape) - max(exact, 1)) <= 0.5
    assert small.shape == mask.shape


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 3)])
def test_a_halved_ramp_is_the_ramp_between(dtype, shape):
    top = 240 if dtype == np.uint8 else 30_000
    ramp = np.broadcast_to(np.linspace(0, top, 60), shape[:2])
    image = (ramp if len(shape) == 2 else np.repeat(ramp[:, :, None], 3, 2)).astype(dtype)

    small = resize(image, 30)

    inner = small[3:-3, 3:-3].astype(float)
    expected = (image[6:-6:2, 6:-6:2].astype(float) + image[6:-6:2, 7:-6:2]) / 2
    assert small.dtype == dtype
    assert small.shape[:2] == (20, 30)
    assert np.abs(inner - expected).max() <= 1


def test_reducing_averages_instead_of_picking():
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)

    assert np.ptp(resize(board, 8).astype(int)) <= 4


def test_sixteen_bits_do_not_saturate_or_wrap(rng):
    image = rng.integers(65_000, 65_536, (50, 50), dtype=np.uint16)

    small = resize(image, 13)

    assert small.min() >= 65_000
    assert np.abs(small.mean() - image.mean()) < 20


def test_the_same_size_is_the_same_image(rng):
    image = rng.integers(0, 255, (7, 9), dtype=np.uint8)

    assert resize(image, 9) is image


@pytest.mark.parametrize("size", [0, -3, 2.5, True, "9"])
def test_a_size_that_is_no_number_of_pixels_is_refused(size):
    with pytest.raises(ParameterError, match="whole number of pixels"):
        resize(np.zeros((4, 4)), size)


@given(row=st.integers(0, 99), col=st.integers(0, 59), size=st.integers(1, 120))
def test_a_region_never_vanishes(row, col, size):
    mask = np.zeros((100, 60), bool)
    mask[row, col] = True

    assert resize_mask(mask, size).any()


def test_a_mask_scales_with_its_image():
    mask = np.zeros((40, 80), bool)
    mask[10:20, 20:60] = True

    small = resize_mask(mask, 40)

    assert_array_equal(small, resize(mask * np.uint8(255), 40) > 127)


def test_the_crop_adds_a_tenth_of_the_box_on_each_side_and_stops_at_the_edge():
    image = np.arange(10_000).reshape(100, 100)
    mask = np.zeros((100, 100), bool)
    mask[30:50, 2:42] = True

    part, region = crop_to(image, mask)

    assert_array_equal(part, image[28:52, 0:46])
    assert_array_equal(region, mask[28:52, 0:46])


def test_a_crop_needs_a_region_of_the_image_s_size():
    with pytest.raises(ImageError, match=r"mask has shape \(3, 3\), but the image is \(4, 4\)"):
        crop_to(np.zeros((4, 4)), np.ones((3, 3)))
    with pytest.raises(ImageError, match="holds no pixel"):
        crop_to(np.zeros((4, 4)), np.zeros((4, 4)))


def test_a_square_is_filled_up_with_black_around_the_centre():
    image = np.full((2, 5, 3), 9, np.uint8)

    square = pad_to_square(image)

    assert square.shape == (5, 5, 3)
    assert_array_equal(square[1:3], image)
    assert not square[[0, 3, 4]].any()
