"""Pieces that several kernels share."""

from __future__ import annotations

import numpy as np

from texturekit.kernels._jit import jit


@jit
def count_ones(code: int | np.int64) -> np.int64:
    """Return how many of the lowest 63 bits of a non-negative code are set.

    Sums neighbouring bits pairwise, then by four, by eight, then all bytes at once.
    """
    bits = np.int64(code)
    bits = bits - ((bits >> 1) & 0x5555555555555555)
    bits = (bits & 0x3333333333333333) + ((bits >> 2) & 0x3333333333333333)
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0F
    bits = bits + (bits >> 8)
    bits = bits + (bits >> 16)
    return (bits + (bits >> 32)) & np.int64(0x7F)


@jit
def circular_changes(code: int | np.int64, points: int) -> np.int64:
    """Return how many of the bits differ from their neighbour around the circle."""
    bits = np.int64(code)
    turned = (bits >> 1) | ((bits & 1) << (points - 1))
    return np.int64(count_ones(bits ^ turned))


@jit
def lowest_place(bits: int | np.int64) -> int:
    """Return the place of the lowest set bit of a positive number.

    The compiler knows this loop, which counts the bits below it, and makes it one instruction.
    """
    below, place = (bits & -bits) - 1, 0
    while below != 0:
        below &= below - 1
        place += 1
    return place
