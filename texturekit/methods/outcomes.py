"""From what a method predicted to its row in the table of methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from texturekit.deep.backbones import BACKBONES
from texturekit.methods.running import THRESHOLD
from texturekit.metrics.summary import summarise
from texturekit.records import MethodResult, Seconds, Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.methods.grammar import Method
    from texturekit.methods.running import Run
    from texturekit.records import Kind
    from texturekit.table import Table

_BEFOREHAND = "nothing: fixed beforehand"


def score(
    method: Method,
    run: Run,
    table: Table,
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
    table : Table
        The representations, which know their weights and what they took.
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
        weights=_weights(method, run, table),
        n=int(frame.loc[frame["split"] == "test", "id"].nunique()),
        metrics=metrics,
        per_class=per_class,
        confusion=confusion,
        threshold=_threshold(frame, kind),
        seconds=Seconds(
            represent=_represent_seconds(method, table),
            fit=run.fit_seconds,
            predict=run.predict_seconds,
        ),
    )


def importance_frame(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Return ``method, column, importance`` of the methods that tell."""
    rows = [(m, c, v) for m, run in runs.items() for c, v in run.importance.items()]
    frame = pd.DataFrame(rows, columns=["method", "column", "importance"])
    return frame.astype({"method": "str", "column": "str", "importance": "float64"})


def _weights(method: Method, run: Run, table: Table) -> str | None:
    if run.weights is not None:
        return run.weights
    labels = table.metadata["backbones"]
    if not method.blocks:
        return None
    return "; ".join(labels[part.name] for part in method.parts if part.name in labels) or None


def _represent_seconds(method: Method, table: Table) -> float:
    if not method.blocks:
        return 0.0
    deep = sum(table.seconds[p.name] for p in method.parts if p.name in BACKBONES)
    return deep + (table.seconds["texture"] if method.family in ("texture", "hybrid") else 0.0)


def _threshold(frame: pd.DataFrame, kind: str) -> Threshold:
    values = frame.groupby(["repeat", "fold"])["threshold"].first().dropna().tolist()
    if not values:
        return Threshold(rule="most probable class", chosen_on=_BEFOREHAND, values=[], median=None)
    return Threshold(
        rule=f"probability at least {THRESHOLD}"
        + (" for each label" if kind == "multilabel" else ""),
        chosen_on=_BEFOREHAND,
        values=values,
        median=float(np.median(values)),
    )
