"""What `texturekit.kernels.neighbours` takes for granted about numbers."""

import numpy as np
from numpy.testing import assert_array_equal

from texturekit.kernels.neighbours import SLOPE

SIDE = 70711  # of 100000: how far the diagonal samples of the circle (8, 1) lie from the pixel


def test_the_slope_in_16_bits_gives_the_same_whole_numbers():
    along = np.arange(-510, 511)

    assert_array_equal(along * int(SLOPE) >> 16, along * (100000 - SIDE) // SIDE)


def test_no_sum_but_that_of_zeros_is_zero_or_within_reach_of_rounding():
    along, lift = np.arange(-510, 511)[:, None], np.arange(-255, 256)
    total = (100000 - SIDE) * along + SIDE * lift

    assert_array_equal(total == 0, (along == 0) & (lift == 0))
    # The sample lies 1e-10 * SIDE * total from the pixel; rounding reaches some 1e-10 at row 1e6.
    assert np.abs(total[total != 0]).min() * SIDE * 1e-10 > 1e-6


def test_equal_integers_are_interpolated_to_themselves():
    at = np.unique([2**k + d for k in range(21) for d in range(-3, 4) if 2**k + d >= 0])
    fractions = np.unique([(at + s) - np.floor(at + s) for s in (-SIDE / 1e5, SIDE / 1e5)])

    levels = np.arange(65536.0)
    for x in fractions:
        assert_array_equal((1 - x) * levels + x * levels, levels)
