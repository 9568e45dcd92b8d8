"""A fold, and what crosses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import LeakageError, SplitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.data.listing import Manifest


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows of a manifest to train and to test on.

    Attributes
    ----------
    repeat, fold : int
        From 0, or as a file of folds numbers them.
    train, test, val : (k,) int64 array
        Rows, ascending, in one part only; ``val`` may be empty.
    """

    repeat: int
    fold: int
    train: NDArray[np.int64]
    test: NDArray[np.int64]
    val: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def leaked_groups(manifest: Manifest, train: NDArray[Any], test: NDArray[Any]) -> list[str]:
    """Return the groups with images on both sides, sorted; none where groups are not known.

    Examples
    --------
    >>> import pandas as pd, pathlib
    >>> from texturekit.data.listing import Manifest
    >>> frame = pd.DataFrame({"id": list("abc"), "path": list("abc"), "group": ["p1", "p1", "p2"]})
    >>> data = Manifest(frame, None, (), None, pathlib.Path(), "example")
    >>> leaked_groups(data, np.array([0, 2]), np.array([1]))
    ['p1']
    """
    groups = manifest.groups
    if groups is None:
        return []
    return sorted(set(groups[train]) & set(groups[test]))


def check_leakage(manifest: Manifest, fold: Fold, where: str) -> None:
    """Refuse a fold that has a group in two of its parts.

    Raises
    ------
    LeakageError
        Naming up to three groups.
    """
    pairs = (
        ("training", fold.train, "test", fold.test),
        ("validation", fold.val, "test", fold.test),
        ("training", fold.train, "validation", fold.val),
    )
    for one, rows, other, other_rows in pairs:
        leaked = leaked_groups(manifest, rows, other_rows)
        if leaked:
            named = ", ".join(repr(group) for group in leaked[:3])
            more = f" and {len(leaked) - 3} more" if len(leaked) > 3 else ""
            raise LeakageError(
                f"{len(leaked)} group{'s' * (len(leaked) > 1)} in both the {one} and the {other} "
                f"part of {where}: {named}{more}; keep each group on one side, or pass "
                "allow_leakage=True (--allow-leakage), which the result then says."
            )


def check_trained(manifest: Manifest, train: NDArray[np.int64], where: str) -> None:
    """Refuse a training part without an image of a class that the manifest has, or of one class.

    Raises
    ------
    SplitError
        Naming the class.
    """
    if manifest.labels is None or manifest.kind == "multilabel":
        return
    untrained = np.setdiff1d(manifest.labels, manifest.labels[train])
    if len(untrained):
        raise SplitError(
            f"class {manifest.classes[untrained[0]]!r} has no image in {where}; "
            "add images of other groups, or leave the class out."
        )
    if len(np.unique(manifest.labels)) < 2:
        raise SplitError(f"{where} has only one class; a comparison needs two classes.")
