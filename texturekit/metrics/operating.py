"""What every threshold would have done to the test images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from texturekit.errors import MetricError
from texturekit.metrics.cases import read_cases
from texturekit.metrics.proportions import clustered_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from texturekit.metrics.cases import Cases
    from texturekit.records import Kind

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

THRESHOLDS = np.arange(101) / 100
COLUMNS = (
    "method", "class", "threshold", "tp", "fp", "tn", "fn",
    "sensitivity_low", "sensitivity_high", "specificity_low", "specificity_high",
)  # fmt: skip


def operating_counts(
    predictions: pd.DataFrame,
    *,
    kind: Kind,
    classes: Sequence[str],
    positive: str | None,
    thresholds: ArrayLike = THRESHOLDS,
) -> pd.DataFrame:
    """Count hits and errors at every threshold, over all test images of the first repeat.

    One threshold is applied to the images of all folds. A threshold that is picked from these
    numbers has seen the test images: they explore, they do not choose.

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
    thresholds : (t,) float, default 0 to 1 in steps of 0.01
        An image is called positive from this probability on.

    Returns
    -------
    pandas.DataFrame
        ``method, class, threshold, tp, fp, tn, fn`` and the 95% limits ``sensitivity_low,
        sensitivity_high, specificity_low, specificity_high``: Wilson's, with the effective sample
        size where several images are of one patient (`texturekit.metrics.clustered_proportion`).
        Of several classes each is counted against the rest; one without images inside and outside
        has no rows.

    Raises
    ------
    MetricError
        If the predictions cannot be scored, or a threshold is no finite number.

    Examples
    --------
    >>> import pandas as pd
    >>> from texturekit.metrics.operating import operating_counts
    >>> rows = pd.DataFrame({
    ...     "id": list("abcd"), "group": list("abcd"), "repeat": 0, "fold": 0, "split": "test",
    ...     "method": "m", "label": ["no", "no", "yes", "yes"],
    ...     "predicted": ["no", "yes", "yes", "yes"],
    ...     "p.no": [0.9, 0.4, 0.3, 0.1], "p.yes": [0.1, 0.6, 0.7, 0.9]})
    >>> found = operating_counts(rows, kind="binary", classes=["no", "yes"], positive="yes",
    ...                          thresholds=[0.5, 0.7, 0.8])
    >>> found[["tp", "fp", "tn", "fn"]].to_numpy().tolist()
    [[2, 1, 1, 0], [2, 0, 2, 0], [1, 0, 2, 1]]
    """
    cuts = np.asarray(thresholds, dtype=np.float64).ravel()
    if not np.isfinite(cuts).all():
        raise MetricError(f"thresholds are {cuts.tolist()}; give finite numbers.")
    frames = [pd.DataFrame(columns=list(COLUMNS))]
    for method, rows in predictions.groupby("method", sort=True):
        first = read_cases(rows, kind=kind, classes=classes, positive=positive)[0]
        for k in first.defined:
            counted = _counted(first, k, cuts)
            frames.append(pd.DataFrame({"method": method, "class": first.classes[k], **counted}))
    return pd.concat(frames[1:], ignore_index=True) if len(frames) > 1 else frames[0]


def _counted(cases: Cases, k: int, cuts: Floats) -> dict[str, Floats | Ints]:
    known = cases.known[:, k]
    truth, told, group = cases.truth[known, k], cases.probability[known, k], cases.group[known]
    tp, caught = _above(told[truth], group[truth], cuts)
    fp, spared = _above(told[~truth], group[~truth], cuts, below=True)
    positives, negatives = int(truth.sum()), int((~truth).sum())
    return {
        "threshold": cuts, "tp": tp, "fp": fp, "tn": negatives - fp, "fn": positives - tp,
        "sensitivity_low": caught[:, 0], "sensitivity_high": caught[:, 1],
        "specificity_low": spared[:, 0], "specificity_high": spared[:, 1],
    }  # fmt: skip


def _above(told: Floats, group: Ints, cuts: Floats, *, below: bool = False) -> tuple[Ints, Floats]:
    """Return how many reach each threshold, and the limits of their share (of the others)."""
    trials = np.bincount(group).astype(np.float64)
    counts, limits = np.zeros(len(cuts), dtype=np.int64), np.zeros((len(cuts), 2))
    known: dict[int, tuple[float, float]] = {}
    for i, cut in enumerate(cuts):
        called = told >= cut
        counts[i] = count = int(called.sum())
        if count not in known:  # the images above a threshold are nested: one count, one set
            hits = np.bincount(group, ~called if below else called, minlength=len(trials))
            share = clustered_share(hits.astype(np.float64), trials)
            known[count] = float(share.low or 0.0), float(share.high or 0.0)
        limits[i] = known[count]
    return counts, limits
