"""Calibration, net benefit, weighted areas, shares of patients: numbers from elsewhere."""

from __future__ import annotations

import json

import numpy as np
import pytest

import texturekit as tk
from tests.metrics.made import (
    BINARY,
    CLASSES,
    LABELS,
    MULTI,
    binary_frame,
    multiclass_frame,
    multilabel_frame,
)
from texturekit.errors import MetricError
from texturekit.metrics.curves import net_benefit_curves
from texturekit.metrics.fold_areas import pairwise_area
from texturekit.metrics.precision import precision_parts
from texturekit.metrics.probability import average_precision, sort_folds
from texturekit.metrics.summary import summarise

P = [0.22, 0.48, 0.49, 0.96, 0.55, 0.64, 0.78, 0.82, 0.34, 0.87]
Y = np.array([0, 1, 0, 0, 1, 1, 1, 1, 1, 0])


@pytest.fixture(scope="module")
def tables(reference):
    return json.loads((reference / "stat_reference.json").read_text())


def case(tables, name):
    return next(one for one in tables["cases"] if one["id"] == name)


def rows_of(tables, name):
    data = tables["datasets"][name]
    return dict(zip(data["columns"], zip(*data["rows"], strict=True), strict=True))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("ece_binary", "positive"), ("ece_toplabel", "top"), ("ece_equal_mass", "equal_mass")],
)
def test_three_calibration_errors(tables, name, kind):
    expected = case(tables, name)["expected"]
    expected = expected.get("ece", expected)

    found = {
        b: tk.metrics.expected_calibration_error(Y, P, kind=kind, bins=int(b)) for b in expected
    }

    assert found == pytest.approx(expected, abs=1e-9)


def test_scores_hold_all_three(rng):
    p = rng.random(100).round(2)
    y = rng.random(100) < p
    found = tk.metrics.scores(y, p, ["no", "yes"])

    for key, kind in (("ece", "positive"), ("ece_top", "top"), ("ece_equal_mass", "equal_mass")):
        expected = tk.metrics.expected_calibration_error(y, p, kind=kind)
        assert found[key].value == pytest.approx(expected), key


def test_equal_mass_bins_keep_equal_probabilities_together_in_any_order(rng):
    p = rng.integers(0, 4, 50) / 4
    y = rng.random(50) < p
    order = rng.permutation(50)
    ece = tk.metrics.expected_calibration_error

    assert ece(y, p, kind="equal_mass") == pytest.approx(
        ece(y[order], p[order], kind="equal_mass"), abs=1e-12
    )


def test_net_benefit(tables):
    data = rows_of(tables, "dca_df_binary")
    y, p = np.array(data["cancer"], float), np.array(data["cancerpredmarker"], float)
    cuts = [0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35]

    found = tk.metrics.net_benefit(y, p, cuts)

    expected = [0.105544, 0.087407, 0.079216, 0.067333, 0.064, 0.054667, 0.050154]
    assert found["model"].tolist() == pytest.approx(expected, abs=1e-5)
    assert found["all"][4] == pytest.approx(-0.1466667, abs=1e-6)
    assert not found["none"].any()


def test_a_probability_at_the_threshold_is_acted_upon():
    assert tk.metrics.net_benefit([1, 0], [0.5, 0.2], [0.5])["model"][0] == 0.5


def test_the_curve_holds_the_net_benefit_of_every_method_and_of_all(rng):
    frame = binary_frame(rng, 60, folds=3)
    expected = tk.metrics.net_benefit(frame["label"] == "sick", frame["p.sick"])

    found = net_benefit_curves(frame, **BINARY)

    for curve, column in (("net_benefit", "model"), ("net_benefit_all", "all")):
        one = found[found["curve"] == curve]
        assert one["x"].tolist() == expected["threshold"].tolist()
        assert one["y"].to_numpy() == pytest.approx(expected[column].to_numpy())


