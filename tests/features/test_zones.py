import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal
from scipy import ndimage

from tests import naive_matrices as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.gldzm import distance_zones, gldzm, gldzm_statistics
from texturekit.features.glszm import glszm, glszm_statistics, size_zones
from texturekit.kernels import zones as kernels
from texturekit.kernels.emphasis import SUMS

# The example of PyRadiomics 3.0.1's documentation of GLSZM, levels 1 to 5.
PRINTED = np.array(
    [[5, 2, 5, 4, 4], [3, 3, 3, 1, 3], [2, 1, 1, 1, 3], [4, 2, 2, 2, 3], [3, 5, 3, 3, 2]], np.uint8
)
ZONES = [[0, 0, 0, 1, 0], [1, 0, 0, 0, 1], [1, 0, 1, 0, 1], [1, 1, 0, 0, 0], [3, 0, 0, 0, 0]]

sides = st.integers(1, 8)
pictures = st.tuples(sides, sides).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 2))
)
# Zones that meet late: a spiral, a comb, a chain over corners.
SPIRAL = np.array(
    [
        [1, 1, 1, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 0, 1],
        [1, 1, 1, 1, 1, 0, 1],
        [1, 0, 0, 0, 1, 0, 1],
        [1, 0, 1, 1, 1, 0, 1],
        [1, 0, 0, 0, 0, 0, 1],
        [1, 1, 1, 1, 1, 1, 1],
    ],
    np.uint8,
)
COMB = np.array([[1, 0, 1, 0, 1, 0, 1]] * 4 + [[1] * 7], np.uint8)


def test_matches_the_zones_that_pyradiomics_documents():
    assert_array_equal(size_zones(PRINTED - 1, levels=5), ZONES)


@settings(max_examples=100)
@given(image=pictures, data=st.data())
def test_counting_agrees_with_flooding(image, data):
    mask = data.draw(st.none() | arrays(np.bool_, image.shape))
    noisy = image if mask is None else np.where(mask, image, 99)

    sizes = size_zones(noisy, levels=3, mask=mask, largest=image.size)
    distances = distance_zones(noisy, levels=3, mask=mask)

    assert_array_equal(sizes, naive.size_zones(image, 3, mask))
    assert_array_equal(distances, naive.distance_zones(image, 3, mask))


@pytest.mark.parametrize("image", [SPIRAL, COMB, np.eye(9, dtype=np.uint8)[::-1]])
def test_zones_that_meet_late_are_one(image):
    found = size_zones(image, levels=2)

    assert found[1].sum() == found[1, image.sum() - 1] == 1


@pytest.mark.parametrize("levels", [2, 3, 8, 32])
def test_counting_agrees_with_scipy_on_a_larger_image(rng, levels):
    smooth = ndimage.gaussian_filter(rng.random((90, 130)), 1.5)
    image = np.digitize(smooth, np.linspace(smooth.min(), smooth.max(), levels + 1)[1:-1])

    found = size_zones(image, levels=levels)

    for level in range(levels):
        labels, _ = ndimage.label(image == level, np.ones((3, 3)))
        sizes = np.bincount(labels.ravel())[1:]
        assert_array_equal(found[level], np.bincount(sizes, minlength=found.shape[1] + 1)[1:])


def test_the_python_of_labelling_does_what_its_machine_code_does(rng):
    image = rng.integers(0, 3, (9, 11)).astype(np.uint8)
    distances = [np.empty(image.shape, np.int32) for _ in range(2)]
    for run, out in zip(
        (kernels.measure_distances, kernels.measure_distances.py_func), distances, strict=True
    ):
        run(image, 2, True, out)
    assert_array_equal(*distances)

    for given_distances in (np.empty((0, 0), np.int32), distances[0]):
        found = []
        for run in (kernels.measure_zones, kernels.measure_zones.py_func):
            levels, values = np.empty(100, np.uint16), np.empty(100, np.int32)
            number = run(image, given_distances, levels, values)
            found.append((levels[:number], values[:number]))
        assert_array_equal(*found)


def test_the_python_of_the_sums_does_what_its_machine_code_does(rng):
    levels = rng.integers(0, 5, 400).astype(np.uint16)
    sizes = (rng.pareto(0.8, 400) * 20 + 1).clip(1, 3000).astype(np.int32)
    compiled, python = np.empty((2, len(SUMS)))
    keys = rng.integers(0, 50, 300)
    ordered = keys.copy()

    kernels.sum_zones(levels, sizes, 4, 0.0, 128, compiled)
    kernels.sum_zones.py_func(levels, sizes, 4, 0.0, 128, python)
    kernels.sort.py_func(ordered)

    assert_array_equal(compiled, python)
    assert_array_equal(ordered, np.sort(keys))


