"""Calibration against scikit-learn, known truths, and what it must keep."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import texturekit as tk
from texturekit.methods.calibrators import FORMS, Calibrator, fit_calibrator


def made(rng, n=20_000, slope=0.5, offset=-1.0):
    """Return labels whose true log-odds are slope x those that are told + offset."""
    odds = rng.normal(0, 2, n)
    truth = 1 / (1 + np.exp(-(slope * odds + offset)))
    labels = (rng.random(n) < truth).astype(np.int64)
    told = 1 / (1 + np.exp(-odds))
    return np.stack([1 - told, told], axis=1), labels, truth


def test_sigmoid_finds_the_line_that_made_the_labels(rng):
    told, labels, truth = made(rng)

    calibrator, notes = fit_calibrator("sigmoid", told, labels, "binary")

    assert notes == []
    assert_allclose(calibrator(told, "binary")[:, 1], truth, atol=0.02)


def test_temperature_finds_the_slope_and_leaves_one_half(rng):
    told, labels, truth = made(rng, offset=0.0)

    calibrator, _ = fit_calibrator("temperature", told, labels, "binary")

    assert_allclose(calibrator(told, "binary")[:, 1], truth, atol=0.02)
    assert_allclose(calibrator(np.array([[0.5, 0.5]]), "binary"), [[0.5, 0.5]])


def test_isotonic_is_scikit_learns(rng):
    from sklearn.isotonic import IsotonicRegression

    told, labels, _ = made(rng, n=300)
    new = rng.random(50)

    calibrator, _ = fit_calibrator("isotonic", told, labels, "binary")
    theirs = IsotonicRegression(out_of_bounds="clip").fit(told[:, 1], labels)

    p = calibrator(np.stack([1 - new, new], axis=1), "binary")
    assert_allclose(p[:, 1], theirs.predict(new), atol=1e-12)
    assert_allclose(p.sum(axis=1), 1)


@pytest.mark.parametrize("form", ["sigmoid", "isotonic"])
def test_the_mean_probability_is_the_share_of_these_images(form, rng):
    told, labels, _ = made(rng, n=2000, offset=-2.0)

    calibrator, _ = fit_calibrator(form, told, labels, "binary")

    assert calibrator(told, "binary")[:, 1].mean() == pytest.approx(labels.mean(), abs=0.005)


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_a_rare_class_stays_as_rare_as_it_is(share, rng):
    n = 3000
    labels = (np.arange(n) < share * n).astype(np.int64)
    odds = rng.normal(size=n) + 1.5 * labels
    told = np.stack([1 / (1 + np.exp(odds)), 1 / (1 + np.exp(-odds))], axis=1)

    calibrator, _ = fit_calibrator("sigmoid", told, labels, "binary")
    found = tk.metrics.calibration(labels, calibrator(told, "binary")[:, 1])

    assert found["intercept"].value == pytest.approx(0, abs=0.01)
    assert found["slope"].value == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("form", FORMS)
def test_the_order_is_kept_even_where_images_rank_the_wrong_way_round(form):
    score = np.linspace(0.01, 0.99, 40)
    told, labels = np.stack([1 - score, score], axis=1), (score < 0.5).astype(np.int64)

    p = fit_calibrator(form, told, labels, "binary")[0](told, "binary")[:, 1]

    steps = np.diff(p)
    assert (steps >= 0).all() if form == "isotonic" else (steps > 0).all()


@pytest.mark.parametrize("form", ["sigmoid", "temperature"])
def test_tiny_probabilities_stay_apart(form, rng):
    told, labels, _ = made(rng, n=200)
    tiny = np.array([1e-12, 1e-10, 1e-8, 1e-3])

    p = fit_calibrator(form, told, labels, "binary")[0](
        np.stack([1 - tiny, tiny], axis=1), "binary"
    )

    assert (np.diff(p[:, 1]) > 0).all()


def test_several_classes_by_isotonic_are_scikit_learns(rng):
    from sklearn.isotonic import IsotonicRegression

    told, labels = rng.dirichlet(np.ones(3), 200), rng.integers(0, 3, 200)
    raised = np.stack(
        [
            IsotonicRegression(out_of_bounds="clip")
            .fit(told[:, k], labels == k)
            .predict(told[:, k])
            for k in range(3)
        ],
        axis=1,
    )

    p = fit_calibrator("isotonic", told, labels, "multiclass")[0](told, "multiclass")

    assert_allclose(p, raised / raised.sum(axis=1, keepdims=True), atol=1e-12)


def test_where_no_class_is_possible_all_are_even():
    told = np.array([[0.9, 0.05, 0.05]] * 5 + [[0.05, 0.9, 0.05]] * 5 + [[0.05, 0.05, 0.9]] * 5)
    calibrator, _ = fit_calibrator("isotonic", told, np.repeat([0, 1, 2], 5), "multiclass")

    p = calibrator(np.array([[0.05, 0.05, 0.05]]), "multiclass")

    assert_allclose(p, [[1 / 3, 1 / 3, 1 / 3]])


@pytest.mark.parametrize("form", FORMS)
def test_labels_are_calibrated_one_by_one(form, rng):
    one, first, _ = made(rng, n=200)
    two, second, _ = made(rng, n=200, slope=2)
    told = np.stack([one[:, 1], two[:, 1], np.full(200, np.nan)], axis=1)
    labels = np.stack([first, second, second], axis=1).astype(float)
    labels[:20, 0] = np.nan

    calibrator, notes = fit_calibrator(form, told, labels, "multilabel")
    p = calibrator(told, "multilabel")

    alone = fit_calibrator(form, one[20:], first[20:], "binary")[0](one, "binary")[:, 1]
    assert_allclose(p[:, 0], alone)
    assert np.isnan(p[:, 2]).all()
    assert [note[:13] for note in notes] == ["1 of 3 labels"]


@pytest.mark.parametrize(("kind", "k"), [("binary", 2), ("multiclass", 3)])
def test_too_few_images_calibrate_nothing(kind, k, rng):
    labels = np.array([0] * 20 + [1] * 20 + [k - 1] * 4) if k > 2 else np.array([0] * 20 + [1] * 4)

    found, notes = fit_calibrator("sigmoid", rng.dirichlet(np.ones(k), len(labels)), labels, kind)

    assert found is None
    assert "4 images to calibrate on" in notes[0]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kind", "k"), [("binary", 2), ("multiclass", 4)])
def test_numbers_survive_json_to_the_bit(form, kind, k, rng):
    told, labels = rng.dirichlet(np.ones(k), 100), rng.integers(0, k, 100)
    calibrator, _ = fit_calibrator(form, told, labels, kind)

    again = Calibrator.model_validate_json(calibrator.model_dump_json())

    assert_array_equal(again(told, kind), calibrator(told, kind))
    assert [again.fits(kind, width) for width in (k, k + 1)] == [True, False]


@pytest.mark.parametrize(
    "content",
    [
        {"form": "sigmoid", "bends": [{"slope": -1, "spread": 1, "bias": [0, 0]}]},
        {"form": "isotonic", "steps": [{"x": [0.1, 0.2], "y": [0.1]}]},
        {"form": "isotonic", "steps": [{"x": [0.2, 0.1], "y": [0.1, 0.2]}]},
        {"form": "isotonic", "steps": [{"x": [0.1, 0.2], "y": [0.1, 1.2]}]},
        {"form": "isotonic", "bends": [{"slope": 1, "spread": 1, "bias": [0, 0]}]},
        {"form": "sigmoid"},
    ],
)
def test_numbers_that_are_no_calibration_are_refused(content):
    with pytest.raises(ValueError, match=r"Calibrator|Bend|Steps"):
        Calibrator.model_validate(content)
