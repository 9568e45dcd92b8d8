"""What a saved model says of labelled images, as a comparison would hold it."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.data.folds import Fold
from texturekit.data.pictures import Pictures
from texturekit.errors import MetricError
from texturekit.extraction import Representations
from texturekit.methods.deciding import cuts_of
from texturekit.methods.grammar import parse_method
from texturekit.methods.heads import HeadLearner
from texturekit.methods.learners import Inputs, PictureLearner, Settings
from texturekit.methods.learnt import prior_of
from texturekit.methods.outcomes import score
from texturekit.methods.predicting import answered
from texturekit.methods.prediction_rows import ordered, prediction_rows
from texturekit.methods.running import Run
from texturekit.methods.watching import Looks, Watch
from texturekit.metrics.fold_scores import fold_scores
from texturekit.metrics.pooled import measure
from texturekit.metrics.proportions import clustered_proportion, proportion
from texturekit.piece import Lost
from texturekit.records import MethodResult, Outside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.methods.grammar import Method
    from texturekit.methods.model import Model

BASELINE = "majority/dummy"


@dataclass(frozen=True)
class Answers:
    """What a model said of the images of a manifest.

    Attributes
    ----------
    usable : (m,) int64
        Rows of the manifest that it could judge.
    probabilities : (m, classes) float64
        To the bit those of `texturekit.methods.predicting.predictions`.
    scores : (m,) float64
        How unusual each is; NaN without a detector.
    lost : dict of Lost
        Why it could not judge the others.
    seconds : float
        What all of it took.
    """

    usable: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    scores: NDArray[np.float64]
    lost: dict[int, Lost]
    seconds: float


def ask(model: Model, manifest: Manifest, **settings: Any) -> Answers:
    """Let a model judge every image; a bad one costs its row.

    Parameters
    ----------
    model : Model
    manifest : Manifest
        Nothing skipped.
    **settings
        As `texturekit.methods.predicting.answered` takes them.
    """
    start = time.perf_counter()
    rows = pd.concat([answer.rows for answer in answered(model, manifest, **settings)])
    seconds = time.perf_counter() - start
    ok = (rows["status"] == "ok").to_numpy()
    told = rows.loc[ok, [f"p.{name}" for name in model.classes]].to_numpy(dtype=np.float64)
    lost = {int(row): Lost(str(rows["error"].iloc[row]), "failed") for row in np.flatnonzero(~ok)}
    scores = rows.loc[ok, "ood_score"].to_numpy(dtype=np.float64)
    return Answers(np.flatnonzero(ok), told, scores, lost, seconds)


def run_of(model: Model, manifest: Manifest, answers: Answers, *, cams: bool, device: str) -> Run:
    """Return a model's answers on the images that it could judge, as one test without training."""
    rows = np.arange(len(manifest))
    frame = _tested(model, manifest, answers.probabilities)
    run = Run(
        ordered(frame),
        weights=_weights(model),
        head=model.learner if isinstance(model.learner, HeadLearner) else None,
        decisions={(0, 0): model.decision},
        predict_seconds=answers.seconds,
    )
    if cams and isinstance(model.learner, PictureLearner | HeadLearner):
        own = model.preprocessing
        pictures = Pictures(manifest, size=own.size, roi=own.roi, window=own.window)
        watch = Watch(
            Looks(cams=True), model.method, manifest, Inputs(len(manifest), {}, pictures),
            model.positive, Settings(device=device),
        )  # fmt: skip
        none = np.zeros(0, dtype=np.int64)
        watch.see(model.learner, answers.probabilities, frame, Fold(0, 0, none, rows))
        run.cams = watch.cams()
    return run


def baseline_of(model: Model, manifest: Manifest) -> Run | None:
    """Return what the class shares of the model's training images say: the floor of its numbers.

    None where the model does not know them, or is this baseline itself.
    """
    prior = prior_of(model.training, model.kind, len(model.classes))
    if prior is None or model.method.name == BASELINE:
        return None
    rows, method = np.arange(len(manifest)), parse_method(BASELINE)
    told = prior.predict_proba(Inputs(len(manifest), {}))
    frame = prediction_rows(manifest, rows, told, method, model.positive, {})
    return Run(ordered(frame.assign(repeat=0, fold=0, split="test")))


def row_of(run: Run, method: Method, **described: Any) -> MethodResult:
    """Return a model's row of the table of methods; nothing was fitted, so nothing was timed."""
    nothing = np.zeros(0, dtype=np.intp)
    found = Representations(nothing, {}, {}, {}, defaultdict(float))
    row = score(method, run, found, **described)
    folds = fold_scores(run.predictions, **described)
    return row.model_copy(update={"seconds": None, "folds": folds})


def outside_of(
    model: Model, manifest: Manifest, answers: Answers, **described: Any
) -> Outside | None:
    """Return which share of the images lies outside the training distribution, and their AUC."""
    known = ~np.isnan(answers.scores)
    if model.ood.detector is None or not known.any():
        return None
    above = answers.scores > model.ood.threshold
    hits = above[known]
    groups = manifest.groups
    if groups is None:
        share = proportion(int(hits.sum()), len(hits))
    else:
        share = clustered_proportion(hits, groups[known])
    frame = _tested(model, manifest, answers.probabilities)
    areas = {}
    for name, which in (("inside", known & ~above), ("outside", known & above)):
        if which.any():
            try:
                areas[name] = measure(frame[which], **described)["roc_auc"]
            except MetricError:  # too few to score: the share says how few
                continue
    return Outside(
        judged=int(known.sum()),
        outside=int(hits.sum()),
        threshold=model.ood.threshold,
        detector=f"{model.ood.name} on {model.ood.features}",
        chosen_on=model.ood.chosen_on,
        expected=1 - model.ood.kept,
        share=share,
        roc_auc=areas,
    )


def _tested(model: Model, manifest: Manifest, told: NDArray[np.float64]) -> pd.DataFrame:
    """Return probabilities with the decisions of the model's own, frozen thresholds."""
    cuts, rows = cuts_of(model.learner, model.decision), np.arange(len(manifest))
    frame = prediction_rows(manifest, rows, told, model.method, model.positive, cuts)
    return frame.assign(repeat=0, fold=0, split="test")


def _weights(model: Model) -> str | None:
    learner = model.learner
    if isinstance(learner, HeadLearner):
        return None if learner.weights is None else learner.weights.label
    if isinstance(learner, PictureLearner):
        return None if learner.network is None else learner.network.facts.weights
    known = model.training.get("weights", {})
    return "; ".join(str(one["label"]) for one in known.values()) or None
