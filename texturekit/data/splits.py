"""Training and test parts: grouped, stratified, the same from the same seed everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.data.folds import Fold, check_leakage, check_trained, leaked_groups
from texturekit.data.given_folds import read_folds
from texturekit.data.group_counts import group_numbers, largest_folds, untestable_labels
from texturekit.data.inner_splits import (
    USUAL_FOLDS,
    check_count,
    fraction_of,
    inner_folds,
    inner_split,
    set_apart,
)
from texturekit.data.stratify import deal, label_counts
from texturekit.errors import SplitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.data.listing import Manifest

__all__ = [
    "Fold",
    "default_folds",
    "holdout",
    "inner_folds",
    "inner_split",
    "kfold",
    "leaked_groups",
    "read_folds",
    "shared",
    "split",
    "untestable_labels",
]


def default_folds(manifest: Manifest) -> int:
    """Return 5, or the smallest number of groups (images, without groups) in a class if fewer.

    For several labels: in what is present and what is absent of each label that `untestable_labels`
    does not name.

    Raises
    ------
    SplitError
        If there are no labels, one class only, a class in one group only, or no testable label.
    """
    return min(USUAL_FOLDS, largest_folds(manifest)[0])


def kfold(manifest: Manifest, *, folds: int, repeats: int = 1, seed: int = 0) -> list[Fold]:
    """Return grouped, stratified folds: every image is tested once a repeat.

    Parameters
    ----------
    manifest : Manifest
        With labels. No group is cut; without groups every image is one. The order of its rows
        does not matter.
    folds : int
        At least 2, at most the number of groups of the smallest class.
    repeats : int, default 1
        Each with other folds.
    seed : int, default 0
        Not negative. The same seed gives the same folds on every platform.

    Returns
    -------
    list of Fold
        By repeat and fold, from 0; no validation part.

    Raises
    ------
    SplitError
        If ``folds`` is more than the data allow; with the class and the largest possible number.
    ParameterError
        If an argument is out of range.

    Examples
    --------
    >>> import pandas as pd, pathlib
    >>> from texturekit.data.listing import Manifest
    >>> frame = pd.DataFrame({"id": list("abcd"), "path": list("abcd")})
    >>> labels = np.array([0, 1, 0, 1])
    >>> data = Manifest(frame, labels, ("no", "yes"), "binary", pathlib.Path(), "example")
    >>> [sorted(labels[fold.test].tolist()) for fold in kfold(data, folds=2)]
    [[0, 1], [0, 1]]
    """
    check_count("folds", folds, 2)
    check_count("repeats", repeats, 1)
    check_count("seed", seed, 0)
    most, name = largest_folds(manifest)
    if folds > most:
        what = "images" if manifest.groups is None else "groups"
        label = "label" if manifest.kind == "multilabel" else "class"
        raise SplitError(
            f"folds={folds} is too many: {label} {name!r} has {most} {what}; use at most {most}."
        )
    counts = label_counts(manifest.labels, len(manifest))
    groups = _units(manifest)
    made = []
    for repeat in range(repeats):
        part = deal(counts, groups, [1] * folds, seed=[seed, repeat])
        made += [
            Fold(repeat, k, np.flatnonzero(part != k), np.flatnonzero(part == k))
            for k in range(folds)
        ]
    return made


def holdout(manifest: Manifest, *, allow_leakage: bool = False) -> list[Fold]:
    """Return the one fold that the manifest's own splits make.

    Parameters
    ----------
    manifest : Manifest
        With ``splits``; a test part may lack a class.
    allow_leakage : bool, default False
        Accept groups in several parts.

    Returns
    -------
    list of Fold
        One, with the validation part where there is one.

    Raises
    ------
    SplitError
        If there are no splits, no training or test images, an image in no split, or a class
        without a training image.
    LeakageError
        If a group is in two parts.
    """
    splits = manifest.splits
    if splits is None:
        raise SplitError(f"{manifest.source} has no splits; add a column split, or use folds.")
    parts = {name: np.flatnonzero(splits == name) for name in ("train", "val", "test")}
    for name, word in (("train", "training"), ("test", "test")):
        if not len(parts[name]):
            raise SplitError(
                f"{manifest.source} has no {word} image in its splits "
                f"({', '.join(f'{k} {len(v)}' for k, v in parts.items())}); mark some as {name}, "
                "or leave the splits out and use folds."
            )
    outside = np.flatnonzero([one is None for one in splits])
    if len(outside):
        raise SplitError(
            f"{manifest.source} has {len(outside)} images in no split, first "
            f"{manifest.ids[outside[0]]!r}; mark each as train, val or test."
        )
    check_trained(manifest, parts["train"], f"the training part of {manifest.source}")
    fold = Fold(0, 0, parts["train"], parts["test"], parts["val"])
    if not allow_leakage:
        check_leakage(manifest, fold, manifest.source)
    return [fold]


def shared(
    manifest: Manifest, shares: Sequence[float], *, repeats: int = 1, seed: int = 0
) -> list[Fold]:
    """Return one fold a repeat whose parts have given shares of the images; no group is cut.

    Parameters
    ----------
    manifest : Manifest
        With labels. Every class wants two groups, one to train and one to test on.
    shares : sequence of float
        Of training, validation (0 for none) and test; they add up to 1.
    repeats : int, default 1
        Each drawn anew.
    seed : int, default 0
        Not negative.

    Returns
    -------
    list of Fold
        Validation images are taken where groups can be spared for them.

    Raises
    ------
    SplitError
        If a class has one group only.
    ParameterError
        If an argument is out of range.

    Examples
    --------
    >>> import pandas as pd, pathlib
    >>> from texturekit.data.listing import Manifest
    >>> frame = pd.DataFrame({"id": list("abcdefghij"), "path": list("abcdefghij")})
    >>> data = Manifest(frame, np.arange(10) % 2, ("no", "yes"), "binary", pathlib.Path(), "")
    >>> [fold] = shared(data, (0.6, 0.2, 0.2))
    >>> len(fold.train), len(fold.val), len(fold.test)
    (6, 2, 2)
    """
    check_count("repeats", repeats, 1)
    check_count("seed", seed, 0)
    largest_folds(manifest)  # refuses classes that cannot be on both sides
    counts, units = label_counts(manifest.labels, len(manifest)), _units(manifest)
    made = []
    for repeat in range(repeats):
        apart = set_apart(counts, units, fraction_of("test", shares[2]), seed + repeat)
        train, val = np.flatnonzero(~apart), np.zeros(0, dtype=np.int64)
        if shares[1]:
            left = fraction_of("val", shares[1] / (1 - shares[2]))
            within = set_apart(counts[train], group_numbers(units[train], 0), left, seed + repeat)
            train, val = train[~within], train[within]
        check_trained(manifest, train, f"the training part of {manifest.source}")
        made.append(Fold(repeat, 0, train, np.flatnonzero(apart), val))
    return made


def split(manifest: Manifest, *, test: float = 0.2, seed: int = 0) -> tuple[Manifest, Manifest]:
    """Return a training and a test manifest with no group on both sides, stratified.

    Parameters
    ----------
    manifest : Manifest
        With or without labels.
    test : float, default 0.2
        Wanted share of the images, above 0 and below 1. A class with two groups or more is on both
        sides, one with a single group in the training part.
    seed : int, default 0
        Not negative.

    Returns
    -------
    tuple of Manifest
        Training, test; the manifest's own splits are not looked at.

    Raises
    ------
    SplitError
        If no group can be spared for the test part.
    ParameterError
        If an argument is out of range.

    Examples
    --------
    >>> import pandas as pd, pathlib
    >>> from texturekit.data.listing import Manifest
    >>> names, groups = list("abcdef"), list("ppqqrr")
    >>> frame = pd.DataFrame({"id": names, "path": names, "group": groups})
    >>> data = Manifest(frame, None, (), None, pathlib.Path(), "example")
    >>> train, test = split(data, test=0.3)
    >>> len(train), len(test), set(train.groups) & set(test.groups)
    (4, 2, set())
    """
    check_count("seed", seed, 0)
    groups = _units(manifest)
    counts = label_counts(manifest.labels, len(manifest))
    apart = set_apart(counts, groups, fraction_of("test", test), seed)
    if not apart.any() or apart.all():
        raise SplitError(
            f"{manifest.source} cannot be split: with {len(np.unique(groups))} groups none can be "
            "spared for the test part without losing a class; add images of other groups, or "
            "ignore groups with group=None (--group none), which is recorded."
        )
    return manifest.subset(np.flatnonzero(~apart)), manifest.subset(np.flatnonzero(apart))


def _units(manifest: Manifest) -> NDArray[np.int64]:
    # Numbered by name, so that the order of the rows does not matter.
    return group_numbers(manifest.ids if manifest.groups is None else manifest.groups, 0)
