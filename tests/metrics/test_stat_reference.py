"""The published and recomputed cases of stat_reference.json that this folder answers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from texturekit.metrics import compare_roc_auc, holm, mcnemar, proportion, roc_auc, scores
from texturekit.metrics.areas import measure_area
from texturekit.metrics.confusion import accuracy, matthews, one_against_rest, rates
from texturekit.metrics.delong import _single
from texturekit.metrics.limits import wald
from texturekit.metrics.probability import bin_gaps

P = [0.22, 0.48, 0.49, 0.96, 0.55, 0.64, 0.78, 0.82, 0.34, 0.87]
Y = np.array([0, 1, 0, 0, 1, 1, 1, 1, 1, 0])


@pytest.fixture(scope="module")
def tables(reference) -> dict[str, Any]:
    return json.loads((reference / "stat_reference.json").read_text())


@pytest.fixture
def case(tables, request):
    return next(c for c in tables["cases"] if c["id"] == request.param)


def asks(name):
    return pytest.mark.parametrize("case", [name], indirect=True)


@pytest.fixture
def asah(tables):
    """Outcome (True: poor), scores by name and the row's gender."""
    data = tables["datasets"]["aSAH"]
    rows = dict(zip(data["columns"], zip(*data["rows"], strict=True), strict=True))
    return {
        "y": np.array(rows["outcome"]) == "Poor",
        "female": np.array(rows["gender"]) == "Female",
        **{name: np.array(rows[name], float) for name in ("wfns", "s100b", "ndka")},
    }


def covariance(data, a, b):
    """Return the covariance as half of what the variance of the difference lacks."""
    one, two = (_single(data["y"], data[name], None, name) for name in (a, b))
    between = measure_area(one.truth, one.score, one.known, one.fold, one.group)
    from texturekit.metrics.ranking import variance

    args = between.truth, between.known
    gap = variance(*args, one.parts - two.parts, one.fold, one.group)
    return (one.spread + two.spread - gap) / 2


@asks("delong_auc")
def test_areas(case, asah):
    found = {name: roc_auc(asah["y"], asah[name]).value for name in case["expected"]}

    assert found == pytest.approx(case["expected"], abs=case["tol"])


@asks("delong_var")
def test_variances(case, asah):
    found = {n: _single(asah["y"], asah[n], None, n).spread for n in case["expected"]}

    assert found == pytest.approx(case["expected"], abs=case["tol"])


@asks("delong_cov")
def test_covariances(case, asah):
    found = {key: covariance(asah, *key.split(",")) for key in case["expected"]}

    assert found == pytest.approx(case["expected"], abs=case["tol"])


@asks("delong_ci95")
def test_wald_intervals(case, asah):
    female = asah["female"]
    everyone = roc_auc(asah["y"], asah["ndka"], interval="wald")
    women = roc_auc(asah["y"][female], asah["ndka"][female], interval="wald")

    for found, name in ((everyone, "ndka"), (women, "ndka_females")):
        limits = (found.low, found.value, found.high)
        assert limits == pytest.approx(case["expected"][name], abs=case["tol"])


@asks("delong_ci95_more")
def test_wald_and_logit_intervals(case, asah):
    for name, expected in case["expected"].items():
        score, scale = name.split("_")
        found = roc_auc(asah["y"], asah[score], interval=scale)

        assert (found.low, found.high) == pytest.approx(expected, abs=case["tol"])


@asks("delong_paired")
def test_paired_differences(case, asah):
    for name, expected in case["expected"].items():
        a, b = name.split("_vs_")
        found = compare_roc_auc(asah["y"], asah[a], asah[b])

        assert found.statistic == pytest.approx(expected["z"], abs=case["tol"])
        assert found.p == pytest.approx(expected["p"], abs=case["tol"])
        if "ci" in expected:
            assert (found.low, found.high) == pytest.approx(expected["ci"], abs=case["tol"])