@pytest.mark.parametrize("common", [1, 128, 3000])
def test_large_and_small_zones_count_alike(rng, common):
    levels = rng.integers(0, 5, 400).astype(np.uint16)
    sizes = (rng.pareto(0.8, 400) * 20 + 1).clip(1, 3000).astype(np.int32)
    sizes[:50] = rng.choice([127, 128, 129, 130, 2999], 50)
    matrix = np.zeros((4, 3000))
    inside = levels < 4  # level 4 lies outside
    np.add.at(matrix, (levels[inside], sizes[inside] - 1), 1)
    found = np.empty(len(SUMS))

    kernels.sum_zones(levels, sizes, 4, 0.0, common, found)

    assert found == pytest.approx(naive.emphasis(matrix, sizes[inside].sum()), rel=1e-11)


@pytest.mark.parametrize("masked", [False, True])
def test_the_families_are_the_statistics_of_their_matrices(rng, masked):
    image = rng.integers(0, 256, (23, 31)).astype(np.uint8)
    mask = rng.random(image.shape) < 0.8 if masked else None
    quantised = {"method": "range", "levels": 4, "low": 0, "high": 256}
    pixels = mask.sum() if masked else image.size

    sizes = glszm_statistics(size_zones(image // 64, levels=4, mask=mask))
    distances = gldzm_statistics(distance_zones(image // 64, levels=4, mask=mask), pixels=pixels)

    for found, expected in (
        (glszm(image, mask=mask, **quantised), sizes),
        (gldzm(image, mask=mask, **quantised), distances),
    ):
        values = {name.split(".")[1]: value for name, value in found.items()}
        assert values == pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert list(values) == list(expected)


@settings(max_examples=40)
@given(image=pictures)
def test_every_pixel_lies_in_one_zone_and_turning_changes_nothing(image):
    found = size_zones(image, levels=3)
    distances = distance_zones(image, levels=3)

    assert (found.sum(axis=0) * np.arange(1, found.shape[1] + 1)).sum() == image.size
    assert_array_equal(found.sum(axis=1), distances.sum(axis=1))
    for turned in (np.rot90(image), image.T, image[::-1]):
        assert_array_equal(size_zones(turned, levels=3), found)
        assert_array_equal(distance_zones(turned, levels=3), distances)


def test_the_distance_is_that_of_the_nearest_pixel():
    image = np.zeros((9, 9), np.uint8)
    image[2:5, 4] = 1

    found = distance_zones(image, levels=2)

    assert_array_equal(found, [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0]])


def test_a_hole_in_the_mask_is_outside():
    mask = np.ones((7, 7), bool)
    mask[3, 3] = False
    image = np.zeros((7, 7), np.uint8)
    image[2, 2] = 1  # two steps from the hole, three from the edge of the image

    assert_array_equal(distance_zones(image, levels=2, mask=mask)[1], [0, 1, 0, 0])
    assert_array_equal(distance_zones(image, levels=2)[1], [0, 0, 1, 0])


def test_one_zone_has_neither_spread_nor_entropy():
    for name, found in (("size", glszm(np.ones((5, 8)))), ("distance", gldzm(np.ones((5, 8))))):
        family = f"gl{name[0]}zm"
        assert found[f"{family}.zone_{name}_variance"] == 0
        assert found[f"{family}.zone_{name}_entropy"] == 0
        assert found[f"{family}.zone_percentage"] == 1 / 40


def test_pyradiomics_calls_zones_areas(rng):
    image = rng.random((20, 20))

    ours, theirs = glszm(image), glszm(image, names="pyradiomics")

    assert list(ours.values()) == list(theirs.values())
    assert next(iter(theirs)) == "glszm.smallareaemphasis"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: size_zones(SPIRAL, levels=1), ImageError, "grey level 1, but levels=1"),
        (lambda: size_zones(SPIRAL, levels=2, largest=5), ParameterError, "a zone has 31 pixels"),
        (lambda: glszm(SPIRAL, names="ibis"), UnknownNameError, "Did you mean 'ibsi'"),
        (lambda: gldzm_statistics(np.ones((2, 2)), pixels=0), ParameterError, "pixels=0"),
        (lambda: glszm_statistics(np.zeros((2, 2))), ImageError, "counts nothing"),
    ],
)
def test_says_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()
