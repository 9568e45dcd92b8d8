import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_matrices as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.emphasis import TABLES
from texturekit.features.glrlm import glrlm, glrlm_statistics, run_lengths
from texturekit.kernels.emphasis import SUMS, add_size, finish, sum_matrix
from texturekit.kernels.runs import count_runs, lengthen, sum_runs

# The example of PyRadiomics 3.0.1's documentation of GLRLM, levels 1 to 5.
PRINTED = np.array(
    [[5, 2, 5, 4, 4], [3, 3, 3, 1, 3], [2, 1, 1, 1, 3], [4, 2, 2, 2, 3], [3, 5, 3, 3, 2]], np.uint8
)
IN_ROWS = [[1, 0, 1, 0, 0], [3, 0, 1, 0, 0], [4, 1, 1, 0, 0], [1, 1, 0, 0, 0], [3, 0, 0, 0, 0]]

sides = st.integers(1, 7)
pictures = st.tuples(sides, sides).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 2))
)


def test_matches_the_runs_that_pyradiomics_documents():
    assert_array_equal(run_lengths(PRINTED - 1, levels=5)[0], IN_ROWS)


@settings(max_examples=80)
@given(image=pictures, data=st.data())
def test_counting_agrees_with_the_obvious_loop(image, data):
    mask = data.draw(st.none() | arrays(np.bool_, image.shape))
    noisy = image if mask is None else np.where(mask, image, 99)

    found = run_lengths(noisy, levels=3, mask=mask)

    expected = [naive.run_lengths(image, step, 3, mask) for step in naive.STEPS]
    assert_array_equal(found, expected)


@settings(max_examples=10)
@given(image=pictures)
def test_the_python_of_the_kernels_does_what_their_machine_code_does(image):
    compiled, python = np.zeros((2, 4, max(image.shape), 3), np.uint32)
    sums = np.empty((2, 4, len(SUMS)))

    count_runs(image, 3, compiled)
    count_runs.py_func(image, 3, python)
    sum_runs(compiled, 3, False, sums[0])
    sum_runs.py_func(compiled, 3, False, sums[1])

    assert_array_equal(compiled, python)
    assert_array_equal(sums[0], sums[1])


def test_the_python_of_the_shared_sums_does_what_their_machine_code_does(rng):
    matrix = rng.poisson(0.6, (5, 4)).astype(np.float64)
    matrix[0, 0] = 300.0  # too many to be looked up
    rows, totals = np.zeros((2, 4, 3)), np.zeros((2, 7))
    sums = np.empty((4, len(SUMS)))

    for k, (add, end) in enumerate([(add_size, finish), (add_size.py_func, finish.py_func)]):
        for j in range(5):
            add(j + 1, matrix[j], rows[k], totals[k])
        end(rows[k], totals[k], 500.0, sums[k])
    sum_matrix(matrix, 500.0, sums[2])
    sum_matrix.py_func(matrix, 500.0, sums[3])

    assert_allclose(sums, [sums[0]] * 4, rtol=1e-13)


def test_the_python_of_lengthening_does_what_its_machine_code_does(rng):
    row, above = rng.integers(0, 2, (2, 9)).astype(np.uint16)
    compiled = rng.integers(0, 5, 12).astype(np.uint32)
    python = compiled.copy()

    lengthen(row, above, 2, np.uint32(3), compiled, 4)
    lengthen.py_func(row, above, 2, np.uint32(3), python, 4)

    assert_array_equal(compiled, python)


@settings(max_examples=60)
@given(
    matrix=arrays(
        np.int64,
        st.tuples(st.integers(1, 6), st.integers(1, 6)),
        elements=st.sampled_from([0, 0, 0, 1, 2, 255, 256, 1000]),
    ).filter(np.any)
)
def test_statistics_agree_with_their_definitions(matrix):
    found = glrlm_statistics(matrix)

    pixels = (matrix * np.arange(1, matrix.shape[1] + 1)).sum()
    expected = naive.emphasis(matrix, pixels)[:16]
    assert_allclose(list(found.values()), expected, rtol=1e-9, atol=1e-10)


def test_one_cell_has_neither_spread_nor_entropy():
    matrix = np.zeros((7, 9))
    matrix[4, 6] = 37

    found = glrlm_statistics(matrix)

    assert found["run_entropy"] == 0
    assert found["grey_level_variance"] == found["run_length_variance"] == 0
    assert found["grey_level_non_uniformity_normalised"] == 1
    assert found["run_percentage"] == pytest.approx(1 / 7)


