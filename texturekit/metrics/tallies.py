"""Counts of every patient, from which values and their bootstrap draws are computed alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics.confusion import (
    accuracy,
    class_counts,
    label_counts,
    matthews,
    one_against_rest,
    rates,
    ratio,
)
from texturekit.metrics.probability import average_precision, bin_gaps, sort_folds
from texturekit.metrics.resampling import draw_weights, patient_strata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.metrics.cases import Cases
    from texturekit.metrics.probability import Sorted

    Floats = NDArray[np.float64]
    Measured = tuple[dict[str, Floats], dict[str, Floats]]

PER_CLASS = ("sensitivity", "specificity", "precision", "f1", "average_precision")


@dataclass(frozen=True)
class Tallies:
    """What every group adds to the counts of one set of cases.

    Attributes
    ----------
    cases : Cases
        Where the counts come from.
    confusion : (G, K, K) float64 or None
        None for multi-label.
    tables : (G, K, 2, 2) float64 or None
        None unless multi-label.
    gaps : (G, J, bins) float64
        Hits minus promised hits, see `texturekit.metrics.probability.bin_gaps`.
    sizes : (G, J) float64
        Images behind the gaps.
    sorted : list of lists of Sorted
        For each of `Cases.defined`, its folds.
    """

    cases: Cases
    confusion: Floats | None
    tables: Floats | None
    gaps: Floats
    sizes: Floats
    sorted: list[list[Sorted]]

    def tied(self, columns: Sequence[int] | None = None) -> bool:
        """Tell whether in every fold with both sides the scores are equal, in all columns."""
        pairs = zip(self.cases.defined, self.sorted, strict=True)
        parts = [part for k, folds in pairs if columns is None or k in columns for part in folds]
        return bool(parts) and all(len(part.ends) == 1 for part in parts)


def tally(cases: Cases) -> Tallies:
    """Return the counts of every group.

    Parameters
    ----------
    cases : Cases
        Test images of one repeat.

    Returns
    -------
    Tallies
    """
    multilabel = cases.kind == "multilabel"
    args = cases.truth, cases.predicted
    promises = [_promise(cases, k) for k in cases.defined] if multilabel else [_top(cases)]
    groups = int(cases.group.max()) + 1
    gaps = [_padded(bin_gaps(hit, told, cases.group[rows]), groups) for hit, told, rows in promises]
    sizes = [np.bincount(cases.group[rows], minlength=groups) for _, _, rows in promises]
    return Tallies(
        cases=cases,
        confusion=None if multilabel else class_counts(*args, cases.group),
        tables=label_counts(*args, cases.known, cases.group) if multilabel else None,
        gaps=np.stack(gaps, axis=1) if gaps else np.zeros((groups, 0, 1)),
        sizes=np.stack(sizes, axis=1).astype(np.float64) if sizes else np.zeros((groups, 0)),
        sorted=[
            sort_folds(cases.truth[:, k], cases.probability[:, k], cases.known[:, k], cases.fold)
            for k in cases.defined
        ],
    )


def _promise(cases: Cases, k: int) -> tuple[NDArray[np.bool_], Floats, NDArray[np.int64]]:
    rows = np.flatnonzero(cases.known[:, k])
    return cases.truth[rows, k], cases.probability[rows, k], rows


def _top(cases: Cases) -> tuple[NDArray[np.bool_], Floats, NDArray[np.int64]]:
    """Return P(positive) of a binary task, else the largest probability and if it was right."""
    if cases.positive is not None:
        return _promise(cases, cases.positive)
    rows = np.arange(cases.n)
    best = cases.probability.argmax(axis=1)
    return cases.truth[rows, best], cases.probability[rows, best], rows


def _padded(counts: Floats, groups: int) -> Floats:
    return np.pad(counts, ((0, groups - len(counts)), (0, 0)))


def measure_tallies(tallies: Tallies, weights: Floats, *, strict: bool) -> Measured:
    """Return the metrics that are made of counts, for every draw.

    Parameters
    ----------
    tallies : Tallies
        The counts of G groups.
    weights : (B, G) float64
        How often every group counts, one row a draw.
    strict : bool
        Whether a mean over classes is undefined as soon as one of them is; else it goes over the
        others (for draws, where a rare class may be missed).

    Returns
    -------
    headline : dict of (B,) float64
    per_class : dict of (B, K) float64
        Empty for binary tasks. NaN where undefined.
    """
    cases = tallies.cases
    head: dict[str, Floats] = {}
    one_each: dict[str, Floats] = {}
    if tallies.confusion is not None:
        confusion = np.tensordot(weights, tallies.confusion, axes=1)
        one_each = rates(one_against_rest(confusion))
        head = {"accuracy": accuracy(confusion), "mcc": matthews(confusion)}
    elif tallies.tables is not None:
        one_each = rates(np.tensordot(weights, tallies.tables, axes=1))
    one_each["average_precision"] = _precisions(tallies, weights)
    for name, values in one_each.items():
        head.setdefault(name, _mean(values[:, cases.defined], strict=strict))
    if cases.kind == "multiclass":  # the mean over classes of (sens + spec) / 2 is another number
        head["balanced_accuracy"] = head["sensitivity"]
    if cases.positive is not None:
        binary = {name: values[:, cases.positive] for name, values in one_each.items()}
        head = {**binary, "accuracy": head["accuracy"], "mcc": head["mcc"]}
    gaps = np.abs(np.tensordot(weights, tallies.gaps, axes=1)).sum(axis=2)
    head["ece"] = _mean(ratio(gaps, weights @ tallies.sizes), strict=strict)
    return head, {} if cases.positive is not None else {k: one_each[k] for k in PER_CLASS}


def _precisions(tallies: Tallies, weights: Floats) -> Floats:
    cases = tallies.cases
    found = np.full((len(weights), len(cases.classes)), np.nan)
    images = weights[:, cases.group]
    for k, folds in zip(cases.defined, tallies.sorted, strict=True):
        found[:, k] = average_precision(folds, images)
    return found


def _mean(values: Floats, *, strict: bool) -> Floats:
    if strict and values.shape[1]:
        return np.asarray(values.mean(axis=1))
    found = ~np.isnan(values)
    count = found.sum(axis=1).astype(np.float64)
    return ratio(np.where(found, values, 0.0).sum(axis=1), count)


def point_values(tallies: Tallies) -> Measured:
    """Return the metrics of the data as they are.

    Parameters
    ----------
    tallies : Tallies
        The counts.

    Returns
    -------
    headline : dict of (1,) float64
    per_class : dict of (1, K) float64
    """
    return measure_tallies(tallies, np.ones((1, len(tallies.gaps))), strict=True)


def bootstrap_values(tallies: Tallies) -> Measured:
    """Return the metrics of 2,000 redrawn sets of patients, drawn by fold and class.

    Parameters
    ----------
    tallies : Tallies
        The counts.

    Returns
    -------
    headline : dict of (2000,) float64
    per_class : dict of (2000, K) float64
    """
    cases = tallies.cases
    label = cases.truth.argmax(axis=1) if cases.kind != "multilabel" else np.zeros_like(cases.group)
    strata = patient_strata(cases.group, label, cases.fold)
    parts = [measure_tallies(tallies, w, strict=False) for w in draw_weights(strata, cases.n)]
    head = {name: np.concatenate([p[0][name] for p in parts]) for name in parts[0][0]}
    each = {name: np.concatenate([p[1][name] for p in parts]) for name in parts[0][1]}
    return head, each
