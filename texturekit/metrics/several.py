"""Several methods on several tasks: whether their ranks differ, and which of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import MetricError
from texturekit.records import FriedmanTest, NemenyiTest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def friedman(values: ArrayLike) -> FriedmanTest:
    """Return whether the ranks of methods differ over tasks: Friedman's test and Iman-Davenport's.

    Parameters
    ----------
    values : (tasks, methods) number
        The larger the better: one row a task, one column a method. Ranks can be given negated.

    Returns
    -------
    FriedmanTest
        Mean ranks (1 is best, ties share theirs); chi-square without the correction for ties (as
        Demsar writes it) and with it (as scipy has it); Iman and Davenport's F of the first, whose
        ``p`` is the one to report: chi-square is too careful for few tasks.

    Raises
    ------
    MetricError
        If there are fewer than 2 tasks or methods, or a value is not finite.

    References
    ----------
    Friedman (1937), doi:10.1080/01621459.1937.10503522. Iman and Davenport (1980),
    doi:10.1080/03610928008827904. Demsar (2006), Journal of Machine Learning Research 7, 1-30.

    Examples
    --------
    >>> found = tk.metrics.friedman([[0.9, 0.8, 0.7], [0.8, 0.9, 0.7], [0.7, 0.6, 0.5],
    ...                              [0.9, 0.6, 0.7]])
    >>> found.mean_ranks, round(found.chi2, 2), round(found.f, 2), round(found.p, 3)
    ([1.25, 2.0, 2.75], 4.5, 3.86, 0.084)
    """
    from scipy.stats import chi2 as chi_square
    from scipy.stats import f as fisher

    ranks = task_ranks(values)
    tasks, methods = ranks.shape
    mean = ranks.mean(axis=0)
    chi2 = 12 * tasks / (methods * (methods + 1)) * float(np.sum((mean - (methods + 1) / 2) ** 2))
    share = _untied(ranks)
    spare = tasks * (methods - 1) - chi2
    if spare > 1e-9:
        f = (tasks - 1) * chi2 / spare
        p = float(fisher.sf(f, methods - 1, (methods - 1) * (tasks - 1)))
        how = "Friedman, F of Iman and Davenport, without correction for ties"
    else:
        f, p = None, (1 / math.factorial(methods)) ** (tasks - 1)
        how = "Friedman; all tasks give one order, of which p is the exact chance (F is infinite)"
    return FriedmanTest(
        tasks=tasks,
        methods=methods,
        mean_ranks=mean.tolist(),
        chi2=chi2,
        p_chi2=float(chi_square.sf(chi2, methods - 1)),
        chi2_ties=chi2 / share if share > 0 else None,
        p_chi2_ties=float(chi_square.sf(chi2 / share, methods - 1)) if share > 0 else None,
        f=f,
        p=p,
        how=how,
    )


def nemenyi(values: ArrayLike, *, level: float = 0.05) -> NemenyiTest:
    """Return which methods differ in mean rank over tasks, corrected for all pairs.

    Parameters
    ----------
    values : (tasks, methods) number
        As for `friedman`.
    level : float, default .05
        Of the critical difference.

    Returns
    -------
    NemenyiTest
        ``critical_difference`` of two mean ranks, and p of every pair.

    Raises
    ------
    MetricError
        As `friedman`, or if the level is not between 0 and 1.

    References
    ----------
    Nemenyi (1963), Distribution-free multiple comparisons. Demsar (2006), Journal of Machine
    Learning Research 7, 1-30.

    Examples
    --------
    >>> found = tk.metrics.nemenyi([[0.9, 0.8, 0.7], [0.8, 0.9, 0.7], [0.7, 0.6, 0.5],
    ...                             [0.9, 0.6, 0.7]])
    >>> round(found.critical_difference, 2), round(found.p[0][2], 3)
    (1.66, 0.086)
    """
    from scipy.stats import studentized_range

    ranks = task_ranks(values)
    tasks, methods = ranks.shape
    mean = ranks.mean(axis=0)
    error = math.sqrt(methods * (methods + 1) / (6 * tasks))
    p = np.ones((methods, methods))
    for i in range(methods):
        for j in range(i):
            gap = abs(float(mean[i] - mean[j])) / error * math.sqrt(2)
            p[i, j] = p[j, i] = studentized_range.sf(gap, methods, np.inf) if gap else 1.0
    return NemenyiTest(
        level=level,
        critical_difference=critical_difference(methods, tasks, level=level),
        p=np.clip(p, 0, 1).tolist(),
        how="Nemenyi, studentized range over all pairs",
    )


def critical_difference(methods: int, tasks: int, *, level: float = 0.05) -> float:
    """Return by how much two mean ranks have to differ, by Nemenyi's test.

    Parameters
    ----------
    methods, tasks : int
        At least 2 each.
    level : float, default .05
        Of the test.

    Returns
    -------
    float

    Examples
    --------
    >>> round(critical_difference(4, 14), 2)
    1.25
    """
    from scipy.stats import studentized_range

    if methods < 2 or tasks < 2 or not 0 < level < 1:
        raise MetricError(
            f"{methods} methods on {tasks} tasks at level {level} cannot be tested; give 2 or more "
            f"of each, and a level such as .05."
        )
    quantile = float(studentized_range.ppf(1 - level, methods, np.inf)) / math.sqrt(2)
    return quantile * math.sqrt(methods * (methods + 1) / (6 * tasks))


def task_ranks(values: ArrayLike) -> Floats:
    """Return the rank of every method inside each task: 1 is best, ties share the mean.

    Parameters
    ----------
    values : (tasks, methods) number
        The larger the better.

    Returns
    -------
    (tasks, methods) float64

    Raises
    ------
    MetricError
        If there are fewer than 2 tasks or methods, or a value is not finite.

    Examples
    --------
    >>> task_ranks([[0.9, 0.8, 0.9], [0.1, 0.2, 0.3]]).tolist()
    [[1.5, 3.0, 1.5], [3.0, 2.0, 1.0]]
    """
    from scipy.stats import rankdata

    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        raise MetricError(
            f"values have the shape {table.shape}; give finite numbers, a row a task and a column "
            f"a method, two or more of each."
        )
    ranks: Floats = rankdata(-table, axis=1)
    return ranks


def _untied(ranks: Floats) -> float:
    """Return by what chi-square is divided where values of one task are equal; 1 without ties."""
    tasks, methods = ranks.shape
    lost: float = 0.0
    for row in ranks:
        count = np.unique(row, return_counts=True)[1].astype(np.float64)
        lost += float(np.sum(count**3 - count))
    return 1 - lost / float(tasks * (methods**3 - methods))
