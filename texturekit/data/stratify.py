"""Deal groups out into parts so that every part has its share of every label."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ATTEMPTS = 10


def label_counts(labels: NDArray[Any] | None, n: int) -> NDArray[np.int64]:
    """Return an (n, C) table of zeros and ones, one column a thing to balance.

    Classes have one column each; several labels two each, presence and absence, and what is not
    known (NaN) counts for neither; without labels there is one column of ones. Empty columns are
    left out.

    Examples
    --------
    >>> label_counts(np.array([0, 2, 2]), 3).T
    array([[1, 0, 0],
           [0, 1, 1]])
    """
    if labels is None:
        return np.ones((n, 1), dtype=np.int64)
    if labels.ndim == 2:
        table = np.hstack([labels == 1, labels == 0])
    else:
        table = labels[:, None] == np.unique(labels)[None, :]
    return table[:, table.any(axis=0)].astype(np.int64)


def sum_by_group(table: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add up the rows of each group; ``groups`` are numbers from 0, none left out."""
    sums = np.zeros((int(groups.max()) + 1 if len(groups) else 0, table.shape[1]), dtype=np.int64)
    np.add.at(sums, groups, table)
    return sums


def deal(
    counts: NDArray[np.int64],
    groups: NDArray[np.int64],
    shares: Sequence[int],
    *,
    seed: Sequence[int],
) -> NDArray[np.int64]:
    """Return the part of every image; no group is cut.

    Greedy: the label with the fewest groups left first; of its groups the biggest first; each to
    the part that stays furthest below its share of the label, then of images. At the end a part
    that lacks a label takes the smallest group that is not missed elsewhere. All in integers, so
    that the result is the same everywhere.

    Every part has every label (column) that has at least as many groups as there are parts,
    whenever each group holds one label. If groups hold several, that can be impossible; the best
    of ten tries is taken.

    Parameters
    ----------
    counts : (n, C) int64
        From `label_counts`.
    groups : (n,) int64
        Numbers from 0, none left out.
    shares : sequence of int
        Size of each part, in proportion.
    seed : sequence of int
        Breaks ties.

    Returns
    -------
    (n,) int64
        Index into ``shares``.

    References
    ----------
    Sechidis, Tsoumakas and Vlahavas (2011), On the stratification of multi-label data,
    doi:10.1007/978-3-642-23808-6_10: the order of the labels. Groups and the integer rule are ours.

    Examples
    --------
    >>> counts = label_counts(np.array([0, 0, 0, 1, 1, 1]), 6)
    >>> deal(counts, np.array([0, 0, 1, 2, 3, 3]), [1, 1], seed=[0]).tolist()
    [1, 1, 0, 1, 0, 0]
    """
    table = sum_by_group(counts, groups)
    sizes = np.bincount(groups, minlength=len(table))
    best = _Deal.made(table, sizes, shares, [*seed, 0])
    for attempt in range(1, ATTEMPTS):
        if not best.missing():
            break
        other = _Deal.made(table, sizes, shares, [*seed, attempt])
        best = min(best, other, key=lambda one: len(one.missing()))
    return np.asarray(best.part, dtype=np.int64)[groups]


@dataclass
class _Deal:
    """One way to deal groups out, while it is being made."""

    columns: list[list[tuple[int, int]]]  # of every group: (column, count) where count > 0
    members: list[list[int]]  # of every column: its groups
    sizes: list[int]
    scale: list[int]  # inverse of the shares, as integers
    rank: list[int]  # of the groups, for ties
    part_rank: list[int]
    part: list[int] = field(default_factory=list)
    have: list[list[int]] = field(default_factory=list)  # [part][column] images
    spread: list[list[int]] = field(default_factory=list)  # [part][column] groups
    load: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)  # of every column: groups not dealt out

    @classmethod
    def made(
        cls,
        table: NDArray[np.int64],
        sizes: NDArray[np.int64],
        shares: Sequence[int],
        seed: Sequence[int],
    ) -> _Deal:
        random = np.random.Generator(np.random.PCG64(list(seed)))
        whole = math.lcm(*shares)
        columns = [[(int(c), int(row[c])) for c in np.flatnonzero(row)] for row in table]
        members = [np.flatnonzero(column).tolist() for column in table.T]
        made = cls(
            columns,
            members,
            sizes.tolist(),
            [whole // share for share in shares],
            random.permutation(len(table)).tolist(),
            random.permutation(len(shares)).tolist(),
        )
        made.part = [-1] * len(columns)
        made.have = [[0] * len(members) for _ in shares]
        made.spread = [[0] * len(members) for _ in shares]
        made.load = [0] * len(shares)
        made.left = [len(groups) for groups in members]
        made._deal_all()
        made._repair()
        return made

    def _deal_all(self) -> None:
        waiting = set(range(len(self.members)))
        while waiting:
            column = min(waiting, key=lambda c: (self.left[c], c))
            waiting.remove(column)
            self._deal_column(column)
        rest = [g for g in range(len(self.part)) if self.part[g] < 0]
        for g in sorted(rest, key=lambda g: (-self.sizes[g], self.rank[g])):
            self._give(g, self._lightest(g, list(range(len(self.load)))))

    def _deal_column(self, column: int) -> None:
        weight = {g: dict(self.columns[g])[column] for g in self.members[column]}
        open_groups = [g for g in self.members[column] if self.part[g] < 0]
        open_groups.sort(key=lambda g: (-weight[g], -self.sizes[g], self.rank[g]))
        for g in open_groups:
            fill = [
                (have[column] + weight[g]) * scale
                for have, scale in zip(self.have, self.scale, strict=True)
            ]
            least = min(fill)
            self._give(g, self._lightest(g, [p for p, f in enumerate(fill) if f == least]))

    def _lightest(self, g: int, parts: list[int]) -> int:
        return min(
            parts, key=lambda p: ((self.load[p] + self.sizes[g]) * self.scale[p], self.part_rank[p])
        )

    def _give(self, g: int, part: int) -> None:
        for sign, p in ((-1, self.part[g]), (1, part)):
            if p >= 0:
                self.load[p] += sign * self.sizes[g]
                for column, count in self.columns[g]:
                    self.have[p][column] += sign * count
                    self.spread[p][column] += sign
        if self.part[g] < 0:
            for column, _ in self.columns[g]:
                self.left[column] -= 1
        self.part[g] = part

    def missing(self) -> list[tuple[int, int]]:
        """Return (part, column) where a part lacks a label that has groups enough for all."""
        enough = [c for c, groups in enumerate(self.members) if len(groups) >= len(self.load)]
        return [(p, c) for c in enough for p in range(len(self.load)) if not self.spread[p][c]]

    def _repair(self) -> None:
        """Move the smallest group that nobody misses to each part that lacks its label."""
        for part, column in self.missing():
            if self.spread[part][column]:
                continue  # an earlier move brought it
            spare = [g for g in self.members[column] if self._is_spare(g)]
            if spare:
                self._give(min(spare, key=lambda g: (self.sizes[g], self.rank[g])), part)

    def _is_spare(self, g: int) -> bool:
        return all(self.spread[self.part[g]][column] > 1 for column, _ in self.columns[g])
