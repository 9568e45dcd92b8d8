"""Samples on a circle around each pixel, and the codes and counts that they give."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from texturekit.errors import ParameterError
from texturekit.features.code_labels import (
    METHODS,
    bin_labels,
    check_method,
    code_table,
    label_codes,
    label_table,
)
from texturekit.kernels.circle import code_circle, count_circle
from texturekit.kernels.lbp import circle_variance
from texturekit.kernels.neighbours import code_neighbours, count_neighbours
from texturekit.kernels.square import code_square, count_square

if TYPE_CHECKING:
    from numpy.typing import NDArray

LBP_METHODS = (*METHODS, "var")
BANKS = 8  # of counters, see `texturekit.kernels.samples.count_row`
_NO_MASK = np.zeros((0, 0), bool)
_NO_TABLE = np.zeros(0, np.uint16)
# Rows above and below, columns left and right of the eight pixels: from east, counter-clockwise.
_SQUARE = np.array([(0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)])[
    :, [0, 0, 1, 1]
]


def check_circle(p: int, r: float, method: str) -> None:
    """Raise if no circle of samples can be made, or its codes do not fit."""
    check_method(method, known=LBP_METHODS)
    most = 31 if method in ("default", "ror") else 62
    if not isinstance(p, int | np.integer) or not 2 <= p <= most:
        raise ParameterError(f"p={p!r}, but method={method!r} takes 2 to {most} points; change p.")
    if not 0 < r < math.inf:
        raise ParameterError(f"r={r!r}, but the radius is a number of pixels above 0; change r.")


def circle_name(p: int, r: float) -> str:
    """Return how a circle is written in a column: ``p8r1``, ``p8r1_5``."""
    written = str(int(r)) if float(r).is_integer() else str(r).replace(".", "_")
    return f"p{p}r{written}"


def circle_codes(
    grey: NDArray[Any], p: int, r: float, *, interpolate_all: bool = False, slack: float = 0.0
) -> NDArray[np.integer]:
    """Return the raw codes of a grey image that has been checked: (H, W), int32 up to 31 points.

    Outside the image is 0; samples down to ``slack`` below the pixel count as reaching it.
    """
    dtype = np.int32 if p <= 31 else np.int64
    if _is_classic(p, r, grey) and slack == 0:
        return _classic(grey, label_table(8, "default"))
    circle = Circle(p, r, *grey.shape, interpolate_all=interpolate_all)
    framed = circle.pad(grey, np.uint8 if grey.dtype == np.uint8 else np.float64)
    found, weights = np.empty(grey.shape, dtype), np.left_shift(1, np.arange(p), dtype=dtype)
    code_circle(framed, circle.margin, *circle.tables, slack, weights, found)
    return found


def circle_labels(
    grey: NDArray[Any], p: int, r: float, method: str, *, dtype: Any = np.int32, slack: float = 0.0
) -> NDArray[Any]:
    """Return the labels of `circle_codes` by a method."""
    if _is_classic(p, r, grey) and slack == 0:
        return _classic(grey, label_table(8, method, dtype))
    codes = circle_codes(grey, p, r, slack=slack)
    return label_codes(codes, p, method).astype(dtype, copy=False)


def _classic(grey: NDArray[np.uint8], table: NDArray[Any]) -> NDArray[Any]:
    circle, found = Circle(8, 1, *grey.shape), np.empty(grey.shape, table.dtype)
    framed = circle.pad(grey, np.uint8)
    code_neighbours(framed, circle.rows, circle.cols, table, found)
    return found


def count_circle_codes(
    grey: NDArray[Any],
    inside: NDArray[np.bool_] | None,
    p: int,
    r: float,
    method: str,
    slack: float = 0.0,
) -> tuple[NDArray[np.uint32], NDArray[np.uint16]] | None:
    """Count the pixels at least ``ceil(r)`` inside the border, by label or by code.

    Returns
    -------
    banks : (8, n) uint32
        Their sum over the banks counts the bins, or the codes.
    table : (n,) uint16
        The bin of each code; empty if bins were counted.

    ``None`` for more points than are counted this way: 16, or 31 with ``uniform``.
    """
    margin = math.ceil(r)
    circle = Circle(p, r, *grey.shape, inner=margin)
    table = code_table(p, method)
    core = _NO_MASK if inside is None else inside[margin:-margin, margin:-margin]
    masked = inside is not None
    if _is_classic(p, r, grey) and slack == 0:
        banks = np.zeros((BANKS, 256), np.uint32)
        count_neighbours(
            grey, masked, np.ascontiguousarray(core), circle.rows, circle.cols,
            banks,
        )  # fmt: skip
        return banks, table
    if table.size == 0 and (method != "uniform" or p > 31):
        return None
    banks = np.zeros((BANKS, len(bin_labels(p, method))), np.uint32)
    weights = np.left_shift(1, np.arange(p), dtype=np.int32)
    framed = grey if grey.dtype == np.uint8 else grey.astype(np.float64)
    count_circle(
        framed, margin, masked, np.ascontiguousarray(core), *circle.tables, slack,
        weights, table, banks,
    )  # fmt: skip
    return banks, _NO_TABLE


def square_labels(grey: NDArray[Any], method: str, slack: float = 0.0) -> NDArray[np.int32]:
    """Return the labels of the eight pixels around each; outside the image is 0."""
    found, framed = np.empty(grey.shape, np.int32), _pad(grey, 1, _square_type(grey, slack))
    code_square(framed, slack, label_table(8, method), found)
    return found


def count_square_codes(
    grey: NDArray[Any], inside: NDArray[np.bool_] | None, slack: float = 0.0
) -> NDArray[np.uint32]:
    """Count the codes of the eight pixels around all but the outermost; see `square_labels`."""
    banks = np.zeros((BANKS, 256), np.uint32)
    core = _NO_MASK if inside is None else np.ascontiguousarray(inside[1:-1, 1:-1])
    framed = grey.astype(_square_type(grey, slack), copy=False)
    count_square(framed, slack, inside is not None, core, banks)
    return banks


def circle_variances(
    grey: NDArray[Any], p: int, r: float, *, noise: float, square: bool = False
) -> NDArray[np.float64]:
    """Return the variance of each pixel's samples, 0 up to ``noise`` times their mean square."""
    circle = Circle(p, r, *grey.shape)
    variances = np.empty(grey.shape)
    corners, rows, cols = circle.corners, circle.rows, circle.cols
    if square:
        corners, rows, cols = _SQUARE, np.zeros_like(rows), np.zeros_like(cols)
    circle_variance(circle.pad(grey), circle.margin, corners, rows, cols, noise, variances)
    return variances


