"""Shapley and Owen values against the definition, and against games that are known by hand."""

from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from texturekit.methods import shapley as module
from texturekit.methods.shapley import Game, owen, shapley


def game_of(judge, image, rows, weights=None):
    image, rows = np.asarray(image, float), np.asarray(rows, float)
    weights = np.full(len(rows), 1 / len(rows)) if weights is None else np.asarray(weights)
    return Game(judge, image, rows, weights, judge(image[None])[0], judge(rows))


def naive(game, players):
    """All orders, one after the other, from the definition."""
    orders = list(permutations(range(len(players))))
    total = np.zeros((len(players), len(game.told)))
    for order in orders:
        row, before = game.rows.copy(), game.base
        for player in order:
            row[:, players[player]] = game.image[players[player]]
            now = game.weights @ game.judge(row)
            total[player] += now - before
            before = now
    return total / len(orders)


@pytest.fixture
def wild(rng):
    """A function with interactions of all orders, two answers at once."""
    a, b = rng.normal(size=(9, 5)), rng.normal(size=(5, 2))
    return lambda x: 1 / (1 + np.exp(-np.tanh(x @ a) @ b - (x[:, :1] * x[:, 1:2])))


def places(*sizes):
    return np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])


def test_exact_values_follow_the_definition(wild, rng):
    game = game_of(wild, rng.normal(size=9), rng.normal(size=(4, 9)), [0.1, 0.2, 0.3, 0.4])
    players = places(2, 1, 3, 1, 2)

    found = shapley(game, players)

    assert_allclose(found.values, naive(game, players), atol=1e-14)
    assert_allclose(found.values.sum(axis=0), game.told - game.base, atol=1e-14)
    assert not found.errors.any()
    assert found.how == "exact: all 32 coalitions x 4 background rows"


def test_glove_game():
    # One left glove, two right ones; a pair is worth 1. The textbook's answer: 2/3, 1/6, 1/6.
    game = game_of(
        lambda x: np.minimum(x[:, 0], np.maximum(x[:, 1], x[:, 2]))[:, None], [1, 1, 1],
        np.zeros((1, 3)),
    )  # fmt: skip

    assert_allclose(shapley(game, places(1, 1, 1)).values[:, 0], [2 / 3, 1 / 6, 1 / 6])


def test_what_adds_up_is_told_apart(rng):
    slope, weights = rng.normal(size=6), np.array([0.5, 0.25, 0.25])
    game = game_of(lambda x: (x @ slope)[:, None], rng.normal(size=6), rng.normal(size=(3, 6)),
                   weights)  # fmt: skip
    each = slope * (game.image - weights @ game.rows)

    found = shapley(game, places(1, 2, 3)).values[:, 0]
    columns, single = owen(game, places(1, 2, 3), [2, 0])

    assert_allclose(found, [each[0], each[1:3].sum(), each[3:].sum()])
    assert columns.tolist() == [3, 4, 5, 0]
    assert_allclose(single.values[:, 0], each[columns])
    assert_allclose(single.errors, 0, atol=1e-15)


def test_equal_players_share_alike_and_idle_ones_get_nothing(rng):
    game = game_of(lambda x: np.tanh(x[:, 0] * x[:, 1])[:, None], [2, 2, 7], np.ones((2, 3)))

    found = shapley(game, places(1, 1, 1)).values[:, 0]

    assert found[0] == pytest.approx(found[1])
    assert abs(found[2]) < 1e-15


def test_one_player_has_everything(wild, rng):
    game = game_of(wild, rng.normal(size=9), rng.normal(size=(4, 9)))

    assert_allclose(shapley(game, places(9)).values[0], game.told - game.base, atol=1e-15)


