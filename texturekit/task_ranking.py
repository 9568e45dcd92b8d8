"""Methods over several tasks: mean ranks, whether they differ, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.differing import differences, shared_data
from texturekit.errors import ParameterError
from texturekit.metrics.leading import MAIN, auc, leader
from texturekit.metrics.several import friedman, nemenyi, task_ranks
from texturekit.records import FriedmanTest, RankedMethod, RankedTask, TaskRanking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from texturekit.records import Estimate, Family, MethodResult, NemenyiTest, Results

LEVEL = 0.05
_WRONG = {"TK001": "leakage, allowed as asked", "TK013": "shuffled labels are predicted"}
FEWEST = 3  # tasks: with two, not even a perfect agreement of three methods is below .05


def rank_methods(
    results: Mapping[str, Results],
    *,
    reports: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> TaskRanking:
    """Lay several runs side by side, and rank methods by their AUC inside each of the tasks.

    Methods are ranked over the tasks in which all of them have an AUC. A method that lacks one is
    left out; where that leaves fewer than two methods, tasks are left out, too, those with fewest
    methods first. Friedman's test (the F of Iman and Davenport) and Nemenyi's comparison of all
    pairs need three tasks. Runs that share their data are no independent tasks: they are laid side
    by side, and nothing is ranked or tested.

    Parameters
    ----------
    results : dict of Results
        By the name of the task, in the order of the ranking.
    reports : dict of str, optional
        Where the report of each task is: relative to the page of the ranking, or an absolute path
        that `write_ranking` turns into one.
    errors : dict of str, optional
        Tasks that have no results, and why.
    settings : dict of dict, optional
        The configuration of each run, such as ``study.config``, for the list of what differs.

    Returns
    -------
    TaskRanking
        Everything that was left out is named in it.

    Raises
    ------
    ParameterError
        If there are no results.

    Examples
    --------
    >>> studies = {task: tk.compare(task, methods=["majority/dummy", "first_order/logistic"],
    ...            folds=2, limit=60, size=32, images=False) for task in ("textures", "breast")}
    >>> ranking = tk.rank_methods({task: study.results for task, study in studies.items()})
    >>> [(m.name, m.mean_rank) for m in ranking.methods], ranking.friedman
    ([('first_order/logistic', 1.0), ('majority/dummy', 2.0)], None)
    """
    if not results:
        raise ParameterError("there are no results to rank; give those of one task or more.")
    areas = {task: _areas(one) for task, one in results.items()}
    kept, methods, dropped = _common(areas)
    shared = shared_data(results)
    ranks = {} if shared else _ranks(areas, kept, methods)
    mean = {name: sum(own.values()) / len(own) for name, own in ranks.items()}
    first = areas[kept[0]] if kept and not mean else {}
    methods = sorted(
        methods,
        key=lambda name: (mean.get(name, 0.0), -(first[name].value or 0.0) if first else 0.0, name),
    )
    values = [[float(areas[task][name].value or 0) for name in methods] for task in kept]
    test, pairs, reason = _tests(values, kept, methods, shared)
    rows = [
        RankedMethod(
            name=name,
            family=_family(results, name),
            areas={task: found[name] for task, found in areas.items() if name in found},
            ranks=ranks.get(name, {}),
            images={task: one.n for task, one in _of(results, name).items() if one.n},
            absent=_absent(results, areas, list(results), name),
            mean_rank=mean.get(name),
            left_out=None if name in methods or shared else _missing(results, areas, kept, name),
        )
        for name in [*methods, *(n for n in _names(results) if n not in methods)]
    ]
    tasks = [_task(task, one, (reports or {}).get(task), dropped) for task, one in results.items()]
    tasks += [RankedTask(name=name, title=name, error=why) for name, why in (errors or {}).items()]
    return TaskRanking(
        tasks=tasks,
        methods=rows,
        friedman=test,
        nemenyi=pairs,
        reason=reason,
        independent=not shared,
        differences=differences(results, settings),
        sentences=_sentences(rows, test, pairs, reason),
    )


def _areas(results: Results) -> dict[str, Estimate]:
    found = {m.name: m.metrics[MAIN] for m in results.methods if MAIN in m.metrics}
    return {name: area for name, area in found.items() if area.value is not None}


def _names(results: Mapping[str, Results]) -> list[str]:
    return list(dict.fromkeys(m.name for one in results.values() for m in one.methods))


def _family(results: Mapping[str, Results], name: str) -> Family:
    return next(m.family for one in results.values() for m in one.methods if m.name == name)


def _common(
    areas: Mapping[str, Mapping[str, Estimate]],
) -> tuple[list[str], list[str], dict[str, str]]:
    """Return tasks and methods that can be ranked together, and why tasks were left out."""
    kept, dropped = list(areas), {}
    for task in areas:
        if not areas[task]:
            kept.remove(task)
            dropped[task] = "no method has an AUC"
    while len(kept) > 1 and len(_shared(areas, kept)) < 2:
        poorest = min(reversed(kept), key=lambda task: len(areas[task]))
        kept.remove(poorest)
        dropped[poorest] = "it shares fewer than two methods with the other tasks"
    return kept, _shared(areas, kept), dropped


def _ranks(
    areas: Mapping[str, Mapping[str, Estimate]], kept: Sequence[str], methods: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return the rank of every method in every task; nothing where there is one of either."""
    if len(methods) < 2 or len(kept) < 2:
        return {}
    table = task_ranks([[float(areas[task][name].value or 0) for name in methods] for task in kept])
    return {
        name: dict(zip(kept, column.tolist(), strict=True))
        for name, column in zip(methods, table.T, strict=True)
    }