def test_multi_class_areas(tables):
    one = case(tables, "multiclass_auc")
    y, p = (
        json.loads(part.split("=")[1].replace("[.", "[0.").replace(",.", ",0."))
        for part in one["input"].split("; ")
    )
    found = tk.metrics.scores(y, p, CLASSES)

    assert found["roc_auc"].value == pytest.approx(one["expected"]["ovr_macro"], abs=1e-7)
    assert found["roc_auc_weighted"].value == pytest.approx(
        one["expected"]["ovr_weighted"], abs=1e-7
    )
    assert found["roc_auc_ovo"].value == pytest.approx(one["expected"]["ovo_macro"], abs=1e-7)


def test_pairs_of_classes_ranked_by_one_score(tables):
    # Hand and Till's M of one score for all classes: every ordered pair and its mirror is 1
    data = rows_of(tables, "aSAH")
    level, score = np.array(data["gos6"]), np.array(data["s100b"], float)
    names = sorted(set(level.tolist()))
    pairs = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            rows = np.isin(level, (a, b))
            pairs.append(tk.metrics.roc_auc(level[rows] == b, score[rows]).value)

    expected = case(tables, "multiclass_hand_till_univariate")["expected"]
    assert np.mean(pairs) == pytest.approx(expected["direction_lt"], abs=1e-9)
    assert 1 - np.mean(pairs) == pytest.approx(expected["direction_gt"], abs=1e-9)
    assert np.mean(np.maximum(pairs, np.subtract(1, pairs))) == pytest.approx(
        expected["auto"], abs=1e-9
    )


def test_weighted_scores_agree_with_scikit_learn(rng):
    from sklearn import metrics as m

    frame = multiclass_frame(rng, 150)
    frame = frame[(frame["label"] != "c") | (np.arange(150) % 2 == 0)]
    y, said = frame["label"], frame["predicted"]
    p = frame[[f"p.{c}" for c in CLASSES]].to_numpy()
    found = summarise(frame, **MULTI)[0]
    expected = {
        "roc_auc_weighted": m.roc_auc_score(y, p, multi_class="ovr", average="weighted"),
        "roc_auc_ovo": m.roc_auc_score(y, p, multi_class="ovo"),
        "precision_weighted": m.precision_score(y, said, average="weighted"),
        "f1_weighted": m.f1_score(y, said, average="weighted"),
    }

    assert {name: found[name].value for name in expected} == pytest.approx(expected)
    for name in expected:
        assert found[name].low < found[name].value < found[name].high, name


def test_a_missing_class_leaves_pairs_and_weights(rng):
    frame = multiclass_frame(rng)
    frame = frame[frame["label"] != "c"]

    found = summarise(frame, **MULTI)[0]

    for name in ("roc_auc_weighted", "roc_auc_ovo", "f1_weighted"):
        assert "mean over 2 of 3 classes (a, b)" in found[name].how, name
        assert found[name].value is not None


def test_the_area_of_one_pair_has_the_interval_of_the_two_classes(rng):
    from texturekit.metrics.cases import read_cases

    frame = binary_frame(rng, 80)
    cases = read_cases(frame, kind="multiclass", classes=["sick", "well"], positive=None)
    found = pairwise_area(cases)
    alone = tk.metrics.roc_auc(frame["label"] == "sick", frame["p.sick"])

    # p.well = 1 - p.sick: both directions are the same pair, with full covariance
    assert (found.value, found.low, found.high) == pytest.approx(
        (alone.value, alone.low, alone.high)
    )


def logistic(y, columns, offset):
    """Return the coefficients by a general optimiser."""
    from scipy.optimize import minimize

    def loss(b):
        logits = columns @ b + offset
        return np.sum(np.logaddexp(0, logits)) - np.sum(y * logits)

    return minimize(loss, np.zeros(columns.shape[1]), method="BFGS", options={"gtol": 1e-9}).x


def test_slope_and_intercept_agree_with_a_general_optimiser(rng):
    p = rng.uniform(0.02, 0.98, 300)
    logits = np.log(p / (1 - p))
    y = rng.random(300) < 1 / (1 + np.exp(-(0.4 + 0.6 * logits)))

    found = tk.metrics.calibration(y, p)

    both = logistic(y, np.column_stack([np.ones(300), logits]), np.zeros(300))
    assert found["slope"].value == pytest.approx(both[1], abs=1e-6)
    alone = logistic(y, np.ones((300, 1)), logits)
    assert found["intercept"].value == pytest.approx(alone[0], abs=1e-6)
    assert found["slope"].high < 1


