"""The difference of every two methods, for the matrix of all pairs."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

from texturekit.metrics.cases import read_cases
from texturekit.metrics.verdicts import area_tests
from texturekit.records import Pair

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from texturekit.metrics.verdicts import Areas
    from texturekit.records import Comparison, Difference, Kind

MAIN = "roc_auc"


def all_pairs(
    predictions: pd.DataFrame,
    names: Sequence[str],
    comparisons: Sequence[Comparison],
    *,
    kind: Kind,
    classes: Sequence[str],
    positive: str | None,
) -> list[Pair]:
    """Return the difference of the AUC of every two methods, with its interval.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Rows of all methods; only those with split ``test`` are read.
    names : sequence of str
        The methods that have predictions.
    comparisons : sequence of Comparison
        The declared tests: only their pairs have an (adjusted) p. A difference that nobody asked
        to test describes; p values of all pairs would have to be adjusted for all pairs.
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    classes : sequence of str
        Class names in order.
    positive : str or None
        The positive class of a binary task.

    Returns
    -------
    list of Pair
        ``a`` stands before ``b`` in `names`. Difference and interval are those that a comparison
        of the two has, or would have.

    Raises
    ------
    MetricError
        If the predictions cannot be scored.
    """
    by_method = dict(list(predictions.groupby("method", sort=False)))
    cases = {
        name: read_cases(by_method[name], kind=kind, classes=classes, positive=positive)
        for name in names
    }
    declared = {frozenset((c.a, c.b)): c.p_holm for c in comparisons if c.metric == MAIN}
    found: list[Pair] = []
    areas: Areas = {}
    for a, b in combinations(names, 2):
        key = frozenset((a, b))
        tests = area_tests(cases[a], cases[b], areas)
        found.append(_pair(a, b, tests, key in declared, declared.get(key)))
    return found


def _pair(a: str, b: str, tests: list[Difference], declared: bool, p_holm: float | None) -> Pair:
    first = tests[0]
    values = [test.value for test in tests if test.value is not None]
    return Pair(
        a=a,
        b=b,
        metric=MAIN,
        difference=math.fsum(values) / len(values) if first.value is not None else None,
        low=first.low,
        high=first.high,
        p_holm=p_holm,
        declared=declared,
        reason=first.reason,
    )
