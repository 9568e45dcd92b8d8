import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.intensity import first_order, histogram_statistics, intensity_statistics
from texturekit.kernels import intensity as kernels

DTYPES = [np.uint8, np.uint16, np.int16, np.int32, np.float32, np.float64]


def obvious(x):
    """The definitions, with numpy and scipy."""
    x = np.asarray(x, dtype=np.float64).ravel()
    p10, p25, p75, p90 = np.percentile(x, [10, 25, 75, 90])
    inner = x[(x >= p10) & (x <= p90)]
    return {
        "mean": x.mean(),
        "variance": x.var(),
        "skewness": stats.skew(x),
        "kurtosis": stats.kurtosis(x),
        "median": np.median(x),
        "minimum": x.min(),
        "maximum": x.max(),
        "p10": p10,
        "p90": p90,
        "iqr": p75 - p25,
        "range": np.ptp(x),
        "mad": abs(x - x.mean()).mean(),
        "rmad": abs(inner - inner.mean()).mean(),
        "medad": abs(x - np.median(x)).mean(),
        "cov": x.std() / x.mean(),
        "qcod": (p75 - p25) / (p75 + p25),
        "energy": (x**2).sum(),
        "rms": np.sqrt((x**2).mean()),
    }


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 3), (3, 3), (20, 31)])
def test_agrees_with_numpy_and_scipy(rng, dtype, shape):
    image = rng.gamma(2.0, 30.0, shape).clip(0, 255).astype(dtype)
    image[0, 0] += 1

    found = intensity_statistics(image)

    expected = obvious(image)
    assert list(found) == list(expected)
    assert_allclose(list(found.values()), list(expected.values()), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [*DTYPES, np.uint32, np.int64, np.int8, ">u2", ">f4", np.float16])
@pytest.mark.parametrize("span", ["auto", "region"])
def test_the_family_agrees_with_numpy_and_scipy(rng, dtype, span):
    image = rng.gamma(2.0, 10.0, (41, 37)).clip(0, 127).astype(dtype)
    bounds = (0, 256) if dtype == np.uint8 and span == "auto" else None
    bounds = (-128, 128) if dtype == np.int8 and span == "auto" else bounds
    counts, _ = np.histogram(image.astype(float), bins=16, range=bounds)
    shares = counts / image.size
    expected = [*obvious(image).values(), stats.entropy(shares, base=2), (shares**2).sum()]

    found = list(first_order(image, bins=16, span=span).values())

    assert_allclose(found[:20], expected, rtol=1e-11, atol=1e-12)
    assert_allclose(found[20:], shares, rtol=1e-14)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 1023, 1024, 1025, 5000])
def test_counting_agrees_with_numpy_whatever_the_size(rng, size):
    values = rng.integers(0, 256, size).astype(np.uint8)
    x, n = np.empty(256), np.empty(256)
    counts = np.zeros(300, np.int64)

    found = kernels.tally_bytes(values, x, n)
    kernels.count_words(values.astype(np.uint16) + 7, 7, counts)

    distinct, numbers = np.unique(values, return_counts=True)
    assert x[:found].tolist() == distinct.tolist()
    assert n[:found].tolist() == numbers.tolist()
    assert counts.tolist() == np.bincount(values, minlength=300).tolist()


def test_sums_of_many_sorted_values_are_not_rounded_one_way(rng):
    values = np.sort(rng.normal(1000, 3, 200_000).astype(np.int16))
    exact = values.astype(np.longdouble)
    apart = (exact - exact.mean()) / exact.std()

    found = intensity_statistics(values)

    assert found["skewness"] == pytest.approx(float((apart**3).mean()), abs=2e-13)
    assert found["kurtosis"] == pytest.approx(float((apart**4).mean() - 3), abs=2e-13)


def test_the_python_of_the_kernels_does_what_their_machine_code_does(rng):
    values = rng.integers(0, 50, 1100).astype(np.uint8)
    found = []
    for pick in (lambda kernel: kernel, lambda kernel: kernel.py_func):
        x, n = np.zeros(256), np.zeros(256)
        size = pick(kernels.tally_bytes)(values, x, n)
        counts, terms, tenths = np.zeros(60, np.int64), np.empty(256), np.empty(5)
        pick(kernels.count_words)(values.astype(np.uint16), 0, counts)
        x, n = x[:size], n[:size]
        moments, shares, out = np.empty(4), np.empty(2 + 5), np.empty(18 + 2 + 5)
        edges = np.linspace(0, 50, 6)
        sums = [
            pick(kernels.total)(rng.permuted(np.arange(3000.0))),
            pick(kernels.distance)(x, n, 20.0, terms),
            pick(kernels.inner_deviation)(x, n, 5.0, 44.0, terms),
        ]
        pick(kernels.percentiles)(x, n, 1100.0, tenths)
        pick(kernels.moments)(x, n, 1100.0, terms[:size], moments)
        pick(kernels.share)(x, n, 1100.0, edges, shares)
        assert pick(kernels.describe)(x, n, edges, out)
        found.append([x, n, counts, sums, tenths, moments, shares, out])

    for compiled, python in zip(*found, strict=True):
        assert_allclose(compiled, python, rtol=1e-14)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.0, 1234.5])
