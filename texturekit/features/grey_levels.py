"""Grey-level discretisation: pixel values to a few grey levels."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.region import grey_region
from texturekit.kernels.bins import assign_bins, count_bytes_inside, look_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The bounds that each method looks at.
_BOUNDS = {"fbs": ("width", "lower"), "pyradiomics": ("width",), "range": ("low", "high")}
METHODS = ("fbn", "fbs", "pyradiomics", "range", "none")
MOST_LEVELS = 65536


def quantize(
    image: NDArray[Any],
    method: str = "fbn",
    levels: int = 32,
    mask: NDArray[Any] | None = None,
    *,
    width: float | None = None,
    lower: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Reduce an image to a few grey levels, and say where the edges between them are.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Colour becomes grey by `texturekit.to_grey`.
    method : {"fbn", "fbs", "pyradiomics", "range", "none"}
        ``"fbn"``: fixed bin number, ``levels`` equal bins from the smallest to the largest value of
        the region: ``floor(levels * (x - min) / (max - min))``, the largest value in the last bin.
        ``"fbs"``: fixed bin size, bins of ``width`` from the fixed bound ``lower`` on, as many as
        the region needs; comparable between images. Values below ``lower`` fall into the first bin:
        leave them out of the mask if they are not meant.
        ``"pyradiomics"``: bins of ``width`` (default 25) whose edges are multiples of the width;
        the region's lowest bin is level 0. Not an IBSI method.
        ``"range"``: ``levels`` equal bins from ``low`` to ``high``, values outside clipped.
        ``"none"``: the levels are the pixel values (integers from 0 on).
    levels : int, default 32
        Number of levels of ``"fbn"`` and ``"range"``, 2 to 65536; the other methods ignore it.
    mask : (H, W) array, optional
        Non-zero inside the region. Pixels outside do not influence the edges; they get the level of
        the nearest bin, and it is for the mask to leave them out of any count.
    width, lower, low, high : float, optional
        See ``method``.

    Returns
    -------
    levels : (H, W) uint8, or uint16 for more than 256 levels
        Grey levels from 0 to n - 1. IBSI counts from 1: add 1 to get its numbers.
    edges : (n + 1,) float64
        Level k holds the values with ``edges[k] <= x < edges[k + 1]``; the last level of ``"fbn"``
        and ``"range"`` holds its upper edge too. So the levels are
        ``np.digitize(image, edges[1:-1])``, exactly.

    Raises
    ------
    ImageError
        If the image or the mask cannot be used, or needs more than 65536 levels.
    ParameterError
        If ``levels``, or a bound the method needs, is missing or out of range.
    UnknownNameError
        If there is no such method.

    Notes
    -----
    A region of one value: ``"fbn"`` puts every pixel at the middle level ``(levels - 1) // 2``, in
    bins one grey value wide.

    References
    ----------
    Zwanenburg et al. (2016), Image biomarker standardisation initiative, arXiv:1612.07003,
    section 2.7.

    Examples
    --------
    >>> found, edges = quantize(np.array([[0, 10], [20, 39]], dtype=np.uint8), levels=4)
    >>> found
    array([[0, 1],
           [2, 3]], dtype=uint8)
    >>> edges
    array([ 0.  ,  9.75, 19.5 , 29.25, 39.  ])
    """
    refuse_unused(method, width=width, lower=lower, low=low, high=high)
    grey, region = grey_region(image, mask)
    how = (method, levels, width, lower, low, high)
    if grey.dtype == np.uint8:
        table, edges = byte_levels(*byte_span(grey, region), *how)
        found = np.empty(grey.shape, table.dtype)
        look_up(grey.ravel(), table, found.reshape(-1))
        return found, edges.copy()
    inside = grey if region is None else grey[region]
    bottom, top = inside.min(), inside.max()
    if method == "none":
        return _values_as_levels(grey, bottom, top)
    edges = find_edges(bottom.item(), top.item(), *how)
    return bin_values(grey, edges), edges


def find_edges(
    lowest: float,
    highest: float,
    method: str,
    levels: int,
    width: float | None,
    lower: float | None,
    low: float | None,
    high: float | None,
) -> NDArray[np.float64]:
    """Return the edges that a method puts between the levels of a region; see `quantize`."""
    if method == "fbn":
        return even_edges(lowest, highest, _checked(levels))
    if method == "fbs":
        return _wide_edges(_needed("lower", lower, method), highest, width, method)
    if method == "pyradiomics":
        size = 25.0 if width is None else _needed("width", width, method, above=0.0)
        return _wide_edges(math.floor(float(lowest) / size) * size, highest, size, method)
    if method == "range":
        return _given_edges(low, high, _checked(levels))
    raise UnknownNameError("discretisation", method, METHODS)


def refuse_unused(method: str, **bounds: float | None) -> None:
    """Raise if a bound is given that a method does not look at."""
    for name, value in bounds.items():
        if value is not None and method in METHODS and name not in _BOUNDS.get(method, ()):
            users = [other for other, names in _BOUNDS.items() if name in names]
            raise ParameterError(
                f"{name}={value} means nothing to method={method!r}; leave it out, or say "
                f"method={' or '.join(users)}."
            )


