import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests import naive_fractal as naive
from texturekit.errors import ImageError, ParameterError
from texturekit.features.fractal import fractal
from texturekit.features.measuring import columns, measure
from texturekit.kernels import fractal as kernels

WAYS = ("boxes", "blanket", "madogram")


def dimensions(found):
    return [found[f"fractal.dimension.{way}"] for way in WAYS]


@pytest.mark.parametrize("shape", [(8, 9), (17, 25), (24, 24), (40, 33)])
@pytest.mark.parametrize("masked", [False, True])
def test_values_are_those_of_the_obvious_loops(shape, masked, rng):
    image = rng.normal(size=shape).cumsum(axis=0).cumsum(axis=1)
    mask = rng.random(shape) < 0.98 if masked else np.ones(shape, bool)

    found = fractal(image, mask=mask if masked else None, boxes=(2, 3, 8), reach=6)

    expected = {
        "boxes": naive.box_dimension(image, mask),
        "blanket": naive.blanket_dimension(image, mask, 6),
        "madogram": naive.madogram_dimension(image, mask, 6),
    }
    for way, (dimension, residual) in expected.items():
        assert found[f"fractal.dimension.{way}"] == pytest.approx(dimension, abs=1e-9), way
        assert found[f"fractal.residual.{way}"] == pytest.approx(residual, abs=1e-9), way
    for size in (2, 3, 8):
        expected = naive.lacunarity(image, mask, size)
        assert found[f"fractal.lacunarity.r{size}"] == pytest.approx(expected, rel=1e-9)


def test_compiled_kernels_do_what_their_python_does(rng):
    surface, inside = rng.random((11, 9)), rng.random((11, 9)) < 0.8
    results = []
    for run in (lambda k, *a: k.py_func(*a), lambda k, *a: k(*a)):
        low = (surface * 7).astype(np.int32)
        high, whole = low + 2, inside.copy()
        boxes, blocks = np.zeros(3, np.int64), np.zeros(3, np.int64)
        run(kernels.count_boxes, low, high, whole, boxes, blocks)
        volumes = np.empty(4)
        run(kernels.grow_blanket, surface, inside, volumes)
        sums, pairs = np.empty(3), np.empty(3, np.int64)
        run(kernels.sum_increments, surface, inside, np.array([1, 2, 10]), sums, pairs)
        table, held, masses = np.empty((12, 10)), np.empty((12, 10), np.int64), np.zeros(99)
        run(kernels.add_up, surface, inside, table, held)
        count = run(kernels.glide_box, table, held, 2, masses)
        results.append([boxes, blocks, volumes, sums, pairs, table, held, masses, count])

    for python, compiled in zip(*results, strict=True):
        assert_array_equal(python, compiled)


def test_columns_are_these_for_any_image(rng):
    names = [f"fractal.{what}.{way}" for way in WAYS for what in ("dimension", "residual")]

    assert columns("fractal") == (*names, *(f"fractal.lacunarity.r{k}" for k in (2, 4, 8, 16)))
    assert tuple(fractal(rng.random((4, 5)))) == columns("fractal")
    assert columns("fractal(boxes=3)") == (*names, "fractal.lacunarity.r3")


@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.7, 0.8])
def test_the_madogram_finds_the_dimension_of_a_fractional_brownian_surface(hurst, rng):
    found = [
        fractal(naive.fractional_surface(128, hurst, rng))["fractal.dimension.madogram"]
        for _ in range(4)
    ]

    # Estimates of single surfaces of this size scatter by 0.02 about their mean.
    assert np.mean(found) == pytest.approx(3 - hurst, abs=0.07)


@pytest.mark.parametrize("way", WAYS)
def test_rougher_surfaces_have_higher_dimensions(way, rng):
    found = [
        fractal(naive.fractional_surface(96, hurst, rng))[f"fractal.dimension.{way}"]
        for hurst in (0.9, 0.6, 0.3, 0.1)
    ]

    assert np.diff(found).min() > 0.03


def test_boxes_and_blankets_put_rough_surfaces_too_low_as_documented(rng):
    boxes, blanket, _ = dimensions(fractal(naive.fractional_surface(224, 0.5, rng)))

    assert 2.1 < boxes < 2.35
    assert 2.1 < blanket < 2.35


def test_a_plane_has_dimension_two():
    rows, cols = np.mgrid[:128, :128]
    boxes, blanket, madogram = dimensions(fractal(3 * rows + 2 * cols))

    assert boxes < 2.1
    assert blanket < 2.1
    assert madogram == pytest.approx(2)


