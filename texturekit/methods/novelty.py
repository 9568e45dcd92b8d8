"""What a model knows of its training images, to say which new ones are unlike them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.data.group_counts import group_numbers
from texturekit.errors import ModelError, ParameterError, UnknownNameError
from texturekit.methods.blockwise import in_blocks
from texturekit.ood import DETECTORS, FEWEST, KEPT, Detector, arrays_of, detector_from, keeping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: The default: docs/ood.md says why.
DETECTOR = "mahalanobis"
HELD_OUT = 0.2  # share of the training images that set the threshold
_PATIENTS = 5  # of which the held-out images have to be
_FACTS = {"detector": str, "features": str, "threshold": float, "chosen_on": str, "n": int,
          "kept": float, "fitted_on": int}  # fmt: skip


@dataclass(frozen=True)
class Novelty:
    """A detector with its threshold, or the reason why there is none.

    Attributes
    ----------
    detector : Detector or None
    name : str
        Of the detector: a key of `texturekit.ood.DETECTORS`.
    features : str
        What it looks at, in words.
    threshold : float
        Images with a higher score lie outside the training distribution.
    chosen_on : str
        The images that set the threshold, in words.
    n : int
        How many these are.
    kept : float
        The share of them that is not above the threshold.
    fitted_on : int
        Number of images that the detector was fitted on.
    reason : str
        Why there is no detector; empty where there is one.
    """

    detector: Detector | None = None
    name: str = ""
    features: str = ""
    threshold: float = float("nan")
    chosen_on: str = ""
    n: int = 0
    kept: float = float("nan")
    fitted_on: int = 0
    reason: str = "it was imported, or saved before there were detectors"

    def score(self, features: Floats) -> Floats | None:
        """Return (n,) float64, higher for more unusual images; None without a detector.

        The same to the bit however many images there are.
        """
        detector = self.detector
        if detector is None:
            return None
        return in_blocks(lambda rows: detector.score(features[rows]), len(features))

    def facts(self) -> dict[str, Any]:
        """Return everything but the arrays, for ``model.json``."""
        if self.detector is None:
            return {"detector": None, "reason": self.reason}
        return {
            "detector": self.name,
            "features": self.features,
            "rule": "score > threshold: outside the training distribution",
            "threshold": self.threshold,
            "chosen_on": self.chosen_on,
            "n": self.n,
            "kept": self.kept,
            "fitted_on": self.fitted_on,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what the detector has learnt; nothing without a detector."""
        return {} if self.detector is None else arrays_of(self.detector)

    @classmethod
    def of(cls, facts: Any, arrays: Mapping[str, NDArray[Any]]) -> Novelty:
        """Return what `facts` and `arrays` describe.

        Raises
        ------
        ModelError
            If they do not go together.
        """
        if isinstance(facts, dict) and facts.get("detector") is None:
            return cls(reason=str(facts.get("reason") or cls.reason))
        if not isinstance(facts, dict) or not all(_is(facts.get(k), t) for k, t in _FACTS.items()):
            raise ModelError(
                f"the model's description of its detector is not usable: {facts!r}; save it anew."
            )
        try:
            detector = detector_from(facts["detector"], arrays)
        except (ParameterError, UnknownNameError) as error:
            raise ModelError(f"ood.safetensors: {error}") from error
        known = {name: facts[name] for name in _FACTS if name != "detector"}
        return cls(detector, facts["detector"], reason="", **known)


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, (int, float)) and bool(np.isfinite(value))
    return isinstance(value, kind) and not isinstance(value, bool)


def learn_novelty(
    features: Floats,
    labels: NDArray[Any],
    groups: NDArray[Any] | None,
    *,
    kind: str,
    held_out: NDArray[np.intp],
    what: str,
    name: str = DETECTOR,
) -> Novelty:
    """Fit a detector on training images, and set its threshold on those held out.

    Parameters
    ----------
    features : (n, d) float64
        Of all training images.
    labels : (n,) int64 or (n, L) float64
    groups : (n,) array of str, or None
    kind : {"binary", "multiclass", "multilabel"}
        With several labels an image all images are one class.
    held_out : (m,) intp
        Rows that set the threshold; the detector is fitted on the others.
    what : str
        What the features are, in words.
    name : str
        A key of `texturekit.ood.DETECTORS`.

    Returns
    -------
    Novelty
        With the reason instead of a detector where there are too few images.
    """
    rest = np.setdiff1d(np.arange(len(features)), held_out)
    patients = len(np.unique(group_numbers(groups, len(features))[held_out]))
    reason = _too_few(len(held_out), patients)
    if reason:
        return Novelty(reason=reason)
    codes = None if kind == "multilabel" else labels[rest]
    try:
        detector = DETECTORS[name].fit(features[rest], codes)
    except ParameterError as error:
        return Novelty(reason=str(error).rstrip("."))
    scores = detector.score(features[held_out])
    threshold = keeping(scores, KEPT)
    of = f"{patients} patients" if patients < len(held_out) else "as many patients"
    return Novelty(
        detector,
        name,
        what,
        threshold,
        f"{len(held_out)} held-out training images of {of}, {KEPT:.0%} kept",
        len(held_out),
        float(np.mean(scores <= threshold)),
        len(rest),
        reason="",
    )


def _too_few(images: int, patients: int) -> str:
    if images == 0:
        return "all images were trained on, none is left to set a threshold"
    if images < FEWEST:
        return (
            f"only {images} training images could be held out to set a threshold, {FEWEST} are "
            "needed: about 100 in all"
        )
    if patients < _PATIENTS:
        return (
            f"the {images} training images that could be held out to set a threshold are of "
            f"{patients} patients, {_PATIENTS} are needed"
        )
    return ""
