"""Where to cut a score into decisions: chosen on images that are not the tested ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics.checking import binary_labels, finite_scores
from texturekit.records import Cut

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

#: The threshold that is fixed before any data are seen.
HALF = 0.5
_LARGEST = 1e300  # there has to be a number above the highest score
_FORMS = "fixed, youden, sensitivity=0.95, specificity=0.9 or cost=5"


@dataclass(frozen=True)
class Rule:
    """How a threshold is chosen.

    Attributes
    ----------
    name : {"fixed", "youden", "sensitivity", "specificity", "cost"}
    aim : float or None
        The wanted sensitivity or specificity, or how many false alarms a miss costs.
    """

    name: str
    aim: float | None = None

    @classmethod
    def of(cls, text: str | Rule) -> Rule:
        """Read ``"youden"`` or ``"sensitivity=0.95"``.

        Raises
        ------
        MetricError
            If there is no such rule, or its number is out of range.

        Examples
        --------
        >>> Rule.of("cost=5")
        Rule(name='cost', aim=5.0)
        """
        if isinstance(text, Rule):
            return text
        name, equals, number = str(text).strip().lower().partition("=")
        if name in ("fixed", "youden") and not equals:
            return cls(name)
        try:
            aim = float(number)
        except ValueError:
            aim = np.nan
        if name in ("sensitivity", "specificity") and 0 < aim <= 1:
            return cls(name, aim)
        if name == "cost" and 0 < aim < np.inf:
            return cls(name, aim)
        raise MetricError(
            f"threshold rule {text!r} is none; use {_FORMS}. A wanted sensitivity or specificity "
            "is above 0 and at most 1; a cost is above 0, the false alarms that a miss is worth."
        )

    def __str__(self) -> str:
        return self.name if self.aim is None else f"{self.name}={self.aim:g}"

    @property
    def words(self) -> str:
        """What the rule looks for."""
        if self.name == "sensitivity":
            return f"sensitivity at least {self.aim:g}, specificity as high as it goes"
        if self.name == "specificity":
            return f"specificity at least {self.aim:g}, sensitivity as high as it goes"
        if self.name == "cost":
            return f"lowest cost, where a miss costs as much as {self.aim:g} false alarms"
        return "largest sensitivity + specificity" if self.name == "youden" else "fixed at 0.5"


FIXED = Rule("fixed")


def choose_threshold(
    y: ArrayLike, scores: ArrayLike, rule: str | Rule = "youden", *, between: bool = True
) -> Cut:
    """Choose the score from which on an image is called positive.

    Choose it on validation images, or on predictions that inner folds of the training images gave;
    never on the images that it is reported for: this function has no argument for them.

    An image is positive if ``score >= threshold``. The candidates are one cut between every two
    neighbouring different scores, one that calls every image positive (the lowest score) and one
    that calls none (the next number above the highest score). Equal scores are never parted. Of
    cuts that are equally good by Youden or cost the lowest one is taken, which misses least.

    Parameters
    ----------
    y : (n,) bool or 0 and 1
        True for the positive class.
    scores : (n,) float
        The higher, the more positive.
    rule : str, default "youden"
        ``"youden"``: largest sensitivity + specificity - 1. ``"sensitivity=0.95"``: of the cuts
        with at least this sensitivity the most specific, and of these the most sensitive one.
        ``"specificity=0.9"``: the same the other way round. ``"cost=5"``: fewest false alarms + 5 x
        misses, at the share of positives that these images have. ``"fixed"``: 0.5.
    between : bool, default True
        Put a cut midway between the two scores, which favours neither side on new images. False
        puts it on the upper one, as scikit-learn's ``roc_curve`` does. On these images both
        decide alike.

    Returns
    -------
    Cut
        ``value, rule, sensitivity, specificity, positives, negatives, reached, reason, caution``.
        Sensitivity and specificity are those on these images, and too good: the cut was chosen to
        make them so. ``value`` is None, with the reason, if one of the classes is missing.

    Raises
    ------
    MetricError
        If labels or scores are none, or there is no such rule.

    References
    ----------
    Youden (1950), Index for rating diagnostic tests, Cancer 3:32-35. Midpoints: Robin et al.
    (2011), pROC, BMC Bioinformatics 12:77.

    Examples
    --------
    >>> y, p = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.9]
    >>> found = tk.metrics.choose_threshold(y, p, "youden")
    >>> found.value, found.sensitivity, found.specificity
    (0.25, 1.0, 0.6666666666666666)
    >>> tk.metrics.choose_threshold(y, p, "specificity=1").value
    0.5
    """
    chosen = Rule.of(rule)
    truth = binary_labels(y)
    values = finite_scores(scores, len(truth))
    if np.abs(values).max() > _LARGEST:
        raise MetricError(
            f"scores go up to {np.abs(values).max():g}; scale them down to choose a cut."
        )
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if chosen.name == "fixed":
        return _told(chosen, HALF, truth, values)
    if not positives or not negatives:
        missing = "positive" if not positives else "negative"
        return Cut(
            value=None, rule=str(chosen), positives=positives, negatives=negatives,
            reason=f"there is no {missing} image to choose a threshold on",
        )  # fmt: skip
    cuts, hits, alarms = _candidates(truth, values, between=between)
    best = _best(chosen, hits, alarms, positives, negatives)
    return _told(chosen, float(cuts[best]), truth, values)


def _candidates(
    truth: NDArray[np.bool_], scores: Floats, *, between: bool
) -> tuple[Floats, Ints, Ints]:
    """Return cuts, ascending, and how many positive and negative images each calls positive."""
    levels, place = np.unique(scores, return_inverse=True)
    inside = np.bincount(place, weights=truth, minlength=len(levels)).astype(np.int64)
    outside = np.bincount(place, weights=~truth, minlength=len(levels)).astype(np.int64)
    cuts = np.append(levels, np.nextafter(levels[-1], np.inf))
    if between:
        middle = levels[:-1] + (levels[1:] - levels[:-1]) / 2
        # Between neighbouring floats there is no number; the upper one parts them.
        cuts[1:-1] = np.where(middle > levels[:-1], middle, levels[1:])
    hits = np.append(inside[::-1].cumsum()[::-1], 0)
    alarms = np.append(outside[::-1].cumsum()[::-1], 0)
    return cuts, hits, alarms


def _best(rule: Rule, hits: Ints, alarms: Ints, positives: int, negatives: int) -> int:
    if rule.name == "youden":
        return int(np.argmax(hits * negatives - alarms * positives))  # whole numbers: ties are ties
    aim = float(rule.aim or 0)
    if rule.name == "cost":
        with np.errstate(over="ignore"):  # a cut that misses nothing has a finite cost
            return int(np.argmin(aim * (positives - hits) + alarms))
    if rule.name == "sensitivity":
        reached = hits / positives >= aim
        return int(np.flatnonzero(reached & (alarms == alarms[reached].min()))[0])
    reached = (negatives - alarms) / negatives >= aim
    return int(np.flatnonzero(reached & (hits == hits[reached].max()))[-1])


def _told(rule: Rule, cut: float, truth: NDArray[np.bool_], scores: Floats) -> Cut:
    said = scores >= cut
    positives, hits = int(truth.sum()), int((truth & said).sum())
    negatives = len(truth) - positives
    rejected = int((~truth & ~said).sum())
    sensitivity = hits / positives if positives else None
    specificity = rejected / negatives if negatives else None
    got = {"sensitivity": sensitivity, "specificity": specificity}.get(rule.name)
    return Cut(
        value=cut,
        rule=str(rule),
        sensitivity=sensitivity,
        specificity=specificity,
        positives=positives,
        negatives=negatives,
        reached=None if got is None else got >= float(rule.aim or 0),
        caution=_caution(rule, said, positives, negatives),
    )


def _caution(rule: Rule, said: NDArray[np.bool_], positives: int, negatives: int) -> str | None:
    """Say where a rule was followed to the letter and means little."""
    if rule.name == "fixed":
        return None
    if said.all() or not said.any():
        called = "every image is called positive" if said.all() else "no image is called positive"
        return f"{called}: the scores do not part the classes as this rule wants"
    aim = float(rule.aim or 0)
    images = positives if rule.name == "sensitivity" else negatives
    if rule.name in ("sensitivity", "specificity") and aim < 1 and images * (1 - aim) < 1 - 1e-9:
        kind = "positive" if rule.name == "sensitivity" else "negative"
        return f"of {images} {kind} images {rule.name} {aim:g} is reached by all of them only"
    return None
