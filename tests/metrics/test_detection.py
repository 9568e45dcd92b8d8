"""AUROC, AUPR and FPR95 against scikit-learn, and which class is positive."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from texturekit.errors import MetricError
from texturekit.metrics import detection_scores, proportion


@pytest.fixture(params=["graded", "ties"])
def case(request, rng):
    outside = rng.random(300) < 0.3
    scores = rng.normal(size=300) + 1.2 * outside
    return outside, scores if request.param == "graded" else scores.round(0)


def test_area_and_average_precision_are_scikit_learns(case):
    outside, scores = case

    found = detection_scores(outside, scores)

    assert_allclose(found["roc_auc"].value, roc_auc_score(outside, scores))
    assert_allclose(found["aupr_out"].value, average_precision_score(outside, scores))
    assert_allclose(found["aupr_in"].value, average_precision_score(~outside, -scores))


def test_the_rate_is_where_the_roc_curve_first_reaches_95_percent(case):
    outside, scores = case

    found = detection_scores(outside, scores)

    for name, truth, order in [("out", outside, scores), ("in", ~outside, -scores)]:
        false, true, _ = roc_curve(truth, order, drop_intermediate=False)
        assert_allclose(found[f"fpr95_{name}"].value, false[np.argmax(true >= 0.95)])


def test_the_two_rates_differ_on_one_set():
    inside, out = np.r_[np.arange(95.0), np.full(5, 200.0)], np.r_[np.full(10, -1.0), 96:186]
    outside = np.repeat([False, True], 100)

    found = detection_scores(outside, np.r_[inside, out])

    assert found["fpr95_in"].value == 0.10  # 95 of 100 inside pass up to 94: so do ten outside
    assert found["fpr95_out"].value == 1.0  # 95 of 100 outside only from -1 on: all inside


@pytest.mark.parametrize("name", ["roc_auc", "aupr_out", "aupr_in", "fpr95_in", "fpr95_out"])
def test_intervals_hold_the_value_and_say_how(case, name):
    found = detection_scores(*case)[name]

    assert found.low <= found.value <= found.high
    assert found.how


def test_repeated_patients_widen_the_intervals(rng):
    outside, scores = np.repeat([False, True], 40), rng.normal(size=80)
    scores[40:] += 1
    many = np.repeat(np.arange(80), 10)

    once = detection_scores(outside, scores)
    naive = detection_scores(outside[many], scores[many])
    grouped = detection_scores(outside[many], scores[many], groups=many)

    for name in once:
        width = {k: f[name].high - f[name].low for k, f in enumerate((once, naive, grouped))}
        assert width[1] < 0.6 * width[2], name
        assert width[2] == pytest.approx(width[0], rel=0.25), name


def test_only_scores_of_one_fold_are_compared(rng):
    outside, fold = np.tile([False, True], 50), np.repeat([0, 1], 50)
    scores = outside + 0.2 * rng.random(100) + 10 * fold

    found = detection_scores(outside, scores, folds=fold)

    assert [found[name].value for name in ("roc_auc", "aupr_out", "fpr95_in")] == [1, 1, 0]
    assert detection_scores(outside, scores)["roc_auc"].value == pytest.approx(0.75)


def test_a_perfect_separation_has_a_rate_with_an_interval(rng):
    outside = np.repeat([False, True], [60, 30])

    found = detection_scores(outside, outside + 0.1 * rng.random(90))

    wilson = proportion(0, 30)
    assert (found["fpr95_in"].value, found["fpr95_in"].high) == (0, wilson.high)
    assert found["aupr_out"].value == 1
    assert found["aupr_out"].low is None
    assert "draws give this value" in found["aupr_out"].reason


def test_images_of_one_kind_cannot_be_told_apart():
    with pytest.raises(MetricError, match="no image is outside"):
        detection_scores([0, 0], [0.1, 0.2])