def test_the_intercept_of_equal_probabilities_is_the_difference_of_logits():
    y = [1] * 30 + [0] * 70

    found = tk.metrics.calibration(y, np.full(100, 0.2))

    assert found["intercept"].value == pytest.approx(np.log(3 / 7) - np.log(1 / 4))
    error = np.sqrt(1 / (100 * 0.3 * 0.7) * 100 / 99)  # of a logit, by independent images
    assert found["intercept"].high - found["intercept"].value == pytest.approx(1.959964 * error)
    assert found["slope"].value is None
    assert found["slope"].reason == "all probabilities are equal"


@pytest.mark.parametrize(
    ("y", "p", "slope"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], "separate the classes"),
        ([0, 0, 1, 1], [0.1, 0.3, 0.3, 0.4], "separate the classes"),
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], "separate the classes"),
        ([0, 1, 0, 1], [0.0, 0.0, 1.0, 1.0], "all probabilities are 0 or 1"),
        ([1, 1], [0.1, 0.2], "one class"),
    ],
)
def test_there_is_no_slope_without_a_finite_solution(y, p, slope):
    found = tk.metrics.calibration(y, p)["slope"]

    assert found.value is None
    assert slope in found.reason


def test_cut_probabilities_are_counted():
    found = tk.metrics.calibration([0, 1, 0, 1, 1], [0.0, 0.4, 0.6, 1.0, 0.7])

    assert found["slope"].how.endswith("2 probabilities cut at 1e-08")


def test_copies_of_patients_change_no_slope(rng):
    p, g = rng.random(40), np.arange(40)
    y = rng.random(40) < p

    one = tk.metrics.calibration(y, p, g)
    many = tk.metrics.calibration(np.repeat(y, 3), np.repeat(p, 3), np.repeat(g, 3))

    for name in one:
        assert (many[name].low, many[name].high) == pytest.approx((one[name].low, one[name].high))


def test_copies_of_patients_change_no_share():
    hits = np.array([1] * 17 + [0] * 3)
    plain = tk.metrics.proportion(17, 20)

    found = tk.metrics.clustered_proportion(np.repeat(hits, 4), np.repeat(np.arange(20), 4))

    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))
    perfect = tk.metrics.clustered_proportion(np.ones(80), np.repeat(np.arange(20), 4))
    assert perfect.low == pytest.approx(tk.metrics.proportion(20, 20).low)


def test_independent_images_of_a_patient_count_one_by_one():
    # every patient has the same share: nothing is alike inside of a patient
    found = tk.metrics.clustered_proportion([1, 1, 0, 0] * 25, np.repeat(np.arange(25), 4))
    plain = tk.metrics.proportion(50, 100)

    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))


def test_shares_of_patients_cover_the_truth():
    rng = np.random.default_rng(3)
    held = plain = 0
    for _ in range(400):
        hits = rng.random((40, 4)) < rng.beta(0.8, 0.2, (40, 1))
        found = tk.metrics.clustered_proportion(hits.ravel(), np.repeat(np.arange(40), 4))
        alone = tk.metrics.proportion(int(hits.sum()), 160)
        held += found.low <= 0.8 <= found.high
        plain += alone.low <= 0.8 <= alone.high

    assert 0.92 < held / 400 < 0.98
    assert plain / 400 < 0.85


def test_the_exact_interval_has_two_names():
    one, two = (tk.metrics.proportion(8, 10, interval=i) for i in ("exact", "clopper-pearson"))

    assert one == two
    assert one.how == "Clopper-Pearson"


def test_parts_of_the_average_precision_are_its_derivatives(rng):
    y = rng.random(70) < 0.4
    score, fold = (rng.normal(size=70) + y).round(1), np.arange(70) % 2
    folds = sort_folds(y, score, np.ones(70, bool), fold)
    value, parts = precision_parts(folds, 70)

    weights = np.ones((71, 70)) + np.vstack([np.eye(70) * 1e-6, np.zeros(70)])
    moved = average_precision(folds, weights)

    assert value == pytest.approx(moved[-1])
    assert parts == pytest.approx((moved[:-1] - moved[-1]) / 1e-6, abs=1e-6)


