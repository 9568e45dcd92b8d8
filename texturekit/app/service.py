"""A model that answers for one image file after another: plain data, nothing of the web."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from texturekit.data.expansion import with_frames
from texturekit.data.manifest import Manifest
from texturekit.data.pictures import Pictures
from texturekit.errors import TexturekitError, printable
from texturekit.methods.fitted_weights import start_of
from texturekit.methods.predicting import answered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from texturekit.app.inbox import Sent
    from texturekit.contributing import ColumnPart, Part
    from texturekit.methods.cases import Similar
    from texturekit.methods.model import Model
    from texturekit.records.tested import ObservedShare

_LOG = logging.getLogger("texturekit.app")

NOTICE = "Not for clinical use."
UNTESTED = "no interval: this model was not tested; train it with --from-run"
OUTSIDE = "outside the training distribution - what is said here means nothing"
_SIDE = 480  # pixels of a picture that is shown


@dataclass(frozen=True)
class Judgement:
    """What the model says of one picture; the numbers of ``texturekit predict``, to the bit.

    Attributes
    ----------
    name : str
        What the sender calls the file, with the picture's place in it where it holds several.
    status : {"ok", "failed"}
    error : str or None
        Why there is no answer.
    probabilities : dict of float or None
        By class, in the model's order.
    predicted : str or None
        Class, or labels joined by ``|``.
    threshold : float or None
        Of the positive class, or of every label.
    thresholds : dict of float
        Where labels have one each.
    ood_score, ood_threshold : float or None
    outside : bool or None
        Whether the picture lies outside the training distribution; None where nothing tells.
    features : (d,) float64 or None
        What a detector looks at.
    """

    name: str
    status: str
    error: str | None = None
    probabilities: dict[str, float | None] = field(default_factory=dict)
    predicted: str | None = None
    threshold: float | None = None
    thresholds: dict[str, float] = field(default_factory=dict)
    ood_score: float | None = None
    ood_threshold: float | None = None
    outside: bool | None = None
    features: NDArray[np.float64] | None = None

    def cut(self, label: str) -> float | None:
        """Return the threshold of a label."""
        return self.thresholds.get(label, self.threshold)


@dataclass(frozen=True)
class Why:
    """What the answer rests on, as far as it can be shown.

    Attributes
    ----------
    kind : {"net", "columns", ""}
    label : str
        The class that is explained.
    pictures : list of (str, (H, W, 3) uint8)
        Caption and picture: the overlay, or what texture families see.
    base : float or None
        What the model gives typical training images.
    families : list of Part
        They sum to probability - base.
    columns : list of ColumnPart
        The most telling ones.
    reason : str
        Why nothing is shown, or what has to be said of it.
    """

    kind: str = ""
    label: str = ""
    pictures: list[tuple[str, NDArray[np.uint8]]] = field(default_factory=list)
    base: float | None = None
    families: list[Part] = field(default_factory=list)
    columns: list[ColumnPart] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True)
class Shown:
    """A judgement with what helps a person to look at it.

    Attributes
    ----------
    judgement : Judgement
    picture : (H, W, 3) uint8 or None
        The image as the model sees its grey values.
    why : Why
    similar : list of Similar
        Training images that are like it.
    """

    judgement: Judgement
    picture: NDArray[np.uint8] | None = None
    why: Why = field(default_factory=Why)
    similar: list[Similar] = field(default_factory=list)


class Service:
    """A model in memory.

    Parameters
    ----------
    model : Model
    device : {"auto", "cpu", "cuda"}, default "auto"
    weights : str, optional
        Where backbones' weights are, instead of where they were at fitting.
    frames : str, optional
        Which picture of files with several; by default as for the training images.
    pictures : int, default 64
        Most pictures a file, where the rule takes all.
    """

    def __init__(
        self, model: Model, *, device: str = "auto", weights: str | None = None,
        frames: str | None = None, pictures: int = 64,
    ) -> None:  # fmt: skip
        self.model, self.device, self.weights = model, device, weights
        self.frames = frames or model.training.get("frames") or "one"
        self.pictures = pictures
        model.work(device=device, weights=weights)  # refuse what lacks its weights now

    @property
    def uses_nets(self) -> bool:
        """Whether a network takes part: then images go through one at a time."""
        from texturekit.deep.backbones import BACKBONES

        return any(part.name in BACKBONES for part in self.model.method.parts)

    def judge(self, sent: Sent) -> list[Judgement]:
        """Return what the model says of a file: one judgement, or one a picture it holds.

        A file that cannot be used has one that says why. Nothing is raised for it.
        """
        try:
            data = self._manifest(sent)
            if len(data) > self.pictures:
                said = f"it holds {len(data)} pictures, and {self.pictures} are the most here"
                return [self._failed(sent, f"{said}; use 'texturekit predict'")]
            return self._judged(sent, data)
        except TexturekitError as error:
            return [self._failed(sent, str(error))]
        except MemoryError:
            return [self._failed(sent, "it is too large for this machine's memory")]
        except Exception:
            _LOG.exception("%s could not be judged", sent.path.name)
            return [self._failed(sent, "something went wrong here; see the service's log")]

    def show(self, sent: Sent) -> list[Shown]:
        """Return what `judge` does, with pictures, reasons and similar training images."""
        found = self.judge(sent)
        if any(one.status == "ok" for one in found):
            try:
                data = self._manifest(sent)
                return [self._shown(one, data, row) for row, one in enumerate(found)]
            except Exception:
                _LOG.exception("%s could not be shown", sent.path.name)
        return [Shown(one) for one in found]

    def tested(self, label: str, probability: float | None) -> ObservedShare | None:
        """Return what tests saw of images with a probability like this."""
        if self.model.tested is None or probability is None:
            return None
        return self.model.tested.observation(label, probability)

    def about(self) -> dict[str, Any]:
        """Return what the model is, as JSON."""
        model = self.model
        tested = model.tested
        return {
            "method": model.method.name,
            "kind": model.kind,
            "classes": list(model.classes),
            "positive": model.positive,
            "preprocessing": {
                "size": model.preprocessing.size, "roi": model.preprocessing.roi,
                "window": model.preprocessing.window,
            },
            "frames": str(self.frames),
            "decision": {
                "rule": model.decision.rule, "thresholds": dict(model.decision.cuts),
                "chosen_on": model.decision.chosen_on, "calibrate": model.decision.calibrate,
            },
            "training": {
                key: model.training.get(key) for key in ("images", "groups", "sha256")
            },
            "weights": start_of(model),
            "ood": model.ood.facts(),
            "tested": None if tested is None else tested.model_dump(mode="json"),
            "untested": UNTESTED if tested is None else None,
            "similar_cases": model.cases is not None,
            "notice": NOTICE,
        }  # fmt: skip

    def _manifest(self, sent: Sent) -> Manifest:
        """Return one file as a manifest: told by its content, never as a list of other files."""
        name = str(sent.path)
        frame = pd.DataFrame({"id": [name], "path": [name]}, dtype=object)
        return with_frames(Manifest(frame, None, (), None, Path(), sent.name, ()), self.frames)

    def _judged(self, sent: Sent, data: Manifest) -> list[Judgement]:
        judgements = []
        for answer in answered(self.model, data, device=self.device, weights=self.weights):
            for place, row in enumerate(answer.rows.to_dict("records")):
                features = None if answer.features is None else answer.features[place]
                judgements.append(self._judgement(sent, row, features))
        return judgements

    def _judgement(
        self, sent: Sent, row: dict[Any, Any], features: NDArray[np.float64] | None
    ) -> Judgement:
        name = _own_name(sent, row["path"])
        if row["status"] != "ok":
            return Judgement(name, "failed", _own_name(sent, row["error"]))
        classes = self.model.classes
        return Judgement(
            name, "ok", None,
            {label: row[f"p.{label}"] for label in classes},
            row["predicted"], row["threshold"],
            {label: row[f"t.{label}"] for label in classes if f"t.{label}" in row},
            row["ood_score"], row["ood_threshold"], row["outside"], features,
        )  # fmt: skip

    def _failed(self, sent: Sent, reason: str) -> Judgement:
        return Judgement(sent.name, "failed", _own_name(sent, reason))

    def _shown(self, judgement: Judgement, data: Manifest, row: int) -> Shown:
        if judgement.status != "ok":
            return Shown(judgement)
        own = self.model.preprocessing
        one = data.subset([row])
        picture = Pictures(one, size=own.size, roi=own.roi, window=own.window).view(0, _SIDE)
        similar: list[Similar] = []
        if self.model.cases is not None and judgement.features is not None:
            similar = self.model.cases.similar(judgement.features[None, :], 3)[0]
        return Shown(judgement, picture, self._why(one, judgement), similar)

    def _why(self, one: Manifest, judgement: Judgement) -> Why:
        """Return what can be shown of the reasons: of a net where it looked, else what added."""
        try:
            if self.model.method.classifier in ("finetune", "head"):
                return self._looked(one)
            return self._added(one)
        except TexturekitError as error:
            return Why(reason=printable(str(error)).replace(one.paths[0], judgement.name))
        except Exception:
            _LOG.exception("an answer could not be explained")
            return Why(reason="the answer could not be explained; see the service's log")

    def _looked(self, one: Manifest) -> Why:
        from texturekit.explanation import NOTICE as WARNING
        from texturekit.explanation import explain

        (found,) = explain(self.model, one, device=self.device)
        if found.empty:
            return Why("net", found.label, reason=found.note)
        caption = f"where the net looked for {found.label!r} (Grad-CAM)"
        return Why("net", found.label, [(caption, found.overlay)], reason=WARNING)

    def _added(self, one: Manifest) -> Why:
        from texturekit.contributing import NOTICE as WARNING
        from texturekit.contributing import SEES, contributions

        (found,) = contributions(self.model, one, device=self.device, weights=self.weights)
        maps = [
            (f"what {name} sees: {found.titles[name]}" if name in found.titles else name, pixels)
            for name, pixels in found.maps.items()
        ]
        return Why(
            "columns", found.label, maps, found.base, list(found.leading), found.columns[:5],
            f"{WARNING} {SEES if maps else ''}".strip(),
        )  # fmt: skip


def _own_name(sent: Sent, text: Any) -> str:
    """Say the sender's name where a text has the path of our copy."""
    return printable(str(text)).replace(str(sent.path), sent.name)
