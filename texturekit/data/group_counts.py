"""How many groups each class has, and so how many folds there can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import SplitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.data.listing import Manifest


def group_numbers(groups: Sequence[str] | NDArray[Any] | None, n: int) -> NDArray[np.int64]:
    """Return the place of each image's group among the sorted names; without groups its own row.

    Examples
    --------
    >>> group_numbers(["p2", "p1", "p2"], 3)
    array([1, 0, 1])
    """
    if groups is None:
        return np.arange(n, dtype=np.int64)
    names = list(groups)
    places = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.fromiter((places[name] for name in names), dtype=np.int64, count=len(names))


def untestable_labels(manifest: Manifest) -> tuple[str, ...]:
    """Return the labels that no split can test: present, or absent, in fewer than two groups.

    Empty for a manifest with classes, where such a class is an error.
    """
    if manifest.kind != "multilabel":
        return ()
    fewest = _groups_per_label(manifest)
    return tuple(name for name in manifest.classes if fewest[name] < 2)


def largest_folds(manifest: Manifest) -> tuple[int, str]:
    """Return the largest possible number of folds, and the class or label that limits it.

    Raises
    ------
    SplitError
        If there is none: no labels, one class only, a class with one image or group, or no label
        that can be tested.
    """
    if manifest.labels is None:
        raise SplitError(f"{manifest.source} has no labels; folds need a class for every image.")
    if manifest.kind == "multilabel":
        fewest = {name: n for name, n in _groups_per_label(manifest).items() if n > 1}
        if not fewest:
            raise SplitError(
                f"{manifest.source} has no label that is present in two groups and absent in two; "
                "add images, or ignore groups with group=None (--group none), which is recorded."
            )
    else:
        fewest = _groups_per_class(manifest)
    name = min(fewest, key=lambda name: fewest[name])
    return fewest[name], name


def _groups_per_label(manifest: Manifest) -> dict[str, int]:
    labels, groups = _labels_and_groups(manifest)
    return {
        name: min(len(np.unique(groups[labels[:, c] == value])) for value in (0, 1))
        for c, name in enumerate(manifest.classes)
    }


def _groups_per_class(manifest: Manifest) -> dict[str, int]:
    labels, groups = _labels_and_groups(manifest)
    present = np.unique(labels).tolist()
    if len(present) < 2:
        only = f"only one class, {manifest.classes[present[0]]!r}" if present else "no image"
        raise SplitError(f"{manifest.source} has {only}; a comparison needs two classes.")
    found = {}
    for c in present:
        rows = np.flatnonzero(labels == c)
        found[manifest.classes[c]] = len(np.unique(groups[rows]))
        if found[manifest.classes[c]] < 2:
            raise SplitError(_too_few(manifest, manifest.classes[c], rows))
    return found


def _too_few(manifest: Manifest, name: str, rows: NDArray[np.intp]) -> str:
    if len(rows) == 1:
        return (
            f"class {name!r} has one image, {manifest.ids[rows[0]]!r}, but needs two, one to train "
            "on and one to test on; add images, or leave the class out."
        )
    group = "" if manifest.groups is None else manifest.groups[rows[0]]
    return (
        f"class {name!r} has one group: all its {len(rows)} images belong to {group!r}, which "
        "cannot be in the training and in the test part; add images of another group, or ignore "
        "groups with group=None (--group none), which is recorded."
    )


def _labels_and_groups(manifest: Manifest) -> tuple[NDArray[Any], NDArray[np.int64]]:
    return np.asarray(manifest.labels), group_numbers(manifest.groups, len(manifest))
