"""Findings about a saved model that was tested: whether its test is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.checks.found import counted
from texturekit.records import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.checks.found import Rule, Seen

TIMES, LEAST = 2.0, 0.1  # of the share of held-out training images that lie outside; of all


def _learnt(seen: Seen) -> Iterator[Finding]:
    one = seen.results.evaluated
    if one is None or not one.learnt:
        return
    yield Finding(
        code="TK025",
        severity="error",
        text="This is no test: the model learnt from these images, or from some of them. The "
        "numbers are too good by an unknown amount; do not quote them.",
        evidence=f"{one.learnt:,} of {seen.results.data.used:,} images are, to the byte, among "
        f"{'those' if one.images is None else f'the {one.images:,} images'} that {one.method} was "
        "trained on.",
        advice="Test on images that the model has not seen. What to expect on new images, the "
        "comparison tells that chose the method (texturekit compare): its test images were kept "
        "apart.",
    )


def _unlike(seen: Seen) -> Iterator[Finding]:
    one = None if seen.results.evaluated is None else seen.results.evaluated.outside
    if one is None or (one.share.low or 0.0) <= max(TIMES * one.expected, LEAST):
        return
    yield Finding(
        code="TK026",
        severity="warning",
        text="Many test images lie outside the training distribution: they are of another kind "
        "than those that the model knows (another device, crop or preparation), and what it says "
        "of them is not to be relied on.",
        evidence=f"{one.outside:,} of {counted(one.judged, 'image')}, "
        f"{100 * (one.share.value or 0):.0f}%; of the training images that were held out "
        f"to set the threshold {100 * one.expected:.0f}% did.",
        advice="Look at some of them beside training images (texturekit show); prepare all alike, "
        "or train on images of this origin, too.",
    )


def _unknown(seen: Seen) -> Iterator[Finding]:
    one = seen.results.evaluated
    if one is None or one.learnt:
        return
    if one.learnt is None:
        yield Finding(
            code="TK027",
            severity="warning",
            text="Nobody knows whether the model learnt from these images: it does not hold what "
            "it was trained on.",
            evidence="No record of the training images in the model.",
            advice="Find out what it was trained on (public sets share images), before you call "
            "this a test.",
        )
        return
    yield Finding(
        code="TK027",
        severity="note",
        text="No test image is, to the byte, one that the model learnt from. Whether it learnt "
        "from other images of the same patients, or from these saved anew, cannot be told: a "
        "model holds no names of patients.",
        evidence=f"{counted(seen.results.data.used, 'image')} compared with the hashes of "
        f"{one.images or 0:,}.",
        advice="Make sure that these patients are others than those in training.",
    )


OF_EVALUATIONS: dict[str, Rule] = {"TK025": _learnt, "TK026": _unlike, "TK027": _unknown}
