"""Run one method over folds: the only place where predictions are made."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit import events
from texturekit.errors import printable
from texturekit.methods.heads import HeadLearner
from texturekit.methods.learners import Inputs, PictureLearner, Settings, TableLearner, learner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.data.splits import Fold
    from texturekit.methods.grammar import Method

#: The decision threshold of binary and multi-label methods, fixed before any data are seen.
THRESHOLD = 0.5


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
    weights : str or None
        Label of the network's weights.
    head : HeadLearner or None
        The network whose own outputs were used.
    """

    predictions: pd.DataFrame
    importance: dict[str, float] = field(default_factory=dict)
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    weights: str | None = None
    head: HeadLearner | None = None


def run_method(
    method: Method,
    manifest: Manifest,
    inputs: Inputs,
    folds: Sequence[Fold],
    *,
    positive: str | None,
    settings: Settings,
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

    Returns
    -------
    Run
    """
    frames: list[pd.DataFrame] = []
    importances: list[dict[str, float]] = []
    run = Run(pd.DataFrame())
    settings = _with_weights(method, settings)
    if method.classifier == "head":
        return _run_head(method, manifest, inputs, folds, positive, settings)
    for number, fold in enumerate(folds):
        events.progress(f"running {method.name}", number, len(folds))
        seeded = replace(settings, seed=settings.seed + fold.repeat)
        start = time.perf_counter()
        fitted = _fit(method, manifest, inputs, fold, seeded)
        middle = time.perf_counter()
        tested = {"test": fold.test}
        if isinstance(fitted, PictureLearner) and len(fitted.held_out):
            tested["val"] = np.concatenate([fold.train, fold.val])[fitted.held_out]
        for split, rows in tested.items():
            probabilities = fitted.predict_proba(inputs.subset(rows))
            frame = _frame(manifest, rows, probabilities, method, positive)
            frames.append(frame.assign(repeat=fold.repeat, fold=fold.fold, split=split))
        run.fit_seconds += middle - start
        run.predict_seconds += time.perf_counter() - middle
        if isinstance(fitted, TableLearner) and (told := fitted.importance()) is not None:
            importances.append(dict(zip(told[0], told[1].tolist(), strict=True)))
        if isinstance(fitted, PictureLearner) and fitted.network is not None:
            run.weights = fitted.network.facts.weights
    events.progress(f"running {method.name}", len(folds), len(folds))
    run.predictions = _ordered(pd.concat(frames, ignore_index=True))
    run.importance = _mean(importances)
    return run


def _run_head(
    method: Method,
    manifest: Manifest,
    inputs: Inputs,
    folds: Sequence[Fold],
    positive: str | None,
    settings: Settings,
) -> Run:
    """Ask a network for its own outputs; once for all folds, as nothing is fitted."""
    start = time.perf_counter()
    head = HeadLearner(method, str(manifest.kind), tuple(manifest.classes), settings).load()
    middle = time.perf_counter()
    known = head.predict_proba(inputs)
    frames = [
        _frame(manifest, fold.test, known[fold.test], method, positive, head.cuts).assign(
            repeat=fold.repeat, fold=fold.fold, split="test"
        )
        for fold in folds
    ]
    return Run(
        _ordered(pd.concat(frames, ignore_index=True)),
        fit_seconds=middle - start,
        predict_seconds=time.perf_counter() - middle,
        weights=None if head.weights is None else head.weights.label,
        head=head,
    )


def _with_weights(method: Method, settings: Settings) -> Settings:
    """Look for a network's weights once, not once a fold."""
    if method.classifier != "finetune":
        return settings
    from texturekit.deep.weights import resolve_weights

    weights = resolve_weights(method.parts[0].name, settings.weights, seed=settings.seed)
    return replace(settings, weights=weights)


def _fit(method: Method, manifest: Manifest, inputs: Inputs, fold: Fold, settings: Settings) -> Any:
    assert manifest.kind is not None
    assert manifest.labels is not None
    unfitted = learner(method, manifest.kind, manifest.classes, settings)
    groups = manifest.groups
    if isinstance(unfitted, PictureLearner) and len(fold.val):
        rows = np.concatenate([fold.train, fold.val])
        held_out = np.arange(len(fold.train), len(rows))
        known = None if groups is None else groups[rows]
        return unfitted.fit(inputs.subset(rows), manifest.labels[rows], known, held_out=held_out)
    known = None if groups is None else groups[fold.train]
    return unfitted.fit(inputs.subset(fold.train), manifest.labels[fold.train], known)


def _frame(
    manifest: Manifest,
    rows: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    method: Method,
    positive: str | None,
    cuts: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return the predictions of some images as rows of the predictions table."""
    part = manifest.subset(rows)
    groups = part.frame["group"].to_numpy() if "group" in part.frame.columns else None
    data: dict[str, Any] = {
        "id": [printable(name) for name in part.ids],
        "path": [printable(name) for name in part.paths],
        "group": pd.Series([None] * len(part) if groups is None else groups, dtype="str"),
        "method": method.name,
    }
    classes = manifest.classes
    if manifest.kind == "multilabel":
        assert part.labels is not None
        for k, name in enumerate(classes):
            data[f"y.{name}"] = part.labels[:, k]
    else:
        data["label"] = [part.label_name(i) for i in range(len(part))]
    decided, threshold = decide(
        probabilities, classes, str(manifest.kind), positive, method, cuts=cuts
    )
    data["predicted"], data["threshold"] = decided, threshold
    for k, name in enumerate(classes):
        data[f"p.{name}"] = probabilities[:, k]
    if cuts is not None and manifest.kind == "multilabel":
        data |= {f"t.{name}": cuts.get(name, float("nan")) for name in classes}
    return pd.DataFrame(data)


def decide(
    probabilities: NDArray[np.float64],
    classes: Sequence[str],
    kind: str,
    positive: str | None,
    method: Method,
    *,
    cuts: Mapping[str, float] | None = None,
) -> tuple[list[str], float]:
    """Turn probabilities into class names, and give the threshold that did it.

    Parameters
    ----------
    probabilities : (n, k) float64
    classes : sequence of k str
    kind : {"binary", "multiclass", "multilabel"}
    positive : str or None
        The positive class of two.
    method : Method
    cuts : dict of float, optional
        Thresholds by class, instead of 0.5 for all; of two classes it holds one.

    Returns
    -------
    decided : list of n str
        Class names; labels joined by ``|``.
    threshold : float
        NaN where there is none, or one for each label.
    """
    if cuts is not None:
        return _decide_by(cuts, probabilities, classes, kind, positive)
    if kind == "multilabel":
        above = np.nan_to_num(probabilities, nan=0.0) >= THRESHOLD
        return ["|".join(np.array(classes)[row]) for row in above], THRESHOLD
    if kind == "binary" and method.classifier != "dummy":
        index = list(classes).index(str(positive))
        chosen = np.where(probabilities[:, index] >= THRESHOLD, index, 1 - index)
        return [classes[k] for k in chosen], THRESHOLD
    return [classes[k] for k in probabilities.argmax(axis=1)], float("nan")


def _decide_by(
    cuts: Mapping[str, float],
    probabilities: NDArray[np.float64],
    classes: Sequence[str],
    kind: str,
    positive: str | None,
) -> tuple[list[str], float]:
    if kind == "multilabel":
        points = np.array([cuts.get(name, np.inf) for name in classes])
        above = np.nan_to_num(probabilities, nan=-1.0) >= points
        return ["|".join(np.array(classes)[row]) for row in above], float("nan")
    ((name, cut),) = cuts.items()
    index = list(classes).index(name)
    chosen = np.where(probabilities[:, index] >= cut, index, 1 - index)
    return [classes[k] for k in chosen], cut if name == positive else 1 - cut


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    truth = [c for c in frame.columns if c == "label" or c.startswith("y.")]
    scores = [c for c in frame.columns if c.startswith(("p.", "t."))]
    first = ["id", "path", "group", "repeat", "fold", "split", "method"]
    frame = frame[[*first, *truth, "predicted", "threshold", *scores]]
    return frame.sort_values(["method", "repeat", "fold", "split", "id"], ignore_index=True)


def _mean(importances: list[dict[str, float]]) -> dict[str, float]:
    if not importances:
        return {}
    return {
        name: float(np.mean([told.get(name, 0.0) for told in importances]))
        for name in importances[0]
    }