@pytest.mark.parametrize("scores", [np.repeat([0.0, 1.0], 5), np.ones(10), np.zeros(10)])
def test_decisions_have_no_area(scores):
    y = np.arange(10) % 2

    with pytest.raises(MetricError, match="decisions"):
        tk.metrics.roc_auc(y, scores)
    found = tk.metrics.scores(y, scores, ["no", "yes"])
    for name in ("roc_auc", "average_precision"):
        assert found[name].value is None
        assert "decisions (only 0 and 1)" in found[name].reason
    assert found["accuracy"].value is not None


def test_one_hot_classes_have_no_area(rng):
    frame = multiclass_frame(rng)
    hot = np.array([frame["predicted"] == c for c in CLASSES], float).T

    found = tk.metrics.scores(frame["label"], hot, CLASSES)

    for name in ("roc_auc", "roc_auc_weighted", "roc_auc_ovo", "average_precision"):
        assert found[name].value is None, name
        assert "decisions (only 0 and 1)" in found[name].reason, name


def test_a_classifier_that_is_sure_of_everything_is_ranked_and_named(rng):
    from sklearn.metrics import balanced_accuracy_score

    frame = multilabel_frame(rng).assign(fold=0)
    frame["p.b"] = (frame["p.b"] >= 0.5).astype(float)
    known = frame["y.b"].notna()

    metrics, per_class, _ = summarise(frame, **LABELS)

    truth, said = frame.loc[known, "y.b"], frame.loc[known, "p.b"]
    area = per_class[1].metrics["roc_auc"]
    assert area.value == pytest.approx(balanced_accuracy_score(truth, said))
    for one in (area, metrics["roc_auc"], metrics["average_precision"]):
        assert "all probabilities are 0 or 1" in one.caution
    assert "0 or 1" not in (per_class[0].metrics["roc_auc"].caution or "")
    assert "mean over 3 labels" in metrics["roc_auc"].how


def test_few_cases_are_said(rng):
    frame = binary_frame(rng, 100, images=2)
    sick = frame.index[frame["label"] == "sick"]
    few = frame.drop(sick[14:])

    found = summarise(few, **BINARY)[0]

    for name in ("roc_auc", "sensitivity", "f1", "brier", "ece", "accuracy"):
        assert found[name].caution.startswith("few cases: 7 patients of sick"), name
        assert found[name].low is not None
    assert found["specificity"].caution is None


def test_a_lone_patient_gives_no_interval(rng):
    frame = binary_frame(rng, 100, images=3)
    sick = frame.index[frame["label"] == "sick"]

    found = summarise(frame.drop(sick[3:]), **BINARY)[0]

    for name in ("roc_auc", "sensitivity", "mcc", "average_precision", "ece", "precision"):
        assert found[name].low is found[name].high is None, name
        assert found[name].reason.startswith("not estimable: 1 patient of sick"), name


def test_one_label_with_few_patients_is_marked_and_the_others_are_not(rng):
    frame = multilabel_frame(rng)
    frame["y.b"] = (np.arange(120) < 4).astype(float)

    metrics, per_class, _ = summarise(frame, **LABELS)

    assert [bool(one.metrics["roc_auc"].caution) for one in per_class] == [False, True, False]
    assert metrics["roc_auc"].caution == "few cases: 4 images of b"


def test_roc_auc_marks_few_patients(rng):
    y, s = np.arange(40) < 4, rng.random(40)

    assert tk.metrics.roc_auc(y, s).caution == "few cases: 4 positive images"
    lone = tk.metrics.roc_auc(y, s, groups=np.repeat(np.arange(10), 4))
    assert lone.reason == "not estimable: 1 positive patient"
    assert lone.value is not None


