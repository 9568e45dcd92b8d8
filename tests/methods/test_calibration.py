import numpy as np

from texturekit.methods.calibration import Calibration


def test_probabilities_rise_with_the_decision_even_if_the_training_ranking_is_reversed(rng):
    decisions = np.linspace(-1, 1, 20)
    codes = (decisions < 0).astype(np.int64)  # held-out decisions that rank the wrong way round

    p = Calibration.fit(decisions, codes)(decisions)[:, 1]

    assert (np.diff(p) > 0).all()


def test_recovers_the_slope_of_a_logistic_model(rng):
    decisions = rng.normal(size=20_000)
    codes = (rng.random(20_000) < 1 / (1 + np.exp(-2 * decisions))).astype(np.int64)

    found = Calibration.fit(decisions, codes)

    np.testing.assert_allclose(found.slope / found.spread, 2, rtol=0.1)


def test_rows_sum_to_one_for_several_classes(rng):
    decisions = rng.normal(size=(60, 3))

    p = Calibration.fit(decisions, rng.integers(0, 3, 60))(decisions)

    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_neutral_probabilities_are_even_at_the_boundary():
    assert Calibration.neutral(np.array([-1.0, 1.0]))(np.array([0.0])).tolist() == [[0.5, 0.5]]
