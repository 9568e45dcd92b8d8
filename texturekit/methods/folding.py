"""The folds of a comparison, and how they are described."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from texturekit.data.expansion import is_file_group
from texturekit.data.leaving import leave_out
from texturekit.data.splits import default_folds, holdout, kfold, leaked_groups, read_folds, shared
from texturekit.errors import LeakageError, SplitError, printable
from texturekit.methods.protocols import external_name
from texturekit.records import Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.data.manifest import Manifest
    from texturekit.data.splits import Fold
    from texturekit.methods.planning import Options

Kind = Literal["holdout", "kfold", "given folds", "leave one out", "external test"]


def make_folds(options: Options, manifest: Manifest) -> tuple[list[Fold], Protocol]:
    """Return the folds that were asked for, on usable images, and their description.

    Raises
    ------
    SplitError
        If there are too few groups in a class, or repeats of splits that are given.
    LeakageError
        If given splits share a group and that is not allowed.
    """
    kind: Kind
    values: list[str] = []
    try:
        if options.test is not None:
            kind, test, folds = _external(options, manifest)
        elif options.leave_out is not None:
            kind, test = "leave one out", f"every {options.leave_out} once, by what saw the others"
            allow = options.allow_leakage
            folds, values = leave_out(manifest, options.leave_out, allow_leakage=allow)
        else:
            kind, test, folds = _drawn(options, manifest)
    except SplitError as error:
        raise SplitError(f"{error}{manifest.losses}") from error
    repeats = len({fold.repeat for fold in folds})
    if options.repeats > repeats:
        raise SplitError(
            f"repeats={options.repeats}, but {test} are given and cannot be drawn anew; "
            "leave repeats out, or ask for a number of folds."
        )
    return folds, Protocol(
        type=kind,
        folds=len({(fold.repeat, fold.fold) for fold in folds}) // repeats,
        repeats=repeats,
        seed=options.seed,
        test=test,
        grouping=grouping(manifest, options.group, folds),
        left_out=options.leave_out,
        left_out_values=[printable(value) for value in values],
        external=None if options.test is None else external_name(options),
        seeds=options.seeds,
        fractions=list(options.fractions),
    )


def _external(options: Options, manifest: Manifest) -> tuple[Kind, str, list[Fold]]:
    try:
        folds = holdout(manifest, allow_leakage=options.allow_leakage)
    except LeakageError as error:
        raise LeakageError(
            f"{error} If the two sources number their patients by themselves, give these other "
            "names in one of them."
        ) from error
    images = len(folds[0].test)
    return "external test", f"external testing on {external_name(options)}: {images} images", folds


def _drawn(options: Options, manifest: Manifest) -> tuple[Kind, str, list[Fold]]:
    asked = options.folds
    if asked is not None and re.fullmatch(r"-?\d+", str(asked)) is None:
        file = Path(str(asked))
        if not file.is_file():
            raise SplitError(
                f"folds={str(asked)!r} is neither a whole number from 2 nor a file; give a number, "
                "or a CSV with the columns path or id, repeat, fold."
            )
        folds = read_folds(file, manifest, allow_leakage=options.allow_leakage)
        return "given folds", f"the folds of {file.name}", folds
    if asked is None and names_test(manifest):
        folds = holdout(manifest, allow_leakage=options.allow_leakage)
        return "holdout", "the images that the data name as test", folds
    shares = options.shares
    if asked is None and shares is not None:
        parts = (shares.train, shares.val, shares.test)
        folds = shared(manifest, parts, repeats=options.repeats, seed=options.seed)
        test = f"{100 * shares.test:g}% of the images, drawn ({shares}, as in the recipe)"
        return "holdout", test, folds
    count = default_folds(manifest) if asked is None else int(str(asked))
    folds = kfold(manifest, folds=count, repeats=options.repeats, seed=options.seed)
    return "kfold", "every image once a repeat", folds


def names_test(manifest: Manifest) -> bool:
    """Tell whether the data say which images are for testing."""
    return manifest.splits is not None and "test" in set(manifest.splits)


def are_drawn(manifest: Manifest, protocol: Protocol) -> bool:
    """Tell whether texturekit dealt the images out, so that it may do so otherwise."""
    return protocol.type == "kfold" or (protocol.type == "holdout" and not names_test(manifest))


def grouping(
    manifest: Manifest,
    group: str | None,
    folds: Sequence[Fold] = (),
    *,
    apart: str = ", each on one side of every split",
) -> str:
    """Say in words what keeps the images of a patient together; ``apart`` ends the sentence."""
    groups = [] if manifest.groups is None else list(manifest.frame["group"])
    together = any(map(is_file_group, groups))
    each = "the pictures of a file stay together, every file" if together else "every image"
    if group is None:
        return f"none, as asked: {each} counts as its own patient"
    if not any(name is not None and not is_file_group(name) for name in groups):
        return f"unknown: {each} counts as its own patient, intervals may be too narrow"
    leaked = {
        name
        for fold in folds
        for name in leaked_groups(manifest, np.concatenate([fold.train, fold.val]), fold.test)
    }
    if leaked:
        return f"{len(leaked)} of {manifest.group_count} groups stand in training and test"
    chosen = {name for fold in folds for name in leaked_groups(manifest, fold.train, fold.val)}
    if chosen:
        return f"{len(chosen)} of {manifest.group_count} groups stand in training and validation"
    named = sum(value is not None for value in manifest.frame["group"])
    rest = f"; {len(manifest) - named} images name no group and count as their own"
    return f"{manifest.group_count} groups{apart}" + (rest if named < len(manifest) else "")
