"""Confusion matrices, and every number that is derived from one.

All functions take stacks of matrices, so that one code path serves the value and its bootstrap.
Undefined (0/0) is NaN here and becomes None with a reason in the records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


def class_counts(truth: Bools, predicted: Bools, group: Ints) -> Floats:
    """Return the confusion matrix of every group.

    Parameters
    ----------
    truth, predicted : (n, K) bool
        One True a row.
    group : (n,) int64
        Numbers from 0.

    Returns
    -------
    (G, K, K) float64
        Whole numbers; rows are the truth, columns the decisions.
    """
    k = truth.shape[1]
    cell = (group * k + truth.argmax(axis=1)) * k + predicted.argmax(axis=1)
    counts = np.bincount(cell, minlength=(int(group.max()) + 1) * k * k)
    return counts.reshape(-1, k, k).astype(np.float64)


def label_counts(truth: Bools, predicted: Bools, known: Bools, group: Ints) -> Floats:
    """Return the 2 x 2 confusion matrices of every group and label.

    Parameters
    ----------
    truth, predicted, known : (n, K) bool
        Rows that are not known are left out, label by label.
    group : (n,) int64
        Numbers from 0.

    Returns
    -------
    (G, K, 2, 2) float64
        ``[[tn, fp], [fn, tp]]``.
    """
    k = truth.shape[1]
    cell = ((group[:, None] * k + np.arange(k)) * 2 + truth) * 2 + predicted
    counts = np.bincount(cell[known], minlength=(int(group.max()) + 1) * k * 4)
    return counts.reshape(-1, k, 2, 2).astype(np.float64)


def one_against_rest(confusion: Floats) -> Floats:
    """Return the 2 x 2 matrix of every class against the rest.

    Parameters
    ----------
    confusion : (..., K, K) float64
        Rows are the truth.

    Returns
    -------
    (..., K, 2, 2) float64
        ``[[tn, fp], [fn, tp]]``.
    """
    tp = np.diagonal(confusion, axis1=-2, axis2=-1)
    fn, fp = confusion.sum(axis=-1) - tp, confusion.sum(axis=-2) - tp
    tn = confusion.sum(axis=(-2, -1))[..., None] - tp - fn - fp
    return np.stack([np.stack([tn, fp], axis=-1), np.stack([fn, tp], axis=-1)], axis=-2)


def ratio(top: Floats, bottom: Floats) -> Floats:
    """Return top / bottom, NaN where the bottom is 0.

    Parameters
    ----------
    top, bottom : arrays of float64
        Of one shape.

    Returns
    -------
    array of float64
    """
    undefined = np.full(np.broadcast(top, bottom).shape, np.nan)
    np.divide(top, bottom, out=undefined, where=np.asarray(bottom) != 0)
    return undefined


def shares(table: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Return hits and trials of the metrics that are shares of images.

    Parameters
    ----------
    table : (..., 2, 2) float64
        ``[[tn, fp], [fn, tp]]``.

    Returns
    -------
    dict of two arrays (...)
        ``sensitivity, specificity, precision, npv``.
    """
    (tn, fp), (fn, tp) = (table[..., 0, 0], table[..., 0, 1]), (table[..., 1, 0], table[..., 1, 1])
    return {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "precision": (tp, tp + fp),
        "npv": (tn, tn + fn),
    }


def rates(table: Floats) -> dict[str, Floats]:
    """Return the metrics of two-class matrices.

    Parameters
    ----------
    table : (..., 2, 2) float64
        ``[[tn, fp], [fn, tp]]``.

    Returns
    -------
    dict of arrays (...)
        ``accuracy, balanced_accuracy, sensitivity, specificity, precision, npv, f1, mcc``.

    Examples
    --------
    >>> vgg16 = np.array([[1005.0, 933.0], [777.0, 4136.0]])
    >>> found = rates(vgg16)
    >>> float(found["f1"].round(4)), float(found["mcc"].round(4))
    (0.8287, 0.37)
    """
    found = {name: ratio(*pair) for name, pair in shares(table).items()}
    errors = table[..., 0, 1] + table[..., 1, 0]
    twice = 2 * table[..., 1, 1]
    return {
        "accuracy": accuracy(table),
        "balanced_accuracy": (found["sensitivity"] + found["specificity"]) / 2,
        **found,
        "f1": ratio(twice, twice + errors),
        "mcc": matthews(table),
    }


def accuracy(confusion: Floats) -> Floats:
    """Return the share of right decisions.

    Parameters
    ----------
    confusion : (..., K, K) float64
        Rows are the truth.

    Returns
    -------
    (...) float64
    """
    return ratio(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)))


def matthews(confusion: Floats) -> Floats:
    """Return Matthews' correlation, for any number of classes.

    Parameters
    ----------
    confusion : (..., K, K) float64
        Rows are the truth.

    Returns
    -------
    (...) float64
        NaN where all images are of one class, or are given one.

    References
    ----------
    Gorodkin (2004), doi:10.1016/j.compbiolchem.2004.09.006.
    """
    actual, given = confusion.sum(axis=-1), confusion.sum(axis=-2)
    total = confusion.sum(axis=(-2, -1))
    right = np.trace(confusion, axis1=-2, axis2=-1)
    spread_actual = total**2 - (actual**2).sum(axis=-1)
    spread_given = total**2 - (given**2).sum(axis=-1)
    return ratio(
        right * total - (actual * given).sum(axis=-1), np.sqrt(spread_actual * spread_given)
    )
