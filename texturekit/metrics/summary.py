"""Everything that is said about one method, from its predictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics import limits, wording
from texturekit.metrics.calibrating import calibrated
from texturekit.metrics.cases import read_cases
from texturekit.metrics.confusion import label_counts, shares
from texturekit.metrics.fold_areas import area_estimate, over_repeats, pairwise_area, weighted_area
from texturekit.metrics.guarding import guarded
from texturekit.metrics.patient_shares import group_share, share_of
from texturekit.metrics.probability import brier_losses, log_losses
from texturekit.metrics.resampling import redrawn_limits
from texturekit.metrics.tallies import bootstrap_values, point_values, precisions, tally
from texturekit.records import ClassResult, Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from texturekit.metrics.cases import Cases
    from texturekit.metrics.tallies import Measured, Tallies
    from texturekit.records import Kind

    Floats = NDArray[np.float64]
    Summary = tuple[dict[str, Estimate], list[ClassResult], list[list[int]] | None]

METRICS = (
    "roc_auc",
    "accuracy",
    "balanced_accuracy",
    "sensitivity",
    "specificity",
    "precision",
    "npv",
    "f1",
    "mcc",
    "average_precision",
    "brier",
    "ece",
    "log_loss",
)
EXTRAS = (
    "roc_auc_weighted",
    "roc_auc_ovo",
    "precision_weighted",
    "f1_weighted",
    "ece_top",
    "ece_equal_mass",
    "calibration_slope",
    "calibration_intercept",
)
NORMAL = ("ece", "ece_top", "ece_equal_mass")  # redrawing shifts them, see redrawn_limits
SHARES = ("sensitivity", "specificity", "precision", "npv")


def summarise(
    predictions: pd.DataFrame, *, kind: Kind, classes: Sequence[str], positive: str | None
) -> Summary:
    """Return the metrics of one method with their intervals.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of one method; only those with split ``test`` are read.
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    classes : sequence of str
        Class names in order.
    positive : str or None
        The positive class of a binary task.

    Returns
    -------
    metrics : dict of Estimate
        Keys are `METRICS`, then those of `EXTRAS` that the kind of task has. Values are means over
        the repeats, intervals come from the first.
    per_class : list of ClassResult
        One against the rest, ``confusion`` is ``[[tn, fp], [fn, tp]]``; empty for binary tasks.
    confusion : list of lists of int, or None
        Rows truth, columns decisions, in class order, summed over the folds of the first repeat;
        None for multi-label.

    Raises
    ------
    MetricError
        If the predictions cannot be scored; the message names the rows.
    """
    return summarise_cases(read_cases(predictions, kind=kind, classes=classes, positive=positive))


def summarise_cases(repeats: list[Cases]) -> Summary:
    """Return the metrics of the same images predicted in one or several repeats.

    Parameters
    ----------
    repeats : list of Cases
        At least one.

    Returns
    -------
    metrics, per_class, confusion
        See `summarise`.
    """
    tallies = [tally(cases) for cases in repeats]
    points = [point_values(one) for one in tallies]
    draws = bootstrap_values(tallies[0])
    metrics = {
        "roc_auc": area_estimate(repeats),
        **_headline(repeats, tallies[0], points, draws),
        "average_precision": _precision(repeats, tallies, points),
        "brier": _loss(repeats, "brier"),
        "log_loss": _loss(repeats, "log_loss"),
    }
    cases = repeats[0]
    if cases.kind == "multiclass":
        metrics["roc_auc_weighted"] = weighted_area(repeats)
        metrics["roc_auc_ovo"] = pairwise_area(repeats)
    if cases.positive is not None:
        metrics.update(_calibration(repeats, cases.positive))
    names = [name for name in (*METRICS, *EXTRAS) if name in metrics]
    first = tallies[0].confusion
    confusion = None if first is None else first.sum(axis=0).astype(int).tolist()
    classes = _classes(repeats, tallies, points, draws)
    return {name: guarded(name, metrics[name], cases) for name in names}, classes, confusion


def a_few(repeats: list[Cases], names: Sequence[str]) -> dict[str, Estimate]:
    """Return some metrics of `summarise_cases`, without computing all others.

    Parameters
    ----------
    repeats : list of Cases
        At least one.
    names : sequence of str
        ``roc_auc``, and metrics that are made of counts.

    Returns
    -------
    dict of Estimate
    """
    if not names:
        return {}
    counted = [name for name in names if name != "roc_auc"]
    tallies = [tally(cases) for cases in repeats]
    drawn: dict[str, Floats] = dict.fromkeys(counted, np.empty(0))
    direct = {"accuracy"} if repeats[0].kind != "multilabel" else set()
    direct |= set(SHARES) if repeats[0].positive is not None else set()
    if not set(counted) <= direct:  # the other intervals are made of draws
        draws = bootstrap_values(tallies[0])[0]
        drawn = {name: draws[name] for name in counted}
    points = [point_values(one) for one in tallies]
    found = _headline(repeats, tallies[0], points, (drawn, {}))
    if "roc_auc" in names:
        found["roc_auc"] = area_estimate(repeats)
    return {name: guarded(name, found[name], repeats[0]) for name in names}


def _headline(
    repeats: list[Cases], counts: Tallies, points: list[Measured], draws: Measured
) -> dict[str, Estimate]:
    cases = repeats[0]
    tied = counts.tied()
    found = {}
    for name in draws[0]:
        values = [float(point[0][name][0]) for point in points]
        undefined = wording.undefined(name, cases, points[0][1])
        how = wording.definition(name, cases)
        if name == "accuracy" and cases.kind != "multilabel":
            right = np.any(cases.truth & cases.predicted, axis=1)
            found[name] = group_share(values, right, cases.group, undefined)
        elif name in SHARES and cases.positive is not None:
            found[name] = share_of(values, *_counts(cases, cases.positive)[name], undefined)
        else:
            gap = wording.EQUAL_SCORES if tied and name in NORMAL else None
            found[name] = _redrawn(name, values, draws[0][name], how, cases, gap, undefined)
    return found


def _counts(cases: Cases, k: int) -> dict[str, tuple[Floats, Floats]]:
    """Return hits and trials of every group."""
    pick = cases.truth[:, [k]], cases.predicted[:, [k]], cases.known[:, [k]]
    return shares(label_counts(*pick, cases.group)[:, 0])


def _table(cases: Cases, k: int) -> Floats:
    pick = cases.truth[:, [k]], cases.predicted[:, [k]], cases.known[:, [k]]
    table: Floats = label_counts(*pick, np.zeros_like(cases.group))[0, 0]
    return table


def _precision(
    repeats: list[Cases], tallies: list[Tallies], points: list[Measured], k: int | None = None
) -> Estimate:
    """Return the average precision with its interval from the infinitesimal jackknife."""
    cases = repeats[0]
    if k is None:
        values = [float(point[0]["average_precision"][0]) for point in points]
        undefined = wording.undefined("average_precision", cases, points[0][1])
        how = wording.definition("average_precision", cases)
    else:
        values = [float(point[1]["average_precision"][0, k]) for point in points]
        undefined = wording.undefined_class("average_precision", cases, k)
        how = wording.within_folds(cases, cases.folds, "positives").removeprefix(", ")
    how = "; ".join(part for part in (how, wording.jackknife(cases)) if part)
    error = float(precisions(tallies[0])[1][-1 if k is None else k])
    if tallies[0].tied(None if k is None else [k]):
        return over_repeats(values, None, None, how, wording.EQUAL_SCORES, undefined)
    if not error > 0 or not 0 < values[0] < 1:
        return over_repeats(values, None, None, how, wording.NO_SPREAD, undefined)
    return over_repeats(values, *limits.logit(values[0], error), how, None, undefined)


def _calibration(repeats: list[Cases], k: int) -> dict[str, Estimate]:
    """Return calibration slope and intercept of P(class k), over all folds."""
    each = []
    for cases in repeats:
        rows = cases.known[:, k]
        if not rows.any():
            reason = wording.undefined_class("", cases, k)
            gap = Estimate(value=None, how="logistic regression", reason=reason)
            each.append({"slope": gap, "intercept": gap})
        else:
            columns = cases.truth[rows, k], cases.probability[rows, k], cases.group[rows]
            each.append(calibrated(*columns))
    found = {}
    for name, first in each[0].items():
        others = [one[name].value for one in each]
        values = [math.nan if value is None else value for value in others]
        args = values, first.low, first.high, first.how, first.reason, first.reason or ""
        found[f"calibration_{name}"] = over_repeats(*args)
    return found


def _redrawn(
    name: str,
    values: list[float],
    draws: Floats,
    how: str,
    cases: Cases,
    gap: str | None,
    undefined: str,
) -> Estimate:
    wanted = name in NORMAL
    found = redrawn_limits(draws, values[0], smallest=-1.0 if name == "mcc" else 0.0, normal=wanted)
    name_of = wording.bootstrap(cases, normal=found.normal)
    how = f"{how}; {name_of}" if how else name_of
    if gap is not None:
        return over_repeats(values, None, None, how, gap, undefined)
    if found.normal and not wanted and found.low is not None:
        how += ", as the percentiles leave the value out"
    if found.undefined and found.low is not None:
        how += f", {found.undefined} undefined draws left out"
    return over_repeats(values, found.low, found.high, how, found.reason, undefined)


def _loss(repeats: list[Cases], name: str) -> Estimate:
    """Return a mean loss with its cluster-robust normal interval."""
    values, error = [], None
    for i, cases in enumerate(repeats):
        columns = cases.defined if cases.kind == "multilabel" else cases.scored
        known, truth = cases.known[:, columns], cases.truth[:, columns]
        told = np.where(known, cases.probability[:, columns], 0.5)
        losses = brier_losses(truth, told) if name == "brier" else log_losses(truth, told)
        if cases.kind == "multiclass":
            losses = losses * truth if name == "log_loss" else losses
            losses, known = losses.sum(axis=1, keepdims=True), known[:, :1]
        counts = known.sum(axis=0)
        means = (losses * known).sum(axis=0) / counts
        values.append(float(means.mean()) if len(means) else math.nan)
        if i == 0 and len(means):
            parts = ((losses - means) * known / counts).sum(axis=1) / len(means)
            error = limits.mean_error(parts, cases.group)
    how = f"{wording.definition(name, repeats[0])}; normal"
    how += ", clustered by group" if repeats[0].grouped else ""
    if error is None:
        reason = "all images are of one group: no variance"
        return over_repeats(values, None, None, how, reason, "no label is found beside others")
    largest = math.inf if name == "log_loss" else 1.0 + (repeats[0].kind == "multiclass")
    low, high = limits.clipped(values[0], error, 0.0, largest)
    return over_repeats(values, low, high, how, None, "")


def _classes(
    repeats: list[Cases], tallies: list[Tallies], points: list[Measured], draws: Measured
) -> list[ClassResult]:
    cases = repeats[0]
    found = []
    for k, name in enumerate(cases.classes if cases.positive is None else ()):
        known = int(cases.known[:, k].sum())
        metrics = {"roc_auc": area_estimate(repeats, [k])}
        for metric, drawn in draws[1].items():
            values = [float(point[1][metric][0, k]) for point in points]
            undefined = wording.undefined_class(metric, cases, k)
            if metric in SHARES:
                metrics[metric] = share_of(values, *_counts(cases, k)[metric], undefined)
            else:
                args = drawn[:, k], "", cases, None, undefined
                metrics[metric] = _redrawn(metric, values, *args)
        metrics["average_precision"] = _precision(repeats, tallies, points, k)
        metrics.update(_calibration(repeats, k))
        found.append(
            ClassResult(
                name=name,
                n=known,
                positives=int((cases.truth & cases.known)[:, k].sum()),
                confusion=_table(cases, k).astype(int).tolist() if known else None,
                metrics={m: guarded(m, one, cases, k) for m, one in metrics.items()},
            )
        )
    return found
