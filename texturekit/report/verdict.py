"""What can be concluded, in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from texturekit.metrics.sentences import ENOUGH_REPEATS, sets_of_splits
from texturekit.report.plain import facts
from texturekit.report.wording import listed, number, seen_from, with_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from texturekit.records import Comparison, MethodResult, Results

MAIN = "roc_auc"


@dataclass(frozen=True)
class Answer:
    """The first screen: one sentence, what supports it, and what the others are to the leader."""

    main: str
    support: list[str] = field(default_factory=list)
    standing: list[tuple[str, list[str]]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def ranked(results: Results) -> list[MethodResult]:
    """Return the methods, best AUC first; undefined ones next, failed and skipped ones last."""

    def order(method: MethodResult) -> tuple[bool, bool, float]:
        value = auc(method)
        return method.status != "ok", value is None, -(value or 0.0)

    return sorted(results.methods, key=order)


def auc(method: MethodResult) -> float | None:
    """Return the area under the ROC curve, None where it is undefined."""
    estimate = method.metrics.get(MAIN)
    return None if estimate is None else estimate.value


def leader(results: Results) -> MethodResult | None:
    """Return the best method that is no baseline; a baseline if nothing else ran."""
    done = [m for m in ranked(results) if m.status == "ok"]
    return next((m for m in done if m.family != "baseline"), done[0] if done else None)


def answer(results: Results, config: Mapping[str, Any]) -> Answer:
    """Return what the comparison can and cannot conclude.

    Parameters
    ----------
    results : Results
    config : mapping
        ``facts.reference`` names the method that all were tested against.

    Returns
    -------
    Answer
    """
    first = leader(results)
    if first is None:
        return Answer("No method finished, so there is nothing to compare.")
    if auc(first) is None:
        return Answer(
            "No AUC is defined, so the methods are not ranked.", warnings=_warnings(results, first)
        )
    shown = with_interval(first.metrics[MAIN], MAIN)
    among = (
        "highest AUC of those that are no baseline" if _rivals(results, first) else "highest AUC"
    )
    main = f"{first.name} has the {among}: {shown}."
    tests = [c for c in results.comparisons if first.name in (c.a, c.b)]
    tests = [c for c in tests if c.metric == _main_metric(tests)]
    if not tests:
        missing = "No paired test was made, so nothing is known about whether the lead is real."
        alone = "It is the only method that finished." if _finished(results) == 1 else missing
        return Answer(main, [alone], warnings=_warnings(results, first))
    support = [
        _deciding(tests, first.name, config).sentence,
        _conclusion(results, tests, first.name),
    ]
    return Answer(main, support, _standing(tests, first.name), _warnings(results, first))


def _finished(results: Results) -> int:
    return sum(m.status == "ok" for m in results.methods)


def _main_metric(tests: list[Comparison]) -> str:
    metrics = [c.metric for c in tests]
    return MAIN if MAIN in metrics or not metrics else metrics[0]


def _other(test: Comparison, name: str) -> str:
    return test.b if test.a == name else test.a


def _deciding(tests: list[Comparison], name: str, config: Mapping[str, Any]) -> Comparison:
    """Return the test against the reference, else the closest one."""
    named = [c for c in tests if _other(c, name) == facts(config).get("reference")]
    return named[0] if named else min(tests, key=lambda c: abs(c.difference or 0.0))


def _conclusion(results: Results, tests: list[Comparison], name: str) -> str:
    baselines = {m.name for m in results.methods if m.family == "baseline"}
    views = [(_other(c, name), seen_from(c, name)) for c in tests]
    alike = [other for other, view in views if view == "alike"]
    matched = [other for other in alike if other in baselines]
    if matched:
        return f"It was not shown to do better than the baseline {listed(matched)}."
    if alike:
        return "These data do not single out one best method."
    if all(view == "unknown" for _, view in views):
        return "Whether the lead is real could not be tested."
    repeats = results.protocol.repeats
    tail = f", on {sets_of_splits(repeats)}." if repeats < ENOUGH_REPEATS else "."
    return (
        "Its lead over every method it could be tested against is larger than chance explains"
        + tail
    )


def _standing(tests: list[Comparison], name: str) -> list[tuple[str, list[str]]]:
    words = {
        "alike": "No difference shown to",
        "better": "Better than",
        "worse": "Worse than",
        "unknown": "Not testable against",
    }
    groups = {
        text: [_other(c, name) for c in tests if seen_from(c, name) == view]
        for view, text in words.items()
    }
    return [(text, names) for text, names in groups.items() if names]


def _warnings(results: Results, first: MethodResult) -> list[str]:
    if first.family == "baseline":
        return [f"{first.name} is a baseline: it has not looked at the texture of any image."]
    return [
        f"Baseline {m.name} reaches an AUC of {number(auc(m), 3)}, no less than the best method; "
        "nothing here shows that texture or a net adds to it."
        for m in _rivals(results, first)
    ]


def _rivals(results: Results, first: MethodResult) -> list[MethodResult]:
    """Return the baselines that reach the AUC of the best method that is none."""
    top = auc(first)
    if first.family == "baseline" or top is None:
        return []
    return [m for m in results.methods if m.family == "baseline" and (auc(m) or 0.0) >= top]
