"""Thresholds and calibration, from predictions inside a training part and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from texturekit.errors import ParameterError
from texturekit.methods.calibrators import FEWEST, FORMS, Calibrator, Form, fit_calibrator
from texturekit.methods.deciding import THRESHOLD, Decision, LabelCut
from texturekit.methods.heads import HeadLearner
from texturekit.methods.inner import Inner, inner_predictions
from texturekit.methods.learners import PictureLearner, PriorLearner, TableLearner
from texturekit.metrics.thresholds import FIXED, Rule, choose_threshold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from texturekit.methods.inner import Part

    Floats = NDArray[np.float64]
    Learner = PriorLearner | TableLearner | PictureLearner | HeadLearner


@dataclass(frozen=True)
class Wanted:
    """What is to be chosen inside a training part.

    Attributes
    ----------
    threshold : Rule
    calibrate : {"none", "sigmoid", "isotonic", "temperature"}
    """

    threshold: Rule = FIXED
    calibrate: str = "none"

    @classmethod
    def read(cls, threshold: str, calibrate: str, kind: str | None) -> Wanted:
        """Read the options of a comparison or a training; ``kind`` is what the labels are.

        Raises
        ------
        ParameterError
            If one of them is none, or a threshold is asked for several classes that exclude each
            other.
        MetricError
            If there is no such rule.
        """
        rule = Rule.of(threshold)
        if calibrate not in ("none", *FORMS):
            raise ParameterError(f"calibrate={calibrate!r} is none; use none, {', '.join(FORMS)}.")
        if kind == "multiclass" and rule.name != "fixed":
            raise ParameterError(
                f"threshold={threshold!r}, but of more than two classes the most probable "
                "one is said, without a threshold; leave threshold out (fixed), or ask one class "
                "against the rest as a two-class or multi-label task."
            )
        return cls(rule, calibrate)

    @property
    def anything(self) -> bool:
        """Whether predictions inside the training part are needed."""
        return self.threshold.name != "fixed" or self.calibrate != "none"


@dataclass(frozen=True)
class Meaning:
    """What labels and columns of probabilities mean.

    Attributes
    ----------
    kind : {"binary", "multiclass", "multilabel"}
    classes : tuple of str
    positive : str or None
        The positive class of two.
    """

    kind: str
    classes: tuple[str, ...]
    positive: str | None

    @property
    def cut(self) -> tuple[str, ...]:
        """The classes that have a threshold."""
        if self.kind == "binary":
            return (str(self.positive),)
        return self.classes if self.kind == "multilabel" else ()


def choose_inside(
    wanted: Wanted,
    make: Callable[[], Learner],
    fitted: Learner,
    part: Part,
    meaning: Meaning,
) -> tuple[Inner | None, Decision]:
    """Predict inside a training part, and choose calibration and thresholds by that.

    Parameters
    ----------
    wanted : Wanted
    make : callable
        Gives the learner unfitted.
    fitted : PriorLearner, TableLearner, PictureLearner or HeadLearner
        It was fitted on ``part.train``.
    part : Part
        The training part: the images that are tested are not in it.
    meaning : Meaning

    Returns
    -------
    Inner or None
        What was looked at: also, without anything wanted, what told a network when to stop.
    Decision
    """
    if isinstance(fitted, PriorLearner):
        return None, Decision()  # the majority is said, and the shares are calibrated
    if not wanted.anything and not isinstance(fitted, PictureLearner):
        return None, Decision()
    inner = inner_predictions(make, fitted, part, classes=len(meaning.classes))
    points = fitted.cuts if isinstance(fitted, HeadLearner) else {}
    decision = choose(wanted, inner, part.labels[inner.rows], meaning, points=points)
    return (inner if len(inner.rows) else None), decision


def choose(
    wanted: Wanted,
    inner: Inner,
    labels: NDArray[Any],
    meaning: Meaning,
    *,
    points: Mapping[str, float] | None = None,
) -> Decision:
    """Choose calibration and thresholds.

    Parameters
    ----------
    wanted : Wanted
    inner : Inner
        Predictions of a part of the training images by learners that had not seen them.
    labels : (m,) int64 or (m, k) float64
        Of these images.
    meaning : Meaning
    points : dict of float, optional
        A network's published operating points: where no threshold is wanted, calibration moves
        them along.

    Returns
    -------
    Decision
        Thresholds belong to the calibrated probabilities of the very images that the calibration
        was fitted on: it keeps their order, and all rules go by the order.
    """
    if not wanted.anything:
        return Decision()
    kind, told = meaning.kind, inner.probabilities
    notes: list[str] = []
    calibrator: Calibrator | None = None
    if not len(told):
        notes.append(inner.reason or "there are no predictions inside the training part")
    elif wanted.calibrate != "none":
        calibrator, few = fit_calibrator(cast("Form", wanted.calibrate), told, labels, kind)
        notes += [f"not calibrated: {note}" for note in few]
        told = told if calibrator is None else calibrator(told, kind)
    if wanted.threshold.name == "fixed":
        chosen: tuple[LabelCut, ...] = ()
        cuts = _moved(points or {}, calibrator, meaning)
    else:
        chosen = tuple(
            _cut(wanted.threshold, name, *_known(told, labels, meaning.classes.index(name), kind))
            for name in meaning.cut
        )
        cuts = {cut.label: THRESHOLD if cut.value is None else cut.value for cut in chosen}
        notes += [f"{c.label} is cut at {THRESHOLD}: {c.reason}" for c in chosen if c.reason]
    return Decision(
        rule=str(wanted.threshold),
        cuts=cuts,
        chosen=chosen,
        chosen_on=inner.where,
        images=len(told),
        calibrate=wanted.calibrate,
        calibrator=calibrator,
        notes=tuple(notes),
    )


def _moved(
    points: Mapping[str, float], calibrator: Calibrator | None, meaning: Meaning
) -> dict[str, float]:
    """Return operating points of calibrated probabilities, so that the decisions stay.

    Isotonic calibration makes equals of neighbours: those of an operating point are positive, too.
    """
    if calibrator is None:
        return {}
    moved = {}
    for name, point in points.items():
        k = meaning.classes.index(name)
        row = np.full((1, len(meaning.classes)), np.nan)
        if meaning.kind == "binary":
            row[:] = 1 - point
        row[0, k] = point
        moved[name] = float(calibrator(row, meaning.kind)[0, k])
    return moved


def _known(
    told: Floats, labels: NDArray[Any], k: int, kind: str
) -> tuple[NDArray[np.bool_], Floats]:
    """Return truth and score of one class, of the images for which both are known."""
    if not len(told):
        return np.zeros(0, dtype=bool), np.zeros(0)
    if kind != "multilabel":
        return labels == k, told[:, k]
    rows = ~np.isnan(labels[:, k]) & ~np.isnan(told[:, k])
    return labels[rows, k] == 1, told[rows, k]


def _cut(rule: Rule, label: str, truth: NDArray[np.bool_], scores: Floats) -> LabelCut:
    """Choose the threshold of one class; None with the reason where too few images are there."""
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if min(positives, negatives) < FEWEST:
        return LabelCut(
            label=label, value=None, rule=str(rule), positives=positives, negatives=negatives,
            reason=f"{positives} images with it and {negatives} without to choose on, and "
            f"{FEWEST} of both are needed",
        )  # fmt: skip
    return LabelCut(label=label, **choose_threshold(truth, scores, rule).model_dump())
