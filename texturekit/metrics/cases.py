"""The test images of one method in one repeat, as arrays that every metric reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics.checking import check_probabilities, group_codes, is_hard

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from texturekit.records import Kind

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cases:
    """Test images of one method in one repeat; every class is a column, one against the rest.

    Attributes
    ----------
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    classes : tuple of K str
        Names of the columns.
    positive : int or None
        Column of the positive class (binary only).
    ids : (n,) str
        Names of the images, for pairing.
    truth, predicted : (n, K) bool
        Whether the image is, or is said to be, of the class; False where unknown.
    known : (n, K) bool
        Whether the truth is known and the class was predicted.
    probability : (n, K) float64
        NaN where not predicted.
    fold, group : (n,) int64
        Numbers from 0; images of one group belong to one patient.
    graded : bool
        Whether the probabilities are known to be a classifier's own. Then they rank even if all of
        them are 0 or 1, as those of a forest that is sure of everything.
    """

    kind: Kind
    classes: tuple[str, ...]
    positive: int | None
    ids: tuple[str, ...]
    truth: Bools
    predicted: Bools
    known: Bools
    probability: Floats
    fold: Ints
    group: Ints
    graded: bool = False

    @property
    def n(self) -> int:
        """Number of images."""
        return len(self.fold)

    @property
    def folds(self) -> int:
        """Number of folds."""
        return int(self.fold.max()) + 1

    @property
    def grouped(self) -> bool:
        """Whether a group has several images."""
        return int(self.group.max()) + 1 < self.n

    @property
    def scored(self) -> list[int]:
        """Columns that the headline metrics use: the positive class, or all of them."""
        return list(range(len(self.classes))) if self.positive is None else [self.positive]

    @cached_property
    def defined(self) -> list[int]:
        """Those of `scored` that have known images inside and outside the class."""
        inside = np.flatnonzero((self.truth & self.known).any(axis=0))
        outside = np.flatnonzero((~self.truth & self.known).any(axis=0))
        return [k for k in self.scored if k in inside and k in outside]

    @cached_property
    def hard(self) -> list[int]:
        """Columns whose probabilities are only 0 and 1."""
        columns = range(len(self.classes))
        return [k for k in columns if is_hard(self.probability[self.known[:, k], k])]

    @property
    def decided(self) -> list[int]:
        """Columns whose probabilities may be somebody's decisions, which rank nothing."""
        return [] if self.graded else self.hard

    @property
    def ranked(self) -> list[int]:
        """Those of `defined` whose probabilities rank."""
        return [k for k in self.defined if k not in self.decided]

    def take(self, rows: Ints) -> Cases:
        """Return some of the images.

        Parameters
        ----------
        rows : (m,) int64
            Positions; at least one.

        Returns
        -------
        Cases
            Images of one fold or group stay together, under new numbers.
        """
        return replace(
            self,
            ids=tuple(self.ids[row] for row in rows),
            truth=self.truth[rows],
            predicted=self.predicted[rows],
            known=self.known[rows],
            probability=self.probability[rows],
            fold=np.unique(self.fold[rows], return_inverse=True)[1].astype(np.int64),
            group=np.unique(self.group[rows], return_inverse=True)[1].astype(np.int64),
        )


def read_cases(
    predictions: pd.DataFrame, *, kind: Kind, classes: Sequence[str], positive: str | None
) -> list[Cases]:
    """Return the test rows of one method, one `Cases` a repeat.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of one method: ``id, group, repeat, fold, split, label`` (or ``y.<label>``),
        ``predicted, p.<class>``.
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    classes : sequence of str
        Class names in order.
    positive : str or None
        The positive class of a binary task.

    Returns
    -------
    list of Cases
        In the order of the repeats; images in the order of fold and id.

    Raises
    ------
    MetricError
        If there are no test rows, rows of several methods, an image twice in one repeat, an unknown
        class, or probabilities that are none.
    """
    if "method" in predictions and predictions["method"].nunique() > 1:
        raise MetricError("predictions hold several methods; select the rows of one first.")
    test = predictions[predictions["split"] == "test"]
    if test.empty:
        raise MetricError("predictions hold no row with split 'test'; nothing can be scored.")
    if kind == "binary" and positive not in classes:
        raise MetricError(
            f"the positive class {positive!r} is none of {', '.join(classes)}; name one of them."
        )
    ordered = test.sort_values(["repeat", "fold", "id"], kind="stable")
    return [
        _one_repeat(part, kind, tuple(classes), positive)
        for _, part in ordered.groupby("repeat", sort=True)
    ]


def _one_repeat(
    rows: pd.DataFrame, kind: Kind, classes: tuple[str, ...], positive: str | None
) -> Cases:
    ids = tuple(rows["id"].astype(str))
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise MetricError(
            f"image {twice!r} is tested twice in one repeat; give every image one test fold."
        )
    probability = rows[[f"p.{name}" for name in classes]].to_numpy(dtype=np.float64)
    check_probabilities(probability, ids, exclusive=kind != "multilabel")
    if kind == "multilabel":
        y = rows[[f"y.{name}" for name in classes]].to_numpy(dtype=np.float64)
        truth, known = y == 1, ~np.isnan(y) & ~np.isnan(probability)
        predicted = _named(rows["predicted"], classes)
    else:
        truth = _one_hot(rows["label"], classes, "label")
        predicted = _one_hot(rows["predicted"], classes, "predicted")
        known = np.ones_like(truth)
    fold = np.unique(rows["fold"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    return Cases(
        kind=kind,
        classes=classes,
        positive=classes.index(positive) if kind == "binary" and positive is not None else None,
        ids=ids,
        truth=truth & known,
        predicted=predicted & known,
        known=known,
        probability=probability,
        fold=fold,
        graded=True,
        group=group_codes(rows["group"].to_numpy(), len(rows)),
    )


def _one_hot(names: pd.Series, classes: tuple[str, ...], column: str) -> Bools:
    hot = np.asarray(names.to_numpy(dtype=object)[:, None] == np.array(classes, dtype=object))
    stray = np.flatnonzero(~hot.any(axis=1))
    if stray.size:
        raise MetricError(
            f"column {column!r} holds {names.iloc[stray[0]]!r}, which is none of the classes "
            f"{', '.join(classes)}."
        )
    return hot


def _named(joined: pd.Series, classes: tuple[str, ...]) -> Bools:
    said = [set(text.split("|")) if isinstance(text, str) else set() for text in joined]
    stray = set().union(*said) - set(classes) - {""}
    if stray:
        raise MetricError(
            f"column 'predicted' holds {min(stray)!r}, which is none of the labels "
            f"{', '.join(classes)}."
        )
    return np.array([[name in names for name in classes] for names in said], dtype=np.bool_)
