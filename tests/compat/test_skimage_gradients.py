import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skimage import data, feature, filters

from texturekit.compat.skimage_gradients import hog, sobel

TYPES = ["u1", "u2", "f4", "f8", ">u2", ">f4", "?", "i2", "f2", "u4"]
TOPS = {"u1": 255, "u2": 65535, ">u2": 65535, "?": 1.6, "i2": 30000, "u4": 2**32 - 1}


def picture(dtype, shape, rng, *, levels=None):
    """Draw noise over the whole range of a type; few levels give ties between directions."""
    values = rng.random(shape)
    values = values if levels is None else np.round(values * (levels - 1)) / max(levels - 1, 1)
    return (values * TOPS.get(dtype, 1)).astype(dtype)


def assert_same(ours, theirs):
    assert ours.dtype == theirs.dtype
    assert_array_equal(ours, theirs)


def outcome(function, *arguments, **keywords):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*arguments, **keywords)
        except Exception as error:
            return type(error), str(error)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("norm", ["L1", "L1-sqrt", "L2", "L2-Hys"])
@pytest.mark.parametrize("colour", [False, True])
def test_hog_is_bit_identical(dtype, norm, colour, rng):
    for levels, root in ((None, False), (4, True), (1, False)):
        shape = (*rng.integers(20, 40, 2), 3) if colour else tuple(rng.integers(20, 40, 2))
        image = picture(dtype, shape, rng, levels=levels)
        cells = tuple(rng.integers(2, 8, 2).tolist())
        arguments = (image, int(rng.integers(1, 19)), cells, (2, 3), norm)
        keywords = {"transform_sqrt": root, "channel_axis": 2 if colour else None}

        assert_same(
            outcome(hog, *arguments, **keywords), outcome(feature.hog, *arguments, **keywords)
        )


@pytest.mark.parametrize("name", ["brick", "grass", "camera", "checkerboard"])
@pytest.mark.parametrize("norm", ["L1", "L1-sqrt", "L2", "L2-Hys"])
def test_hog_of_a_texture_is_bit_identical(name, norm):
    image = getattr(data, name)()[:107, :120]

    for view in (image, image[::2, ::-3], image.astype(np.uint16) * 257, image / 255):
        assert_same(hog(view, block_norm=norm), feature.hog(view, block_norm=norm))


@pytest.mark.parametrize("shape", [(3, 3), (3, 4), (5, 3), (1, 9), (2, 2)])
@pytest.mark.parametrize("orientations", [1, 4, 9, 14, 180, 200])
@pytest.mark.parametrize("dtype", ["u1", "?", "f4"])
def test_hog_of_a_tiny_image_is_bit_identical(shape, orientations, dtype, rng):
    image = picture(dtype, shape, rng)
    arguments = (image, orientations, (1, 1), (1, 2))

    assert_same(hog(*arguments), feature.hog(*arguments))


@pytest.mark.parametrize("cells", [(6, 6), (8, 5), (4, 4.5)])
def test_hog_has_the_shape_and_the_picture_of_the_peer(cells, rng):
    image = picture("u1", (41, 37), rng)
    ours = hog(image, 8, cells, (2, 2), visualize=True, feature_vector=False)
    theirs = feature.hog(image, 8, cells, (2, 2), visualize=True, feature_vector=False)

    for mine, peer in zip(ours, theirs, strict=True):
        assert_same(mine, peer)


def test_hog_reads_any_layout(rng):
    image = picture("f8", (60, 50), rng)
    frozen = np.asfortranarray(image)
    frozen.flags.writeable = False

    for view in (image[::2, ::-1], frozen, image[:, :30].tolist()):
        assert_same(hog(view), feature.hog(view))


def test_hog_moves_the_channel_axis(rng):
    image = picture("u1", (3, 30, 30), rng)

    assert_same(hog(image, channel_axis=0), feature.hog(image, channel_axis=0))
    assert_same(hog(image, channel_axis=(0,)), feature.hog(image, channel_axis=(0,)))


def test_hog_leaves_the_image_as_it_is(rng):
    image = picture("f8", (30, 30), rng)
    before = image.copy()
    hog(image, transform_sqrt=True)

    assert_array_equal(image, before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_hog_spreads_pixels_that_are_not_finite_like_the_peer(value, rng):
    image = picture("f8", (24, 24), rng)
    image[5, 5] = value

    assert_same(outcome(hog, image), outcome(feature.hog, image))


@pytest.mark.parametrize(
    "keywords",
    [
        {"orientations": 0},
        {"orientations": -1},
        {"orientations": 9.0},
        {"orientations": True},
        {"pixels_per_cell": 8},
        {"pixels_per_cell": (0, 8)},
        {"pixels_per_cell": (-8, 8)},
        {"pixels_per_cell": (8.0, 8.0)},
        {"cells_per_block": (0, 1)},
        {"cells_per_block": (9, 1)},
        {"cells_per_block": (1.0, 1.0)},
        {"block_norm": "L3"},
        {"channel_axis": -1},
    ],
    ids=str,
)
def test_hog_answers_odd_arguments_like_the_peer(keywords, rng):
    image = picture("f8", (24, 24), rng)
    ours, theirs = outcome(hog, image, **keywords), outcome(feature.hog, image, **keywords)

    if isinstance(theirs, tuple):
        assert ours[0] is theirs[0]
    else:
        assert_same(ours, theirs)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 16, 16)), np.zeros((0, 0)), np.zeros((16, 16), complex), np.zeros(10)],
    ids=["volume", "empty", "complex", "line"],
)
def test_hog_refuses_what_the_peer_refuses(image):
    assert outcome(hog, image) == outcome(feature.hog, image)


@pytest.mark.parametrize("dtype", [*TYPES, "i1", "u8", ">f8"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_sobel_is_bit_identical(dtype, ndim, rng):
    for axis in (None, 0, -1, (0,), tuple(range(ndim))):
        image = picture(dtype, tuple(rng.integers(1, 12, ndim)), rng)

        assert_same(sobel(image, axis=axis), filters.sobel(image, axis=axis))


@pytest.mark.parametrize(
    "mode",
    [
        "reflect",
        "mirror",
        "nearest",
        "wrap",
        "constant",
        "grid-mirror",
        "grid-wrap",
        "grid-constant",
    ],
)
@pytest.mark.parametrize("shape", [(9, 14), (1, 5), (2, 2)])
def test_sobel_knows_every_border(mode, shape, rng):
    image = picture("f4", shape, rng)

    assert_same(sobel(image, mode=mode, cval=0.3), filters.sobel(image, mode=mode, cval=0.3))


@pytest.mark.parametrize("kind", [bool, np.uint8])
def test_sobel_masks_like_the_peer(kind, rng):
    image = picture("u1", (20, 25), rng)
    mask = (rng.random(image.shape) < 0.95).astype(kind)

    assert_same(sobel(image, mask), filters.sobel(image, mask))


@pytest.mark.parametrize(
    "keywords",
    [
        {"mode": "wrong"},
        {"mode": ["reflect", "wrap"]},
        {"axis": 2},
        {"mask": np.ones((3, 3), bool)},
    ],
    ids=["unknown mode", "two modes", "no such axis", "mask of another size"],
)
def test_sobel_refuses_what_the_peer_refuses(keywords, rng):
    image = picture("f8", (12, 12), rng)

    assert outcome(sobel, image, **keywords)[0] is outcome(filters.sobel, image, **keywords)[0]


def test_sobel_refuses_complex_images():
    with pytest.raises(ValueError, match="complex"):
        sobel(np.zeros((5, 5), complex))
