"""Which of two methods is better, if that can be said at all."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics import wording
from texturekit.metrics.areas import area_difference
from texturekit.metrics.cases import read_cases
from texturekit.metrics.delong import careful
from texturekit.metrics.fold_areas import area_estimate, area_of, rankable
from texturekit.metrics.sentences import ENOUGH_REPEATS, WORDS, PairedTest, sentence, signed
from texturekit.metrics.testing import holm, paired_decisions
from texturekit.metrics.training_chance import in_general
from texturekit.records import Comparison, Difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from texturekit.metrics.areas import Area
    from texturekit.metrics.cases import Cases
    from texturekit.records import Kind, Verdict

    Areas = dict[tuple[int, tuple[int, ...]], tuple[Cases, Area]]

LEVEL = 0.05
SAME_SIGN = 0.8
_NOT_PAIRED = Difference(value=None, how="paired", reason="they were not tested on the same images")


def compare_methods(
    predictions: pd.DataFrame,
    names: Sequence[str],
    *,
    kind: Kind,
    classes: Sequence[str],
    positive: str | None,
    reference: str | None,
    leader: str | None = None,
    every: bool = False,
) -> list[Comparison]:
    """Return the paired tests: every method against the reference, and the leader against all.

    The areas under the ROC curve are compared by paired DeLong inside the folds (the mean over
    classes by influence values), the accuracies by exact McNemar, or by patient permutation where
    patients have several images; Holm's correction goes over all of them. Multi-label accuracy is a
    mean over labels, for which there is no exact test.

    Under cross-validation every test is made a second time with the chance in the training images
    (see `texturekit.metrics.training_chance`), and "better" needs both.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of all methods; only those with split ``test`` are read.
    names : sequence of str
        The methods that have predictions.
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    classes : sequence of str
        Class names in order.
    positive : str or None
        The positive class of a binary task.
    reference : str or None
        The method that all are compared with; None, or one that is not among `names`: none.
    leader : str, optional
        Default: the method with the largest area.
    every : bool, default False
        Test all other pairs, too; Holm's correction goes over all of them then.

    Returns
    -------
    list of Comparison
        In the order of `names`, the pairs with the reference first.

    Raises
    ------
    MetricError
        If the predictions cannot be scored, or the leader has none.
    """
    if leader is not None and leader not in names:
        raise MetricError(f"the leader {leader!r} is none of the methods {', '.join(names)}.")
    cases = {
        name: read_cases(
            predictions[predictions["method"] == name],
            kind=kind,
            classes=classes,
            positive=positive,
        )
        for name in names
    }
    best = leader or _leader(cases)
    pairs = _pairs(names, reference, best)
    if every:
        told = {frozenset(pair) for pair in pairs}
        pairs += [pair for pair in combinations(names, 2) if frozenset(pair) not in told]
    areas: Areas = {}
    tests = [test for a, b in pairs for test in _tests(a, b, cases, areas)]
    adjusted = holm([test.first.p for test in tests])
    general = holm([None if test.general is None else test.general.p for test in tests])
    family = sum(test.first.p is not None for test in tests)
    return [
        _judge(test, p, p_general, family)
        for test, p, p_general in zip(tests, adjusted, general, strict=True)
    ]


def _leader(cases: dict[str, list[Cases]]) -> str | None:
    areas = {name: area_estimate(repeats).value for name, repeats in cases.items()}
    found = {name: area for name, area in areas.items() if area is not None}
    return max(found, key=lambda name: found[name]) if found else None


def _pairs(
    names: Sequence[str], reference: str | None, leader: str | None
) -> list[tuple[str, str]]:
    pairs = []
    if reference in names and reference is not None:
        pairs = [(name, reference) for name in names if name != reference]
    if leader is not None and leader != reference:
        pairs += [(leader, name) for name in names if name not in (leader, reference)]
    return pairs


def _tests(a: str, b: str, cases: dict[str, list[Cases]], areas: Areas) -> list[PairedTest]:
    one, two = cases[a], cases[b]
    if not _same_images(one, two):
        return [PairedTest(a, b, metric, _NOT_PAIRED, []) for metric in WORDS]
    gaps = area_tests(one, two, areas)
    shares = [_accuracy_test(x, y) for x, y in zip(one, two, strict=True)]
    return [
        PairedTest(
            a,
            b,
            metric,
            found[0],
            [d.value for d in found if d.value is not None],
            in_general(found, one, two),
        )
        for metric, found in (("roc_auc", gaps), ("accuracy", shares))
    ]


def area_tests(one: list[Cases], two: list[Cases], areas: Areas) -> list[Difference]:
    """Return the paired difference of two areas in every repeat.

    Parameters
    ----------
    one, two : list of Cases
        Of two methods, a set a repeat.
    areas : dict
        What is known of other pairs: the same one for all pairs makes each area once.

    Returns
    -------
    list of Difference
        A single one, without a value, where they were not tested on the same images.
    """
    if not _same_images(one, two):
        return [_NOT_PAIRED]
    return [_area_test(x, y, areas) for x, y in zip(one, two, strict=True)]


def _same_images(one: list[Cases], two: list[Cases]) -> bool:
    return len(one) == len(two) and all(
        x.ids == y.ids and np.array_equal(x.fold, y.fold) for x, y in zip(one, two, strict=True)
    )


def _area_test(a: Cases, b: Cases, areas: Areas) -> Difference:
    x, y = a, b
    if not np.array_equal(a.known, b.known):
        known = a.known & b.known
        x, y = (replace(c, known=known, truth=c.truth & known) for c in (a, b))
    other = rankable(y)
    columns = [k for k in rankable(x) if k in other]
    if not columns:
        reason = wording.not_rankable(y if rankable(x) else x, x.scored)
        return Difference(value=None, how="paired DeLong", reason=reason)
    one, two = _area(x, columns, areas), _area(y, columns, areas)
    found = area_difference(one, two)
    if a.grouped:
        found = careful(found, one)
    macro = "" if a.positive is not None else f"{wording.mean_over(x, columns)}, influence values, "
    how = macro + found.how + wording.within_folds(x, one.folds, "pairs")
    return found.model_copy(update={"how": how})


def _area(cases: Cases, columns: list[int], areas: Areas) -> Area:
    """Return an area that may be known of a pair before."""
    key = id(cases), tuple(columns)
    if key not in areas:
        areas[key] = cases, area_of(cases, columns)  # the cases are kept, and so is their id
    return areas[key][1]


def _accuracy_test(a: Cases, b: Cases) -> Difference:
    if a.kind == "multilabel":
        reason = "multi-label accuracy is a mean over labels, which has no exact McNemar test"
        return Difference(value=None, how="exact McNemar", reason=reason)
    right = [np.any(c.truth & c.predicted, axis=1) for c in (a, b)]
    return paired_decisions(right[0], right[1], a.group)


def _judge(
    test: PairedTest, p_holm: float | None, p_general: float | None, family: int
) -> Comparison:
    first = test.first
    value = math.fsum(test.values) / len(test.values) if first.value is not None else None
    repeats = len(test.values)
    agreeing = 0 if value is None else sum(v * value > 0 for v in test.values)
    shown = _shown(test, value, p_holm, agreeing)
    verdict = shown if _holds(test, shown, p_general) else "no_difference_shown"
    how = first.how
    if repeats > 1:
        how += f"; mean over {repeats} repeats, interval and p from the first"
        how += _around(first, value)
    how += f"; Holm over {family} test{'s' if family != 1 else ''}"
    if test.general is not None and test.general.p is not None:
        how += f"; in general: {test.general.how}"
    return Comparison(
        a=test.a,
        b=test.b,
        metric=test.metric,
        difference=value,
        low=first.low,
        high=first.high,
        p=first.p,
        p_holm=p_holm,
        verdict=verdict,
        how=how,
        sentence=sentence(test, (shown, verdict), value, (p_holm, p_general), agreeing),
        general=test.general,
        p_general_holm=p_general,
    )


def _around(first: Difference, mean: float | None) -> str:
    """Return around what the first interval stands, where that is not the mean."""
    if mean is None or first.value is None or first.low is None or first.high is None:
        return ""
    if first.low <= mean <= first.high:
        return ""
    return f", around its own {signed(first.value, 3)}"


def _shown(test: PairedTest, value: float | None, p_holm: float | None, agreeing: int) -> Verdict:
    """Return what the test images alone say of the models that were trained."""
    low, high = test.first.low, test.first.high
    if value is None or p_holm is None or low is None or high is None:
        return "not_testable"
    repeats = len(test.values)
    stable = repeats < ENOUGH_REPEATS or agreeing >= SAME_SIGN * repeats
    if p_holm < LEVEL and stable and low > 0 and value > 0:
        return "a_better"
    if p_holm < LEVEL and stable and high < 0 and value < 0:
        return "b_better"
    return "no_difference_shown"


def _holds(test: PairedTest, shown: Verdict, p_general: float | None) -> bool:
    """Tell whether what is shown holds with the chance in the training images, too."""
    general = test.general
    if general is None or shown not in ("a_better", "b_better"):
        return True
    if p_general is None or general.low is None or general.high is None:
        return False
    return p_general < LEVEL and (general.low > 0 if shown == "a_better" else general.high < 0)
