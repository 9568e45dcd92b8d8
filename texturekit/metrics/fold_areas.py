"""Areas under the ROC curve over folds and repeats, never over pooled scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics import wording
from texturekit.metrics.areas import Area, area_limits, measure_area
from texturekit.metrics.testing import corrected_resampled
from texturekit.records import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.metrics.cases import Cases

    Floats = NDArray[np.float64]

MOST_PAIRED = 20  # of 20 classes there are 380 ordered pairs


def rankable(cases: Cases, columns: Sequence[int] | None = None) -> list[int]:
    """Return the scored columns that rank, and of which some fold holds both sides.

    Parameters
    ----------
    cases : Cases
        Test images of one repeat.
    columns : sequence of int, optional
        Only these columns.

    Returns
    -------
    list of int
    """
    member = (cases.fold == np.arange(cases.folds)[:, None]).astype(np.float64)
    inside = member @ (cases.truth & cases.known)
    outside = member @ (~cases.truth & cases.known)
    held = np.flatnonzero((inside * outside).any(axis=0))
    wanted, decided = cases.scored if columns is None else columns, cases.decided
    return [k for k in wanted if k in held and k not in decided]


def area_of(cases: Cases, columns: Sequence[int], weights: Floats | None = None) -> Area:
    """Return the mean within-fold area of some classes.

    Parameters
    ----------
    cases : Cases
        Test images of one repeat.
    columns : sequence of int
        The classes.
    weights : (k,) float64, optional
        What each of them counts, with sum 1; default: all alike.

    Returns
    -------
    Area
    """
    pick = list(columns)
    return measure_area(
        cases.truth[:, pick],
        cases.probability[:, pick],
        cases.known[:, pick],
        cases.fold,
        cases.group,
        tuple(cases.classes[k] for k in pick),
        weights,
    )


def area_estimate(repeats: list[Cases], columns: Sequence[int] | None = None) -> Estimate:
    """Return the area under the ROC curve, meaned over classes and repeats.

    Parameters
    ----------
    repeats : list of Cases
        At least one.
    columns : sequence of int, optional
        Only these classes; default: `Cases.scored`.

    Returns
    -------
    Estimate
    """
    areas = [area_of(cases, rankable(cases, columns)) for cases in repeats]
    first, cases = areas[0], repeats[0]
    held = rankable(cases, columns)
    if first.value is None:
        wanted = cases.scored if columns is None else columns
        return Estimate(value=None, how="DeLong", reason=wording.not_rankable(cases, wanted))
    low, high, name, reason = area_limits(first)
    how = name
    if columns is None and cases.positive is None:
        kind = "one-vs-rest, " if cases.kind == "multiclass" else ""
        how = f"{kind}{wording.mean_over(cases, held)}; {name}, by influence values"
    how += wording.within_folds(cases, first.folds, "pairs")
    if cases.grouped:
        how += ", clustered by group"
    how += _nadeau_bengio(repeats, columns)
    found = [area.value if area.value is not None else math.nan for area in areas]
    return over_repeats(found, low, high, how, reason, "")


def weighted_area(repeats: list[Cases]) -> Estimate:
    """Return the one-vs-rest area of several classes, each weighted by its number of images.

    Parameters
    ----------
    repeats : list of Cases
        At least one; of more than two classes.

    Returns
    -------
    Estimate
    """
    areas, held = [], rankable(repeats[0])
    for cases in repeats:
        columns = rankable(cases)
        counts = cases.truth[:, columns].sum(axis=0)
        areas.append(area_of(cases, columns, counts / max(counts.sum(), 1)))
    how = f"one-vs-rest, {wording.mean_over(repeats[0], held)} weighted by their images"
    return _several(repeats, areas, how)


def pairwise_area(repeats: list[Cases]) -> Estimate:
    """Return the mean area over ordered pairs of classes: one against one.

    Parameters
    ----------
    repeats : list of Cases
        At least one; of more than two classes.

    Returns
    -------
    Estimate

    References
    ----------
    Hand and Till (2001), doi:10.1023/A:1010920819831.
    """
    held = rankable(repeats[0])
    how = f"one-vs-one, {wording.mean_over(repeats[0], held)}"
    if len(held) > MOST_PAIRED:
        reason = f"not computed for more than {MOST_PAIRED} classes"
        return Estimate(value=None, how=how, reason=reason)
    return _several(repeats, [_pairs(cases, rankable(cases)) for cases in repeats], how)


def _pairs(cases: Cases, columns: Sequence[int]) -> Area:
    """Return the area of every class against every other, among the images of these two."""
    both = [(j, k) for j in columns for k in columns if j != k]
    first, second = [j for j, _ in both], [k for _, k in both]
    truth = cases.truth[:, first]
    args = truth, cases.probability[:, first], truth | cases.truth[:, second]
    names = tuple(f"{cases.classes[j]} against {cases.classes[k]}" for j, k in both)
    return measure_area(*args, cases.fold, cases.group, names)


def _several(repeats: list[Cases], areas: list[Area], how: str) -> Estimate:
    """Return a mean of areas over repeats, with the interval of the first."""
    cases, first = repeats[0], areas[0]
    if first.value is None:
        reason = wording.not_rankable(cases, cases.scored)
        return Estimate(value=None, how=how, reason=reason)
    low, high, name, reason_or_none = area_limits(first)
    how += f"; {name}, by influence values" + wording.within_folds(cases, first.folds, "pairs")
    if cases.grouped:
        how += ", clustered by group"
    found = [area.value if area.value is not None else math.nan for area in areas]
    return over_repeats(found, low, high, how, reason_or_none, "")


def _nadeau_bengio(repeats: list[Cases], columns: Sequence[int] | None) -> str:
    """Return the corrected interval over all folds of all repeats, in words."""
    if len(repeats) < 2 or repeats[0].folds < 2:
        return ""
    from scipy.stats import t

    values, ratios = [], []
    for cases in repeats:
        held = rankable(cases, columns)
        for fold in range(cases.folds):
            rows = cases.fold == fold
            known = cases.known[:, held] & rows[:, None]
            args = cases.truth[:, held], cases.probability[:, held], known
            area = measure_area(*args, cases.fold, cases.group)
            ratios.append(rows.sum() / (~rows).sum())
            if area.value is not None:
                values.append(area.value)
    found = corrected_resampled(np.array(values), float(np.mean(ratios)))
    if found is None:
        return ""
    mean, error, degrees = found
    if error == 0:  # folds that all say the same tell nothing of other folds
        return ""
    reach = float(t.ppf(0.975, degrees)) * error
    low, high = max(mean - reach, 0.0), min(mean + reach, 1.0)
    return f"; Nadeau-Bengio over {len(values)} folds {mean:.3f} [{low:.3f}, {high:.3f}]"


def over_repeats(
    values: list[float],
    low: float | None,
    high: float | None,
    how: str,
    reason: str | None,
    undefined: str,
) -> Estimate:
    """Return the mean over repeats, with the interval of the first.

    Where that interval leaves the mean out, ``how`` says around which value it is.

    Parameters
    ----------
    values : list of float
        One a repeat; NaN where undefined.
    low, high : float or None
        Limits from the first repeat.
    how : str
        Where they come from.
    reason : str or None
        Why there are no limits.
    undefined : str
        Why there is no value, if there is none in the first repeat.

    Returns
    -------
    Estimate
    """
    found = [value for value in values if not math.isnan(value)]
    mean = math.fsum(found) / len(found) if found else math.nan
    if len(values) > 1:
        some = f"{len(found)} of " if len(found) < len(values) else ""
        how += f"; mean over {some}{len(values)} repeats, interval from the first"
        if low is not None and high is not None and not low <= mean <= high:
            how += f", around its own {values[0]:.3f}"
    if math.isnan(values[0]):
        return Estimate(value=None, how=how, reason=undefined)
    return Estimate(value=mean, low=low, high=high, how=how, reason=reason)
