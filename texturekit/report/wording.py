"""Numbers and sentences as the page prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import Comparison, Data, Estimate, Kind, Protocol, Results

MINUS, DASH, ELLIPSIS = "\N{MINUS SIGN}", "\N{EN DASH}", "\N{HORIZONTAL ELLIPSIS}"

METRICS = {
    "roc_auc": "AUC",
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "balanced_accuracy": "Balanced accuracy",
    "precision": "Precision",
    "f1": "F1",
    "mcc": "MCC",
    "npv": "NPV",
    "average_precision": "Average precision",
    "brier": "Brier score",
    "ece": "ECE",
    "log_loss": "Log loss",
    "roc_auc_weighted": "AUC, weighted",
    "roc_auc_ovo": "AUC, one-vs-one",
    "precision_weighted": "Precision, weighted",
    "f1_weighted": "F1, weighted",
    "ece_top": "ECE, top label",
    "ece_equal_mass": "ECE, equal mass",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
}
FAMILIES = {
    "baseline": "Baseline",
    "texture": "Texture",
    "embedding": "CNN embedding",
    "finetuned": "Fine-tuned CNN",
    "hybrid": "Hybrid",
    "head": "Pretrained head",
}
VERDICTS = {
    "a_better": "A better",
    "b_better": "B better",
    "no_difference_shown": "No difference shown",
    "not_testable": "Not testable",
}
_THREE_DIGITS = {
    "roc_auc", "roc_auc_weighted", "roc_auc_ovo", "brier", "ece", "ece_top", "ece_equal_mass",
    "log_loss",
}  # fmt: skip


def metric_name(key: str) -> str:
    """Return what a metric is called in print.

    Examples
    --------
    >>> metric_name("roc_auc"), metric_name("net_benefit")
    ('AUC', 'Net benefit')
    """
    return METRICS.get(key, key.replace("_", " ").capitalize())


def number(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """Return a number with a fixed number of digits and a true minus; None is ``n/a``.

    Examples
    --------
    >>> number(0.98765, 3), number(None), number(0.1, signed=True)
    ('0.988', 'n/a', '+0.10')
    """
    if value is None:
        return "n/a"
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if not text.strip("+-0."):
        text = text.lstrip("+-")  # no sign before a printed zero
    return text.replace("-", MINUS)


def digits(metric: str) -> int:
    """Return how many digits a metric is printed with."""
    return 3 if metric in _THREE_DIGITS else 2


def interval(
    low: float | None, high: float | None, places: int = 2, *, signed: bool = False
) -> str:
    """Return an interval in words that survive negative numbers; empty where there is none.

    Examples
    --------
    >>> interval(0.5, 0.75)
    '0.50 to 0.75'
    """
    if low is None or high is None:
        return ""
    return f"{number(low, places, signed=signed)} to {number(high, places, signed=signed)}"


def span_text(low: float | None, high: float | None, places: int = 2) -> str:
    """Return an interval as a table holds it: with a dash, unless that looks like a minus.

    Examples
    --------
    >>> span_text(0.5, 0.75) == f"0.50{DASH}0.75", " to " in span_text(-0.5, 0.75)
    (True, True)
    """
    text = interval(low, high, places)
    return text if MINUS in text else text.replace(" to ", DASH)


def with_interval(estimate: Estimate, metric: str) -> str:
    """Return a value and its interval as a sentence holds them.

    Examples
    --------
    >>> from texturekit.records import Estimate
    >>> with_interval(Estimate(value=0.8, low=0.7, high=0.9, how="DeLong"), "roc_auc")
    '0.800 (95% interval 0.700 to 0.900)'
    """
    span = interval(estimate.low, estimate.high, digits(metric))
    return number(estimate.value, digits(metric)) + (f" (95% interval {span})" if span else "")


def p_value(p: float | None) -> str:
    """Return a p value as journals print it, without the leading zero.

    Examples
    --------
    >>> p_value(0.00002), p_value(0.0312), p_value(0.2), p_value(0.9999), p_value(None)
    ('< .001', '.031', '.20', '> .99', 'n/a')
    """
    if p is None:
        return "n/a"
    if p < 0.001:
        return "< .001"
    if p > 0.99:
        return "> .99"
    return f"{p:.{3 if p < 0.1 else 2}f}".lstrip("0")


def counted(count: int, noun: str) -> str:
    """Return a count with its noun in the right number, thousands set apart.

    Examples
    --------
    >>> counted(1, "image"), counted(12345, "class"), counted(3, "category")
    ('1 image', '12,345 classes', '3 categories')
    """
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y"):
        plural = noun[:-1] + "ies"
    else:
        plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{count:,} {plural}"


def listed(items: Sequence[str]) -> str:
    """Return items as a sentence lists them.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def compared(results: Results) -> str:
    """Return the sentence that says what was compared, on what."""
    done = [m for m in results.methods if m.status == "ok"]
    what = counted(len(done or results.methods), "method")
    images = counted(results.data.used, "image")
    verb = "was scored" if len(done) == 1 else "were compared" if done else "did not finish"
    groups = results.data.groups
    of = "" if groups is None else f" from {counted(groups, 'group')} (patients)"
    kinds: dict[Kind, str] = {
        "binary": "two classes",
        "multiclass": counted(len(results.classes), "class"),
        "multilabel": f"{counted(len(results.classes), 'label')} that do not exclude each other",
    }
    return f"{what} {verb} on {images}{of}, in {kinds[results.kind]}."


