"""What is looked at while a method runs over folds, beside its predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from texturekit.methods.families import importances, shuffle
from texturekit.methods.heads import HeadLearner
from texturekit.methods.learners import PictureLearner, TableLearner

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from texturekit.data.folds import Fold
    from texturekit.data.manifest import Manifest
    from texturekit.methods.deciding import Decision
    from texturekit.methods.families import Shuffled
    from texturekit.methods.grammar import Method
    from texturekit.methods.learners import Inputs, Settings
    from texturekit.methods.running import Run
    from texturekit.records import FamilyImportance

_TYPES = {
    "method": "str", "repeat": "int64", "fold": "int64", "epoch": "int64",
    "train_loss": "float64", "val_loss": "float64", "val_score": "float64", "kept": "bool",
}  # fmt: skip


@dataclass(frozen=True)
class Looks:
    """What is looked at.

    Attributes
    ----------
    training : bool
        Predict images that were learnt from, too, to tell how much better a method is on these.
    shuffles : int
        How often each family of columns is shuffled over the test images of a fold of the first
        repeat; 0 for never.
    cams : bool
        Show where a network looked, in the first repeat.
    """

    training: bool = False
    shuffles: int = 0
    cams: bool = False


@dataclass
class Watch:
    """Looks at every fold of one method as long as its fitted model is there.

    Attributes
    ----------
    looks : Looks
    method, manifest, inputs, positive, settings
        As `texturekit.methods.running.run_method` got them.
    """

    looks: Looks
    method: Method
    manifest: Manifest
    inputs: Inputs
    positive: str | None
    settings: Settings
    _shuffled: list[Shuffled] = field(default_factory=list)
    _cams: dict[str, bytes] = field(default_factory=dict)
    _tests: list[pd.DataFrame] = field(default_factory=list)
    _first: int | None = None

    def see(
        self, fitted: object, told: NDArray[np.float64], frame: pd.DataFrame, fold: Fold
    ) -> None:
        """Look at a fold: its fitted learner, what that says of the test images, and their rows."""
        self._first = fold.repeat if self._first is None else self._first
        if fold.repeat != self._first:
            return
        if isinstance(fitted, TableLearner) and self.looks.shuffles:
            seed = [self.settings.seed, len(self._shuffled)]
            self._shuffled.append(
                shuffle(
                    self.method, fitted, told, self.manifest, self.inputs, fold,
                    shuffles=self.looks.shuffles, seed=seed,
                )
            )  # fmt: skip
        if isinstance(fitted, PictureLearner | HeadLearner) and self.looks.cams:
            self._tests.append(frame)
            self._cams |= self._shower().overlays(fitted, frame, fold.test)

    def families(self, decisions: Mapping[tuple[int, int], Decision]) -> list[FamilyImportance]:
        """Return what each family of columns adds."""
        return importances(self.method, self.manifest, self._shuffled, decisions, self.positive)

    def cams(self) -> dict[str, bytes]:
        """Return the overlays that a page shows: of those of each fold, the clearest of all."""
        if not self._cams:
            return {}
        wanted = self._shower().wanted(pd.concat(self._tests, ignore_index=True))
        return {name: self._cams[name] for name in wanted if name in self._cams}

    def _shower(self) -> Any:
        from texturekit.methods.showing import Shower  # it needs torch

        return Shower(self.manifest, self.inputs, self.positive, self.settings.device)


def epochs_of(fitted: object, fold: Fold) -> list[dict[str, Any]]:
    """Return the epochs of a network that was trained, as rows; none of anything else."""
    network = fitted.network if isinstance(fitted, PictureLearner) else None
    if network is None:
        return []
    return [
        {
            "repeat": fold.repeat, "fold": fold.fold, "epoch": one.epoch,
            "train_loss": one.train_loss, "val_loss": one.val_loss, "val_score": one.val_score,
            "kept": one.epoch == network.facts.best_epoch,
        }
        for one in network.facts.history
    ]  # fmt: skip


def training_frame(runs: Mapping[str, Run]) -> pd.DataFrame | None:
    """Return the epochs of all networks that were trained; None where none was."""
    rows: Iterable[dict[str, Any]] = [
        {"method": name, **row} for name, run in runs.items() for row in run.epochs
    ]
    frame = pd.DataFrame(rows, columns=list(_TYPES))
    if frame.empty:
        return None
    order = ["method", "repeat", "fold", "epoch"]
    return frame.astype(_TYPES).sort_values(order, ignore_index=True)
