"""How alike images are: each is compared with the few that its hash is nearest to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit import events
from texturekit.data.likeness import ZOOM, bands, mirror_masks
from texturekit.kernels.alignment import align_pairs
from texturekit.kernels.hashes import nearest_hashes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from texturekit.data.likeness import Sketches

NEIGHBOURS = 8  # pairs an image, however many are alike
_BITS = 48  # of 128 that may differ; 64 do by chance
_SURE = 0.9  # of a pair this alike no other view is looked at
_BLOCK = 256
_DRAWN = 2000
_STAGE = "comparing images"
#: Views of the one and the other image whose hashes are compared; see `likeness.VIEWS`.
_LOOKUPS = ((0, 0), (1, 1), (0, 2))


@dataclass(frozen=True)
class Pairs:
    """Pairs of images that were compared.

    Attributes
    ----------
    left, right : (p,) int64
        Rows; each pair once.
    likeness : (p,) float64
        Correlation of their detail once laid over one another, -1 to 1.
    mirrored : (p,) bool
        Whether one had to be mirrored.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    likeness: NDArray[np.float64]
    mirrored: NDArray[np.bool_]

    def ends(self) -> list[tuple[int, int]]:
        """Return the two rows of every pair."""
        return list(zip(self.left.tolist(), self.right.tolist(), strict=True))

    def at_least(self, likeness: float) -> Pairs:
        """Return the pairs that are at least so alike."""
        keep = self.likeness >= likeness
        return Pairs(self.left[keep], self.right[keep], self.likeness[keep], self.mirrored[keep])


@dataclass(frozen=True)
class _Candidates:
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    lookup: NDArray[np.int64]
    way: NDArray[np.int64]


def alike_pairs(sketches: Sketches, rows: NDArray[np.int64], *, jobs: int = 1) -> Pairs:
    """Compare every image with the few that its hash is nearest to.

    Parameters
    ----------
    sketches : Sketches
    rows : (m,) int64
        The images to compare, each content once.
    jobs : int, default 1
        Threads.

    Returns
    -------
    Pairs
        At most 8 for each image: the time does not depend on how many look alike. Sorted by rows.
    """
    if len(rows) < 2:
        none = np.zeros(0, np.int64)
        return Pairs(none, none, np.zeros(0), none > 0)
    found = _candidates(sketches, rows, jobs)
    likeness = _aligned(sketches, found, jobs)
    order = np.lexsort((found.right, found.left))
    return Pairs(found.left[order], found.right[order], likeness[order], (found.way > 0)[order])


