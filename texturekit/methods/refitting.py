"""The same methods again: with other seeds, and with less to learn from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.data.splits import inner_split
from texturekit.methods.running import run_method
from texturekit.metrics.pooled import measure
from texturekit.records import CurvePoint, Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.data.splits import Fold
    from texturekit.methods.grammar import Method
    from texturekit.methods.learners import Inputs
    from texturekit.methods.planning import Job
    from texturekit.methods.running import Run
    from texturekit.records import MethodResult

#: Far from the seeds of repeats, which follow one another.
_STEP = 10_007
_STEADY = ("roc_auc", "accuracy")


@dataclass
class Refits:
    """What came of fitting one method again.

    Attributes
    ----------
    seeds : dict of list
        By metric, one value for every seed, the main one first; empty where none was asked for.
    curve : list of CurvePoint
    frames : list of pandas.DataFrame
        The test rows of every refit, with ``seed`` and ``fraction``.
    warnings : list of str
        What was said while fitting.
    """

    seeds: dict[str, list[float | None]] = field(default_factory=dict)
    curve: list[CurvePoint] = field(default_factory=list)
    frames: list[pd.DataFrame] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def refit(
    method: Method,
    run: Run,
    row: MethodResult,
    job: Job,
    used: Manifest,
    inputs: Inputs,
    folds: Sequence[Fold],
    **described: Any,
) -> Refits:
    """Fit one method with every other seed, and with every share of the training groups.

    Nothing is fitted for a pretrained head.

    Parameters
    ----------
    method, run, row
        The method and what the main fit gave.
    job, used, inputs, folds
        As the main fit got them.
    **described
        Kind, classes, positive.

    Returns
    -------
    Refits
    """
    refits = Refits()
    if run.head is not None:
        return refits
    with events.keeping_warnings() as said:
        if job.options.seeds > 1:
            _seeds(refits, method, row, job, used, inputs, folds, described)
        if job.options.fractions:
            _curve(refits, method, run, row, job, used, inputs, folds, described)
    refits.warnings = said
    return refits


def _seeds(
    refits: Refits,
    method: Method,
    row: MethodResult,
    job: Job,
    used: Manifest,
    inputs: Inputs,
    folds: Sequence[Fold],
    described: dict[str, Any],
) -> None:
    refits.seeds = {name: [row.metrics[name].value] for name in _STEADY}
    for number in range(1, job.options.seeds):
        settings = replace(job.settings, seed=job.settings.seed + _STEP * number)
        try:
            again = run_method(
                method, used, inputs, folds, positive=job.positive, settings=settings,
                wanted=job.wanted,
            ).predictions  # fmt: skip
            found = measure(again, **described)
        except Exception as error:  # one fit must not cost the others hours of work
            events.warn("comparing", f"seed {number} failed: {type(error).__name__}: {error}")
            for values in refits.seeds.values():
                values.append(None)
            continue
        for name, values in refits.seeds.items():
            values.append(found[name].value)
        refits.frames.append(_tagged(again, number, 1.0))


def _curve(
    refits: Refits,
    method: Method,
    run: Run,
    row: MethodResult,
    job: Job,
    used: Manifest,
    inputs: Inputs,
    folds: Sequence[Fold],
    described: dict[str, Any],
) -> None:
    shares = [share for share in job.options.fractions if share < 1]
    thinned = [thin(fold, used, shares, seed=job.options.seed) for fold in folds]
    for place, share in enumerate(shares):
        parts = [
            replace(fold, train=kept[place]) for fold, kept in zip(folds, thinned, strict=True)
        ]
        area = _why_not(used, folds, parts)
        if area is None:
            try:
                again = run_method(
                    method, used, inputs, parts, positive=job.positive, settings=job.settings,
                    wanted=job.wanted,
                ).predictions  # fmt: skip
                area = measure(again, **described)["roc_auc"]
                refits.frames.append(_tagged(again, 0, share))
            except Exception as error:
                area = _undefined(f"{type(error).__name__}: {error}")
        refits.curve.append(_point(method, share, parts, area))
    refits.curve.append(_point(method, 1.0, folds, row.metrics["roc_auc"]))


def _point(method: Method, share: float, folds: Sequence[Fold], area: Estimate) -> CurvePoint:
    images = float(np.mean([len(fold.train) for fold in folds]))
    return CurvePoint(method=method.name, fraction=share, images=images, roc_auc=area)


def _undefined(reason: str) -> Estimate:
    return Estimate(value=None, how="", reason=reason)


def _tagged(predictions: pd.DataFrame, seed: int, fraction: float) -> pd.DataFrame:
    tests = predictions[predictions["split"] == "test"]
    return tests.assign(seed=seed, fraction=fraction)


def thin(
    fold: Fold, manifest: Manifest, shares: Sequence[float], *, seed: int
) -> list[NDArray[np.int64]]:
    """Return, for each share, the training rows that are kept: whole groups, stratified, nested.

    Parameters
    ----------
    fold : Fold
    manifest : Manifest
        With labels.
    shares : sequence of float
        Below 1, ascending.
    seed : int
        The same for every method, so that all learn from the same images.

    Returns
    -------
    list of (k,) int64
        In the order of the shares; each is a part of the next.
    """
    kept: list[NDArray[np.int64]] = []
    rows, of = fold.train, 1.0
    for share in reversed(shares):
        groups = None if manifest.groups is None else manifest.groups[rows]
        labels = np.asarray(manifest.labels)[rows]
        # Which of the two parts is the larger decides where a class with one group goes.
        _, within = inner_split(
            labels, groups, str(manifest.kind), fraction=share / of, seed=seed + fold.repeat
        )
        rows, of = rows[within], share
        kept.insert(0, rows)
    return kept


def _why_not(used: Manifest, folds: Sequence[Fold], parts: Sequence[Fold]) -> Estimate | None:
    """Return an undefined area if a part lacks what its fold could teach; None if none does."""
    for fold, part in zip(folds, parts, strict=True):
        missing = _lessons(used, fold.train) - _lessons(used, part.train)
        if missing:
            what = ", ".join(sorted(missing))
            share = f"{len(part.train)} of {len(fold.train)} training images"
            return _undefined(f"{share} of fold {fold.fold} lack {what}")
    return None


def _lessons(used: Manifest, rows: NDArray[np.int64]) -> set[str]:
    """Return the classes that some rows show, or the labels they show present and absent."""
    labels = np.asarray(used.labels)[rows]
    if labels.ndim == 1:
        return {used.classes[code] for code in np.unique(labels)}
    both = (labels == 1).any(axis=0) & (labels == 0).any(axis=0)
    return {name for name, found in zip(used.classes, both, strict=True) if found}


def collected(frames: Sequence[pd.DataFrame]) -> pd.DataFrame | None:
    """Return the test rows of all refits as one table; None where there was none."""
    import pandas as pd

    if not frames:
        return None
    order = ["method", "fraction", "seed", "repeat", "fold", "split", "id"]
    return pd.concat(frames, ignore_index=True).sort_values(order, ignore_index=True, kind="stable")
