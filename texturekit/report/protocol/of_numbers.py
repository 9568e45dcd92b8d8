"""Rows 9 and 11 to 14 of the checklist: the numbers, their intervals, and the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.errors import MetricError
from texturekit.metrics import predictive_values
from texturekit.report.protocol.of_models import balance, weighing
from texturekit.report.protocol.said import Said
from texturekit.report.protocol.words import few, repeated, were
from texturekit.report.tables import position
from texturekit.report.wording import counted, listed, metric_name, with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import ClassResult, Estimate
    from texturekit.report.protocol.seen import Seen, Tested

WANTED = (
    "roc_auc", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "precision", "npv",
    "f1", "mcc", "average_precision", "brier", "ece",
)  # fmt: skip
PREVALENCES = (0.05, 0.2, 0.5)
_CLUSTERED = ("cluster", "patient", "group")


def numbers(seen: Seen) -> Said:
    """Row 9: every number of every method."""
    said = Said()
    if not seen.done:
        said.lack("any number: no method finished")
        return said
    said.either(_tested(seen), "the number of test images and their classes")
    gaps = [name for name in WANTED if any(name not in m.metrics for m in seen.done)]
    held = [name for name in WANTED if name not in gaps]
    if held:
        said.tell(f"For every method that finished: {listed([metric_name(n) for n in held])}.")
    if gaps:
        said.lack(f"for some methods: {listed([metric_name(name) for name in gaps])}")
    valued = [one for _, _, one in seen.estimates if one.value is not None]
    bare = [one for one in valued if one.low is None or one.high is None]
    why = "; the reason stands with each of the others" if all(one.reason for one in bare) else ""
    said.tell(
        f"{len(valued) - len(bare):,} of {counted(len(valued), 'value')} have a 95% interval and "
        f"the name of the method that gave it{why if bare else ''}.",
        repeated(seen.results),
    )
    counts = all(m.confusion is not None or _by_label(m.per_class) for m in seen.done)
    said.either("Confusion matrices hold the counts." if counts else "", "confusion matrices")
    return said


def _by_label(per_class: Sequence[ClassResult]) -> bool:
    return bool(per_class) and all(one.confusion is not None for one in per_class)


def _tested(seen: Seen) -> str:
    tested = seen.tested
    if tested is None:
        return ""
    shares = [
        f"{name} {tested.counts[name]:,} ({100 * tested.counts[name] / tested.known[name]:.1f}%)"
        for name in seen.results.classes
        if tested.known.get(name)
    ]
    return f"{counted(tested.n, 'test image')}: {few(shares, 8)}."


def differences(seen: Seen) -> Said:
    """Row 11: which pairs were tested, and how."""
    said, tests = Said(), seen.results.comparisons
    made = [one for one in tests if one.p is not None]
    if not made:
        why = "fewer than two methods finished" if len(seen.done) < 2 else "none could be tested"
        said.lack(f"paired differences ({why})")
        return said
    pairs = list(dict.fromkeys((one.a, one.b) for one in made))
    amount = f"of {counted(len(pairs), 'pair')} of methods"
    said.tell(
        f"{were(len(made), 'paired test')} made on the same images, {amount}: {_declared(seen)}.",
        "Their p are corrected by Holm's method over all of them, the declared family.",
        "A pair of which nothing was shown is called \N{LEFT DOUBLE QUOTATION MARK}no difference "
        "shown\N{RIGHT DOUBLE QUOTATION MARK}, not equal.",
    )
    if any(one.general is not None and one.general.p is not None for one in made):
        said.tell(
            "\N{LEFT DOUBLE QUOTATION MARK}Better\N{RIGHT DOUBLE QUOTATION MARK} needs a second p, "
            "too, which counts the chance in the training images."
        )
    bare = [one for one in made if one.low is None or one.high is None]
    if bare:
        said.lack(f"the interval of {counted(len(bare), 'difference')}")
    untested = len(tests) - len(made)
    if untested:
        said.tell(f"{were(untested, 'comparison')} not testable; the reason stands with each.")
    return said


def _declared(seen: Seen) -> str:
    """Return which pairs were asked for."""
    if seen.study.config.get("pairs") == "all":
        return "every method against every other"
    return "all against the reference, and the one that leads against all"


def clustering(seen: Seen) -> Said:
    """Row 12: whether intervals and tests know of patients."""
    said = Said()
    if not seen.done:
        said.lack("intervals: no method finished")
        return said
    if seen.patients is None:
        said.tell(
            "Images that repeat one another count as one group, all others as their own patients."
            if seen.joined
            else "Every image counts as its own patient.",
            "Intervals may be too narrow.",
        )
        said.lack("clustering by patient, as no image names its patient")
        return said
    if not seen.several:
        said.tell("Every patient (group) has one image, so images are independent of one another.")
        return said
    spans = [(name, one.how) for _, name, one in seen.estimates if one.low is not None]
    tests = [(one.metric, one.how) for one in seen.results.comparisons if one.p is not None]
    for what, found in (("interval", spans), ("test", tests)):
        loose = sorted({name for name, how in found if "independent" in how}, key=position)
        said.tell(_clustered(what, [how for _, how in found]))
        if loose:
            names = listed([metric_name(one) for one in loose])
            said.lack(f"clustering by patient in the {what}s of {names}")
    return said


def _clustered(what: str, hows: Sequence[str]) -> str:
    """Return how many intervals or tests know of patients; without a word, all have one image."""
    if not hows:
        return ""
    loose = sum("independent" in how for how in hows)
    single = sum("independent" not in how and not _knows(how) for how in hows)
    knowing = len(hows) - loose - single
    text = f"{knowing:,} of {counted(len(hows), what)} {'is' if knowing == 1 else 'are'} clustered"
    verb = "rests" if single == 1 else "rest"
    rest = f"; {single:,} {verb} on images of which every patient has one" if single else ""
    return f"{text} by patient (group){rest}."


def _knows(how: str) -> bool:
    """Tell whether a way of making intervals counts patients rather than images."""
    return any(word in how for word in _CLUSTERED)


def calibration(seen: Seen) -> Said:
    """Row 13: whether probabilities are what happens."""
    said = Said()
    said.either(
        "Calibration is drawn: mean predicted probability against the observed share."
        if seen.drawn("calibration")
        else "",
        "a calibration plot",
    )
    if seen.results.kind == "binary":
        slopes = [m for m in seen.done if _value(m.metrics.get("calibration_slope"))]
        said.either(
            f"{counted(len(slopes), 'method')} with calibration slope and intercept."
            if slopes
            else "",
            "calibration slope and intercept",
        )
    else:
        said.tell("Slope and intercept are for two classes and not applicable here.")
    done = list(dict.fromkeys(m.calibration for m in seen.done if m.calibration is not None))
    saved = seen.results.evaluated is not None
    weighed = "" if saved else weighing(seen)
    sides = "both" if seen.results.kind == "multilabel" else "classes"
    said.tell(
        f"Calibration inside the training part: {'; '.join(done)}."
        if done
        else "Probabilities were not calibrated afterwards.",
        "" if saved else _balance(seen),
        weighed,
        f"Probabilities that are not calibrated are then those if {sides} came equally often."
        if weighed
        else "",
    )
    return said


def _value(one: Estimate | None) -> bool:
    return one is not None and one.value is not None


def _balance(seen: Seen) -> str:
    if balance(seen) == "sampling" and any(m.family == "finetuned" for m in seen.done):
        return "Training images of networks were drawn so that classes come equally often."
    return "No class was drawn more often than it is found."


def prevalence(seen: Seen) -> Said:
    """Row 14: what the numbers would be worth where the methods are to be used."""
    said, tested, positive = Said(), seen.tested, seen.results.positive
    if tested is None:
        said.lack("how often the classes are found in the test images")
    elif positive is not None:
        share = tested.counts[positive] / tested.n if tested.n else 0.0
        said.tell(f"In the test images {100 * share:.1f}% are {positive}.")
    else:
        said.tell(_tested(seen))
    said.ask(seen, "intended_prevalence")
    if positive is not None and tested is not None:
        said.either(_elsewhere(seen, tested, positive), "PPV and NPV at several prevalences")
    elif positive is None:
        said.tell("PPV and NPV at other prevalences are for two classes and not applicable here.")
    drawn = seen.drawn("net_benefit")
    said.either("The net benefit was computed over thresholds." if drawn else "", "the net benefit")
    return said


def _elsewhere(seen: Seen, tested: Tested, positive: str) -> str:
    """Return the predictive values of the leading method at other prevalences."""
    if seen.first is None or not 0 < tested.counts[positive] < tested.n:
        return ""
    frame = seen.study.predictions
    rows = frame[(frame["method"] == seen.first.name) & (frame["split"] == "test")]
    rows = rows[rows["repeat"] == rows["repeat"].min()]
    groups = rows["group"].tolist() if seen.several and rows["group"].notna().all() else None
    texts = []
    for share in PREVALENCES:
        try:
            found = predictive_values(
                (rows["label"] == positive).tolist(), (rows["predicted"] == positive).tolist(),
                share, groups,
            )  # fmt: skip
        except MetricError:
            return ""
        ppv, npv = (
            with_interval(found[name], name) if found[name].value is not None else "n/a"
            for name in ("precision", "npv")
        )
        texts.append(f"{100 * share:g}%: PPV {ppv}, NPV {npv}")
    repeat = ", first repeat" if seen.results.protocol.repeats > 1 else ""
    return (
        f"{seen.first.name} at other shares of {positive}{repeat}: {'; '.join(texts)}. This takes "
        "sensitivity and specificity as they are here."
    )
