"""What families and columns add to what a method says of one image: before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ModelError
from texturekit.methods.families import by_family
from texturekit.methods.learners import Inputs, PriorLearner, TableLearner
from texturekit.methods.shapley import Game, owen, shapley

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.methods.background import Background
    from texturekit.methods.model import Model

    Floats = NDArray[np.float64]

_ROUNDING = 1e-12  # matrix products round by their shape: that is no contribution
_SPLIT = 3  # families whose columns are told one by one, at most,
_ROWS = 8192  # and so many rows that are judged for it, but the first family always


@dataclass(frozen=True)
class Part:
    """What a family adds: in probability, beside the background.

    Attributes
    ----------
    name : str
    value : float
        Its Shapley value.
    error : float
        Standard error of drawing; 0 where the value is exact.
    """

    name: str
    value: float
    error: float = 0.0


@dataclass(frozen=True)
class ColumnPart:
    """What a column adds as a member of its family.

    Attributes
    ----------
    name, family : str
    value, typical : float
        Of the image; mean of the background.
    share : float
        Its Owen value, in probability; an estimate.
    error : float
        Standard error of the share.
    """

    name: str
    value: float
    typical: float
    share: float
    family: str = ""
    error: float = 0.0


@dataclass(frozen=True)
class Added:
    """What is added to some classes of one image.

    Attributes
    ----------
    base : (k,) float64
        What the model says of the background, on average.
    families : list of k lists of Part
    columns : list of k lists of ColumnPart
    loudest : list of str
        The families that have a share, those that move the most first.
    how, how_columns : str
        How both were computed.
    """

    base: Floats
    families: list[list[Part]]
    columns: list[list[ColumnPart]]
    loudest: list[str]
    how: str
    how_columns: str


class Adder:
    """A fitted method on columns beside its background.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    blocks : dict of list of str
        The blocks of each family, as the method reads them.
    typical : (b, classes) float64
        What the model says of the background; NaN for classes that it never learnt.

    Raises
    ------
    ModelError
        If the method looks at no columns, or the model has no background.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.learner, self.background = _explained(model)
        blocks = model.method.blocks
        self.blocks = by_family(blocks)
        self._names = [name for block in blocks.values() for name in block]
        self._ends = np.cumsum([len(block) for block in blocks.values()])[:-1]
        places = dict(zip(blocks, np.split(np.arange(len(self._names)), self._ends), strict=True))
        self._players = [np.concatenate([places[n] for n in own]) for own in self.blocks.values()]
        self._family = [""] * len(self._names)
        for family, own in zip(self.blocks, self._players, strict=True):
            for column in own.tolist():
                self._family[column] = family
        self.typical = self._told(self.background.rows)

    def added(
        self, image: Floats, told: Floats, chosen: NDArray[np.intp], *, columns: int = 10
    ) -> Added:
        """Share what an image has beyond the background among families and columns.

        Parameters
        ----------
        image : (d,) float64
            Its columns.
        told : (classes,) float64
            What the model says of it.
        chosen : (k,) intp
            The classes that are explained.
        columns : int, default 10
            The most columns that are told of each class.
        """
        game = Game(
            lambda rows: self._told(rows)[:, chosen], image, self.background.rows,
            self.background.weights, told[chosen], self.typical[:, chosen],
        )  # fmt: skip
        found = shapley(game, self._players)
        values = np.where(np.abs(found.values) < _ROUNDING, 0.0, found.values)
        parts = [
            [Part(*told) for told in zip(self.blocks, own.tolist(), errors.tolist(), strict=True)]
            for own, errors in zip(values.T, found.errors.T, strict=True)
        ]
        loud = np.abs(values).max(axis=1)
        order = [k for k in np.argsort(-loud, kind="stable").tolist() if loud[k] > 0]
        single, how = self._columns(game, order, columns)
        names = list(self.blocks)
        return Added(game.base, parts, single, [names[k] for k in order], found.how, how)

    def _columns(
        self, game: Game, order: list[int], most: int
    ) -> tuple[list[list[ColumnPart]], str]:
        """Return by class the columns that add or take the most, and how they were found."""
        split = self._split(order) if most else []
        if not split:
            return [[] for _ in game.told], ""
        places, found = owen(game, self._players, split)
        typical = self.background.weights @ self.background.rows
        told = []
        for own, errors in zip(found.values.T, found.errors.T, strict=True):
            best = np.argsort(-np.abs(own), kind="stable")[:most]
            told.append([
                ColumnPart(
                    self._names[place], float(game.image[place]), float(typical[place]),
                    float(own[k]), self._family[place], float(errors[k]),
                )
                for k, place in zip(best.tolist(), places[best].tolist(), strict=True)
                if abs(own[k]) > _ROUNDING
            ])  # fmt: skip
        return told, found.how

    def _split(self, order: list[int]) -> list[int]:
        """Return the families whose columns are told: columns of backbones mean nothing alone."""
        chosen: list[int] = []
        names, steps = list(self.blocks), len(self.blocks)
        for k in order:
            if names[k] in BACKBONES:
                continue
            steps += len(self._players[k])
            if chosen and 2 * len(self.background.rows) * steps > _ROWS:
                break
            chosen.append(k)
        return chosen[:_SPLIT]

    def _told(self, rows: Floats) -> Floats:
        """Return the model's calibrated probabilities of rows of columns."""
        parts = np.split(rows, self._ends, axis=1)
        blocks = dict(zip(self.model.method.blocks, parts, strict=True))
        raw = self.learner.predict_proba(Inputs(len(rows), blocks))
        return self.model.decision.probabilities(raw, self.model.kind)


def _explained(model: Model) -> tuple[TableLearner, Background]:
    """Return what is explained and beside what, or say why nothing can be."""
    name = model.method.name
    if isinstance(model.learner, PriorLearner):
        raise ModelError(
            f"{name} gives every image the same probabilities, whatever it shows: there is nothing "
            "to explain."
        )
    if not isinstance(model.learner, TableLearner):
        raise ModelError(
            f"{name} is a network, which has no columns; explain it by gradcam, gradcam++ or "
            "occlusion (texturekit.explain)."
        )
    if model.background is None:
        raise ModelError(
            f"this model of {name} holds no background of typical training images to compare with: "
            "it was saved by an earlier version, imported, or fitted to fewer than 20 images or "
            "patients. Train it anew with `texturekit train`, on 20 or more."
        )
    return model.learner, model.background
