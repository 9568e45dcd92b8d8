"""ROC curves that belong to the reported areas, and the thresholds that were used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from texturekit.errors import MetricError
from texturekit.metrics.benefit import THRESHOLDS, benefits
from texturekit.metrics.cases import read_cases
from texturekit.metrics.fold_areas import rankable
from texturekit.metrics.ranking import fold_rows
from texturekit.records import Threshold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.metrics.cases import Cases
    from texturekit.records import Kind

    Floats = NDArray[np.float64]

STEPS = 200


def roc_curves(
    predictions: pd.DataFrame, *, kind: Kind, classes: Sequence[str], positive: str | None
) -> pd.DataFrame:
    """Return the ROC curves of the first repeat, meaned over folds as the area is.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of one or several methods; only those with split ``test`` are read.
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    classes : sequence of str
        Class names in order.
    positive : str or None
        The positive class of a binary task.

    Returns
    -------
    pandas.DataFrame
        ``method, curve, class, x, y``: ``curve`` is ``roc``, x the false-positive rate (201 steps
        of 0.005, with 0 and 1 twice: the corner and where the curve leaves the edge), y the
        sensitivity. For several classes each has its curve, and ``macro`` is their mean. A class
        that no fold holds beside others has none.

    Raises
    ------
    MetricError
        If the predictions cannot be scored.
    """
    frames = []
    for method, rows in predictions.groupby("method", sort=True):
        first = read_cases(rows, kind=kind, classes=classes, positive=positive)[0]
        curves = {first.classes[k]: _mean_curve(first, k) for k in rankable(first)}
        if curves and kind != "binary":
            curves["macro"] = np.mean(list(curves.values()), axis=0)
        for name, y in curves.items():
            columns = {"method": method, "curve": "roc", "class": name, "x": _GRID, "y": y}
            frames.append(pd.DataFrame(columns))
    if not frames:
        return pd.DataFrame(columns=["method", "curve", "class", "x", "y"])
    return pd.concat(frames, ignore_index=True)


def net_benefit_curves(
    predictions: pd.DataFrame, *, kind: Kind, classes: Sequence[str], positive: str | None
) -> pd.DataFrame:
    """Return the net benefit of the first repeat over thresholds, one curve a class.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of one or several methods; only those with split ``test`` are read.
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    classes : sequence of str
        Class names in order.
    positive : str or None
        The positive class of a binary task.

    Returns
    -------
    pandas.DataFrame
        ``method, curve, class, x, y``: x the threshold (0.01 to 0.99), y the net benefit over all
        folds; ``curve`` is ``net_benefit``, or ``net_benefit_all`` for acting on every image (0 is
        that of acting on none). See `texturekit.metrics.net_benefit`.

    Raises
    ------
    MetricError
        If the predictions cannot be scored.
    """
    frames = []
    for method, rows in predictions.groupby("method", sort=True):
        first = read_cases(rows, kind=kind, classes=classes, positive=positive)[0]
        for k in first.defined:
            known = first.known[:, k]
            pair = benefits(first.truth[known, k], first.probability[known, k], THRESHOLDS)
            for curve, y in zip(("net_benefit", "net_benefit_all"), pair, strict=True):
                columns = {"method": method, "curve": curve, "class": first.classes[k]}
                frames.append(pd.DataFrame({**columns, "x": THRESHOLDS, "y": y}))
    if not frames:
        return pd.DataFrame(columns=["method", "curve", "class", "x", "y"])
    return pd.concat(frames, ignore_index=True)


def study_curves(
    predictions: pd.DataFrame, *, kind: Kind, classes: Sequence[str], positive: str | None
) -> pd.DataFrame:
    """Return all curves of a study: `roc_curves`, then `net_benefit_curves`.

    Parameters
    ----------
    predictions, kind, classes, positive
        See `roc_curves`.

    Returns
    -------
    pandas.DataFrame
        ``method, curve, class, x, y``.
    """
    parts = [
        make(predictions, kind=kind, classes=classes, positive=positive)
        for make in (roc_curves, net_benefit_curves)
    ]
    found = [part for part in parts if len(part)]
    return pd.concat(found, ignore_index=True) if found else parts[0]


_GRID = np.concatenate([[0.0], np.arange(STEPS + 1) / STEPS, [1.0]])


def _mean_curve(cases: Cases, k: int) -> Floats:
    total, pairs = np.zeros(len(_GRID)), 0
    for rows in fold_rows(cases.fold, cases.known[:, k]):
        truth = cases.truth[rows, k]
        weight = int(truth.sum()) * int((~truth).sum())
        if weight:
            total += weight * _curve(truth, cases.probability[rows, k])
            pairs += weight
    return np.asarray(total / pairs)


def _curve(truth: NDArray[np.bool_], score: Floats) -> Floats:
    """Return the sensitivity over the grid; on a vertical step its middle, which keeps the area."""
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    hits = np.append(0, np.cumsum(truth[order])[ends]) / truth.sum()
    alarms = np.append(0, np.cumsum(~truth[order])[ends]) / (~truth).sum()
    # np.interp takes the last of equal abscissae: once from the right, once from the left
    grid = _GRID[1:-1]
    upper = np.interp(grid, alarms, hits)
    lower = -np.interp(-grid, -alarms[::-1], -hits[::-1])
    middle = (upper + lower) / 2
    middle[0], middle[-1] = upper[0], lower[-1]
    return np.concatenate([[0.0], middle, [1.0]])


def thresholds(
    predictions: pd.DataFrame, *, rule: str | None = None, chosen_on: str | None = None
) -> Threshold | None:
    """Return the thresholds that one method used, one a repeat and fold.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of one method with ``repeat, fold, split, threshold``.
    rule : str, optional
        How they were chosen, in words; default ``p >= threshold``.
    chosen_on : str, optional
        On which rows; default: ``validation rows`` where there are some, else ``fixed in advance``.

    Returns
    -------
    Threshold or None
        None where decisions need none (the largest of several probabilities).

    Raises
    ------
    MetricError
        If a fold has several thresholds.
    """
    rows = predictions[(predictions["split"] == "test") & predictions["threshold"].notna()]
    if rows.empty:
        return None
    values = []
    for (repeat, fold), part in rows.groupby(["repeat", "fold"], sort=True)["threshold"]:
        if part.nunique() > 1:
            raise MetricError(
                f"repeat {repeat}, fold {fold} has {part.nunique()} thresholds; one is allowed."
            )
        values.append(float(part.iloc[0]))
    validated = bool((predictions["split"] == "val").any())
    return Threshold(
        rule=rule or "p >= threshold",
        chosen_on=chosen_on or ("validation rows" if validated else "fixed in advance"),
        values=values,
        median=float(np.median(values)),
    )
