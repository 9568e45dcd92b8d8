"""What copies of images do to labels, groups and splits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from texturekit.errors import printable
from texturekit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from texturekit.data.duplicates import Duplicates, Groups
    from texturekit.data.folds import Fold
    from texturekit.data.listing import Manifest

Level = Literal["exact", "near", "possible"]
LEVELS: tuple[Level, ...] = ("exact", "near", "possible")
_PARTS = ("training", "validation", "test")
_Unit = tuple[str, str]


def contradictions(manifest: Manifest, groups: Groups) -> dict[int, str]:
    """Return rows that show the same under two labels, and what to say of each.

    A label that is unknown for one image contradicts nothing.
    """
    found: dict[int, str] = {}
    for group in groups:
        if not _contradicts(manifest, group):
            continue
        names = sorted({manifest.label_name(row) or "none" for row in group})
        for row in group:
            others = ", ".join(manifest.paths[other] for other in group if other != row)
            found[row] = f"same image, labels {' and '.join(names)} (also {others})"
    return found


def _contradicts(manifest: Manifest, group: Sequence[int]) -> bool:
    if manifest.labels is None:
        return False
    labels = manifest.labels[list(group)]
    if manifest.kind != "multilabel":
        return len(np.unique(labels)) > 1
    return bool(((labels == 1).any(axis=0) & (labels == 0).any(axis=0)).any())


def without(manifest: Manifest, reasons: dict[int, str]) -> Manifest:
    """Return the manifest without some rows, which are listed as skipped."""
    skipped = [
        Skipped(path=printable(manifest.paths[row]), reason=printable(reason), kind="invalid")
        for row, reason in sorted(reasons.items())
    ]
    keep = [row for row in range(len(manifest)) if row not in reasons]
    return replace(manifest.subset(keep), skipped=(*manifest.skipped, *skipped))


def linked(manifest: Manifest, groups: Iterable[Sequence[int]]) -> Manifest:
    """Return the manifest with the groups (patients) of copies joined to one.

    An image without a group that repeats no other still has none.
    """
    units = _units(manifest)
    above = {unit: unit for unit in units}

    def top(unit: _Unit) -> _Unit:
        while above[unit] != unit:
            unit = above[unit]
        return unit

    for group in groups:
        for row in group[1:]:
            above[top(units[row])] = top(units[group[0]])
    members: dict[_Unit, dict[_Unit, None]] = {}
    for unit in units:
        members.setdefault(top(unit), {})[unit] = None
    names = {one: _joined(sorted(held)) for one, held in members.items()}
    column = [names[top(unit)] for unit in units]
    if all(name is None for name in column):
        return manifest
    frame = manifest.frame.assign(group=pd.Series(column, dtype=object))
    return replace(manifest, frame=frame)


def _units(manifest: Manifest) -> list[_Unit]:
    """Return what each image belongs to: its group, or itself where that is not known."""
    if "group" not in manifest.frame:
        return [("image", name) for name in manifest.ids]
    pairs = zip(manifest.frame["group"], manifest.ids, strict=True)
    return [("image", name) if group is None else ("group", group) for group, name in pairs]


def _joined(units: list[_Unit]) -> str | None:
    """Return the name of some units that became one; None for a lone image without a group."""
    patients = [name for kind, name in units if kind == "group"]
    if patients:
        return " + ".join(patients)
    return None if len(units) == 1 else f"copies of {units[0][1]}"


@dataclass(frozen=True)
class Crossed:
    """Two images that show the same in two parts of a split.

    Attributes
    ----------
    a, b : int
        Rows.
    kind : {"exact", "near", "possible"}
    parts : str
        Such as ``"training and test"``.
    """

    a: int
    b: int
    kind: Level
    parts: str


def crossings(found: Duplicates, folds: Sequence[Fold], n: int) -> list[Crossed]:
    """Return one pair of every group and every two parts that its images are spread over.

    Parameters
    ----------
    found : Duplicates
    folds : sequence of Fold
    n : int
        Number of images.

    Returns
    -------
    list of Crossed
        Exact copies first; a pair is listed once, by its closest kind.
    """
    sides = [_sides(fold, n) for fold in folds]
    seen: set[tuple[int, int]] = set()
    crossed = []
    for kind in LEVELS:
        for group in found.level(kind):
            for a, b, parts in _between(group, sides):
                known = _known(found, kind, a, b)
                if known or (a, b) in seen:
                    continue
                seen.add((a, b))
                crossed.append(Crossed(a, b, kind, parts))
    return crossed


def _sides(fold: Fold, n: int) -> list[str]:
    sides = [""] * n
    for name, rows in zip(_PARTS, (fold.train, fold.val, fold.test), strict=True):
        for row in rows.tolist():
            sides[row] = name
    return sides


def _between(group: Sequence[int], sides: list[list[str]]) -> Iterator[tuple[int, int, str]]:
    for parts in sides:
        first: dict[str, int] = {}
        for row in group:
            first.setdefault(parts[row], row)
        for one, other in combinations([name for name in _PARTS if name in first], 2):
            a, b = sorted((first[one], first[other]))
            yield a, b, f"{one} and {other}"


def _known(found: Duplicates, kind: Level, a: int, b: int) -> bool:
    """Tell whether two images are copies of a closer kind already."""
    closer = LEVELS[: LEVELS.index(kind)]
    return any(a in group and b in group for name in closer for group in found.level(name))
