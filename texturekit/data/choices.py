"""Count images, and choose some of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest

_FEW = 200
_SAMPLES, _EXTREMES = 6, 3


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


def first(manifest: Manifest, limit: int) -> Manifest:
    """Return the first images, with what the manifest skipped."""
    rows = np.arange(min(limit, len(manifest)))
    return replace(manifest.subset(rows), skipped=manifest.skipped)


def limited(manifest: Manifest, limit: int, *, seed: int = 0) -> Manifest:
    """Return at most ``limit`` images, whole groups, every class by turns.

    Parameters
    ----------
    manifest : Manifest
        Labelled images; test, validation and training images are thinned alike.
    limit : int
        Largest number of images, at least 1.
    seed : int, default 0
        Seed of the order in which groups are taken.

    Returns
    -------
    Manifest
        In the original order.
    """
    if limit < 1:
        raise ParameterError(f"limit={limit}, but at least one image is needed.")
    if limit >= len(manifest):
        return manifest
    groups = manifest.groups
    names = np.array(manifest.ids, dtype=object) if groups is None else groups
    rows_of: dict[str, list[int]] = {}
    for row in np.random.default_rng(seed).permutation(len(manifest)).tolist():
        rows_of.setdefault(str(names[row]), []).append(row)
    # Queues by class and split, so that a small limit still holds each of them.
    queues: dict[tuple[str, str], list[list[int]]] = {}
    for rows in rows_of.values():
        split = "" if manifest.splits is None else str(manifest.splits[rows[0]])
        queues.setdefault((split, manifest.label_name(rows[0])), []).append(rows)
    chosen: list[int] = []
    while any(queues.values()):
        for key in sorted(queues):
            if queues[key] and len(chosen) + len(rows := queues[key].pop()) <= limit:
                chosen.extend(rows)
    if not chosen:
        raise ParameterError(
            f"limit={limit} is below the number of images of the smallest group; give more."
        )
    return manifest.subset(np.sort(chosen))


def representatives(manifest: Manifest, predictions: pd.DataFrame) -> list[int]:
    """Return the rows worth showing: all of a few, else samples and extremes of each class.

    The extremes are, for each method and class, the images whose own class got the highest and
    the lowest probability on the first repeat.
    """
    if len(manifest) <= _FEW:
        return list(range(len(manifest)))
    shown = memberships(manifest)
    chosen = {int(r) for k in range(shown.shape[1]) for r in np.flatnonzero(shown[:, k])[:_SAMPLES]}
    place = {name: row for row, name in enumerate(manifest.ids)}
    tested = predictions[(predictions["split"] == "test") & (predictions["repeat"] == 0)]
    for _, frame in tested.groupby("method", sort=True):
        rows = np.array([place[name] for name in frame["id"]])
        for k, name in enumerate(manifest.classes):
            p = frame[f"p.{name}"].to_numpy(dtype=float)
            for member in (shown[rows, k], ~shown[rows, k]):
                own = np.flatnonzero(member & ~np.isnan(p))
                order = own[np.argsort(p[own], kind="stable")]
                chosen.update(rows[order[:_EXTREMES]].tolist(), rows[order[-_EXTREMES:]].tolist())
    return sorted(chosen)