def byte_span(grey: NDArray[np.uint8], region: NDArray[np.bool_] | None) -> tuple[int, int]:
    """Return the lowest and the highest value of a region."""
    if region is None:
        return int(grey.min()), int(grey.max())
    counts = np.zeros(256, np.int64)
    count_bytes_inside(grey.ravel(), region.ravel(), counts)
    held = counts.astype(np.bool_)
    return int(held.argmax()), 255 - int(held[::-1].argmax())


@lru_cache(maxsize=256)
def byte_levels(
    lowest: int, highest: int, method: str, *how: float | None
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the level of each byte, and the edges between the levels; both read-only."""
    values = np.arange(256, dtype=np.uint8)
    if method == "none":
        table, edges = _values_as_levels(values, lowest, highest)
    else:
        edges = find_edges(lowest, highest, method, *how)  # type: ignore[arg-type]
        table = bin_values(values, edges)
    table.flags.writeable = edges.flags.writeable = False
    return table, edges


def even_edges(lowest: float, highest: float, number: int) -> NDArray[np.float64]:
    """Return the edges of ``number`` equal bins; around a single value, bins of width 1 or more.

    Integer bounds give edges that are the doubles nearest to the exact fractions, so that comparing
    an integer to them is exact.
    """
    if lowest == highest:
        step = max(1.0, 4.0 * float(np.spacing(abs(float(lowest)))))
        return np.float64(lowest) + (np.arange(number + 1) - (number - 1) // 2) * step
    whole = float(lowest).is_integer() and float(highest).is_integer()
    if whole and max(abs(lowest), abs(highest)) < 2**53:
        lowest, highest = int(lowest), int(highest)  # a float copy of integers has their levels
    span = highest - lowest
    if isinstance(lowest, int) and max(abs(lowest), abs(highest)) * number < 2**53:
        edges = (lowest * number + np.arange(number + 1) * span) / number
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            edges = np.linspace(lowest, highest, number + 1)
    if not (np.isfinite(span) and np.isfinite(edges).all()):
        raise ImageError(
            f"pixel values from {lowest} to {highest} span more than a float holds; "
            "rescale the image first."
        )
    return np.asarray(edges, dtype=np.float64)


def bin_values(values: NDArray[Any], edges: NDArray[np.float64]) -> NDArray[Any]:
    """Return ``np.digitize(values, edges[1:-1])`` for edges that are equally far apart."""
    number = len(edges) - 1
    dtype = _dtype(number)
    with np.errstate(divide="ignore", over="ignore"):
        scale = np.float64(number) / (edges[-1] - edges[0])
    if edges[1] <= edges[0] or not np.isfinite(scale):
        return np.asarray(np.digitize(values, edges[1:-1]), dtype=dtype)
    if values.dtype.kind == "f" and values.dtype.itemsize not in (4, 8):
        values = values.astype(np.float64)  # numba knows no half and no long double
    found = np.empty(values.shape, dtype)
    assign_bins(values.ravel(), edges, scale, found.reshape(-1))
    return found


def _values_as_levels(
    grey: NDArray[Any], lowest: Any, highest: Any
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    if grey.dtype.kind not in "iu":
        raise ImageError(
            f"image is {grey.dtype}, but method='none' takes its values as levels and needs "
            "integers; choose another method."
        )
    if lowest < 0 or highest >= MOST_LEVELS:
        raise ImageError(
            f"image holds the values {lowest} to {highest}, but method='none' needs values from 0 "
            f"to {MOST_LEVELS - 1}; choose another method."
        )
    number = int(highest) + 1
    levels = np.clip(grey, 0, highest).astype(_dtype(number))
    return levels, np.arange(number + 1, dtype=np.float64)


def _wide_edges(
    lower: float, highest: Any, width: float | None, method: str
) -> NDArray[np.float64]:
    size = _needed("width", width, method, above=0.0)
    span = (float(highest) - lower) / size
    if not span < MOST_LEVELS - 1:
        raise ImageError(
            f"width={size} cuts the values from {lower} to {highest} into more than "
            f"{MOST_LEVELS} levels; use a larger width."
        )
    edges = lower + np.arange(max(0, math.floor(span)) + 3) * size
    number = max(1, int(np.searchsorted(edges, float(highest), side="right")))
    return np.asarray(edges[: number + 1], dtype=np.float64)


def _given_edges(low: float | None, high: float | None, levels: int) -> NDArray[np.float64]:
    bottom, top = _needed("low", low, "range"), _needed("high", high, "range")
    if not bottom < top:
        raise ParameterError(f"low={low} is not below high={high}; give a range of values.")
    return even_edges(bottom, top, levels)


def _needed(name: str, value: float | None, method: str, above: float = -math.inf) -> float:
    if value is None:
        raise ParameterError(f"method={method!r} needs {name}=, a number in grey values; give it.")
    if not (math.isfinite(value) and value > above):
        wanted = "a finite number" if above < 0 else f"a finite number above {above:g}"
        raise ParameterError(f"{name}={value} is not {wanted}; give one in grey values.")
    return value


def _checked(levels: int) -> int:
    if not (2 <= levels <= MOST_LEVELS and levels == int(levels)):
        raise ParameterError(
            f"levels={levels} is not a whole number in 2..{MOST_LEVELS}; 32 is usual."
        )
    return int(levels)


def _dtype(number: int) -> type[np.unsignedinteger[Any]]:
    return np.uint8 if number <= 256 else np.uint16
