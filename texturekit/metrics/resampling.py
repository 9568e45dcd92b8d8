"""The bootstrap: whole patients are drawn, class by class, and counted as weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

DRAWS = 2000
SEED = 20020131  # fixed: the same predictions give the same interval
ENOUGH = 0.5  # share of draws in which the metric has to be defined
_CELLS = 1_000_000  # weights held at a time: memory stays flat


def draw_weights(strata: Ints, n: int, draws: int = DRAWS, seed: int = SEED) -> Iterator[Floats]:
    """Yield how often each group is drawn, some draws at a time.

    Parameters
    ----------
    strata : (G,) int64
        The stratum of every group, from 0; each stratum is drawn with its own size.
    n : int
        Number of images, which decides how many draws are made at a time.
    draws : int, default 2000
        Number of draws in all.
    seed : int
        Of the generator.

    Yields
    ------
    (b, G) float64
        Whole numbers; every stratum sums to its size in every row.
    """
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(strata == s) for s in range(int(strata.max()) + 1)]
    step = int(np.clip(_CELLS // max(n, 1), 1, draws))
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        weights = np.zeros((rows, len(strata)))
        for groups in members:
            size = len(groups)
            picks = rng.integers(0, size, size=(rows, size), dtype=np.int64)
            picks += np.arange(rows)[:, None] * size
            counts = np.bincount(picks.ravel(), minlength=rows * size)
            weights[:, groups] = counts.reshape(rows, size)
        yield weights


def patient_strata(group: Ints, label: Ints) -> Ints:
    """Return the class of every group: the most frequent of its images.

    A class that is so of one group only joins the largest stratum, as it could not be redrawn.

    Parameters
    ----------
    group, label : (n,) int64
        Numbers from 0.

    Returns
    -------
    (G,) int64
    """
    counts = np.zeros((int(group.max()) + 1, int(label.max()) + 1), dtype=np.int64)
    np.add.at(counts, (group, label), 1)
    strata = counts.argmax(axis=1)
    sizes = np.bincount(strata)
    strata[(sizes == 1)[strata]] = int(sizes.argmax())
    return np.unique(strata, return_inverse=True)[1].astype(np.int64)


def percentile_limits(
    draws: Floats,
) -> tuple[float | None, float | None, int, str | None]:
    """Return the 2.5 and 97.5 percentiles, the undefined draws, and why there are no limits.

    Parameters
    ----------
    draws : (B,) float64
        NaN where the metric is undefined.

    Returns
    -------
    low, high : float or None
    undefined : int
        Draws left out.
    reason : str or None
    """
    found = draws[~np.isnan(draws)]
    undefined = len(draws) - len(found)
    if len(found) < ENOUGH * len(draws):
        return None, None, undefined, f"undefined in {undefined} of {len(draws)} bootstrap draws"
    low, high = (float(x) for x in np.quantile(found, (0.025, 0.975)))
    if float(found.max() - found.min()) < 1e-12:
        return None, None, undefined, f"all {len(found)} bootstrap draws give this value"
    return low, high, undefined, None
