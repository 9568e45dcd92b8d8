"""From what a method predicted to its row in the table of methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from texturekit.methods.deciding import BEFOREHAND, THRESHOLD
from texturekit.metrics.curves import thresholds
from texturekit.metrics.summary import summarise
from texturekit.metrics.thresholds import Rule
from texturekit.records import ClassResult, FoldCut, MethodResult, Seconds, Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.extraction import Representations
    from texturekit.methods.deciding import Decision
    from texturekit.methods.grammar import Method
    from texturekit.methods.heads import HeadLearner
    from texturekit.methods.running import Run
    from texturekit.records import Kind


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
        calibration=_calibration(run.decisions),
        tuning=run.tuning,
        families=run.families,
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
    if any(decision.chosen for decision in run.decisions.values()):
        return _chosen(frame, run.decisions)
    if run.head is not None:
        return _operating_points(frame, run.head, run.decisions)
    each = " for each label" if kind == "multilabel" else ""
    rule = f"probability at least {THRESHOLD}{each}"
    used = thresholds(frame, rule=rule, chosen_on=BEFOREHAND)
    if used is not None:
        return used
    return Threshold(rule="most probable class", chosen_on=BEFOREHAND, values=[], median=None)


def _chosen(frame: pd.DataFrame, decisions: Mapping[tuple[int, int], Decision]) -> Threshold:
    """Tell of thresholds that were chosen inside training parts, one a fold and label."""
    cuts = [
        FoldCut(repeat=repeat, fold=fold, **cut.model_dump())
        for (repeat, fold), decision in sorted(decisions.items())
        for cut in decision.chosen
    ]
    first = next(iter(decisions.values()))
    rule = f"{first.rule}: {Rule.of(first.rule).words}"
    where = _where(decisions)
    lost = sum(cut.value is None for cut in cuts)
    if lost:
        where += f"; at {THRESHOLD} in {lost} of {len(cuts)} cases: too few images to choose on"
    used = thresholds(frame, rule=rule, chosen_on=where)
    used = used or Threshold(rule=rule, chosen_on=where, values=[], median=None)
    return used.model_copy(update={"cuts": cuts})


def _where(decisions: Mapping[tuple[int, int], Decision]) -> str:
    """Say which images something was chosen on, and how many these are a fold."""
    kinds = " or ".join(dict.fromkeys(one.chosen_on for one in decisions.values()))
    return f"{kinds}, n = {_span([one.images for one in decisions.values()])} a fold"


def _span(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def _calibration(decisions: Mapping[tuple[int, int], Decision]) -> str | None:
    """Say what made the probabilities; None where nothing was asked for."""
    asked = {one.calibrate for one in decisions.values()} - {"none"}
    if not asked:
        return None
    (form,) = asked
    fitted = {key: one for key, one in decisions.items() if one.calibrator is not None}
    lost = len(decisions) - len(fitted)
    if not fitted:
        return f"none, though {form} was asked for: {next(iter(decisions.values())).notes[0]}"
    told = f"{form}, fitted on {_where(fitted)}, to the class shares of these images"
    return told + (f"; not in {lost} of {len(decisions)} folds" if lost else "")


def _operating_points(
    frame: pd.DataFrame, head: HeadLearner, decisions: Mapping[tuple[int, int], Decision]
) -> Threshold:
    points = ", ".join(f"{name} {cut:.4g}" for name, cut in head.cuts.items())
    rule = f"probability at least the network's operating point ({points})"
    origin = f"nothing here: published with {head.card.name}"
    if any(decision.cuts for decision in decisions.values()):
        origin += ", and moved along with the calibration of each fold"
    used = thresholds(frame, rule=rule, chosen_on=origin)
    return used or Threshold(rule=rule, chosen_on=origin, values=[], median=None)
