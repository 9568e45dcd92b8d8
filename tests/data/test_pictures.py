import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from texturekit.data.manifest import read_manifest
from texturekit.data.pictures import Pictures
from texturekit.errors import ImageError, ParameterError


@pytest.fixture
def manifest(tmp_path, rng):
    """A wide 16-bit image with a mask, and a small colour one without."""
    wide = rng.integers(0, 5000, (40, 80), dtype=np.uint16)
    mask = np.zeros((40, 80), np.uint8)
    mask[10:30, 20:60] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.fromarray(mask).save(tmp_path / "wide_region.png")
    Image.fromarray(rng.integers(1, 255, (16, 16, 3), dtype=np.uint8)).save(tmp_path / "small.png")
    text = "path,label,mask\nwide.png,a,wide_region.png\nsmall.png,b,whole.png\n"
    Image.fromarray(np.full((16, 16), 255, np.uint8)).save(tmp_path / "whole.png")
    (tmp_path / "m.csv").write_text(text)
    return read_manifest(tmp_path / "m.csv")


@pytest.mark.parametrize("roi", ["crop", "mask", "none"])
def test_every_picture_is_a_square_of_one_size(roi, manifest):
    pictures = Pictures(manifest, size=24, roi=roi)

    assert [(p.shape, p.dtype) for p in pictures] == [((24, 24, 3), np.uint8)] * 2
    assert len(pictures) == 2


def test_without_a_region_the_whole_image_is_seen(manifest):
    image, mask = Pictures(manifest, size=40, roi="none").region(0)

    assert mask is None
    assert image.shape == (20, 40)
    assert image.dtype == np.uint16


def test_a_crop_is_the_box_and_a_tenth_around_for_nets_and_texture_alike(manifest):
    pictures = Pictures(manifest, size=None, roi="crop")
    image, mask = pictures.region(0)

    assert mask is None
    assert_array_equal(image, manifest.image(0)[8:32, 16:64])
    assert pictures[0].shape == (48, 48, 3)
    assert not pictures[0][:12].any()
    assert pictures[0][12:36].any()


def test_a_mask_leaves_nets_only_what_texture_is_measured_on(manifest):
    pictures = Pictures(manifest, size=40, roi="mask")
    image, mask = pictures.region(0)

    assert image.shape == mask.shape == (20, 40)
    assert_array_equal(mask, np.pad(np.ones((10, 20), bool), ((5, 5), (10, 10))))
    seen = pictures[0][10:30].any(axis=2)
    assert not seen[~mask].any()
    assert seen[mask].mean() > 0.95


def test_a_subset_keeps_order_and_settings(manifest):
    pictures = Pictures(manifest, size=8, roi="none")
    part = pictures.subset([1, 0])

    assert_array_equal(part[0], pictures[1])
    assert (part.size, part.roi, len(part)) == (8, "none", 2)


def test_a_mask_of_another_size_is_refused_naming_the_image(tmp_path):
    Image.fromarray(np.ones((4, 6), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.ones((3, 3), np.uint8)).save(tmp_path / "m.png")
    (tmp_path / "m.csv").write_text("path,mask\na.png,m.png\n")
    pictures = Pictures(read_manifest(tmp_path / "m.csv"), size=8)

    with pytest.raises(ImageError, match=r"'a\.png' is 6x4 pixels, but its mask is 3x3"):
        pictures[0]


def test_another_roi_or_size_is_refused(manifest):
    with pytest.raises(ParameterError, match="roi is 'box', but 'crop'"):
        Pictures(manifest, size=8, roi="box")
    with pytest.raises(ParameterError, match="size is 0"):
        Pictures(manifest, size=0)


def test_view_of_an_xray_is_what_torchxrayvision_prepares(tmp_path, rng):
    xrv = pytest.importorskip("torchxrayvision")
    pixels = rng.integers(0, 4096, (70, 101), dtype=np.uint16)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (tmp_path / "m.csv").write_text("path,label\na.png,x\n")
    data = read_manifest(tmp_path / "m.csv")

    seen = Pictures(data, size=None, view="xray")[0]

    wanted = xrv.datasets.XRayCenterCrop()(xrv.utils.normalize(pixels, 65535)[None])
    assert seen.shape == (70, 70, 1)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen[:, :, 0] * 2048 - 1024, wanted[0], atol=2e-4)
