"""Histograms of oriented gradients, of fixed length for any image size."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError
from texturekit.features.directions import (
    bin_directions,
    byte_tables,
    describe,
    describe_bytes,
    differences,
)
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature
from texturekit.kernels import gradients
from texturekit.kernels.blocks import NORMS, normalise_blocks, spread_blocks
from texturekit.kernels.hog import vote_bytes_in_grid, vote_in_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 1e60
ALL = np.empty((0, 0), np.bool_)
DEFAULTS: dict[str, Any] = {"size": None, "grid": 4, "cell": 8}
ONLY_IN = {"size": "raw", "cell": "raw", "grid": "pooled"}


@feature
def hog(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    mode: str = "pooled",
    size: int | None = None,
    grid: int = 4,
    orientations: int = 9,
    cell: int = 8,
    block: int = 2,
    norm: str | tuple[str, ...] = "L2-Hys",
) -> Measured:
    """Measure where edges of which direction lie: histograms of oriented gradients.

    ``pooled`` lays a grid over the image, or over the box of the mask, and averages in each cell
    the gradient lengths by unsigned direction. Every block of cells is normalised, and a cell's
    values are the mean over all blocks that hold it. Nothing is added to a block's length, so the
    values do not change with the scale of the grey levels; a block without a gradient gives 0.
    Only pixels whose four neighbours are inside image and mask vote. Where the box has fewer
    pixels than the grid has cells, the cells left without a pixel are 0.

    ``raw`` resizes the grey image to ``size`` x ``size`` (Pillow, bilinear with antialiasing, the
    aspect not kept; the mask by nearest neighbour) and gives the descriptor of
    `texturekit.compat.skimage.hog`; with a mask, only pixels as above vote.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        At least ``grid + 2`` pixels a side for ``pooled``.
    mask : (H, W) array, optional
        Non-zero inside the region to measure.
    mode : {"pooled", "raw"}
        See above.
    size : int, 16 to 1024
        Side of the resized image; for ``raw`` only, and needed there.
    grid : int, 1 to 64
        Cells a side, for ``pooled`` only.
    orientations : int, 1 to 180
        Bins over 0 to 180 degrees; bin o starts at ``180 * o / orientations``, where 0 is a
        brightness that changes along the row and 90 one that changes down the column.
    cell : int, 1 to 512
        Pixels a cell's side, for ``raw`` only.
    block : int
        Cells a block's side, at most those there are; 1 normalises each cell on its own.
    norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}
        As in scikit-image; L2-Hys is L2, cut at 0.2, then L2 again.

    Returns
    -------
    dict of float
        ``hog.r0c0.o0`` ... (grid * grid * orientations values in 0..1), or ``hog.raw.0000`` ...

    Raises
    ------
    ImageError
        If the image is too small or not finite, or the mask holds no pixel that may vote.
    ParameterError
        If a parameter is out of range, or belongs to the other mode.

    References
    ----------
    Dalal and Triggs (2005), doi:10.1109/CVPR.2005.177.

    Examples
    --------
    >>> ramp = np.tile(np.arange(16, dtype=np.uint8), (16, 1))
    >>> values = hog(ramp, grid=1)
    >>> values["hog.r0c0.o0"], values["hog.r0c0.o4"]
    (1.0, 0.0)
    """
    norm = norm if isinstance(norm, str) else "-".join(norm)  # the grammar splits at hyphens
    _check(mode, size=size, grid=grid, orientations=orientations, cell=cell, block=block, norm=norm)
    grey, region = grey_region(image, mask, smallest=grid + 2 if mode == "pooled" else 1)
    if mode == "pooled":
        cells = pool(_measurable(grey), region, grid, orientations)
        spread = np.empty_like(cells)
        spread_blocks(cells, min(block, grid), NORMS.index(norm), spread)
        return Measured(_pooled_names(grid, orientations), spread.ravel())
    image, region = _squared(_measurable(grey), region, size or 0)
    values = _raw(image, region, orientations, (cell, cell), (block, block), norm)
    return Measured(_raw_names(values.size), values)


@cache
def _pooled_names(grid: int, orientations: int) -> tuple[str, ...]:
    return tuple(f"hog.r{r}c{c}.o{o}" for r, c, o in np.ndindex(grid, grid, orientations))


@cache
def _raw_names(count: int) -> tuple[str, ...]:
    digits = max(4, len(str(count - 1)))
    return tuple(f"hog.raw.{n:0{digits}d}" for n in range(count))


def pool(
    image: NDArray[Any], region: NDArray[np.bool_] | None, grid: int, orientations: int
) -> NDArray[np.float64]:
    """Return the mean gradient length by cell and direction, (grid, grid, orientations)."""
    votes = np.zeros((grid, grid, orientations))
    height, width = image.shape
    narrow = image.dtype == np.uint8
    if narrow and region is None:
        box = 1, 1, height - 2, width - 2
        vote_bytes_in_grid(image, ALL, *byte_tables(orientations), box, votes)
        return votes
    inside = voters(image.shape, region)
    rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    box = int(rows[0]), int(cols[0]), int(rows[-1] - rows[0] + 1), int(cols[-1] - cols[0] + 1)
    if narrow:
        vote_bytes_in_grid(image, inside, *byte_tables(orientations), box, votes)
        return votes
    down, right = differences(image)
    lengths = np.empty_like(down)
    gradients.lengths(down, right, lengths)
    vote_in_grid(lengths, bin_directions(down, right, orientations), inside, box, votes)
    return votes


def voters(shape: tuple[int, ...], region: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Return where a pixel and its four neighbours are inside image and region, (H, W) bool.

    Raises
    ------
    ImageError
        If that is nowhere.
    """
    inside = np.zeros(shape, np.bool_)
    if region is None:
        inside[1:-1, 1:-1] = True
    else:
        rows = region[:-2, 1:-1] & region[1:-1, 1:-1] & region[2:, 1:-1]
        inside[1:-1, 1:-1] = rows & region[1:-1, :-2] & region[1:-1, 2:]
    if not inside.any():
        count = "no mask" if region is None else f"a mask of {int(region.sum())} pixels"
        raise ImageError(
            f"{count} on {shape[1]}x{shape[0]} pixels leaves no pixel with its four neighbours "
            "inside; use a larger image or mask, or leave hog out."
        )
    return inside


