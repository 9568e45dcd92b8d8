"""How the settings were chosen, as the page shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.report.tables import cell
from texturekit.report.verdict import MAIN, ranked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import MethodResult, Results, Trial, Tuning
    from texturekit.report.tables import Cell


@dataclass(frozen=True)
class SearchRow:
    """What was searched for one method.

    Attributes
    ----------
    method : MethodResult
    tuning : Tuning
    chosen : list of (name, text)
        The chosen settings over the folds.
    kept : str
        In how many folds the defaults won.
    before, after : float or None
        Mean score inside the training parts, of the defaults and of the chosen settings.
    test : Cell
        The AUC on test images.
    failed : int
        Trials without a score.
    reasons : list of str
        Why, each reason once.
    """

    method: MethodResult
    tuning: Tuning
    chosen: list[tuple[str, str]]
    kept: str
    before: float | None
    after: float | None
    test: Cell
    failed: int
    reasons: list[str]


def search_rows(results: Results) -> list[SearchRow]:
    """Return the searches of a study, best method first; empty where none was asked for."""
    return [
        _row(method, method.tuning)
        for method in ranked(results)
        if method.status == "ok" and method.tuning is not None
    ]


def _row(method: MethodResult, tuning: Tuning) -> SearchRow:
    folds: dict[tuple[int, int], list[Trial]] = {}
    for trial in tuning.trials:
        folds.setdefault((trial.repeat, trial.fold), []).append(trial)
    chosen = [next(t for t in trials if t.chosen) for trials in folds.values()]
    first = [trials[0] for trials in folds.values()]
    kept = sum(one.candidate == start.candidate for one, start in zip(chosen, first, strict=True))
    failures = [trial for trial in tuning.trials if trial.score is None]
    return SearchRow(
        method=method,
        tuning=tuning,
        chosen=[(name, _over_folds(chosen, name)) for name in tuning.space],
        kept=f"{kept} of {len(folds)}" if folds else "",
        before=_mean(first),
        after=_mean(chosen),
        test=cell(method.metrics.get(MAIN), MAIN),
        failed=len(failures),
        reasons=list(dict.fromkeys(str(trial.reason) for trial in failures)),
    )


def _over_folds(chosen: Sequence[Trial], name: str) -> str:
    """Return the range of a number, or how often each value of a choice was taken."""
    values = [trial.candidate.get(name) for trial in chosen]
    numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if len(numbers) < len(values):
        return ", ".join(f"{value} ({n})" for value, n in Counter(map(str, values)).most_common())
    if not numbers:
        return ""
    low, high = f"{min(numbers):.3g}", f"{max(numbers):.3g}"
    return low if low == high else f"{low} to {high}"


def _mean(trials: Sequence[Trial]) -> float | None:
    """Return the mean score, if every fold has one."""
    scores = [trial.score for trial in trials if trial.score is not None]
    return sum(scores) / len(scores) if scores and len(scores) == len(trials) else None
