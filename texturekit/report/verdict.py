"""What can be concluded, in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from texturekit.metrics.leading import MAIN, auc, leader, ranked
from texturekit.metrics.sentences import ENOUGH_REPEATS, sets_of_splits
from texturekit.report import evaluation
from texturekit.report.names import in_words
from texturekit.report.plain import facts
from texturekit.report.wording import listed, number, seen_from, with_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from texturekit.records import Comparison, MethodResult, Results

__all__ = ["MAIN", "Answer", "answer", "auc", "leader", "ranked"]


_NO_AUC = "No AUC is defined, so the methods are not ranked."


@dataclass(frozen=True)
class Answer:
    """The first screen: who leads, whether that is real, and what the others are to the leader.

    Attributes
    ----------
    main : str
        Which method leads.
    verdict : str
        Whether its lead is real.
    evidence : str
        The test that says most about it.
    standing : list of (str, list of str)
        Words, and the methods that stand so to the leader.
    warnings : list of str
    reading : str
        What the number means, in words that need no statistics.
    named : list of (str, str)
        The methods of these sentences, and what they are in plain words.
    tested : bool
        Whether the evidence is a test with a p value.
    """

    main: str
    verdict: str = ""
    evidence: str = ""
    standing: list[tuple[str, list[str]]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    reading: str = ""
    named: list[tuple[str, str]] = field(default_factory=list)
    tested: bool = False


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
            _NO_AUC
            if results.evaluated is None
            else f"No AUC is defined: {first.metrics[MAIN].reason}.",
            warnings=_warnings(results, first),
        )
    if results.evaluated is not None:
        return _of_a_model(results, first)
    shown = with_interval(first.metrics[MAIN], MAIN)
    among = (
        "highest AUC of those that are no baseline" if _rivals(results, first) else "highest AUC"
    )
    if first.metrics[MAIN].low is None:
        shown += " (no 95% interval could be computed)"
    main = f"{first.name} has the {among}: {shown}."
    warnings, reading = _warnings(results, first), _reading(results, first)
    tests = [c for c in results.comparisons if first.name in (c.a, c.b)]
    tests = [c for c in tests if c.metric == _main_metric(tests)]
    if not tests:
        missing = "No paired test was made, so nothing is known about whether the lead is real."
        alone = "It is the only method that finished." if _finished(results) == 1 else missing
        return Answer(main, alone, warnings=warnings, reading=reading, named=_named([first.name]))
    matched = _matched(results, tests, first.name)
    deciding = _deciding(matched or tests, first.name, config)
    return Answer(
        main,
        _conclusion(results, tests, first.name),
        deciding.sentence,
        _standing(tests, first.name),
        warnings,
        reading,
        _named([first.name, _other(deciding, first.name)]),
        deciding.p_holm is not None,
    )


def _of_a_model(results: Results, first: MethodResult) -> Answer:
    """Return the first screen of a single model that was saved before."""
    test = next((c for c in results.comparisons if c.metric == MAIN), None)
    main, verdict, evidence = evaluation.sentences(results, first, test)
    return Answer(
        main,
        verdict,
        evidence,
        warnings=_warnings(results, first),
        reading=_reading(results, first),
        named=_named([first.name]),
        tested=bool(evidence) and test is not None and test.p_holm is not None,
    )


def _named(names: list[str]) -> list[tuple[str, str]]:
    return [(name, words) for name in names if (words := in_words(name))]


def _reading(results: Results, first: MethodResult) -> str:
    """Return the area under the ROC curve as the share of pairs that it is."""
    area = auc(first)
    if area is None:
        return ""
    share = f"in {100 * area:.0f} of 100 such pairs the first has the higher score (chance: 50)"
    others = [name for name in results.classes if name != results.positive]
    if results.kind == "binary" and results.positive is not None:
        two = f"one image of class {results.positive} and one of class {others[0]}"
        return f"In words: take {two} at random; {share}."
    what, mean = ("label", "labels") if results.kind == "multilabel" else ("class", "classes")
    return (
        f"In words: take one image of a {what} and one without it at random; {share}, "
        f"as a mean over {mean}."
    )


def _finished(results: Results) -> int:
    return sum(m.status == "ok" for m in results.methods)


def _main_metric(tests: list[Comparison]) -> str:
    metrics = [c.metric for c in tests]
    return MAIN if MAIN in metrics or not metrics else metrics[0]


def _other(test: Comparison, name: str) -> str:
    return test.b if test.a == name else test.a


def _matched(results: Results, tests: list[Comparison], name: str) -> list[Comparison]:
    """Return the tests that showed no difference to a baseline."""
    baselines = {m.name for m in results.methods if m.family == "baseline"}
    return [c for c in tests if _other(c, name) in baselines and seen_from(c, name) == "alike"]


def _deciding(tests: list[Comparison], name: str, config: Mapping[str, Any]) -> Comparison:
    """Return the test against the reference, else the closest one."""
    named = [c for c in tests if _other(c, name) == facts(config).get("reference")]
    return named[0] if named else min(tests, key=lambda c: abs(c.difference or 0.0))


def _conclusion(results: Results, tests: list[Comparison], name: str) -> str:
    views = [(_other(c, name), seen_from(c, name)) for c in tests]
    matched = [_other(c, name) for c in _matched(results, tests, name)]
    if matched:
        return f"It was not shown to do better than the baseline {listed(matched)}."
    if any(view == "alike" for _, view in views):
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
