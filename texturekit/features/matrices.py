"""Grey-level co-occurrence matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.grey_levels import byte_levels, byte_span, quantize, refuse_unused
from texturekit.features.region import grey_region
from texturekit.features.registry import GreyLevels
from texturekit.kernels.bins import look_up, look_up_inside, see_levels
from texturekit.kernels.pairs import count_four, count_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ANGLES = (0.0, 45.0, 90.0, 135.0)
FOUR = np.array([(0, 1), (-1, 1), (-1, 0), (-1, -1)])  # rows and columns of the steps of ANGLES
MOST_LEVELS = 1024


def cooccurrence(
    image: NDArray[Any],
    *,
    levels: int,
    distance: int = 1,
    angles: Sequence[float] = ANGLES,
    mask: NDArray[Any] | None = None,
    symmetric: bool = True,
    normalise: bool = True,
    distance_norm: str = "chebyshev",
) -> NDArray[np.float64]:
    """Count how often two grey levels meet at a distance, as probabilities.

    Parameters
    ----------
    image : (H, W) array of bool or integer
        Grey levels in ``0..levels-1``; see `texturekit.quantize`.
    levels : int
        Number of grey levels, 1 to 1024.
    distance : int, default 1
        Offset in pixels, from 1 on.
    angles : sequence of float, default (0, 45, 90, 135)
        Directions in degrees, counter-clockwise from the right.
    mask : (H, W) array, optional
        Non-zero inside the region; a pair counts if both of its pixels lie inside.
    symmetric : bool, default True
        Count each pair in both orders.
    normalise : bool, default True
        Divide each matrix by its sum; else the values are counts.
    distance_norm : {"chebyshev", "skimage"}
        ``"chebyshev"``: the larger of the two steps is ``distance``, so 45 degrees at distance 2 is
        (2, 2), as in IBSI, PyRadiomics and mahotas. ``"skimage"``: the steps are
        ``round(distance * sin), round(distance * cos)``, so that it is (1, 1), and the angles turn
        clockwise, as scikit-image computes them.

    Returns
    -------
    (n_angles, levels, levels) float64
        One matrix per angle: entry (i, j) is for level i with level j as its neighbour. Each sums
        to 1, or to 0 where the region holds no pair in that direction.

    Raises
    ------
    ImageError
        If the image is not 2-D and of integers, holds a level outside ``0..levels-1``, or does not
        fit its mask.
    ParameterError
        If levels, distance or angles are out of range.
    UnknownNameError
        If there is no such distance norm.

    References
    ----------
    Haralick, Shanmugam and Dinstein (1973), doi:10.1109/TSMC.1973.4309314.

    Examples
    --------
    >>> stripes = np.array([[0, 1, 0, 1]] * 4, dtype=np.uint8)
    >>> cooccurrence(stripes, levels=2)[0]
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    offsets = steps(distance, angles, distance_norm)
    packed = pack_levels(image, levels, mask)
    counts = count_offsets(packed, levels, offsets, masked=mask is not None)
    matrices = counts.astype(np.float64)
    if symmetric:
        matrices = matrices + matrices.transpose(0, 2, 1)
    if normalise:
        totals = matrices.sum(axis=(1, 2), keepdims=True)
        matrices /= np.where(totals == 0, 1.0, totals)
    return matrices


def pack_levels(image: NDArray[Any], levels: int, mask: NDArray[Any] | None) -> NDArray[Any]:
    """Return the levels in the narrowest type, with ``levels`` itself outside the mask."""
    image = np.asarray(image)
    if image.ndim != 2 or image.size == 0 or image.dtype.kind not in "biu":
        raise ImageError(
            f"image has shape {image.shape} and type {image.dtype}, but grey levels are a 2-D "
            "array of integers; call quantize(image) first."
        )
    _few_enough(levels)
    region = None if mask is None else np.asarray(mask) != 0
    if region is not None and region.shape != image.shape:
        raise ImageError(
            f"mask has shape {region.shape}, but the image is {image.shape}; "
            "use a mask of the same size."
        )
    inside = image if region is None else image[region]
    if inside.size and not (inside.min() >= 0 and inside.max() < levels):
        wrong = inside.min() if inside.min() < 0 else inside.max()
        raise ImageError(
            f"image holds grey level {wrong}, but levels={levels}; "
            f"call quantize(image, levels={levels}) first."
        )
    dtype = _packed_type(levels, region)
    packed = np.ascontiguousarray(image, dtype=dtype)
    return packed if region is None else np.where(region, packed, dtype(levels))


