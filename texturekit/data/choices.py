"""Count images, and choose some of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from texturekit.data.splits import inner_split
from texturekit.errors import ParameterError, printable
from texturekit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest

MOST = 400
_FEW, _SAMPLES = 200, 6


def memberships(manifest: Manifest) -> NDArray[np.bool_]:
    """Return (n, classes): which image shows which class; an unknown label counts as no."""
    if manifest.labels is None:
        return np.zeros((len(manifest), 0), dtype=bool)
    if manifest.kind == "multilabel":
        return np.asarray(manifest.labels == 1)
    return np.asarray(manifest.labels[:, None] == np.arange(len(manifest.classes)))


def class_counts(manifest: Manifest) -> dict[str, int]:
    """Return the number of images of each class, or with each label."""
    counts = memberships(manifest).sum(axis=0).tolist()
    return dict(zip(manifest.classes, counts, strict=True))


def group_counts(manifest: Manifest) -> dict[str, int] | None:
    """Return the number of groups (patients) with each class; None where groups are unknown."""
    groups = manifest.groups
    if groups is None:
        return None
    shown = memberships(manifest)
    return {c: len(set(groups[shown[:, k]])) for k, c in enumerate(manifest.classes)}


def mixed_groups(manifest: Manifest) -> int:
    """Return how many groups have images of several classes; none for several labels an image."""
    groups, labels = manifest.groups, manifest.labels
    if groups is None or labels is None or manifest.kind == "multilabel":
        return 0
    pairs = set(zip(groups.tolist(), labels.tolist(), strict=True))
    return sum(count > 1 for count in Counter(group for group, _ in pairs).values())


def first(manifest: Manifest, limit: int) -> Manifest:
    """Return the first images, with what the manifest skipped."""
    rows = np.arange(min(limit, len(manifest)))
    return replace(manifest.subset(rows), skipped=manifest.skipped)


def limited(manifest: Manifest, limit: int, *, seed: int = 0) -> Manifest:
    """Return at most ``limit`` images: whole groups, classes and splits in their proportions.

    Parameters
    ----------
    manifest : Manifest
        Labelled images.
    limit : int
        Largest number of images, at least 1.
    seed : int, default 0
        Seed of the choice.

    Returns
    -------
    Manifest
        In the original order; the images left out stand in ``skipped``.

    Raises
    ------
    ParameterError
        If the limit is so small that no whole group can be taken.
    """
    if limit < 1:
        raise ParameterError(f"limit={limit}, but at least one image is needed; give 1 or more.")
    if limit >= len(manifest):
        return manifest
    splits = np.array([""] * len(manifest) if manifest.splits is None else manifest.splits)
    kept: list[int] = []
    for name in sorted({str(split) for split in splits}):
        rows = np.flatnonzero(splits.astype(str) == name)
        target = limit * len(rows) // len(manifest)
        part = manifest.subset(rows)
        kept.extend(rows[_kept(part, target, seed, 2 if manifest.splits is None else 1)].tolist())
    if not kept:
        raise ParameterError(
            f"limit={limit} is too small to take a whole group; give a larger one."
        )
    out = np.setdiff1d(np.arange(len(manifest)), kept)
    reason = f"left out by the limit of {limit} images"
    skipped = [
        Skipped(path=printable(manifest.paths[i]), reason=reason, kind="ignored") for i in out
    ]
    return replace(manifest.subset(sorted(kept)), skipped=(*manifest.skipped, *skipped))


def _kept(manifest: Manifest, target: int, seed: int, least: int) -> NDArray[np.int64]:
    """Return at most ``target`` rows with ``least`` groups of each class, if that can be."""
    rows = _thinned(manifest, target, seed)
    labels = manifest.labels
    if labels is None or labels.ndim > 1:
        return rows
    groups = np.array(manifest.ids) if manifest.groups is None else manifest.groups
    classes = np.unique(labels)
    if all(len(set(groups[rows[labels[rows] == c]])) >= least for c in classes):
        return rows
    sizes = Counter(groups.tolist())
    chosen = {
        group
        for c in classes
        for group in sorted(set(groups[labels == c]), key=lambda g: (sizes[g], g))[:least]
    }
    few = np.flatnonzero([group in chosen for group in groups])
    return few if len(few) <= target else rows


def _thinned(manifest: Manifest, target: int, seed: int) -> NDArray[np.int64]:
    """Return at most ``target`` rows, stratified, no group cut."""
    share = target / len(manifest)
    while 0.001 <= share <= 0.999 and manifest.labels is not None:
        _, rows = inner_split(
            manifest.labels, manifest.groups, str(manifest.kind), fraction=share, seed=seed
        )
        if len(rows) <= target:
            return rows
        share *= 0.95
    return np.zeros(0, dtype=np.int64)


def some_rows(manifest: Manifest, most: int, *, seed: int) -> NDArray[np.int64]:
    """Return all rows, or at most so many: whole groups, or single images of groups that are vast.

    Parameters
    ----------
    manifest : Manifest
        Labelled images.
    most : int
        At least 1.
    seed : int
        Of comparisons, whose folds are dealt by it; it is changed here, as the same one would take
        whole folds.

    Returns
    -------
    (k,) int64
        Ascending.
    """
    if len(manifest) <= most:
        return np.arange(len(manifest))
    try:
        kept = set(limited(manifest, most, seed=seed + 7919).ids)
    except ParameterError:
        some = np.random.default_rng(seed).choice(len(manifest), most, replace=False)
        return np.sort(some).astype(np.int64)
    return np.array([row for row, name in enumerate(manifest.ids) if name in kept])


def representatives(
    manifest: Manifest, wanted: Iterable[str] = (), *, most: int = MOST
) -> list[int]:
    """Return the rows worth showing: some of each class, those that are wanted, then others.

    Parameters
    ----------
    manifest : Manifest
    wanted : iterable of str
        Ids (as printed) of images that are to be shown, the most important ones first.
    most : int, default 400
        Largest number of rows.

    Returns
    -------
    list of int
        Each once, the most important ones first. Of at most 200 images all are among them.

    Examples
    --------
    >>> rows = representatives(tk.load_task("breast"), most=20)
    >>> len(rows), len(set(rows))
    (20, 20)
    """
    place = {printable(name): row for row, name in enumerate(manifest.ids)}
    order = dict.fromkeys(row for own in _samples(manifest) for row in own)
    order.update(dict.fromkeys(place[name] for name in wanted if name in place))
    if len(manifest) <= _FEW:
        order.update(dict.fromkeys(range(len(manifest))))
    return list(order)[:most]


def _samples(manifest: Manifest) -> Iterator[list[int]]:
    """Yield the first image of each class, then the second of each, and so on."""
    own = [np.flatnonzero(column)[:_SAMPLES].tolist() for column in memberships(manifest).T]
    for rank in range(_SAMPLES):
        yield [rows[rank] for rows in own if rank < len(rows)]
