"""Choose the settings of a method inside a training part; nothing here ever sees a test image."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.data.splits import inner_folds, inner_split
from texturekit.errors import ParameterError
from texturekit.methods.budgets import NOTHING
from texturekit.methods.inner import divisible, out_of_fold
from texturekit.methods.learners import PictureLearner, Settings, learner
from texturekit.methods.spaces import space_of
from texturekit.metrics.areas import measure_area
from texturekit.records import Trial, Tuning
from texturekit.tuning import Candidate, Search, sample, search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.methods.grammar import Method
    from texturekit.methods.learners import Inputs
    from texturekit.tuning import Space

#: Inner folds: three cost less than five, and every candidate is judged on the same ones.
FOLDS = 3
METRIC = "roc_auc"
_VALIDATION = 0.2


def tuned(
    method: Method,
    kind: str,
    classes: Sequence[str],
    inputs: Inputs,
    labels: NDArray[Any],
    groups: NDArray[Any] | None,
    settings: Settings,
    *,
    held_out: NDArray[np.intp] | None = None,
) -> tuple[Settings, Search | None]:
    """Choose settings by how candidates do on images of the training part that they did not see.

    Parameters
    ----------
    method : Method
    kind : {"binary", "multiclass", "multilabel"}
    classes : sequence of str
    inputs : Inputs
        The n images of the training part.
    labels : (n,) int64, or (n, L) float64
    groups : (n,) array, optional
        Patients; none is cut.
    settings : Settings
        ``tune`` is the number of candidates; with 0 nothing is done.
    held_out : (m,) intp, optional
        Rows of a given validation part; networks are judged on them.

    Returns
    -------
    settings : Settings
        With the chosen candidate, to be fitted on the whole training part.
    path : Search or None
        None where nothing was searched.
    """
    space = _space(method, settings)
    if not settings.tune or not space:
        return settings, None
    own = replace(settings, tune=0, resume=None)

    def make(candidate: Candidate) -> Any:
        return learner(method, kind, classes, replace(own, candidate=candidate))

    candidates = sample(space, settings.tune, seed=settings.seed)
    if method.learns_from_pictures:
        judge = _validated(make, kind, inputs, labels, groups, settings.seed, held_out)
    else:
        judge = _out_of_fold(make, kind, inputs, labels, groups, settings.seed, len(classes))
    with _quiet():
        path = search(candidates, judge)
    return replace(settings, candidate=path.chosen.candidate), path


def tuned_on(
    method: Method,
    inputs: Inputs,
    manifest: Manifest,
    settings: Settings,
    *,
    spare_val: bool = False,
) -> tuple[Settings, Tuning | None]:
    """Choose settings by all images of a manifest, and say how; see `tuned`.

    With ``spare_val`` a table's settings do not hang on the images that are marked as validation
    part, because something else will be chosen on these.
    """
    marked, rows = marked_val(manifest), np.arange(len(manifest))
    if spare_val and not method.learns_from_pictures:
        rows, marked = np.setdiff1d(rows, marked), marked[:0]
    chosen, path = tuned(
        method, str(manifest.kind), manifest.classes, inputs.subset(rows),
        np.asarray(manifest.labels)[rows],
        None if manifest.groups is None else manifest.groups[rows], settings, held_out=marked,
    )  # fmt: skip
    return chosen, account(method, settings, trials_of(path, repeat=0, fold=0))


def marked_val(manifest: Manifest) -> NDArray[np.intp]:
    """Return the rows that a manifest marks as validation part."""
    splits = [] if manifest.splits is None else list(manifest.splits)
    return np.array([row for row, part in enumerate(splits) if part == "val"], dtype=np.intp)


def trials_of(path: Search | None, *, repeat: int, fold: int) -> list[Trial]:
    """Return a path as records of a repeat and fold."""
    if path is None:
        return []
    return [
        Trial(
            repeat=repeat, fold=fold, candidate=one.candidate, score=one.score,
            chosen=number == path.best, reason=one.reason,
        )
        for number, one in enumerate(path.trials)
    ]  # fmt: skip


def account(method: Method, settings: Settings, trials: Sequence[Trial]) -> Tuning | None:
    """Return how the settings of a method were chosen; None where nothing was asked for."""
    if not settings.tune:
        return None
    space = _space(method, settings)
    if not space:
        how = f"nothing to choose: {NOTHING[method.classifier]}"
        return Tuning(budget=settings.tune, metric=METRIC, how=how, trials=[])
    where = (
        "one part of the training patients that is held out, a fifth or the given validation part"
        if method.learns_from_pictures
        else f"out-of-fold predictions of up to {FOLDS} grouped folds inside the training part"
    )
    return Tuning(
        budget=settings.tune,
        metric=METRIC,
        how=f"mean AUC (one class against the rest, inside folds) on {where}; the chosen settings "
        "are fitted on the whole training part; at equal scores the settings closest to the "
        "defaults win",
        space={name: str(part) for name, part in space.items()},
        exhausted=math.prod(part.size for part in space.values()) <= settings.tune,
        trials=list(trials),
    )


def _space(method: Method, settings: Settings) -> Space:
    if method.classifier != "finetune":
        return space_of(method)
    from texturekit.deep.weights import resolve_weights

    backbone = method.parts[0].name
    random = resolve_weights(backbone, settings.weights, seed=settings.seed).random
    how = settings.training.of(backbone, random=random, seed=settings.seed)
    return space_of(method, how, random=random)


def _out_of_fold(
    make: Any,
    kind: str,
    inputs: Inputs,
    labels: NDArray[Any],
    groups: NDArray[Any] | None,
    seed: int,
    classes: int,
) -> Any:
    """Return what judges a candidate on a table."""
    fold = np.full(inputs.count, -1, dtype=np.int64)
    parted = inner_folds(divisible(labels, groups), groups, folds=FOLDS, seed=seed)
    for number, (_, rows) in enumerate(parted):
        fold[rows] = number

    def judge(candidate: Candidate) -> float:
        if (fold < 0).all():
            raise ParameterError("a class has one group only, so that nothing can be held out")
        probabilities = out_of_fold(
            lambda: make(candidate), inputs, labels, groups,
            classes=classes, folds=FOLDS, seed=seed,
        )  # fmt: skip
        return mean_area(labels, probabilities, kind, fold)

    return judge


def _validated(
    make: Any,
    kind: str,
    inputs: Inputs,
    labels: NDArray[Any],
    groups: NDArray[Any] | None,
    seed: int,
    held_out: NDArray[np.intp] | None,
) -> Any:
    """Return what judges a candidate of a network."""
    rows = held_out
    if rows is None or not len(rows):
        rows = inner_split(labels, groups, kind, fraction=_VALIDATION, seed=seed)[1]

    def judge(candidate: Candidate) -> float:
        if not len(rows):
            raise ParameterError("no patient can be spared, so that nothing can be held out")
        trained: PictureLearner = make(candidate)
        trained.fit(inputs, labels, groups, held_out=rows)
        probabilities = trained.predict_proba(inputs.subset(rows))
        return mean_area(labels[rows], probabilities, kind, np.zeros(len(rows), dtype=np.int64))

    return judge


def mean_area(
    labels: NDArray[Any], probabilities: NDArray[np.float64], kind: str, fold: NDArray[np.int64]
) -> float:
    """Return the mean AUC over classes or labels, within folds, of those that can be ranked.

    Parameters
    ----------
    labels : (n,) int64, or (n, L) float64
        NaN is unknown.
    probabilities : (n, K) float64
        NaN is not predicted.
    kind : {"binary", "multiclass", "multilabel"}
    fold : (n,) int64
        Only images of one fold are compared with each other.

    Examples
    --------
    >>> p = np.array([[0.8, 0.2], [0.6, 0.4], [0.7, 0.3], [0.1, 0.9]])
    >>> mean_area(np.array([0, 0, 1, 1]), p, "binary", np.zeros(4, dtype=int))
    0.75
    """
    columns = [1] if kind == "binary" else list(range(probabilities.shape[1]))
    truth = labels == 1 if kind == "multilabel" else labels[:, None] == columns
    score = probabilities[:, columns]
    known = np.isfinite(score) & (fold >= 0)[:, None]
    if kind == "multilabel":
        known &= ~np.isnan(labels)
    area = measure_area(
        truth & known, np.where(known, score, 0.0), known, np.maximum(fold, 0),
        np.arange(len(labels)),
    )  # fmt: skip
    values = [value for value in area.values if value is not None]
    if not values:
        raise ParameterError("no class is on both sides of a fold, so that nothing can be ranked")
    return float(np.mean(values))


def _quiet() -> Any:
    """Keep the warnings of trials from the reader: the chosen settings warn when they are fitted.

    A trial that fails is in the path, with its reason.
    """
    return events.listening(lambda event: None)
