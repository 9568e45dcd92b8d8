"""Counts of every patient, from which values and their bootstrap draws are computed alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
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
from texturekit.metrics.precision import precision_parts, stratified_error
from texturekit.metrics.probability import bin_gaps, sort_folds
from texturekit.metrics.resampling import draw_weights, patient_strata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.metrics.cases import Cases
    from texturekit.metrics.probability import Sorted

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Measured = tuple[dict[str, Floats], dict[str, Floats]]
    Totals = tuple[Floats | None, Floats | None, dict[str, Floats], Floats]
    Promise = tuple[NDArray[np.bool_], Floats, Ints]

PER_CLASS = ("sensitivity", "specificity", "precision", "f1", "average_precision")
WEIGHTED = ("precision", "f1")  # the weighted sensitivity is the accuracy


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
    gaps : dict of (G, J, bins) float64
        Hits minus promised hits by form of the calibration error, see
        `texturekit.metrics.probability.bin_gaps`.
    sizes : (G, J) float64
        Images behind the gaps.
    sorted : list of lists of Sorted
        For each of `Cases.ranked`, its folds.
    strata : (G,) int64
        In which the groups are redrawn.
    """

    cases: Cases
    confusion: Floats | None
    tables: Floats | None
    gaps: dict[str, Floats]
    sizes: Floats
    sorted: list[list[Sorted]]
    strata: Ints

    @cached_property
    def counts(self) -> Floats:
        """All counts of every group side by side: one product with the weights gives all sums."""
        tables = (self.confusion, self.tables, *self.gaps.values(), self.sizes)
        rows = len(self.strata)
        return np.hstack([one.reshape(rows, -1) for one in tables if one is not None])

    def totals(self, weights: Floats) -> Totals:
        """Return the sums of confusion, tables, gaps and sizes for every row of weights."""
        found, at = weights @ self.counts, 0

        def taken(one: Floats) -> Floats:
            nonlocal at
            width = int(np.prod(one.shape[1:]))
            at += width
            return found[:, at - width : at].reshape(len(weights), *one.shape[1:])

        confusion = None if self.confusion is None else taken(self.confusion)
        tables = None if self.tables is None else taken(self.tables)
        gaps = {name: taken(one) for name, one in self.gaps.items()}
        return confusion, tables, gaps, taken(self.sizes)

    def tied(self, columns: Sequence[int] | None = None) -> bool:
        """Tell whether in every fold with both sides the scores are equal, in all columns."""
        pairs = zip(self.cases.ranked, self.sorted, strict=True)
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
    promises = [_promise(cases, k) for k in cases.defined] if multilabel else [_headline(cases)]
    groups = int(cases.group.max()) + 1
    sizes = [np.bincount(cases.group[rows], minlength=groups) for _, _, rows in promises]
    label = cases.truth.argmax(axis=1) if not multilabel else np.zeros_like(cases.group)
    return Tallies(
        cases=cases,
        confusion=None if multilabel else class_counts(*args, cases.group),
        tables=label_counts(*args, cases.known, cases.group) if multilabel else None,
        gaps=_gaps(cases, promises, groups),
        sizes=np.stack(sizes, axis=1).astype(np.float64) if sizes else np.zeros((groups, 0)),
        sorted=[
            sort_folds(cases.truth[:, k], cases.probability[:, k], cases.known[:, k], cases.fold)
            for k in cases.ranked
        ],
        strata=patient_strata(cases.group, label, cases.fold),
    )


def _promise(cases: Cases, k: int) -> Promise:
    rows = np.flatnonzero(cases.known[:, k])
    return cases.truth[rows, k], cases.probability[rows, k], rows


def _headline(cases: Cases) -> Promise:
    """Return P(positive) of a binary task, else the largest probability and if it was right."""
    if cases.positive is not None:
        return _promise(cases, cases.positive)
    rows = np.arange(cases.n)
    best = cases.probability.argmax(axis=1)
    return cases.truth[rows, best], cases.probability[rows, best], rows


def _top(promise: Promise) -> Promise:
    """Return the probability of the more probable side, and whether it was right."""
    hit, told, rows = promise
    return hit == (told >= 0.5), np.maximum(told, 1 - told), rows


