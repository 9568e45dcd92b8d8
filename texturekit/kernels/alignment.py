"""How alike two small pictures are once one is laid over the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.kernels._jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 15  # Gauss-Newton steps; most pairs need four
_LEAST_OVERLAP = 0.5
_LEAST_VARIANCE = 1e-3  # below it a picture is flat but for rounding
_REACH = 0.3  # largest change of scale, and shift as a share of the side


@jit
def align_pairs(
    smooth: NDArray[np.float32],
    fine: NDArray[np.float32],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    ways: NDArray[np.int64],
    starts: NDArray[np.float64],
    likeness: NDArray[np.float64],
) -> None:
    """Fill in the correlation of each pair of pictures, the right one shifted and scaled to fit.

    ``smooth`` and ``fine``, (n, S, S), are two bands of each picture: the first is fitted, the
    second compared. Bit 0 of a way mirrors the right picture left to right, bit 1 top to bottom.
    ``starts``, (pairs, 4), are shift and stretch along x, then y, to begin with.
    """
    side = smooth.shape[1]
    guide, detail = np.empty((side, side), np.float32), np.empty((side, side), np.float32)
    fit, best = np.empty(4), np.empty(4)
    equations, rest = np.empty((4, 4)), np.empty(4)
    for k in range(left.size):
        _flip(smooth[right[k]], ways[k], guide)
        _flip(fine[right[k]], ways[k], detail)
        fit[:] = starts[k]
        _fit(smooth[left[k]], guide, fit, best, equations, rest)
        fit[:] = starts[k]
        likeness[k] = max(
            _correlation(fine[left[k]], detail, best), _correlation(fine[left[k]], detail, fit)
        )


@jit
def _flip(picture: NDArray[np.float32], way: int, out: NDArray[np.float32]) -> None:
    side = picture.shape[0]
    for r in range(side):
        row = side - 1 - r if way & 2 else r
        for c in range(side):
            out[r, c] = picture[row, side - 1 - c if way & 1 else c]


@jit
def _fit(
    one: NDArray[np.float32],
    two: NDArray[np.float32],
    fit: NDArray[np.float64],
    best: NDArray[np.float64],
    equations: NDArray[np.float64],
    rest: NDArray[np.float64],
) -> None:
    """Improve ``fit`` step by step; ``best`` is the one of the highest correlation."""
    side = one.shape[0]
    best[:] = fit
    top = -1.0
    for step in range(_STEPS):
        found = _correlation(one, two, fit)
        if found > top:
            top = found
            best[:] = fit
        elif step > 3 and found < top - 0.05:
            return
        _set_equations(one, two, fit, equations, rest)
        _solve(equations, rest)
        small = True
        for i in range(4):
            fit[i] += rest[i]
            small = small and abs(rest[i]) < (0.02 if i % 2 == 0 else 0.001)
            if not abs(fit[i]) <= (_REACH * side if i % 2 == 0 else _REACH):
                return
        if small:
            return


@jit(inline="always")
def _source(place: int, shift: float, stretch: float, centre: float) -> float:
    return centre + (1.0 + stretch) * (place - centre) + shift


@jit
def _correlation(
    one: NDArray[np.float32], two: NDArray[np.float32], fit: NDArray[np.float64]
) -> float:
    """Return Pearson's correlation where they overlap; -1 where they hardly do, or one is flat."""
    side = one.shape[0]
    centre = (side - 1) / 2.0
    n = 0
    a = b = aa = bb = ab = 0.0
    for r in range(side):
        y = _source(r, fit[2], fit[3], centre)
        if not 0.0 <= y < side - 1:
            continue
        top = int(y)
        down = y - top
        for c in range(side):
            x = _source(c, fit[0], fit[1], centre)
            if not 0.0 <= x < side - 1:
                continue
            start = int(x)
            along = x - start
            upper = two[top, start] * (1.0 - along) + two[top, start + 1] * along
            lower = two[top + 1, start] * (1.0 - along) + two[top + 1, start + 1] * along
            v = upper * (1.0 - down) + lower * down
            u = one[r, c]
            n += 1
            a += u
            b += v
            aa += u * u
            bb += v * v
            ab += u * v
    if n < _LEAST_OVERLAP * (side - 1) * (side - 1):
        return -1.0
    one_spread, two_spread = aa - a * a / n, bb - b * b / n
    if min(one_spread, two_spread) < _LEAST_VARIANCE * n:
        return -1.0
    return (ab - a * b / n) / math.sqrt(one_spread * two_spread)


@jit
def _set_equations(
    one: NDArray[np.float32],
    two: NDArray[np.float32],
    fit: NDArray[np.float64],
    equations: NDArray[np.float64],
    rest: NDArray[np.float64],
) -> None:
    """Set up the normal equations of the next step, from every second row and column."""
    side = one.shape[0]
    centre = (side - 1) / 2.0
    slope = np.empty(4)
    equations[:] = 0.0
    rest[:] = 0.0
    for r in range(0, side, 2):
        y = _source(r, fit[2], fit[3], centre)
        if not 0.0 <= y < side - 1:
            continue
        top = int(y)
        down = y - top
        for c in range(0, side, 2):
            x = _source(c, fit[0], fit[1], centre)
            if not 0.0 <= x < side - 1:
                continue
            start = int(x)
            along = x - start
            nw, ne = two[top, start], two[top, start + 1]
            sw, se = two[top + 1, start], two[top + 1, start + 1]
            v = (nw * (1.0 - along) + ne * along) * (1.0 - down)
            v += (sw * (1.0 - along) + se * along) * down
            slope[0] = (ne - nw) * (1.0 - down) + (se - sw) * down
            slope[1] = slope[0] * (c - centre)
            slope[2] = (sw - nw) * (1.0 - along) + (se - ne) * along
            slope[3] = slope[2] * (r - centre)
            for i in range(4):
                rest[i] += slope[i] * (one[r, c] - v)
                for j in range(4):
                    equations[i, j] += slope[i] * slope[j]
    for i in range(4):
        equations[i, i] += 1e-3 * equations[i, i] + 1e-6


@jit
def _solve(equations: NDArray[np.float64], rest: NDArray[np.float64]) -> None:
    """Turn ``rest`` into the solution; the damped equations need no pivot."""
    for i in range(4):
        for j in range(i + 1, 4):
            share = equations[j, i] / equations[i, i]
            for k in range(i, 4):
                equations[j, k] -= share * equations[i, k]
            rest[j] -= share * rest[i]
    for i in range(3, -1, -1):
        for k in range(i + 1, 4):
            rest[i] -= equations[i, k] * rest[k]
        rest[i] /= equations[i, i]