@asks("delong_small_overflow")
def test_small_samples(case):
    one = _single([0, 0, 0, 1, 1, 1], [0.21, 0.35, 0.63, 0.92, 0.32, 0.79], None, "scores")
    expected = case["expected"]

    assert one.value == pytest.approx(expected["auc"], abs=case["tol"])
    assert one.spread == pytest.approx(expected["var"], abs=case["tol"])
    assert wald(one.value, one.spread**0.5) == pytest.approx(expected["wald_unclipped"], abs=1e-6)


@asks("clustered_auc_identity")
def test_copies_of_a_patient(case, asah):
    expected = case["expected"]
    one = _single(asah["y"], asah["ndka"], None, "ndka")
    y, s = np.repeat(asah["y"], 3), np.repeat(asah["ndka"], 3)
    many = _single(y, s, np.repeat(np.arange(113), 3), "ndka")
    found = (one.spread, many.spread, _single(y, s, None, "ndka").spread)
    wanted = expected["each_row_x3_same_patient"]

    assert found[0] == pytest.approx(expected["one_image_per_patient"]["var"], abs=case["tol"])
    assert found[1] == pytest.approx(wanted["var_cluster"], abs=case["tol"])
    assert found[2] == pytest.approx(wanted["var_naive_delong"], abs=case["tol"])


@asks("clustered_auc_mixed")
def test_patients_with_both_classes(case):
    y = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0]
    s = [0.9, 0.4, 0.8, 0.6, 0.55, 0.3, 0.7, 0.65, 0.2, 0.5, 0.1, 0.95, 0.45, 0.35]
    g = [1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7]
    one, naive = _single(y, s, g, "s"), _single(y, s, None, "s")

    assert one.value == pytest.approx(case["expected"]["auc"], abs=case["tol"])
    assert one.spread == pytest.approx(case["expected"]["var_cluster"], abs=case["tol"])
    assert naive.spread == pytest.approx(case["expected"]["var_naive"], abs=case["tol"])


@pytest.mark.parametrize("case", ["binom_ci", "binom_ci_edges"], indirect=True)
def test_shares(case):
    for text, expected in case["expected"].items():
        k, n = map(int, text.split("/"))
        for name, limits in expected.items():
            exact = name.startswith(("clopper", "cp"))
            found = proportion(k, n, interval="exact" if exact else "wilson")
            pair = (found.low, found.high) if isinstance(limits, list) else found.low

            assert pair == pytest.approx(limits, abs=case["tol"])


@asks("binom_ci_newcombe")
def test_newcombes_shares(case):
    for text, expected in case["expected"].items():
        found = proportion(*map(int, text.split("/")))

        assert (found.low, found.high) == pytest.approx(expected, abs=case["tol"])


@asks("mcnemar_exact")
def test_exact_mcnemar(case):
    for text, p in case["expected"].items():
        (both, a), (b, neither) = json.loads(text)
        right = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [both, a, b, neither], axis=0)
        found = mcnemar(np.ones(len(right)), right[:, 0], right[:, 1])

        assert (found.p, found.statistic) == pytest.approx((p, min(a, b)), abs=case["tol"])


@pytest.mark.parametrize("case", ["holm", "holm2"], indirect=True)
def test_holm(case):
    expected = case["expected"]

    assert_allclose(holm(expected["p"]), expected.get("adj", expected.get("holm")), atol=1e-12)


def ece(hit, confidence, bins):
    gaps = bin_gaps(np.asarray(hit, bool), np.asarray(confidence), np.zeros(len(hit), int), bins)
    return np.abs(gaps).sum() / len(hit)


@asks("ece_binary")
def test_calibration_error_of_the_positive_class(case):
    found = {bins: ece(Y, P, int(bins)) for bins in case["expected"]["ece"]}

    assert found == pytest.approx(case["expected"]["ece"], abs=case["tol"])
    assert scores(Y, P, ["no", "yes"])["ece"].value == pytest.approx(found["10"])


