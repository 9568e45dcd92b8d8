"""Grey-level distance zones, and the ``gldzm`` family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.features.emphasis import chosen, emphasis_statistics
from texturekit.features.glszm import zones
from texturekit.features.matrices import pack_levels, reduce_levels
from texturekit.features.registry import Measured, feature
from texturekit.kernels.emphasis import SUMS
from texturekit.kernels.zones import measure_distances, sum_zones

if TYPE_CHECKING:
    from numpy.typing import NDArray


def distance_zones(
    image: NDArray[Any], *, levels: int, mask: NDArray[Any] | None = None
) -> NDArray[np.int64]:
    """Count the zones of equal grey level by their distance to the edge of the region.

    Parameters
    ----------
    image : (H, W) array of bool or integer
        Grey levels in ``0..levels-1``; see `texturekit.quantize`.
    levels : int
        Number of grey levels, 1 to 1024.
    mask : (H, W) array, optional
        Non-zero inside the region.

    Returns
    -------
    (levels, (min(H, W) + 1) // 2) int64
        Zones by level and distance; column 0 is distance 1. A pixel's distance is the number of
        steps, up, down, left or right, that lead out of the region or the image; a zone's is that
        of its nearest pixel. Zones are connected by edge or corner. The matrices of slices of one
        size can be added up.

    Raises
    ------
    ImageError
        If the image holds other levels, or the mask does not fit.
    ParameterError
        If ``levels`` is out of range.

    References
    ----------
    Thibault et al. (2014), doi:10.1109/TBME.2013.2284600.

    Examples
    --------
    >>> distance_zones(np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]]), levels=2)
    array([[1, 0],
           [0, 1]])
    """
    packed = pack_levels(image, levels, mask)
    zone_levels, nearest = _zones(packed, levels, masked=mask is not None)
    inside = zone_levels < levels
    columns = _furthest(packed)
    places = zone_levels[inside].astype(np.int64) * columns + nearest[inside] - 1
    return np.bincount(places, minlength=levels * columns).reshape(levels, columns)


def gldzm_statistics(matrix: NDArray[Any], *, pixels: float) -> dict[str, float]:
    """Compute the 16 statistics of a distance zone matrix.

    Parameters
    ----------
    matrix : (levels, distances) array
        Zones as by `distance_zones`, of one or more slices. Row 0 is grey level 1, column 0
        distance 1.
    pixels : float
        Number of pixels of the region, of all slices.

    Returns
    -------
    dict of float
        IBSI's statistics; the entropy is in bits, ``zone_percentage`` the number of zones over the
        number of pixels. All finite.

    Raises
    ------
    ImageError
        If the matrix is not 2-D, holds negative or non-finite values, or no zone at all.
    ParameterError
        If ``pixels`` is not above 0.

    References
    ----------
    Zwanenburg et al. (2016), Image biomarker standardisation initiative, arXiv:1612.07003,
    section 3.9.

    Examples
    --------
    >>> gldzm_statistics(np.array([[1, 0], [0, 1]]), pixels=9)["large_distance_emphasis"]
    2.5
    """
    return emphasis_statistics("gldzm", matrix, pixels)


@feature
def gldzm(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    levels: int = 32,
    method: str = "fbn",
    width: float | None = None,
    lower: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Measured:
    """Statistics of the distances of zones of equal grey level to the edge of the region.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Grey, or RGB, which becomes grey by `texturekit.to_grey`.
    mask : (H, W) array, optional
        Non-zero inside the region; without one the edge is that of the image.
    levels : int, default 32
        Number of grey levels; see `texturekit.quantize`, also for ``method``, ``width``, ``lower``,
        ``low`` and ``high``.

    Returns
    -------
    dict of float
        ``gldzm.<statistic>``, all finite; see `distance_zones` for what a distance is and
        `gldzm_statistics`.

    Raises
    ------
    ImageError
        If the image or its mask cannot be used, or more than 1024 levels are needed.
    ParameterError
        If a parameter is out of range.
    UnknownNameError
        If there is no such method.

    Notes
    -----
    A connected region of one grey level is a single zone at distance 1: its variances and its
    entropy are 0.

    References
    ----------
    Thibault et al. (2014), doi:10.1109/TBME.2013.2284600. Zwanenburg et al. (2016),
    arXiv:1612.07003, section 3.9.

    Examples
    --------
    >>> spot = np.zeros((5, 5), dtype=np.uint8)
    >>> spot[2, 2] = 255
    >>> gldzm(spot, levels=2)["gldzm.large_distance_emphasis"]
    5.0
    """
    columns, places = chosen("gldzm", "ibsi")
    packed, reduced = reduce_levels(
        image, method, levels, mask, width=width, lower=lower, low=low, high=high
    )
    zone_levels, nearest = _zones(packed, reduced.count, masked=mask is not None)
    pixels = packed.size if mask is None else np.count_nonzero(packed < reduced.count)
    sums = np.empty(len(SUMS))
    sum_zones(zone_levels, nearest, reduced.count, float(pixels), _furthest(packed), sums)
    return Measured(columns, sums[places], {"": reduced})


def _furthest(packed: NDArray[Any]) -> int:
    """Return the largest distance that a pixel of this image can have."""
    height, width = packed.shape
    return int(min(height, width) + 1) // 2


def _zones(
    packed: NDArray[Any], levels: int, *, masked: bool
) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
    distances = np.empty(packed.shape, np.int32)
    measure_distances(packed, levels, masked, distances)
    return zones(packed, distances)
