"""The published cases of stat_reference.json that are tests of methods."""

from __future__ import annotations

import json

import numpy as np
import pytest

from texturekit.metrics import (
    compare_roc_auc,
    compare_roc_auc_unpaired,
    friedman,
    mcnemar,
    mcnemar_bounds,
    nadeau_bengio,
    nemenyi,
    roc_auc_power,
)
from texturekit.metrics.several import critical_difference


@pytest.fixture(scope="module")
def tables(reference):
    return json.loads((reference / "stat_reference.json").read_text())


@pytest.fixture(scope="module")
def cases(tables):
    return {case["id"]: case for case in tables["cases"]}


@pytest.fixture(scope="module")
def asah(tables):
    data = tables["datasets"]["aSAH"]
    rows = dict(zip(data["columns"], zip(*data["rows"], strict=True), strict=True))
    scores = {name: np.array(rows[name], float) for name in ("wfns", "s100b", "ndka")}
    return np.array(rows["outcome"]) == "Poor", scores


def decisions(table):
    (both, a), (b, neither) = json.loads(table)
    right = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [both, a, b, neither], axis=0)
    return np.ones(len(right)), right[:, 0], right[:, 1]


def test_areas_of_different_patients(cases, asah):
    case, (y, scores) = cases["delong_unpaired"], asah
    for name, expected in case["expected"].items():
        a, b = name.split("_vs_")
        found = compare_roc_auc_unpaired(y, scores[a], y, scores[b])

        assert found.statistic == pytest.approx(expected["D"], abs=case["tol"])
        assert found.p == pytest.approx(expected["p"], abs=case["tol"])


def test_one_sided_areas(cases, asah):
    case, (y, scores) = cases["delong_one_sided"], asah
    sides = {"wfns>s100b": "greater", "wfns<s100b": "less"}
    found = {
        name: compare_roc_auc(y, scores["wfns"], scores["s100b"], alternative=side).p
        for name, side in sides.items()
    }

    assert found == pytest.approx(case["expected"], abs=case["tol"])


def test_power_of_one_curve(cases):
    case = cases["auc_power"]

    assert roc_auc_power(0.73, 41, 72) == pytest.approx(case["expected"]["power"], abs=case["tol"])


def test_mid_p_of_mcnemar(cases):
    case = cases["mcnemar_midp"]
    for table, expected in case["expected"].items():
        found, exact = mcnemar(*decisions(table), test="mid-p"), mcnemar(*decisions(table))

        assert found.p == pytest.approx(expected, abs=case["tol"])
        assert f"mid-p {expected:.3g}" in exact.how


def test_chi_square_of_mcnemar(cases):
    case = cases["mcnemar_chi2"]
    for table, expected in case["expected"].items():
        for key, test in (("cc", "chi2-corrected"), ("nocc", "chi2")):
            found = mcnemar(*decisions(table), test=test)

            assert [found.statistic, found.p] == pytest.approx(expected[key], abs=case["tol"] * 10)


def test_bounds_of_mcnemar_from_two_accuracies(cases):
    case = cases["mcnemar_bounds"]
    exact, chi2 = (mcnemar_bounds(6851, 5285, 5207, test=test) for test in ("exact", "chi2"))

    # the case takes its lower bound from the exact test, its upper one from chi-square
    assert exact.smallest == pytest.approx(case["expected"]["p_min"], rel=1e-9)
    assert chi2.largest == pytest.approx(case["expected"]["p_max"], abs=case["tol"])
    assert exact.largest == pytest.approx(chi2.largest, abs=0.006)


def test_demsars_four_methods_on_fourteen_sets(cases, tables):
    case = cases["friedman_demsar"]
    ranks = np.array(tables["datasets"]["demsar_table6"]["ranks_as_published"])
    found = friedman(-ranks)

    assert found.mean_ranks == pytest.approx(case["expected"]["avg_ranks"], abs=case["tol"])
    assert found.chi2 == pytest.approx(9.278571428571437)  # the case's note has all digits
    assert found.f == pytest.approx(3.686313032089068)
    assert found.p == pytest.approx(0.019823006, abs=1e-8)
    assert found.p_chi2 == pytest.approx(0.025807497, abs=1e-8)
    assert found.chi2_ties == pytest.approx(10.2283, abs=1e-4)  # scipy's


def test_demsars_critical_differences(cases):
    case = cases["nemenyi_cd"]
    for level, expected in case["expected"].items():
        found = critical_difference(4, 14, level=float(level))

        assert found == pytest.approx(expected["CD"], abs=case["tol"])


def test_nemenyis_p_values(cases):
    case = cases["nemenyi_friedman_p"]
    table = json.loads(case["input"].partition(" (")[0])
    found = nemenyi(-np.array(table, float))

    first = [row[0] for row in found.p]
    assert first == pytest.approx(case["expected"]["first_column"], abs=case["tol"])


def test_nadeau_and_bengios_test(cases):
    from sklearn.datasets import make_moons
    from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    x, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    rbf, linear = (
        cross_val_score(SVC(kernel=k, random_state=0), x, y, scoring="roc_auc", cv=folds)
        for k in ("rbf", "linear")
    )
    case, found = cases["nadeau_bengio"], nadeau_bengio(rbf - linear, 10 / 90)

    assert found.statistic == pytest.approx(case["expected"]["corrected_t"], abs=case["tol"])
    assert found.p / 2 == pytest.approx(case["expected"]["corrected_p"], abs=case["tol"])
