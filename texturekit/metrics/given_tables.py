"""Every number that a confusion matrix holds, for matrices that others have published."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics.confusion import (
    accuracy,
    matthews,
    one_against_rest,
    rates,
    ratio,
    shares,
)
from texturekit.metrics.counts import check_matrix, class_names
from texturekit.metrics.proportions import proportion
from texturekit.metrics.resampling import DRAWS, SEED
from texturekit.metrics.stated import check_stated
from texturekit.metrics.testing import paired_decisions
from texturekit.records import ClassResult, Difference, Estimate, Majority, TableScores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

INDEPENDENT = (
    "Intervals count every image as independent. Where a patient has several images they are too "
    "narrow; a matrix does not say whether that is so."
)
_DRAWN = f"shares of each class drawn from their Dirichlet distribution, percentiles of {DRAWS}"
_MOVER = "squares of Wilson's reaches added"
_WHY = {
    "balanced_accuracy": "there is a class without images",
    "f1": "no image is, or was called, {}",
    "mcc": "all images are of one class or were given one",
    "kappa": "all images are of one class and were given it",
    "sensitivity": "there is no image of {}",
    "specificity": "there is no image without {}",
    "precision": "no image was called {}",
    "npv": "every image was called {}",
}


def table_scores(
    matrix: Sequence[Sequence[int]] | NDArray[Any],
    classes: Sequence[str] | None = None,
    positive: str | None = None,
    *,
    stated: Mapping[str, str | float] | None = None,
) -> TableScores:
    """Return everything that a confusion matrix says, each number with its 95% interval.

    Parameters
    ----------
    matrix : (K, K) whole numbers
        Rows are the truth, columns the decisions, both in the order of ``classes``.
    classes : sequence of K str, optional
        Class names; ``"1"``, ``"2"``, ... without.
    positive : str, optional
        The positive class of two; default: the last.
    stated : dict, optional
        What was written about the same table, by metric: ``{"accuracy": "77.58%", "n": 6851}``;
        text keeps the digits that were printed. ``"Type_2.sensitivity"`` is that of one class.

    Returns
    -------
    TableScores
        Wilson intervals for shares (Clopper-Pearson in ``exact``); Newcombe's sum of squares for
        the balanced accuracy; F1 from Wilson's interval of tp / (tp + fp + fn); for the rest draws
        from the Dirichlet distribution of each class. Undefined is None with its reason.

    Raises
    ------
    MetricError
        If the matrix is no square of whole numbers from 0, has no images, or a name is unknown.

    References
    ----------
    Lam, Gopal and Qian (2023), arXiv:2309.14621, "Wilson indirect" (F1). Zou and Donner (2008),
    doi:10.1002/sim.3095 (sums). Brown, Cai and DasGupta (2001), doi:10.1214/ss/1009213286
    (Jeffreys' prior). Cohen (1960), doi:10.1177/001316446002000104 (kappa).

    Examples
    --------
    >>> vgg16 = tk.metrics.table_scores([[1005, 933], [777, 4136]], ["benign", "malignant"],
    ...                                 stated={"sensitivity": "0.0000"})
    >>> sensitivity = vgg16.metrics["sensitivity"]
    >>> round(sensitivity.value, 4), round(sensitivity.low, 4), round(sensitivity.high, 4)
    (0.8418, 0.8314, 0.8518)
    >>> vgg16.stated[0].status
    'contradicts'
    """
    table = check_matrix(matrix)
    names = class_names(classes, len(table))
    binary = len(names) == 2
    if positive is not None and (positive not in names or not binary):
        raise MetricError(
            f"the positive class {positive!r} is none of the two of {', '.join(names)}; leave it "
            "out for more than two classes."
        )
    chosen = (names[-1] if positive is None else positive) if binary else None
    draws = _draws(table)
    each = [_of_class(table, draws, k, name) for k, name in enumerate(names)]
    averages = _averages(table, draws)
    whole = _of_all(table, draws)
    if chosen is None:
        metrics = {**whole, **{k: averages[f"macro_{k}"] for k in _MACRO}}
    else:
        metrics = {**whole, **each[names.index(chosen)].metrics}
    found = TableScores(
        classes=names, positive=chosen, n=int(table.sum()), confusion=table.astype(int).tolist(),
        metrics={name: metrics[name] for name in _ORDER}, exact=_exact(table, names, chosen),
        averages=averages, per_class=each, majority=_majority(table, names),
        remarks=[INDEPENDENT],
    )  # fmt: skip
    return found if not stated else check_stated(found, stated)


_MACRO = ("sensitivity", "specificity", "precision", "npv", "f1")
_ORDER = (
    "accuracy", "balanced_accuracy", "sensitivity", "specificity", "precision", "npv", "f1", "mcc",
    "kappa",
)  # fmt: skip


def _draws(table: Floats) -> Floats:
    """Return what the matrix could be: every class keeps its images, their shares are drawn.

    From a Dirichlet distribution with little added to every cell: for two classes Jeffreys' 1/2,
    for K more 1 / K**2, with which the intervals of small tables hold best (see
    ``benchmarks/studies/published_intervals.py``). A bootstrap would never draw an error of a
    class that has none.
    """
    rng = np.random.default_rng(SEED)
    added = 0.5 if len(table) == 2 else 1 / len(table) ** 2
    rows = [
        row.sum() * rng.dirichlet(row + added, size=DRAWS)
        if row.any()
        else np.zeros((DRAWS, len(table)))
        for row in table
    ]
    return np.stack(rows, axis=1)


def _of_class(table: Floats, draws: Floats, k: int, name: str) -> ClassResult:
    """Return the metrics of one class against the rest."""
    two = one_against_rest(table)[k]
    metrics = {key: _share(key, *pair, name) for key, pair in shares(two).items()}
    metrics["f1"] = _f1(two, name)
    if len(table) > 2:
        metrics["balanced_accuracy"] = _balanced(two)
        value = float(rates(two)["mcc"])
        metrics["mcc"] = _drawn("mcc", value, rates(one_against_rest(draws)[:, k])["mcc"])
    return ClassResult(
        name=name, n=int(table.sum()), positives=int(table[k].sum()),
        confusion=two.astype(int).tolist(), metrics=metrics,
    )  # fmt: skip


def _of_all(table: Floats, draws: Floats) -> dict[str, Estimate]:
    return {
        "accuracy": proportion(int(np.trace(table)), int(table.sum())),
        "balanced_accuracy": _balanced(table),
        "mcc": _drawn("mcc", float(matthews(table)), matthews(draws)),
        "kappa": _drawn("kappa", float(_kappa(table)), _kappa(draws)),
    }


def _kappa(table: Floats) -> Floats:
    """Return Cohen's kappa: how much of the agreement that is not due to chance there is."""
    n = table.sum(axis=(-2, -1))
    chance = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1) / n**2
    return ratio(accuracy(table) - chance, 1 - chance)


