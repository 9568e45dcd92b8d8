"""What a method loses when the columns of one family are shuffled over the test images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.data.choices import some_rows
from texturekit.methods.learners import Inputs
from texturekit.methods.permuted import cases_of
from texturekit.metrics import wording
from texturekit.metrics.areas import area_difference, mean_area
from texturekit.metrics.delong import careful
from texturekit.metrics.fold_areas import area_of, rankable
from texturekit.records import Estimate, FamilyImportance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from texturekit.data.folds import Fold
    from texturekit.data.manifest import Manifest
    from texturekit.methods.deciding import Decision
    from texturekit.methods.grammar import Method
    from texturekit.methods.learners import TableLearner
    from texturekit.metrics.cases import Cases

    Floats = NDArray[np.float64]

#: The most test images of a fold that are shuffled: enough to tell, and kind to slow classifiers.
MOST = 500
_CELLS = 4_000_000  # numbers in a table that is predicted at once: memory stays flat
_ROUNDING = 1e-12  # matrix products round by their shape: that is no change of a prediction


@dataclass(frozen=True)
class Shuffled:
    """What a fitted model says of test images of a fold, with one family shuffled after the other.

    Attributes
    ----------
    fold : Fold
    rows : (m,) intp
        The images: all test images, or whole groups of them up to `MOST`.
    told : (m, k) float64
        Probabilities as they are.
    families : dict of (K, m, k) float64
        Probabilities with each family shuffled, K times.
    """

    fold: Fold
    rows: NDArray[np.intp]
    told: Floats
    families: dict[str, Floats]


def by_family(blocks: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of blocks by family: without what stands in brackets.

    Examples
    --------
    >>> by_family(["glcm", "glcm(distances=2)", "lbp", "resnet18(layers=3)"])
    {'glcm': ['glcm', 'glcm(distances=2)'], 'lbp': ['lbp'], 'resnet18': ['resnet18(layers=3)']}
    """
    found: dict[str, list[str]] = {}
    for name in blocks:
        found.setdefault(name.partition("(")[0], []).append(name)
    return found


def shuffle(
    method: Method,
    fitted: TableLearner,
    told: Floats,
    manifest: Manifest,
    inputs: Inputs,
    fold: Fold,
    *,
    shuffles: int,
    seed: Sequence[int],
) -> Shuffled:
    """Predict test images of a fold with every family shuffled over them.

    All columns of a family move together, and from any image to any other. That an image gets its
    own columns, or those of its patient, is left to chance: were it forbidden, every image would
    get columns of another class more often than not, and what tells nothing would seem to mislead.

    Parameters
    ----------
    method : Method
    fitted : TableLearner
        Fitted on the training part of the fold.
    told : (n, k) float64
        What it says of the test images.
    manifest, inputs
        All images and their representations.
    fold : Fold
    shuffles : int
        How often, K.
    seed : sequence of int
        The same for every method, so that all are shuffled alike.

    Returns
    -------
    Shuffled
    """
    rng = np.random.default_rng(list(seed))
    places = some_rows(manifest.subset(fold.test), MOST, seed=int(rng.integers(2**31)))
    rows, base = fold.test[places], told[places]
    blocks = {name: inputs.blocks[name][rows] for name in method.blocks}
    orders = [rng.permutation(len(rows)) for _ in range(shuffles)]
    families = by_family(blocks)
    jobs = [(family, order) for family in families for order in orders]
    width = sum(values.shape[1] for values in blocks.values())
    step = max(1, _CELLS // max(1, len(rows) * width))
    parts = [
        _predicted(fitted, blocks, families, jobs[start : start + step])
        for start in range(0, len(jobs), step)
    ]
    found = np.concatenate(parts).reshape(len(families), shuffles, *base.shape)
    found = np.where(np.abs(found - base) < _ROUNDING, base, found)
    return Shuffled(fold, rows, base, dict(zip(families, found, strict=True)))


def _predicted(
    fitted: TableLearner,
    blocks: Mapping[str, Floats],
    families: Mapping[str, list[str]],
    jobs: Sequence[tuple[str, NDArray[np.intp]]],
) -> Floats:
    """Return the predictions of several shuffles, one below the other."""
    stacked = {
        name: np.concatenate([x[order] if name in families[one] else x for one, order in jobs])
        for name, x in blocks.items()
    }
    return fitted.predict_proba(Inputs(sum(len(order) for _, order in jobs), stacked))


def importances(
    method: Method,
    manifest: Manifest,
    folds: Sequence[Shuffled],
    decisions: Mapping[tuple[int, int], Decision],
    positive: str | None,
) -> list[FamilyImportance]:
    """Return what the area under the ROC curve loses with each family shuffled.

    The value is the mean over the shuffles of the paired difference of two areas within folds. Its
    interval is that of paired DeLong, clustered by group, in which each image counts with the mean
    of its parts over the shuffles.

    Parameters
    ----------
    method : Method
    manifest : Manifest
        All images.
    folds : sequence of Shuffled
        Of one repeat.
    decisions : mapping of Decision
        Of the folds; a calibration that moves ranks moves them here, too.
    positive : str or None
        The positive class of two.

    Returns
    -------
    list of FamilyImportance
        In the order in which the method reads its families.
    """
    if not folds:
        return []
    rows = np.concatenate([one.rows for one in folds])
    number = np.repeat(np.arange(len(folds)), [len(one.rows) for one in folds])
    part, labels = manifest.subset(rows), np.asarray(manifest.labels)[rows]

    def cases(told: list[Floats]) -> Cases:
        said = [
            decisions[one.fold.repeat, one.fold.fold].probabilities(p, str(manifest.kind))
            for one, p in zip(folds, told, strict=True)
        ]
        return cases_of(part, labels, np.concatenate(said), number, positive, graded=True)

    base = cases([one.told for one in folds])
    capped = any(len(one.rows) < len(one.fold.test) for one in folds)
    found = []
    for family, blocks in by_family(method.blocks).items():
        shuffles = len(folds[0].families[family])
        others = [cases([one.families[family][k] for one in folds]) for k in range(shuffles)]
        drop = _drop(base, others, f", at most {MOST} a fold" if capped else "")
        columns = sum(len(method.blocks[name]) for name in blocks)
        found.append(FamilyImportance(family=family, columns=columns, drop=drop))
    return found


def _drop(base: Cases, others: Sequence[Cases], capped: str) -> Estimate:
    """Return by how much the area is smaller after a shuffle, mean over the shuffles."""
    times = "1 shuffle" if len(others) == 1 else f"mean of {len(others)} shuffles"
    how = f"{times} over the test images of each fold{capped}; interval of the mean: "
    columns = rankable(base)
    if not columns:
        reason = wording.not_rankable(base, base.scored)
        return Estimate(value=None, how=f"{how}paired DeLong", reason=reason)
    one = area_of(base, columns)
    found = area_difference(one, mean_area([area_of(other, columns) for other in others], one))
    if base.grouped:
        found = careful(found, one)
    if base.positive is None:
        how += f"{wording.mean_over(base, columns)}, influence values, "
    how += found.how + wording.within_folds(base, one.folds, "pairs")
    return Estimate(value=found.value, low=found.low, high=found.high, how=how, reason=found.reason)
