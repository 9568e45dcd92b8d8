"""Thresholds against the published case, a slow obvious twin, and what the rules promise."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import texturekit as tk
from texturekit.errors import MetricError
from texturekit.metrics import choose_threshold
from texturekit.metrics.thresholds import Rule

Y = [0, 0, 0, 0, 1, 0, 1, 1, 0, 1]
P = [0.05, 0.1, 0.2, 0.3, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]


@pytest.fixture(scope="module")
def case(reference):
    cases = json.loads((reference / "stat_reference.json").read_text())
    data = cases["datasets"]["aSAH"]
    rows = dict(zip(data["columns"], zip(*data["rows"], strict=True), strict=True))
    (found,) = [c for c in cases["cases"] if c["id"] == "youden"]
    return np.array(rows["outcome"]) == "Poor", np.array(rows["s100b"], float), found


def test_the_published_case(case):
    y, s100b, wanted = case
    expected = wanted["expected"]

    upper = choose_threshold(y, s100b, "youden", between=False)
    middle = choose_threshold(y, s100b, "youden")

    assert upper.value == pytest.approx(expected["t"], abs=wanted["tol"])
    assert middle.value == pytest.approx(0.205)  # pROC's
    for found in (upper, middle):
        assert found.sensitivity == pytest.approx(expected["sens"], abs=wanted["tol"])
        assert found.specificity == pytest.approx(expected["spec"], abs=wanted["tol"])
        total = found.sensitivity + found.specificity
        assert total == pytest.approx(expected["youden_plus_1"], abs=wanted["tol"])


def test_youden_agrees_with_scikit_learn(rng):
    from sklearn.metrics import roc_curve

    for _ in range(20):
        y = rng.random(60) < 0.4
        scores = np.round(rng.normal(size=60) + y, 1)
        alarms, hits, cuts = roc_curve(y, scores, drop_intermediate=False)
        best = max(hits - alarms)

        found = choose_threshold(y, scores, between=False)

        assert found.sensitivity + found.specificity - 1 == pytest.approx(best)
        equal = cuts[np.isclose(hits - alarms, best)]
        assert found.value == min(min(equal), scores.max() + 1)


def twin(rule, y, scores):
    """Try every score, and one above all; of equally good ones take the lowest."""
    aim = rule.aim
    tried = []
    for cut in sorted({*scores, np.nextafter(max(scores), np.inf)}):
        said = [score >= cut for score in scores]
        sens = sum(s and t for s, t in zip(said, y, strict=True)) / sum(y)
        spec = sum(not s and not t for s, t in zip(said, y, strict=True)) / (len(y) - sum(y))
        misses, false = round((1 - sens) * sum(y)), round((1 - spec) * (len(y) - sum(y)))
        tried.append((cut, sens, spec, misses, false))
    if rule.name == "sensitivity":
        return max((t for t in tried if t[1] >= aim), key=lambda t: (t[2], t[1]))
    if rule.name == "specificity":
        return max((t for t in tried if t[2] >= aim), key=lambda t: (t[1], t[2]))
    return min(tried, key=lambda t: aim * t[3] + t[4])


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=30),
    st.sampled_from(["sensitivity=0.8", "sensitivity=1", "specificity=0.7", "cost=3", "cost=0.5"]),
)
def test_rules_agree_with_the_twin(rows, text):
    y, scores = [t for t, _ in rows], [s / 10 for _, s in rows]
    if len(set(y)) < 2:
        return
    rule = Rule.of(text)
    cut, sens, spec, misses, false = twin(rule, y, scores)

    found = choose_threshold(y, scores, text)

    if rule.name == "cost":
        got = rule.aim * round((1 - found.sensitivity) * sum(y)) + round(
            (1 - found.specificity) * (len(y) - sum(y))
        )
        assert got == pytest.approx(rule.aim * misses + false)
        assert (np.array(scores) >= found.value).tolist() == [s >= cut for s in scores]
    else:
        assert (found.sensitivity, found.specificity) == (sens, spec)
        assert found.reached


def test_a_cut_is_midway_and_equal_scores_stay_together():
    found = choose_threshold(Y, P, "sensitivity=1")

    assert found.value == pytest.approx(0.25)
    assert (found.sensitivity, found.specificity) == (1.0, 0.5)  # the negative at .3 is called, too
    assert (found.positives, found.negatives) == (4, 6)


def test_midway_between_neighbouring_floats_parts_them():
    low = 0.1
    high = np.nextafter(low, 1)

    assert choose_threshold([0, 1], [low, high]).value == high


def test_of_equally_good_cuts_the_lowest_is_taken():
    found = choose_threshold([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])

    assert found.value == pytest.approx(0.15)  # as good as 0.35: sensitivity 1 and .5, .5 and 1


def test_the_order_of_images_and_a_rising_change_of_scores_change_no_decision(rng):
    y, scores = rng.random(50) < 0.5, rng.random(50)
    order = rng.permutation(50)
    for rule in ("youden", "sensitivity=0.9", "specificity=0.8", "cost=2"):
        found = choose_threshold(y, scores, rule)
        again = choose_threshold(y[order], scores[order], rule)
        other = choose_threshold(y, scores**3, rule)

        assert again.value == found.value
        assert (other.sensitivity, other.specificity) == (found.sensitivity, found.specificity)


def test_costs_decide_by_the_share_of_positives():
    y, scores = [0] * 90 + [1] * 10, [0.2] * 80 + [0.6] * 10 + [0.6] * 10

    assert choose_threshold(y, scores, "cost=2").sensitivity == 1.0  # 10 alarms against 20
    assert choose_threshold(y, scores, "cost=0.5").sensitivity == 0.0  # 10 alarms against 5


def test_letters_of_a_rule_are_not_its_spirit():
    blind = choose_threshold([0, 1, 0, 1], [0.9, 0.1, 0.8, 0.2], "sensitivity=1")
    few = choose_threshold(Y, P, "sensitivity=0.9")

    assert (blind.value, blind.specificity) == (0.1, 0.0)
    assert "every image is called positive" in blind.caution
    assert "of 4 positive images" in few.caution
    assert choose_threshold(Y, P).caution is None


def test_a_missing_class_gives_none_with_the_reason():
    found = choose_threshold([0, 0], [0.1, 0.2])

    assert found.value is None
    assert "no positive image" in found.reason


def test_fixed_is_one_half():
    found = choose_threshold(Y, P, "fixed")

    assert (found.value, found.sensitivity, found.specificity) == (0.5, 0.75, 5 / 6)


@pytest.mark.parametrize(
    "rule", ["best", "sensitivity", "sensitivity=1.2", "specificity=0", "cost=-1", "cost=inf",
             "youden=3", "fixed=0.3", "sensitivity=nan"],
)  # fmt: skip
def test_rules_that_are_none(rule):
    with pytest.raises(MetricError, match="use fixed, youden, sensitivity"):
        choose_threshold(Y, P, rule)


def test_it_takes_no_other_images():
    import inspect

    assert list(inspect.signature(choose_threshold).parameters) == [
        "y",
        "scores",
        "rule",
        "between",
    ]
    assert tk.metrics.choose_threshold is choose_threshold


def test_scores_beyond_which_there_is_no_number_are_refused():
    with pytest.raises(MetricError, match="scale them down"):
        choose_threshold([0, 1], [0.0, 1.7e308])
    assert choose_threshold([0, 1, 1], [0.1, 0.2, 0.3], "cost=1e308").sensitivity == 1.0
