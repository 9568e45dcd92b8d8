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


NO_SPREAD = "the influence values have no spread, as for a perfect ranking: no interval"
DECISIONS = "the probabilities are decisions (only 0 and 1), which rank nothing"


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


def jackknife(cases: Cases) -> str:
    """Return the name of the interval of the average precision.

    Parameters
    ----------
    cases : Cases
        Test images of one repeat.

    Returns
    -------
    str
    """
    unit = "patients" if cases.grouped else "images"
    strata = "" if cases.kind == "multilabel" and cases.folds == 1 else "stratified "
    return f"logit interval, {strata}infinitesimal jackknife over {unit}"


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
    if name.startswith("ece"):
        bins = f"{BINS} bins of equally many images" if name == "ece_equal_mass" else _BINS
        if cases.kind == "multiclass":
            return f"top-label, {bins}"
        of = "top-label" if name == "ece_top" else f"P({one})" if one else "P(label)"
        return f"{of} in {bins}" + (f", {macro}" if macro else "")
    if name == "brier":
        form = f"sum form over {len(cases.classes)} classes"
        return "binary form" if one else form if cases.kind == "multiclass" else macro
    if name == "log_loss":
        return f"{_LOG}, {macro}" if cases.kind == "multilabel" else _LOG
    if name == "average_precision":
        macro = macro and mean_over(cases, cases.ranked)
        return (macro + within_folds(cases, cases.folds, "positives")).removeprefix(", ")
    if name.endswith("_weighted"):
        return f"{macro} weighted by their images"
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
    if name == "average_precision" and not cases.ranked:
        return DECISIONS
    name = name.removesuffix("_weighted")
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
    if name == "average_precision" and k in cases.decided:
        return DECISIONS
    if not cases.known[:, k].any():
        return f"{cases.classes[k]} was not predicted, or its truth is unknown, in every image"
    why = _WHY.get(name, "there is nothing to count").format(cases.classes[k])
    return why + _judged(cases, k)


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
    both = [k for k in columns if k in cases.defined]
    if both and all(k in cases.decided for k in both):
        return DECISIONS
    if len(columns) > 1:
        return "no fold holds images of several classes"
    name = cases.classes[columns[0]]
    inside, known = cases.truth[:, columns[0]], cases.known[:, columns[0]]
    if not known.any():
        return f"{name} was not predicted, or its truth is unknown, in every image"
    if not (inside & known).any():
        return f"there is no image of {name}{_judged(cases, columns[0])}"
    if not (~inside & known).any():
        return f"there is no image without {name}{_judged(cases, columns[0])}"
    return f"no fold holds images of {name} and others"


def _judged(cases: Cases, k: int) -> str:
    """Say of which images is spoken, where a label could not be learnt for some of them."""
    lacking = bool(np.isnan(cases.probability[:, k]).any())
    return " among those that it was predicted for" if lacking else ""
