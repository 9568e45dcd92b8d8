"""Curves that belong to the reported numbers, and the thresholds that were used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.errors import MetricError
from texturekit.metrics.bands import band_draws, precision_band, redrawn_curves, roc_band
from texturekit.metrics.benefit import THRESHOLDS, benefits
from texturekit.metrics.cases import read_cases
from texturekit.metrics.curve_points import (
    RECALL_GRID,
    ROC_GRID,
    chance_precision,
    curve_points,
)
from texturekit.metrics.fold_areas import rankable
from texturekit.metrics.probability import sort_folds
from texturekit.metrics.reliability import reliability
from texturekit.records import Threshold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.metrics.cases import Cases
    from texturekit.metrics.probability import Sorted
    from texturekit.records import Kind

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Piece:
    """One curve: its method, curve and class, and its x, y, low, high and n."""

    names: tuple[str, str, str]
    numbers: Floats


COLUMNS = ("method", "curve", "class", "x", "y", "low", "high", "n")


def ranking_curves(
    predictions: pd.DataFrame, *, kind: Kind, classes: Sequence[str], positive: str | None
) -> pd.DataFrame:
    """Return ROC and precision-recall curves of the first repeat, meaned over folds as areas are.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of one or several methods; only those with split ``test`` are read.
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    classes : sequence of str
        Class names in order.
    positive : str or None
        The positive class of a binary task.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. ``roc``: x the false-positive rate (201 steps of 0.005, with 0 and 1 twice: the
        corner and where the curve leaves the edge), y the sensitivity. ``pr``: x the recall, y the
        precision. ``pr_chance``: the precision of a ranking by chance, in two points. For several
        classes each has its curves, and ``macro`` is their mean. A class that no fold holds beside
        others has none. ``low`` and ``high`` are pointwise 95% limits, see
        `texturekit.metrics.bands`.

    Raises
    ------
    MetricError
        If the predictions cannot be scored.
    """
    first = _first_repeats(predictions, kind, classes, positive)
    draws = _draws(predictions, kind, classes)
    return _joined([_ranking(method, cases, draws) for method, cases in first.items()])


def net_benefit_curves(
    predictions: pd.DataFrame, *, kind: Kind, classes: Sequence[str], positive: str | None
) -> pd.DataFrame:
    """Return the net benefit of the first repeat over thresholds, one curve a class.

    Parameters
    ----------
    predictions, kind, classes, positive
        See `ranking_curves`.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`: x the threshold (0.01 to 0.99), y the net benefit over all folds; ``curve`` is
        ``net_benefit``, or ``net_benefit_all`` for acting on every image (0 is that of acting on
        none). See `texturekit.metrics.net_benefit`.

    Raises
    ------
    MetricError
        If the predictions cannot be scored.
    """
    first = _first_repeats(predictions, kind, classes, positive)
    return _joined([_net_benefit(method, cases) for method, cases in first.items()])


def study_curves(
    predictions: pd.DataFrame, *, kind: Kind, classes: Sequence[str], positive: str | None
) -> pd.DataFrame:
    """Return all curves of a study: `ranking_curves`, calibration, then `net_benefit_curves`.

    Parameters
    ----------
    predictions, kind, classes, positive
        See `ranking_curves`.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. ``calibration``: x the mean probability of a bin, y the share of its ``n`` images
        that are of the class, with its 95% interval.
    """
    first = _first_repeats(predictions, kind, classes, positive)
    draws = _draws(predictions, kind, classes)
    parts = [_ranking(method, cases, draws) for method, cases in first.items()]
    parts += [_calibration(method, cases) for method, cases in first.items()]
    return _joined(parts + [_net_benefit(method, cases) for method, cases in first.items()])


def bands_left_out(predictions: pd.DataFrame, *, kind: Kind, classes: Sequence[str]) -> bool:
    """Tell whether `study_curves` gives no bands, as there is too much to redraw.

    Parameters
    ----------
    predictions, kind, classes
        See `ranking_curves`.

    Returns
    -------
    bool
    """
    return _draws(predictions, kind, classes) == 0


def _draws(predictions: pd.DataFrame, kind: Kind, classes: Sequence[str]) -> int:
    test = predictions[predictions["split"] == "test"]
    curves = test["method"].nunique() * (1 if kind == "binary" else len(classes))
    return band_draws(test["id"].nunique(), curves)


def _first_repeats(
    predictions: pd.DataFrame, kind: Kind, classes: Sequence[str], positive: str | None
) -> dict[str, Cases]:
    return {
        str(method): read_cases(rows, kind=kind, classes=classes, positive=positive)[0]
        for method, rows in predictions.groupby("method", sort=True)
    }


def _ranking(method: str, cases: Cases, draws: int) -> list[_Piece]:
    """Return the ROC and precision-recall curves of every class and of their mean."""
    folds = {k: _sorted(cases, k) for k in rankable(cases)}
    if not folds:
        return []
    ones = np.ones((1, cases.n))
    values = {k: curve_points(parts, ones) for k, parts in folds.items()}
    drawn = redrawn_curves(cases, folds, draws)
    chance = {k: chance_precision(parts) for k, parts in folds.items()}
    patients = {k: _patients(cases, k) for k in folds}
    tied = {k for k, parts in folds.items() if all(len(part.ends) == 1 for part in parts)}
    names: dict[str, list[int]] = {cases.classes[k]: [k] for k in folds}
    if cases.positive is None:
        names["macro"] = list(folds)
    pieces = []
    for name, members in names.items():
        trials = len(members) ** 2 / sum(1 / patients[k] for k in members)
        for i, (curve, grid, band) in enumerate(_SHAPES):
            if name == "macro" and curve == "pr" and members != cases.ranked:
                continue  # the average precision is undefined, as a class has none
            y = np.mean([values[k][i][0] for k in members], axis=0)
            low, high = band(y, _mean_draws([drawn[k][i] for k in members], len(grid)), trials)
            if tied.issuperset(members):  # equal scores give this curve whatever the data
                low = high = np.full(len(grid), np.nan)
            pieces.append(_piece(method, curve, name, x=grid, y=y, low=low, high=high))
            if curve == "pr":
                level = [float(np.mean([chance[k] for k in members]))] * 2
                pieces.append(_piece(method, "pr_chance", name, x=[0.0, 1.0], y=level))
    return pieces


def _sorted(cases: Cases, k: int) -> list[Sorted]:
    return sort_folds(cases.truth[:, k], cases.probability[:, k], cases.known[:, k], cases.fold)


def _mean_draws(drawn: list[Floats], width: int) -> Floats:
    """Return the mean over classes in every draw, over those that the draw holds."""
    if not len(drawn[0]):
        return np.zeros((0, width))
    stack = np.stack(drawn)
    held = ~np.isnan(stack).any(axis=2, keepdims=True)
    count = held.sum(axis=0)
    total = np.where(held, stack, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 0, total, np.nan)


def _patients(cases: Cases, k: int) -> int:
    return len(np.unique(cases.group[cases.truth[:, k] & cases.known[:, k]]))


def _calibration(method: str, cases: Cases) -> list[_Piece]:
    pieces = []
    for k in cases.defined:
        bins = reliability(cases, k)
        columns = {"x": "told", "y": "seen", "low": "low", "high": "high", "n": "n"}
        values = {name: [getattr(b, of) for b in bins] for name, of in columns.items()}
        pieces.append(_piece(method, "calibration", cases.classes[k], **values))
    return pieces


def _net_benefit(method: str, cases: Cases) -> list[_Piece]:
    pieces = []
    for k in cases.defined:
        known = cases.known[:, k]
        pair = benefits(cases.truth[known, k], cases.probability[known, k], THRESHOLDS)
        for curve, y in zip(("net_benefit", "net_benefit_all"), pair, strict=True):
            pieces.append(_piece(method, curve, cases.classes[k], x=THRESHOLDS, y=y))
    return pieces


def _piece(method: str, curve: str, name: str, **columns: Any) -> _Piece:
    count = len(columns["x"])
    numbers = [columns.get(one, np.full(count, np.nan)) for one in COLUMNS[3:]]
    return _Piece((method, curve, name), np.array(numbers, dtype=np.float64))


def _joined(parts: list[list[_Piece]]) -> pd.DataFrame:
    pieces = [piece for part in parts for piece in part]
    lengths = [piece.numbers.shape[1] for piece in pieces]
    names = [piece.names for piece in pieces]
    numbers = np.hstack([np.empty((5, 0)), *(piece.numbers for piece in pieces)])
    frame = pd.DataFrame(
        {
            **{
                column: pd.Series([one[i] for one in names], dtype="str").repeat(lengths).array
                for i, column in enumerate(COLUMNS[:3])
            },
            **dict(zip(COLUMNS[3:], numbers, strict=True)),
        }
    )
    return frame.astype({"n": "Int64"})


_SHAPES = (("roc", ROC_GRID, roc_band), ("pr", RECALL_GRID, precision_band))


def thresholds(
    predictions: pd.DataFrame, *, rule: str | None = None, chosen_on: str | None = None
) -> Threshold | None:
    """Return the thresholds that one method used, one a repeat and fold.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of one method with ``repeat, fold, split, threshold``.
    rule : str, optional
        How they were chosen, in words; default ``p >= threshold``.
    chosen_on : str, optional
        On which rows; default: ``validation rows`` where there are some, else ``fixed in advance``.

    Returns
    -------
    Threshold or None
        None where decisions need none (the largest of several probabilities).

    Raises
    ------
    MetricError
        If a fold has several thresholds.
    """
    rows = predictions[(predictions["split"] == "test") & predictions["threshold"].notna()]
    if rows.empty:
        return None
    values = []
    for (repeat, fold), part in rows.groupby(["repeat", "fold"], sort=True)["threshold"]:
        if part.nunique() > 1:
            raise MetricError(
                f"repeat {repeat}, fold {fold} has {part.nunique()} thresholds; one is allowed."
            )
        values.append(float(part.iloc[0]))
    validated = bool((predictions["split"] == "val").any())
    return Threshold(
        rule=rule or "p >= threshold",
        chosen_on=chosen_on or ("validation rows" if validated else "fixed in advance"),
        values=values,
        median=float(np.median(values)),
    )