def _gaps(cases: Cases, promises: list[Promise], groups: int) -> dict[str, Floats]:
    """Return the gaps of all forms; of several classes the headline is the top-label form."""
    forms = {"ece": (promises, False), "ece_equal_mass": (promises, True)}
    if cases.kind != "multiclass":
        forms["ece_top"] = ([_top(one) for one in promises], False)
    found = {}
    for name, (told, equal_mass) in forms.items():
        gaps = [
            _padded(bin_gaps(hit, p, cases.group[rows], equal_mass=equal_mass), groups)
            for hit, p, rows in told
        ]
        found[name] = np.stack(gaps, axis=1) if gaps else np.zeros((groups, 0, 1))
    return found


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
    confusion, tables, gaps, images = tallies.totals(weights)
    if confusion is not None:
        one_each = rates(one_against_rest(confusion))
        head = {"accuracy": accuracy(confusion), "mcc": matthews(confusion)}
    elif tables is not None:
        one_each = rates(tables)
    for name, values in one_each.items():
        head.setdefault(name, _mean(values[:, cases.defined], strict=strict))
    if cases.kind == "multiclass" and confusion is not None:
        support = confusion.sum(axis=-1)
        for name in WEIGHTED:
            head[f"{name}_weighted"] = _weighted(one_each[name], support, strict=strict)
        # the mean over classes of (sens + spec) / 2 is another number
        head["balanced_accuracy"] = head["sensitivity"]
    if cases.positive is not None:
        binary = {name: values[:, cases.positive] for name, values in one_each.items()}
        head = {**binary, "accuracy": head["accuracy"], "mcc": head["mcc"]}
    for name, sums in gaps.items():
        head[name] = _mean(ratio(np.abs(sums).sum(axis=2), images), strict=strict)
    wanted = [name for name in PER_CLASS if name in one_each]
    return head, {} if cases.positive is not None else {name: one_each[name] for name in wanted}


def precisions(tallies: Tallies) -> tuple[Floats, Floats]:
    """Return the average precision of every class, and the standard errors.

    Parameters
    ----------
    tallies : Tallies
        The counts.

    Returns
    -------
    values : (K,) float64
        NaN where undefined.
    errors : (K + 1,) float64
        By the infinitesimal jackknife over groups inside their strata; NaN where undefined. The
        last one is that of the mean over `Cases.ranked`.
    """
    cases = tallies.cases
    values, errors = np.full(len(cases.classes), np.nan), np.full(len(cases.classes) + 1, np.nan)
    total, complete = np.zeros(cases.n), bool(cases.ranked)
    for k, folds in zip(cases.ranked, tallies.sorted, strict=True):
        complete &= bool(folds)
        if folds:
            values[k], parts = precision_parts(folds, cases.n)
            total += parts / len(cases.ranked)
            errors[k] = stratified_error(parts, cases.group, tallies.strata)
    if complete:
        errors[-1] = stratified_error(total, cases.group, tallies.strata)
    return values, errors


def _mean(values: Floats, *, strict: bool) -> Floats:
    if strict and values.shape[1]:
        return np.asarray(values.mean(axis=1))
    found = ~np.isnan(values)
    count = found.sum(axis=1).astype(np.float64)
    return ratio(np.where(found, values, 0.0).sum(axis=1), count)


def _weighted(values: Floats, support: Floats, *, strict: bool) -> Floats:
    """Return the mean over classes by their numbers of images."""
    found = (support > 0) & (strict | ~np.isnan(values))
    weights = np.where(found, support, 0.0)
    total = np.where(found, values * support, 0.0).sum(axis=1)
    return ratio(total, weights.sum(axis=1))


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
    head, each = measure_tallies(tallies, np.ones((1, len(tallies.strata))), strict=True)
    values = precisions(tallies)[0]
    head["average_precision"] = _mean(values[None, tallies.cases.ranked], strict=True)
    if tallies.cases.positive is None:
        each["average_precision"] = values[None]
    return head, each


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
    draws = draw_weights(tallies.strata, len(tallies.strata))
    parts = [measure_tallies(tallies, weights, strict=False) for weights in draws]
    head = {name: np.concatenate([p[0][name] for p in parts]) for name in parts[0][0]}
    each = {name: np.concatenate([p[1][name] for p in parts]) for name in parts[0][1]}
    return head, each
