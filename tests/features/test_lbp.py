"""Circle-sampled local binary patterns."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_lbp as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.lbp import Circle, lbp, lbp_codes
from texturekit.features.registry import FEATURES
from texturekit.kernels.circle import code_circle, count_circle
from texturekit.kernels.lbp import circle_variance
from texturekit.kernels.neighbours import code_neighbours, count_neighbours
from texturekit.kernels.square import code_square, count_square

CIRCLES = [(4, 1), (8, 1), (8, 1.5), (12, 2.5), (16, 2), (24, 3)]
METHODS = ["default", "uniform", "ror", "nri_uniform"]


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (23, 30), dtype=np.uint8)


@pytest.mark.parametrize(("p", "r"), CIRCLES)
def test_codes_agree_with_the_obvious_loop(p, r, rng):
    image = rng.integers(0, 5, (9, 11)).astype(np.uint8)

    assert_array_equal(lbp_codes(image, p, r), naive.lbp(image, p, r))


# The textbook window 6 5 2 / 7 6 1 / 9 8 7, worked by hand: bits E, NE, N, NW, W, SW, S, SE; the
# corner samples lie 0.70711 of the way from the centre to the corner pixel, down and along.
def test_codes_a_window_by_hand():
    image = np.array([[6, 5, 2], [7, 6, 1], [9, 8, 7]], dtype=np.uint8)
    east, north, west, south = (1 >= 6) << 0, (5 >= 6) << 2, (7 >= 6) << 4, (8 >= 6) << 6
    t = 0.70711
    corner = {}
    for name, (across, down, far) in {
        "ne": (1, 5, 2), "nw": (7, 5, 6), "sw": (7, 8, 9), "se": (1, 8, 7)
    }.items():  # fmt: skip
        near = (1 - t) * 6 + t * across
        corner[name] = (1 - t) * near + t * ((1 - t) * down + t * far) >= 6
    corners = corner["ne"] << 1 | corner["nw"] << 3 | corner["sw"] << 5 | corner["se"] << 7

    assert lbp_codes(image)[1, 1] == east | north | west | south | corners == 120


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize(("p", "r"), CIRCLES)
def test_codes_equal_those_of_skimage(p, r, dtype, rng):
    import skimage.feature as texture

    image = (rng.random((17, 21)) * 200).astype(dtype)

    for method in METHODS:
        expected = _quietly(texture.local_binary_pattern, image, p, r, method)
        assert_array_equal(lbp_codes(image, p, r, method), expected)


@pytest.mark.parametrize(("p", "r"), CIRCLES)
def test_variance_equals_that_of_skimage(p, r, rng):
    import skimage.feature as texture

    image = rng.integers(0, 60000, (17, 21)).astype(np.uint16)

    expected = texture.local_binary_pattern(image, p, r, "var")

    assert_array_equal(lbp_codes(image, p, r, "var"), expected)


@pytest.mark.parametrize("value", [0, 200, 0.1, 0.37, 1e6])
def test_variance_of_a_flat_image_is_zero_inside(value):
    variances = lbp_codes(np.full((7, 7), value), 8, 1, "var")

    assert_array_equal(variances[1:-1, 1:-1], 0)


def test_memory_order_byte_order_and_write_protection_do_not_matter(image):
    expected = lbp_codes(image.astype(np.uint16), 16, 2)
    big_endian = image.astype(">u2")
    wide = np.zeros((23, 60), np.uint16)
    wide[:, ::2] = image
    frozen = np.asfortranarray(image.astype(np.uint16))
    frozen.flags.writeable = False

    for same in (big_endian, wide[:, ::2], frozen):
        assert_array_equal(lbp_codes(same, 16, 2), expected)


@pytest.mark.parametrize("shape", [(3, 3), (3, 40), (7, 3), (33, 34), (65, 140)])
@pytest.mark.parametrize("levels", [2, 4, 256])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_codes_of_any_size_and_contrast_equal_those_of_skimage(shape, levels, dtype, rng):
    import skimage.feature as texture

    image = rng.integers(0, levels, shape).astype(dtype)

    codes = texture.local_binary_pattern(image, 8, 1)
    assert_array_equal(lbp_codes(image), codes)
    shares = np.bincount(codes[1:-1, 1:-1].astype(int).ravel(), minlength=256)
    found = list(lbp(image, method="default").values())[:256]
    assert_allclose(found, shares / shares.sum())


# Everywhere on such ramps a sample on the diagonal equals its pixel, but for rounding.
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("step", [1, 3, 7])
def test_ties_are_decided_by_the_rounding_of_skimage(sign, step):
    import skimage.feature as texture

    rows, cols = np.indices((70, 300))
    image = ((rows + sign * cols) * step % 256).astype(np.uint8)

    expected = texture.local_binary_pattern(image, 8, 1)
    assert not np.array_equal(expected, lbp_codes(image, tie_tolerance=1e-9))
    assert_array_equal(lbp_codes(image), expected)


@pytest.mark.parametrize("name", ["brick", "grass", "gravel", "camera"])
@pytest.mark.parametrize(("p", "r"), [(8, 1), (16, 2), (24, 3)])
def test_histograms_of_photographs_equal_those_of_skimage(name, p, r):
    import skimage.data
    import skimage.feature as texture

    image = getattr(skimage.data, name)()[100:300, 50:330]

    labels = texture.local_binary_pattern(image, p, r, "uniform")[r:-r, r:-r].astype(int)
    found = list(lbp(image, p=p, r=r).values())[: p + 2]
    assert_array_equal(found, np.bincount(labels.ravel(), minlength=p + 2) / labels.size)


@pytest.mark.parametrize(("p", "method"), [(12, "default"), (20, "uniform"), (20, "nri_uniform"),
                                           (40, "uniform")])  # fmt: skip
@pytest.mark.parametrize("masked", [False, True])
def test_histograms_of_many_points_are_those_of_the_codes(p, method, masked, image, rng):
    mask = rng.random(image.shape) < 0.5 if masked else np.ones(image.shape, bool)

    found = list(lbp(image, mask=mask if masked else None, p=p, r=2, method=method).values())[:-4]

    labels = lbp_codes(image, p, 2, method)[2:-2, 2:-2][mask[2:-2, 2:-2]]
    assert_allclose(found, np.bincount(labels, minlength=len(found)) / labels.size)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_square_agrees_with_the_obvious_loop(dtype, rng):
    image = rng.integers(0, 4, (9, 12)).astype(dtype)

    assert_array_equal(lbp_codes(image, neighborhood="square"), naive.square_lbp(image))


def test_the_histogram_of_the_square_is_that_of_its_codes(image, rng):
    mask = rng.random(image.shape) < 0.5

    for region in (None, mask):
        found = lbp(image, mask=region, neighborhood="square", method="nri_uniform")
        labels = lbp_codes(image, method="nri_uniform", neighborhood="square")[1:-1, 1:-1]
        kept = labels.ravel() if region is None else labels[mask[1:-1, 1:-1]]
        assert next(iter(found)) == "lbp.p8r1sq.nri_uniform.00"
        assert_allclose(list(found.values())[:59], np.bincount(kept, minlength=59) / kept.size)


def test_the_variance_of_the_square_is_that_of_the_eight_neighbours(image):
    window = np.delete(image[3:6, 7:10].ravel().astype(float), 4)

    assert_allclose(lbp_codes(image, method="var", neighborhood="square")[4, 8], window.var())


@pytest.mark.parametrize("value", [0.001, 0.1, 0.37, 0.999, 1e6 / 3, -0.7])
@pytest.mark.parametrize(("p", "r"), [(8, 1), (16, 2), (24, 3)])
def test_with_a_tolerance_flat_floats_have_all_bits_set(value, p, r):
    flat = np.full((20, 40), value)

    assert_array_equal(lbp_codes(flat, p, r, tie_tolerance=1e-9)[r:-r, r:-r], 2**p - 1)
    assert lbp(flat, p=p, r=r, tie_tolerance=1e-9)[f"lbp.p{p}r{r}.uniform.{p:02d}"] == 1


def test_rounding_sets_bits_of_flat_floats_without_a_tolerance():
    codes = [lbp_codes(np.full((5, 5), value))[2, 2] for value in np.arange(1, 200) / 1000]

    assert len(set(codes)) > 1


@pytest.mark.parametrize("tolerance", [1e-9, 0.1])
@pytest.mark.parametrize("neighborhood", ["circle", "square"])
def test_the_tolerance_is_a_share_of_the_range(tolerance, neighborhood, rng):
    image = rng.integers(0, 12, (9, 11)).astype(np.uint8) * 20

    found = lbp_codes(image, neighborhood=neighborhood, tie_tolerance=tolerance)

    slack = tolerance * image.max()
    square = neighborhood == "square"
    expected = naive.square_lbp(image, slack) if square else naive.lbp(image, 8, 1, slack)
    assert_array_equal(found, expected)


@pytest.mark.parametrize(("p", "r"), CIRCLES)
def test_a_tolerance_changes_no_bit_away_from_ties(p, r, image):
    plain, robust = lbp_codes(image, p, r), lbp_codes(image, p, r, tie_tolerance=1e-9)

    for row, col in zip(*np.nonzero(plain != robust), strict=True):
        samples = np.array(naive.circle(image, row, col, p, r))
        changed = (plain[row, col] ^ robust[row, col]) >> np.arange(p) & 1
        assert_allclose(samples[changed == 1], image[row, col], atol=1e-9)


@pytest.mark.parametrize("masked", [False, True])
def test_compiled_counts_equal_the_python_ones(masked, rng):
    image = rng.integers(0, 4, (7, 37)).astype(np.uint8)
    inside = rng.random((5, 35)) < 0.5
    near = Circle(8, 1, 7, 37, inner=1)
    far = Circle(6, 1.5, 7, 37, inner=2)
    long = Circle(17, 1, 7, 37, inner=1)
    table, none = np.arange(64).astype(np.uint16), np.zeros(0, np.uint16)
    runs = [
        (count_neighbours, 256, (image, masked, inside, near.rows, near.cols)),
        (count_square, 256, (image, 0.0, masked, inside)),
        (count_circle, 64, (image, 2, masked, inside, *far.tables, 0.0, _weights(6), table)),
        (count_circle, 19, (image, 1, masked, inside, *long.tables, 0.0, _weights(17), none)),
    ]

    for run, size, arguments in runs:
        compiled, python = np.zeros((8, size), np.uint32), np.zeros((8, size), np.uint32)
        run(*arguments, compiled)
        run.py_func(*arguments, python)
        assert compiled.any()
        assert_array_equal(compiled, python)


def test_compiled_codes_equal_the_python_ones(rng):
    image = rng.integers(0, 4, (6, 7)).astype(np.uint8)
    near, far = Circle(8, 1, 6, 7), Circle(6, 1.5, 6, 7)
    table = np.arange(256)[::-1].copy()
    bytes_, floats = near.pad(image, np.uint8), far.pad(image)
    runs = [
        (code_neighbours, np.int32, (bytes_, near.rows, near.cols, table)),
        (code_square, np.int32, (bytes_, 0.0, table)),
        (code_circle, np.int32, (floats, far.margin, *far.tables, 0.0, _weights(6))),
        (circle_variance, float, (floats, far.margin, far.corners, far.rows, far.cols, 1e-14)),
    ]

    for run, dtype, arguments in runs:
        compiled, python = np.zeros((6, 7), dtype), np.zeros((6, 7), dtype)
        run(*arguments, compiled)
        run.py_func(*arguments, python)
        assert compiled.any()
        assert_array_equal(compiled, python)


def _weights(p):
    return (1 << np.arange(p)).astype(np.int32)


def test_a_flat_image_has_all_bits_set_inside():
    assert_array_equal(lbp_codes(np.full((7, 8), 9, np.uint8), 8, 1)[1:-1, 1:-1], 255)


@pytest.mark.parametrize("method", METHODS)
def test_the_histogram_is_that_of_the_pixels_off_the_border(method, image):
    found = lbp(image, p=8, r=2, method=method)

    core = lbp_codes(image, 8, 2, method)[2:-2, 2:-2]
    shares = np.array([v for k, v in found.items() if k.rpartition(".")[2].isdigit()])
    assert_allclose(shares.sum(), 1)
    assert_allclose(
        np.sort(shares[shares > 0]), np.sort(np.unique(core, return_counts=True)[1] / core.size)
    )
    statistics = [found[f"lbp.p8r2.{method}.{name}"] for name in ("mean", "variance", "median")]
    assert_allclose(statistics, [core.mean(), core.var(), np.median(core)])


def test_the_mask_leaves_out_exactly_what_lies_outside(image, rng):
    mask = rng.random(image.shape) < 0.3

    found = lbp(image, mask=mask)

    inside = lbp_codes(image, method="uniform")[1:-1, 1:-1][mask[1:-1, 1:-1]]
    shares = [found[f"lbp.p8r1.uniform.{k:02d}"] for k in range(10)]
    assert_allclose(shares, np.bincount(inside, minlength=10) / inside.size)


@pytest.mark.parametrize("method", ["uniform", "ror"])
def test_a_quarter_turn_leaves_rotation_invariant_histograms(method, image):
    turned, straight = lbp(np.rot90(image), method=method), lbp(image, method=method)

    assert_allclose(list(turned.values()), list(straight.values()), atol=1e-12)


def test_a_quarter_turn_moves_every_bit_by_two(image):
    codes = lbp_codes(image)[1:-1, 1:-1]
    moved = (codes << 2 | codes >> 6) & 255

    assert_array_equal(lbp_codes(np.rot90(image))[1:-1, 1:-1], np.rot90(moved))


@pytest.mark.parametrize("method", [*METHODS, "var"])
def test_columns_do_not_depend_on_the_image(method, image):
    flat = np.full((5, 5), 3, np.uint16)

    assert list(lbp(flat, method=method)) == list(lbp(image, method=method))
    assert np.isfinite(list(lbp(flat, method=method).values())).all()


def test_the_variance_histogram_is_relative_to_the_mean_variance(image):
    found, doubled = (lbp(k * image.astype(float), method="var") for k in (1, 2))

    bins = [name for name in found if name.rpartition(".")[2].isdigit()]
    assert len(bins) == 12
    assert_allclose(sum(found[name] for name in bins), 1)
    assert [doubled[name] for name in bins] == [found[name] for name in bins]
    assert_allclose(doubled["lbp.p8r1.var.mean"], 4 * found["lbp.p8r1.var.mean"])


def test_names_say_the_circle():
    names = FEATURES["lbp"].columns(p=8, r=1.5)

    assert names[0] == "lbp.p8r1_5.uniform.00"
    assert FEATURES["lbp"].columns(p=24, r=3)[25] == "lbp.p24r3.uniform.25"


def test_says_how_large_an_image_is_needed():
    with pytest.raises(ImageError, match="6x6 pixels, but this feature needs at least 7x7"):
        lbp(np.zeros((6, 6), np.uint8), p=24, r=3)


def test_says_that_the_mask_lies_on_the_border(image):
    mask = np.zeros(image.shape, bool)
    mask[0] = True

    for method in ("uniform", "var"):
        with pytest.raises(ImageError, match="no pixel of the mask"):
            lbp(image, mask=mask, method=method)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"p": 1}, "p=1,"), ({"p": 32, "method": "default"}, "p=32"), ({"r": 0}, "r=0"),
     ({"r": float("nan")}, "r=nan"), ({"p": 2.5}, "p=2.5"),
     ({"neighborhood": "square", "r": 2}, "p=8, r=2, but neighborhood='square'"),
     ({"tie_tolerance": 1}, "tie_tolerance=1,"), ({"tie_tolerance": -1e-9}, "tolerance=-1e-09")],
)  # fmt: skip
def test_says_which_parameter_is_out_of_range(parameters, message, image):
    with pytest.raises(ParameterError, match=message):
        lbp(image, **parameters)


def test_suggests_the_method_that_was_meant(image):
    with pytest.raises(UnknownNameError, match="Did you mean 'nri_uniform'"):
        lbp(image, method="nri_unifrom")


def test_suggests_the_neighborhood_that_was_meant(image):
    with pytest.raises(UnknownNameError, match="Did you mean 'square'"):
        lbp_codes(image, neighborhood="sqare")


def _quietly(function, *arguments):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)