@pytest.mark.parametrize("prevalence", [0.01, 0.3])
def test_predictive_values_at_the_prevalence_at_hand_and_elsewhere(prevalence):
    y = np.repeat([1, 0], [60, 140])
    said = np.repeat([1, 0, 1, 0], [50, 10, 20, 120])
    sens, spec = 50 / 60, 120 / 140

    found = tk.metrics.predictive_values(y, said, prevalence)

    hit, alarm = sens * prevalence, (1 - spec) * (1 - prevalence)
    assert found["precision"].value == pytest.approx(hit / (hit + alarm))
    assert found["precision"].low < found["precision"].value < found["precision"].high
    spared, missed = spec * (1 - prevalence), (1 - sens) * prevalence
    assert found["npv"].value == pytest.approx(spared / (spared + missed))


def test_predictive_values_without_alarms_have_limits():
    found = tk.metrics.predictive_values([1] * 20 + [0] * 20, [1] * 20 + [0] * 20, 0.1)

    assert found["precision"].value == found["precision"].high == 1
    assert 0.2 < found["precision"].low < 0.6


def test_last_bits_of_probabilities_change_no_metric(rng):
    # what another number of threads or another batch size may do to them
    frame = binary_frame(rng, 60, folds=3, images=2)
    near = frame.assign(**{"p.sick": frame["p.sick"] * (1 + 1e-15 * rng.integers(-3, 4, 120))})
    near["p.well"] = 1 - near["p.sick"]

    one, two = summarise(frame, **BINARY)[0], summarise(near, **BINARY)[0]

    for name in one:
        expected = (one[name].low, one[name].value, one[name].high)
        assert (two[name].low, two[name].value, two[name].high) == pytest.approx(expected, abs=1e-6)


def test_scores_that_are_not_finite_are_named():
    with pytest.raises(MetricError, match="'1' are missing"):
        tk.metrics.scores([0, 1], [0.2, np.nan], ["no", "yes"])
    with pytest.raises(MetricError, match="position 1"):
        tk.metrics.roc_auc([0, 1], [0.2, np.inf])
    with pytest.raises(MetricError, match="position 0"):
        tk.metrics.calibration([0, 1], [-3.0, 0.4])


def factor(y, scores, group, fold=None):
    from texturekit.metrics.ranking import rank, small_sample_factor

    fold = np.zeros(len(y), int) if fold is None else fold
    known = np.ones(len(y), bool)
    parts = rank(y, scores, known, fold).parts
    return small_sample_factor(y[:, None], known[:, None], parts[:, None], fold, group)


def test_the_clustered_variance_of_an_area_is_drawn_towards_that_of_one_image_a_patient(rng):
    y = np.repeat([True, False], (24, 32))
    scores, group = rng.normal(size=56) + y, np.repeat(np.arange(14), 4)
    value = tk.metrics.roc_auc(y, scores).value
    won = (scores[y][:, None] > scores[~y]).astype(float)
    own = lone = squares = fourths = 0.0
    for v, patients in ((won.mean(axis=1), 6), (won.mean(axis=0), 8)):
        sums = (v - value).reshape(patients, 4).sum(axis=1) / len(v)
        own += patients / (patients - 1) * np.sum(sums**2)
        lone += patients / (patients - 1) * np.var(v) / patients
        squares, fourths = squares + np.sum(sums**2), fourths + np.sum(sums**4)

    found = factor(y, scores, group)

    assert found == pytest.approx(1 + (lone / own - 1) / (1 + squares**2 / fourths))
    assert found > 1


def test_single_images_copies_and_mixed_patients_keep_their_variance(rng):
    y, scores = np.arange(30) % 3 == 0, rng.normal(size=30)

    assert factor(y, scores, np.arange(30)) == 1
    assert factor(np.repeat(y, 3), np.repeat(scores, 3), np.repeat(np.arange(30), 3)) == 1
    assert factor(y, scores, np.arange(30) // 2) == 1


def test_groups_that_leave_no_variance_but_rounding_break_no_interval_of_calibration():
    found = tk.metrics.calibration([0, 1, 1, 0], [0.0, 0.5, 0.0, 0.5], [1, 2, 0, 2])
    alike = tk.metrics.calibration([0, 1, 1, 0], [0.2, 0.8, 0.3, 0.7], [1, 1, 2, 2])

    assert found["slope"].low <= found["slope"].value <= found["slope"].high
    assert alike["intercept"].low is None
    assert "no variance" in alike["intercept"].reason