def _averages(table: Floats, draws: Floats) -> dict[str, Estimate]:
    """Return means over classes, plain and weighted by their images."""
    values, drawn = rates(one_against_rest(table)), rates(one_against_rest(draws))
    count, sizes = len(table), table.sum(axis=1)
    found = {
        "macro_sensitivity": _balanced(table),
        "weighted_sensitivity": proportion(int(np.trace(table)), int(table.sum())),
    }
    kinds = [("macro", np.ones(count), name) for name in _MACRO]
    kinds += [("weighted", sizes, name) for name in ("precision", "f1")]
    for kind, weights, name in kinds:
        if f"{kind}_{name}" in found:
            continue
        over = f"mean over {count} classes"
        over += " weighted by their images" if kind == "weighted" else ""
        used = weights > 0
        mean = float((values[name] * weights)[used].sum() / weights.sum())
        again = (drawn[name] * weights)[:, used].sum(axis=1) / weights.sum()
        one = _drawn(name, mean, again)
        found[f"{kind}_{name}"] = one.model_copy(update={"how": f"{over}; {one.how}"})
    return found


def _share(key: str, hits: Floats, trials: Floats, name: str) -> Estimate:
    one = proportion(int(hits), int(trials))
    return one if trials else one.model_copy(update={"reason": _WHY[key].format(name)})


