"""Find images that show the same: exact copies, near copies, and possible ones."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.data.alike import Pairs, alike_pairs, unrelated
from texturekit.data.likeness import sketch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from texturekit.data.listing import Manifest

Groups = tuple[tuple[int, ...], ...]

# A set's own limits lie above what its unrelated images reach; these hold for every set.
_NEAR, _POSSIBLE = 0.7, 0.25
_FEW = 20  # images that say nothing about what is usual among them
_NEAR_OF_FEW, _POSSIBLE_OF_FEW = 0.9, 0.8
_COPIES = 0.95  # pairs drawn at random that are this alike are no measure of chance
# Standard deviations between a near copy and the most alike of unrelated images: with 0.7 of them
# 0.04 false pairs are to be expected. The tails of large sets, and of images that share their
# outline as fundus photographs do, are heavier than normal: farther out than the sample of pairs
# shows, as many are added again.
_MARGIN, _SHOWN = 0.7, 3.5
_MARGIN_OF_ONE_OUTLINE, _ONE_OUTLINE = 1.5, 0.5
_LESS = -0.25  # likewise, of a possible copy
_LOOSE = 8  # images that a chain of possible copies may join


@dataclass(frozen=True, eq=False)
class Duplicates:
    """The images of a manifest that repeat others.

    Attributes
    ----------
    exact, near, possible : tuple of tuples of int
        Groups of rows, ascending. Each list holds the one before: a near group includes the exact
        copies of its images, a possible group the near ones.
    pairs : Pairs
        What was compared and is at least possible.
    near_from, possible_from : float
        Least likeness of a near and of a possible copy in this set.
    unreadable : tuple of int
        Rows whose image could not be read.
    notes : tuple of str
        What the files of the whole manifest say of themselves, such as that text stands in them.
    """

    exact: Groups
    near: Groups
    possible: Groups
    pairs: Pairs
    near_from: float
    possible_from: float
    unreadable: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def level(self, name: str) -> Groups:
        """Return the groups called ``"exact"``, ``"near"`` or ``"possible"``."""
        groups: Groups = getattr(self, name)
        return groups

    def among(self, rows: Sequence[int] | NDArray[np.intp]) -> Duplicates:
        """Return what is left in a subset of the manifest, with the subset's row numbers."""
        place = {int(row): k for k, row in enumerate(rows)}

        def kept(groups: Groups) -> Groups:
            moved = (tuple(sorted(place[r] for r in g if r in place)) for g in groups)
            return tuple(sorted(group for group in moved if len(group) > 1))

        pairs = self.pairs
        ends = [(place.get(a, -1), place.get(b, -1)) for a, b in pairs.ends()]
        inside = np.array([min(pair) >= 0 for pair in ends], dtype=bool)
        moved = np.array(ends, dtype=np.int64).reshape(-1, 2)[inside]
        return Duplicates(
            kept(self.exact),
            kept(self.near),
            kept(self.possible),
            Pairs(moved[:, 0], moved[:, 1], pairs.likeness[inside], pairs.mirrored[inside]),
            self.near_from,
            self.possible_from,
            tuple(place[row] for row in self.unreadable if row in place),
            self.notes,
        )


