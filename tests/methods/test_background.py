"""Means of training images: enough images each, the same for a seed, nobody given away."""

import os
import subprocess
import sys

import numpy as np
import pytest

from texturekit.methods.background import Background


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    return rng.normal(size=(150, 12)) * 10.0 ** rng.integers(-3, 4, 12) + 5


def test_every_row_counts_once(rows):
    found = Background.of(rows, seed=0)

    assert 2 <= len(found.rows) <= 16
    np.testing.assert_allclose(found.weights.sum(), 1)
    np.testing.assert_allclose(found.weights @ found.rows, rows.mean(axis=0))
    assert (found.weights * len(rows) >= 5 - 1e-9).all()


@pytest.mark.parametrize("count", [20, 23, 61])
def test_an_outlier_is_never_alone(rows, count):
    x = rows[:count].copy()
    x[0] *= 1e6

    found = Background.of(x, seed=1)

    assert (found.weights * count >= 5 - 1e-9).all()
    assert np.abs(found.rows[:, None] - x[None]).sum(axis=2).min() > 1e-6


def test_a_patient_is_never_alone(rows):
    x = np.vstack([rows, np.full((40, 12), 1e7) + np.arange(40)[:, None]])
    groups = np.array([f"p{k}" for k in range(150)] + ["one"] * 40)

    alone, hidden = Background.of(x, seed=0), Background.of(x, seed=0, groups=groups)

    assert alone.rows.max() > 1e7 - 1
    assert hidden.rows.max() < 9e6
    assert Background.of(x, seed=0, groups=np.repeat("p", len(x))) is None


def test_too_few_rows_have_none(rows):
    assert Background.of(rows[:19], seed=0) is None
    assert Background.of(rows[:, :0], seed=0) is None
    broken = rows[:20].copy()
    broken[0, 0] = np.nan
    assert Background.of(broken, seed=0) is None


def test_constant_and_huge_columns_stay_finite(rows):
    x = np.column_stack([rows, np.full(150, 0.1), rows[:, 0] * 1e300, np.zeros(150)])

    found = Background.of(x, seed=0)

    assert np.isfinite(found.rows).all()
    np.testing.assert_allclose(found.rows[:, 12], 0.1)
    again = Background.of(np.zeros((30, 3)), seed=0)
    assert again.rows.tolist() == [[0, 0, 0]]
    assert again.weights.tolist() == [1]


def test_clear_clusters_are_found():
    x = np.concatenate([np.full((k, 2), k) + np.random.default_rng(k).normal(0, 0.01, (k, 2))
                        for k in (10, 20, 40)])  # fmt: skip

    found = Background.of(x, seed=0)

    assert {round(value) for value in found.rows[:, 0]} == {10, 20, 40}
    shares = [found.weights[np.round(found.rows[:, 0]) == k].sum() for k in (10, 20, 40)]
    np.testing.assert_allclose(shares, [1 / 7, 2 / 7, 4 / 7])


def test_threads_change_no_bit():
    code = (
        "import numpy as np; from texturekit.methods.background import Background\n"
        "x = np.random.default_rng(0).normal(size=(2500, 60))\n"
        "print(Background.of(x, seed=4).rows.tobytes().hex())"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True,
            env={**os.environ, "OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n},
        ).stdout
        for n in ("1", "2")
    ]  # fmt: skip

    assert told[0] == told[1]


def test_arrays_are_all_there_is(rows):
    found = Background.of(rows, seed=0)

    again = Background(**found.arrays())

    assert again.rows.tobytes() == found.rows.tobytes()
    assert again.weights.tobytes() == found.weights.tobytes()
