"""A few metrics of every fold by itself: how much they spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics.cases import read_cases
from texturekit.metrics.fold_areas import area_of, rankable
from texturekit.metrics.pooled import squared_losses
from texturekit.metrics.tallies import point_values, tally
from texturekit.records import FoldScore

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from texturekit.metrics.cases import Cases
    from texturekit.records import Kind

COUNTED = ("average_precision", "accuracy", "sensitivity", "specificity")
FOLD_METRICS = ("roc_auc", *COUNTED, "brier")


def fold_scores(
    predictions: pd.DataFrame, *, kind: Kind, classes: Sequence[str], positive: str | None
) -> list[FoldScore]:
    """Return the metrics of each fold of each repeat.

    They show how much folds differ. They are no sample to take an interval from: folds share their
    training images.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of one method; only those with split ``test`` are read.
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    classes : sequence of str
        Class names in order.
    positive : str or None
        The positive class of a binary task.

    Returns
    -------
    list of FoldScore
        In the order of repeats and folds. ``metrics`` has the keys `FOLD_METRICS`; None where a
        fold lacks a class that the metric needs. A mean over classes needs all that the whole test
        set has: means over different classes could not be compared.

    Raises
    ------
    MetricError
        If the predictions cannot be scored.
    """
    repeats = read_cases(predictions, kind=kind, classes=classes, positive=positive)
    test = predictions[predictions["split"] == "test"]
    numbers = [
        (repeat, sorted(test.loc[test["repeat"] == repeat, "fold"].unique()))
        for repeat in sorted(test["repeat"].unique())
    ]
    found = []
    for cases, (repeat, folds) in zip(repeats, numbers, strict=True):
        for code, fold in enumerate(folds):
            rows = np.flatnonzero(cases.fold == code)
            metrics = _scores(cases, cases.take(rows))
            found.append(
                FoldScore(repeat=int(repeat), fold=int(fold), n=len(rows), metrics=metrics)
            )
    return found


def _scores(cases: Cases, one: Cases) -> dict[str, float | None]:
    columns = rankable(cases)
    area = area_of(one, columns).value if columns else None
    values = {name: float(v[0]) for name, v in point_values(tally(one))[0].items()}
    losses, known = squared_losses(one)
    counts = known.sum(axis=0)
    values["brier"] = float(np.mean(losses.sum(axis=0) / counts)) if counts.all() else math.nan
    if cases.positive is None and one.defined != cases.defined:
        whole = ("accuracy", "brier") if cases.kind == "multiclass" else ()
        values = {name: value for name, value in values.items() if name in whole}
    if cases.positive is None and one.ranked != cases.ranked:
        values["average_precision"] = math.nan
    found = {"roc_auc": area}
    for name in FOLD_METRICS[1:]:
        value = values.get(name, math.nan)
        found[name] = None if math.isnan(value) else value
    return found
