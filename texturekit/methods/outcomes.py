"""From what a method predicted to its row in the table of methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from texturekit.methods.running import THRESHOLD
from texturekit.metrics.curves import thresholds
from texturekit.metrics.summary import summarise
from texturekit.records import ClassResult, MethodResult, Seconds, Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.extraction import Representations
    from texturekit.methods.grammar import Method
    from texturekit.methods.heads import HeadLearner
    from texturekit.methods.running import Run
    from texturekit.records import Kind

_BEFOREHAND = "nothing: fixed beforehand"


def score(
    method: Method,
    run: Run,
    found: Representations,
    *,
    kind: Kind,
    classes: Sequence[str],
    positive: str | None,
) -> MethodResult:
    """Score one method from its predictions and nothing else.

    Parameters
    ----------
    method : Method
    run : Run
    found : Representations
        They know their weights and what they took.
    kind : {"binary", "multiclass", "multilabel"}
    classes : sequence of str
    positive : str or None
        The positive class of two.

    Returns
    -------
    MethodResult
    """
    frame = run.predictions
    metrics, per_class, confusion = summarise(frame, kind=kind, classes=classes, positive=positive)
    return MethodResult(
        name=method.name,
        family=method.family,
        status="ok",
        weights=_weights(method, run, found),
        n=int(frame.loc[frame["split"] == "test", "id"].nunique()),
        metrics=metrics,
        per_class=[_explained(one, run) for one in per_class],
        confusion=confusion,
        threshold=_threshold(frame, kind, run),
        seconds=Seconds(
            represent=_represent_seconds(method, found),
            fit=run.fit_seconds,
            predict=run.predict_seconds,
        ),
    )


def importance_frame(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Return ``method, column, importance`` of the methods that tell."""
    rows = [(m, c, v) for m, run in runs.items() for c, v in run.importance.items()]
    frame = pd.DataFrame(rows, columns=["method", "column", "importance"])
    return frame.astype({"method": "str", "column": "str", "importance": "float64"})


def _weights(method: Method, run: Run, found: Representations) -> str | None:
    if run.weights is not None:
        return run.weights
    names = dict.fromkeys(name.partition("(")[0] for name in method.blocks)
    return "; ".join(found.weights[name] for name in names if name in found.weights) or None


def _represent_seconds(method: Method, found: Representations) -> float:
    if not method.blocks:
        return 0.0
    return found.seconds["reading"] + sum(found.seconds[name] for name in method.blocks)


def _explained(one: ClassResult, run: Run) -> ClassResult:
    """Say of a label that a network was never trained for why it has no numbers."""
    if run.head is None or one.name not in run.head.absent:
        return one
    reason = run.head.absent[one.name]
    metrics = {
        name: metric.model_copy(update={"reason": reason}) if metric.value is None else metric
        for name, metric in one.metrics.items()
    }
    return one.model_copy(update={"metrics": metrics, "confusion": None})


def _threshold(frame: pd.DataFrame, kind: str, run: Run) -> Threshold:
    if run.head is not None:
        return _operating_points(frame, run.head)
    each = " for each label" if kind == "multilabel" else ""
    rule = f"probability at least {THRESHOLD}{each}"
    used = thresholds(frame, rule=rule, chosen_on=_BEFOREHAND)
    if used is not None:
        return used
    return Threshold(rule="most probable class", chosen_on=_BEFOREHAND, values=[], median=None)


def _operating_points(frame: pd.DataFrame, head: HeadLearner) -> Threshold:
    points = ", ".join(f"{name} {cut:.4g}" for name, cut in head.cuts.items())
    rule = f"probability at least the network's operating point ({points})"
    origin = f"nothing here: published with {head.card.name}"
    used = thresholds(frame, rule=rule, chosen_on=origin)
    return used or Threshold(rule=rule, chosen_on=origin, values=[], median=None)