def find_duplicates(manifest: Manifest, *, jobs: int = 1) -> Duplicates:
    """Look for images that show the same, also mirrored, re-encoded, resized or cropped a little.

    Every image is read once and kept as three hashes of 128 bits and two pictures of 48 x 48
    pixels; it is compared with the few images whose hashes are nearest. The likeness is the
    correlation of fine detail after shift and stretch. What counts as a copy follows from the set:
    pairs drawn at random say how alike its unrelated images are.

    Parameters
    ----------
    manifest : Manifest
        Labels and groups are not looked at.
    jobs : int, default 1
        Threads; the result does not depend on them.

    Returns
    -------
    Duplicates
        Images that cannot be read are named, not refused.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from PIL import Image
    >>> rng = np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as name:
    ...     for k in range(3):
    ...         picture = Image.fromarray(rng.integers(0, 256, (64, 64), dtype=np.uint8))
    ...         picture.save(f"{name}/{k}.png")
    ...     picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(f"{name}/3.png")
    ...     found = find_duplicates(tk.scan_folder(name))
    >>> found.exact, found.near
    ((), ((2, 3),))
    """
    sketches = sketch(manifest, jobs=jobs)
    rows = np.flatnonzero(sketches.readable)
    same: dict[str, list[int]] = defaultdict(list)
    for row in rows.tolist():
        same[manifest.content_hash(row)].append(row)
    copies = [group for group in same.values() if len(group) > 1]
    first = np.array(sorted(group[0] for group in same.values()), dtype=np.int64)
    first = first[sketches.comparable[first]]
    pairs = alike_pairs(sketches, first, jobs=jobs)
    near_from, possible_from = _limits(unrelated(sketches, first, jobs=jobs), len(first))
    pairs = pairs.at_least(possible_from)
    forest = _Forest(len(manifest))
    forest.join_all(copies)
    exact = forest.groups()
    near = pairs.at_least(near_from)
    forest.join_all(near.ends())
    near_groups = forest.groups()
    _join_possible(forest, pairs)
    return Duplicates(
        exact,
        near_groups,
        forest.groups(),
        pairs,
        near_from,
        possible_from,
        tuple(np.flatnonzero(~sketches.readable).tolist()),
        tuple(text for text, _ in sketches.notes.sentences()),
    )


def _limits(chance: NDArray[np.float64], n: int) -> tuple[float, float]:
    """Return the least likeness of near and possible copies among ``n`` images.

    Fisher's z of unrelated pairs is taken as normal. A possible copy is more alike than all of the
    set's pairs but two or three are by chance, a near copy by some standard deviations more.
    """
    from scipy.stats import norm

    z = np.arctanh(np.clip(chance[chance < _COPIES], -0.999, None))
    if n < _FEW or len(z) < 100:
        return _NEAR_OF_FEW, _POSSIBLE_OF_FEW
    middle, upper = np.quantile(z, [0.5, float(norm.cdf(1))])
    highest = float(norm.isf(2 / (n * (n - 1))))
    one_outline = math.tanh(middle) > _ONE_OUTLINE
    margin = max(_MARGIN_OF_ONE_OUTLINE if one_outline else _MARGIN, highest - _SHOWN)
    near, possible = (
        math.tanh(middle + (highest + more) * (upper - middle)) for more in (margin, _LESS)
    )
    return max(_NEAR, near), max(_POSSIBLE, possible)


class _Forest:
    """Rows that belong together, as they are joined."""

    def __init__(self, n: int) -> None:
        self._root = list(range(n))
        self._members: dict[int, list[int]] = {}

    def root(self, row: int) -> int:
        while self._root[row] != row:
            self._root[row] = self._root[self._root[row]]
            row = self._root[row]
        return row

    def members(self, row: int) -> list[int]:
        root = self.root(row)
        return self._members.get(root, [root])

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        if low != high:
            self._members[low] = self.members(low) + self.members(high)
            self._members.pop(high, None)
            self._root[high] = low

    def join_all(self, groups: Iterable[Iterable[int]]) -> None:
        for group in groups:
            first, *others = group
            for other in others:
                self.join(first, other)

    def groups(self) -> Groups:
        return tuple(sorted(tuple(sorted(rows)) for rows in self._members.values()))


def _join_possible(forest: _Forest, pairs: Pairs) -> None:
    """Join what may be a copy, the most alike first, but let no chain swallow the set.

    More than eight images become one group only where half of all pairs between the two groups
    that meet are alike.
    """
    linked: dict[int, set[int]] = defaultdict(set)
    for left, right in pairs.ends():
        linked[left].add(right)
        linked[right].add(left)
    for k in np.argsort(-pairs.likeness, kind="stable").tolist():
        one, other = forest.members(int(pairs.left[k])), forest.members(int(pairs.right[k]))
        if one is other:
            continue
        if len(one) + len(other) > _LOOSE:
            among = set(other)
            links = sum(len(linked[row] & among) for row in one)
            if 2 * links < len(one) * len(other):
                continue
        forest.join(one[0], other[0])
