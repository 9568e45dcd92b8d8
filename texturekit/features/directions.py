"""Which way a brightness changes: bins of unsigned directions, and their histogram by cell."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.kernels import gradients
from texturekit.kernels.hog import vote, vote_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray


def describe_bytes(
    image: NDArray[np.uint8], cells: tuple[int, int], votes: NDArray[np.float32]
) -> None:
    """Fill ``votes`` (cell rows, columns, 1 to 180 orientations) with each cell's histogram."""
    vote_bytes(image, *byte_tables(votes.shape[2]), cells[0], cells[1], votes)


def describe(
    down: NDArray[np.float64],
    right: NDArray[np.float64],
    lengths: NDArray[np.float64],
    cells: tuple[int, int],
    votes: NDArray[np.float32],
) -> None:
    """Fill ``votes`` from gradients of any type, and for any number of orientations."""
    if votes.shape[2]:
        vote(lengths, bin_directions(down, right, votes.shape[2]), cells[0], cells[1], votes)


@lru_cache(maxsize=8)
def byte_tables(orientations: int) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Return lengths and bins of all gradients of bytes by their code, see `fill_codes`.

    They are numpy's own, so that what is read from them is scikit-image's to the last bit.
    """
    down, right = (a.astype(np.float64) for a in np.mgrid[:256, :256])
    bins = [_bins_of_angles(down, x, orientations) for x in (right, -right)]
    return np.hypot(right, down).ravel(), np.array(bins, np.uint8).ravel()


def bin_directions(
    down: NDArray[np.float64], right: NDArray[np.float64], orientations: int
) -> NDArray[np.int32]:
    """Return the bin of every unsigned direction, (H, W).

    NaN is in bin -2, an angle that only rounding brings to 180 degrees in bin -1.
    """
    edges = np.arange(orientations) * (np.pi / orientations)
    bins = np.empty(down.shape, np.int32)
    if gradients.direction_bins(down, right, np.cos(edges), np.sin(edges), bins):
        near = bins == gradients.UNDECIDED
        bins[near] = _bins_of_angles(down[near], right[near], orientations)
    return bins


def _bins_of_angles(
    down: NDArray[np.float64], right: NDArray[np.float64], orientations: int
) -> NDArray[np.int32]:
    angles = np.rad2deg(np.arctan2(down, right)) % 180
    edges = np.arange(orientations + 1) * (180 / orientations)
    bins = np.searchsorted(edges, angles, side="right").astype(np.int32) - 1
    bins[angles >= edges[-1]] = -1
    bins[np.isnan(angles)] = -2
    return bins


def differences(image: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return next minus previous pixel, down and right, (H, W) each, 0 on the first and last."""
    down, right = np.empty(image.shape), np.empty(image.shape)
    gradients.central_differences(image, down, right)
    return down, right
