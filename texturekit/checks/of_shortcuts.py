"""Findings about ways to the right answer that do not lead through the tissue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.checks.found import sentence
from texturekit.methods.shortcuts import GEOMETRY, METADATA, SUSPICIOUS
from texturekit.records import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.checks.found import Rule, Seen
    from texturekit.records import Estimate, Varying

TELLING = 0.6  # an AUC, by a single fact of the files
PERMUTED_AUC = 0.55
FEWEST_REFITS = 10  # that fewer all lie above one half has a chance of 1 to 500, or more
_ONE_SIDED = 0.999  # a false alarm of this error should not be met in a lifetime of studies


def _geometry(seen: Seen) -> Iterator[Finding]:
    area = _suspicious(seen, GEOMETRY)
    if area is not None:
        yield Finding(
            code="TK007",
            severity="warning",
            text="Shortcut: the size, mode and bit depth of the image files alone tell the classes "
            "apart. Every other method may read them, too, instead of the tissue.",
            evidence=_reached(GEOMETRY, area),
            advice="Find out where the images of each class come from, and compare within one "
            "source; count as gain only what a method reaches above this baseline.",
        )


def _bytes(seen: Seen) -> Iterator[Finding]:
    area = _suspicious(seen, METADATA)
    if area is not None:
        yield Finding(
            code="TK008",
            severity="note",
            text="Size and bytes of the files tell the classes apart. Bytes follow from the "
            "content as well (a smooth image is a smaller file), so this need not be a fault.",
            evidence=_reached(METADATA, area),
            advice=f"Compare with {GEOMETRY}: if that one tells the classes apart, too, the source "
            "of the images does. Were all images saved by the same program?",
        )


def _varies(seen: Seen) -> Iterator[Finding]:
    found = [
        one
        for one in seen.results.data.varying
        if (one.roc_auc.low or 0.0) > 0.5 and (one.roc_auc.value or 0.0) > TELLING
    ]
    if not found:
        return
    found.sort(key=lambda one: (-(one.roc_auc.value or 0.0), one.fact))
    yield Finding(
        code="TK009",
        severity="warning",
        text="The files of one class differ from the others in something that is no tissue. All "
        "methods work at one size, but an image that was small is blurred by it, and borders and "
        "colours stay.",
        evidence=sentence([_difference(one) for one in found]),
        advice="Find out why: other devices, other crops, other exports? Take images of one "
        "origin, or crop and resample all of them alike before labels are known.",
    )


def _difference(one: Varying) -> str:
    share = one.fact.startswith("mode")
    numbers = [f"{100 * x:.0f}%" if share else f"{x:g}" for x in (one.inside, one.outside)]
    what = one.fact if share else f"median {one.fact}"
    return (
        f"{what} is {numbers[0]} in {one.name} and {numbers[1]} in the rest "
        f"(AUC {_span(one.roc_auc)})"
    )


def _permuted(seen: Seen) -> Iterator[Finding]:
    one = seen.results.permutation
    if one is None or one.roc_auc.value is None or len(one.values) < FEWEST_REFITS:
        return
    from scipy.stats import t

    mean, count = one.roc_auc.value, len(one.values)
    error = float(np.std(one.values, ddof=1)) / math.sqrt(count)
    least = mean - float(t.ppf(_ONE_SIDED, count - 1)) * error
    if mean <= PERMUTED_AUC or least <= 0.5:
        return
    yield Finding(
        code="TK013",
        severity="error",
        text="Labels without meaning can be predicted: after the labels of whole patients were "
        "shuffled, test images were still told apart. So training and test share something that "
        "names the image: patients, slices of one scan, copies. Do not quote the numbers.",
        evidence=f"{one.method}, fitted anew to {count} shuffles on {one.images:,} images: mean "
        f"AUC {_span(one.roc_auc)}; without a leak it is 0.5.",
        advice="Keep all images of a patient on one side of every split (column group), and look "
        "for copies (texturekit data audit).",
    )


def _suspicious(seen: Seen, name: str) -> Estimate | None:
    for method in seen.done:
        area = method.metrics.get("roc_auc")
        if method.name == name and area is not None and (area.low or 0.0) > SUSPICIOUS:
            return area
    return None


def _reached(name: str, area: Estimate) -> str:
    return f"{name} reaches an AUC of {_span(area)}: its interval lies above {SUSPICIOUS:g}."


def _span(area: Estimate) -> str:
    interval = "" if area.low is None else f" [{area.low:.3f}, {area.high:.3f}]"
    return f"{area.value:.3f}{interval}"


OF_SHORTCUTS: dict[str, Rule] = {
    "TK007": _geometry,
    "TK008": _bytes,
    "TK009": _varies,
    "TK013": _permuted,
}
