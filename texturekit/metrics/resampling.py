"""The bootstrap: whole patients are drawn, by fold and class, and counted as weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

DRAWS = 2000
SEED = 20020131  # fixed: the same predictions give the same interval
ENOUGH = 0.5  # share of draws in which the metric has to be defined
FEW = 10  # a stratum of m draws too little variance, by a share of 1 / m
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


def patient_strata(group: Ints, label: Ints, fold: Ints) -> Ints:
    """Return the stratum of every group: the fold and class of most of its images.

    Folds with fewer than 10 groups of a class are drawn together: each by itself would spread too
    little. A group that would be alone joins the largest stratum of its class, else the largest of
    all.

    Parameters
    ----------
    group, label, fold : (n,) int64
        Numbers from 0.

    Returns
    -------
    (G,) int64
    """
    classes, folds = int(label.max()) + 1, int(fold.max()) + 1
    counts = np.zeros((int(group.max()) + 1, folds * classes), dtype=np.int64)
    np.add.at(counts, (group, fold * classes + label), 1)
    strata = counts.argmax(axis=1)
    few = (np.bincount(strata) < FEW)[strata]
    strata[few] = folds * classes + strata[few] % classes
    sizes = np.bincount(strata)
    for lone in np.flatnonzero(sizes[strata] == 1):
        kin = np.arange(len(sizes)) % classes == strata[lone] % classes
        larger = np.where(kin & (sizes > 1), sizes, 0)
        strata[lone] = int((larger if larger.any() else sizes).argmax())
    return np.unique(strata, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True)
class Redrawn:
    """Limits from bootstrap draws.

    Attributes
    ----------
    low, high : float or None
    undefined : int
        Draws left out.
    reason : str or None
        Why there are no limits.
    normal : bool
        Whether they come from the standard error of the draws, not from their percentiles.
    """

    low: float | None
    high: float | None
    undefined: int
    reason: str | None
    normal: bool


def redrawn_limits(
    draws: Floats, value: float, *, smallest: float = 0.0, normal: bool = False
) -> Redrawn:
    """Return 95% limits from bootstrap draws: their 2.5 and 97.5 percentiles, or a normal interval.

    Parameters
    ----------
    draws : (B,) float64
        NaN where the metric is undefined.
    value : float
        That of the data. Percentiles that leave it out give way to the normal interval.
    smallest : float, default 0
        Where the normal interval is cut at the left; at the right it is 1.
    normal : bool, default False
        The normal interval: 1.96 standard errors of the draws around the value. It is for metrics
        that redrawing shifts: copies of an image rank and miscalibrate alike.

    Returns
    -------
    Redrawn
    """
    found = draws[~np.isnan(draws)]
    undefined = len(draws) - len(found)
    if len(found) < ENOUGH * len(draws):
        reason = f"undefined in {undefined} of {len(draws)} bootstrap draws"
        return Redrawn(None, None, undefined, reason, normal)
    if float(found.max() - found.min()) < 1e-12:
        reason = f"all {len(found)} bootstrap draws give this value"
        return Redrawn(None, None, undefined, reason, normal)
    low, high = (float(x) for x in np.quantile(found, (0.025, 0.975)))
    if normal or value < low or value > high:  # an undefined value is neither
        low, high = limits.clipped(value, float(found.std(ddof=1)), smallest, 1.0)
        return Redrawn(low, high, undefined, None, normal=True)
    return Redrawn(low, high, undefined, None, normal=False)