def _shared(areas: Mapping[str, Mapping[str, Estimate]], kept: Sequence[str]) -> list[str]:
    first = areas[kept[0]] if kept else {}
    return [name for name in first if all(name in areas[task] for task in kept)]


def _tests(
    values: list[list[float]],
    kept: Sequence[str],
    methods: Sequence[str],
    shared: Sequence[Sequence[str]],
) -> tuple[FriedmanTest | None, NemenyiTest | None, str | None]:
    if shared:
        which = "; ".join(_listed(names) for names in shared)
        return None, None, f"runs on the same data are no independent tasks ({which})"
    if len(methods) < 2:
        return None, None, "fewer than two methods have an AUC in every task"
    if len(kept) < FEWEST:
        many = "one task" if len(kept) == 1 else f"{len(kept)} tasks"
        return None, None, f"{many} cannot tell methods apart; it takes {FEWEST} or more"
    return friedman(values), nemenyi(values, level=LEVEL), None


def _missing(
    results: Mapping[str, Results],
    areas: Mapping[str, Mapping[str, Estimate]],
    kept: Sequence[str],
    name: str,
) -> str:
    """Return why a method is not ranked, naming the tasks."""
    why = _absent(results, areas, kept, name)
    if not why:
        return "no task has an AUC"
    return "; ".join(
        f"{words} in {', '.join(task for task in why if why[task] == words)}"
        for words in dict.fromkeys(why.values())
    )


def _absent(
    results: Mapping[str, Results],
    areas: Mapping[str, Mapping[str, Estimate]],
    tasks: Sequence[str],
    name: str,
) -> dict[str, str]:
    """Return by task why a method has no AUC there."""
    words = {"ok": "no AUC", "failed": "failed", "skipped": "skipped"}
    own = _of(results, name)
    return {
        task: words[own[task].status] if task in own else "not run"
        for task in tasks
        if name not in areas[task]
    }


def _of(results: Mapping[str, Results], name: str) -> dict[str, MethodResult]:
    return {task: m for task, one in results.items() for m in one.methods if m.name == name}


def _task(
    name: str, results: Results, report: str | None, dropped: Mapping[str, str]
) -> RankedTask:
    random = sum(m.weights is not None and "random" in m.weights for m in results.methods)
    short = any(mark.startswith("shortened") for m in results.methods for mark in m.marks)
    notes = ["shortened run"] if short else []
    if random:
        notes.append(f"random weights in {random} method{'s' if random > 1 else ''}")
    notes += [_WRONG.get(f.code, f.code) for f in results.findings if f.severity == "error"]
    first = leader(results)
    if first is not None and auc(first) is None:
        first = None
    wins = [] if first is None else _wins(results, first.name)
    return RankedTask(
        name=name,
        title=results.title,
        report=report,
        images=results.data.used,
        groups=results.data.groups,
        synthetic=results.synthetic,
        notes=notes,
        left_out=dropped.get(name),
        leader=None if first is None else first.name,
        tested=len(wins),
        better_than=sum(wins),
    )


def _wins(results: Results, name: str) -> list[bool]:
    """Return of every test of a method on the main metric whether its verdict is for it."""
    return [
        test.verdict == ("a_better" if test.a == name else "b_better")
        for test in results.comparisons
        if name in (test.a, test.b) and test.metric == MAIN and test.verdict != "not_testable"
    ]


def _sentences(
    rows: Sequence[RankedMethod],
    test: FriedmanTest | None,
    pairs: NemenyiTest | None,
    reason: str | None,
) -> list[str]:
    """Return what can be concluded, in plain words: the first is the answer."""
    if test is None or pairs is None:
        return [f"The methods were not tested over tasks: {reason}."]
    best = [row for row in rows if row.mean_rank is not None]
    first, gap = best[0], pairs.critical_difference
    where = f"mean rank {first.mean_rank:.2f} over {test.tasks} tasks"
    worse = [row.name for row, p in zip(best, pairs.p[0], strict=True) if p < LEVEL]
    p = "< .001" if test.p < 0.001 else f"= {test.p:.3f}".replace("0.", ".", 1)
    differ = test.p < LEVEL
    said = [f"{first.name} ranks first: {where}."]
    if not differ:
        said.append(f"But no difference of the methods over tasks was shown (Friedman, p {p}).")
    elif worse:
        said.append(
            f"The ranks differ (Friedman, p {p}); it ranks above {_listed(worse)} by more than "
            "chance explains (Nemenyi)."
        )
    else:
        said.append(
            f"The ranks differ somewhere (Friedman, p {p}), but not between it and any other "
            "method (Nemenyi)."
        )
    said.append(
        f"With {test.tasks} tasks and {test.methods} methods two mean ranks have to be {gap:.2f} "
        f"apart to differ, of at most {test.methods - 1}"
        + (": no order of the tasks' results could show a difference." if gap > test.methods - 1
           else ". So few tasks show large differences only." if test.tasks < 10 else ".")
    )  # fmt: skip
    return said


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
