"""Whether what others wrote beside their confusion matrix agrees with it."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from texturekit.errors import MetricError, closest
from texturekit.records import Stated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from texturekit.records import Estimate, TableScores

#: Other names of the metrics.
ALSO = {
    "acc": "accuracy", "recall": "sensitivity", "tpr": "sensitivity", "tnr": "specificity",
    "ppv": "precision", "auc": "roc_auc", "f1_score": "f1", "cohen_kappa": "kappa",
    "macro_recall": "macro_sensitivity", "weighted_recall": "weighted_sensitivity",
    "support": "n", "bac": "balanced_accuracy",
}  # fmt: skip
#: What a matrix of counts does not hold.
ELSEWHERE = ("roc_auc", "average_precision", "brier", "ece", "log_loss", "loss")
_PLAIN = 2  # digits that a bare 0 or 1 is taken to have: it is no rounding to whole numbers
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?", re.IGNORECASE)
_LONGEST = 30  # nobody prints more digits


def check_stated(found: TableScores, stated: Mapping[str, str | float]) -> TableScores:
    """Return the scores with what was stated about them, each number judged.

    Raises
    ------
    MetricError
        If a metric is unknown, or a value is no number.
    """
    judged = []
    for metric, value in stated.items():
        one = judge(found, metric, value)
        if one.status == "unknown" and _key(metric) not in ELSEWHERE:
            known = [*found.metrics, *found.averages, *ELSEWHERE, "n"]
            raise MetricError(
                f"there is no metric called {metric!r}.{closest(_key(metric), known)} "
                f"Known: {', '.join(known)}, and <class>.<metric> of one class."
            )
        if abs(one.value) > 1 and _key(metric) not in ("n", "loss", "log_loss", "brier"):
            wanted = "give 0 to 100%" if one.text.endswith("%") else f"write {one.text}%"
            raise MetricError(f"{metric} is stated as {one.text}, which is no share; {wanted}.")
        judged.append(one)
    return found.model_copy(
        update={"stated": judged, "remarks": [*found.remarks, *remarks(found, judged)]}
    )


def judge(
    found: TableScores | None, metric: str, value: str | float, part: str | None = None
) -> Stated:
    """Return what is to be said of one stated number.

    It may have been rounded or cut off after its last digit.

    Parameters
    ----------
    found : TableScores or None
        What the matrix says; None without one.
    metric : str
    value : str or float
        As it was printed: ``"77.58%"``, ``"0.7600"``.
    part : str, optional
        Where it stood.
    """
    text, number, unit = read_number(metric, value)
    name = f"{metric} ({part})" if part else metric

    def said(status: str, sentence: str, recomputed: float | None = None) -> Stated:
        return Stated.model_validate(
            {"metric": metric, "text": text, "value": number, "part": part, "status": status,
             "recomputed": recomputed, "sentence": sentence}
        )  # fmt: skip

    if found is None:
        return said("unknown", f"{name} {text}: no matrix of these images to recompute it from")
    if _key(metric) == "n":
        same = number == found.n
        verb = "agrees with" if same else "is not the number of images in"
        return said(
            "agrees" if same else "contradicts", f"{name} {text} {verb} the matrix ({found.n})",
            found.n,
        )  # fmt: skip
    if _key(metric) == "roc_auc" and found.positive is not None:
        return _area(found, said, name, text, number, unit)
    estimate = _estimate(found, metric)
    if estimate is None:
        return said("unknown", f"{name} {text}: the matrix does not hold it")
    if estimate.value is None:
        return said("undefined", f"{name} is stated as {text}, but undefined: {estimate.reason}")
    if _same(number, estimate.value, unit):
        return said("agrees", f"{name} {text} agrees with the matrix", estimate.value)
    return said(
        "contradicts", f"{name} is stated as {text}, but the matrix says {estimate.value:.4f}",
        estimate.value,
    )  # fmt: skip


def read_number(metric: str, value: str | float) -> tuple[str, float, float]:
    """Return a stated number as text, its value, and the worth of its last digit.

    Raises
    ------
    MetricError
        If it is no number.
    """
    text = str(value).strip()
    bare = text.removesuffix("%").strip()
    known = _NUMBER.fullmatch(bare) and len(bare) <= _LONGEST
    if not known or not math.isfinite(float(bare)):
        raise MetricError(f"{metric} is stated as {text!r}; give a number: 0.7758 or 77.58%.")
    number, scale = Decimal(bare), Decimal("0.01") if text.endswith("%") else Decimal(1)
    exponent = number.as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else 0
    if not digits and scale == 1:
        digits = _PLAIN
    unit = Decimal(1).scaleb(-digits) * scale
    number *= scale
    return text, float(number), float(unit)


def _key(metric: str) -> str:
    name = re.sub(r"[\s-]+", "_", metric.strip().lower())
    return ALSO.get(name, name)


def _estimate(found: TableScores, metric: str) -> Estimate | None:
    """Return what the matrix says of a metric, of one class where the name says so."""
    for one in found.per_class:
        if metric.startswith(f"{one.name}."):
            return one.metrics.get(_key(metric.removeprefix(f"{one.name}.")))
    key = _key(metric)
    return found.metrics.get(key) or found.averages.get(key)


def _same(stated: float, value: float, unit: float) -> bool:
    """Tell whether a number could be printed so: rounded, or cut off."""
    slack = 1e-9
    cut = stated * value >= 0 and -slack <= abs(value) - abs(stated) < unit - slack
    return abs(stated - value) <= unit / 2 + slack or cut


def _area(
    found: TableScores,
    said: Callable[..., Stated],
    name: str,
    text: str,
    number: float,
    unit: float,
) -> Stated:
    """Judge an AUC by the one point of the curve that the matrix is."""
    sensitivity, specificity = (found.metrics[k].value for k in ("sensitivity", "specificity"))
    if sensitivity is None or specificity is None:
        return said("unknown", f"{name} {text}: the matrix does not bound it")
    low = sensitivity * specificity
    high = 1 - (1 - sensitivity) * (1 - specificity)
    if not low - unit / 2 <= number <= high + unit / 2:
        return said(
            "contradicts",
            f"{name} is stated as {text}, but a curve through the matrix's point has an area of "
            f"{low:.4f} to {high:.4f}",
        )
    middle = (sensitivity + specificity) / 2
    if abs(number - middle) <= unit / 2 + 1e-9:
        return said(
            "suspect",
            f"{name} {text} is (sensitivity + specificity) / 2: the area of decisions, not of "
            f"scores, whose area is anything from {low:.2f} to {high:.2f}",
            middle,
        )
    return said("unknown", f"{name} {text} is possible: {low:.4f} to {high:.4f}")


def remarks(found: TableScores, judged: list[Stated]) -> list[str]:
    """Return what the stated numbers together give away."""
    values = {_key(one.metric): one for one in judged if one.status == "contradicts"}
    result = []
    ends = [values[k].value if k in values else None for k in ("sensitivity", "specificity")]
    if ends in ([0.0, 1.0], [1.0, 0.0]):
        result.append(
            "Sensitivity 0 and specificity 1 are the first point of every ROC curve (tpr[0], "
            "1 - fpr[0]), not those of the decisions in the matrix."
        )
    rate = found.majority.rate.value or 0.0
    result += [
        f"An accuracy of {one.text} is below {rate:.4f}, which calling every image "
        f"{found.majority.name} reaches."
        for one in judged
        if _key(one.metric) == "accuracy" and one.value < rate
    ]
    return result
