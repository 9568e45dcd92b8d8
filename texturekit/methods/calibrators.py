"""Probabilities that mean what they say: a map from a method's own ones, kept as plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from texturekit.methods.calibration import Calibration
from texturekit.records.base import Number, Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Form = Literal["sigmoid", "isotonic", "temperature"]
FORMS: tuple[Form, ...] = ("sigmoid", "isotonic", "temperature")

#: Images that a class needs beside as many others, or nothing is calibrated or cut by it.
FEWEST = 5
#: Keeps a logarithm finite; shrinking, unlike clipping, makes no ties.
EDGE = 1e-6


class Bend(Record):
    """``softmax(slope * decision / spread + bias)``: see `texturekit.methods.calibration`."""

    slope: Annotated[Number, Field(gt=0)]
    spread: Annotated[Number, Field(gt=0)]
    bias: tuple[Number, ...]

    @classmethod
    def fit(cls, told: Floats, codes: NDArray[np.int64], *, biased: bool) -> Bend:
        """Fit on (n, k) probabilities of rows that the classifier had not seen."""
        found = Calibration.fit(_decisions(told), codes, balanced=False, biased=biased)
        return cls(slope=found.slope, spread=found.spread, bias=tuple(found.bias.tolist()))

    def __call__(self, told: Floats) -> Floats:
        """Return (n, k) probabilities from (n, k)."""
        return Calibration(self.slope, self.spread, np.array(self.bias))(_decisions(told))


class Steps(Record):
    """A rising line through knots, level beyond the first and the last one."""

    x: tuple[Number, ...]
    y: tuple[Annotated[Number, Field(ge=0, le=1)], ...]

    @model_validator(mode="after")
    def _rise(self) -> Steps:
        if not self.x or len(self.x) != len(self.y):
            raise ValueError(f"{len(self.x)} places and {len(self.y)} heights are no line")
        if (np.diff(self.x) <= 0).any() or (np.diff(self.y) < 0).any():
            raise ValueError("places and heights have to rise")
        return self

    @classmethod
    def fit(cls, told: Floats, truth: NDArray[np.bool_]) -> Steps:
        """Fit on (n,) probabilities of one class."""
        from sklearn.isotonic import IsotonicRegression

        line = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(told, truth)
        return cls(x=tuple(line.X_thresholds_.tolist()), y=tuple(line.y_thresholds_.tolist()))

    def __call__(self, told: Floats) -> Floats:
        """Return (n,) probabilities from (n,)."""
        return np.asarray(np.interp(told, self.x, self.y), dtype=np.float64)


class Calibrator(Record):
    """A fitted calibration.

    Attributes
    ----------
    form : {"sigmoid", "isotonic", "temperature"}
    bends, steps : tuple
        For classes that exclude each other one bend, or a line a class (of two classes for the
        second only); for labels one a label, None where there were too few images.
    """

    form: Form
    bends: tuple[Bend | None, ...] = ()
    steps: tuple[Steps | None, ...] = ()

    @model_validator(mode="after")
    def _agree(self) -> Calibrator:
        if (self.form == "isotonic") != bool(self.steps) or bool(self.steps) == bool(self.bends):
            raise ValueError(f"{self.form} has {len(self.bends)} bends and {len(self.steps)} lines")
        return self

    def fits(self, kind: str, classes: int) -> bool:
        """Tell whether it is for these classes."""
        parts: tuple[Bend | Steps | None, ...] = self.bends or self.steps
        width = {True: 2, False: classes}[kind == "multilabel"]
        biases = {len(bend.bias) for bend in self.bends if bend is not None}
        if kind == "multilabel":
            return len(parts) == classes and biases <= {width}
        wanted = 1 if self.bends or classes == 2 else classes
        return len(parts) == wanted and None not in parts and biases <= {width}

    def __call__(self, told: Floats, kind: str) -> Floats:
        """Return calibrated probabilities.

        Parameters
        ----------
        told : (n, k) float64
            A method's own; a column of NaN stays so.
        kind : {"binary", "multiclass", "multilabel"}
        """
        if kind == "multilabel":
            return self._labels(told)
        if self.bends:
            (bend,) = self.bends
            assert bend is not None
            return bend(told)
        if told.shape[1] == 2:
            (line,) = self.steps
            assert line is not None
            second = line(told[:, 1])
            return np.stack([1 - second, second], axis=1)
        parts = [line(told[:, k]) for k, line in enumerate(self.steps) if line is not None]
        raised = np.stack(parts, axis=1)
        total = raised.sum(axis=1, keepdims=True)
        even = np.full_like(raised, 1 / raised.shape[1])  # no class is thought possible
        return np.asarray(np.divide(raised, total, out=even, where=total > 0))

    def _labels(self, told: Floats) -> Floats:
        result = told.copy()
        for k, part in enumerate(self.bends or self.steps):
            known = np.flatnonzero(~np.isnan(told[:, k]))
            if isinstance(part, Steps):
                result[known, k] = part(told[known, k])
            elif part is not None:
                result[known, k] = part(_both(told[known, k]))[:, 1]
        return result


def fit_calibrator(
    form: Form, told: Floats, labels: NDArray[Any], kind: str
) -> tuple[Calibrator | None, list[str]]:
    """Fit a calibration on probabilities of rows that the method had not seen.

    All rows count alike, so that the probabilities fit the class shares of these rows, whatever
    weights the method gave to classes.

    Parameters
    ----------
    form : {"sigmoid", "isotonic", "temperature"}
        ``sigmoid``: a positive slope on the logarithms of the probabilities and a bias a class;
        ``temperature``: the slope alone; ``isotonic``: a rising line a class, one against the
        rest, rows scaled to sum to 1.
    told : (n, k) float64
        Complete, or for labels NaN where not predicted.
    labels : (n,) int64, or (n, k) float64 with NaN for unknown
    kind : {"binary", "multiclass", "multilabel"}

    Returns
    -------
    Calibrator or None
        None where too few images are there: fewer than 5 of a class, or of a label with or
        without.
    list of str
        Why, for whom.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines; Zadrozny and Elkan (2002),
    Transforming classifier scores into accurate multiclass probability estimates; Guo et al.
    (2017), On calibration of modern neural networks, arXiv:1706.04599.
    """
    if kind == "multilabel":
        return _fit_labels(form, told, labels)
    classes = told.shape[1]
    counts = np.bincount(labels, minlength=classes)
    few = [k for k in range(classes) if counts[k] < FEWEST]
    if few:
        least = min(counts[few].tolist())
        return None, [f"a class has {least} images to calibrate on, and {FEWEST} are needed"]
    if form != "isotonic":
        return Calibrator(form=form, bends=(_bend(form, told, labels),)), []
    columns = [1] if classes == 2 else range(classes)
    lines = tuple(Steps.fit(told[:, k], labels == k) for k in columns)
    return Calibrator(form=form, steps=lines), []


def _fit_labels(
    form: Form, told: Floats, labels: NDArray[Any]
) -> tuple[Calibrator | None, list[str]]:
    parts: list[Any] = []
    few = 0
    for k in range(told.shape[1]):
        known = np.flatnonzero(~np.isnan(told[:, k]) & ~np.isnan(labels[:, k]))
        truth = labels[known, k].astype(np.int64)
        if min(truth.sum(), len(truth) - truth.sum()) < FEWEST:
            parts.append(None)
            few += 1
        elif form == "isotonic":
            parts.append(Steps.fit(told[known, k], truth == 1))
        else:
            parts.append(_bend(form, _both(told[known, k]), truth))
    said = f"{few} of {len(parts)} labels have fewer than {FEWEST} images with or without them"
    notes = [said] if few else []
    if few == len(parts):
        return None, notes
    if form == "isotonic":
        return Calibrator(form=form, steps=tuple(parts)), notes
    return Calibrator(form=form, bends=tuple(parts)), notes


def _bend(form: Form, told: Floats, codes: NDArray[np.int64]) -> Bend:
    return Bend.fit(told, codes, biased=form == "sigmoid")


def _both(one: Floats) -> Floats:
    return np.stack([1 - one, one], axis=1)


def _decisions(told: Floats) -> Floats:
    """Return the log-odds of two classes, (n,), or the logarithms of several, (n, k)."""
    logs = np.log(EDGE + (1 - 2 * EDGE) * told)
    return np.asarray(logs[:, 1] - logs[:, 0]) if told.shape[1] == 2 else logs
