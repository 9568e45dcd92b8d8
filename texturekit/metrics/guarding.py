"""Numbers that stand on few patients: what has to be said of them, what they cannot have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from texturekit.metrics.cases import Cases
    from texturekit.records import Estimate

    Bools = NDArray[np.bool_]

FEW_CASES = 10  # patients of a class below which a value is marked
ESTIMABLE = 2  # patients of a class below which there is no interval
MEANS = ("accuracy", "brier", "log_loss")  # over all images: one patient of a class does not matter
SIDES = {
    "sensitivity": ("inside",),
    "specificity": ("outside",),
    "precision": ("inside", "called"),
    "npv": ("outside", "spared"),
}
BOTH = ("inside", "outside")
RANKING = ("roc_auc", "average_precision")
HARD = "all probabilities are 0 or 1, so that the value tells no more than the decisions"


def guarded(name: str, found: Estimate, cases: Cases, k: int | None = None) -> Estimate:
    """Return an estimate with its caution, and without an interval that it cannot have.

    Parameters
    ----------
    name : str
        The metric.
    found : Estimate
        As computed.
    cases : Cases
        Test images of the first repeat.
    k : int, optional
        Of this class against the rest; default: the headline.

    Returns
    -------
    Estimate
        Fewer than 10 patients of a class that the metric is about: ``caution``. Fewer than 2:
        no limits, and the reason.
    """
    if found.value is None:
        return found
    numbers = _counts(name, cases, k)
    counts = {_words(side, n, cases): n for side, n in numbers.items()}
    if name in MEANS or (cases.kind == "multilabel" and k is None):
        bars = []
    else:
        bars = [_words(side, n, cases) for side, n in numbers.items() if side[0] in BOTH]
    told = marked(found, counts, bars)
    columns = cases.scored if k is None else [k]
    if not name.startswith(RANKING) or not set(columns) & set(cases.hard):
        return told
    cautions = [HARD] if told.caution is None else [HARD, told.caution]
    return told.model_copy(update={"caution": "; ".join(cautions)})


def marked(
    found: Estimate, counts: dict[str, int], bars: Collection[str] | None = None
) -> Estimate:
    """Return an estimate with the words that its numbers of patients ask for.

    Parameters
    ----------
    found : Estimate
    counts : dict
        Patients of every side, as words: ``{"7 patients of malignant": 7}``.
    bars : collection of str, optional
        Those among them without which there is no interval; default: all.

    Returns
    -------
    Estimate
    """
    few = [words for words, n in counts.items() if 0 < n < FEW_CASES]
    barred = counts if bars is None else bars
    lone = [words for words in few if counts[words] < ESTIMABLE and words in barred]
    changes: dict[str, object] = {}
    if few:
        changes["caution"] = f"few cases: {', '.join(few)}"
    if lone:
        reason = f"not estimable: {', '.join(lone)}"
        changes.update({"low": None, "high": None, "reason": reason})
    return found.model_copy(update=changes) if changes else found


def _counts(name: str, cases: Cases, k: int | None) -> dict[tuple[str, int], int]:
    """Return how many patients stand on the sides that a metric is about."""
    sides = SIDES.get(name.removesuffix("_weighted"), BOTH)
    if k is not None or cases.positive is not None:
        columns = [k if k is not None else cases.scored[0]]
    else:
        columns = cases.scored
        if cases.kind == "multiclass":  # what is outside of one class is inside of another
            sides = tuple(dict.fromkeys("inside" if s in BOTH else s for s in sides))
    return {(side, column): patients(cases, side, column) for column in columns for side in sides}


def patients(cases: Cases, side: str, k: int) -> int:
    """Return how many groups have an image on one side of a class.

    Parameters
    ----------
    cases : Cases
    side : str
        ``inside``, ``outside`` (by the truth), ``called`` or ``spared`` (by the decisions).
    k : int
        The class.

    Returns
    -------
    int
    """
    of: Bools = (cases.truth if side in BOTH else cases.predicted)[:, k]
    rows = (of if side in ("inside", "called") else ~of) & cases.known[:, k]
    return int(np.count_nonzero(np.bincount(cases.group[rows])))


def _words(side: tuple[str, int], n: int, cases: Cases) -> str:
    where, k = side
    name, unit = cases.classes[k], "patient" if cases.grouped else "image"
    units = unit if n == 1 else f"{unit}s"
    if where == "outside" and cases.kind == "binary":
        return f"{n} {units} of {cases.classes[1 - k]}"
    words = {"inside": "of", "outside": "without", "called": "called", "spared": "not called"}
    return f"{n} {units} {words[where]} {name}"
