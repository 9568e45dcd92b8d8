"""Rows 15 to 21 of the checklist: who and what was left out, and what the run keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.report.protocol.limitations import limitations
from texturekit.report.protocol.said import Said
from texturekit.report.protocol.words import few
from texturekit.report.wording import counted, listed, origin_of_tests, separated

if TYPE_CHECKING:
    from texturekit.report.protocol.seen import Seen

_SHOWN = ("roc_auc", "accuracy")


def subgroups(seen: Seen) -> Said:
    """Row 15: who the numbers hold for."""
    said, results = Said(), seen.results
    columns: dict[str, list[str]] = {}
    for one in results.subgroups:
        values = columns.setdefault(one.column, [])
        if one.value not in values:
            values.append(one.value)
    for column, values in columns.items():
        said.tell(f"By {column}: {few(values)}, each with n and intervals.")
    sites = results.protocol.left_out_values
    if results.protocol.left_out and any(m.left_out for m in seen.done):
        said.tell(
            f"By {results.protocol.left_out}: {few(sites)}, each by what has not seen it, with n "
            "and intervals."
        )
    few_cases = [
        one
        for group in results.subgroups
        for one in group.metrics.values()
        if one.value is None and one.reason
    ]
    if few_cases:
        said.tell(
            f"{counted(len(few_cases), 'value')} of subgroups "
            f"{'is' if len(few_cases) == 1 else 'are'} n/a, with the reason."
        )
    if not said.told:
        said.lack("subgroups such as site, scanner, sex or age")
    return said


def failures(seen: Seen) -> Said:
    """Row 16: what goes wrong."""
    said = Said()
    said.either(
        "Images that were called right, wrong, and most uncertainly are shown."
        if seen.study.assets and seen.done
        else "",
        "the images that were called wrong (the page holds no pictures; predictions.parquet names "
        "them)",
    )
    if any(m.confusion is not None for m in seen.done):
        said.tell("Confusion matrices show which classes are taken for which.")
    elif any(m.per_class for m in seen.done):
        said.tell("Confusion matrices show each label by itself.")
    else:
        said.lack("confusion matrices")
    one = seen.results.evaluated
    found = None if one is None else one.outside
    said.either(
        f"{found.outside:,} of {found.judged:,} images lie outside the training distribution, "
        "with the AUC inside and outside."
        if found is not None
        else "",
        "scores of what lies outside the training distribution",
    )
    return said


def robustness(seen: Seen) -> Said:
    """Row 17: what moves the numbers."""
    said, results = Said(), seen.results
    saved = results.evaluated is not None
    fitted = "the model" if saved else "every method"
    said.either(_seeds(seen), f"the spread over seeds ({fitted} was fitted with one)")
    if results.protocol.repeats > 1:
        said.tell(f"The folds were drawn {results.protocol.repeats} times.")
    if results.stability is not None:
        said.tell(
            f"How stable the columns are was measured under {listed(results.stability.changes)} on "
            f"{counted(results.stability.images, 'image')}."
        )
    else:
        said.lack("stability of the columns")
    said.lack("the methods on images with noise, blur, compression, rotation or another resolution")
    return said


def _seeds(seen: Seen) -> str:
    if seen.results.protocol.seeds < 2:
        return ""
    held = [m.name for m in seen.done if any(m.seeds.get(name) for name in _SHOWN)]
    if not held:
        return ""
    return (
        f"{counted(len(held), 'method')} fitted with {seen.results.protocol.seeds} seeds on the "
        "same folds: mean, standard deviation and all values."
    )


def testing(seen: Seen) -> Said:
    """Row 18: internal or external testing."""
    said, protocol = Said(), seen.results.protocol
    words = origin_of_tests(protocol)
    if seen.results.evaluated is not None:
        said.tell(f"A saved model was tested on {protocol.test}.")
        said.lack("whether these images come from elsewhere than those in training")
        return said
    said.tell(f"Testing was {words}.")
    if protocol.type == "external test":
        said.tell(f"{counted(seen.tested.n, 'test image')}." if seen.tested is not None else "")
    else:
        said.tell(f"{separated(protocol)}; tested on: {protocol.test}.")
        said.tell("There is no external testing.")
    return said


def undefined(seen: Seen) -> Said:
    """Row 19: what could not be said."""
    said = Said()
    gaps = [one for _, _, one in seen.estimates if one.value is None]
    gaps += [
        e for m in seen.done for c in m.per_class for e in c.metrics.values() if e.value is None
    ]
    said.tell("An undefined number is printed as n/a with its reason, never as 0.")
    count = f"{counted(len(gaps), 'number')} of methods {'is' if len(gaps) == 1 else 'are'}"
    said.tell(f"{count} undefined." if gaps else "No number of a method is undefined.")
    failed = [m for m in seen.results.methods if m.status != "ok"]
    if failed:
        said.tell(f"Methods without numbers, with the reason: {few([m.name for m in failed])}.")
    lost = sum(item.kind != "ignored" for item in seen.results.data.skipped)
    if lost:
        said.tell(f"{counted(lost, 'image')} could not be used, each with the reason.")
    return said


def record(seen: Seen) -> Said:
    """Row 20: what somebody needs to repeat the run."""
    said, known = Said(), seen.study.environment
    packages = known.get("packages") or {}
    versions = [f"texturekit {known['texturekit']}"] if known.get("texturekit") else []
    versions += [f"Python {known['python']}"] if known.get("python") else []
    number_of = sum(value is not None for value in packages.values())
    versions += [counted(number_of, "package")] if number_of else []
    said.either(f"Versions: {listed(versions)}." if versions else "", "versions")
    hardware = [
        str(known["processor"]) if known.get("processor") else "",
        counted(int(known["cores"]), "core") if known.get("cores") else "",
    ]
    shown = [one for one in hardware if one]
    said.either(f"Hardware: {', '.join(shown)}." if shown else "", "hardware")
    seed = seen.results.protocol.seed
    said.tell(f"Seed: {seed}.", f"Data sha256: {seen.results.data.sha256}.")
    commit = known.get("git_commit")
    said.either(f"Git commit: {commit}." if commit else "", "the git commit of the source")
    said.either("The command line is kept." if known.get("command") else "", "the command line")
    rows = len(seen.study.predictions)
    said.either(
        f"predictions.parquet holds {counted(rows, 'prediction')} of single images."
        if rows
        else "",
        "predictions of every image",
    )
    said.ask(seen, "availability")
    return said


def limits(seen: Seen) -> Said:
    """Row 21: what speaks against the whole."""
    said = Said()
    said.tell(*limitations(seen), "Not for clinical use.")
    return said
