"""What every part of every fold holds: images and patients, by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from texturekit.data.choices import class_counts, group_counts
from texturekit.records import SplitPart

if TYPE_CHECKING:
    from collections.abc import Iterable

    from texturekit.data.folds import Fold
    from texturekit.data.listing import Manifest

_PARTS: tuple[Literal["train", "val", "test"], ...] = ("train", "val", "test")


def split_parts(manifest: Manifest, folds: Iterable[Fold]) -> list[SplitPart]:
    """Count images and groups (patients) in the parts of folds; empty parts are left out.

    Parameters
    ----------
    manifest : Manifest
        Labelled images. A group with images of several classes counts once in each.
    folds : iterable of Fold
        Rows of it.

    Returns
    -------
    list of SplitPart
        By fold as they come; training, validation, test.

    Examples
    --------
    >>> import numpy as np, pandas as pd, pathlib
    >>> from texturekit.data.folds import Fold
    >>> from texturekit.data.listing import Manifest
    >>> frame = pd.DataFrame({"id": list("abc"), "path": list("abc"), "group": ["p1", "p1", "p2"]})
    >>> labels = np.array([0, 1, 1])
    >>> data = Manifest(frame, labels, ("no", "yes"), "binary", pathlib.Path(), "example")
    >>> fold = Fold(0, 0, np.array([0, 1]), np.array([2]))
    >>> [(one.part, one.images, one.groups, one.counts) for one in split_parts(data, [fold])]
    [('train', 2, 1, {'no': 1, 'yes': 1}), ('test', 1, 1, {'no': 0, 'yes': 1})]
    """
    found = []
    for fold in folds:
        for name in _PARTS:
            rows = getattr(fold, name)
            if not len(rows):
                continue
            part = manifest.subset(rows)
            found.append(
                SplitPart(
                    repeat=fold.repeat,
                    fold=fold.fold,
                    part=name,
                    images=len(rows),
                    groups=None if part.groups is None else part.group_count,
                    counts=class_counts(part),
                    group_counts=group_counts(part),
                )
            )
    return found
