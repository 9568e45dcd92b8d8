"""A fitted method that predicts new images."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.data.pictures import Pictures
from texturekit.data.tasks import resolve_positive
from texturekit.errors import ImageError, ManifestError
from texturekit.extraction import Representations, represent, work_of
from texturekit.methods.choosing import Meaning, Wanted, choose_inside
from texturekit.methods.deciding import Decision
from texturekit.methods.fitted_weights import check_weights, weights_of
from texturekit.methods.grammar import Method, parse_method
from texturekit.methods.inner import Part, fit_part
from texturekit.methods.judging import judge, novelty_of
from texturekit.methods.learners import (
    Inputs,
    PictureLearner,
    PriorLearner,
    Settings,
    TableLearner,
    learner,
)
from texturekit.methods.novelty import Novelty
from texturekit.methods.recipes import Training, read_augmentation
from texturekit.methods.tuned import marked_val, tuned_on

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.deep.settings import Settings as Trained
    from texturekit.measurement import Work
    from texturekit.methods.heads import HeadLearner
    from texturekit.methods.judging import Judged

    Learner = PriorLearner | TableLearner | PictureLearner | HeadLearner


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes input: part of a model as much as its weights.

    Attributes
    ----------
    size : int
        Long side in pixels, aspect kept; nets see it padded to a square.
    roi : {"crop", "mask", "none"}
        What masks do.
    weights : str
        The weights policy of the backbones.
    seed : int
        Seed of random weights.
    window : str
        Which values nets see as black and white; see `texturekit.windows.Window`.
    """

    size: int = 224
    roi: str = "crop"
    weights: str = "auto"
    seed: int = 0
    window: str = "auto"


def image_size(manifest: Manifest) -> int:
    """Return the long side for all methods: a drawn sample's own, else the card's, else 224."""
    if manifest.synthetic:
        facts = manifest.facts(0)
        return max(facts.width, facts.height)
    return Preprocessing.size if manifest.card is None else manifest.card.size


def prepare(
    manifest: Manifest,
    methods: list[Method],
    preprocessing: Preprocessing,
    *,
    jobs: int = 1,
    device: str = "auto",
) -> tuple[Inputs, Representations]:
    """Compute every representation that some methods need, once.

    Returns
    -------
    inputs : Inputs
        Of the images that could be used, in order.
    found : Representations
        Which these are, and why the others are not.
    """
    parts = dict.fromkeys(part for method in methods for part in method.reads)
    found = represent(
        manifest,
        parts,
        jobs=jobs,
        size=preprocessing.size,
        roi=preprocessing.roi,
        window=preprocessing.window,
        weights=preprocessing.weights,
        device=device,
        seed=preprocessing.seed,
    )
    usable = manifest.subset(found.usable)
    pictures = Pictures(
        usable, size=preprocessing.size, roi=preprocessing.roi, window=preprocessing.window
    )
    return Inputs(len(usable), found.blocks, pictures), found


