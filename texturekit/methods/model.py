"""A fitted method that predicts new images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from texturekit.data.pictures import Pictures
from texturekit.errors import ImageError
from texturekit.extraction import Representations, represent, work_of
from texturekit.methods.deciding import Decision
from texturekit.methods.fitted_weights import check_weights
from texturekit.methods.judging import judge
from texturekit.methods.learners import (
    Inputs,
    PictureLearner,
    PriorLearner,
    TableLearner,
)
from texturekit.methods.novelty import Novelty

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.measurement import Work
    from texturekit.methods.background import Background
    from texturekit.methods.cases import Cases
    from texturekit.methods.grammar import Method
    from texturekit.methods.heads import HeadLearner
    from texturekit.methods.judging import Judged
    from texturekit.records import Tested

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
        ``images, groups, sha256, frames, mask_label, contents, shares`` of the training data, and
        ``weights`` of the backbones that it was embedded with.
    ood : Novelty
        Tells which images lie outside the training distribution, or why it cannot.
    decision : Decision
        Threshold and calibration, and what they were chosen on.
    tested : Tested or None
        What the comparison that chose the method found.
    background : Background or None
        Typical training images, for methods on columns.
    cases : Cases or None
        Training images with pictures, where these were asked for.
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
    tested: Tested | None = None
    background: Background | None = None
    cases: Cases | None = None

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
        refuse_lost(manifest, found, "predicting")
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


def refuse_lost(manifest: Manifest, found: Representations, doing: str) -> None:
    """Refuse to go on without some of the images; the first one is named.

    Raises
    ------
    ImageError
    """
    if found.lost:
        row, first = next(iter(sorted(found.lost.items())))
        raise ImageError(
            f"{len(found.lost)} of {len(manifest)} images cannot be used, the first is "
            f"{manifest.paths[row]}: {first.error}; take them out before {doing}."
        )
