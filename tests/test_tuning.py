import math

import numpy as np
import pytest
from scipy.stats import qmc

from texturekit.errors import ParameterError
from texturekit.tuning import Choice, Range, defaults, grid, sample, search

COST = Range(0.001, 10, default=0.1, log=True)
LEAF = Range(1, 10, default=1, log=True, whole=True)
WEIGHTS = Choice(("uniform", "distance"), default="distance")
SPACE = {"C": COST, "leaf": LEAF, "weights": WEIGHTS}


@pytest.mark.parametrize("count", [1, 2, 8, 16])
def test_the_first_candidate_is_the_defaults_and_all_differ(count):
    found = sample(SPACE, count)

    assert found[0] == {"C": 0.1, "leaf": 1, "weights": "distance"}
    assert len({tuple(one.values()) for one in found}) == count


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_every_candidate_lies_inside_the_declared_limits(seed):
    for one in sample(SPACE, 64, seed=seed):
        assert 0.001 <= one["C"] <= 10
        assert one["leaf"] in range(1, 11)
        assert isinstance(one["leaf"], int)
        assert one["weights"] in WEIGHTS.values


def test_the_same_seed_gives_the_same_candidates_and_another_one_others():
    assert sample(SPACE, 8, seed=3) == sample(SPACE, 8, seed=3)
    assert sample(SPACE, 8, seed=3) != sample(SPACE, 8, seed=4)


def test_a_larger_budget_adds_to_a_smaller_one():
    small = {tuple(one.values()) for one in sample(SPACE, 8)}
    large = {tuple(one.values()) for one in sample(SPACE, 20)}

    assert small < large


def test_candidates_are_sobols_points_shifted_round_the_cube():
    space = {"a": Range(0, 1, default=0.5), "b": Range(0, 1, default=0.5)}
    shift = np.random.default_rng(5).random(2)
    points = (qmc.Sobol(2, scramble=False).random_base2(2) + shift) % 1

    found = sample(space, 5, seed=5)[1:]

    expected = sorted(tuple(float(f"{v:.3g}") for v in point) for point in points)
    assert sorted((one["a"], one["b"]) for one in found) == expected


def test_each_range_is_filled_evenly():
    # Sobol (1967): each eighth of every side holds one of eight points, before the shift; the
    # shift moves all points round together, so that no gap is wider than an eighth.
    places = sorted(COST.place(one["C"]) for one in sample({"C": COST}, 9, seed=2)[1:])

    assert max(np.diff(places)) < 1 / 8 + 0.01


def test_a_small_space_is_tried_as_a_whole():
    space = {"leaf": Range(1, 3, default=2, whole=True), "weights": WEIGHTS}

    found = sample(space, 100)

    assert len(found) == 6
    assert found[0] == {"leaf": 2, "weights": "distance"}


def test_every_whole_number_of_a_log_range_can_be_reached():
    assert sorted(one["leaf"] for one in sample({"leaf": LEAF}, 50)) == list(range(1, 11))


def test_nothing_to_choose_is_one_candidate():
    assert sample({}, 8) == [{}]


def test_a_grid_holds_every_combination_once():
    found = grid(
        {"net": Choice(("a", "b"), "a"), "rate": Range(1e-4, 1e-2, 1e-3, log=True)}, steps=3
    )

    assert len(found) == 6
    assert [one["rate"] for one in found[:3]] == [1e-4, 1e-3, 1e-2]
    assert [one["net"] for one in found] == ["a"] * 3 + ["b"] * 3


def test_the_best_score_wins_and_equal_ones_leave_the_first():
    scores = {0: 0.7, 1: 0.9, 2: 0.9, 3: 0.9 + 1e-12}

    path = search([{"k": k} for k in scores], lambda one: scores[one["k"]])

    assert path.best == 1
    assert [trial.score for trial in path.trials] == list(scores.values())


def test_the_smallest_score_can_be_the_best():
    path = search([{"k": 3}, {"k": 1}, {"k": 2}], lambda one: one["k"], largest=False)

    assert path.chosen.candidate == {"k": 1}


def test_equal_scores_keep_the_defaults():
    path = search(sample(SPACE, 16), lambda one: 0.5)

    assert path.chosen.candidate == defaults(SPACE)


def test_a_failed_trial_costs_that_trial_only():
    def evaluate(one):
        if one["k"] == 0:
            raise MemoryError("too large")
        return math.nan if one["k"] == 1 else 0.6

    path = search([{"k": 0}, {"k": 1}, {"k": 2}], evaluate)

    assert path.chosen.candidate == {"k": 2}
    assert [t.reason for t in path.trials] == ["MemoryError: too large", "the score is nan", None]


def test_where_every_trial_fails_the_first_is_taken():
    path = search([{"k": 0}, {"k": 1}], lambda one: math.inf)

    assert (path.best, path.chosen.score) == (0, None)


def test_an_interrupt_is_no_failed_trial():
    def evaluate(one):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search([{"k": 0}], evaluate)


def test_limits_that_leave_the_default_out_are_refused():
    with pytest.raises(ParameterError, match="low <= default <= high"):
        Range(1, 2, default=3)
    with pytest.raises(ParameterError, match="add it"):
        Choice(("a",), default="b")
