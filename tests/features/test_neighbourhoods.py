import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_matrices as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.emphasis import TABLES
from texturekit.features.gldm import dependences, gldm, gldm_statistics
from texturekit.features.ngtdm import neighbourhood_differences, ngtdm, ngtdm_statistics
from texturekit.kernels import dependence as kernels
from texturekit.kernels.emphasis import SUMS

# The examples of PyRadiomics 3.0.1's documentation of GLDM and NGTDM, levels 1 to 5. Its table of
# the second prints 2.63 for level 3, where its own sum below the table comes to 3.03.
DEPENDENT = np.array(
    [[5, 2, 5, 4, 4], [3, 3, 3, 1, 3], [2, 1, 1, 1, 3], [4, 2, 2, 2, 3], [3, 5, 3, 3, 2]], np.uint8
)
COUNTS = [[0, 1, 2, 1], [1, 2, 3, 0], [1, 4, 4, 0], [1, 2, 0, 0], [3, 0, 0, 0]]
DIFFERENT = np.array([[1, 2, 5, 2], [3, 5, 1, 3], [1, 3, 5, 5], [3, 1, 1, 1]], np.uint8)
NUMBERS, APART = [6, 2, 4, 0, 4], [13.35, 2.00, 3.03, 0.00, 10.075]

sides = st.integers(1, 7)
pictures = st.tuples(sides, sides).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 3))
)


def test_matches_the_matrices_that_pyradiomics_documents():
    counts = dependences(DEPENDENT - 1, levels=5)
    sums = neighbourhood_differences(DIFFERENT - 1, levels=5)

    assert_array_equal(counts[:, :4], COUNTS)
    assert not counts[:, 4:].any()
    assert_array_equal(sums[:, 0], NUMBERS)
    assert_allclose(sums[:, 1], APART, atol=0.005)