def test_a_single_grey_value_has_defined_statistics(value):
    found = intensity_statistics(np.full((7, 3), value))

    spread = ("variance", "skewness", "kurtosis", "iqr", "range", "mad", "rmad", "medad", "cov")
    assert all(found[name] == 0 for name in (*spread, "qcod"))
    assert found["mean"] == found["median"] == found["p10"] == value


def test_two_values_have_none_between_their_outer_tenths():
    assert intensity_statistics(np.array([1.0, 5.0]))["rmad"] == 0


def test_quotients_by_zero_are_zero():
    found = intensity_statistics(np.array([-2.0, -1.0, 1.0, 2.0]))

    assert (found["cov"], found["qcod"]) == (0, 0)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.uint16, np.int16, np.float32])
@pytest.mark.parametrize("span", ["auto", "region"])
def test_columns_depend_on_the_parameters_only(rng, dtype, span):
    image = rng.integers(0, 2, (9, 5)).astype(dtype)

    found = first_order(image, bins=10, span=span)

    flat = first_order(np.zeros((2, 2), np.uint8), bins=10)
    assert list(found) == list(flat)
    assert np.isfinite(list(found.values()) + list(flat.values())).all()
    assert sum(v for k, v in found.items() if ".histogram." in k) == pytest.approx(1)


def test_pins_the_columns_of_the_family():
    names = [name.removeprefix("first_order.") for name in first_order(np.eye(4))]

    assert names[:18] == list(obvious(np.eye(4)))
    assert names[18:20] == ["entropy", "uniformity"]
    assert names[20:] == [f"histogram.{k:02d}" for k in range(32)]


def test_the_histogram_of_8_bits_keeps_its_place_whatever_the_image():
    dark = first_order(np.full((4, 4), 9, dtype=np.uint8))
    light = first_order(np.full((4, 4), 255, dtype=np.uint8))

    assert dark["first_order.histogram.01"] == 1  # 9 // 8
    assert light["first_order.histogram.31"] == 1


def test_the_histogram_of_16_bits_divides_the_region(rng):
    image = rng.integers(0, 4096, (16, 16)).astype(np.uint16)

    found = first_order(image, bins=8)

    counts, _ = np.histogram(image, bins=8)
    shares = [found[f"first_order.histogram.{k:02d}"] for k in range(8)]
    assert_allclose(shares, counts / 256)
    assert found["first_order.entropy"] == pytest.approx(stats.entropy(shares, base=2))
    assert found["first_order.uniformity"] == pytest.approx(np.square(shares).sum())


def test_the_histogram_of_the_dtype_starts_at_its_least_value():
    found = first_order(np.array([[-32768, 0, 32767]], dtype=np.int16), bins=2, span="dtype")

    assert found["first_order.histogram.01"] == pytest.approx(2 / 3)


def test_measures_nothing_outside_the_mask(rng):
    image = rng.integers(0, 256, (12, 12)).astype(np.uint8)
    mask = np.zeros((12, 12), dtype=bool)
    mask[3:9, 2:7] = True

    found = first_order(image, mask=mask)

    image[~mask] = 255
    assert found == first_order(image, mask=mask)
    assert found == first_order(image[3:9, 2:7].copy())
    assert found != first_order(image)


def test_position_and_order_do_not_matter(rng):
    image = rng.normal(size=(10, 14))

    assert first_order(image) == first_order(np.rot90(image))


def test_histogram_statistics_are_those_of_the_levels(rng):
    levels = rng.integers(1, 7, 300)

    found = histogram_statistics(np.bincount(levels, minlength=8)[1:])

    expected = obvious(levels)
    assert all(found[k] == pytest.approx(v) for k, v in expected.items() if k in found)
    assert set(expected) - set(found) == {"energy", "rms"}


def test_finds_the_steepest_place_of_a_histogram():
    found = histogram_statistics(np.array([1, 9, 9, 1, 1]))  # slopes 8, 4, -4, -4, 0

    assert (found["max_gradient"], found["max_gradient_level"]) == (8, 1)
    assert (found["min_gradient"], found["min_gradient_level"]) == (-4, 3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: intensity_statistics(np.array([])), ImageError, "no values"),
        (lambda: intensity_statistics(np.array([1, np.nan])), ImageError, "not finite"),
        (lambda: intensity_statistics(np.array([1j])), ImageError, "complex128"),
        (lambda: intensity_statistics(np.array([0, 1e200])), ImageError, "too extreme"),
        (lambda: histogram_statistics(np.array([0, 0])), ImageError, "sum 0"),
        (lambda: first_order(np.eye(3), bins=1), ParameterError, "bins=1"),
        (lambda: first_order(np.eye(3), span="dtyp"), UnknownNameError, "Did you mean 'dtype'"),
        (lambda: first_order(np.eye(3), span="dtype"), ImageError, "use span='region'"),
    ],
)
def test_says_what_cannot_be_measured(call, error, message):
    with pytest.raises(error, match=message):
        call()