@dataclass(frozen=True)
class Model:
    """A fitted method.

    Attributes
    ----------
    method : Method
    kind : {"binary", "multiclass", "multilabel"}
    classes : tuple of str
        The order of the probabilities' columns.
    positive : str or None
        The positive class of a binary model.
    preprocessing : Preprocessing
    learner : PriorLearner, TableLearner, PictureLearner or HeadLearner
    training : dict
        ``images, groups, sha256, frames, mask_label`` of the training data, and ``weights`` of the
        backbones that it was embedded with.
    ood : Novelty
        Tells which images lie outside the training distribution, or why it cannot.
    decision : Decision
        Threshold and calibration, and what they were chosen on.
    """

    method: Method
    kind: str
    classes: tuple[str, ...]
    positive: str | None
    preprocessing: Preprocessing
    learner: PriorLearner | TableLearner | PictureLearner | HeadLearner
    training: dict[str, Any] = field(default_factory=dict)
    ood: Novelty = field(default_factory=Novelty)
    decision: Decision = field(default_factory=Decision)

    def predict_proba(
        self, manifest: Manifest, *, jobs: int = 1, device: str = "auto"
    ) -> NDArray[np.float64]:
        """Return the probability of each class for each image.

        Parameters
        ----------
        manifest : Manifest
            The images; labels are not needed.
        jobs : int, default 1
            Threads.
        device : {"auto", "cpu", "cuda"}, default "auto"

        Returns
        -------
        (n, classes) float64
            Rows sum to 1, or are independent probabilities for multi-label; calibrated, if the
            model was. The same to the bit however many images are asked for at once.

        Raises
        ------
        ImageError
            If an image cannot be read; it names the first one.
        ModelError
            If a backbone's weights are not those that the model was fitted with.
        """
        return self._judged(manifest, jobs, device).probabilities

    def ood_scores(
        self, manifest: Manifest, *, jobs: int = 1, device: str = "auto"
    ) -> NDArray[np.float64] | None:
        """Return how unusual each image is: (n,) float64, or None without a detector.

        Above ``ood.threshold`` an image lies outside the training distribution. Parameters and
        errors are those of `predict_proba`.
        """
        features = self._judged(manifest, jobs, device).features
        return None if features is None else self.ood.score(features)

    def _judged(self, manifest: Manifest, jobs: int, device: str) -> Judged:
        self.work(device=device)
        inputs, found = prepare(
            manifest, [self.method], self.preprocessing, jobs=jobs, device=device
        )
        _refuse_lost(manifest, found, "predicting")
        judged = judge(self.learner, inputs, device=device, decision=self.decision)
        for first in judged.failures.values():
            raise ImageError(first)
        return judged

    def work(self, *, device: str = "auto", weights: str | None = None) -> Work:
        """Return what has to be measured of every image before the learner can judge it.

        Parameters
        ----------
        device : {"auto", "cpu", "cuda"}, default "auto"
        weights : str, optional
            Where the backbones' weights are, instead of where they were at fitting.

        Raises
        ------
        WeightsError
            If they cannot be had.
        ModelError
            If they are not those that the model was fitted with.
        """
        own = self.preprocessing
        work = work_of(
            self.method.reads,
            size=own.size, roi=own.roi, window=own.window, weights=weights or own.weights,
            device=device, seed=own.seed,
        )  # fmt: skip
        check_weights(self.training.get("weights", {}), work)
        return work

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model as a folder that holds no code; see `texturekit.load`."""
        from texturekit.methods.persistence import save

        return save(self, path, overwrite=overwrite)


def fit(
    method: str,
    manifest: Manifest,
    *,
    seed: int = 0,
    positive: str | None = None,
    weights: str = "auto",
    preprocessing: Preprocessing | None = None,
    jobs: int = 1,
    device: str = "auto",
    epochs: int | None = None,
    threshold: str = "fixed",
    calibrate: str = "none",
    settings: Trained | None = None,
    resume: Path | None = None,
    tune: int = 0,
) -> Model:
    """Fit a method to all images of a manifest.

    A network learns from these, but for a part of the patients that decides when to stop: the
    images that the manifest marks "val", else a fifth. Where a threshold or a calibration is
    wanted, it is chosen on the images marked "val", which then no method learns from; without any,
    on those that told a network when to stop, and for other methods on every image, as learners
    of five inner folds predict it.

    Parameters
    ----------
    method : str
        Such as ``"glcm+lbp/xgboost"``; see `texturekit.methods.grammar.parse_method`.
    manifest : Manifest
        Labelled images.
    seed : int, default 0
    positive : str, optional
        The positive class of two; by default the card's, else the last in sorted order.
    weights : str, default "auto"
        ``"auto"``, ``"pretrained"``, ``"none"`` or the path of a weight file, for backbones.
    preprocessing : Preprocessing, optional
        Image size, region and weights policy, instead of the card's size and ``weights``.
    jobs : int, default 1
        Threads.
    device : {"auto", "cpu", "cuda"}, default "auto"
    epochs : int, optional
        Longest training of a network.
    threshold : str, default "fixed"
        ``"fixed"`` (0.5), ``"youden"``, ``"sensitivity=0.95"``, ``"specificity=0.9"`` or
        ``"cost=5"``; see `texturekit.metrics.choose_threshold`.
    calibrate : {"none", "sigmoid", "isotonic", "temperature"}, default "none"
    settings : texturekit.deep.settings.Settings, optional
        How a network is trained, but for the seed, which is ``seed``. By default 5 epochs from
        pretrained and 12 from random weights, with the card's augmentation.
    resume : Path, optional
        Folder where a network's training is kept after every epoch, and goes on from.
    tune : int, default 0
        How many settings are tried on parts of the images that are held out; the best are fitted.

    Returns
    -------
    Model

    Raises
    ------
    ManifestError
        If the images have no labels, or one class only.
    ImageError
        If an image cannot be read.
    UnknownNameError, ParameterError
        If the method cannot be understood.
    """
    parsed = parse_method(method)
    wanted = Wanted.read(threshold, calibrate, manifest.kind)
    if manifest.labels is None or manifest.kind is None:
        raise ManifestError(
            f"{manifest.source} has no labels; a method learns from labelled images."
        )
    if len(manifest.classes) < 2 and manifest.kind != "multilabel":
        raise ManifestError(
            f"{manifest.source} holds one class only, {manifest.classes[0]!r}; give at least two."
        )
    chosen = None
    if manifest.kind == "binary":
        chosen, _ = resolve_positive(manifest.classes, asked=positive, card=manifest.card)
    preprocessing = preprocessing or Preprocessing(image_size(manifest), weights=weights, seed=seed)
    how = Training(settings, augmentation=read_augmentation(manifest.card), epochs=epochs)
    known = Settings(seed, jobs, preprocessing.weights, device, how, resume, tune)
    learner(parsed, manifest.kind, manifest.classes, known)  # refuse it before images are read
    inputs, found = prepare(manifest, [parsed], preprocessing, jobs=jobs, device=device)
    _refuse_lost(manifest, found, "fitting")
    best, tuning = tuned_on(parsed, inputs, manifest, known, spare_val=wanted.anything)
    meaning = Meaning(manifest.kind, tuple(manifest.classes), chosen)
    make = partial(learner, parsed, manifest.kind, manifest.classes, best)
    fitted, decision = _fitted(make, inputs, manifest, wanted, meaning, seed)
    training: dict[str, Any] = {
        "images": len(manifest), "groups": manifest.group_count, "sha256": manifest.sha256,
        "frames": str(manifest.frames), "mask_label": manifest.mask_label,
    }  # fmt: skip
    if tuning is not None:
        training |= {
            "settings": best.candidate,
            "tuning": tuning.model_dump(mode="json"),
        }
    ood = novelty_of(fitted, inputs, manifest.labels, manifest.groups, seed=seed, device=device)
    model = Model(
        parsed, manifest.kind, manifest.classes, chosen, preprocessing, fitted, training, ood,
        decision,
    )  # fmt: skip
    training["weights"] = weights_of(model.work(device=device))
    return model


def _fitted(
    make: Callable[[], Learner],
    inputs: Inputs,
    manifest: Manifest,
    wanted: Wanted,
    meaning: Meaning,
    seed: int,
) -> tuple[Learner, Decision]:
    """Fit a learner, and choose what is wanted inside its training images."""
    unfitted, labels = make(), np.asarray(manifest.labels)
    val = marked_val(manifest)
    if not isinstance(unfitted, PictureLearner) and not wanted.anything:
        val = val[:0]  # nothing is chosen on them: they are learnt from
    train = np.setdiff1d(np.arange(len(labels)), val)
    part = Part(inputs, labels, manifest.groups, train, val, seed)
    fitted = fit_part(unfitted, part)
    if not wanted.anything:
        return fitted, Decision()
    decision = choose_inside(wanted, make, fitted, part, meaning)[1]
    for note in decision.notes:
        events.warn("fitting", note)
    return fitted, decision


def _refuse_lost(manifest: Manifest, found: Representations, doing: str) -> None:
    if found.lost:
        row, first = next(iter(sorted(found.lost.items())))
        raise ImageError(
            f"{len(found.lost)} of {len(manifest)} images cannot be used, the first is "
            f"{manifest.paths[row]}: {first.error}; take them out before {doing}."
        )
