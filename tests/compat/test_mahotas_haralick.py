"""Parity with mahotas 1.4.19, which is not a dependency: numbers it printed for formula images."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_glcm as naive
from texturekit.compat.mahotas_haralick import haralick
from texturekit.features.glcm import glcm_statistics
from texturekit.features.matrices import cooccurrence


def formula(rows=12, cols=15):
    r, c = np.mgrid[:rows, :cols]
    return ((r * r + 3 * c + r * c) % 16).astype(np.uint8)


# mahotas 1.4.19, mahotas.features.haralick(formula())
PRINTED = [
    [
        *(1.194019274376417e-02, 5.216666666666666e01, -2.242503259452408e-01),
        *(2.130555555555556e01, 4.808196536075116e-02, 1.466666666666666e01),
        *(3.305555555555566e01, 4.386284267144735e00, 6.803457561260466e00),
        *(1.939838435374151e-03, 3.525267728747246e00, -1.776688445533503e-01),
        8.571026502035123e-01,
    ],
    [
        *(1.281835048068814e-02, 3.904545454545455e01, 8.982905827489530e-02),
        *(2.144951720357564e01, 1.731153240607068e-01, 1.462987012987013e01),
        *(4.675261426884805e01, 4.612910861236046e00, 6.607459839779210e00),
        *(1.343370509360769e-03, 3.694461147669684e00, -2.235557900652128e-01),
        9.002418527975966e-01,
    ],
]


def test_gives_the_thirteen_numbers_that_mahotas_prints():
    assert_allclose(haralick(formula())[:2], PRINTED, rtol=1e-11)


def test_gives_the_fourteenth_number_that_mahotas_prints():
    # mahotas 1.4.19, haralick(formula(), compute_14th_feature=True)[:, 13]
    printed = [1.759569135144668, 2.077542878526563, 1.666720114772279, 1.884439030003148]

    found = haralick(formula(), compute_14th_feature=True)

    assert_allclose(found[:, 13], printed, rtol=1e-11)


def test_follows_every_switch_of_mahotas():
    # mahotas 1.4.19, haralick(formula(), ignore_zeros=True, distance=2,
    #   use_x_minus_y_variance=True, preserve_haralick_bug=True, return_mean=True)
    printed = [
        *(2.427600873458558e-02, 4.302746819639491e01, -5.911963206999849e-02),
        *(2.031199320431203e01, 1.825970996165340e-01, 1.494595835135334e01),
        *(1.740756083537693e02, 3.291568853733063e00, 5.689942731601674e00),
        *(1.398259516209633e01, 2.790748197592749e00, -4.220151492194543e-01),
        9.748712121371279e-01,
    ]

    found = haralick(
        formula(),
        ignore_zeros=True,
        distance=2,
        use_x_minus_y_variance=True,
        preserve_haralick_bug=True,
        return_mean=True,
    )

    assert_allclose(found, printed, rtol=1e-11)


def test_differs_from_our_own_names_only_where_documented():
    # mahotas counts levels from 0, and takes the tenth feature's variance of the probabilities
    image = formula()
    names = ("asm", "contrast", "correlation", "joint_variance", "idm", "sum_average")
    names += ("sum_variance", "sum_entropy", "joint_entropy", "difference_variance")
    names += ("difference_entropy", "imc1", "imc2")
    matrices = cooccurrence(image, levels=16, angles=(0, 135, 90, 45))

    found = haralick(image, use_x_minus_y_variance=True)

    for row, matrix in zip(found, matrices, strict=True):
        values = glcm_statistics(matrix)
        ours = [values[name] - 2 * (name == "sum_average") for name in names]
        assert_allclose(row, ours, rtol=1e-12)


@pytest.mark.parametrize("levels", [2, 30, 200])
@pytest.mark.parametrize("options", [{}, {"ignore_zeros": True}, {"distance": 3}])
def test_agrees_with_the_formulas_of_mahotas(rng, levels, options):
    image = rng.integers(0, levels, (23, 31))
    distance = options.get("distance", 1)
    matrices = cooccurrence(
        image, levels=levels, distance=distance, angles=(0, 135, 90, 45), normalise=False
    )
    if options.get("ignore_zeros"):
        matrices[:, 0] = matrices[:, :, 0] = 0

    found = haralick(image, **options)

    expected = [list(naive.mahotas(matrix).values()) for matrix in matrices]
    assert_allclose(found, expected, rtol=1e-9, atol=1e-8)


def test_the_mean_and_the_range_are_over_the_directions():
    each = haralick(formula())

    assert_array_equal(haralick(formula(), return_mean=True), each.mean(axis=0))
    assert_array_equal(
        haralick(formula(), return_mean_ptp=True), [*each.mean(axis=0), *np.ptp(each, axis=0)]
    )


def test_a_volume_has_thirteen_directions(rng):
    volume = rng.integers(0, 5, (4, 5, 6))

    found = haralick(volume)

    # a volume of equal slices: the directions inside a slice are those of the slice
    slices = np.repeat(formula(5, 6)[:, :, np.newaxis], 3, axis=2)
    assert found.shape == (13, 13)
    assert_allclose(haralick(slices)[[2, 1, 0, 3]], haralick(formula(5, 6))[[0, 1, 2, 3]])


@pytest.mark.parametrize("value", [0, 7])
def test_a_flat_image_is_finite(value):
    found = haralick(np.full((4, 4), value, np.uint8), compute_14th_feature=True)

    # mahotas 1.4.19 for zeros: 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 and 0
    assert_allclose(found[0, [0, 1, 2, 3, 4, 8, 11, 12, 13]], [1, 0, 1, 0, 1, 0, 0, 0, 0])


@pytest.mark.parametrize(
    ("array", "options", "error", "message"),
    [
        (np.zeros((3, 3)), {}, TypeError, "float64"),
        (np.zeros(3, int), {}, ValueError, "1 dimensions"),
        (np.zeros((3, 3, 3, 3), int), {}, ValueError, "4 dimensions"),
        (np.full((3, 3), -1), {}, ValueError, "negative"),
        (np.zeros((3, 3), int), {"ignore_zeros": True}, ValueError, "holds no pair"),
        (np.zeros((3, 3), int), {"distance": 3}, ValueError, "at distance 3"),
        (np.eye(3, dtype=int), {"return_mean": 1, "return_mean_ptp": 1}, ValueError, "both set"),
    ],
)
def test_refuses_what_mahotas_refuses(array, options, error, message):
    with pytest.raises(error, match=message):
        haralick(array, **options)


def test_the_14th_feature_is_nan_or_nothing_where_rounding_makes_its_square_negative():
    # In the first direction the rows are alike: one eigenvalue counts, the others are rounding.
    image = np.array([[1, 3, 3, 3], [1, 1, 2, 3], [3, 1, 3, 2]], dtype=np.uint8)

    first, *others = haralick(image, compute_14th_feature=True)[:, 13]

    assert np.isnan(first) or first < 1e-7
    np.testing.assert_allclose(others, [1, 1, 1.0592617839754122], rtol=1e-9)
