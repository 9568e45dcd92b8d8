"""Rows in blocks of one size, so that a row gives the same bits however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

BLOCK = 64  # matrix products round by their shape: it is always the same


def in_blocks(
    judge: Callable[[NDArray[np.intp]], NDArray[np.float64]], count: int
) -> NDArray[np.float64]:
    """Call a function for the rows 0 to ``count``, `BLOCK` at a time; the last is repeated.

    Parameters
    ----------
    judge : callable
        From `BLOCK` row numbers to an array with one entry a row.
    count : int

    Returns
    -------
    (count, ...) float64

    Examples
    --------
    >>> in_blocks(lambda rows: rows * 1.0, 3)
    array([0., 1., 2.])
    """
    parts = [
        judge(np.minimum(np.arange(start, start + BLOCK), count - 1))[: count - start]
        for start in range(0, count, BLOCK)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)