@asks("ece_toplabel")
def test_calibration_error_of_the_top_label(case):
    top = np.maximum(P, 1 - np.array(P))
    right = (np.array(P) >= 0.5) == Y
    found = {bins: ece(right, top, int(bins)) for bins in case["expected"]["ece"]}

    assert found == pytest.approx(case["expected"]["ece"], abs=case["tol"])


@asks("brier")
def test_losses(case):
    found = scores(Y, P, ["no", "yes"])
    expected = case["expected"]

    assert found["brier"].value == pytest.approx(expected["binary"], abs=case["tol"])
    assert found["log_loss"].value == pytest.approx(expected["log_loss"], abs=case["tol"])
    assert found["roc_auc"].value == pytest.approx(expected["auc"], abs=case["tol"])


@asks("brier_two_forms")
def test_forms_of_brier(case):
    p = np.array([[0.2, 0.8], [0.4, 0.6]])
    three = scores([1, 0], np.column_stack([p, [0, 0]]), ["a", "b", "c"])["brier"]
    two = scores([1, 0], p, ["a", "b"])["brier"]

    assert three.value == pytest.approx(case["expected"]["sum_over_classes"])
    assert two.value == pytest.approx(case["expected"]["binary"])
    assert (three.how.split(";")[0], two.how.split(";")[0]) == (
        "sum form over 3 classes",
        "binary form",
    )


@asks("pr_area")
def test_average_precision(case):
    s = [0.21, 0.35, 0.63, 0.92, 0.32, 0.79]
    found = scores([0, 0, 0, 1, 1, 1], s, ["no", "yes"])["average_precision"]

    assert found.value == pytest.approx(case["expected"]["average_precision"], abs=case["tol"])


@asks("multiclass_auc")
def test_three_classes(case):
    text = case["input"]
    y, p = (
        json.loads(part.split("=")[1].replace("[.", "[0.").replace(",.", ",0."))
        for part in text.split("; ")
    )
    found = scores(y, p, ["a", "b", "c"])
    expected = case["expected"]
    wanted = {
        "roc_auc": expected["ovr_macro"],
        "accuracy": expected["acc"],
        "balanced_accuracy": expected["balanced_acc"],
        "mcc": expected["mcc"],
        "f1": expected["macro_f1"],
    }

    assert {name: found[name].value for name in wanted} == pytest.approx(wanted, abs=case["tol"])


@asks("roc_first_point")
def test_seed_bug_sensitivity_of_the_first_roc_point(case):
    found = rates(np.array([[1005.0, 933.0], [777.0, 4136.0]]))

    assert found["sensitivity"] == pytest.approx(case["expected"]["sens"], abs=case["tol"])
    assert found["specificity"] == pytest.approx(case["expected"]["spec"], abs=case["tol"])


@asks("hard_label_auc")
def test_seed_bug_area_of_hard_labels(case):
    y = np.repeat([1, 0], [16, 10])
    hard = np.repeat([1.0, 1.0, 0.0], [16, 2, 8])
    found = scores(y, hard, ["no", "yes"])

    assert found["roc_auc"].value is None
    assert "decisions" in found["roc_auc"].reason
    assert found["balanced_accuracy"].value == case["expected"]["balanced_accuracy"]


@asks("seed_confusion")
def test_seed_confusion_matrices(case, reference):
    seeds = json.loads((reference / "published.json").read_text())["seeds"]
    cervix = np.array(
        seeds["000_cervix"]["reported"]["confusion_matrix_rows_true"]["matrix"], float
    )
    models = seeds["003_breast_mri"]["models"]
    breast = {n: np.array(m["reported"]["confusion_matrix"], float) for n, m in models.items()}
    found = {
        "cervix_acc": float(accuracy(cervix)),
        "cervix_macro_f1": float(rates(one_against_rest(cervix))["f1"].mean()),
        "cervix_mcc": float(matthews(cervix)),
        **{f"{name.lower()}_mcc": float(matthews(table)) for name, table in breast.items()},
    }

    assert found == pytest.approx(case["expected"], abs=case["tol"])
