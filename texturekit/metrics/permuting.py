"""Tests by permutation: the outputs of two methods change places, for whole patients.

If two methods were alike, it would not matter which of them gave which output for a patient. Both
differences here, of accuracies and of areas, are sums over patients of a part that changes its sign
when the patient's outputs change places: the permutation distribution is that of a sum of random
signs, which is counted where it can be and drawn where it cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics.ranking import fold_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.metrics.areas import Area

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ENUMERATED = 13  # patients: 8,192 ways to change places are all looked at
DRAWS = 9_999
SEED = 20031225  # fixed: the same predictions give the same p
_WORK = 20_000_000  # steps of the exact distribution; beyond, it is drawn
_CELLS = 4_000_000  # signs held at a time: memory stays flat


def counted_signs(gains: Ints) -> tuple[float, float, str]:
    """Return the two-sided p of a sum of whole numbers with random signs.

    Parameters
    ----------
    gains : (G,) int64
        What every patient adds: images that only one method has right, minus those of the other.

    Returns
    -------
    p, mid_p : float
        The chance of a sum as far from 0; with half of the chance of just this sum.
    how : str
        ``exact``, or how many draws.

    Examples
    --------
    >>> counted_signs(np.array([1, 1, 1, 1, 1]))
    (0.0625, 0.03125, 'exact')
    """
    size, count = np.unique(np.abs(gains[gains != 0]), return_counts=True)
    seen = abs(int(gains.sum()))
    if size.size == 0:
        return 1.0, 0.5, "exact"
    spans = np.cumsum(size * count)
    if int(np.sum(count[1:] * spans[1:])) > _WORK:
        sums = _drawn_counts(size, count)
        over, level = int(np.sum(sums > seen)), int(np.sum(sums == seen))
        total = DRAWS + 1
        return (over + level + 1) / total, (over + level / 2 + 1) / total, f"{DRAWS:,} draws"
    chance = _exact_counts(size, count)
    sums = np.abs(2 * np.arange(len(chance)) - (len(chance) - 1))
    more, same = float(chance[sums > seen].sum()), float(chance[sums == seen].sum())
    return min(more + same, 1.0), min(more + same / 2, 1.0), "exact"


def _exact_counts(size: Ints, count: Ints) -> Floats:
    """Return the chance of each sum of the numbers that got a plus, from 0 up."""
    from scipy.stats import binom

    chance: Floats = np.ones(1)
    for value, times in zip(size.tolist(), count.tolist(), strict=True):
        own = binom.pmf(np.arange(times + 1), times, 0.5)
        wider = np.zeros(len(chance) + value * times)
        if len(chance) == 1:
            wider[::value] = own
        else:
            for pluses, p in enumerate(own):
                wider[pluses * value : pluses * value + len(chance)] += p * chance
        chance = wider
    return chance


def _drawn_counts(size: Ints, count: Ints) -> Ints:
    rng = np.random.default_rng(SEED)
    pluses = rng.binomial(count, 0.5, size=(DRAWS, len(count)))
    return np.asarray(np.abs((2 * pluses - count) @ size))


def random_signs(gains: Floats) -> tuple[float, str]:
    """Return the two-sided p of a sum of numbers with random signs.

    Parameters
    ----------
    gains : (G,) float64
        What every patient adds.

    Returns
    -------
    p : float
        All ways are counted for up to 13 patients; else ``(1 + count) / (1 + draws)`` over 9,999.
    how : str
        ``exact``, or how many draws.

    Examples
    --------
    >>> random_signs(np.array([0.1, 0.2, 0.3, 0.05]))
    (0.125, 'exact')
    """
    parts = gains[gains != 0]
    if parts.size == 0:
        return 1.0, "exact"
    least = abs(float(parts.sum())) - 1e-12 * float(np.abs(parts).sum())  # equal sums round apart
    if len(parts) <= ENUMERATED:
        ways = np.arange(2 ** len(parts))[:, None] >> np.arange(len(parts)) & 1
        return float(np.mean(np.abs((2.0 * ways - 1) @ parts) >= least)), "exact"
    rng = np.random.default_rng(SEED)
    step = max(1, _CELLS // len(parts))
    found = 0
    for start in range(0, DRAWS, step):
        rows = min(step, DRAWS - start)
        signs = rng.integers(0, 2, size=(rows, len(parts)), dtype=np.int8)
        found += int(np.sum(np.abs((2.0 * signs - 1) @ parts) >= least))
    return (1 + found) / (1 + DRAWS), f"{DRAWS:,} draws"


def area_gains(a: Area, b: Area) -> Floats:
    """Return what every group adds to the difference of two areas when methods change places.

    Scores are ranked inside each fold first, since those of two methods have different scales. With
    signs s (1, or -1 where the patient's outputs changed places) the difference of the areas of the
    two mixtures is the sum of s times these gains.

    Parameters
    ----------
    a, b : Area
        Of the same truth, folds and groups.

    Returns
    -------
    (G,) float64
        Their sum is the difference of the areas.

    References
    ----------
    Bandos, Rockette and Gur (2005), doi:10.1002/sim.2149; that the difference is a sum over
    patients follows by looking at the four ways in which a pair of images can change places.
    """
    gains = np.zeros(int(a.group.max()) + 1)
    for k in range(a.truth.shape[1]):
        parts, pairs = np.zeros(len(a.truth)), 0
        for rows in fold_rows(a.fold, a.known[:, k]):
            above = a.truth[rows, k]
            if not above.any() or above.all():
                continue
            pairs += int(above.sum()) * int((~above).sum())
            parts[rows] = _fold_gains(above, a.score[rows, k], b.score[rows, k])
        gains += np.bincount(a.group, parts, len(gains)) / (pairs * a.truth.shape[1])
    return gains


def _fold_gains(above: NDArray[np.bool_], a: Floats, b: Floats) -> Floats:
    from scipy.stats import rankdata

    one, two = rankdata(a), rankdata(b)
    gains = np.zeros(len(above))
    sides = (above, ~above, 1.0), (~above, above, -1.0)
    for side, others, sign in sides:
        same = _lower(one[side], one[others]) - _lower(two[side], two[others])
        crossed = _lower(one[side], two[others]) - _lower(two[side], one[others])
        gains[side] = sign * (same + crossed) / 2
    return gains


def _lower(values: Floats, others: Floats) -> Floats:
    """Return how many of the others each value beats, ties counting one half."""
    ordered = np.sort(others)
    both = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return np.asarray(both / 2)
