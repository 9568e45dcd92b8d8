from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests import naive_metrics as naive
from texturekit.errors import MetricError
from texturekit.metrics import compare_roc_auc, roc_auc
from texturekit.metrics.delong import _single
from texturekit.metrics.limits import Z95, area_score

SMALL = ([0, 0, 0, 1, 1, 1], [0.21, 0.35, 0.63, 0.92, 0.32, 0.79])


def draw(rng, n=40, levels=12):
    """Return labels and two sets of tied scores of n images."""
    y = np.arange(n) % 3 == 0
    a = np.round(rng.normal(size=n) + y, 1)
    b = rng.integers(0, levels, n) + 2 * y
    return y, a, b


def spread(y, scores, groups=None):
    return _single(y, scores, groups, "scores").spread


def test_area_is_that_of_scikit_learn(rng):
    from sklearn.metrics import roc_auc_score

    for _ in range(20):
        y, a, b = draw(rng)

        assert roc_auc(y, a).value == pytest.approx(roc_auc_score(y, a), abs=1e-12)
        assert roc_auc(y, b).value == pytest.approx(roc_auc_score(y, b), abs=1e-12)


def test_variance_is_that_of_the_obvious_loop(rng):
    y, a, b = draw(rng)

    assert spread(y, a) == pytest.approx(naive.delong_covariance(y, a, a), rel=1e-10)
    assert spread(y, b) == pytest.approx(naive.delong_covariance(y, b, b), rel=1e-10)


def test_paired_difference_is_that_of_the_obvious_loop(rng):
    y, a, b = draw(rng)
    cov = naive.delong_covariance
    error = np.sqrt(cov(y, a, a) + cov(y, b, b) - 2 * cov(y, a, b))

    found = compare_roc_auc(y, a, b)

    assert found.value == pytest.approx(naive.auc(y, a) - naive.auc(y, b), abs=1e-12)
    assert found.statistic == pytest.approx(found.value / error, rel=1e-9)
    assert found.high - found.low == pytest.approx(2 * Z95 * error, rel=1e-9)


def test_clustered_variance_is_that_of_the_obvious_loop(rng):
    for _ in range(10):
        y, a, _ = draw(rng)
        groups = rng.integers(0, 12, y.size)

        assert spread(y, a, groups) == pytest.approx(naive.obuchowski(y, a, groups), rel=1e-9)


def test_single_images_give_the_same_clustered_as_not(rng):
    y, a, b = draw(rng)
    names = [f"patient {i}" for i in range(y.size)]

    assert roc_auc(y, a, names) == roc_auc(y, a)
    assert compare_roc_auc(y, a, b, names) == compare_roc_auc(y, a, b)


@pytest.mark.parametrize("copies", [2, 5])
def test_copies_of_every_image_change_neither_variance_nor_test(rng, copies):
    y, a, b = draw(rng)
    groups = np.tile(np.arange(y.size), copies)
    many = [np.tile(x, copies) for x in (y, a, b)]

    one, several = compare_roc_auc(y, a, b), compare_roc_auc(*many, groups, test="delong")

    assert spread(many[0], many[1], groups) == pytest.approx(spread(y, a), rel=1e-10)
    assert (several.low, several.p) == pytest.approx((one.low, one.p), rel=1e-9)


def test_several_images_a_patient_are_tested_by_t_unless_asked_otherwise(rng):
    from scipy.stats import t

    y = np.repeat(np.arange(16) % 2 == 0, 3)
    a, b = y + rng.normal(size=48), rng.normal(size=48)
    groups = np.repeat(np.arange(16), 3)

    z, own = compare_roc_auc(y, a, b, groups, test="delong"), compare_roc_auc(y, a, b, groups)
    more, less = (compare_roc_auc(y, a, b, groups, alternative=w) for w in ("greater", "less"))

    assert own == compare_roc_auc(y, a, b, groups, test="t")
    assert own.p == pytest.approx(2 * t.sf(abs(z.statistic), 7))  # 8 patients of either class
    assert (more.p, less.p) == pytest.approx((t.sf(z.statistic, 7), t.cdf(z.statistic, 7)))
    assert "7 degrees of freedom, one-sided (a above b)" in more.how


def test_patients_with_several_images_widen_the_interval(rng):
    y = np.repeat(np.arange(30) % 2 == 0, 4)
    scores = np.repeat(rng.normal(size=30), 4) + rng.normal(size=120) / 5 + y
    groups = np.repeat(np.arange(30), 4)

    plain, clustered = roc_auc(y, scores), roc_auc(y, scores, groups)

    assert clustered.value == plain.value
    assert clustered.high - clustered.low > 1.5 * (plain.high - plain.low)
    assert clustered.how == "Obuchowski (small-sample variance), logit"


@given(st.integers(0, 2**32 - 1))
def test_order_of_the_rows_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    y, a, _ = draw(rng, 15)
    groups = rng.integers(0, 9, 15)
    order = rng.permutation(15)

    one, other = roc_auc(y, a, groups), roc_auc(y[order], a[order], groups[order])

    assert (one.value, one.reason) == (other.value, other.reason)
    assert (one.low is None) == (other.low is None)
    if one.low is not None:
        assert one.low == pytest.approx(other.low, rel=1e-9)


def test_swapping_a_and_b_turns_the_sign(rng):
    y, a, b = draw(rng)

    one, other = compare_roc_auc(y, a, b), compare_roc_auc(y, b, a)

    assert (one.value, one.statistic, one.p) == (-other.value, -other.statistic, other.p)
    assert_allclose((one.low, one.high), (-other.high, -other.low))


