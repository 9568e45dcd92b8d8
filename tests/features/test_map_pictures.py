from __future__ import annotations

import io

import numpy as np
from PIL import Image

from texturekit.features.map_pictures import overlays, picture
from texturekit.features.maps import Map


def opened(content):
    return Image.open(io.BytesIO(content))


def test_an_image_too_small_for_a_family_goes_without_its_map():
    assert set(overlays(np.arange(16, dtype=np.uint8).reshape(4, 4))) == {"lbp", "sobel"}


def test_what_lies_outside_the_mask_is_black():
    mask = np.zeros((64, 64), dtype=bool)
    mask[:, 32:] = True
    image = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    for content in overlays(image, mask, side=64).values():
        pixels = np.asarray(opened(content).convert("L"))

        assert pixels[:, :28].max() == 0
        assert pixels[:, 36:].max() > 0


def test_a_glyph_lies_along_the_edge():
    cells = np.zeros((1, 1, 9))
    cells[0, 0, 0] = 1  # gradients towards 10 degrees: the edge stands almost upright
    pixels = np.asarray(picture(Map("x", cells, "glyphs"), (64, 64), side=64))
    rows, cols = np.nonzero(pixels)

    assert np.ptp(rows) > 4 * np.ptp(cols)


def test_codes_keep_their_order_in_brightness():
    shown = picture(Map("x", np.arange(64.0).reshape(8, 8), "codes"), (8, 8), side=8)
    bright = np.asarray(shown.convert("L")).ravel().astype(int)

    assert (np.diff(bright) > 0).all()
