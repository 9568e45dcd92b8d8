"""How often a positive image ranks above a negative one, and how every image contributes.

The area under the ROC curve is the share of (positive, negative) pairs in the right order, ties
counting one half. Here it is counted inside each fold, in whole numbers, so that equal scores give
exactly one half and a perfect ranking exactly 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


ROUNDING = 1e-26  # one pair out of order in 10^13 gives as much; rounding errors stay below


@dataclass(frozen=True)
class Ranking:
    """The area of one class, and the parts that the images have in it.

    Attributes
    ----------
    value : float or None
        Within-fold areas weighted by their pairs; None where no fold holds both classes.
    parts : (n,) float64
        DeLong's components, centred and scaled, so that the area moves by their sum.
    folds : int
        Number of folds that hold both classes.
    tied : bool
        Whether inside every such fold all scores are equal.
    """

    value: float | None
    parts: Floats
    folds: int
    tied: bool


def rank(truth: Bools, score: Floats, known: Bools, fold: Ints) -> Ranking:
    """Count the pairs in the right order inside each fold.

    Parameters
    ----------
    truth, known : (n,) bool
        The positive images; the images that count at all.
    score : (n,) float64
        Finite where known.
    fold : (n,) int64
        Only images of one fold are compared with each other.

    Returns
    -------
    Ranking

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), doi:10.2307/2531595; Sun and Xu (2014),
    doi:10.1109/LSP.2014.2337313.
    """
    parts = np.zeros(len(truth))
    doubled, pairs, folds, tied = 0, 0, 0, True
    for rows in fold_rows(fold, known):
        above, below = rows[truth[rows]], rows[~truth[rows]]
        m, n = len(above), len(below)
        if m == 0 or n == 0:
            continue
        won, lost = _placements(score[above], score[below])
        total = int(won.sum())
        # (V - A) / m * (m n) in whole numbers: zero is zero, whatever the rounding
        parts[above] = (m * won - total) / (2 * m)
        parts[below] = (n * lost - total) / (2 * n)
        doubled, pairs, folds = doubled + total, pairs + m * n, folds + 1
        tied = tied and bool(np.ptp(score[rows]) == 0)
    if pairs == 0:
        return Ranking(None, parts, 0, False)
    return Ranking(doubled / (2 * pairs), parts / pairs, folds, tied)


def _placements(above: Floats, below: Floats) -> tuple[Ints, Ints]:
    """Return twice: negatives under each positive, positives over each negative."""
    low, high = np.sort(below), np.sort(above)
    won = np.searchsorted(low, above, "left") + np.searchsorted(low, above, "right")
    lost = np.searchsorted(high, below, "left") + np.searchsorted(high, below, "right")
    return won.astype(np.int64), (2 * len(above) - lost).astype(np.int64)


def fold_rows(fold: Ints, known: Bools) -> list[Ints]:
    """Return the positions of the known images, one array a fold.

    Parameters
    ----------
    fold : (n,) int64
        Numbers from 0.
    known : (n,) bool
        The images that count.

    Returns
    -------
    list of (k,) int64
    """
    rows = np.flatnonzero(known)
    ordered = rows[np.argsort(fold[rows], kind="stable")]
    return np.split(ordered, np.flatnonzero(np.diff(fold[ordered])) + 1) if rows.size else []


def variance(truth: Bools, known: Bools, parts: Floats, fold: Ints, group: Ints) -> float | None:
    """Return the variance of the sum of all parts, clustered by group.

    With one column this is Obuchowski's clustered variance, and DeLong's where every group has one
    image, summed over the folds. Several columns (classes) add their covariances. A fold with a
    single positive or negative group has no spread of its own and borrows that of the others.

    Parameters
    ----------
    truth, known : (n, K) bool
        One column a class.
    parts : (n, K) float64
        `Ranking.parts`, or the difference of those of two methods; scaled for the mean of classes.
    fold, group : (n,) int64
        Numbers from 0.

    Returns
    -------
    float or None
        None where no fold holds two positive, or two negative, groups.

    References
    ----------
    Obuchowski (1997), doi:10.2307/2533958.
    """
    cells, cell = np.unique(fold * (int(group.max()) + 1) + group, return_inverse=True)
    home = np.zeros(len(cells), dtype=np.int64)
    home[cell] = fold
    sums = np.zeros(len(cells))
    rest = 0.0
    for k in range(truth.shape[1]):
        sides = [truth[:, k] & known[:, k], ~truth[:, k] & known[:, k]]
        scaled, factors, extra = _sides(sides, parts[:, k], cell, home)
        if extra is None:
            return None
        sums += scaled[0] + scaled[1]
        rest += extra
        either = np.bincount(cell[known[:, k]], minlength=len(cells)) > 0
        both = _factor(np.bincount(home[either], minlength=len(factors[0])))
        gap = both - np.sqrt(factors[0] * factors[1])
        root = np.sqrt(np.where(factors[0] * factors[1] > 0, factors[0] * factors[1], 1))
        rest += float(np.sum(2 * (gap / root)[home] * scaled[0] * scaled[1]))
    total = float(np.sum(sums**2)) + rest
    return total if total > ROUNDING else 0.0


def small_sample_factor(
    truth: Bools, known: Bools, parts: Floats, fold: Ints, group: Ints
) -> float:
    """Return by how much the clustered variance is raised where few groups carry it.

    Several images of a patient make a ranking finer than its patients are many: near 1 the
    clustered variance is then often far too small. It is drawn towards the variance that one image
    a group would give, with the weight 1 / (1 + n), n being the number of groups that carry the
    variance, ``(sum s^2)^2 / sum s^4`` of their sums s.

    Parameters
    ----------
    truth, known, parts, fold, group
        See `variance`.

    Returns
    -------
    float
        1 where every group has one image, or copies of one; and where a group has images of both
        sides, as one image of it would not tell.
    """
    cell = np.unique(fold * (int(group.max()) + 1) + group, return_inverse=True)[1]
    cells = int(cell.max()) + 1
    home = np.zeros(cells, dtype=np.int64)
    home[cell] = fold
    sums, own, lone = np.zeros(cells), 0.0, 0.0
    for k in range(truth.shape[1]):
        held = np.zeros(cells, dtype=np.int64)
        for side in (truth[:, k] & known[:, k], ~truth[:, k] & known[:, k]):
            images = np.bincount(cell[side], minlength=cells)
            held += images > 0
            total = np.bincount(cell[side], parts[side, k], cells)
            clusters = np.bincount(home[images > 0], minlength=int(home.max()) + 1)
            factor = _factor(clusters)
            pictures = np.bincount(home, images) / np.maximum(clusters, 1)
            own += float(np.sum(factor[home] * total**2))
            lone += float(np.sum((factor * pictures)[fold[side]] * parts[side, k] ** 2))
            sums += total
        if (held > 1).any():
            return 1.0
    fourth = float(np.sum(sums**4))
    if own <= ROUNDING or fourth <= 0 or lone <= own * (1 + 1e-9):
        return 1.0
    carrying = float(np.sum(sums**2)) ** 2 / fourth
    return 1 + (lone / own - 1) / (1 + carrying)


def _factor(clusters: Ints) -> Floats:
    return np.where(clusters > 1, clusters / np.maximum(clusters - 1, 1), 0.0)


def _sides(
    sides: list[Bools], parts: Floats, cell: Ints, home: Ints
) -> tuple[list[Floats], list[Floats], float | None]:
    """Return scaled cluster sums and factors of both sides, and what is borrowed."""
    folds = int(home.max()) + 1
    images = [np.bincount(home[cell[side]], minlength=folds) for side in sides]
    pairs = images[0].astype(np.float64) * images[1]
    weight = pairs / pairs.sum()
    scaled: list[Floats] = []
    factors: list[Floats] = []
    borrowed = 0.0
    for side in sides:
        held = np.bincount(cell[side], minlength=len(home)) > 0
        clusters = np.bincount(home[held], minlength=folds)
        factor = _factor(clusters)
        totals: Floats = np.bincount(cell[side], parts[side], len(home)).astype(np.float64)
        sums = np.sqrt(factor)[home] * totals
        own = np.bincount(home, sums**2, folds)
        lone, full = (weight > 0) & (clusters == 1), (weight > 0) & (clusters > 1)
        if lone.any():
            if not full.any():
                return [], [], None
            one = own[full] * clusters[full] / weight[full] ** 2
            mean = float(np.average(one, weights=clusters[full] - 1))
            borrowed += mean * float((weight[lone] ** 2).sum())
        scaled.append(sums)
        factors.append(factor)
    return scaled, factors, borrowed