def _raw(
    image: NDArray[Any],
    region: NDArray[np.bool_] | None,
    orientations: int,
    cells: tuple[int, int],
    blocks: tuple[int, int],
    norm: str,
) -> NDArray[np.float64]:
    count = image.shape[0] // cells[0]
    votes = np.zeros((count, count, orientations), np.float32)
    if image.dtype == np.uint8 and region is None:
        describe_bytes(image, cells, votes)
    else:
        down, right = differences(image)
        lengths = np.empty_like(down)
        gradients.lengths(down, right, lengths)
        if region is not None:
            lengths *= voters(image.shape, region)
        describe(down, right, lengths, cells, votes)
    out = np.empty((count - blocks[0] + 1,) * 2 + (*blocks, orientations))
    normalise_blocks(votes, NORMS.index(norm), out)
    return out.ravel()


def _squared(
    image: NDArray[Any], region: NDArray[np.bool_] | None, size: int
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    from PIL import Image

    if image.shape == (size, size):
        return image, region
    if region is not None:
        mask = Image.fromarray(region.astype(np.uint8))
        region = np.asarray(mask.resize((size, size), Image.Resampling.NEAREST)).astype(np.bool_)
    scale = max(float(np.abs(image).max()), 1e-300)  # Pillow's float is single precision
    picture = Image.fromarray((image / scale).astype(np.float32))
    resized = picture.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.float64) * scale, region


def _measurable(grey: NDArray[Any]) -> NDArray[Any]:
    if grey.dtype == np.uint8:
        return grey
    wide = grey.astype(np.float64)
    top = float(np.abs(wide).max())
    if top > LARGEST:
        raise ImageError(
            f"image holds the value {top:g}, but gradients are measured up to {LARGEST:g}; "
            "scale the image down."
        )
    return wide


def _check(mode: str, *, norm: str, **numbers: int | None) -> None:
    if mode not in ("pooled", "raw"):
        raise ParameterError(f"mode={mode!r} is unknown; choose pooled or raw.")
    if norm not in NORMS:
        raise ParameterError(f"norm={norm!r} is unknown; choose one of {', '.join(NORMS)}.")
    for name, owner in ONLY_IN.items():
        if mode != owner and numbers[name] != DEFAULTS[name]:
            raise ParameterError(
                f"{name}={numbers[name]} belongs to mode={owner}, but mode={mode} was asked for; "
                "leave it out."
            )
    _check_number("orientations", numbers["orientations"], 1, 180)
    if mode == "pooled":
        _check_number("grid", numbers["grid"], 1, 64)
        _check_number("block", numbers["block"], 1, 64)
        return
    _check_number("size", numbers["size"], 16, 1024)
    _check_number("cell", numbers["cell"], 1, 512)
    _check_number("block", numbers["block"], 1, (numbers["size"] or 0) // (numbers["cell"] or 1))


def _check_number(name: str, value: int | None, low: int, high: int) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (whole and value is not None and low <= value <= high):
        raise ParameterError(f"{name}={value} is not a whole number from {low} to {high}.")