@settings(max_examples=40)
@given(image=pictures)
def test_every_pixel_lies_in_one_run_a_direction(image):
    found = run_lengths(image, levels=3)

    pixels = (found.sum(axis=1) * np.arange(1, max(image.shape) + 1)).sum(axis=1)
    assert_array_equal(pixels, [image.size] * 4)


@settings(max_examples=40)
@given(image=pictures)
def test_turning_the_image_turns_the_directions(image):
    still = run_lengths(image, levels=3)

    assert_array_equal(run_lengths(np.rot90(image), levels=3), still[[2, 3, 0, 1]])
    assert_array_equal(run_lengths(image.T, levels=3), still[[2, 1, 0, 3]])


@pytest.mark.parametrize("way", ["mean", "range", "merge"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_family_aggregates_the_statistics_of_four_directions(rng, way, masked):
    image = rng.integers(0, 256, (16, 18)).astype(np.uint8)
    mask = rng.random(image.shape) < 0.8 if masked else None
    counts = run_lengths(image // 64, levels=4, mask=mask)
    merged = counts.sum(axis=0, keepdims=True) if way == "merge" else counts
    each = [glrlm_statistics(matrix) for matrix in merged]

    found = glrlm(image, mask=mask, method="range", levels=4, low=0, high=256, aggregate=way)

    assert list(found) == [f"glrlm.{name}.{way}" for name in each[0]]
    for name, value in found.items():
        column = [values[name.split(".")[1]] for values in each]
        expected = np.ptp(column) if way == "range" else np.mean(column)
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-12), name


def test_several_aggregates_follow_each_other(rng):
    image = rng.random((9, 9))

    both = glrlm(image, aggregate=("merge", "mean"))

    assert both == {**glrlm(image, aggregate="merge"), **glrlm(image)}


def test_the_family_does_not_depend_on_a_quarter_turn(rng):
    image = rng.integers(0, 256, (15, 22)).astype(np.uint8)

    assert glrlm(image, levels=4) == pytest.approx(glrlm(np.rot90(image), levels=4))


@pytest.mark.parametrize("levels", [255, 256, 257])
def test_the_mask_needs_no_level_of_its_own(rng, levels):
    image = rng.integers(0, levels, (20, 20))
    mask = rng.random((20, 20)) < 0.7

    found = run_lengths(image, levels=levels, mask=mask)

    assert_array_equal(found[1], naive.run_lengths(image, naive.STEPS[1], levels, mask))


def test_pyradiomics_names_have_the_same_values(rng):
    image = rng.random((20, 20))

    ours, theirs = glrlm(image), glrlm(image, names="pyradiomics")

    assert list(ours.values()) == list(theirs.values())
    assert list(theirs) == [f"glrlm.{name}.mean" for _, name in TABLES["glrlm"]]


def test_pyradiomics_leaves_out_directions_in_which_no_line_holds_two_pixels():
    image = np.array([[0, 0, 0, 255]], dtype=np.uint8)

    found = glrlm(image, levels=2, names="pyradiomics")
    single = glrlm(image[:, :1], levels=2, names="pyradiomics")

    assert found["glrlm.longrunemphasis.mean"] == 5  # 9 and 1 along the row
    assert glrlm(image, levels=2)["glrlm.long_run_emphasis.mean"] == (5 + 3) / 4
    assert single["glrlm.longrunemphasis.mean"] == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: run_lengths(PRINTED, levels=2), ImageError, "grey level 5, but levels=2"),
        (lambda: glrlm(PRINTED, aggregate="men"), UnknownNameError, "Did you mean 'mean'"),
        (lambda: glrlm(PRINTED, aggregate=()), ParameterError, "no column"),
        (lambda: glrlm(PRINTED, names="ibis"), UnknownNameError, "Did you mean 'ibsi'"),
        (lambda: glrlm_statistics(np.zeros((3, 3))), ImageError, "counts nothing"),
        (lambda: glrlm_statistics(np.ones(3)), ImageError, r"shape \(3,\)"),
        (lambda: glrlm_statistics(np.array([[-1, 1]])), ImageError, "from -1"),
    ],
)
def test_says_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()
