"""Fit a method to labelled images: the way from a manifest to a model."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.data.tasks import resolve_positive
from texturekit.errors import ManifestError, ParameterError
from texturekit.methods.background import Background
from texturekit.methods.cases import Cases
from texturekit.methods.cases import chosen as chosen_cases
from texturekit.methods.choosing import Meaning, Wanted, choose_inside
from texturekit.methods.deciding import Decision
from texturekit.methods.fitted_weights import weights_of
from texturekit.methods.grammar import Method, parse_method
from texturekit.methods.inner import Part, fit_part
from texturekit.methods.judging import features_of, novelty_of
from texturekit.methods.learners import (
    Inputs,
    PictureLearner,
    PriorLearner,
    Settings,
    TableLearner,
    learner,
)
from texturekit.methods.learnt import remembered
from texturekit.methods.model import Model, Preprocessing, image_size, prepare, refuse_lost
from texturekit.methods.recipes import Training, read_augmentation
from texturekit.methods.spaces import checked_candidate
from texturekit.methods.tuned import marked_val, tuned_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.deep.settings import Settings as Trained
    from texturekit.methods.heads import HeadLearner
    from texturekit.tuning import Value

    Learner = PriorLearner | TableLearner | PictureLearner | HeadLearner


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
    cases: int = 0,
    candidate: Mapping[str, Value] | None = None,
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
    cases : int, default 0
        How many training images the model keeps as small pictures, to show those that are like a
        new one: classes by turns, and one of every patient before a second. None, unless asked for:
        whoever has the model has the pictures.
    candidate : mapping, optional
        Settings of the method instead of its defaults, such as ``{"C": 3}``; see
        `texturekit.methods.spaces.checked_candidate`.

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
    shown = np.unique(np.asarray(manifest.labels))
    if manifest.kind != "multilabel" and len(shown) == 1:
        raise ManifestError(
            f"{manifest.source} holds one class only, {manifest.classes[int(shown[0])]!r}; give "
            "images of at least two."
        )
    chosen = None
    if manifest.kind == "binary":
        chosen, _ = resolve_positive(manifest.classes, asked=positive, card=manifest.card)
    preprocessing = preprocessing or Preprocessing(image_size(manifest), weights=weights, seed=seed)
    how = Training(settings, augmentation=read_augmentation(manifest.card), epochs=epochs)
    _check_cases(cases, parsed)
    own = checked_candidate(parsed, candidate or {}, tune=tune)
    known = Settings(seed, jobs, preprocessing.weights, device, how, resume, tune, own)
    learner(parsed, manifest.kind, manifest.classes, known)  # refuse it before images are read
    inputs, found = prepare(manifest, [parsed], preprocessing, jobs=jobs, device=device)
    refuse_lost(manifest, found, "fitting")
    best, tuning = tuned_on(parsed, inputs, manifest, known, spare_val=wanted.anything)
    meaning = Meaning(manifest.kind, tuple(manifest.classes), chosen)
    make = partial(learner, parsed, manifest.kind, manifest.classes, best)
    fitted, decision = _fitted(make, inputs, manifest, wanted, meaning, seed)
    training: dict[str, Any] = {
        "images": len(manifest), "groups": manifest.group_count, "sha256": manifest.sha256,
        "frames": str(manifest.frames), "mask_label": manifest.mask_label,
    }  # fmt: skip
    if best.candidate or tuning is not None:
        training["settings"] = dict(best.candidate)
    if tuning is not None:
        training["tuning"] = tuning.model_dump(mode="json")
    seen = features_of(fitted, inputs, device=device)
    ood = novelty_of(fitted, seen, manifest.labels, manifest.groups, seed=seed)
    model = Model(
        parsed, manifest.kind, manifest.classes, chosen, preprocessing, fitted, training, ood,
        decision, background=_background(fitted, seen, manifest.groups, seed),
        cases=_cases(cases, seen, inputs, manifest, seed),
    )  # fmt: skip
    training |= remembered(manifest)
    training["weights"] = weights_of(model.work(device=device))
    return model


def _background(
    fitted: Learner, seen: NDArray[np.float64] | None, groups: NDArray[Any] | None, seed: int
) -> Background | None:
    """Return typical training images for a method on columns."""
    if seen is None or not isinstance(fitted, TableLearner):
        return None
    return Background.of(seen, seed=seed, groups=groups)


def _check_cases(cases: int, method: Method) -> None:
    if cases < 0:
        raise ParameterError(f"cases={cases}, but a number of images from 0 is wanted.")
    if cases and method.classifier == "dummy":
        raise ParameterError(
            f"cases={cases}, but {method} looks at no image, so that none is like another; leave "
            "cases out."
        )


def _cases(
    count: int, seen: NDArray[np.float64] | None, inputs: Inputs, manifest: Manifest, seed: int
) -> Cases | None:
    """Return the training images that the model keeps, if it was asked to."""
    if not count or seen is None or inputs.pictures is None:
        return None
    rows = chosen_cases(np.asarray(manifest.labels), manifest.groups, count, seed=seed)
    names = [manifest.label_name(i) for i in range(len(manifest))]
    return Cases.of(seen, inputs.pictures, names, rows)


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
