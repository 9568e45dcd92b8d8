"""Run one method over folds: the only place where predictions are made."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit import events
from texturekit.methods.choosing import Meaning, Wanted, choose_inside
from texturekit.methods.deciding import Decision, cuts_of
from texturekit.methods.inner import Part, fit_part
from texturekit.methods.learners import PictureLearner, TableLearner, learner
from texturekit.methods.prediction_rows import ordered, prediction_rows
from texturekit.methods.side_by_side import learnt_from, set_aside
from texturekit.methods.tuned import account, trials_of, tuned
from texturekit.methods.watching import Looks, Watch, epochs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.data.splits import Fold
    from texturekit.methods.grammar import Method
    from texturekit.methods.heads import HeadLearner
    from texturekit.methods.inner import Inner, Rows
    from texturekit.methods.learners import Inputs, Settings
    from texturekit.records import FamilyImportance, Trial, Tuning
    from texturekit.tuning import Search

__all__ = ["Run", "run_method"]


@dataclass
class Run:
    """What one method gave.

    Attributes
    ----------
    predictions : pandas.DataFrame
        The rows of ``predictions.parquet``.
    importance : dict of float
        Mean importance by column over folds; empty where the classifier does not tell.
    fit_seconds, predict_seconds : float
        What is predicted inside a training part counts as fitting.
    weights : str or None
        Label of the network's weights.
    training : pandas.DataFrame or None
        Rows like ``predictions``, split ``train``, of images that were learnt from; not kept.
    head : HeadLearner or None
        The network whose own outputs were used.
    decisions : dict of Decision
        What was chosen inside the training part, by repeat and fold.
    tuning : Tuning or None
        How the settings were chosen.
    epochs : list of dict
        Rows of ``training.parquet`` without the method.
    families : list of FamilyImportance
        What each family of columns adds.
    cams : dict of bytes
        Overlays (PNG) of where a network looked, by id.
    """

    predictions: pd.DataFrame
    importance: dict[str, float] = field(default_factory=dict)
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    weights: str | None = None
    training: pd.DataFrame | None = None
    head: HeadLearner | None = None
    decisions: dict[tuple[int, int], Decision] = field(default_factory=dict)
    tuning: Tuning | None = None
    epochs: list[dict[str, Any]] = field(default_factory=list)
    families: list[FamilyImportance] = field(default_factory=list)
    cams: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Task:
    """What all folds of a method have in common."""

    method: Method
    manifest: Manifest
    inputs: Inputs
    positive: str | None
    wanted: Wanted
    looks: Looks

    def watch(self, settings: Settings) -> Watch:
        """Return what looks at every fold."""
        given = self.method, self.manifest, self.inputs, self.positive
        return Watch(self.looks, *given, settings)

    def unfitted(self, settings: Settings) -> Any:
        """Return the learner of a fold."""
        return learner(self.method, str(self.manifest.kind), self.manifest.classes, settings)

    def part(self, fold: Fold) -> Part:
        """Return the training part of a fold: the only images that anything is chosen on."""
        labels = np.asarray(self.manifest.labels)
        return Part(self.inputs, labels, self.manifest.groups, fold.train, fold.val)

    def tuned(self, fold: Fold, settings: Settings) -> tuple[Settings, Search | None]:
        """Choose settings by the training images of a fold; networks by its validation images."""
        rows, held_out = fold.train, None
        if self.method.learns_from_pictures and len(fold.val):
            rows = np.concatenate([fold.train, fold.val])
            held_out = np.arange(len(fold.train), len(rows))
        inputs, labels, groups = self.part(fold).of(rows)
        return tuned(
            self.method, str(self.manifest.kind), self.manifest.classes, inputs, labels, groups,
            settings, held_out=held_out,
        )  # fmt: skip

    def choose(
        self, make: Callable[[], Any], fitted: Any, part: Part, fold: Fold, run: Run
    ) -> Inner | None:
        """Keep in the run what is chosen inside a training part; return what it is chosen on."""
        meaning = Meaning(str(self.manifest.kind), tuple(self.manifest.classes), self.positive)
        inner, decision = choose_inside(self.wanted, make, fitted, part, meaning)
        for note in decision.notes:
            events.warn(f"running {self.method.name}", note)
        run.decisions[fold.repeat, fold.fold] = decision
        return inner

    def rows(
        self, told: NDArray[np.float64], fitted: Any, inner: Inner | None, fold: Fold, run: Run
    ) -> list[pd.DataFrame]:
        """Return the predictions of the test part, and of what was chosen on."""
        frames = [self._frame("test", fold.test, told, fitted, fold, run)]
        if inner is not None:
            frames.append(self._frame("val", inner.rows, inner.probabilities, fitted, fold, run))
        return frames

    def learnt(self, fitted: Any, part: Part, fold: Fold, run: Run) -> pd.DataFrame:
        """Return the predictions of images that were learnt from."""
        stopped = isinstance(fitted, PictureLearner) and not len(part.val)
        held_out = part.train[fitted.held_out] if stopped else None
        rows = learnt_from(fold, held_out, self.manifest)
        told = fitted.predict_proba(self.inputs.subset(rows))
        return self._frame("train", rows, told, fitted, fold, run)

    def _frame(
        self, split: str, rows: Rows, raw: NDArray[np.float64], fitted: Any, fold: Fold, run: Run
    ) -> pd.DataFrame:
        decision = run.decisions[fold.repeat, fold.fold]
        made, cuts = decision.probabilities(raw, str(self.manifest.kind)), cuts_of(fitted, decision)
        frame = prediction_rows(self.manifest, rows, made, self.method, self.positive, cuts)
        return frame.assign(repeat=fold.repeat, fold=fold.fold, split=split)


def run_method(
    method: Method,
    manifest: Manifest,
    inputs: Inputs,
    folds: Sequence[Fold],
    *,
    positive: str | None,
    settings: Settings,
    wanted: Wanted | None = None,
    looks: Looks | None = None,
) -> Run:
    """Fit and predict one method on every fold.

    Parameters
    ----------
    method : Method
    manifest : Manifest
        The usable images, labelled.
    inputs : Inputs
        Their representations, in the same order.
    folds : sequence of Fold
    positive : str or None
        The positive class of two.
    settings : Settings
    wanted : Wanted, optional
        The threshold and the calibration to choose inside each training part.
    looks : Looks, optional
        What is looked at beside the predictions; default: nothing.

    Returns
    -------
    Run
    """
    task = _Task(method, manifest, inputs, positive, wanted or Wanted(), looks or Looks())
    run = Run(pd.DataFrame())
    if method.classifier == "head":
        frames = _run_head(task, folds, settings, run)
    else:
        frames = _run_folds(task, folds, _with_weights(method, settings), run)
    run.predictions, run.training = set_aside(ordered(pd.concat(frames, ignore_index=True)))
    return run


def _run_folds(
    task: _Task, folds: Sequence[Fold], settings: Settings, run: Run
) -> list[pd.DataFrame]:
    """Fit on each training part, choose inside it, and predict the test part."""
    frames: list[pd.DataFrame] = []
    importances: list[dict[str, float]] = []
    trials: list[Trial] = []
    watch = task.watch(settings)
    for number, fold in enumerate(folds):
        events.progress(f"running {task.method.name}", number, len(folds))
        seeded = replace(settings, seed=settings.seed + fold.repeat)
        start = time.perf_counter()
        part = replace(task.part(fold), seed=seeded.seed)
        seeded, path = task.tuned(fold, seeded)
        trials += trials_of(path, repeat=fold.repeat, fold=fold.fold)
        fitted = fit_part(task.unfitted(seeded), part)
        inner = task.choose(partial(task.unfitted, seeded), fitted, part, fold, run)
        middle = time.perf_counter()
        told = fitted.predict_proba(task.inputs.subset(fold.test))
        made = task.rows(told, fitted, inner, fold, run)
        run.fit_seconds += middle - start
        run.predict_seconds += time.perf_counter() - middle
        watch.see(fitted, told, made[0], fold)
        frames += made
        if task.looks.training:
            frames.append(task.learnt(fitted, part, fold, run))
        if isinstance(fitted, TableLearner) and (gain := fitted.importance()) is not None:
            importances.append(dict(zip(gain[0], gain[1].tolist(), strict=True)))
        if isinstance(fitted, PictureLearner) and fitted.network is not None:
            run.weights = fitted.network.facts.weights
        run.epochs += epochs_of(fitted, fold)
    events.progress(f"running {task.method.name}", len(folds), len(folds))
    run.importance = _mean(importances)
    run.families, run.cams = watch.families(run.decisions), watch.cams()
    run.tuning = account(task.method, settings, trials)
    return frames


def _run_head(
    task: _Task, folds: Sequence[Fold], settings: Settings, run: Run
) -> list[pd.DataFrame]:
    """Ask a network for its own outputs; once for all folds, as nothing is fitted."""
    start = time.perf_counter()
    unfitted = partial(task.unfitted, settings)
    head = unfitted().load()
    middle = time.perf_counter()
    known = head.predict_proba(task.inputs)
    frames: list[list[pd.DataFrame]] = []
    for fold in folds:
        part = replace(task.part(fold), told=known)
        inner = task.choose(unfitted, head, part, fold, run)
        frames.append(task.rows(known[fold.test], head, inner, fold, run))
    run.fit_seconds = middle - start
    run.predict_seconds = time.perf_counter() - middle
    watch = task.watch(settings)
    for fold, (tests, *_) in zip(folds, frames, strict=True):
        watch.see(head, known[fold.test], tests, fold)
    run.cams = watch.cams()
    run.weights = None if head.weights is None else head.weights.label
    run.head = head
    run.tuning = account(task.method, settings, [])
    return [frame for made in frames for frame in made]


def _with_weights(method: Method, settings: Settings) -> Settings:
    """Look for a network's weights once, not once a fold."""
    if method.classifier != "finetune":
        return settings
    from texturekit.deep.weights import resolve_weights

    weights = resolve_weights(method.parts[0].name, settings.weights, seed=settings.seed)
    return replace(settings, weights=weights)


def _mean(importances: list[dict[str, float]]) -> dict[str, float]:
    if not importances:
        return {}
    return {
        name: float(np.mean([told.get(name, 0.0) for told in importances]))
        for name in importances[0]
    }