def test_white_noise_comes_close_to_three(rng):
    boxes, blanket, madogram = dimensions(fractal(rng.random((224, 224))))

    assert 2.8 < boxes <= 3
    assert 2.75 < blanket <= 3
    assert madogram == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize(
    "image",
    [
        np.indices((32, 32)).sum(axis=0) % 2,
        np.eye(32)[5] * np.eye(32)[5][:, None],
        np.kron(np.indices((4, 4)).sum(axis=0) % 2, np.ones((8, 8))),
        np.repeat([0, 255], 16) * np.ones((32, 1)),
    ],
    ids=["chessboard", "point", "blocks", "step"],
)
def test_dimensions_stay_between_two_and_three(image):
    found = fractal(image)

    assert all(2 <= d <= 3 for d in dimensions(found))
    assert all(np.isfinite(list(found.values())))


@pytest.mark.parametrize("value", [0, 7, 0.1])
@pytest.mark.parametrize("shape", [(4, 4), (30, 21)])
def test_a_flat_region_is_smooth_and_evenly_filled(value, shape):
    found = fractal(np.full(shape, value))

    assert dimensions(found) == [2, 2, 2]
    assert [found[f"fractal.residual.{way}"] for way in WAYS] == pytest.approx([0, 0, 0], abs=1e-12)
    assert {v for k, v in found.items() if "lacunarity" in k} == {1.0}


def test_brightness_and_gain_change_nothing(rng):
    image = rng.integers(0, 50, (33, 44))

    assert fractal(image) == fractal(image + 900) == fractal(image * 7)
    assert fractal(image.astype(np.uint8)) == fractal(image.astype(np.float64) * 2.0**-60)


def test_lacunarity_of_two_levels_is_that_of_the_binary_formula():
    image = np.zeros((16, 16))
    image[:, ::2] = 1  # boxes of 1 hold 0 or 1, boxes of 2 always two

    found = fractal(image, boxes=(1, 2))

    assert found["fractal.lacunarity.r1"] == pytest.approx(2)  # 1 / the share that is filled
    assert found["fractal.lacunarity.r2"] == pytest.approx(1)


def test_lacunarity_is_one_where_no_box_fits(rng):
    found = fractal(rng.random((9, 12)), boxes=(9, 10, 16))

    assert found["fractal.lacunarity.r9"] > 1
    assert found["fractal.lacunarity.r10"] == found["fractal.lacunarity.r16"] == 1


def test_nothing_outside_the_mask_enters(rng):
    image = rng.random((40, 50))
    mask = np.zeros(image.shape, bool)
    mask[7:30, 9:44] = True
    holes = mask & (rng.random(image.shape) < 0.98)

    found = fractal(image, mask=mask)

    assert found == fractal(image[7:30, 9:44])
    assert found != fractal(image)
    assert fractal(image, mask=holes) == fractal(np.where(holes, image, -1e300), mask=holes)
    assert fractal(image, mask=holes) != found


def test_holes_in_the_mask_leave_out_their_blocks(rng):
    image = np.zeros((16, 16))
    image[0, 0], image[2, 1] = 1, rng.random()
    mask = np.ones(image.shape, bool)
    mask[0, 0] = mask[2, 1] = False

    assert dimensions(fractal(image, mask=mask)) == [2, 2, 2]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, ">u2", ">f8"])
def test_the_type_and_layout_of_the_pixels_make_no_difference(dtype, rng):
    image = rng.integers(0, 256, (21, 34))
    frozen = np.asfortranarray(image.astype(dtype))
    frozen.flags.writeable = False

    assert fractal(frozen) == fractal(image.astype(np.float64))
    assert fractal(image[::2, ::-1]) == fractal(image[::2, ::-1].copy())


def test_says_that_a_region_is_too_small(rng):
    mask = np.zeros((20, 20), bool)
    mask[3:6] = True

    with pytest.raises(ImageError, match=r"4x4 pixels fits into the 60 pixels"):
        fractal(rng.random((20, 20)), mask=mask)
    with pytest.raises(ImageError, match=r"9x3 pixels, but .*4x4"):
        fractal(rng.random((3, 9)))


def test_refuses_values_too_far_apart(rng):
    with pytest.raises(ImageError, match="too far apart"):
        fractal(rng.choice([-1.7e308, 1.7e308], (9, 9)))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"boxes": 0}, "boxes=0"),
        ({"boxes": (2, 2)}, "twice"),
        ({"boxes": ()}, "empty"),
        ({"boxes": 2.5}, "boxes=2.5"),
        ({"reach": 1}, "reach=1 is not .* 2 to 64"),
        ({"reach": 2.5}, "reach=2.5"),
    ],
)
def test_says_which_parameter_is_wrong(parameters, message, rng):
    with pytest.raises(ParameterError, match=message):
        fractal(rng.random((9, 9)), **parameters)


def test_reads_its_parameters_from_text(rng):
    image = rng.random((30, 30))

    assert measure(image, "fractal(boxes=2-5,reach=4)") == fractal(image, boxes=(2, 5), reach=4)
