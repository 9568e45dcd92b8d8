"""A single model that was saved before and is tested now: what the page says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.report.wording import (
    counted,
    digits,
    interval,
    metric_name,
    number,
    seen_from,
    with_interval,
)

if TYPE_CHECKING:
    from texturekit.records import Comparison, Estimate, Evaluated, MethodResult, Results

MAIN = "roc_auc"
_BESIDE = ("roc_auc", "accuracy", "sensitivity", "specificity", "balanced_accuracy", "brier",
           "calibration_slope")  # fmt: skip


@dataclass(frozen=True)
class Side:
    """A metric in the comparison that chose the method, and here."""

    metric: str
    before: str
    before_span: str
    here: str
    here_span: str


def sentences(
    results: Results, first: MethodResult, test: Comparison | None
) -> tuple[str, str, str]:
    """Return what a model reaches, whether that is better than chance, and the test that says so.

    Parameters
    ----------
    results : Results
        With ``evaluated``.
    first : MethodResult
        The model's row.
    test : Comparison or None
        Against the class shares of its training images.
    """
    one, area = results.evaluated, first.metrics[MAIN]
    where = results.protocol.external or "these images"
    seen = ""
    if one is not None and one.learnt:
        every = one.learnt == results.data.used
        seen = (
            ", all of which it learnt from"
            if every
            else f", {counted(one.learnt, 'image')} of which it learnt from"
        )
    missing = " (no 95% interval could be computed)" if area.low is None else ""
    main = f"{first.name} reaches an AUC of {with_interval(area, MAIN)}{missing} on {where}{seen}."
    if seen:
        return main, "So this is no test of the model.", ""
    if test is not None:
        floor = test.b if test.a == first.name else test.a
        verdicts = {
            "better": "Better than the class shares of its training images alone.",
            "alike": f"It was not shown to do better than the baseline {floor}.",
            "worse": f"It does worse than the baseline {floor}.",
            "unknown": "Whether that is better than guessing could not be tested.",
        }
        return main, verdicts[seen_from(test, first.name)], test.sentence
    return main, _against_half(area), ""


def _against_half(area: Estimate) -> str:
    """Return what an interval says of guessing, where there is no baseline to test against."""
    if area.low is None or area.high is None:
        return ""
    if area.low > 0.5:
        return "The interval lies above 0.5, which is guessing."
    if area.high < 0.5:
        return "The interval lies below 0.5, which is guessing."
    return "The interval holds 0.5, which is guessing: it was not shown to do better."


def tested_on(results: Results) -> str:
    """Return the sentence that says which model was tested on what."""
    one, data = results.evaluated, results.data
    assert one is not None
    learnt = ""
    if one.images is not None:
        of = "" if one.groups is None else f" from {counted(one.groups, 'group')} (patients)"
        learnt = f", trained before on {counted(one.images, 'image')}{of},"
    of = "" if data.groups is None else f" from {counted(data.groups, 'group')} (patients)"
    return f"A saved model{learnt} tested on {counted(data.used, 'image')}{of}."


def beside(one: Evaluated, first: MethodResult | None) -> list[Side]:
    """Return the metrics of the comparison that chose the method, beside those here."""
    if one.tested is None or first is None:
        return []
    before = one.tested.metrics
    return [
        Side(
            metric_name(name),
            number(before[name].value, digits(name)),
            interval(before[name].low, before[name].high, digits(name)),
            number(first.metrics[name].value, digits(name)),
            interval(first.metrics[name].low, first.metrics[name].high, digits(name)),
        )
        for name in _BESIDE
        if name in before and name in first.metrics
    ]


def met(one: Evaluated) -> list[str]:
    """Return sentences on the images that lie outside the training distribution."""
    if one.outside is None:
        return [f"Nothing tells which images lie outside the training distribution: {one.blind}."]
    found = one.outside
    share = found.share
    span = "" if share.low is None or share.high is None else (
        f" (95% interval {100 * share.low:.0f}% to {100 * share.high:.0f}%)"
    )  # fmt: skip
    told = [
        f"{found.outside:,} of {counted(found.judged, 'image')} lie outside the training "
        f"distribution: {100 * (share.value or 0):.0f}%{span}; of the training images that were "
        f"held out to set the threshold, {100 * found.expected:.0f}% did."
    ]
    for name, area in found.roc_auc.items():
        shown = with_interval(area, MAIN) if area.value is not None else f"n/a: {area.reason}"
        told.append(f"AUC of the images {name}: {shown}.")
    return told
