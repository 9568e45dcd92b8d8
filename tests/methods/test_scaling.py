import numpy as np

from texturekit.methods.scaling import Scaling


def test_every_block_gets_the_same_total_variance(rng):
    x = rng.normal(3, [1, 100, 7, 0.1, 5], (400, 5))

    z = Scaling.fit(x, [[0], [1, 2, 3, 4]])(x)

    np.testing.assert_allclose(z[:, 0].var(), z[:, 1:].var(axis=0).sum(), rtol=0.02)


def test_columns_are_standardised_with_training_numbers_only(rng):
    train, test = rng.normal(0, 1, (50, 2)), rng.normal(9, 3, (50, 2))
    scaling = Scaling.fit(train, [[0, 1]])

    expected = np.clip((test - train.mean(axis=0)) / train.std(axis=0), -6, 6) * np.sqrt(50)

    np.testing.assert_allclose(scaling(test), expected)


def test_a_constant_column_becomes_zero_and_takes_no_weight(rng):
    x = np.column_stack([np.full(30, 0.1), rng.normal(size=30)])

    z = Scaling.fit(x, [[0, 1]])(x + np.array([[5.0, 0.0]]))

    assert (z[:, 0] == 0).all()
    np.testing.assert_allclose(z[:, 1].var(), 100.0)


def test_outliers_are_clipped_at_six_standard_deviations(rng):
    x = rng.normal(size=(100, 1))

    z = Scaling.fit(x, [[0]])(np.array([[1e9]]))

    np.testing.assert_allclose(z, [[60.0]])
