"""Splits inside a training part: for early stopping, thresholds and calibration."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.data.group_counts import group_numbers
from texturekit.data.stratify import deal, label_counts, sum_by_group
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

USUAL_FOLDS = 5


def inner_split(
    labels: NDArray[Any],
    groups: NDArray[Any] | None,
    kind: str,
    *,
    fraction: float,
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split a training part once more, for early stopping, a threshold or calibration.

    Parameters
    ----------
    labels : (n,) int64 or (n, L) float64 array
        As in a manifest.
    groups : (n,) array of str, or None
        No group is cut.
    kind : {"binary", "multiclass", "multilabel"}
        What the labels are.
    fraction : float
        Wanted share of the second part, above 0 and below 1.
    seed : int
        Not negative.

    Returns
    -------
    tuple of (k,) int64 arrays
        Rows to train on and rows set apart, ascending. Nothing is set apart where no group can be
        spared; a class with a single group is trained on.

    Raises
    ------
    ParameterError
        If an argument is out of range, or the labels do not have the form of their kind.

    Examples
    --------
    >>> labels = np.array([0, 1] * 5)
    >>> train, val = inner_split(labels, None, "binary", fraction=0.2, seed=0)
    >>> sorted(labels[val].tolist()), len(train)
    ([0, 1], 8)
    """
    check_count("seed", seed, 0)
    if labels.ndim != (2 if kind == "multilabel" else 1):
        raise ParameterError(
            f"labels of shape {labels.shape} are not {kind}; give (n, L) for multilabel, else (n,)."
        )
    numbers = group_numbers(groups, len(labels))
    counts = label_counts(labels, len(labels))
    apart = set_apart(counts, numbers, fraction_of("fraction", fraction), seed)
    if apart.all():
        apart[:] = False
    return np.flatnonzero(~apart), np.flatnonzero(apart)


def inner_folds(
    labels: NDArray[Any], groups: NDArray[Any] | None, *, folds: int = USUAL_FOLDS, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return grouped, stratified folds inside a training part, as many as there can be.

    Parameters
    ----------
    labels : (n,) int64 array
        Classes, numbered as you like.
    groups : (n,) array of str, or None
        No group is cut.
    folds : int, default 5
        Fewer are made where a class has fewer groups.
    seed : int
        Not negative.

    Returns
    -------
    list of (train, test)
        Rows, ascending; every class is in every training part. Empty where that cannot be.

    Examples
    --------
    >>> inner_folds(np.array([0, 1, 1]), None, seed=0)
    []
    """
    check_count("seed", seed, 0)
    check_count("folds", folds, 2)
    numbers = group_numbers(groups, len(labels))
    counts = label_counts(labels, len(labels))
    fewest = int((sum_by_group(counts, numbers) > 0).sum(axis=0).min(initial=folds))
    if fewest < 2 or counts.shape[1] < 2:
        return []
    part = deal(counts, numbers, [1] * min(folds, fewest), seed=[seed])
    made = [(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in np.unique(part)]
    whole = all(counts[train].any(axis=0).all() for train, _ in made)
    return made if whole else []


def set_apart(
    counts: NDArray[np.int64], groups: NDArray[np.int64], share: Fraction, seed: int
) -> NDArray[np.bool_]:
    """Tell which images to set apart; ``groups`` are numbers from 0, none left out."""
    shares = [share.denominator - share.numerator, share.numerator]
    apart: NDArray[np.bool_] = deal(counts, groups, shares, seed=[seed]) == 1
    return apart


def fraction_of(name: str, value: float) -> Fraction:
    """Return a share of the images as an exact fraction.

    Raises
    ------
    ParameterError
        If it is not above 0 and below 1.
    """
    if not 0.001 <= value <= 0.999:
        raise ParameterError(f"{name}={value} is no share; use 0.001 to 0.999.")
    return Fraction(str(float(value))).limit_denominator(1000)


def check_count(name: str, value: int, least: int) -> None:
    """Refuse what is no whole number from ``least``.

    Raises
    ------
    ParameterError
        With the value.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ParameterError(f"{name}={value!r} is out of range; use a whole number from {least}.")
