"""What methods reach on the images of a subgroup, such as those of one scanner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics.cases import read_cases
from texturekit.metrics.summary import a_few
from texturekit.records import Estimate, Subgroup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from texturekit.metrics.cases import Cases
    from texturekit.records import Kind

METRICS = ("roc_auc", "accuracy", "sensitivity", "specificity")
FEWEST = 10
_SIDES = {"roc_auc": (True, False), "sensitivity": (True,), "specificity": (False,)}


def subgroups(
    predictions: pd.DataFrame,
    columns: Mapping[str, Mapping[str, str]],
    values: Mapping[str, Sequence[str]],
    *,
    kind: Kind,
    classes: Sequence[str],
    positive: str | None,
    patients: Mapping[str, str] | None,
) -> list[Subgroup]:
    """Return a few metrics of every method on the test images with each value of some columns.

    Nothing is tested between subgroups: with many of them some differ by chance.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of one or several methods; only those with split ``test`` are read.
    columns : dict of dict of str
        By column, the value of every image by its id.
    values : dict of sequences of str
        By column, its values in the order in which they are shown.
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    classes : sequence of str
        Class names in order.
    positive : str or None
        The positive class of a binary task.
    patients : dict of str, or None
        The patient of every image by its id, as the data name them: predictions join patients who
        share copies of an image. None where they are not known.

    Returns
    -------
    list of Subgroup
        By column, value, and method in order of its name. A metric that needs a class with fewer
        than 10 images has no value, but a reason. The AUC is computed inside folds, as that of all
        images is.

    Raises
    ------
    MetricError
        If the predictions cannot be scored.
    """
    cases = {
        str(method): read_cases(rows, kind=kind, classes=classes, positive=positive)
        for method, rows in predictions.groupby("method", sort=True)
    }
    return [
        _one(column, value, method, chosen, patients)
        for column, of in columns.items()
        for value in values[column]
        for method, repeats in cases.items()
        if (chosen := _chosen(repeats, of, value))
    ]


def _chosen(repeats: list[Cases], of: Mapping[str, str], value: str) -> list[Cases]:
    rows = [np.flatnonzero([of.get(name) == value for name in cases.ids]) for cases in repeats]
    pairs = zip(repeats, rows, strict=True)
    return [cases.take(some) for cases, some in pairs] if len(rows[0]) else []


def _one(
    column: str,
    value: str,
    method: str,
    repeats: list[Cases],
    patients: Mapping[str, str] | None,
) -> Subgroup:
    cases = repeats[0]
    gaps = {name: gap for name in METRICS if (gap := _gap(name, cases))}
    found = a_few(repeats, [name for name in METRICS if name not in gaps])
    inside = (cases.truth & cases.known).sum(axis=0)
    return Subgroup(
        column=column,
        value=value,
        method=method,
        n=cases.n,
        groups=None if patients is None else len({patients[name] for name in cases.ids}),
        positives=None if cases.positive is None else int(inside[cases.positive]),
        counts={name: int(n) for name, n in zip(cases.classes, inside, strict=True)},
        metrics={name: gaps.get(name) or found[name] for name in METRICS},
    )


def _gap(name: str, cases: Cases) -> Estimate | None:
    """Return why there are too few images for a metric; None where there are enough."""
    if name == "accuracy":
        few = [] if cases.n >= FEWEST else [""]
    else:
        few = [text for inside in _SIDES[name] if (text := _too_few(cases, inside=inside))]
    if not few:
        return None
    reason = f"not estimable: fewer than {FEWEST} images{', or'.join(few)}"
    return Estimate(value=None, how="not computed", reason=reason)


def _too_few(cases: Cases, *, inside: bool) -> str:
    """Return the classes that too few images are of, or are not of."""
    of = (cases.truth if inside else ~cases.truth) & cases.known
    rare = [k for k in cases.scored if int(of[:, k].sum()) < FEWEST]
    if not rare:
        return ""
    if cases.positive is not None and not inside:
        return f" of {cases.classes[1 - cases.positive]}"
    return f" {'of' if inside else 'without'} {', '.join(cases.classes[k] for k in rare)}"
