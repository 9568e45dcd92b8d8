"""Equal to mahotas.features.lbp 1.4.19, whose own numbers are quoted below."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from texturekit.compat.mahotas_lbp import lbp
from texturekit.errors import ImageError, ParameterError

ROWS, COLS = np.indices((16, 19))
IMAGE = ((ROWS * ROWS * 7 + COLS * COLS * 3 + ROWS * COLS * 5) % 31).astype(np.uint8)

# What mahotas 1.4.19 printed for IMAGE: (radius, points, ignore_zeros) and the histogram.
PRINTED = [
    ((2, 6, False), [55, 58, 26, 17, 25, 12, 15, 7, 20, 4, 7, 4, 31, 23]),
    ((1.5, 5, False), [61, 56, 37, 29, 28, 20, 42, 31]),
    ((1, 4, True), [69, 83, 28, 27, 66, 30]),
    ((3, 4, True), [89, 76, 48, 18, 53, 19]),
    ((2.3, 6, True), [60, 61, 31, 15, 20, 2, 10, 9, 12, 3, 16, 9, 32, 23]),
]


@pytest.mark.parametrize(("arguments", "expected"), PRINTED)
def test_prints_what_mahotas_printed(arguments, expected):
    found = lbp(IMAGE, *arguments)

    assert found.dtype == np.float64
    assert_array_equal(found, expected)


@pytest.mark.parametrize("ignore_zeros", [False, True])
@pytest.mark.parametrize(
    ("radius", "points"), [(1, 8), (2, 6), (3, 12), (1.5, 8), (2.3, 10), (8, 8), (40, 8), (1, 1)]
)
def test_equals_mahotas_where_it_is_installed(radius, points, ignore_zeros, rng):
    peer = pytest.importorskip("mahotas.features").lbp
    images = [
        rng.integers(0, 256, (20, 23), dtype=np.uint8),
        rng.integers(0, 4, (17, 12)).astype(">i2")[::2],
        rng.random((15, 15)),
        np.full((9, 9), 7),
    ]

    for image in images:
        assert_array_equal(
            lbp(image, radius, points, ignore_zeros), peer(image, radius, points, ignore_zeros)
        )


def test_every_pixel_is_counted_once():
    assert lbp(IMAGE, 2, 8).sum() == IMAGE.size
    assert lbp(IMAGE, 2, 8, ignore_zeros=True).sum() == np.count_nonzero(IMAGE)


def test_says_what_it_cannot_count():
    with pytest.raises(ImageError, match=r"shape \(3, 3, 3\)"):
        lbp(np.zeros((3, 3, 3)), 1, 8)
    with pytest.raises(ImageError, match="no pixel to count"):
        lbp(np.zeros((3, 3)), 1, 8, ignore_zeros=True)
    with pytest.raises(ParameterError, match="points=25"):
        lbp(IMAGE, 1, 25)
