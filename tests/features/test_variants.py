import numpy as np
import pytest
from numpy.testing import assert_array_equal

from texturekit.errors import ImageError, ParameterError
from texturekit.features.measuring import columns, measure
from texturekit.features.registry import FEATURES
from texturekit.features.variants import variants
from texturekit.resizing import resize, resize_mask


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (40, 60), dtype=np.uint8)


@pytest.mark.parametrize("name", FEATURES)
def test_every_family_measures_smaller_images_as_images_of_their_own(name, image):
    large = np.kron(image, np.ones((2, 2), np.uint8))
    found = measure(large, f"{name}(scales=1-2)")

    half = measure(resize(large, 60), name)
    assert found == measure(large, name) | {f"{k}.s2": v for k, v in half.items()}
    assert tuple(found) == columns(f"{name}(scales=1-2)")


@pytest.mark.parametrize("name", FEATURES)
def test_every_family_measures_cells_as_images_of_their_own(name, image):
    found = measure(image, f"{name}(pyramid=1-2)")

    corner = measure(image[20:, :30], name)
    assert {k: v for k, v in found.items() if k.endswith(".g2r1c0")} == {
        f"{k}.g2r1c0": v for k, v in corner.items()
    }
    assert tuple(found) == columns(f"{name}(pyramid=1-2)")
    assert len(found) == 5 * len(corner)


def test_cells_share_an_uneven_box_without_gap_or_overlap():
    image = np.arange(7 * 11).reshape(7, 11)
    cells = [piece for _, piece, _ in variants(image, None, pyramid=3)]

    assert [cell.shape for cell in cells[:3]] == [(2, 3), (2, 4), (2, 4)]
    assert sorted(np.concatenate([cell.ravel() for cell in cells])) == list(range(77))


def test_cells_divide_the_box_of_the_mask(image):
    mask = np.zeros(image.shape, bool)
    mask[10:20, 5:25] = True
    mask[12, 7] = False

    (_, piece, part), *_ = variants(image, mask, pyramid=2)

    assert_array_equal(piece, image[10:15, 5:15])
    assert_array_equal(part, mask[10:15, 5:15])


def test_scales_shrink_the_mask_with_the_image(image):
    mask = np.zeros(image.shape, bool)
    mask[4:36, 8:50] = True

    found = measure(image, "lbp(scales=2)", mask)

    nearest = image[np.ix_(np.clip(range(40), 4, 35), np.clip(range(60), 8, 49))]
    half = measure(resize(nearest, 30), "lbp", resize_mask(mask, 30))
    assert list(found.values()) == list(half.values())


@pytest.mark.parametrize("name", FEATURES)
def test_nothing_outside_the_mask_enters_a_smaller_image(name, image):
    rows, cols = np.mgrid[:40, :60]
    mask = (rows - 20) ** 2 + (cols - 30) ** 2 < 19**2
    other = np.where(mask, image, 255 - image)

    assert measure(image, f"{name}(scales=2)", mask) == measure(other, f"{name}(scales=2)", mask)


def test_scales_and_cells_join(image):
    endings = [ending for ending, _, _ in variants(image, None, scales=(1, 4), pyramid=(1, 2))]

    assert endings[:2] == ["", ".g2r0c0"]
    assert endings[5:7] == [".s4", ".s4.g2r0c0"]
    assert len(endings) == 10


def test_a_cell_without_a_pixel_of_the_mask_is_named(image):
    mask = np.eye(40, 60, dtype=bool)

    with pytest.raises(ImageError, match="glcm: cell r0c1 of pyramid=2 holds no pixel of the mask"):
        measure(image, "glcm(pyramid=2)", mask)


@pytest.mark.parametrize("wrong", ["scales=0", "scales=1-1", "pyramid=17", "scales=1025"])
def test_refuses_scales_and_cells_that_make_no_sense(wrong, image):
    with pytest.raises(ParameterError, match=r"scales=|pyramid="):
        measure(image, f"lbp({wrong})")


def test_an_image_too_small_for_a_scale_is_at_fault_itself(image):
    with pytest.raises(
        ImageError, match=r"lbp: the image is 60x40 pixels, too small for scales=61"
    ):
        measure(image, "lbp(scales=61)")


def test_levels_are_recorded_for_every_variant(image):
    found = FEATURES["glcm"].measure(image, None, {"scales": (1, 2)})

    assert list(found.levels) == ["", ".s2"]
    assert found.levels[""].low == image.min()
    assert found.levels[""].count == found.levels[""].occupied == 32
