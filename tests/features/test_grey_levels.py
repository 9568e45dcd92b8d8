from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.grey_levels import even_edges, quantize
from texturekit.features.matrices import reduce_levels
from texturekit.kernels import bins as kernels

DTYPES = [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.int64, np.float32, np.float64]


def picture(rng, dtype, shape=(13, 17)):
    if np.dtype(dtype).kind == "f":
        return rng.normal(100, 30, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(max(limits.min, -5000), min(limits.max, 5000), shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32])
@pytest.mark.parametrize("levels", [2, 7, 32, 300])
def test_fixed_bin_number_is_the_formula_of_ibsi_in_exact_fractions(rng, dtype, levels):
    image = picture(rng, dtype)
    low, high = int(image.min()), int(image.max())
    exact = [min(Fraction(levels * (int(x) - low), high - low).__floor__(), levels - 1)
             for x in image.ravel()]  # fmt: skip

    found, _ = quantize(image, levels=levels)

    assert_array_equal(found.ravel(), exact)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("fbn", {"levels": 32}),
        ("fbn", {"levels": 300}),
        ("fbs", {"width": 7.3, "lower": -40.0}),
        ("pyradiomics", {"width": 12}),
        ("range", {"low": 3, "high": 90, "levels": 11}),
    ],
    ids=["fbn", "fbn300", "fbs", "pyradiomics", "range"],
)
def test_levels_can_be_had_again_from_the_edges(rng, dtype, method, options):
    image = picture(rng, dtype)

    found, edges = quantize(image, method, **options)

    assert_array_equal(found, np.digitize(image.astype(float), edges[1:-1]))
    assert found.dtype == (np.uint8 if len(edges) <= 257 else np.uint16)
    assert (np.diff(edges) > 0).all()


@pytest.mark.parametrize("width", [0.1, 0.7, 1 / 3])
def test_a_value_on_an_edge_belongs_above_it_however_the_quotient_rounds(width):
    _, edges = quantize(np.array([[0.0, 60.0]]), "fbs", width=width, lower=0.3)
    inner = edges[:-1]

    just_below = np.nextafter(edges[1:], -np.inf)

    found, same = quantize(np.stack([inner, just_below]), "fbs", width=width, lower=0.3)

    assert_array_equal(same[: len(inner)], inner)
    assert_array_equal(found, [np.arange(len(inner))] * 2)


def test_the_largest_value_falls_into_the_last_level_and_the_smallest_into_the_first(rng):
    image = rng.normal(size=(20, 20))

    found, edges = quantize(image, levels=16)

    assert (found[image == image.min()] == 0).all()
    assert (found[image == image.max()] == 15).all()
    assert_allclose(edges[[0, -1]], [image.min(), image.max()], rtol=0)


def test_fixed_bin_size_starts_at_the_given_bound_not_at_the_region():
    image = np.array([[-990, -976], [-975, -900]], dtype=np.int16)

    found, edges = quantize(image, "fbs", width=25, lower=-1000)

    assert_array_equal(found, [[0, 0], [1, 4]])
    assert_array_equal(edges, [-1000, -975, -950, -925, -900, -875])


def test_fixed_bin_size_clips_what_lies_below_its_bound():
    found, _ = quantize(np.array([[-5, 0], [10, 20]]), "fbs", width=10, lower=0)

    assert_array_equal(found, [[0, 0], [1, 2]])


