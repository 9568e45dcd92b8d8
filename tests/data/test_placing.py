"""A network's square picture laid back over its image."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

import texturekit as tk
from texturekit.data.pictures import Pictures
from texturekit.data.placing import Box, seen
from texturekit.errors import ImageError

SHAPES = [(40, 60), (60, 40), (33, 64), (64, 64), (20, 17), (200, 301)]


def data(root, image, mask=None):
    Image.fromarray(image).save(root / "a.png")
    rows = {"path": ["a.png"]}
    if mask is not None:
        Image.fromarray(mask.astype(np.uint8) * 255).save(root / "m.png")
        rows["mask"] = ["m.png"]
    pd.DataFrame(rows).to_csv(root / "data.csv", index=False)
    return tk.read_manifest(root / "data.csv")


def ramps(height, width):
    """Rows in the first channel, columns in the second: a picture that knows where it is."""
    rows = np.linspace(20, 250, height)[:, None].repeat(width, axis=1)
    cols = np.linspace(20, 250, width)[None].repeat(height, axis=0)
    return np.rint(np.stack([rows, cols, np.full_like(rows, 99)], axis=2)).astype(np.uint8)


@pytest.mark.parametrize("view", ["rgb8", "xray"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_the_network_saw_comes_back_where_it_was(view, shape, tmp_path):
    image = ramps(*shape)
    grey = image[:, :, 0] if view == "xray" else image
    pictures = Pictures(data(tmp_path, grey), size=32, view=view)
    square = np.asarray(pictures[0], np.float32)

    place = seen(pictures, 0)

    known = grey[:, :, None] / 255 if view == "xray" else image
    inside = tuple(slice(s.start + 6, s.stop - 6) for s in place.box.slices)
    for channel in range(square.shape[2]):
        back = place.back(square[:, :, channel])
        step = 230 / 32 / (255 if view == "xray" else 1)  # grey levels a pixel of the square
        assert_allclose(back[inside], known[inside][:, :, channel], atol=0.6 * step)
        outside = np.ones(shape, bool)
        outside[place.box.slices] = False
        assert_array_equal(back[outside], 0)


def test_grey_networks_see_the_middle_square(tmp_path):
    pictures = Pictures(data(tmp_path, ramps(40, 60)[:, :, 1]), size=32, view="xray")

    place = seen(pictures, 0)

    assert (place.box, place.inner) == (Box(0, 10, 40, 50), Box(0, 0, 32, 32))
    assert place.region == "the whole image, of that the middle square"


def test_a_mask_says_what_was_seen(tmp_path):
    image, mask = ramps(100, 80), np.zeros((100, 80), bool)
    mask[20:60, 30:50] = True
    crop, only, none = (
        seen(Pictures(data(tmp_path, image, mask), size=32, roi=roi), 0)
        for roi in ("crop", "mask", "none")
    )

    assert crop.box == Box(16, 28, 64, 52)  # a tenth of 40 and 20 around
    assert crop.inner == Box(0, 8, 32, 24)
    assert crop.region == "the mask's box and a tenth of its side around"
    assert (only.box, only.region[:21]) == (Box(0, 0, 100, 80), "the pixels inside the")
    assert (none.box, none.mask, none.region) == (Box(0, 0, 100, 80), None, "the whole image")


def test_the_whole_image_is_shown_in_the_windows_of_what_was_seen(tmp_path):
    image, mask = np.full((40, 40), 1000, np.uint16), np.zeros((40, 40), bool)
    image[10:30, 10:30] = np.linspace(200, 600, 20, dtype=np.uint16)[:, None]
    mask[12:28, 12:28] = True
    pictures = Pictures(data(tmp_path, image, mask), size=20)

    place = seen(pictures, 0)

    assert_array_equal(place.picture[place.box.slices], pictures[0])
    assert (place.picture[0, 0] == 255).all()


def test_a_mask_of_another_size_is_refused(tmp_path):
    mask = np.ones((30, 40), bool)

    with pytest.raises(ImageError, match="40x20 pixels, but its mask is 40x30"):
        seen(Pictures(data(tmp_path, ramps(20, 40), mask), size=32), 0)
