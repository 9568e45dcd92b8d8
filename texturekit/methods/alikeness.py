"""How alike the columns of two families order the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.methods.families import by_family
from texturekit.records import FamilyCorrelation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.methods.grammar import Method
    from texturekit.methods.learners import Inputs

    Floats = NDArray[np.float64]

MOST_COLUMNS, MOST_IMAGES = 50, 2000


def family_correlation(methods: Sequence[Method], inputs: Inputs) -> FamilyCorrelation | None:
    """Return the mean absolute rank correlation of the columns of every two families.

    On the diagonal stands the mean over different columns of one family: what the other numbers of
    its row are to be compared with. Columns without any change are left out, and so is a family of
    nothing else.

    Parameters
    ----------
    methods : sequence of Method
        Those that ran.
    inputs : Inputs
        The used images.

    Returns
    -------
    FamilyCorrelation or None
        None for fewer than two families.
    """
    blocks = {name: columns for method in methods for name, columns in method.blocks.items()}
    rows = _evenly(inputs.count, MOST_IMAGES)
    ranks, still = {}, []
    for family, names in by_family(blocks).items():
        table = _ranks(_table(names, blocks, inputs, rows))
        if table is None:
            still.append(family)
        else:
            ranks[family] = table
    if len(ranks) < 2:
        return None
    families = list(ranks)
    values: list[list[float | None]] = [[None] * len(families) for _ in families]
    for k, a in enumerate(families):
        for m, b in enumerate(families[: k + 1]):
            values[k][m] = values[m][k] = _mean(ranks[a], ranks[b], same=a == b)
    how = (
        "mean absolute Spearman correlation of columns; on the diagonal, of different columns of "
        f"one family; at most {MOST_COLUMNS} columns a family, evenly chosen"
    )
    if len(rows) < inputs.count:
        how += f"; {len(rows):,} of {inputs.count:,} images, evenly chosen"
    if still:
        how += f"; without {', '.join(still)}, the same in all images"
    return FamilyCorrelation(families=families, values=values, images=len(rows), how=how)


def _evenly(count: int, most: int) -> NDArray[np.int64]:
    """Return at most so many of the numbers from 0, at even steps."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def _table(
    names: Sequence[str],
    blocks: dict[str, tuple[str, ...]],
    inputs: Inputs,
    rows: NDArray[np.int64],
) -> Floats:
    """Return the columns of a family on some images, each name once."""
    columns: dict[str, Floats] = {}
    for name in names:
        values = inputs.blocks[name][rows]
        for place, column in enumerate(blocks[name]):
            columns.setdefault(column, values[:, place])
    return np.stack(list(columns.values()), axis=1)


def _ranks(table: Floats) -> Floats | None:
    """Return ranks of length 1 around 0, of some of the columns that are not constant."""
    from scipy.stats import rankdata

    varying = table[:, np.ptp(table, axis=0) > 0]
    if not varying.shape[1]:
        return None
    ranked = rankdata(varying[:, _evenly(varying.shape[1], MOST_COLUMNS)], axis=0)
    centred = ranked - ranked.mean(axis=0)
    return np.asarray(centred / np.linalg.norm(centred, axis=0))


def _mean(a: Floats, b: Floats, *, same: bool) -> float | None:
    """Return the mean absolute correlation over pairs of columns; None where there is no pair."""
    found = np.minimum(np.abs(a.T @ b), 1)
    if same:
        found = found[~np.eye(len(found), dtype=bool)]
    return float(found.mean()) if found.size else None