def test_drawn_values_are_within_their_errors(wild, rng, monkeypatch):
    game = game_of(wild, rng.normal(size=9), rng.normal(size=(4, 9)))
    players = places(*[1] * 9)
    exact = shapley(game, players)
    monkeypatch.setattr(module, "MOST_EXACT", 8)

    found = shapley(game, players)

    assert found.errors.max() > 1e-4
    away = np.abs(found.values - exact.values) / found.errors
    assert away.max() < 4.5
    assert away.mean() > 0.2
    assert_allclose(found.values.sum(axis=0), game.told - game.base, atol=1e-14)
    assert shapley(game, players).values.tobytes() == found.values.tobytes()


def test_many_players_cost_no_power_of_two(rng):
    asked = []

    def judge(x):
        asked.append(len(x))
        return x.prod(axis=1, keepdims=True)

    game = game_of(judge, np.full(24, 1.1), np.ones((2, 24)))
    found = shapley(game, places(*[1] * 24))

    assert sum(asked) < 2 * 2 * 64 * 24
    assert_allclose(found.values[:, 0], (1.1**24 - 1) / 24, atol=4 * found.errors.max())


def owen_naive(game, groups):
    """All orders that keep groups together."""
    total, count = np.zeros((game.rows.shape[1], len(game.told))), 0
    inside = [list(permutations(group.tolist())) for group in groups]
    for order in permutations(range(len(groups))):
        for picked in np.ndindex(*[len(one) for one in inside]):
            row, before = game.rows.copy(), game.base
            for k in order:
                for column in inside[k][picked[k]]:
                    row[:, column] = game.image[column]
                    now = game.weights @ game.judge(row)
                    total[column] += now - before
                    before = now
            count += 1
    return total / count


def test_columns_share_what_their_family_has(wild, rng):
    game = game_of(wild, rng.normal(size=9), rng.normal(size=(3, 9)), [0.5, 0.3, 0.2])
    groups = places(3, 2, 4)
    wanted = owen_naive(game, [groups[0], groups[1], groups[2]])
    draws = []
    for seed in range(60):
        columns, found = owen(game, groups, [0, 1], seed=seed)
        draws.append(np.stack([found.values, found.errors]))
    values = np.mean(draws, axis=0)[0]
    errors = np.sqrt(np.mean(np.square(draws), axis=0)[1])
    spread = np.std([one[0] for one in draws], axis=0, ddof=1)

    assert columns.tolist() == [0, 1, 2, 3, 4]
    assert (np.abs(values - wanted[columns]) < 4 * spread / 60**0.5 + 1e-12).all()
    assert_allclose(errors, spread, rtol=0.35)


def test_columns_of_all_families_sum_to_the_whole(wild, rng):
    game = game_of(wild, rng.normal(size=9), rng.normal(size=(3, 9)))

    columns, found = owen(game, places(3, 2, 4), [0, 1, 2])

    assert sorted(columns.tolist()) == list(range(9))
    assert_allclose(found.values.sum(axis=0), game.told - game.base, atol=1e-14)


def test_memory_bounds_change_nothing(wild, rng, monkeypatch):
    game = game_of(wild, rng.normal(size=9), rng.normal(size=(4, 9)))
    whole, (_, columns) = shapley(game, places(4, 5)), owen(game, places(4, 5), [1])
    monkeypatch.setattr(module, "_CELLS", 80)

    assert_allclose(shapley(game, places(4, 5)).values, whole.values, atol=1e-15)
    assert_allclose(owen(game, places(4, 5), [1])[1].values, columns.values, atol=1e-15)


def test_an_order_and_its_reverse_share_what_two_do_together(rng):
    # Each of two gets the product in one of the two orders, which is their exact share.
    game = game_of(
        lambda x: np.einsum("ni,ij,nj->n", x, np.triu(np.ones((12, 12)), 1), x)[:, None],
        np.arange(12), np.zeros((1, 12)),
    )  # fmt: skip

    found = shapley(game, places(*[1] * 12))

    wanted = np.arange(12) * (66 - np.arange(12)) / 2
    assert_allclose(found.values[:, 0], wanted)
    assert_allclose(found.errors, 0, atol=1e-12)
