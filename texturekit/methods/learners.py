"""The three kinds of learner: from a table, from pictures, from nothing but the labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ParameterError
from texturekit.methods.classifiers import Ensemble
from texturekit.methods.heads import HeadLearner
from texturekit.methods.recipes import Training
from texturekit.methods.spaces import with_candidate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.data.pictures import Pictures
    from texturekit.deep.settings import Settings as Trained
    from texturekit.deep.trained import After
    from texturekit.deep.training import Network
    from texturekit.deep.weights import Weights
    from texturekit.methods.grammar import Method
    from texturekit.tuning import Value


_VALIDATION = 0.2  # share of the training images that decides when to stop


@dataclass(frozen=True)
class Settings:
    """What a learner may have to know besides the data.

    Attributes
    ----------
    seed, jobs : int
    weights : str or Weights
        The policy, or what it led to.
    device : str
    training : Training
        How networks are trained.
    resume : Path or None
        Folder where a network's training is kept after every epoch, and goes on from.
    tune : int
        How many candidates are tried inside the training part; see `texturekit.methods.tuned`.
    candidate : mapping
        Settings instead of the defaults, by the names of `texturekit.methods.spaces`.
    after : callable, optional
        Is told of every epoch of a network; see `texturekit.deep.finetune`.
    """

    seed: int = 0
    jobs: int = 1
    weights: str | Weights = "auto"
    device: str = "auto"
    training: Training = field(default_factory=Training)
    resume: Path | None = None
    tune: int = 0
    candidate: Mapping[str, Value] = field(default_factory=dict)
    after: After | None = None


@dataclass(frozen=True)
class Inputs:
    """The same images twice: as measurements and as pictures.

    Attributes
    ----------
    count : int
        Number of images, n.
    blocks : dict of (n, d) float64
        Values by family, baseline or backbone.
    pictures : Pictures or None
        Needed by networks only.
    """

    count: int
    blocks: dict[str, NDArray[np.float64]]
    pictures: Pictures | None = None

    def subset(self, indices: NDArray[np.intp]) -> Inputs:
        """Return some of the images."""
        pictures = None if self.pictures is None else self.pictures.subset(indices)
        blocks = {name: values[indices] for name, values in self.blocks.items()}
        return Inputs(len(indices), blocks, pictures)


@dataclass
class PriorLearner:
    """Give every image the class shares of the training images.

    Attributes
    ----------
    kind : {"binary", "multiclass", "multilabel"}
    classes : int
    """

    kind: str
    classes: int
    prior: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def fit(
        self, inputs: Inputs, labels: NDArray[Any], groups: NDArray[Any] | None
    ) -> PriorLearner:
        """Count the classes; a label of which training shows one value only has no share.

        No learner can learn such a label, and all are scored on the same ones.
        """
        if self.kind == "multilabel":
            known = (~np.isnan(labels)).sum(axis=0)
            total = np.nansum(labels, axis=0)
            both = (total > 0) & (total < known)
            self.prior = np.where(both, total / np.maximum(known, 1), np.nan)
        else:
            self.prior = np.bincount(labels, minlength=self.classes) / len(labels)
        return self

    def predict_proba(self, inputs: Inputs) -> NDArray[np.float64]:
        """Return the shares, once an image."""
        return np.tile(self.prior, (inputs.count, 1))


@dataclass
class TableLearner:
    """Learn from measurements; for multi-label one classifier a label, on its known rows.

    Attributes
    ----------
    method : Method
    kind : {"binary", "multiclass", "multilabel"}
    classes : int
    settings : Settings
    ensembles : list
        One, or one a label; None where training held one value of the label only.
    """

    method: Method
    kind: str
    classes: int
    settings: Settings
    ensembles: list[Ensemble | None] = field(default_factory=list)

    def fit(
        self, inputs: Inputs, labels: NDArray[Any], groups: NDArray[Any] | None
    ) -> TableLearner:
        """Fit on training images."""
        x = self._select(inputs)
        targets = labels.T if self.kind == "multilabel" else [labels]
        self.ensembles = [self._fit_one(x, target, groups) for target in targets]
        return self

    def _fit_one(
        self, x: NDArray[np.float64], target: NDArray[Any], groups: NDArray[Any] | None
    ) -> Ensemble | None:
        known = np.flatnonzero(~np.isnan(target)) if target.dtype.kind == "f" else slice(None)
        codes = target[known].astype(np.int64)
        if len(np.unique(codes)) < 2:
            return None
        ends = np.cumsum([0, *map(len, self.method.blocks.values())]).tolist()
        return Ensemble.fit(
            self.method.classifier,
            x[known],
            codes,
            None if groups is None else groups[known],
            {name: range(*ends[k : k + 2]) for k, name in enumerate(self.method.blocks)},
            [name for name in self.method.blocks if name.partition("(")[0] in BACKBONES],
            seed=self.settings.seed,
            jobs=self.settings.jobs,
            candidate=self.settings.candidate,
        )

    def predict_proba(self, inputs: Inputs) -> NDArray[np.float64]:
        """Return (n, classes) probabilities; NaN for a label that could not be learnt."""
        if not inputs.count:  # every image of a part failed: classifiers refuse nothing at all
            return np.full((0, self.classes), np.nan)
        x = self._select(inputs)
        if self.kind != "multilabel":
            (ensemble,) = self.ensembles
            if ensemble is None:
                raise ParameterError("the training images hold one class only; give both.")
            return ensemble.predict_proba(x, self.classes)
        result = np.full((len(x), self.classes), np.nan)
        for label, ensemble in enumerate(self.ensembles):
            if ensemble is not None:
                result[:, label] = ensemble.predict_proba(x, 2)[:, 1]
        return result

    def _select(self, inputs: Inputs) -> NDArray[np.float64]:
        return np.hstack([inputs.blocks[name] for name in self.method.blocks])

    def importance(self) -> tuple[tuple[str, ...], NDArray[np.float64]] | None:
        """Return columns and their importances, mean over labels, if the classifier tells."""
        names = tuple(name for block in self.method.blocks.values() for name in block)
        told = [e.importance(len(names)) for e in self.ensembles if e is not None]
        known = [importance for importance in told if importance is not None]
        return (names, np.mean(known, axis=0)) if known else None


@dataclass
class PictureLearner:
    """Fine-tune a network; a part of the training patients is held out if anything hangs on it.

    Attributes
    ----------
    method : Method
    kind : {"binary", "multiclass", "multilabel"}
    classes : int
    settings : Settings
    network : Network or None
        After `fit`.
    held_out : (m,) intp
        Training rows that decided when to stop.
    """

    method: Method
    kind: str
    classes: int
    settings: Settings
    network: Network | None = None
    held_out: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))

    def fit(
        self,
        inputs: Inputs,
        labels: NDArray[Any],
        groups: NDArray[Any] | None,
        *,
        held_out: NDArray[np.intp] | None = None,
    ) -> PictureLearner:
        """Train on the pictures; ``held_out`` names those that only decide when to stop.

        Without it a fifth of the patients is held out, or none if all epochs are trained and the
        last one is kept.
        """
        from texturekit.deep.training import finetune
        from texturekit.deep.weights import resolve_weights

        pictures = _pictures(inputs)
        seed = self.settings.seed
        backbone = self.method.parts[0].name
        weights = resolve_weights(backbone, self.settings.weights, seed=seed)
        how = self.settings.training.of(backbone, random=weights.random, seed=seed)
        how = with_candidate(how, self.settings.candidate)
        train, val = parted(labels, groups, self.kind, how, held_out)
        self.held_out = val
        self.network = finetune(
            pictures.subset(train),
            labels[train],
            val=(pictures.subset(val), labels[val]) if len(val) else None,
            backbone=backbone,
            classes=self.classes,
            kind=self.kind,
            weights=weights,
            device=self.settings.device,
            settings=how,
            resume=self.settings.resume,
            after=self.settings.after,
        )
        return self

    def predict_proba(self, inputs: Inputs) -> NDArray[np.float64]:
        """Return (n, classes) probabilities."""
        if self.network is None:
            raise ParameterError("this network is not trained; call fit first.")
        return self.network.predict_proba(_pictures(inputs), device=self.settings.device)


def parted(
    labels: NDArray[Any],
    groups: NDArray[Any] | None,
    kind: str,
    how: Trained,
    held_out: NDArray[np.intp] | None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows that are learnt from, and those that decide when to stop."""
    from texturekit.data.splits import inner_split

    rows = np.arange(len(labels))
    if held_out is not None:
        return np.setdiff1d(rows, held_out), held_out
    if how.patience is None and how.keep == "last":
        return rows, rows[:0]
    return inner_split(labels, groups, kind, fraction=_VALIDATION, seed=how.seed)


def _pictures(inputs: Inputs) -> Pictures:
    if inputs.pictures is None:
        raise ParameterError("a network learns from pictures, but got a table only.")
    return inputs.pictures


def learner(
    method: Method, kind: str, classes: Sequence[str], settings: Settings
) -> PriorLearner | TableLearner | PictureLearner | HeadLearner:
    """Return the unfitted learner of a method.

    Raises
    ------
    ParameterError
        For ``head``: if the backbone has no outputs for these classes.
    """
    if method.classifier == "head":
        return HeadLearner(method, kind, tuple(classes), settings)
    if method.classifier == "dummy":
        return PriorLearner(kind, len(classes))
    if method.learns_from_pictures:
        return PictureLearner(method, kind, len(classes), settings)
    return TableLearner(method, kind, len(classes), settings)
