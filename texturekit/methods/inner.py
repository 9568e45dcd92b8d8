"""Predictions inside a training part: what thresholds, calibration and searches may look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.data.group_counts import group_numbers
from texturekit.data.splits import inner_folds
from texturekit.data.stratify import sum_by_group
from texturekit.methods.heads import HeadLearner
from texturekit.methods.learners import PictureLearner, PriorLearner, TableLearner

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from texturekit.methods.learners import Inputs

    Rows = NDArray[np.intp]
    Learner = PriorLearner | TableLearner | PictureLearner | HeadLearner

FOLDS = 5


@dataclass(frozen=True)
class Part:
    """The images that a learner was fitted on, and those that were set apart for choices.

    Attributes
    ----------
    inputs : Inputs
        All images at hand, n.
    labels : (n,) int64, or (n, L) float64
    groups : (n,) array or None
    train, val : (k,) intp
        Rows of them. No other row is ever looked at.
    seed : int
        Of inner folds.
    told : (n, k) float64, optional
        What a network that learns nothing here says of all images, where that is known already.
    """

    inputs: Inputs
    labels: NDArray[Any]
    groups: NDArray[Any] | None
    train: Rows
    val: Rows
    seed: int = 0
    told: NDArray[np.float64] | None = None

    @property
    def both(self) -> Rows:
        """Rows of the whole training part, ascending."""
        return np.sort(np.concatenate([self.train, self.val]))

    def of(self, rows: Rows) -> tuple[Inputs, NDArray[Any], NDArray[Any] | None]:
        """Return images, labels and groups of some rows."""
        groups = None if self.groups is None else self.groups[rows]
        return self.inputs.subset(rows), self.labels[rows], groups


@dataclass(frozen=True)
class Inner:
    """Predictions of training images by learners that did not learn from them.

    Attributes
    ----------
    rows : (m,) intp
        Which images, ascending.
    probabilities : (m, k) float64
    where : str
        What these images are, in words.
    reason : str or None
        Why there are none.
    """

    rows: Rows
    probabilities: NDArray[np.float64]
    where: str
    reason: str | None = None


def fit_part(unfitted: Any, part: Part) -> Any:
    """Fit a learner on a training part, and return it.

    Validation images that the data name tell a network when to stop; others do not see them.
    """
    if isinstance(unfitted, PictureLearner) and len(part.val):
        held_out = np.flatnonzero(np.isin(part.both, part.val))
        return unfitted.fit(*part.of(part.both), held_out=held_out)
    return unfitted.fit(*part.of(part.train))


def inner_predictions(
    make: Callable[[], Learner], fitted: Learner, part: Part, *, classes: int
) -> Inner:
    """Predict what a threshold or a calibration may be chosen on.

    Validation images that the data name, if they do; else, of a network, those that decided when
    to stop; else every training image by learners of inner folds.

    Parameters
    ----------
    make : callable
        Gives the learner unfitted.
    fitted : PriorLearner, TableLearner, PictureLearner or HeadLearner
        It was fitted on ``part.train``.
    part : Part
    classes : int

    Returns
    -------
    Inner
        Without rows where no image can be spared.
    """
    if isinstance(fitted, PriorLearner):
        return _none(classes, "the class shares of the training part are no predictions")
    if isinstance(fitted, PictureLearner):
        rows = np.sort((part.both if len(part.val) else part.train)[fitted.held_out])
        where = "validation images" if len(part.val) else "images that decided when to stop"
        if not len(rows):
            return _none(classes, "no image is held out from the training of this network")
    elif len(part.val):
        rows, where = np.sort(part.val), "validation images"
    elif isinstance(fitted, HeadLearner):
        rows, where = np.sort(part.train), "training images, from which nothing was learnt"
    else:
        return _by_folds(make, part, classes)
    known = part.told
    told = fitted.predict_proba(part.inputs.subset(rows)) if known is None else known[rows]
    return Inner(rows, told, where)


def _by_folds(make: Callable[[], Any], part: Part, classes: int) -> Inner:
    rows = np.sort(part.train)
    told = out_of_fold(make, *part.of(rows), classes=classes, seed=part.seed)
    known = ~np.isnan(told).all(axis=1)
    if not known.any():
        return _none(classes, "a class has images of one group only, so that no fold can be made")
    return Inner(
        rows[known], told[known], f"training images, predicted by up to {FOLDS} inner folds"
    )


def _none(classes: int, reason: str) -> Inner:
    return Inner(np.zeros(0, dtype=np.intp), np.zeros((0, classes)), "no images", reason)


def out_of_fold(
    make: Callable[[], TableLearner],
    inputs: Inputs,
    labels: NDArray[Any],
    groups: NDArray[Any] | None,
    *,
    classes: int,
    folds: int = FOLDS,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Predict every image of a training part by a learner that saw neither it nor its group.

    Parameters
    ----------
    make : callable
        Gives an unfitted learner.
    inputs : Inputs
        The n images of the training part.
    labels : (n,) int64, or (n, L) float64
    groups : (n,) array, optional
        Patients; none is cut.
    classes : int
        Columns of the result.
    folds : int, default 5
        Fewer are made where a class has fewer groups.
    seed : int, default 0

    Returns
    -------
    (n, classes) float64
        NaN where there can be no such learner: a class has one group only; of several labels, that
        label.
    """
    result = np.full((inputs.count, classes), np.nan)
    for train, test in inner_folds(divisible(labels, groups), groups, folds=folds, seed=seed):
        known = None if groups is None else groups[train]
        fitted = make().fit(inputs.subset(train), labels[train], known)
        result[test] = fitted.predict_proba(inputs.subset(test))
    return result


def divisible(labels: NDArray[Any], groups: NDArray[Any] | None) -> NDArray[Any]:
    """Return the labels that folds can part; a rare one must not cost the others their folds.

    Parameters
    ----------
    labels : (n,) int64, or (n, L) float64
    groups : (n,) array, optional

    Returns
    -------
    (n,) or (n, k) array
        Of several labels those that are found present, and absent, in two groups or more; all of
        them where that is none.
    """
    if labels.ndim == 1:
        return labels
    numbers = group_numbers(groups, len(labels))
    counts = [sum_by_group((labels == value).astype(np.int64), numbers) > 0 for value in (0, 1)]
    several = np.logical_and(*(count.sum(axis=0) > 1 for count in counts))
    return labels[:, several] if several.any() else labels