def reduce_levels(
    image: NDArray[Any],
    method: str,
    levels: int,
    mask: NDArray[Any] | None,
    *,
    width: float | None = None,
    lower: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> tuple[NDArray[Any], GreyLevels]:
    """Reduce an image to grey levels as `quantize` does, packed as by `pack_levels`."""
    refuse_unused(method, width=width, lower=lower, low=low, high=high)
    if method in ("fbn", "range"):
        _few_enough(levels)
    grey, region = grey_region(image, mask)
    if grey.dtype == np.uint8:
        return _reduce_bytes(grey, region, method, levels, width, lower, low, high)
    found, edges = quantize(
        grey, method, levels, region, width=width, lower=lower, low=low, high=high
    )
    _refuse_many(len(edges) - 1, method)
    return _recorded(pack_levels(found, len(edges) - 1, region), edges)


def _reduce_bytes(
    grey: NDArray[np.uint8],
    region: NDArray[np.bool_] | None,
    method: str,
    levels: int,
    *bounds: float | None,
) -> tuple[NDArray[Any], GreyLevels]:
    """Do as `reduce_levels`; a byte has 256 values, and their levels are looked up in a table."""
    table, edges = byte_levels(*byte_span(grey, region), method, levels, *bounds)
    number = len(edges) - 1
    _refuse_many(number, method)
    packed = np.empty(grey.shape, _packed_type(number, region))
    if region is None:
        look_up(grey.ravel(), table, packed.reshape(-1))
    else:
        look_up_inside(grey.ravel(), region.ravel(), table, number, packed.reshape(-1))
    return _recorded(packed, edges)


def _recorded(packed: NDArray[Any], edges: NDArray[np.float64]) -> tuple[NDArray[Any], GreyLevels]:
    number = len(edges) - 1
    occupied = see_levels(packed.ravel(), np.zeros(number + 1, np.bool_))
    return packed, GreyLevels(float(edges[0]), float(edges[-1]), number, occupied)


def _refuse_many(levels: int, method: str) -> None:
    if levels > MOST_LEVELS:
        raise ImageError(
            f"method={method!r} cuts the region into {levels} grey levels, more than "
            f"{MOST_LEVELS}; use a larger width, or method='fbn'."
        )


def _few_enough(levels: int) -> int:
    if not 1 <= levels <= MOST_LEVELS:
        raise ParameterError(
            f"levels={levels} is not in 1..{MOST_LEVELS}; quantize the image to fewer levels."
        )
    return levels


def _packed_type(levels: int, region: NDArray[Any] | None) -> type[np.unsignedinteger[Any]]:
    return np.uint8 if levels + (region is not None) <= 256 else np.uint16


def count_offsets(
    packed: NDArray[Any], levels: int, offsets: NDArray[np.int64], *, masked: bool
) -> NDArray[np.uint32]:
    """Count the pairs of a packed image: (offsets, levels, levels)."""
    size = levels + masked  # one level more for the pixels outside, which is dropped again
    counts = np.zeros((len(offsets), size, size), dtype=np.uint32)
    distance = int(offsets[0, 1])
    if distance > 0 and np.array_equal(offsets, distance * FOUR):
        count_four(packed, distance, counts)
    else:
        count_pairs(packed, offsets[:, 0].copy(), offsets[:, 1].copy(), counts)
    return counts[:, :levels, :levels]


def steps(distance: int, angles: Sequence[float], norm: str) -> NDArray[np.int64]:
    """Return the steps in rows and columns that go ``distance`` far in each direction."""
    if norm not in ("chebyshev", "skimage"):
        raise UnknownNameError("distance norm", norm, ("chebyshev", "skimage"))
    check_distance(distance)
    turns = np.deg2rad(np.asarray(angles, dtype=np.float64))
    if turns.ndim != 1 or turns.size == 0 or not np.isfinite(turns).all():
        raise ParameterError(f"angles={angles!r} is not a list of degrees; give at least one.")
    parts = distance * np.stack([np.sin(turns), np.cos(turns)], axis=1)
    if norm == "chebyshev":
        parts = parts * [-distance, distance] / np.abs(parts).max(axis=1, keepdims=True)
    rounded: NDArray[np.int64] = np.trunc(parts + np.copysign(0.5, parts)).astype(np.int64)
    return rounded


def check_distance(distance: float) -> None:
    """Raise an error if a distance is not a whole number of pixels, from 1 on."""
    if distance < 1 or distance != int(distance):
        raise ParameterError(f"distance={distance} is not a whole number from 1 on; give pixels.")