class Tables(NamedTuple):
    """What `texturekit.kernels.circle` reads, in its order."""

    corners: NDArray[np.int64]
    pixels: NDArray[np.int64]
    between: NDArray[np.int64]
    slide_of: NDArray[np.int64]
    spans: NDArray[np.int64]
    rows: NDArray[np.float64]
    slide_cols: NDArray[np.float64]


class Circle:
    """Where the samples of every pixel lie, as tables that the kernels read.

    Parameters
    ----------
    p, r : int, float
        Samples and radius.
    height, width : int
        Of the image.
    interpolate_all : bool, default False
        Multiply pixels by a weight of 0 too, which matters where one is infinite.
    inner : int, default 0
        Width of a border that is not looked at: the tables are those of the rest.

    Attributes
    ----------
    margin : int
        How far samples reach out of the image.
    corners : (p, 4) int64
        Row above and below, column left and right of each sample, relative to the pixel.
    rows, cols : (p, H) and (p, W) float64
        The samples' fractions between those.
    on_grid : (p,) bool
        Whether a sample is a pixel.
    tables : Tables
        The same for `texturekit.kernels.circle`.
    """

    def __init__(
        self,
        p: int,
        r: float,
        height: int,
        width: int,
        *,
        interpolate_all: bool = False,
        inner: int = 0,
    ) -> None:
        self.margin, self.cols, self.on_grid, self.tables = _tables(
            p, float(r), height, width, interpolate_all, inner
        )
        self.corners, self.rows = self.tables.corners, self.tables.rows

    def pad(self, grey: NDArray[Any], dtype: type = np.float64) -> NDArray[Any]:
        """Return the image, as float64 unless said otherwise, with a border of zeros."""
        return _pad(grey, self.margin, dtype)


def _pad(grey: NDArray[Any], margin: int, dtype: Any) -> NDArray[Any]:
    height, width = grey.shape
    padded = np.zeros((height + 2 * margin, width + 2 * margin), dtype)
    padded[margin : margin + height, margin : margin + width] = grey
    return padded


def _is_classic(p: int, r: float, grey: NDArray[Any]) -> bool:
    return p == 8 and r == 1 and grey.dtype == np.uint8


def _square_type(grey: NDArray[Any], slack: float) -> Any:
    return grey.dtype if grey.dtype in (np.uint8, np.uint16) and slack == 0 else np.float64


@lru_cache(maxsize=64)
def _tables(
    p: int, r: float, height: int, width: int, interpolate_all: bool, inner: int
) -> tuple[int, NDArray[np.float64], NDArray[np.bool_], Tables]:
    # Offsets rounded to five decimals, as skimage has them.
    turn = 2 * np.pi * np.arange(p, dtype=np.float64) / p
    down, along = np.round(-r * np.sin(turn), 5), np.round(r * np.cos(turn), 5)
    corners = np.stack([np.floor(down), np.ceil(down), np.floor(along), np.ceil(along)], axis=1)
    rows = (at := np.arange(inner, height - inner) + down[:, None]) - np.floor(at)
    cols = (at := np.arange(inner, width - inner) + along[:, None]) - np.floor(at)
    on_grid = (down == np.floor(down)) & (along == np.floor(along))
    slid = np.zeros_like(on_grid) if interpolate_all else on_grid
    steps, first, slide_of = np.unique(along, return_index=True, return_inverse=True)
    wanted = np.flatnonzero([bool((~slid & (along == step)).any()) for step in steps])
    place = np.zeros(len(steps), np.int64)
    place[wanted] = np.arange(len(wanted))
    corners = corners.astype(np.int64)
    tables = Tables(
        corners, _pairs(slid), _pairs(~slid), place[slide_of], corners[first[wanted], 2:].copy(),
        rows, cols[first[wanted]],
    )  # fmt: skip
    return int(np.abs(corners).max(initial=0)), cols, on_grid, tables


def _pairs(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    found = np.flatnonzero(chosen)
    return found if len(found) % 2 == 0 else np.append(found, found[-1])