@settings(max_examples=80)
@given(image=pictures, data=st.data(), distance=st.integers(1, 3), alpha=st.integers(0, 2))
def test_counting_agrees_with_the_obvious_loop(image, data, distance, alpha):
    mask = data.draw(st.none() | arrays(np.bool_, image.shape))
    isolated = data.draw(st.booleans())
    noisy = image if mask is None else np.where(mask, image, 99)
    given_levels = {"levels": 4, "mask": mask, "distance": distance}

    counts = dependences(noisy, alpha=alpha, **given_levels)
    sums = neighbourhood_differences(noisy, isolated=isolated, **given_levels)

    assert_array_equal(counts, naive.dependences(image, 4, mask, distance, alpha))
    expected = naive.differences(image, 4, mask, distance, isolated)
    assert_allclose(sums, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("levels", [255, 256, 257, 1024])
@pytest.mark.parametrize("masked", [False, True])
def test_many_levels_and_a_mask_do_not_meet(rng, levels, masked):
    image = rng.integers(0, levels, (14, 15))
    image[:3] = levels - 1
    mask = rng.random(image.shape) < 0.7 if masked else None
    given_levels = {"levels": levels, "mask": mask, "distance": 2}

    counts = dependences(image, alpha=1000, **given_levels)
    sums = neighbourhood_differences(image, **given_levels)

    assert_array_equal(counts, naive.dependences(image, levels, mask, 2, 1000))
    assert_allclose(sums, naive.differences(image, levels, mask, 2), rtol=1e-12)


def test_the_largest_neighbourhood_holds_the_largest_levels():
    image = np.full((30, 30), 1023)
    image[15, 15] = 0

    found = neighbourhood_differences(image, levels=1024, distance=10)

    assert found[0, 1] == 1023
    assert_array_equal(dependences(image, levels=1024, distance=10)[0, :1], [1])


def test_the_python_of_the_kernels_does_what_their_machine_code_does(rng):
    image = rng.integers(0, 5, (6, 7)).astype(np.uint8)
    found = []
    for pick in (lambda kernel: kernel, lambda kernel: kernel.py_func):
        counts, sums = np.zeros((9, 5), np.uint32), np.empty(len(SUMS))
        numbers, apart = np.zeros((2, 9, 5), np.int64)
        matrix, values = np.empty((4, 2)), np.empty(5)
        pick(kernels.count_dependences)(image, 4, 1, 1, counts)
        pick(kernels.sum_dependences)(counts, 4, sums)
        pick(kernels.add_differences)(image, 4, 1, numbers, apart)
        pick(kernels.join_differences)(numbers, apart, True, matrix)
        pick(kernels.sum_differences)(matrix, values)
        padded = np.empty((8, 9), np.int16)
        pick(kernels.pad)(image, 4, 1, 0, kernels.FAR, padded)
        alike, around = np.zeros(7, np.int16), np.zeros(7, np.int32)
        pick(kernels.add_alike)(padded.ravel(), 10, 20, 1, alike)
        pick(kernels.add_around)(padded.ravel().astype(np.int32), 12, around)
        pick(kernels.take_away)(padded.ravel().astype(np.int32), 30, around)
        cells, far = np.empty((2, 7), np.int32)
        packed = (3 * kernels.NEIGHBOUR + np.arange(7)).astype(np.int32)
        pick(kernels.locate)(image[0], packed, 5, cells, far)
        found.append([counts, sums, numbers, apart, matrix, values, padded, alike, around, cells])

    for compiled, python in zip(*found, strict=True):
        assert_array_equal(compiled, python)


@pytest.mark.parametrize("seed", range(5))
def test_difference_statistics_agree_with_their_definitions(seed):
    rng = np.random.default_rng(seed)
    matrix = np.stack([rng.integers(0, 4, 9), rng.random(9) * 5], axis=1)
    matrix[matrix[:, 0] == 0] = 0
    matrix[3:5, 0] = 2

    found = ngtdm_statistics(matrix)

    assert found == pytest.approx(naive.ngtdm(matrix), rel=1e-11)


def test_a_flat_or_lonely_region_has_the_documented_values():
    worst = {"coarseness": 1e6, "contrast": 0, "busyness": 0, "complexity": 0, "strength": 0}
    expected = {f"ngtdm.{name}": value for name, value in worst.items()}

    assert ngtdm(np.ones((4, 5))) == expected
    assert ngtdm(np.ones((1, 1))) == expected
    assert ngtdm_statistics(np.array([[1, 0], [0, 0], [1, 0]])) == worst  # two lonely pixels


def test_busyness_without_a_denominator_is_zero():
    found = ngtdm_statistics(np.array([[2.0, 1.0], [1.0, 1.0]]))  # 1 * 2/3 = 2 * 1/3

    assert found["busyness"] == 0
    assert found["contrast"] > 0


@pytest.mark.parametrize("masked", [False, True])
def test_the_families_are_the_statistics_of_their_matrices(rng, masked):
    image = rng.integers(0, 256, (23, 31)).astype(np.uint8)
    mask = rng.random(image.shape) < 0.8 if masked else None
    quantised = {"method": "range", "levels": 4, "low": 0, "high": 256, "mask": mask}
    given_levels = {"levels": 4, "mask": mask, "distance": 2}

    counts = gldm_statistics(dependences(image // 64, alpha=1, **given_levels))
    sums = ngtdm_statistics(neighbourhood_differences(image // 64, **given_levels))

    for found, expected in (
        (gldm(image, distance=2, alpha=1, **quantised), counts),
        (ngtdm(image, distance=2, **quantised), sums),
    ):
        values = {name.split(".")[1]: value for name, value in found.items()}
        assert values == pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert list(values) == list(expected)


@pytest.mark.parametrize("seed", range(4))
def test_dependence_statistics_agree_with_their_definitions(seed):
    matrix = np.random.default_rng(seed).poisson(1.0, (6, 9))

    found = gldm_statistics(matrix)

    assert list(found.values()) == pytest.approx(naive.emphasis(matrix, matrix.sum()), rel=1e-11)
    assert found["dependence_count_percentage"] == 1


@settings(max_examples=40)
@given(image=pictures)
def test_turning_the_image_changes_nothing(image):
    counts, sums = dependences(image, levels=4), neighbourhood_differences(image, levels=4)

    assert counts.sum() == image.size
    for turned in (np.rot90(image), image.T, image[::-1]):
        assert_array_equal(dependences(turned, levels=4), counts)
        assert_allclose(neighbourhood_differences(turned, levels=4), sums, rtol=1e-14)


def test_pyradiomics_leaves_three_dependence_statistics_out(rng):
    image = rng.random((20, 20))
    ours, theirs = gldm(image), gldm(image, names="pyradiomics")

    pairs = [pair for pair in TABLES["gldm"] if pair[1]]
    assert list(theirs) == [f"gldm.{theirs}" for _, theirs in pairs]
    assert len(pairs) == 14
    assert list(theirs.values()) == [ours[f"gldm.{name}"] for name, _ in pairs]


def test_pyradiomics_counts_pixels_without_neighbours(rng):
    image = rng.integers(0, 256, (12, 12)).astype(np.uint8)
    mask = np.zeros((12, 12), bool)
    mask[:6, :6] = True
    alone = mask.copy()
    alone[10, 10] = True
    image[10, 10] = image[0, 0]
    quantised = {"method": "range", "levels": 8, "low": 0, "high": 256}

    assert ngtdm(image, mask=alone, **quantised) == ngtdm(image, mask=mask, **quantised)
    theirs = [
        ngtdm(image, mask=region, names="pyradiomics", **quantised) for region in (mask, alone)
    ]
    assert theirs[0] == ngtdm(image, mask=mask, **quantised)
    assert theirs[0] != theirs[1]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: dependences(np.eye(3, dtype=int), levels=1), ImageError, "levels=1"),
        (lambda: gldm(np.eye(3), distance=0), ParameterError, "distance=0"),
        (lambda: ngtdm(np.eye(3), distance=11), ParameterError, "distance=11"),
        (lambda: gldm(np.eye(3), alpha=0.5), ParameterError, "alpha=0.5"),
        (lambda: gldm(np.eye(3), names="ibis"), UnknownNameError, "Did you mean 'ibsi'"),
        (lambda: ngtdm(np.eye(3), names="ibis"), UnknownNameError, "Did you mean 'ibsi'"),
        (lambda: ngtdm_statistics(np.ones((3, 3))), ImageError, r"\(3, 3\)"),
        (lambda: ngtdm_statistics(np.array([[1, -1]])), ImageError, "from -1"),
        (lambda: gldm_statistics(np.zeros((2, 9))), ImageError, "counts nothing"),
    ],
)
def test_says_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()
