"""Findings about what went in: leaks, groups, copies, counts, classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.checks.found import counted, named, sentence
from texturekit.records import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.checks.found import Rule, Seen
    from texturekit.records import Crossing

FEW = 10  # patients (images) of a class
_PAIRS = 3
_LEAKED = (
    "Leakage: the same patients or the same images stand in training and in the images that judge "
    "it. The numbers are too good by an unknown amount; do not quote them."
)
_LEAKED_INSIDE = (
    "Leakage: the same patients or the same images stand in training and in validation. What was "
    "chosen on the validation part was chosen by images that are not new; test images are new."
)


def _leak(seen: Seen) -> Iterator[Finding]:
    torn = seen.results.data.groups_over_parts
    exact = _crossing(seen, "exact")
    if not torn and not exact:
        return
    evidence = [
        f"{counted(count, 'group')} of {seen.results.data.groups} in {parts}"
        for parts, count in torn.items()
    ]
    if exact:
        evidence.append(f"{counted(len(exact), 'pair')} of exact copies: {_shown(exact)}")
    tested = any("test" in parts for parts in (*torn, *(one.parts for one in exact)))
    yield Finding(
        code="TK001",
        severity="error" if tested else "warning",
        text=_LEAKED if tested else _LEAKED_INSIDE,
        evidence=sentence([*evidence, "allowed, as asked"]),
        advice="Keep all images of a patient, and all copies of an image, on one side: leave the "
        "given splits out and let texturekit draw the folds, or mend them (texturekit data audit "
        "lists every case).",
    )


def _groups(seen: Seen) -> Iterator[Finding]:
    data, grouping = seen.results.data, seen.results.protocol.grouping
    if data.groups is None and seen.results.evaluated is not None:
        yield Finding(
            code="TK002",
            severity="warning",
            text="It is not known which images belong to the same patient. If patients have "
            "several images, the intervals are too narrow.",
            evidence=f"Grouping: {grouping}.",
            advice="Add a column group with the patient to the manifest. If every image is of "
            "another patient, say so where you publish the numbers.",
        )
    elif data.groups is None:
        yield Finding(
            code="TK002",
            severity="warning",
            text="It is not known which images belong to the same patient. If patients have "
            "several images, some stand in training and in test, the numbers are too good and the "
            "intervals too narrow.",
            evidence=f"Grouping: {grouping}.",
            advice="Add a column group with the patient to the manifest. If every image is of "
            "another patient, say so where you publish the numbers.",
        )
    elif "no group" in grouping:
        yield Finding(
            code="TK002",
            severity="note",
            text="Some images name no patient and count as patients of their own.",
            evidence=f"Grouping: {grouping}.",
            advice="Fill the column group for them, if they show patients with several images.",
        )


def _copies(seen: Seen) -> Iterator[Finding]:
    repeats = seen.results.data.duplicates
    if repeats is None:
        return
    if seen.results.evaluated is not None:
        return  # all of them are on one side; what counts as one patient stands in the data
    near, possible = _crossing(seen, "near"), _crossing(seen, "possible")
    if near or possible:
        yield Finding(
            code="TK003",
            severity="warning" if near else "note",
            text="Images that look alike stand in two parts of the given splits. If they are "
            "copies of one picture, a method can know the answer, and the numbers are too good.",
            evidence=sentence(
                [
                    f"{counted(len(pairs), 'pair')} of {kind} copies: {_shown(pairs)}"
                    for kind, pairs in (("near", near), ("possible", possible))
                    if pairs
                ]
            ),
            advice="Look at them (texturekit data audit shows every pair); take one of each pair "
            "out if they are copies.",
        )
    elif repeats.reason is not None and repeats.kept_together != "possible":
        # Exact copies are copies; what is merely alike may be another picture of the same texture.
        sure = repeats.kept_together != "none"
        yield Finding(
            code="TK003",
            severity="note" if sure else "warning",
            text="Copies of images could not all be kept on one side of every fold. If they are "
            "copies of one picture, the numbers are too good.",
            evidence=f"{repeats.reason}. Kept together: {repeats.kept_together} copies.",
            advice="Look at the copies (texturekit data audit), and take the surplus ones out.",
        )


def _few(seen: Seen) -> Iterator[Finding]:
    few = {name: count for name, count in _counts(seen).items() if 0 < count < FEW}
    if not few:
        return
    worst = min(few, key=lambda name: few[name])
    yield Finding(
        code="TK006",
        severity="warning",
        text=f"Fewer than {FEW} test cases stand on one side of a class: no number that rests on "
        "them is worth much, and its interval may be too narrow.",
        evidence=f"{worst}: {counted(few[worst], seen.unit)}"
        + (f"; also few: {named([n for n in few if n != worst])}." if len(few) > 1 else "."),
        advice="Collect more cases of it, merge or leave out rare classes, or report the counts "
        "instead of a percentage.",
    )


def _missing(seen: Seen) -> Iterator[Finding]:
    missing = [name for name, count in _counts(seen).items() if count == 0]
    if missing:
        yield Finding(
            code="TK012",
            severity="warning",
            text="The test images lack a class altogether: its numbers are n/a, and a mean over "
            "classes leaves it out.",
            evidence=f"No test case of {named(missing)}{_unlearnt(seen, missing)}.",
            advice="Test on images of every class, or leave the class out of the task.",
        )


def _unlearnt(seen: Seen, missing: list[str]) -> str:
    """Say where there may be cases, but a label could not be learnt in the folds that test them."""
    cases = seen.tested
    bare = {name.removeprefix("not ") for name in missing}
    lacking = cases is not None and any(
        bool(np.isnan(cases.probability[:, k]).any())
        for k, name in enumerate(cases.classes)
        if name in bare
    )
    return " among those that it was predicted for" if lacking else ""


def _counts(seen: Seen) -> dict[str, int]:
    """Return the number of test patients (images) of each class; of each side of each label."""
    cases = seen.tested
    if cases is None:
        return {}
    found = {}
    for k, name in enumerate(cases.classes):
        known = cases.known[:, k]
        if cases.kind == "multilabel" and not known.any():
            continue  # nobody knows it: no method was judged by it
        found[name] = len(np.unique(cases.group[cases.truth[:, k] & known]))
        if cases.kind == "multilabel":
            found[f"not {name}"] = len(np.unique(cases.group[~cases.truth[:, k] & known]))
    return found


def _positive(seen: Seen) -> Iterator[Finding]:
    if seen.results.positive_from == "last in sorted order":
        other = next(c for c in seen.results.classes if c != seen.results.positive)
        yield Finding(
            code="TK016",
            severity="warning",
            text="Nobody said which class is the disease; it was assumed. If it is the other one, "
            "sensitivity and specificity are swapped.",
            evidence=f"Assumed positive: {seen.results.positive!r}, as it sorts after {other!r}.",
            advice=f"Name it: --positive {seen.results.positive!r} or --positive {other!r}.",
        )


def _synthetic(seen: Seen) -> Iterator[Finding]:
    if seen.results.synthetic:
        yield Finding(
            code="TK017",
            severity="warning",
            text="Synthetic data: these numbers say nothing about patients.",
            evidence=f"All {seen.results.data.used:,} images were drawn by a program.",
            advice="Give images of your own with --data, or fetch a public set (texturekit data "
            "list).",
        )


def _two_labels(seen: Seen) -> Iterator[Finding]:
    mixed, groups = seen.results.data.groups_with_two_labels, seen.results.data.groups
    if mixed:
        yield Finding(
            code="TK021",
            severity="note",
            text="Some patients have images of several classes. That is allowed, and they are kept "
            "on one side of every split, but their images are not independent of one another.",
            evidence=f"{mixed} of {groups} groups hold images of more than one class.",
            advice="If the label is the patient's and not the image's, check these labels.",
        )


def _crossing(seen: Seen, kind: str) -> list[Crossing]:
    repeats = seen.results.data.duplicates
    return [] if repeats is None else [one for one in repeats.crossing if one.kind == kind]


def _shown(pairs: list[Crossing]) -> str:
    texts = [f"{one.a} = {one.b} ({one.parts})" for one in pairs[:_PAIRS]]
    more = [f"and {len(pairs) - _PAIRS} more"] if len(pairs) > _PAIRS else []
    return ", ".join([*texts, *more])


OF_DATA: dict[str, Rule] = {
    "TK001": _leak,
    "TK002": _groups,
    "TK003": _copies,
    "TK006": _few,
    "TK012": _missing,
    "TK016": _positive,
    "TK017": _synthetic,
    "TK021": _two_labels,
}
