"""The names of methods and the reasons for gaps, in words that a report can print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics.probability import BINS, SMALLEST
from texturekit.metrics.resampling import DRAWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from texturekit.metrics.cases import Cases

_BINS = f"{BINS} bins of equal width"
_LOG = f"natural logarithm, probabilities cut at {SMALLEST:g}"
EQUAL_SCORES = (
    "the scores of every fold are equal, so that the value only counts classes: no interval"
)


def mean_over(cases: Cases, columns: Sequence[int]) -> str:
    """Return over how many classes or labels a mean goes, naming them where some are left out.

    Parameters
    ----------
    cases : Cases
        Not binary.
    columns : sequence of int
        The classes in the mean.

    Returns
    -------
    str
    """
    noun = "labels" if cases.kind == "multilabel" else "classes"
    total = len(cases.classes)
    if len(columns) == total:
        return f"mean over {total} {noun}"
    names = ", ".join(cases.classes[k] for k in columns)
    return f"mean over {len(columns)} of {total} {noun} ({names})"


def within_folds(cases: Cases, held: int, weight: str) -> str:
    """Return how folds are put together; nothing for a single fold.

    Parameters
    ----------
    cases : Cases
        Test images of one repeat.
    held : int
        Folds that hold both classes.
    weight : str
        What a fold is weighted by.

    Returns
    -------
    str
    """
    if cases.folds == 1:
        return ""
    some = f"{held} of " if held < cases.folds else ""
    return f", within {some}{cases.folds} folds weighted by {weight}"


def bootstrap(cases: Cases, *, normal: bool = False) -> str:
    """Return the name of the bootstrap.

    Parameters
    ----------
    cases : Cases
        Test images of one repeat.
    normal : bool, default False
        Whether only the standard error of the draws was used.

    Returns
    -------
    str
    """
    if normal:
        unit = "patient" if cases.grouped else "image"
        return f"normal interval from the {unit} bootstrap's standard error, {DRAWS} draws"
    unit = "patient-cluster" if cases.grouped else "image"
    strata = "" if cases.kind == "multilabel" and cases.folds == 1 else "stratified "
    return f"{strata}{unit} bootstrap, percentile, {DRAWS} draws"


def definition(name: str, cases: Cases) -> str:
    """Return what a metric is where its name does not say it.

    Parameters
    ----------
    name : str
        A metric.
    cases : Cases
        Test images of one repeat.

    Returns
    -------
    str
        Empty where the name says it all.
    """
    macro = "" if cases.kind == "binary" else mean_over(cases, cases.defined)
    one = cases.classes[cases.positive] if cases.positive is not None else ""
    if name == "ece":
        top = f"top-label, {_BINS}" if cases.kind == "multiclass" else f"{macro}, {_BINS}"
        return f"P({one}) in {_BINS}" if one else top
    if name == "brier":
        form = f"sum form over {len(cases.classes)} classes"
        return "binary form" if one else form if cases.kind == "multiclass" else macro
    if name == "log_loss":
        return f"{_LOG}, {macro}" if cases.kind == "multilabel" else _LOG
    if name == "average_precision":
        return (macro + within_folds(cases, cases.folds, "positives")).removeprefix(", ")
    if name == "balanced_accuracy" and cases.kind == "multiclass":
        return f"recall, {macro}"
    single = cases.kind == "multiclass" and name in ("accuracy", "mcc")
    return "" if single else macro


def undefined(name: str, cases: Cases, per_class: Mapping[str, NDArray[np.float64]]) -> str:
    """Return why a metric has no value.

    Parameters
    ----------
    name : str
        A metric.
    cases : Cases
        Test images of one repeat.
    per_class : dict of (1, K) float64
        Values of the single classes.

    Returns
    -------
    str
    """
    if cases.positive is not None:
        return undefined_class(name, cases, cases.positive)
    if not cases.defined:
        return "no class is found beside another"
    if name in per_class:
        values = per_class[name][0]
        gaps = [cases.classes[k] for k in cases.defined if np.isnan(values[k])]
        return f"undefined for {', '.join(gaps)}: {_WHY.get(name, '').format('it')}"
    return _WHY.get(name, "undefined for at least one class").format("a class")


def undefined_class(name: str, cases: Cases, k: int) -> str:
    """Return why a metric of one class against the rest has no value.

    Parameters
    ----------
    name : str
        A metric.
    cases : Cases
        Test images of one repeat.
    k : int
        The class.

    Returns
    -------
    str
    """
    if not cases.known[:, k].any():
        return f"{cases.classes[k]} was not predicted, or its truth is unknown, in every image"
    return _WHY.get(name, "there is nothing to count").format(cases.classes[k])


_WHY = {
    "balanced_accuracy": "all images are of one class",
    "sensitivity": "there is no image of {}",
    "specificity": "there is no image without {}",
    "precision": "no image was called {}",
    "npv": "every image was called {}",
    "f1": "no image is, or was called, {}",
    "mcc": "all images are of one class or were given one",
    "average_precision": "no fold holds images of {} and others",
}


def not_rankable(cases: Cases, columns: Sequence[int]) -> str:
    """Return why there is no area under the curve.

    Parameters
    ----------
    cases : Cases
        Test images of one repeat.
    columns : sequence of int
        The classes asked for.

    Returns
    -------
    str
    """
    if len(columns) > 1:
        return "no fold holds images of several classes"
    name = cases.classes[columns[0]]
    inside, known = cases.truth[:, columns[0]], cases.known[:, columns[0]]
    if not known.any():
        return f"{name} was not predicted, or its truth is unknown, in every image"
    if not (inside & known).any():
        return f"there is no image of {name}"
    if not (~inside & known).any():
        return f"there is no image without {name}"
    return f"no fold holds images of {name} and others"


def lone_class(cases: Cases, k: int | None = None) -> str | None:
    """Return the reason for no interval where a class is found in a single group.

    Parameters
    ----------
    cases : Cases
        Test images of one repeat.
    k : int, optional
        Only this class against the rest; default: all classes of a task with one class an image.

    Returns
    -------
    str or None
    """
    single = cases.kind != "multilabel"
    columns = [k] if k is not None else range(len(cases.classes)) if single else []
    unit = "group" if cases.grouped else "image"
    for column in columns:
        held = cases.group[cases.truth[:, column] & cases.known[:, column]]
        if len(np.unique(held)) == 1:
            return f"{cases.classes[column]} is found in one {unit} only: no interval"
    return None
