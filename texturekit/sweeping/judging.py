"""How good settings are: the log loss on the validation images."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.errors import ImageError, ParameterError
from texturekit.methods.inner import Part, fit_part
from texturekit.methods.learners import PictureLearner, learner
from texturekit.methods.model import prepare
from texturekit.methods.tuned import marked_val
from texturekit.metrics.probability import log_losses

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from texturekit.deep.trained import Epoch
    from texturekit.methods.courses import Course
    from texturekit.methods.grammar import Method
    from texturekit.methods.learners import Inputs
    from texturekit.tuning import Candidate

    #: Told of an epoch (from 1) and its loss; says whether to stop.
    Watch = Callable[[int, float], bool]


class Stopped(Exception):  # noqa: N818  it is no error
    """A training fell behind and was stopped."""


@dataclass
class Outcome:
    """What a training gave.

    Attributes
    ----------
    value : float
        Log loss on the validation images, of the epoch that is kept.
    best_epoch : int or None
        Which one that is; networks only.
    curve : list of float
        After every epoch.
    seconds : float
        Learning and predicting.
    """

    value: float = math.nan
    best_epoch: int | None = None
    curve: list[float] = field(default_factory=list)
    seconds: float = 0.0


def validation_loss(
    labels: NDArray[Any], probabilities: NDArray[np.float64], learnable: NDArray[np.bool_]
) -> float:
    """Return the mean of minus the logarithm of the probability given to what is true.

    Parameters
    ----------
    labels : (n,) int64, or (n, L) float64
        Classes; for several labels 0, 1, or NaN where it is not known.
    probabilities : (n, K) float64
    learnable : (K,) bool
        Labels of which the training images show both values; others do not count. Of several
        labels only.

    Returns
    -------
    float
        Natural logarithm; the mean over images, of several labels over every known cell.

    Examples
    --------
    >>> p = np.array([[0.5, 0.5], [0.25, 0.75]])
    >>> validation_loss(np.array([0, 1]), p, np.array([True, True]))  # (ln 2 + ln 4/3) / 2
    0.49
    """
    if labels.ndim == 1:
        rows = np.arange(len(labels))
        truth = labels[:, None] == np.arange(probabilities.shape[1])
        return float(log_losses(truth, probabilities)[rows, labels].mean())
    known = ~np.isnan(labels) & learnable
    if not known.any():
        raise ParameterError("no label of the validation images is known and could be learnt.")
    return float(log_losses(labels == 1, probabilities)[known].mean())


class Judge:
    """Trains with settings, and says how good they are; what is measured stays at hand."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.manifest = course.manifest
        self.labels = np.asarray(self.manifest.labels)
        self.val = marked_val(self.manifest)
        self.train = np.setdiff1d(np.arange(len(self.labels)), self.val)
        self.learnable = _both_values(self.labels[self.train], len(self.manifest.classes))
        self._measured: dict[Any, Inputs] = {}

    def __call__(
        self, method: Method, candidate: Candidate, watch: Watch, outcome: Outcome
    ) -> Outcome:
        """Train on the training images, and judge on the validation images.

        Parameters
        ----------
        method : Method
        candidate : dict
            Settings instead of the method's defaults.
        watch : callable
            Is told the loss after every epoch of a network, and says whether to stop it.
        outcome : Outcome
            Filled in as training goes on, so that something is known of one that is stopped.

        Raises
        ------
        Stopped
            If ``watch`` said so.
        TexturekitError
            If the settings cannot be used, or the loss is not finite.
        """
        inputs = self._inputs(method)
        job = self.course.job
        settings = replace(
            job.settings, tune=0, candidate=candidate, after=self._after(outcome, watch)
        )
        unfitted = learner(method, str(job.kind), self.manifest.classes, settings)
        part = Part(
            inputs, self.labels, self.manifest.groups, self.train, self.val, job.options.seed
        )
        started = time.perf_counter()
        try:
            with events.listening(lambda event: None):  # trials that fail are listed with reasons
                fitted = fit_part(unfitted, part)
                if isinstance(fitted, PictureLearner) and fitted.network is not None:
                    outcome.best_epoch = fitted.network.facts.best_epoch
                    outcome.value = outcome.curve[outcome.best_epoch - 1]
                else:
                    told = fitted.predict_proba(inputs.subset(self.val))
                    outcome.value = self._loss(told)
        finally:
            outcome.seconds = time.perf_counter() - started
        if not math.isfinite(outcome.value):
            raise ParameterError(f"the validation loss is {outcome.value}")
        return outcome

    def _loss(self, probabilities: NDArray[np.float64]) -> float:
        return validation_loss(self.labels[self.val], probabilities, self.learnable)

    def _after(self, outcome: Outcome, watch: Watch) -> Callable[[Epoch, Any], None]:
        def after(epoch: Epoch, logits: NDArray[np.float64] | None) -> None:
            if logits is None:
                raise ParameterError("no label of the validation images is known.")
            loss = self._loss(_probabilities(logits, str(self.course.job.kind)))
            outcome.curve.append(loss)
            outcome.best_epoch = int(np.argmin(outcome.curve)) + 1
            outcome.value = min(outcome.curve)
            if watch(epoch.epoch, loss):
                raise Stopped

        return after

    def _inputs(self, method: Method) -> Inputs:
        if method.reads not in self._measured:
            job = self.course.job
            inputs, found = prepare(
                self.manifest, [method], job.preprocessing,
                jobs=job.options.jobs, device=job.options.device,
            )  # fmt: skip
            if found.lost:
                row, first = next(iter(sorted(found.lost.items())))
                raise ImageError(
                    f"{len(found.lost)} of {len(self.manifest)} images cannot be used, the first "
                    f"is {self.manifest.paths[row]}: {first.error}; take them out first."
                )
            self._measured[method.reads] = inputs
        return self._measured[method.reads]


def _probabilities(logits: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    if kind == "multilabel":
        return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _both_values(labels: NDArray[Any], classes: int) -> NDArray[np.bool_]:
    if labels.ndim == 1:
        return np.ones(classes, dtype=bool)
    return np.asarray((labels == 1).any(axis=0) & (labels == 0).any(axis=0))
