"""What limits a study, in prose, from what its run shows to be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.checks.of_methods import random_weights
from texturekit.metrics.sentences import ENOUGH_REPEATS
from texturekit.report.protocol.said import sentence
from texturekit.report.protocol.words import few, left_out
from texturekit.report.wording import counted

if TYPE_CHECKING:
    from texturekit.report.protocol.seen import Seen

#: Findings that other sentences below tell of.
_SAID = ("TK002", "TK017", "TK018")
_FEW_PATIENTS = 100


def limitations(seen: Seen) -> list[str]:
    """Return sentences on what is missing, the gravest first; the authors' own come last."""
    results = seen.results
    own = results.statements.get("limitations")
    return [
        one
        for one in (
            *_data(seen),
            *_methods(seen),
            *(
                f"A check found ({one.code}): {sentence(one.text)}"
                for one in results.findings
                if one.severity != "note" and one.code not in _SAID
            ),
            f"The authors add: {sentence(own)}" if own else "",
        )
        if one
    ]


def _data(seen: Seen) -> list[str]:
    results = seen.results
    protocol, told = results.protocol, []
    if results.synthetic:
        told.append("The images were drawn by a program and say nothing about patients.")
    if protocol.type != "external test":
        told.append(
            "All images come from one source, so nothing is known of images from elsewhere."
            if protocol.type != "leave one out"
            else f"Each {protocol.left_out} was tested by what has not seen it, but all images "
            "come from one source."
        )
    if not results.synthetic and seen.patients is None:
        told.append(
            "Patients are not named, so images of one patient may stand in training and test."
        )
    elif results.evaluated is not None:
        told.append("Whether patients of the training are among those tested is not known.")
    if seen.patients is not None and seen.patients < _FEW_PATIENTS:
        told.append(f"There are {counted(seen.patients, 'patient')} (groups) only.")
    elif seen.patients is None and results.data.used < _FEW_PATIENTS:
        told.append(f"There are {counted(results.data.used, 'image')} only.")
    if any(left_out(item) for item in results.data.skipped):
        told.append("The run was shortened: not all images were used.")
    if protocol.type in ("kfold", "holdout", "given folds") and protocol.repeats < ENOUGH_REPEATS:
        sets = "a single set" if protocol.repeats == 1 else f"{protocol.repeats} sets"
        told.append(f"The numbers rest on {sets} of splits.")
    if not results.synthetic and "reference_standard" not in results.statements:
        told.append("How the true classes were established is not stated.")
    return told


def _methods(seen: Seen) -> list[str]:
    random, told = random_weights(seen.results), []
    if random:
        told.append(
            f"The networks of {few(random)} started from random weights and say nothing about the "
            "same networks with pretrained ones."
        )
    failed = [m.name for m in seen.results.methods if m.status == "failed"]
    if failed:
        told.append(
            f"Without a number, as {'it' if len(failed) == 1 else 'they'} failed: {few(failed)}."
        )
    if seen.results.protocol.seeds == 1 and seen.done:
        told.append("What chance in fitting adds is open: every method was fitted with one seed.")
    if not seen.results.subgroups and not any(m.left_out for m in seen.done):
        told.append("No subgroup was looked at.")
    if len([m for m in seen.done if m.family != "baseline"]) > 1:
        told.append(
            "The method that leads was found on the images that it is scored on, which flatters it."
        )
    return told
