"""Findings about single numbers: too wide, too good, too alike, not what they seem."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from texturekit.checks.found import MAIN, counted, named, sentence, value
from texturekit.checks.selection import optimism
from texturekit.records import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.checks.found import Rule, Seen
    from texturekit.records import MethodResult

WIDE = 0.2  # from the lower to the upper end of an interval
CHOSEN = 0.005  # of an AUC, by which the best of several is too good
OVERFITTED = 0.1  # of an AUC
SLOPE = 0.2  # that a calibration slope may miss 1 by
ECE, BINS = 0.05, 10
_SAME = (MAIN, "brier", "log_loss")


def _chosen(seen: Seen) -> Iterator[Finding]:
    first, ranked = seen.leader, [m for m in seen.candidates if value(m) is not None]
    if first is None or len(ranked) < 2 or first.name == seen.declared:
        return
    gain = optimism([case for m in ranked if (case := seen.cases(m.name)) is not None])
    if gain is None or gain < CHOSEN:
        return
    second = max(value(m) or 0.0 for m in ranked if m is not first)
    yield Finding(
        code="TK004",
        severity="note",
        text=f"The best method was picked by the same test images that its AUC comes from. The "
        f"best of {len(ranked)} is partly the luckiest of {len(ranked)}: on new images it will on "
        "average do worse.",
        evidence=f"{first.name}: {value(first):.3f}, the next {second:.3f}. Redrawn within their "
        f"uncertainty, the best of the {len(ranked)} comes out {gain:.3f} too high.",
        advice="Before quoting its AUC, test it on images that had no part in the choice; or name "
        "the method beforehand (--reference).",
    )


def _wide(seen: Seen) -> Iterator[Finding]:
    widths = {
        m.name: area.high - area.low
        for m in seen.candidates
        if (area := m.metrics.get(MAIN)) is not None
        and area.low is not None
        and area.high is not None
    }
    wide = [name for name, width in widths.items() if width > WIDE]
    if wide:
        widest = max(wide, key=lambda name: widths[name])
        yield Finding(
            code="TK005",
            severity="warning",
            text="There are too few images to say how good a method is: the 95% interval of an AUC "
            f"is wider than {WIDE:g}.",
            evidence=f"{counted(len(wide), 'method')} of {len(widths)}; the widest interval, "
            f"{widths[widest]:.3f}, is that of {widest}.",
            advice="Quote the interval, not the value; collect more patients. Four times as many "
            "halve the width.",
        )


def _chance(seen: Seen) -> Iterator[Finding]:
    lazy = [m.name for m in seen.candidates if _one_answer(m)]
    others = [m for m in seen.candidates if m.name not in lazy]
    blind = [m.name for m in others if _ends(m)[0] <= 0.5 <= _ends(m)[1]]
    turned = [m.name for m in others if _ends(m)[1] < 0.5]
    if not lazy and not blind and not turned:
        return
    parts = []
    if lazy:
        parts.append(f"the same answer to every image: {named(lazy)}")
    if blind:
        parts.append(f"an AUC whose interval covers 0.5: {named(blind)}")
    if turned:
        parts.append(f"an AUC whose interval lies below 0.5: {named(turned)}")
    yield Finding(
        code="TK010",
        severity="warning",
        text="Some methods were not shown to do better than guessing the most frequent class.",
        evidence=sentence(parts),
        advice="Do not quote their accuracy: it is the share of that class. With more patients "
        "they may still turn out to know something.",
    )


def _one_answer(method: MethodResult) -> bool:
    """Tell whether every image was called the same."""
    if method.confusion is not None:
        return int((np.sum(method.confusion, axis=0) > 0).sum()) == 1
    called = [np.array(one.confusion) for one in method.per_class if one.confusion is not None]
    return bool(called) and all(0 in table.sum(axis=0) for table in called)


def _ends(method: MethodResult) -> tuple[float, float]:
    """Return the interval of the AUC; one above all others where there is none."""
    area = method.metrics.get(MAIN)
    if area is None or area.low is None or area.high is None:
        return math.inf, math.inf
    return area.low, area.high


def _uncalibrated(seen: Seen) -> Iterator[Finding]:
    found = {m.name: text for m in seen.candidates if (text := _miscalibration(m, seen.units))}
    if found:
        yield Finding(
            code="TK011",
            severity="note",
            text="Probabilities are not what happens: of images that are given 80%, it is not 80 "
            "of 100. AUC and decisions may still be right; the probabilities are no risks.",
            evidence=f"{counted(len(found), 'method')} of {len(seen.candidates)}: "
            f"{'; '.join(f'{name} {text}' for name, text in list(found.items())[:4])}.",
            advice="Rank images by them, but quote no probability; or calibrate (--calibrate "
            "sigmoid) and look at the calibration slope again.",
        )


def _miscalibration(method: MethodResult, units: int) -> str | None:
    """Say how far off probabilities are, if by more than chance and by more than a little."""
    slope, ece = method.metrics.get("calibration_slope"), method.metrics.get("ece")
    # With fewer than 10 patients of a class, which the caution says, no slope is known.
    known = slope is not None and slope.low is not None and slope.caution is None
    if known and slope is not None and slope.value is not None and slope.low is not None:
        assert slope.high is not None
        if abs(slope.value - 1) > SLOPE and not slope.low <= 1 <= slope.high:
            return f"slope {slope.value:.2f} [{slope.low:.2f}, {slope.high:.2f}]"
    if ece is not None and ece.low is not None and units:
        # What a method with true probabilities shows by chance: at most half a standard
        # deviation of each bin's share, 0.8 of it on average.
        by_chance = 0.4 * math.sqrt(BINS / units)
        if ece.low > max(ECE, by_chance):
            return f"ECE {ece.value:.3f} [{ece.low:.3f}, {ece.high:.3f}]"
    return None


def _overfitted(seen: Seen) -> Iterator[Finding]:
    gaps = {}
    for method in seen.candidates:
        train = method.parts.get("train", {}).get(MAIN)
        test = method.parts.get("test", method.metrics).get(MAIN)
        if train is None or test is None or train.value is None or test.value is None:
            continue
        if train.value - test.value > OVERFITTED:
            gaps[method.name] = (train.value - test.value, train.value, test.value)
    if gaps:
        worst = max(gaps, key=lambda name: gaps[name])
        yield Finding(
            code="TK014",
            severity="note",
            text="On the images it learnt from, a method looks much better than on new ones. "
            "Forests, boosting and nets know them by heart: only test numbers count.",
            evidence=f"{counted(len(gaps), 'method')}; the widest gap: {worst}, AUC "
            f"{gaps[worst][1]:.3f} in training, {gaps[worst][2]:.3f} in test.",
            advice="Quote test numbers only. More patients, fewer columns or a simpler method "
            "narrow the gap.",
        )


def _metric_decides(seen: Seen) -> Iterator[Finding]:
    first = seen.leader
    if first is None:
        return
    others = {}
    for metric in ("balanced_accuracy", "average_precision", "mcc"):
        own = value(first, metric)
        ranked = [m for m in seen.candidates if value(m, metric) is not None]
        best = max(ranked, key=lambda m: value(m, metric) or 0.0, default=None)
        top = None if best is None else value(best, metric)
        if best is not None and own is not None and top is not None and top > own:
            words = metric.replace("_", " ")
            others[words] = f"by {words} {best.name} ({top:.3f}, the other {own:.3f})"
    if others:
        yield Finding(
            code="TK015",
            severity="note",
            text="Which method is best depends on the metric.",
            evidence=f"By AUC {first.name} ({value(first):.3f}); {'; '.join(others.values())}.",
            advice="Say beforehand which metric counts, and look at the paired tests: a lead that "
            "changes with the metric is rarely shown to be real.",
        )


def _alike(seen: Seen) -> Iterator[Finding]:
    told = [m for m in seen.candidates if _tells(m)]
    numbers = {m.name: tuple(value(m, metric) for metric in _SAME) for m in told}
    same = [
        f"{a} and {b}"
        for a, b in pairwise(sorted(numbers, key=lambda name: (str(numbers[name]), name)))
        if numbers[a] == numbers[b]
    ]
    parts = []
    for m in told:
        areas = {name: one[MAIN].value for name, one in m.parts.items() if MAIN in one}
        if areas.get("val") == areas.get("test") not in (None, 0.0, 0.5, 1.0):
            parts.append(f"{m.name} on validation and test images")
    if same or parts:
        yield Finding(
            code="TK020",
            severity="warning",
            text="Two results agree to the last digit. Different methods, or different images, "
            "hardly ever do that: one may be a copy of the other.",
            evidence=sentence(
                [f"equal AUC, Brier score and log loss: {named(same)}"] * bool(same)
                + [f"equal AUC: {named(parts)}"] * bool(parts)
            ),
            advice="See in predictions.parquet whether the probabilities are the same; if the two "
            "methods are the same thing under two names, leave one out.",
        )


def _tells(method: MethodResult) -> bool:
    """Tell whether equal numbers would say anything: all faultless methods have the same."""
    return not _one_answer(method) and value(method) is not None and value(method, "brier") != 0


def _hard(seen: Seen) -> Iterator[Finding]:
    told = [f"p.{name}" for name in seen.results.classes]
    hard = [m.name for m in seen.candidates if value(m) is not None and _zero_or_one(seen, m, told)]
    if hard:
        yield Finding(
            code="TK023",
            severity="warning",
            text="A method gives decisions instead of degrees: every probability is 0 or 1. Its "
            "AUC is then a balanced accuracy under another name, and no AUC to compare with.",
            evidence=f"{named(hard)}.",
            advice="Compare it by balanced accuracy, or make it give probabilities.",
        )


def _zero_or_one(seen: Seen, method: MethodResult, columns: list[str]) -> bool:
    rows = seen.predictions.loc[seen.predictions["method"] == method.name, columns]
    values = rows.to_numpy(dtype=np.float64)
    values = values[~np.isnan(values)]
    return bool(values.size and np.isin(values, (0.0, 1.0)).all())


def _other_images(seen: Seen) -> Iterator[Finding]:
    counts = {m.name: m.n for m in seen.done}
    if len(set(counts.values())) > 1:
        least, most = (f(counts, key=lambda name: counts[name]) for f in (min, max))
        yield Finding(
            code="TK024",
            severity="warning",
            text="The methods were not tested on the same images, so their numbers do not compare.",
            evidence=f"{least}: {counts[least]:,} images; {most}: {counts[most]:,}.",
            advice="Read the paired tests only, which use the images that both have; run again to "
            "have all methods on the same ones.",
        )


OF_NUMBERS: dict[str, Rule] = {
    "TK004": _chosen,
    "TK005": _wide,
    "TK010": _chance,
    "TK011": _uncalibrated,
    "TK014": _overfitted,
    "TK015": _metric_decides,
    "TK020": _alike,
    "TK023": _hard,
    "TK024": _other_images,
}