@pytest.mark.parametrize("low", [3, 24, 25, 26, -7])
def test_pyradiomics_levels_are_differences_of_whole_multiples_of_the_width(rng, low):
    image = rng.integers(low, low + 200, (9, 9))
    image[0, 0] = low

    found, _ = quantize(image, "pyradiomics")

    assert_array_equal(found, image // 25 - low // 25)


def test_a_given_range_clips_and_puts_its_upper_end_into_the_last_level():
    found, _ = quantize(np.array([[-9.0, 0.0], [10.0, 99.0]]), "range", levels=5, low=0, high=10)

    assert_array_equal(found, [[0, 0], [4, 4]])


def test_no_discretisation_keeps_the_values():
    image = np.array([[0, 3], [2, 1]], dtype=np.int32)

    found, edges = quantize(image, "none")

    assert_array_equal(found, image)
    assert found.dtype == np.uint8
    assert_array_equal(edges, [0, 1, 2, 3, 4])


def test_only_the_region_decides_on_the_edges(rng):
    image = rng.integers(50, 100, (8, 8)).astype(np.uint8)
    mask = np.zeros((8, 8), dtype=bool)
    mask[2:6, 2:6] = True
    wild = image.copy()
    wild[~mask] = rng.choice([0, 255], (~mask).sum())

    found, edges = quantize(wild, levels=8, mask=mask)

    expected, plain = quantize(image[2:6, 2:6], levels=8)
    assert_array_equal(edges, plain)
    assert_array_equal(found[2:6, 2:6], expected)
    assert set(found[~mask].tolist()) == {0, 7}


@pytest.mark.parametrize("value", [0, 255, 7.25, -3.5, 1e300, 2**60])
@pytest.mark.parametrize(("levels", "level"), [(2, 0), (5, 2), (32, 15)])
def test_a_region_of_one_value_is_put_at_the_middle_level(value, levels, level):
    image = np.full((3, 4), value)

    found, edges = quantize(image, levels=levels)

    # mirp, by the author of the IBSI manual: ceil(N / 2), counted from 1
    assert (found == level).all()
    assert edges[level] <= value < edges[level + 1]


def test_floats_closer_than_the_edges_can_be_still_agree_with_them():
    image = np.array([[1.0, np.nextafter(1.0, 2.0)]])

    found, edges = quantize(image, levels=32)

    assert_array_equal(found, np.digitize(image, edges[1:-1]))


@pytest.mark.parametrize("dtype", [">u2", ">f8", np.float16])
def test_unusual_types_give_the_levels_of_the_usual_ones(rng, dtype):
    image = rng.integers(0, 900, (6, 7)).astype(dtype)

    found, edges = quantize(image)

    expected, same = quantize(image.astype(np.float64))
    assert_array_equal(found, expected)
    assert_array_equal(edges, same)


def test_reads_images_that_are_read_only_or_not_contiguous(rng):
    image = rng.integers(0, 256, (10, 12)).astype(np.uint8)
    frozen = image.copy()
    frozen.flags.writeable = False

    expected = quantize(image)[0]

    assert_array_equal(quantize(frozen)[0], expected)
    assert_array_equal(quantize(np.asfortranarray(image))[0], expected)
    assert_array_equal(quantize(image[::-1, ::2])[0], quantize(image[::-1, ::2].copy())[0])


@pytest.mark.parametrize("name", ["assign_bins", "look_up", "look_up_inside", "count_bytes_inside"])
def test_the_python_of_a_kernel_does_what_its_machine_code_does(rng, name):
    values = rng.integers(0, 256, 50).astype(np.uint8)
    kernel = getattr(kernels, name)
    arguments = {
        "assign_bins": (even_edges(3, 200, 9), 9 / 197),
        "look_up": (rng.integers(0, 9, 256).astype(np.uint8),),
        "look_up_inside": (rng.random(50) < 0.5, rng.integers(0, 9, 256).astype(np.uint8), 77),
        "count_bytes_inside": (rng.random(50) < 0.5,),
    }[name]
    outcomes = []
    for run in (kernel, kernel.py_func):
        out = np.zeros(256 if name.startswith("count") else 50, np.int64)
        run(values, *arguments, out)
        outcomes.append(out)

    assert_array_equal(*outcomes)
    assert outcomes[0].any()


@pytest.mark.parametrize("run", [kernels.see_levels, kernels.see_levels.py_func])
@pytest.mark.parametrize("levels", [[0, 1, 2], [2, 0, 0], [3, 3, 1], [3]])
@pytest.mark.parametrize("padding", [0, 5000])
def test_sees_the_levels_that_are_there_and_not_the_one_outside(run, levels, padding):
    packed = np.array([levels[0]] * padding + levels, np.uint8)

    found = run(packed, np.zeros(4, np.bool_))

    assert found == len(set(levels) - {3})


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
@pytest.mark.parametrize("method", ["fbn", "fbs", "pyradiomics", "range", "none"])
@pytest.mark.parametrize("masked", [False, True])
def test_reduced_images_are_quantized_ones_with_their_record(rng, dtype, method, masked):
    image = rng.integers(3, 90, (20, 23)).astype(dtype)
    if method == "none" and image.dtype.kind == "f":
        pytest.skip("has no integers to take as levels")
    mask = rng.random(image.shape) < 0.5 if masked else None
    bounds = {"fbs": {"width": 7.0, "lower": 0.0}, "range": {"low": 10.0, "high": 60.0}}
    expected, edges = quantize(image, method, 11, mask, **bounds.get(method, {}))

    packed, record = reduce_levels(image, method, 11, mask, **bounds.get(method, {}))

    inside = np.ones(image.shape, bool) if mask is None else mask
    assert packed.dtype == np.uint8
    assert_array_equal(packed, np.where(inside, expected, record.count))
    assert (record.low, record.high, record.count) == (edges[0], edges[-1], len(edges) - 1)
    assert record.occupied == len(np.unique(expected[inside]))


def test_a_second_image_is_not_given_the_edges_that_a_caller_changed():
    image = np.arange(30, dtype=np.uint8).reshape(5, 6)
    _, edges = quantize(image)
    edges[:] = 0

    assert quantize(image)[1][-1] == 29


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"levels": 1}, ParameterError, r"levels=1 is not a whole number in 2\.\.65536"),
        ({"levels": 8.5}, ParameterError, "levels=8.5"),
        ({"method": "fbs", "lower": 0}, ParameterError, "method='fbs' needs width="),
        ({"method": "fbs", "width": 2}, ParameterError, "method='fbs' needs lower="),
        ({"method": "fbs", "width": -1, "lower": 0}, ParameterError, "width=-1 is not a finite"),
        ({"method": "pyradiomics", "width": 0}, ParameterError, "width=0 is not a finite"),
        ({"method": "pyradiomics", "width": 1e-4}, ImageError, "use a larger width"),
        ({"method": "range", "low": 4}, ParameterError, "needs high="),
        ({"method": "range", "low": 4, "high": 4}, ParameterError, "low=4 is not below high=4"),
        ({"method": "fnb"}, UnknownNameError, "no discretisation called 'fnb'"),
    ],
)
def test_says_which_parameter_is_wrong(arguments, error, message):
    with pytest.raises(error, match=message):
        quantize(np.arange(30).reshape(5, 6), **arguments)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.array([[-1, 2]]), "holds the values -1 to 2"),
        (np.array([[0, 70000]]), "holds the values 0 to 70000"),
        (np.array([[0.0, 1.0]]), "float64, but method='none'"),
    ],
)
def test_refuses_to_take_such_values_for_levels(image, message):
    with pytest.raises(ImageError, match=message):
        quantize(image, "none")


def test_refuses_values_that_span_more_than_a_float():
    with pytest.raises(ImageError, match="rescale the image"):
        quantize(np.array([[-1.7e308, 1.7e308]]))


@pytest.mark.parametrize("levels", [33, 50, 100, 200])
def test_a_float_copy_of_integers_has_their_levels(levels):
    for top in range(60, 300, 7):
        whole = np.arange(top + 1, dtype=np.uint16)[np.newaxis]

        assert_array_equal(quantize(whole, levels=levels)[0], quantize(whole / 1, levels=levels)[0])


@pytest.mark.parametrize(
    ("method", "bounds"), [("fbn", {"width": 5}), ("range", {"lower": 1}), ("none", {"low": 1})]
)
def test_refuses_a_bound_that_the_method_does_not_look_at(method, bounds):
    with pytest.raises(ParameterError, match="means nothing to method"):
        quantize(np.arange(9).reshape(3, 3), method, **bounds)
