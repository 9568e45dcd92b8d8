from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import friedmanchisquare

from texturekit.errors import MetricError
from texturekit.metrics import friedman, nemenyi
from texturekit.metrics.several import critical_difference, task_ranks

# Demsar (2006), table 5(a): q for k = 2 to 10
Q = {
    0.05: [1.960, 2.344, 2.569, 2.728, 2.850, 2.948, 3.031, 3.102, 3.164],
    0.10: [1.645, 2.052, 2.291, 2.460, 2.589, 2.693, 2.780, 2.855, 2.920],
}


@pytest.mark.parametrize("level", [0.05, 0.10])
def test_critical_differences_are_those_of_demsars_table(level):
    for methods, q in enumerate(Q[level], start=2):
        found = critical_difference(methods, 7, level=level)

        assert found == pytest.approx(q * np.sqrt(methods * (methods + 1) / 42), abs=1e-3)


def test_with_ties_chi_square_is_scipys(rng):
    values = rng.integers(0, 4, (9, 5)).astype(float)
    found, expected = friedman(values), friedmanchisquare(*values.T)

    assert (found.chi2_ties, found.p_chi2_ties) == pytest.approx(tuple(expected))
    assert found.chi2 < found.chi2_ties


def test_without_ties_both_chi_squares_are_one(rng):
    found = friedman(rng.random((6, 4)))

    assert found.chi2 == pytest.approx(found.chi2_ties)
    assert found.f == pytest.approx(5 * found.chi2 / (6 * 3 - found.chi2))


def test_one_order_in_all_tasks_has_its_exact_chance():
    found = friedman(np.tile([0.9, 0.8, 0.7], (4, 1)))

    assert found.f is None
    assert found.p == pytest.approx((1 / 6) ** 3)
    assert "F is infinite" in found.how


def test_methods_that_are_equal_everywhere_differ_in_nothing():
    found = friedman(np.ones((4, 3)))

    assert (found.chi2, found.p, found.chi2_ties) == (0, 1, None)
    assert np.all(np.array(nemenyi(np.ones((4, 3))).p) == 1)


def test_the_best_has_rank_one_and_ties_share():
    assert task_ranks([[0.7, 0.9, 0.7]] * 2).tolist() == [[2.5, 1, 2.5]] * 2


def test_nemenyis_p_is_the_level_at_the_critical_difference():
    values = np.array([[3.0, 2, 1], [3, 1, 2], [2, 3, 1], [3, 2, 1], [3, 2, 1]])
    found = nemenyi(values)
    ranks = task_ranks(values).mean(axis=0)
    gap = abs(ranks[0] - ranks[2])

    assert (found.p[0][2] < 0.05) == (gap > found.critical_difference)
    assert np.allclose(found.p, np.transpose(found.p))


@pytest.mark.parametrize("values", [[[1, 2]], [[1], [2]], [1, 2], [[1, np.nan], [1, 2]]])
def test_what_cannot_be_ranked_is_refused(values):
    with pytest.raises(MetricError, match="two or more of each"):
        friedman(values)


def test_a_level_outside_is_refused():
    with pytest.raises(MetricError, match="level 1"):
        nemenyi([[1, 2], [2, 1]], level=1)
