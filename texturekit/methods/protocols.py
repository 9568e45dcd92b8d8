"""Which protocols can be asked for together, and what they are called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from texturekit.data.choices import class_counts
from texturekit.data.external import joined, short_name
from texturekit.data.manifest import Manifest
from texturekit.data.second_source import read_test
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.data.external import External
    from texturekit.methods.planning import Job, Options
    from texturekit.methods.separation import Separation
    from texturekit.records import CurvePoint

_LEAST = 0.001
PAIRS = ("declared", "all")


def checked(options: Options) -> Options:
    """Refuse options that exclude one another; return the others with fractions in order.

    Raises
    ------
    ParameterError
        If an option goes with no other, or is out of range.
    """
    if options.test is not None:
        _refuse(options, "test", "the test images are given", ("leave_out", "folds", "repeats"))
    if options.leave_out is not None:
        why = f"the values of {options.leave_out!r} make the folds"
        _refuse(options, "leave_out", why, ("folds", "repeats"))
    if options.pairs not in PAIRS:
        raise ParameterError(f"pairs={options.pairs!r} is unknown; use {' or '.join(PAIRS)}.")
    if options.seeds < 1:
        raise ParameterError(f"seeds={options.seeds} is out of range; use a whole number from 1.")
    for share in options.fractions:
        if not _LEAST <= share <= 1:
            raise ParameterError(
                f"fractions={share:g} is no share of the training part; use {_LEAST} to 1."
            )
    return replace(options, fractions=tuple(sorted(set(map(float, options.fractions)))))


def _refuse(options: Options, name: str, why: str, others: tuple[str, ...]) -> None:
    usual = {"repeats": 1}
    for other in others:
        value = getattr(options, other)
        if value != usual.get(other):
            raise ParameterError(
                f"{other}={value!r} cannot go with {name}: {why}; leave one of them out."
            )


def with_test(manifest: Manifest, options: Options) -> tuple[Manifest, External]:
    """Return the images to learn from and those of ``options.test`` as one manifest.

    Raises
    ------
    TexturekitError
        If the test images cannot be read or do not go with the others.
    """
    assert options.test is not None
    both, external = joined(
        manifest,
        read_test(
            options.test, manifest, masks=options.masks, group=options.group,
            frames=options.frames or "one", mask_label=options.mask_label,
        ),
    )  # fmt: skip
    return both, external


def external_name(options: Options) -> str:
    """Return what the external test images are called, for sentences."""
    source = options.test
    return short_name(source.source if isinstance(source, Manifest) else str(source))


def protocol_notes(job: Job, apart: Separation, curve: Sequence[CurvePoint]) -> list[str]:
    """Say what the protocol leaves open, and what its fits cost."""
    notes: list[str] = []
    column, values = job.options.leave_out, apart.protocol.left_out_values
    lacking = [
        f"{value} ({', '.join(missing)})"
        for value, fold in zip(values, apart.folds, strict=False)
        if (
            missing := [
                c for c, n in class_counts(apart.manifest.subset(fold.test)).items() if not n
            ]
        )
    ]
    if lacking:
        notes.append(
            f"Not every {column} shows every class: {', '.join(lacking)}. What needs both is n/a "
            "there, and the AUC comes from the others."
        )
    if job.external is not None:
        counts = class_counts(apart.manifest.subset(apart.folds[0].test))
        if missing := [name for name, count in counts.items() if not count]:
            notes.append(
                f"{apart.protocol.external} shows no image of {', '.join(missing)}: what needs one "
                "is n/a."
            )
    fitted = sum(method.classifier != "head" for method in job.methods)
    nets = [method.name for method in job.methods if method.classifier == "finetune"]
    times = job.options.seeds - 1 + sum(share < 1 for share in job.options.fractions)
    if times:
        notes.append(
            f"Each of {fitted} methods was fitted {times * len(apart.folds)} more times for other "
            "seeds and shares"
            + (f", networks too ({', '.join(nets)})" if nets else "")
            + "; tables and tests show the first fit."
        )
    if any(point.roc_auc.value is None for point in curve):
        gaps = {point.roc_auc.reason for point in curve if point.roc_auc.value is None}
        notes.append(f"The learning curve has gaps: {'; '.join(sorted(map(str, gaps)))}.")
    return notes
