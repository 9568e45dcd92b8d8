"""All metrics of one set of predictions that came from one model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics.cases import Cases
from texturekit.metrics.checking import check_probabilities, group_codes
from texturekit.metrics.summary import summarise_cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from texturekit.records import Estimate, Kind

    Floats = NDArray[np.float64]


def scores(
    y: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    threshold: float | None = None,
    *,
    positive: str | None = None,
    groups: ArrayLike | None = None,
) -> dict[str, Estimate]:
    """Return all metrics of one set of predictions, each with its 95% interval.

    Parameters
    ----------
    y : (n,) class names or indices, or (n, K) of 0, 1 and NaN
        The truth; two dimensions mean multi-label, NaN unknown.
    probabilities : (n, K) float, or (n,) float
        One column a class, in the order of `classes`; rows sum to 1 unless multi-label, where NaN
        means not predicted. One dimension: probabilities of the positive class of two.
    classes : sequence of K str
        Class names. Two classes are a binary task.
    threshold : float, optional
        An image is called positive from this probability on (default 0.5). Choose it on other
        images than these. Not for more than two classes, where the largest probability decides.
    positive : str, optional
        The positive class of two; default: the last.
    groups : (n,) str or number, optional
        The patient of every image.

    Returns
    -------
    dict of Estimate
        ``roc_auc accuracy balanced_accuracy sensitivity specificity precision npv f1 mcc
        average_precision brier ece log_loss``, then ``ece_equal_mass``; of two classes and labels
        also ``ece_top``, of two classes ``calibration_slope calibration_intercept``, of more
        ``roc_auc_weighted roc_auc_ovo precision_weighted f1_weighted``. What is undefined is None
        with its reason.

    Raises
    ------
    MetricError
        If shapes do not fit, a class is unknown, or probabilities are none.

    Examples
    --------
    >>> p = [0.1, 0.6, 0.4, 0.8, 0.9]
    >>> found = tk.metrics.scores([0, 0, 1, 1, 1], p, ["benign", "malignant"])
    >>> found["sensitivity"].value, found["sensitivity"].how
    (0.6666666666666666, 'Wilson')
    """
    names = tuple(classes)
    truth, known, kind = _truth(np.asarray(y), names)
    given = _probability(np.asarray(probabilities, dtype=np.float64), names, positive, kind)
    if given.shape != truth.shape:
        raise MetricError(
            f"probabilities have the shape {given.shape}; give {truth.shape} (images, classes)."
        )
    if threshold is not None and (kind == "multiclass" or not 0 <= threshold <= 1):
        raise MetricError(
            f"threshold is {threshold}; give 0 to 1 for a binary or multi-label task, and none for "
            f"more than two classes, where the largest probability decides."
        )
    ids = [str(i) for i in range(len(given))]
    check_probabilities(given, ids, exclusive=kind != "multilabel")
    known &= ~np.isnan(given)
    column = _positive(names, positive) if kind == "binary" else None
    cases = Cases(
        kind=kind,
        classes=names,
        positive=column,
        ids=tuple(ids),
        truth=truth & known,
        predicted=_decide(given, kind, 0.5 if threshold is None else threshold, column) & known,
        known=known,
        probability=given,
        fold=np.zeros(len(given), dtype=np.int64),
        group=group_codes(groups, len(given)),
    )
    return summarise_cases([cases])[0]


def _truth(
    y: NDArray[Any], names: tuple[str, ...]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Kind]:
    if y.size == 0 or y.ndim not in (1, 2) or len(names) < 1:
        raise MetricError(f"y has the shape {y.shape}; give one class, or K labels, an image.")
    if y.ndim == 2:
        labels = np.asarray(y, dtype=np.float64)
        known = ~np.isnan(labels)
        if labels.shape[1] != len(names) or not np.isin(labels[known], (0, 1)).all():
            raise MetricError(
                f"y of the shape {labels.shape} must hold 0, 1 or NaN in {len(names)} columns."
            )
        return labels == 1, known, "multilabel"
    wanted: NDArray[Any] = (
        np.arange(len(names)) if y.dtype.kind in "biuf" else np.array(names, dtype=object)
    )
    truth = np.asarray(y[:, None] == wanted)
    stray = np.flatnonzero(~truth.any(axis=1)).tolist()
    if stray or len(names) < 2:
        value = y[stray[0]] if stray else names[0]
        raise MetricError(
            f"y holds {value!r}, which is none of the classes {', '.join(names)} (two or more), "
            f"nor one of their indices from 0."
        )
    return truth, np.ones_like(truth), "binary" if len(names) == 2 else "multiclass"


def _positive(names: tuple[str, ...], positive: str | None) -> int:
    if positive is not None and positive not in names:
        raise MetricError(f"the positive class {positive!r} is none of {', '.join(names)}.")
    return len(names) - 1 if positive is None else names.index(positive)


def _probability(given: Floats, names: tuple[str, ...], positive: str | None, kind: Kind) -> Floats:
    if given.ndim == 1 and kind == "binary":
        both = (1 - given, given)
        return np.stack(both if _positive(names, positive) == 1 else both[::-1], axis=1)
    return given


def _decide(given: Floats, kind: Kind, threshold: float, column: int | None) -> NDArray[np.bool_]:
    if kind == "multilabel":
        return np.asarray(given >= threshold)
    choice = given.argmax(axis=1)
    if column is not None:
        choice = np.where(given[:, column] >= threshold, column, 1 - column)
    return np.asarray(choice[:, None] == np.arange(given.shape[1]))
