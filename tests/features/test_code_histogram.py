"""Labels of binary codes, and the columns made of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_lbp as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.code_histogram import bin_labels, count_labels, describe, label_codes
from texturekit.kernels import codes as kernels

METHODS = ["default", "uniform", "ror", "nri_uniform"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("points", [2, 3, 8])
def test_labels_agree_with_the_obvious_definition(points, method):
    codes = np.arange(2**points)

    labels = label_codes(codes, points, method)

    assert_array_equal(labels, [naive.label(int(code), points, method) for code in codes])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("points", [24, 31])
def test_labels_of_long_codes_agree_with_the_obvious_definition(points, method, rng):
    few = [0, 2**points - 1, 1, 2 ** (points - 1), 7 << points - 3, 5]
    codes = np.concatenate([few, rng.integers(0, 2**points, 60)])

    labels = label_codes(codes, points, method)

    assert_array_equal(labels, [naive.label(int(code), points, method) for code in codes])


@pytest.mark.parametrize(
    "kernel", [kernels.label_uniform, kernels.label_nri_uniform, kernels.label_rotation]
)
def test_compiled_labels_equal_the_python_ones(kernel):
    codes = np.arange(64)
    compiled, python = np.empty(64, np.int32), np.empty(64, np.int32)

    kernel(codes, 6, compiled)
    kernel.py_func(codes, 6, python)

    assert_array_equal(compiled, python)


# Ojala 2002: 36 rotation classes and P + 2 labels; Ahonen 2006: 59 and 243 for (8,1) and (16,2).
@pytest.mark.parametrize(
    ("points", "method", "count"),
    [(8, "ror", 36), (8, "uniform", 10), (24, "uniform", 26), (8, "nri_uniform", 59),
     (16, "nri_uniform", 243), (24, "nri_uniform", 555), (8, "default", 256)],
)  # fmt: skip
def test_each_method_has_a_fixed_number_of_bins(points, method, count):
    assert len(bin_labels(points, method)) == count


@pytest.mark.parametrize(("points", "method"), [(13, "default"), (24, "default"), (16, "ror")])
def test_refuses_more_than_4096_columns(points, method):
    with pytest.raises(ParameterError, match=r"more than 4096 columns for p=\d+; use method"):
        bin_labels(points, method)


def test_suggests_the_method_that_was_meant():
    with pytest.raises(UnknownNameError, match="Did you mean 'uniform'"):
        bin_labels(8, "unifrom")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("points", [8, 12])
@pytest.mark.parametrize("center_bit", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_counts_are_those_of_the_labels_themselves(points, method, center_bit, masked, rng):
    codes = rng.integers(0, 2 ** (points + center_bit), (13, 17)).astype(np.int32)
    inside = rng.random(codes.shape) < 0.6 if masked else None

    counts = count_labels(codes, points, method, margin=2, inside=inside, center_bit=center_bit)

    bins = {label: k for k, label in enumerate(bin_labels(points, method).tolist())}
    expected = np.zeros(len(bins) * (1 + center_bit), int)
    for row in range(2, 11):
        for col in range(2, 15):
            if inside is None or inside[row, col]:
                code = int(codes[row, col])
                at = bins[naive.label(code % 2**points, points, method)]
                expected[at + len(bins) * (code >> points)] += 1
    assert_array_equal(counts, expected)


@pytest.mark.parametrize("kernel", [kernels.count_all, kernels.count_inside])
def test_compiled_counts_equal_the_python_ones(kernel, rng):
    codes = rng.integers(0, 8, (7, 11)).astype(np.int32)
    extra = (rng.random(codes.shape) < 0.5,) if kernel is kernels.count_inside else ()
    compiled, python = np.zeros((8, 8), np.int64), np.zeros((8, 8), np.int64)

    kernel(codes, 1, *extra, compiled)
    kernel.py_func(codes, 1, *extra, python)

    assert_array_equal(compiled, python)


def test_statistics_are_those_of_the_labels(rng):
    labels = rng.integers(0, 12, 50)
    counts = np.bincount(labels, minlength=12)

    found = describe(("x",), [counts]).named()

    shares = counts[counts > 0] / 50
    assert_allclose(
        [found["x.mean"], found["x.variance"], found["x.median"], found["x.entropy"]],
        [labels.mean(), labels.var(), np.median(labels), -(shares * np.log2(shares)).sum()],
    )
    assert_allclose([found[f"x.{k:02d}"] for k in range(12)], counts / 50)


def test_the_median_of_an_even_count_lies_between_the_two_middle_labels():
    assert describe(("x",), [np.array([0, 2, 0, 2])]).named()["x.median"] == 2.0


def test_says_that_no_pixel_is_left():
    with pytest.raises(ImageError, match="no pixel of the mask has its whole neighbourhood, 1"):
        count_labels(
            np.zeros((3, 3), np.int32), 8, "uniform", margin=1, inside=np.zeros((3, 3), bool)
        )
