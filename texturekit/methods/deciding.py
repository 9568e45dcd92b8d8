"""From what a method says to calibrated probabilities and decisions: one way for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from texturekit.methods.blockwise import in_blocks
from texturekit.methods.calibrators import Calibrator
from texturekit.metrics.thresholds import HALF
from texturekit.records import Cut
from texturekit.records.base import Number, Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from texturekit.methods.grammar import Method

#: The decision threshold of binary and multi-label methods, fixed before any data are seen.
THRESHOLD = HALF
BEFOREHAND = "nothing: fixed beforehand"


class LabelCut(Cut):
    """How the threshold of a class or label was chosen."""

    label: str


class Decision(Record):
    """What makes probabilities and decisions of a method's output.

    Attributes
    ----------
    rule : str
        How thresholds were chosen: ``"fixed"``, ``"youden"``, ...
    cuts : dict of float
        Thresholds by class: of two classes that of the positive one, of labels one each. Empty
        where 0.5, the most probable class or a network's operating points decide.
    chosen : tuple of LabelCut
        How each was chosen, with what it did to the images that it was chosen on.
    chosen_on : str
        On which images, in words.
    images : int
        How many these are.
    calibrate : str
        ``"none"``, ``"sigmoid"``, ``"isotonic"`` or ``"temperature"``: what was asked for.
    calibrator : Calibrator or None
        None where nothing was asked for, or could be fitted.
    notes : tuple of str
        What could not be done as asked, and why.
    """

    rule: str = "fixed"
    cuts: dict[str, Number] = Field(default_factory=dict)
    chosen: tuple[LabelCut, ...] = ()
    chosen_on: str = BEFOREHAND
    images: int = 0
    calibrate: str = "none"
    calibrator: Calibrator | None = None
    notes: tuple[str, ...] = ()

    def probabilities(self, told: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
        """Return what a method's own (n, k) probabilities become; the same bits for any n."""
        calibrator = self.calibrator
        if calibrator is None or not len(told):
            return told
        return in_blocks(lambda rows: calibrator(told[rows], kind), len(told))


def decide(
    probabilities: NDArray[np.float64],
    classes: Sequence[str],
    kind: str,
    positive: str | None,
    method: Method,
    *,
    cuts: Mapping[str, float] | None = None,
) -> tuple[list[str], float]:
    """Turn probabilities into class names, and give the threshold that did it.

    Parameters
    ----------
    probabilities : (n, k) float64
    classes : sequence of k str
    kind : {"binary", "multiclass", "multilabel"}
    positive : str or None
        The positive class of two.
    method : Method
    cuts : dict of float, optional
        Thresholds by class, instead of 0.5 for all; of two classes it holds one.

    Returns
    -------
    decided : list of n str
        Class names; labels joined by ``|``.
    threshold : float
        NaN where there is none, or one for each label.
    """
    if cuts:
        return _decide_by(cuts, probabilities, classes, kind, positive)
    if kind == "multilabel":
        above = np.nan_to_num(probabilities, nan=0.0) >= THRESHOLD
        return ["|".join(np.array(classes)[row]) for row in above], THRESHOLD
    if kind == "binary" and method.classifier != "dummy":
        index = list(classes).index(str(positive))
        chosen = np.where(probabilities[:, index] >= THRESHOLD, index, 1 - index)
        return [classes[k] for k in chosen], THRESHOLD
    return [classes[k] for k in probabilities.argmax(axis=1)], float("nan")


def _decide_by(
    cuts: Mapping[str, float],
    probabilities: NDArray[np.float64],
    classes: Sequence[str],
    kind: str,
    positive: str | None,
) -> tuple[list[str], float]:
    if kind == "multilabel":
        points = np.array([cuts.get(name, np.inf) for name in classes])
        above = np.nan_to_num(probabilities, nan=-1.0) >= points
        return ["|".join(np.array(classes)[row]) for row in above], float("nan")
    ((name, cut),) = cuts.items()
    index = list(classes).index(name)
    chosen = np.where(probabilities[:, index] >= cut, index, 1 - index)
    return [classes[k] for k in chosen], cut if name == positive else 1 - cut


def cuts_of(learner: Any, decision: Decision) -> dict[str, float]:
    """Return the thresholds by class that decide; empty where 0.5 or the largest does.

    Those that were chosen, else the operating points that a network was published with.
    """
    from texturekit.methods.heads import HeadLearner

    if decision.cuts:
        return dict(decision.cuts)
    return learner.cuts if isinstance(learner, HeadLearner) else {}