def test_only_the_order_of_scores_counts(rng):
    y, a, _ = draw(rng)

    assert roc_auc(y, np.exp(a) * 7 - 3) == roc_auc(y, a)


def test_other_labels_or_negative_scores_mirror_the_area(rng):
    y, a, _ = draw(rng)

    one, labels, turned = roc_auc(y, a), roc_auc(~y, a), roc_auc(y, -a)

    assert labels.value == pytest.approx(1 - one.value)
    assert (labels.low, labels.high) == pytest.approx((turned.low, turned.high))
    assert turned.low == pytest.approx(1 - one.high)


def test_constant_scores_give_exactly_one_half():
    found = roc_auc([0, 1, 1, 0, 1], [0.1 + 0.2] * 5)

    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)
    assert "equal scores" in found.how


def test_perfect_separation_has_an_interval_with_a_width():
    found = roc_auc([0] * 10 + [1] * 10, range(20))

    assert found.value == found.high == 1
    assert 0.7 < found.low < 0.95
    assert "Newcombe" in found.how


def test_perfect_separation_of_more_images_is_surer():
    assert area_score(1.0, 10, 10)[0] < area_score(1.0, 50, 50)[0] < 1
    assert area_score(0.0, 10, 10) == pytest.approx([1 - x for x in area_score(1, 10, 10)[::-1]])


def test_a_perfect_ranking_can_be_compared_with_a_constant_one():
    y = np.arange(60) % 2

    found = compare_roc_auc(y, y + np.arange(60) / 100, np.full(60, 0.3))

    assert found.value == 0.5
    assert 0.3 < found.low < 0.5 <= found.high
    assert found.p < 0.001
    assert "square-and-add" in found.how


@pytest.mark.parametrize("scores", [SMALL[1], [0, 0, 0, 1, 2, 3], [5] * 6], ids=str)
def test_a_method_does_not_differ_from_itself(scores):
    found = compare_roc_auc(SMALL[0], scores, scores)

    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert (found.statistic, found.p) == (0, 1)


def test_wald_limits_are_cut_and_logit_limits_stay_inside():
    # Metrics Reloaded, figure SN 2.18: AUC .78; Wald limits without a cut are .29 and 1.26
    wald, logit = roc_auc(*SMALL, interval="wald"), roc_auc(*SMALL)

    assert wald.value == pytest.approx(7 / 9)
    assert wald.low == pytest.approx(0.290820810790788, abs=1e-9)
    assert wald.high == 1
    assert 0 < logit.low < logit.value < logit.high < 1


@pytest.mark.parametrize(("y", "missing"), [([1, 1, 1], "negative"), ([0, 0, 0], "positive")])
def test_a_missing_class_gives_no_value_and_the_reason(y, missing):
    found = roc_auc(y, [0.1, 0.2, 0.3])
    difference = compare_roc_auc(y, [0.1, 0.2, 0.3], [0.3, 0.2, 0.1])

    assert found.value is None
    assert found.reason == difference.reason == f"there is no {missing} image"


def test_a_single_positive_image_has_an_area_but_no_interval():
    found = roc_auc([0, 0, 0, 1], [0.1, 0.5, 0.3, 0.4])

    assert found.value == pytest.approx(2 / 3)
    assert found.low is None
    assert found.reason == "not estimable: 1 positive image"


def test_hard_labels_are_refused():
    with pytest.raises(MetricError, match="only 0 and 1, which are decisions"):
        roc_auc([0, 0, 1, 1], [0, 1, 1, 1])
    with pytest.raises(MetricError, match="b hold only 0 and 1"):
        compare_roc_auc([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], [0, 1, 1, 1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_says_which_scores_are_not_finite(bad):
    with pytest.raises(MetricError, match=r"scores are not finite at positions 1, 3 \(2 of 4\)"):
        roc_auc([0, 1, 0, 1], [0.5, bad, 0.5, bad])


@pytest.mark.parametrize(
    ("y", "scores", "groups", "text"),
    [
        ([0, 1, 2], [1, 2, 3], None, "labels hold 0, 1, 2"),
        ([], [], None, "labels have the shape"),
        (["a", "b"], [1, 2], None, "labels hold 'a', 'b'"),
        (np.array([0, "x", None], dtype=object), [1, 2, 3], None, "labels hold 0, 'x', None"),
        ([[0], [1, 0]], [1, 2], None, "labels are no array"),
        ([0, 1], ["low", "high"], None, "scores are no numbers"),
        ([0, 1], [0.1, 0.2], [["p"], ["q", "r"]], "groups are no names"),
        ([0, 1], [1, 2, 3], None, "there are 2 labels"),
        ([0, 1], [1, 2], ["p"], "groups have the shape"),
    ],
)
def test_refuses_what_is_no_pair_of_labels_and_scores(y, scores, groups, text):
    with pytest.raises(MetricError, match=text):
        roc_auc(y, scores, groups)


def test_an_unknown_interval_is_named():
    with pytest.raises(MetricError, match="'bayes'"):
        roc_auc(*SMALL, interval="bayes")


def test_missing_groups_stand_for_themselves(rng):
    y, a, _ = draw(rng, 12)

    found = roc_auc(y, a, ["p", "p", *[None] * 10])

    assert found == roc_auc(y, a, ["p", "p", *range(10)])


def test_a_missing_group_among_texts_is_no_patient_called_nan(rng):
    y, a, _ = draw(rng, 12)

    found = roc_auc(y, a, ["p", "p", *[float("nan")] * 10])

    assert found == roc_auc(y, a, ["p", "p", *range(10)])
