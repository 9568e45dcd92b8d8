"""What boxes and blankets of growing size hold of the surface that grey values make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@jit
def count_boxes(
    low: NDArray[np.int32],
    high: NDArray[np.int32],
    whole: NDArray[np.bool_],
    boxes: NDArray[np.int64],
    blocks: NDArray[np.int64],
) -> None:
    """Add up the boxes that the surface passes through, for blocks of 2, 4, 8, ... pixels.

    ``low`` and ``high`` hold each pixel's height in boxes of the smallest size; a box twice as
    wide is twice as high. Blocks that are not ``whole`` are left out. ``blocks`` counts the others.
    The three images are overwritten, from the top left on, by those of the blocks.
    """
    height, width = low.shape
    for k in range(boxes.size):
        height, width = height // 2, width // 2
        for r in range(height):
            for c in range(width):
                i, j = 2 * r, 2 * c
                bottom = min(min(low[i, j], low[i, j + 1]), min(low[i + 1, j], low[i + 1, j + 1]))
                top = max(max(high[i, j], high[i, j + 1]), max(high[i + 1, j], high[i + 1, j + 1]))
                full = whole[i, j] & whole[i, j + 1] & whole[i + 1, j] & whole[i + 1, j + 1]
                low[r, c], high[r, c], whole[r, c] = bottom, top, full
                if full:
                    boxes[k] += (top >> k) - (bottom >> k) + 1
                    blocks[k] += 1


@jit
def sum_increments(
    surface: NDArray[np.float64],
    inside: NDArray[np.bool_],
    lags: NDArray[np.int64],
    sums: NDArray[np.float64],
    pairs: NDArray[np.int64],
) -> None:
    """Fill, for each lag, the sum of the differences' size along rows and columns, and the pairs.

    A pair counts if both of its pixels are inside.
    """
    height, width = surface.shape
    columns, counts = np.empty(width), np.empty(width, np.int64)
    for k in range(lags.size):
        lag = lags[k]
        columns[:] = 0.0
        counts[:] = 0
        for r in range(height):
            here, held = surface[r], inside[r]
            if lag < width:
                _add_sizes(here[lag:], here, held[lag:], held, columns, counts)
            if r + lag < height:
                _add_sizes(surface[r + lag], here, inside[r + lag], held, columns, counts)
        sums[k], pairs[k] = _total(columns), _total(counts)


@jit
def _total(values: NDArray[Any]) -> Any:
    # numpy's sum adds up in another order than the compiled one.
    total = values[0]
    for n in range(1, values.size):
        total += values[n]
    return total


@jit
def _add_sizes(
    there: NDArray[np.float64],
    here: NDArray[np.float64],
    held_there: NDArray[np.bool_],
    held: NDArray[np.bool_],
    columns: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> None:
    for c in range(there.size):
        both = held_there[c] & held[c]
        columns[c] += abs(there[c] - here[c]) if both else 0.0
        counts[c] += both


@jit
def grow_blanket(
    surface: NDArray[np.float64], inside: NDArray[np.bool_], volumes: NDArray[np.float64]
) -> None:
    """Fill the volume between the two blankets that lie 1, 2, 3, ... away from the surface."""
    height, width = surface.shape
    # Minus infinity stays what it is, and loses against every neighbour.
    fence = np.full((height + 2, width + 2), -np.inf)
    above, below = fence.copy(), fence.copy()
    for r in range(height):
        for c in range(width):
            if inside[r, c]:
                fence[r + 1, c + 1] = 0.0
                above[r + 1, c + 1] = surface[r, c]
                below[r + 1, c + 1] = -surface[r, c]
    spare = np.full((height + 2, width + 2), -np.inf)
    columns = np.empty(width)
    for k in range(volumes.size):
        _swell(above, fence, spare)
        above, spare = spare, above
        _swell(below, fence, spare)
        below, spare = spare, below
        columns[:] = 0.0
        for r in range(1, height + 1):
            _add_thickness(above[r], below[r], fence[r], columns)
        volumes[k] = _total(columns)


@jit
def _swell(
    source: NDArray[np.float64], fence: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    for r in range(1, source.shape[0] - 1):
        _swell_row(source[r - 1], source[r], source[r + 1], fence[r], out[r])


@jit
def _swell_row(
    before: NDArray[np.float64],
    here: NDArray[np.float64],
    after: NDArray[np.float64],
    fence: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    for c in range(out.size - 2):
        top = here[c + 1] + 1.0
        top = here[c] if here[c] > top else top
        top = here[c + 2] if here[c + 2] > top else top
        top = before[c + 1] if before[c + 1] > top else top
        top = after[c + 1] if after[c + 1] > top else top
        out[c + 1] = top + fence[c + 1]


@jit
def _add_thickness(
    above: NDArray[np.float64],
    below: NDArray[np.float64],
    fence: NDArray[np.float64],
    columns: NDArray[np.float64],
) -> None:
    for c in range(columns.size):
        columns[c] += above[c + 1] + below[c + 1] if fence[c + 1] == 0.0 else 0.0


@jit
def add_up(
    surface: NDArray[np.float64],
    inside: NDArray[np.bool_],
    sums: NDArray[np.float64],
    held: NDArray[np.int64],
) -> None:
    """Fill the sum of the surface, and the pixels inside, above and left of each corner."""
    height, width = surface.shape
    sums[0, :] = 0.0
    held[0, :] = 0
    for r in range(height):
        total, count = 0.0, 0
        sums[r + 1, 0] = 0.0
        held[r + 1, 0] = 0
        for c in range(width):
            if inside[r, c]:
                total += surface[r, c]
                count += 1
            sums[r + 1, c + 1] = sums[r, c + 1] + total
            held[r + 1, c + 1] = held[r, c + 1] + count


@jit
def glide_box(
    sums: NDArray[np.float64], held: NDArray[np.int64], size: int, masses: NDArray[np.float64]
) -> int:
    """Fill the mass of every box of ``size`` x ``size`` pixels inside, and return their number."""
    count = 0
    for r in range(sums.shape[0] - size):
        for c in range(sums.shape[1] - size):
            pixels = held[r + size, c + size] - held[r, c + size] - held[r + size, c] + held[r, c]
            if pixels == size * size:
                right = sums[r + size, c + size] - sums[r, c + size]
                masses[count] = right - (sums[r + size, c] - sums[r, c])
                count += 1
    return count