def unrelated(sketches: Sketches, rows: NDArray[np.int64], *, jobs: int = 1) -> NDArray[np.float64]:
    """Return how alike pairs are that were drawn at random; see `alike_pairs`.

    Returns
    -------
    (p,) float64
        Up to 2,000 numbers, always of the same pairs.
    """
    if len(rows) < 2:
        return np.zeros(0)
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, len(rows), (2, _DRAWN))
    other = left != right
    # Of few images the same pairs are drawn again and again: each is compared once.
    drawn, places = np.unique(left[other] * len(rows) + right[other], return_inverse=True)
    zeros = np.zeros(len(drawn), np.int64)
    pairs = _Candidates(rows[drawn // len(rows)], rows[drawn % len(rows)], zeros, zeros)
    return _aligned(sketches, pairs, jobs)[places]


def _candidates(sketches: Sketches, rows: NDArray[np.int64], jobs: int) -> _Candidates:
    tables = []
    for number, (one, other) in enumerate(_LOOKUPS):
        if one == 1 and not sketches.trimmed:
            continue
        queries = np.ascontiguousarray(sketches.hashes[one, rows])
        hashes = np.ascontiguousarray(sketches.hashes[other, rows])
        near, distance, way = _nearest(queries, hashes, jobs)
        query, place = np.nonzero(near >= 0)
        columns = (query, near[query, place], distance[query, place], way[query, place])
        tables.append(np.stack([*columns, np.full(len(query), number)]))
    table = _fewest(np.concatenate(tables, axis=1))
    left, right, _, way, lookup = table
    return _Candidates(rows[left], rows[right], lookup, way)


def _fewest(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keep the nearest few of every query, and every pair once, in its best way."""
    query, row, distance = table[:3]
    table = table[:, np.lexsort((table[4], row, distance, query))]
    query, row = table[:2]
    first = np.unique(query * (row.max(initial=0) + 1) + row, return_index=True)[1]
    table = table[:, np.sort(first)]
    starts = np.searchsorted(table[0], table[0], side="left")
    table = table[:, np.arange(table.shape[1]) - starts < NEIGHBOURS]
    table = table[:, np.argsort(table[2], kind="stable")]
    low, high = np.minimum(table[0], table[1]), np.maximum(table[0], table[1])
    once = np.unique(low * (high.max(initial=0) + 1) + high, return_index=True)[1]
    return table[:, once]


def _nearest(
    queries: NDArray[np.uint64], hashes: NDArray[np.uint64], jobs: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    n, flips = len(queries), mirror_masks()
    near = np.full((n, NEIGHBOURS), -1, np.int64)
    distance, way = np.zeros_like(near), np.zeros_like(near)

    def look_up(start: int) -> int:
        part = slice(start, start + _BLOCK)
        nearest_hashes(
            start, queries[part], hashes, flips, _BITS, near[part], distance[part], way[part]
        )
        return min(_BLOCK, n - start)

    for done in _counted(look_up, range(0, n, _BLOCK), jobs):
        events.progress(_STAGE, done, n)
    return near, distance, way


def _aligned(sketches: Sketches, found: _Candidates, jobs: int) -> NDArray[np.float64]:
    likeness = np.full(len(found.left), -1.0)
    view = (found.lookup == 1).astype(np.int64)
    _align(sketches, found, view, np.arange(len(view)), likeness, jobs)
    if sketches.trimmed:
        unsure = np.flatnonzero(likeness < _SURE)
        _align(sketches, found, 1 - view, unsure, likeness, jobs)
    return likeness


def _align(
    sketches: Sketches,
    found: _Candidates,
    view: NDArray[np.int64],
    chosen: NDArray[np.int64],
    likeness: NDArray[np.float64],
    jobs: int,
) -> None:
    """Raise the likeness of the chosen pairs to what one view of both images gives."""

    def compare(start: int) -> int:
        part = chosen[start : start + _BLOCK]
        for one in (0, 1):
            pairs = part[view[part] == one]
            if len(pairs) == 0:
                continue
            ends = np.stack([found.left[pairs], found.right[pairs]])
            known, places = np.unique(ends, return_inverse=True)
            left, right = np.ascontiguousarray(places.reshape(ends.shape).astype(np.int64))
            starts = np.zeros((len(pairs), 4))
            starts[:, 1::2] = np.where(found.lookup[pairs, None] == 2, -ZOOM * (one == 0), 0.0)
            scores = np.empty(len(pairs))
            smooth, fine = bands(sketches.pictures[one, known])
            align_pairs(smooth, fine, left, right, found.way[pairs], starts, scores)
            likeness[pairs] = np.maximum(likeness[pairs], scores)
        return len(part)

    for done in _counted(compare, range(0, len(chosen), _BLOCK), jobs):
        events.progress(_STAGE, done, len(chosen))


def _counted(work: Callable[[int], int], starts: range, jobs: int) -> Iterator[int]:
    """Run the work on every start, in threads, and yield how much is done."""
    from joblib import Parallel, delayed

    done = 0
    if jobs == 1 or len(starts) < 2:
        counts: Iterator[int] = map(work, starts)
    else:
        run = Parallel(n_jobs=jobs, backend="threading", return_as="generator")
        counts = run(delayed(work)(start) for start in starts)
    for count in counts:
        done += count
        yield done
