"""A few numbers of images that may be counted once in every fold, as training images are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics import limits, wording
from texturekit.metrics.cases import read_cases
from texturekit.metrics.fold_areas import area_estimate, over_repeats
from texturekit.metrics.guarding import guarded
from texturekit.metrics.patient_shares import group_share
from texturekit.metrics.probability import brier_losses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from texturekit.metrics.cases import Cases
    from texturekit.records import Estimate, Kind

    Counted = tuple[NDArray[np.float64], NDArray[np.bool_]]  # amounts, and which are known

METRICS = ("roc_auc", "accuracy", "brier")


def measure(
    predictions: pd.DataFrame,
    *,
    kind: Kind,
    classes: Sequence[str],
    positive: str | None,
    split: str = "test",
) -> dict[str, Estimate]:
    """Return AUC, accuracy and Brier score of one method on one split.

    The values are those of `texturekit.metrics.summary.summarise`. An image may stand in several
    folds; the intervals count its rows as one patient's then.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of one method.
    kind, classes, positive
        As `texturekit.metrics.summary.summarise` takes them.
    split : str, default "test"
        The rows that are measured.

    Returns
    -------
    dict of Estimate
        By the names of `METRICS`.

    Raises
    ------
    MetricError
        If there is no such row, or they cannot be scored.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": list("abcd"), "group": None, "repeat": 0, "fold": [0, 0, 1, 1],
    ...     "split": "train", "label": ["no", "yes"] * 2, "predicted": ["no", "yes", "no", "no"],
    ...     "p.no": [.9, .2, .8, .7], "p.yes": [.1, .8, .2, .3]})
    >>> found = measure(rows, kind="binary", classes=["no", "yes"], positive="yes", split="train")
    >>> found["accuracy"].value
    0.75
    """
    rows = predictions[predictions["split"] == split]
    alone = rows["group"].isna()
    rows = rows.assign(
        split="test",
        group=rows["group"].where(~alone, "row:" + rows["id"].astype(str)),
        id=rows["fold"].astype(str) + "|" + rows["id"].astype(str),
    )
    once = not predictions[predictions["split"] == split].duplicated(["repeat", "id"]).any()
    repeats = read_cases(rows, kind=kind, classes=classes, positive=positive)
    share = once and kind != "multilabel"
    what = wording.definition("accuracy", repeats[0])
    found = {
        "roc_auc": area_estimate(repeats),
        "accuracy": _share(repeats) if share else _mean(repeats, _hits, what),
        "brier": _mean(repeats, squared_losses, wording.definition("brier", repeats[0])),
    }
    return {name: guarded(name, one, repeats[0]) for name, one in found.items()}


def _share(repeats: list[Cases]) -> Estimate:
    """Return the accuracy of images that are counted once, as the table of methods has it."""
    right = [np.any(cases.truth & cases.predicted, axis=1) for cases in repeats]
    return group_share([float(one.mean()) for one in right], right[0], repeats[0].group, "")


def _hits(cases: Cases) -> Counted:
    if cases.kind != "multilabel":
        right = np.asarray((cases.truth & cases.predicted).any(axis=1))[:, None]
        return right.astype(np.float64), np.ones_like(right)
    known = cases.known[:, cases.defined]
    right = cases.truth[:, cases.defined] == cases.predicted[:, cases.defined]
    return (right & known).astype(np.float64), known


def squared_losses(cases: Cases) -> Counted:
    """Return what every image adds to the Brier score, and whether it is known.

    Parameters
    ----------
    cases : Cases
        Test images of one repeat.

    Returns
    -------
    amounts : (n, J) float64
        A column for each label; one column for classes.
    known : (n, J) bool
    """
    columns = cases.defined if cases.kind == "multilabel" else cases.scored
    known, truth = cases.known[:, columns], cases.truth[:, columns]
    told = np.where(known, cases.probability[:, columns], 0.5)
    losses: NDArray[np.float64] = brier_losses(truth, told) * known
    if cases.kind != "multiclass":
        return losses, known
    return np.asarray(losses.sum(axis=1))[:, None], known[:, :1]


def _mean(repeats: list[Cases], counted: Callable[[Cases], Counted], what: str) -> Estimate:
    """Return a mean over images, then over labels, with its cluster-robust normal interval."""
    values: list[float] = []
    error, cases = None, repeats[0]
    for i, one in enumerate(repeats):
        amounts, known = counted(one)
        totals = known.sum(axis=0)
        means = amounts.sum(axis=0) / totals
        values.append(float(means.mean()) if len(means) else math.nan)
        if i == 0 and len(means):
            parts = ((amounts - means * known) / totals).sum(axis=1) / len(means)
            error = limits.mean_error(parts, one.group)
    how = f"{what}; normal" if what else "normal"
    how += ", clustered by group" if cases.grouped else ""
    if error is None:
        reason = "all images are of one group: no variance"
        return over_repeats(values, None, None, how, reason, "no label is found beside others")
    if error == 0:
        reason = "all images count alike, so that their spread gives no interval"
        return over_repeats(values, None, None, how, reason, "")
    largest = 1.0 + (counted is squared_losses and cases.kind == "multiclass")
    low, high = limits.clipped(values[0], error, 0.0, largest)
    return over_repeats(values, low, high, how, None, "")