def _balanced(table: Floats) -> Estimate:
    """Return the mean of the recalls, which are independent shares."""
    how = f"mean recall; {_MOVER}"
    trials = table.sum(axis=1)
    if not trials.all():
        return Estimate(value=None, how=how, reason=_WHY["balanced_accuracy"])
    recalls = [proportion(int(hit), int(n)) for hit, n in zip(np.diag(table), trials, strict=True)]
    value = np.array([one.value for one in recalls], dtype=np.float64)
    low = np.array([one.low for one in recalls], dtype=np.float64)
    high = np.array([one.high for one in recalls], dtype=np.float64)
    down, up = (math.sqrt(float(np.sum(d**2))) / len(table) for d in (value - low, high - value))
    mean = float(value.mean())
    return Estimate(value=mean, low=max(mean - down, 0.0), high=min(mean + up, 1.0), how=how)


def _f1(two: Floats, name: str) -> Estimate:
    """Return F1 = 2 J / (1 + J) with the limits of J, a share: tp of tp + fp + fn."""
    how = "Wilson of tp / (tp + fp + fn)"
    (_, fp), (fn, tp) = two
    one = proportion(int(tp), int(tp + fp + fn))
    if one.value is None or one.low is None or one.high is None:
        return Estimate(value=None, how=how, reason=_WHY["f1"].format(name))
    low, high = (2 * j / (1 + j) for j in (one.low, one.high))
    return Estimate(value=float(rates(two)["f1"]), low=low, high=high, how=how)


def _drawn(name: str, value: float, draws: Floats) -> Estimate:
    """Return a value with the percentiles of what was drawn, which never leave it out."""
    if math.isnan(value):
        return Estimate(value=None, how=_DRAWN, reason=_WHY[name].format("some class"))
    low, high = (float(x) for x in np.nanquantile(draws, (0.025, 0.975)))
    return Estimate(value=value, low=min(low, value), high=max(high, value), how=_DRAWN)


def _exact(table: Floats, names: list[str], positive: str | None) -> dict[str, Estimate]:
    """Return the shares with Clopper-Pearson intervals."""
    counts = {"accuracy": (int(np.trace(table)), int(table.sum()))}
    if positive is not None:
        two = one_against_rest(table)[names.index(positive)]
        counts |= {key: (int(hit), int(n)) for key, (hit, n) in shares(two).items()}
    else:
        counts |= {
            f"{name}.sensitivity": (int(table[k, k]), int(table[k].sum()))
            for k, name in enumerate(names)
        }
    return {key: proportion(*pair, interval="exact") for key, pair in counts.items() if pair[1]}


def _majority(table: Floats, names: list[str]) -> Majority:
    """Return the commonest class, and whether the decisions beat calling everything that."""
    from scipy.stats import binomtest

    sizes = table.sum(axis=1).astype(int)
    k, n, right = int(sizes.argmax()), int(table.sum()), int(np.trace(table))
    rate = proportion(int(sizes[k]), n)
    share = int(sizes[k]) / n
    binomial = Difference(
        value=right / n - share, p=float(binomtest(right, n, share, alternative="greater").pvalue),
        how="exact binomial test of the accuracy against the rate, taken for known, one-sided",
    )  # fmt: skip
    both = int(table[k, k])  # right either way; then the table's own hits, then those of the class
    cells = [both, right - both, int(sizes[k]) - both, n - right - int(sizes[k]) + both]
    ours, always = np.array([True, True, False, False]), np.array([True, False, True, False])
    paired = paired_decisions(np.repeat(ours, cells), np.repeat(always, cells), np.arange(n))
    return Majority(name=names[k], rate=rate, binomial=binomial, paired=paired)
