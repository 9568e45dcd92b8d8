"""Local binary patterns of the eight pixels around each, without interpolation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit
from texturekit.kernels.samples import count_row

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def code_square(
    framed: NDArray[Any], slack: float, table: NDArray[Any], found: NDArray[Any]
) -> None:
    """Write what stands in ``table`` at the code of each pixel but the outermost.

    Bits from east, counter-clockwise.
    """
    width = found.shape[1]
    low, codes = np.empty(width, framed.dtype), np.empty(width, np.uint8)
    for r in range(found.shape[0]):
        _code_row(framed, r, slack, low, codes)
        row = np.uint64(r)
        for c in range(np.uint64(width)):
            found[row, c] = table[codes[c]]


@jit
def count_square(
    framed: NDArray[Any],
    slack: float,
    masked: bool,
    inside: NDArray[np.bool_],
    banks: NDArray[np.uint32],
) -> None:
    """Add the codes of all pixels but the outermost to ``banks``; see `count_row`."""
    width = framed.shape[1] - 2
    low, codes = np.empty(width, framed.dtype), np.empty(width, np.uint8)
    for r in range(framed.shape[0] - 2):
        _code_row(framed, r, slack, low, codes)
        count_row(codes, width, r, masked, inside, banks)


@jit
def _code_row(
    framed: NDArray[Any], r: int, slack: float, low: NDArray[Any], codes: NDArray[np.uint8]
) -> None:
    """Write which neighbours are at least the pixel, less ``slack`` (0 for integers)."""
    one, two, zero = np.uint64(1), np.uint64(2), np.uint8(0)
    up = np.uint64(r)
    mid, down = up + one, up + two
    for c in range(np.uint64(len(codes))):
        low[c] = framed.dtype.type(framed[mid, c + one] - slack)
    for c in range(np.uint64(len(codes))):
        x = low[c]
        code = np.uint8(1) if framed[mid, c + two] >= x else zero
        code |= np.uint8(2) if framed[up, c + two] >= x else zero
        code |= np.uint8(4) if framed[up, c + one] >= x else zero
        code |= np.uint8(8) if framed[up, c] >= x else zero
        code |= np.uint8(16) if framed[mid, c] >= x else zero
        code |= np.uint8(32) if framed[down, c] >= x else zero
        code |= np.uint8(64) if framed[down, c + one] >= x else zero
        code |= np.uint8(128) if framed[down, c + two] >= x else zero
        codes[c] = code
