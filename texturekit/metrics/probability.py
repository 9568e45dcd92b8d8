"""Losses, calibration error and average precision of probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics.confusion import ratio
from texturekit.metrics.ranking import fold_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

BINS = 10
SMALLEST = 1e-15  # a probability of 0 for the true class would cost an infinite log loss


def brier_losses(truth: Bools, probability: Floats) -> Floats:
    """Return the squared distance between truth and probability, class by class.

    Parameters
    ----------
    truth : (n, K) bool
        One column a class.
    probability : (n, K) float64
        0 to 1.

    Returns
    -------
    (n, K) float64
        The sum form of Brier (1950) is the sum over K; the binary form is one column.
    """
    return (probability - truth) ** 2


def log_losses(truth: Bools, probability: Floats) -> Floats:
    """Return minus the logarithm of the probability given to what is true.

    Parameters
    ----------
    truth : (n, K) bool
        One column a class.
    probability : (n, K) float64
        0 to 1; cut at 1e-15 and 1 - 1e-15.

    Returns
    -------
    (n, K) float64
        Natural logarithm.
    """
    told = np.where(truth, probability, 1 - probability)
    return np.asarray(-np.log(np.clip(told, SMALLEST, 1 - SMALLEST)))


def bin_gaps(
    hit: Bools, confidence: Floats, group: Ints, bins: int = BINS, *, equal_mass: bool = False
) -> Floats:
    """Return hits minus promised hits of every group and bin.

    The expected calibration error is the sum of the absolute gaps by the number of images.

    Parameters
    ----------
    hit : (n,) bool
        Whether what was promised came true.
    confidence : (n,) float64
        The probability it was promised with; bins are open at the left.
    group : (n,) int64
        Numbers from 0.
    bins : int, default 10
        Number of bins.
    equal_mass : bool, default False
        Bins of equally many images instead of equal width; equal probabilities stay together.

    Returns
    -------
    (G, bins) float64
    """
    place = _equal_mass(confidence, bins) if equal_mass else bin_places(confidence, bins)
    groups = int(group.max()) + 1
    gaps = np.bincount(group * bins + place, hit - confidence, minlength=groups * bins)
    return gaps.reshape(groups, bins).astype(np.float64)


def bin_places(confidence: Floats, bins: int = BINS) -> Ints:
    """Return the bin of equal width, from 0, of every probability.

    Parameters
    ----------
    confidence : (n,) float64
        0 to 1.
    bins : int, default 10
        Bins are open at the left, but for the first.

    Returns
    -------
    (n,) int64
    """
    borders = np.linspace(0, 1, bins + 1)[1:-1]
    return np.searchsorted(borders, confidence, side="left").astype(np.int64)


def _equal_mass(confidence: Floats, bins: int) -> Ints:
    """Return the bins of `numpy.array_split`, whatever the order of the rows."""
    rank = np.searchsorted(np.sort(confidence), confidence, side="left")
    size, larger = divmod(len(confidence), bins)
    first = larger * (size + 1)
    late = larger + (rank - first) // max(size, 1)
    return np.where(rank < first, rank // (size + 1), late).astype(np.int64)


@dataclass(frozen=True)
class Sorted:
    """Images of one fold and one class by falling score; ``ends`` closes each run of equal scores.

    Attributes
    ----------
    rows : (n,) int64
        Positions of the images.
    truth : (n,) bool
        Positive or not, in the same order.
    ends : (t,) int64
        Last index of each run.
    """

    rows: Ints
    truth: Bools
    ends: Ints


def sort_folds(truth: Bools, score: Floats, known: Bools, fold: Ints) -> list[Sorted]:
    """Return the sorted images of every fold that holds both classes.

    Parameters
    ----------
    truth, known : (n,) bool
        The positive images; the images that count at all.
    score : (n,) float64
        Finite where known.
    fold : (n,) int64
        Numbers from 0.

    Returns
    -------
    list of Sorted
    """
    folds = []
    for rows in fold_rows(fold, known):
        if 0 < truth[rows].sum() < len(rows):
            ordered = rows[np.argsort(-score[rows], kind="stable")]
            change = np.flatnonzero(np.diff(score[ordered]))
            folds.append(Sorted(ordered, truth[ordered], np.append(change, len(ordered) - 1)))
    return folds


def average_precision(folds: list[Sorted], weights: Floats) -> Floats:
    """Return the average precision inside folds, weighted by their positive images.

    The sum over thresholds of the gain in recall times the precision there, without interpolation.

    Parameters
    ----------
    folds : list of Sorted
        See `sort_folds`.
    weights : (B, n) float64
        How often every image counts, one row a draw.

    Returns
    -------
    (B,) float64
        NaN where no positive image has a weight.
    """
    top, bottom = np.zeros(len(weights)), np.zeros(len(weights))
    for part in folds:
        weight = weights[:, part.rows]
        positive = np.cumsum(weight * part.truth, axis=1)[:, part.ends]
        all_images = np.cumsum(weight, axis=1)[:, part.ends]
        precision = np.divide(
            positive, all_images, out=np.zeros_like(positive), where=all_images > 0
        )
        top += np.sum(np.diff(positive, axis=1, prepend=0.0) * precision, axis=1)
        bottom += positive[:, -1]
    return ratio(top, bottom)