def separated(protocol: Protocol, *, saved: bool = False) -> str:
    """Return how training and test images were kept apart, as a short phrase.

    Of a model that was ``saved`` before only the test images are known.
    """
    if saved:
        return f"A saved model, tested on {protocol.external}"
    if protocol.type == "holdout":
        return "Separate training and test images"
    if protocol.type == "external test":
        return f"External testing on {protocol.external}"
    if protocol.type == "leave one out":
        values = counted(len(protocol.left_out_values), "value")
        return f"Leave one {protocol.left_out} out, {values}"
    folds = f"{protocol.folds}-fold cross-validation"
    if protocol.type == "given folds":
        folds = counted(protocol.folds, "given fold")
    return folds + (f", repeated {protocol.repeats} times" if protocol.repeats > 1 else "")


def first_number(protocol: Protocol) -> int:
    """Return what fold 0 is called: people count from 1, a file of folds has its own numbers.

    Examples
    --------
    >>> from texturekit.records import Protocol
    >>> first_number(Protocol(type="kfold", folds=5, repeats=1, seed=0, test="", grouping=""))
    1
    """
    return 0 if protocol.type == "given folds" else 1


def origin_of_tests(protocol: Protocol, *, saved: bool = False) -> str:
    """Return whether the test images come from where the training images come from.

    Of a model that was ``saved`` before that is not known.

    Examples
    --------
    >>> from texturekit.records import Protocol
    >>> origin_of_tests(Protocol(type="kfold", folds=5, repeats=1, seed=0, test="", grouping=""))
    'internal: training and test images come from one source'
    """
    if saved:
        return "whether these images come from elsewhere than those in training is not known"
    if protocol.type == "external test":
        return f"external: the test images are those of {protocol.external}"
    inside = "internal: training and test images come from one source"
    if protocol.type == "leave one out":
        return f"{inside}, each {protocol.left_out} tested by what has not seen it"
    return inside


def amounts(data: Data, classes: Sequence[str], kind: Kind) -> str:
    """Return how many images were used and how many of them stand in each class."""
    shown = [f"{data.counts[name]:,} {name}" for name in classes if name in data.counts]
    if len(shown) > 8:
        shown = [
            *shown[:7],
            f"{len(shown) - 7} more {'labels' if kind == 'multilabel' else 'classes'}",
        ]
    return ", ".join(shown)


def seen_from(comparison: Comparison, method: str) -> str:
    """Return a verdict from one method's side: ``better``, ``worse``, ``alike`` or ``unknown``.

    ``alike`` means that no difference was shown, which is not the same as equal.
    """
    if comparison.verdict == "no_difference_shown":
        return "alike"
    if comparison.verdict == "not_testable":
        return "unknown"
    return "better" if (comparison.verdict == "a_better") == (comparison.a == method) else "worse"
