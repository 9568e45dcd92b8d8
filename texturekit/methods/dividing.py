"""Which images a model learns from, which tell it when to stop, and which it never sees."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from texturekit.data.folds import Fold, check_leakage, leaked_groups
from texturekit.methods.folding import names_test
from texturekit.methods.learners import parted
from texturekit.methods.separation import as_given, separate, together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.data.duplicates import Duplicates
    from texturekit.data.manifest import Manifest
    from texturekit.deep.settings import Settings
    from texturekit.methods.planning import Job


def divided(
    job: Job, how: Settings | None, found: Duplicates | None
) -> tuple[Manifest, dict[str, NDArray[np.intp]], tuple[str, ...]]:
    """Divide the images of a job into those to learn from, to stop by, and to leave out.

    The parts are those that the data or a recipe name; else all is learnt from, but for a fifth of
    the patients where a network's training stops by them. Copies of an image count as one patient.

    Parameters
    ----------
    job : Job
    how : Settings or None
        How a network is trained; None for a method on a table, which needs validation images only
        where a threshold or a calibration is chosen.
    found : Duplicates or None
        Copies among the images; None where nothing was looked for.

    Returns
    -------
    manifest : Manifest
        The images, with copies in one group.
    parts : dict of (k,) intp
        Its rows by ``train``, ``val`` and ``test``.
    notes : tuple of str
        What stands on both sides of parts that the data name, and which copies look alike.

    Raises
    ------
    LeakageError
        If a patient or an exact copy stands in two named parts, and that is not allowed.
    """
    manifest = job.manifest
    stops = how is not None or job.wanted.anything  # whether anything hangs on validation images
    notes: tuple[str, ...] = ()
    train = np.arange(len(manifest))
    val = test = train[:0]
    if job.options.shares is not None or names_test(manifest):
        apart = separate(job.options, manifest, found)
        manifest, fold, notes = apart.manifest, apart.folds[0], (*apart.crossing, *apart.notes)
        train, val, test = fold.train, fold.val, fold.test
    elif manifest.splits is not None:
        val = np.flatnonzero([part == "val" for part in manifest.splits])
        train = np.setdiff1d(train, val)
        if not stops or not len(val):
            manifest = together(manifest, found)
        else:
            manifest, notes = _named(job, found, Fold(0, 0, train, test, val))
    else:
        manifest = together(manifest, found)
    if not stops:
        # A table's classifier stops by itself; compare leaves these images out, too.
        val = val[:0]
    notes = (*_leaks(manifest, {"training": train, "validation": val, "test": test}), *notes)
    if how is not None and not len(val):
        groups = None if manifest.groups is None else manifest.groups[train]
        labels = np.asarray(manifest.labels)[train]
        inner, outer = parted(labels, groups, str(manifest.kind), how, None)
        train, val = train[inner], train[outer]
    return manifest, {"train": train, "val": val, "test": test}, notes


def _named(job: Job, found: Duplicates | None, fold: Fold) -> tuple[Manifest, tuple[str, ...]]:
    """See that training and validation images that the data name have nothing in common."""
    if not job.options.allow_leakage:
        check_leakage(job.manifest, fold, job.manifest.source)
    if found is None:
        return job.manifest, ()
    manifest, _, crossing, notes = as_given(job.options, job.manifest, found, [fold])
    return manifest, (*crossing, *notes)


def _leaks(manifest: Manifest, parts: dict[str, NDArray[np.intp]]) -> list[str]:
    """Say which patients stand in two parts: only where that was allowed."""
    pairs = [
        (one, other, leaked_groups(manifest, parts[one], parts[other]))
        for one, other in combinations(parts, 2)
    ]
    return [
        f"Leakage: {len(leaked)} of {manifest.group_count} groups stand in {one} and {other}; "
        "allowed, as asked."
        for one, other, leaked in pairs
        if leaked
    ]
