"""Who brought how much: Shapley and Owen values of a function that is asked with parts swapped."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Judge = Callable[[Floats], Floats]

#: Up to so many players every coalition is asked; beyond, orders are drawn.
MOST_EXACT = 10
PAIRS = 64  # orders that are drawn, each with its reverse
_CELLS = 2_000_000  # numbers in a table that is judged at once: memory stays flat


@dataclass(frozen=True)
class Game:
    """An image against its background: what a function says if only some columns are the image's.

    The value of a set of columns is the weighted mean, over the background rows, of what the
    function says of the row with these columns taken from the image (the interventional, or
    marginal, expectation).

    Attributes
    ----------
    judge : callable
        From (n, d) to (n, k): the function, k answers at once.
    image : (d,) float64
    rows : (b, d) float64
    weights : (b,) float64
        Of the rows; they sum to 1.
    told : (k,) float64
        What the function says of the image.
    typical : (b, k) float64
        What it says of the rows.
    """

    judge: Judge
    image: Floats
    rows: Floats
    weights: Floats
    told: Floats
    typical: Floats

    @property
    def base(self) -> Floats:
        """What the function says on average of the background, (k,)."""
        return np.asarray(self.weights @ self.typical)

    def values(self, taken: NDArray[np.bool_]) -> Floats:
        """Return the values of (m, d) sets of columns, (m, k)."""
        count, width = len(self.rows), self.rows.shape[1]
        step = max(1, _CELLS // (count * width))
        found = []
        for start in range(0, len(taken), step):
            part = taken[start : start + step]
            mixed = np.where(part[:, None], self.image, self.rows)
            told = self.judge(mixed.reshape(-1, width)).reshape(len(part), count, -1)
            found.append(np.einsum("b,mbk->mk", self.weights, told))
        return np.concatenate(found) if found else np.zeros((0, len(self.told)))

    def walks(self, steps: NDArray[np.intp], rows: NDArray[np.intp], last: int) -> Floats:
        """Return what each step of some walks from a background row to the image adds.

        Parameters
        ----------
        steps : (w, d) intp
            At which step, 0 to ``last``, each column becomes the image's.
        rows : (w,) intp
            Where each walk starts.
        last : int

        Returns
        -------
        (w, last + 1, k) float64
            Of each walk they sum to the image's answer less the row's.
        """
        width, times = self.rows.shape[1], np.arange(1, last + 1)
        group = max(1, _CELLS // max(1, last * width))
        found = []
        for start in range(0, len(steps), group):
            part, begin = steps[start : start + group], rows[start : start + group]
            mixed = np.where(
                part[:, None, :] < times[:, None], self.image, self.rows[begin][:, None, :]
            )
            shape = (len(part), last, len(self.told))
            told = self.judge(mixed.reshape(-1, width)).reshape(shape) if last else np.zeros(shape)
            ends = np.broadcast_to(self.told, (len(part), 1, shape[2]))
            whole = np.concatenate([self.typical[begin][:, None], told, ends], axis=1)
            found.append(np.diff(whole, axis=1))
        return np.concatenate(found)


@dataclass(frozen=True)
class Shares:
    """What players bring, and how well that is known.

    Attributes
    ----------
    values : (players, k) float64
    errors : (players, k) float64
        Standard errors of drawing orders; 0 where every coalition was asked.
    how : str
    """

    values: Floats
    errors: Floats
    how: str


def shapley(game: Game, players: Sequence[NDArray[np.intp]], *, seed: int = 0) -> Shares:
    """Return the Shapley values of groups of columns.

    They sum to what the function says of the image less what it says on average of the background,
    whether they are exact or drawn: along every order the steps add up to that.

    Parameters
    ----------
    game : Game
    players : sequence of column indices
        Together they name each column once.
    seed : int, default 0
        Of the orders, where there are more than 10 players.

    Returns
    -------
    Shares

    References
    ----------
    Shapley (1953), A value for n-person games, doi:10.1515/9781400881970-018. Strumbelj and
    Kononenko (2014), doi:10.1007/s10115-013-0679-x. Lundberg and Lee (2017), arXiv:1705.07874.
    Orders with their reverse: Mitchell et al. (2022), arXiv:2104.12199.

    Examples
    --------
    >>> add = lambda x: x.sum(axis=1, keepdims=True)
    >>> game = Game(add, np.array([3.0, 4]), np.zeros((1, 2)), np.ones(1), np.array([7.0]),
    ...             np.zeros((1, 1)))
    >>> shapley(game, [np.array([0]), np.array([1])]).values.ravel()
    array([3., 4.])
    """
    if not players:
        raise ParameterError("a game without players has nothing to share.")
    of = np.zeros(game.rows.shape[1], dtype=np.intp)
    for player, columns in enumerate(players):
        of[columns] = player
    if len(players) <= MOST_EXACT:
        return _exact(game, of, len(players))
    return _drawn(game, of, len(players), seed)


def _exact(game: Game, of: NDArray[np.intp], count: int) -> Shares:
    sets = np.arange(2**count)
    holds = (sets[:, None] >> np.arange(count)) & 1 == 1
    values = np.empty((len(sets), len(game.told)))
    values[0], values[-1] = game.base, game.told
    values[1:-1] = game.values(holds[1:-1][:, of])
    size = holds.sum(axis=1)
    chance = np.array(
        [factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)]
    )
    found = []
    for player in range(count):
        without = sets[~holds[:, player]]
        gained = values[without | 1 << player] - values[without]
        found.append((chance[size[without]][:, None] * gained).sum(axis=0))
    result = np.stack(found)
    asked = "1 coalition" if count == 1 else f"all {2**count} coalitions"
    how = f"exact: {asked} x {len(game.rows)} background rows"
    return Shares(result, np.zeros_like(result), how)


def _drawn(game: Game, of: NDArray[np.intp], count: int, seed: int) -> Shares:
    rng = np.random.default_rng(seed)
    forward = np.stack([rng.permutation(count) for _ in range(PAIRS)])
    step = np.concatenate([forward, count - 1 - forward])  # when each player moves
    holds = step[:, None, :] < np.arange(1, count)[:, None]
    sets, place = np.unique(holds.reshape(-1, count), axis=0, return_inverse=True)
    between = game.values(sets[:, of])[place.ravel()].reshape(len(step), count - 1, -1)
    ends = [np.broadcast_to(e, (len(step), 1, len(e))) for e in (game.base, game.told)]
    gained = np.diff(np.concatenate([ends[0], between, ends[1]], axis=1), axis=1)
    own = np.take_along_axis(gained, step[:, :, None], axis=1)
    pairs = (own[:PAIRS] + own[PAIRS:]) / 2
    errors = pairs.std(axis=0, ddof=1) / PAIRS**0.5
    how = f"{PAIRS} drawn orders and their reverses x {len(game.rows)} background rows"
    return Shares(pairs.mean(axis=0), errors, how)


def owen(
    game: Game, groups: Sequence[NDArray[np.intp]], split: Sequence[int], *, seed: int = 0
) -> tuple[NDArray[np.intp], Shares]:
    """Estimate the Owen values of single columns: what each brings as a member of its group.

    Groups move in a random order, and inside a group its columns in a random order, one after the
    other: two such walks from each background row. Groups that are not split move at once, which
    changes nothing for the others.

    Parameters
    ----------
    game : Game
    groups : sequence of column indices
        Together they name each column once.
    split : sequence of int
        The groups whose columns are wanted.
    seed : int, default 0

    Returns
    -------
    columns : (m,) intp
        In the order of ``split``.
    Shares
        Of these columns. Together with the groups that were not split they sum to what the image
        has beyond the background. Errors are those of drawing: from the two walks of each row,
        which know nothing of each other, so that they are right on average.

    References
    ----------
    Owen (1977), Values of games with a priori unions, doi:10.1007/978-3-642-45494-3_7.
    """
    rng = np.random.default_rng(seed)
    columns = np.concatenate([groups[k] for k in split]).astype(np.intp)
    last = len(columns) + len(groups) - len(split) - 1
    start = np.repeat(np.arange(len(game.rows)), 2)
    steps = np.stack([_order(groups, set(split), rng) for _ in start])
    gained = game.walks(steps, start, last)
    own = np.take_along_axis(gained, steps[:, columns][:, :, None], axis=1)
    one, two = own[::2], own[1::2]
    values = np.einsum("b,bmk->mk", game.weights, (one + two) / 2)
    errors = np.sqrt(np.einsum("b,bmk->mk", game.weights**2, ((one - two) / 2) ** 2))
    how = f"2 drawn orders from each of {len(game.rows)} background rows"
    return columns, Shares(values, errors, how)


def _order(
    groups: Sequence[NDArray[np.intp]], split: set[int], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return at which step each column moves."""
    steps, now = np.zeros(sum(map(len, groups)), dtype=np.intp), 0
    for k in rng.permutation(len(groups)).tolist():
        if k in split:
            steps[groups[k]] = now + rng.permutation(len(groups[k]))
            now += len(groups[k])
        else:
            steps[groups[k]] = now
            now += 1
    return steps
