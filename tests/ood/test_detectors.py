"""Detectors against closed forms and scikit-learn."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from scipy.stats import chi2
from sklearn.covariance import EmpiricalCovariance, LedoitWolf
from sklearn.neighbors import NearestNeighbors

from texturekit.errors import ParameterError, UnknownNameError
from texturekit.ood import (
    DETECTORS,
    Mahalanobis,
    Neighbours,
    arrays_of,
    detector_from,
    energy,
    keeping,
    maximum_softmax,
)

both = pytest.mark.parametrize("name", list(DETECTORS))


@pytest.fixture
def blobs(rng):
    """Three classes of 40 rows and 6 columns with a common covariance."""
    codes = np.repeat([0, 1, 2], 40)
    mix = rng.normal(size=(6, 6))
    return rng.normal(size=(120, 6)) @ mix + 5 * codes[:, None], codes


def standardised(x, y):
    return (y - x.mean(axis=0)) / x.std(axis=0)


def test_a_sure_classifier_finds_nothing_unusual():
    assert_allclose(maximum_softmax([[1, 0, 0], [0.2, 0.5, 0.3], [1 / 3] * 3]), [0, 0.5, 2 / 3])


def test_softmax_scores_refuse_independent_labels():
    with pytest.raises(ParameterError, match=r"row 1 sum to 1\.7"):
        maximum_softmax([[0.5, 0.5], [0.9, 0.8]])


@pytest.mark.parametrize("temperature", [0.5, 1, 1000])
def test_the_energy_is_minus_the_logsumexp(rng, temperature):
    logits = rng.normal(0, 30, (20, 4))

    found = energy(logits, temperature)

    assert_allclose(found, [-temperature * logsumexp(z / temperature) for z in logits], rtol=1e-13)
    assert_allclose(energy([[0, 0, 0, 0]], temperature), [-temperature * np.log(4)])


def test_the_energy_of_large_logits_is_finite():
    assert_allclose(energy([[1e6, 0], [-1e6, -1e6]]), [-1e6, 1e6 - np.log(2)])


def test_mahalanobis_is_scikit_learns_with_a_tied_covariance(blobs, rng):
    x, codes = blobs
    z, new = standardised(x, x), rng.normal(0, 20, (15, 6))
    means = np.array([z[codes == k].mean(axis=0) for k in range(3)])
    oracle = EmpiricalCovariance(assume_centered=True).fit(z - means[codes])
    apart = standardised(x, new)[:, None] - means

    detector = Mahalanobis.fit(x, codes, shrinkage="none")

    expected = [min(oracle.mahalanobis(row)) for row in apart]
    assert_allclose(detector.score(new), expected, rtol=1e-9)


def test_mahalanobis_without_shrinkage_does_not_depend_on_the_scale_of_columns(blobs, rng):
    x, codes = blobs
    new, mix = rng.normal(0, 20, (15, 6)), rng.normal(size=(6, 6))

    scores = [
        Mahalanobis.fit(a, codes, shrinkage="none").score(b)
        for a, b in [(x, new), (x @ mix, new @ mix)]
    ]

    assert_allclose(*scores, rtol=1e-8)


@pytest.mark.parametrize("width", [6, 200], ids=["many images", "few images"])
def test_shrinkage_is_scikit_learns_ledoit_wolf(rng, width):
    x, codes = rng.normal(size=(50, width)) * np.geomspace(1, 30, width), np.repeat([0, 1], 25)
    z, new = standardised(x, x), rng.normal(size=(7, width)) * 50
    means = np.array([z[codes == k].mean(axis=0) for k in range(2)])
    oracle = LedoitWolf(assume_centered=True).fit(z - means[codes])
    apart = standardised(x, new)[:, None] - means

    detector = Mahalanobis.fit(x, codes)

    assert_allclose(detector.shrinkage, [oracle.shrinkage_])
    assert_allclose(detector.score(new), [min(oracle.mahalanobis(row)) for row in apart], rtol=1e-8)


def test_columns_that_depend_on_each_other_have_a_finite_distance(rng):
    counts = rng.multinomial(50, [0.25] * 4, size=500) / 50  # rows of a histogram: they sum to 1
    new = rng.multinomial(50, [0.7, 0.1, 0.1, 0.1], size=20) / 50

    detector = Mahalanobis.fit(counts)

    assert np.isfinite(detector.score(new)).all()
    assert detector.score(new).min() > np.quantile(detector.score(counts), 0.95)
    with pytest.raises(ParameterError, match="vary in 3 directions only"):
        Mahalanobis.fit(counts, shrinkage="none")


def test_distances_of_normal_images_follow_chi_square(rng):
    detector = Mahalanobis.fit(rng.normal(size=(20_000, 5)))

    kept = np.mean(detector.score(rng.normal(size=(20_000, 5))) <= chi2(5).ppf(0.95))

    assert kept == pytest.approx(0.95, abs=0.01)


def test_a_covariance_without_inverse_is_refused(rng):
    with pytest.raises(
        ParameterError, match=r"9 training images vary in 8 directions.*ledoit-wolf"
    ):
        Mahalanobis.fit(rng.normal(size=(9, 20)), np.zeros(9), shrinkage="none")


@pytest.mark.parametrize("form", ["unit", "standardised"])
@pytest.mark.parametrize("k", [1, 4])
def test_neighbours_are_scikit_learns(blobs, rng, k, form):
    x, _ = blobs
    new = rng.normal(0, 20, (15, 6))
    z, other = standardised(x, x), standardised(x, new)
    if form == "unit":
        z, other = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (x, new))
    oracle = NearestNeighbors(n_neighbors=k).fit(z).kneighbors(other)[0][:, -1]

    assert_allclose(Neighbours.fit(x, k=k, form=form).score(new), oracle, rtol=1e-7)


def test_more_neighbours_than_images_are_refused(blobs):
    with pytest.raises(ParameterError, match="k is 121, but there are 120"):
        Neighbours.fit(*blobs, k=121)


@both
def test_far_away_is_more_unusual_than_nearby(name, blobs, rng):
    x, codes = blobs
    detector = DETECTORS[name].fit(x, codes)
    away = rng.normal(size=(1, 6))

    near, far = detector.score(x).mean(), detector.score(x.mean(axis=0) - 1e3 * np.abs(away))[0]

    assert far > near


@both
def test_a_column_that_was_constant_in_training_is_left_out(name, blobs):
    x, codes = blobs
    wide = np.column_stack([x, np.full(len(x), 7.0)])
    new = np.column_stack([x[:5] + 1, [0, 7, 8, 1e9, -3]])

    more = {"form": "standardised"} if name == "knn" else {}

    found = DETECTORS[name].fit(wide, codes, **more).score(new)

    assert_allclose(found, DETECTORS[name].fit(x, codes, **more).score(x[:5] + 1))


@both
def test_columns_that_never_vary_tell_nothing(name):
    with pytest.raises(ParameterError, match="none of the 3 columns varies over the 20"):
        DETECTORS[name].fit(np.ones((20, 3)), np.zeros(20))


@both
def test_huge_values_have_a_finite_score(name, blobs):
    assert np.isfinite(DETECTORS[name].fit(*blobs).score(np.full((1, 6), 1e300))).all()


@both
def test_a_value_that_is_not_finite_is_named(name, blobs):
    x = blobs[0].copy()
    x[3, 2] = np.nan

    with pytest.raises(ParameterError, match="nan in row 3, column 2"):
        DETECTORS[name].fit(x, blobs[1])


@both
def test_other_columns_are_refused(name, blobs):
    with pytest.raises(ParameterError, match="fitted on 6"):
        DETECTORS[name].fit(*blobs).score(np.zeros((2, 5)))


@both
def test_a_detector_is_its_arrays(name, blobs, rng):
    detector, new = DETECTORS[name].fit(*blobs), rng.normal(size=(9, 6))

    arrays = arrays_of(detector)

    assert all(isinstance(value, np.ndarray) for value in arrays.values())
    assert_array_equal(detector_from(name, arrays).score(new), detector.score(new))


@both
def test_damaged_arrays_are_refused(name, blobs):
    arrays = arrays_of(DETECTORS[name].fit(*blobs))
    first = {"mahalanobis": "means", "knn": "bank"}[name]

    with pytest.raises(ParameterError, match="centre is not finite"):
        detector_from(name, {**arrays, "centre": arrays["centre"] * np.nan})
    with pytest.raises(ParameterError, match="do not fit together"):
        detector_from(name, {**arrays, first: arrays[first][:, 1:]})
    with pytest.raises(ParameterError, match="fit it anew"):
        detector_from(name, {"centre": arrays["centre"]})


def test_an_unknown_detector_is_refused():
    with pytest.raises(UnknownNameError, match="Did you mean 'mahalanobis'"):
        detector_from("mahalanobi", {})


def test_the_threshold_keeps_what_it_promises(rng):
    limits = np.array([keeping(rng.exponential(size=40)) for _ in range(4000)])

    kept = -np.expm1(-limits).mean()

    assert kept == pytest.approx(39 / 41, abs=0.002)  # the mean of a uniform order statistic


@pytest.mark.parametrize(("count", "place"), [(19, 18), (20, 19), (39, 37), (100, 95)])
def test_the_threshold_is_one_of_the_scores(rng, count, place):
    scores = rng.permutation(count).astype(float)

    assert keeping(scores) == place


def test_too_few_scores_give_no_threshold():
    with pytest.raises(ParameterError, match="give at least 19"):
        keeping(np.arange(18.0))
