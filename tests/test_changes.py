"""Small changes: what they keep, what they move, and that they say when nothing is left."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from texturekit import changes
from texturekit.errors import ImageError


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.bool_])
@pytest.mark.parametrize("shape", [(20, 31), (20, 31, 3)])
def test_dtype_shape_and_range_stay(dtype, shape, rng):
    image = (rng.random(shape) * 200).astype(dtype)

    for found in (changes.turned(image, 3), changes.noisy(image, 0.02, rng)):
        assert (found.dtype, found.shape) == (image.dtype, image.shape)
        assert image.min() <= found.min()
        assert found.max() <= image.max()


def test_a_quarter_turn_is_exact_and_counter_clockwise(rng):
    image = rng.integers(0, 4000, (9, 9)).astype(np.uint16)

    assert_array_equal(changes.turned(image, 90), np.rot90(image))
    assert_array_equal(changes.turned_mask(image > 2000, 90), np.rot90(image > 2000))


def test_a_turn_moves_image_and_mask_together():
    rows, cols = np.mgrid[:64, :64]
    spot = np.hypot(rows - 20, cols - 44) < 6
    image = np.where(spot, 200, 10).astype(np.uint8)

    found = changes.turned(image, 3)

    assert np.mean((found > 105) == changes.turned_mask(spot, 3)) > 0.995
    assert (found > 105).sum() == pytest.approx(spot.sum(), rel=0.05)


def test_nothing_black_comes_in_at_the_corners():
    assert_array_equal(changes.turned(np.full((16, 16), 90, np.uint8), 3), 90)


def test_noise_has_the_share_of_the_range_that_was_asked_for(rng):
    ramp = np.tile(np.linspace(0.0, 100.0, 400), (400, 1))

    added = changes.noisy(ramp, 0.02, rng) - ramp

    span = np.subtract(*np.percentile(ramp, (99.5, 0.5)))
    assert added[:, 40:-40].std() == pytest.approx(0.02 * span, rel=0.02)
    assert added[:, 40:-40].mean() == pytest.approx(0, abs=0.02)


def test_an_outline_moves_by_pixels():
    disk = np.hypot(*(np.mgrid[:81, :81] - 40)) <= 20

    for pixels in (-3, 2):
        radius = np.sqrt(changes.grown(disk, pixels).sum() / np.pi)
        assert radius == pytest.approx(20 + pixels, abs=0.5)
    assert changes.reach(disk, 0.05) == 1
    assert changes.reach(np.ones((200, 200), bool), 0.05) == round(0.05 * 200 / np.sqrt(np.pi))


def test_a_mask_moves_without_coming_in_again():
    mask = np.zeros((4, 5), bool)
    mask[0, 3:] = True

    found = changes.moved(mask, 1, 1)

    assert np.argwhere(found).tolist() == [[1, 4]]
    assert np.argwhere(changes.moved(mask, 0, -3)).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: changes.grown(np.eye(5, dtype=bool), -1), "too small for that"),
        (lambda: changes.grown(np.ones((4, 4), bool), 1), "whole image"),
        (lambda: changes.moved(np.ones((4, 4), bool), 1, 0), "whole image"),
        (lambda: changes.moved(np.eye(5, dtype=bool)[:, ::-1], 5, 0), "too small for that"),
    ],
)
def test_says_where_no_region_is_left_or_none_can_move(change, message):
    with pytest.raises(ImageError, match=message):
        change()
