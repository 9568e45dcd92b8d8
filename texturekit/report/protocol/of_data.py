"""Rows 1 to 6 of the checklist: the task, the images, and how they were dealt out."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from texturekit.report.protocol.said import Said
from texturekit.report.protocol.words import (
    by_class,
    few,
    flow_sentence,
    images_of,
    reasons,
    skipped_kinds,
)
from texturekit.report.verdict import MAIN
from texturekit.report.wording import counted, interval, number, separated

if TYPE_CHECKING:
    from texturekit.records import Repeats
    from texturekit.report.protocol.seen import Seen


def task(seen: Seen) -> Said:
    """Row 1: task, intended use, positive class, unit of analysis."""
    said, results = Said(), seen.results
    kinds = {
        "binary": "two classes",
        "multiclass": f"{len(results.classes)} classes that exclude each other",
        "multilabel": f"{len(results.classes)} labels that do not exclude each other",
    }
    said.tell(f"{results.title}: {kinds[results.kind]} ({few(results.classes)}).")
    if results.positive is not None:
        origin = results.positive_from or "not stated"
        said.tell(f"The positive class is {results.positive} (from: {origin}).")
    else:
        each = "label" if results.kind == "multilabel" else "class against the rest"
        said.tell(f"There is no positive class: numbers are means over every {each}.")
    if seen.patients is None:
        said.tell("The unit of analysis is the image; no image names its patient.")
    elif seen.several:
        said.tell(
            "The unit of analysis is the image; patients (groups) with several images are told "
            "apart in splits and intervals (rows 5 and 12)."
        )
    else:
        said.tell("The unit of analysis is the image, and every patient (group) has one.")
    said.ask(seen, "intended_use")
    return said


def source(seen: Seen) -> Said:
    """Row 2: where the images come from, and which of them were used."""
    said, data = Said(), seen.results.data
    synthetic = seen.results.synthetic
    if synthetic:
        said.tell("The images were drawn by a program; they have no licence, patients or dates.")
    said.tell(f"Read from: {data.source}.", flow_sentence(seen.results))
    for kind, items in skipped_kinds(data.skipped):
        said.tell(f"{kind.capitalize()}: {_reasons(reasons(items))}.")
    for key in ("data_source", "licence", "ethics", "dates", "inclusion"):
        words = seen.card.get("licence") if key == "licence" else None
        if words and not synthetic and key not in seen.results.statements:
            said.tell(f"The task's card says of the licence: {words}.")
        else:
            said.ask(seen, key, needed=not synthetic)
    if seen.results.pseudonymised:
        said.tell("Names of images, patients and files on this page are made up.")
    return said


def _reasons(found: list[tuple[str, int]]) -> str:
    return "; ".join(f"{reason.rstrip('.')} ({n:,})" for reason, n in found)


def reference_standard(seen: Seen) -> Said:
    """Row 3: how the truth was found, and how sure it is."""
    said, data = Said(), seen.results.data
    if seen.results.synthetic:
        said.beside = "the images were drawn by a program, which also gave them their classes"
        return said
    for key in ("reference_standard", "annotators", "label_noise"):
        said.ask(seen, key)
    if data.groups_with_two_labels:
        said.tell(
            f"{counted(data.groups_with_two_labels, 'group')} with images of several classes."
        )
    return said


def preprocessing(seen: Seen) -> Said:
    """Row 4: what every image went through."""
    said, data = Said(), seen.results.data
    if data.size is None:
        said.lack("the size at which images were compared")
    else:
        said.tell(
            f"Every image was brought to {data.size} pixels on its longer side, aspect kept, for "
            "all methods that look at pixels."
        )
    rules = {"window (8-bit view of networks)": data.window, "pictures of a file": data.frames}
    known = [f"{name}: {value}" for name, value in rules.items() if value is not None]
    if known:
        said.tell(f"Rules: {'; '.join(known)}.")
    if seen.asked:
        said.tell(_masks(seen))
    else:
        said.lack("what masks did")
    said.tell(
        "Scaling and everything else that is fitted was fitted inside the training part."
        if seen.results.evaluated is None
        else "These rules, and everything that is fitted, are the model's; nothing was changed."
    )
    digest = preprocessing_sha256(seen)
    said.either(
        f"sha256 of these settings: {digest}." if digest else "", "the hash of the settings"
    )
    return said


def _masks(seen: Seen) -> str:
    asked = seen.study.config
    if not asked.get("masks"):
        return "No folder of masks was given; what the manifest itself names counts as mask."
    did = {"crop": "the box around the mask", "mask": "the pixels inside the mask", "none": "all"}
    which = "" if data_label(seen) is None else f" (value {data_label(seen)})"
    return f"Masks{which} were given; methods saw {did.get(asked.get('roi') or '', 'a part')}."


def data_label(seen: Seen) -> int | None:
    """Return the value in the masks that is the region."""
    return seen.results.data.mask_label


def preprocessing_sha256(seen: Seen) -> str:
    """Return a hash of what fixes the preprocessing; empty where it is not all known."""
    data, asked = seen.results.data, seen.study.config
    if data.size is None or data.window is None or "roi" not in asked:
        return ""
    settings = {
        "size": data.size, "window": data.window, "frames": data.frames,
        "mask_label": data.mask_label, "roi": asked["roi"],
        "texturekit": seen.study.environment.get("texturekit"),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def splits(seen: Seen) -> Said:
    """Row 5: what was trained and tested on, and what keeps the parts apart."""
    said, results = Said(), seen.results
    protocol, data = results.protocol, results.data
    if results.evaluated is not None:
        return _one_test(seen, said)
    said.tell(f"{separated(protocol)}; seed {protocol.seed}.")
    by = "class and patient" if seen.patients is not None else "class; patients are not named"
    said.either(
        f"The table of splits counts every part by {by}." if results.splits else "",
        "the table of splits (the run folder holds none)",
    )
    said.tell(f"Groups (patients): {protocol.grouping}.")
    said.either(apart(seen), "whether patients stand in two parts")
    said.either(copies(seen), "whether copies of an image stand in two parts")
    if data.duplicates is None and results.synthetic:
        said.missing = [one for one in said.missing if not one.startswith("whether copies")]
        said.tell("Copies were not looked for: the images were drawn one by one.")
    return said


def _one_test(seen: Seen, said: Said) -> Said:
    """Say what a saved model learnt from, and what it was tested on."""
    one, results = seen.results.evaluated, seen.results
    assert one is not None
    said.tell(f"A saved model was tested on {results.protocol.test}; nothing was trained here.")
    said.either(
        f"It had learnt from {counted(one.images, 'image')} (sha256 {one.sha256})."
        if one.images is not None
        else "",
        "what the model learnt from",
    )
    said.either(
        "" if one.learnt is None else f"{one.learnt:,} of the test images are among these.",
        "whether test images are among these",
    )
    said.lack("whether patients are among those of the training")
    said.tell(f"Groups (patients): {results.protocol.grouping}.")
    return said


def apart(seen: Seen) -> str:
    """Return whether patients stand in two parts of a fold; empty where nobody knows."""
    data = seen.results.data
    if seen.patients is None:
        return ""
    if data.groups_over_parts:
        torn = ", ".join(
            f"{counted(n, 'group')} in {parts}"
            for parts, n in sorted(data.groups_over_parts.items())
        )
        return f"Groups (patients) that stand in two parts: {torn}."
    # said of the folds themselves, by every version; the counts above are younger
    grouping = seen.results.protocol.grouping
    if "each on one side of every split" in grouping:
        return "No group (patient) stands in two parts of a fold."
    return f"Of the groups (patients), {grouping}." if " stand in " in grouping else ""


def copies(seen: Seen) -> str:
    """Return what was done about copies of an image; empty where nobody looked."""
    found = seen.results.data.duplicates
    if found is None:
        return ""
    if not found.possible:
        return "No copies of an image were found."
    # each level holds the one before
    sizes = f"{found.exact:,} of exact, {found.near:,} of near, {found.possible:,} of possible"
    start = f"Groups of images that show the same: {sizes} copies, each count with the one before."
    return f"{start} {_kept(found)}"


def _kept(found: Repeats) -> str:
    if found.crossing:
        pairs = [f"{one.a} and {one.b} ({one.parts})" for one in found.crossing[:3]]
        more = len(found.crossing) - len(pairs)
        tail = f" and {more} more pairs" if more else ""
        verb = "stands" if len(found.crossing) == 1 else "stand"
        return (
            f"{counted(len(found.crossing), 'pair')} {verb} in two parts: {'; '.join(pairs)}{tail}."
        )
    if found.kept_together == "possible":
        return "All were kept on one side of every split; 0 pairs stand in two parts."
    reason = f": {found.reason.rstrip('.')}" if found.reason else ""
    if found.kept_together == "none":
        return f"They were not kept on one side{reason}."
    return f"Only {found.kept_together} copies were kept on one side{reason}."


def sample_size(seen: Seen) -> Said:
    """Row 6: how many images, and how sure the numbers are."""
    said = Said()
    classes = by_class(seen)
    said.tell(f"{images_of(seen)}" + (f": {classes}." if classes else "."))
    said.either(_width(seen), "the width of the intervals")
    said.tell(
        "A claim of power is made by the authors only, if at all; this page makes none."
        if "sample_size" in seen.results.statements
        else "This page makes no claim of power."
    )
    said.ask(seen, "sample_size")
    return said


def _width(seen: Seen) -> str:
    spans = [
        (m.name, one.low, one.high)
        for m in seen.done
        if m.family != "baseline" and (one := m.metrics.get(MAIN)) is not None
        and one.low is not None and one.high is not None
    ]  # fmt: skip
    if not spans:
        return ""
    widths = sorted((high - low, name) for name, low, high in spans)
    text = f"The 95% intervals of the AUC are {number(widths[0][0], 3)}"
    if len(widths) > 1:
        text += f" to {number(widths[-1][0], 3)}"
    text += f" wide ({counted(len(widths), 'method')} without baselines)"
    first = next(
        (one for one in spans if seen.first is not None and one[0] == seen.first.name), None
    )
    if first is None:
        return f"{text}."
    return f"{text}; that of {first[0]} goes from {interval(first[1], first[2], 3)}."
