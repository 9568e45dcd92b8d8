from __future__ import annotations

import numpy as np
import pytest

from tests import naive_metrics as naive
from texturekit.metrics.areas import measure_area
from texturekit.metrics.resampling import draw_weights, patient_strata, redrawn_limits


def area(y, scores, fold, group):
    everything = np.ones((len(y), 1), bool)
    return measure_area(y[:, None], scores[:, None], everything, fold, group)


def drawn(rng, sizes):
    """Return labels, scores and folds with these numbers of positive and negative images."""
    y = np.concatenate([np.repeat([True, False], pair) for pair in sizes])
    fold = np.repeat(np.arange(len(sizes)), [sum(pair) for pair in sizes])
    return y, rng.normal(size=len(y)).round(1) + y, fold


def test_the_variance_over_folds_is_the_weighted_sum_of_theirs(rng):
    sizes = [(5, 9), (3, 4), (8, 2)]
    y, scores, fold = drawn(rng, sizes)
    group = np.arange(len(y)) % 4 + 4 * fold
    pairs = np.array([m * n for m, n in sizes])
    weights = pairs / pairs.sum()
    parts = [(y[fold == f], scores[fold == f], group[fold == f]) for f in range(3)]

    found = area(y, scores, fold, group)

    assert found.value == pytest.approx(
        sum(w * naive.auc(*p[:2]) for w, p in zip(weights, parts, strict=True))
    )
    assert found.spread == pytest.approx(
        sum(w**2 * naive.obuchowski(*p) for w, p in zip(weights, parts, strict=True))
    )


def test_a_fold_with_one_positive_borrows_the_component_of_the_others(rng):
    y, scores, fold = drawn(rng, [(1, 6), (4, 6), (7, 6)])
    weights = np.array([6, 24, 42]) / 72
    tens, ones, sizes = [], [], []
    for f in range(3):
        v10, v01 = naive.components(y[fold == f], scores[fold == f])
        tens.append(np.var(v10, ddof=1) if len(v10) > 1 else np.nan)
        ones.append(np.var(v01, ddof=1) / 6)
        sizes.append(len(v10))
    tens[0] = np.average(tens[1:], weights=[3, 6])  # by degrees of freedom
    expected = np.sum(weights**2 * (np.array(tens) / sizes + ones))

    found = area(y, scores, fold, np.arange(len(y)))

    assert found.spread == pytest.approx(expected)


def test_single_positives_everywhere_have_no_spread(rng):
    y, scores, fold = drawn(rng, [(1, 6), (1, 6)])

    assert area(y, scores, fold, np.arange(len(y))).spread is None


def test_the_variance_of_a_mean_over_classes_holds_their_covariance(rng):
    # a class that is counted twice: the mean is the class itself
    y, scores, fold = drawn(rng, [(12, 20)])
    twice = [np.stack([x, x], axis=1) for x in (y, scores)]
    group = np.arange(len(y))

    found = measure_area(*twice, np.ones_like(twice[0]), fold, group)

    assert found.spread == pytest.approx(area(y, scores, fold, group).spread)


def test_strata_are_the_classes_of_the_patients_and_none_is_alone():
    group = np.array([0, 0, 0, 1, 2, 3, 4])
    label = np.array([1, 1, 0, 1, 0, 0, 2])

    strata = patient_strata(group, label, np.zeros(7, dtype=np.int64))

    assert strata.tolist() == [1, 1, 0, 0, 0]


def test_strata_are_folds_and_classes_and_small_ones_are_drawn_together():
    # 12, 12 and 3 groups of class 0 and 12, 4 and 5 of class 1 in three folds; class 2 is alone
    cells = {(0, 0): 12, (1, 0): 12, (2, 0): 3, (0, 1): 12, (1, 1): 4, (2, 1): 5, (1, 2): 1}
    fold, label = np.repeat(list(cells), list(cells.values()), axis=0).T

    strata = patient_strata(np.arange(len(fold)), label, fold)

    found = {cell: set(strata[(fold == cell[0]) & (label == cell[1])].tolist()) for cell in cells}
    assert found[1, 1] == found[2, 1]
    assert found[1, 2] == found[0, 0]
    assert len({*map(tuple, found.values())}) == 5


def test_a_lone_group_joins_its_own_class():
    fold = np.array([0] * 30 + [1] * 11)
    label = np.array([0] * 20 + [1] * 10 + [0] * 10 + [1])

    strata = patient_strata(np.arange(41), label, fold)

    assert strata[40] == strata[20]
    assert len(set(strata.tolist())) == 3


def test_every_stratum_keeps_its_size_in_every_draw():
    strata = np.array([0, 0, 0, 1, 1, 0])

    draws = np.concatenate(list(draw_weights(strata, 400_000, draws=50)))

    assert draws.shape == (50, 6)
    assert set(draws[:, strata == 0].sum(axis=1)) == {4}
    assert set(draws[:, strata == 1].sum(axis=1)) == {2}
    assert len(np.unique(draws, axis=0)) > 20


def test_undefined_draws_are_counted_and_too_many_are_refused():
    draws = np.linspace(0, 1, 100)
    some, many = draws.copy(), draws.copy()
    some[:10], many[:60] = np.nan, np.nan

    assert redrawn_limits(some, 0.5).undefined == 10
    assert redrawn_limits(some, 0.5).reason is None
    refused = redrawn_limits(many, 0.5)
    assert (refused.low, refused.high, refused.undefined) == (None, None, 60)
    assert refused.reason == "undefined in 60 of 100 bootstrap draws"


def test_limits_are_percentiles_or_one_standard_error_of_the_draws(rng):
    draws = rng.normal(0.6, 0.05, size=4000)

    plain, normal = redrawn_limits(draws, 0.6), redrawn_limits(draws, 0.4, normal=True)

    assert (plain.low, plain.high) == tuple(np.quantile(draws, (0.025, 0.975)))
    reach = 1.959964 * draws.std(ddof=1)
    assert (normal.low, normal.high) == pytest.approx((0.4 - reach, 0.4 + reach))


def test_percentiles_that_leave_the_value_out_give_way(rng):
    draws = rng.normal(-0.9, 0.05, size=4000)

    found = redrawn_limits(draws, -0.999, smallest=-1.0)

    assert found.normal
    assert found.low == -1
    assert found.low < -0.999 < found.high


def test_an_undefined_value_changes_no_kind_of_interval(rng):
    assert not redrawn_limits(rng.normal(size=100), np.nan).normal
