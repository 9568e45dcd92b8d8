"""Grey-level size zones, and the ``glszm`` family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ParameterError
from texturekit.features.emphasis import chosen, emphasis_statistics
from texturekit.features.matrices import pack_levels, reduce_levels
from texturekit.features.registry import Measured, feature
from texturekit.kernels.emphasis import SUMS
from texturekit.kernels.zones import measure_zones, sum_zones

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COMMON = 128  # few zones are larger: at most one in 128 pixels
_NO_DISTANCES = np.empty((0, 0), np.int32)


def size_zones(
    image: NDArray[Any],
    *,
    levels: int,
    mask: NDArray[Any] | None = None,
    largest: int | None = None,
) -> NDArray[np.int64]:
    """Count the zones of equal grey level by their number of pixels.

    Parameters
    ----------
    image : (H, W) array of bool or integer
        Grey levels in ``0..levels-1``; see `texturekit.quantize`.
    levels : int
        Number of grey levels, 1 to 1024.
    mask : (H, W) array, optional
        Non-zero inside the region.
    largest : int, optional
        Number of columns, so that the matrices of several slices can be added up; by default the
        size of the largest zone.

    Returns
    -------
    (levels, largest) int64
        Zones by level and size; column 0 is one pixel. Pixels are connected by edge or corner.

    Raises
    ------
    ImageError
        If the image holds other levels, or the mask does not fit.
    ParameterError
        If ``levels`` is out of range, or a zone is larger than ``largest``.

    References
    ----------
    Thibault et al. (2014), doi:10.1109/TBME.2013.2284600.

    Examples
    --------
    >>> size_zones(np.array([[0, 1, 1], [1, 0, 1]]), levels=2)
    array([[0, 1, 0, 0],
           [0, 0, 0, 1]])
    """
    zone_levels, sizes = zones(pack_levels(image, levels, mask), _NO_DISTANCES)
    inside = zone_levels < levels
    found = int(sizes[inside].max(initial=0))
    columns = max(found, 1) if largest is None else largest
    if found > columns:
        raise ParameterError(f"largest={largest}, but a zone has {found} pixels; use more columns.")
    places = zone_levels[inside].astype(np.int64) * columns + sizes[inside] - 1
    return np.bincount(places, minlength=levels * columns).reshape(levels, columns)


def glszm_statistics(matrix: NDArray[Any]) -> dict[str, float]:
    """Compute the 16 statistics of a size zone matrix.

    Parameters
    ----------
    matrix : (levels, sizes) array
        Zones as by `size_zones`, of one or more slices. Row 0 is grey level 1, column 0 size 1.

    Returns
    -------
    dict of float
        IBSI's statistics; the entropy is in bits, ``zone_percentage`` the number of zones over the
        number of pixels. All finite.

    Raises
    ------
    ImageError
        If the matrix is not 2-D, holds negative or non-finite values, or no zone at all.

    References
    ----------
    Zwanenburg et al. (2016), Image biomarker standardisation initiative, arXiv:1612.07003,
    section 3.8.

    Examples
    --------
    >>> glszm_statistics(np.array([[2, 1], [0, 1]]))["large_zone_emphasis"]
    2.5
    """
    return emphasis_statistics("glszm", matrix)


@feature
def glszm(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    levels: int = 32,
    method: str = "fbn",
    names: str = "ibsi",
    width: float | None = None,
    lower: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Measured:
    """Statistics of the sizes of zones, connected pixels of equal grey level.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Grey, or RGB, which becomes grey by `texturekit.to_grey`.
    mask : (H, W) array, optional
        Non-zero inside the region; a zone ends where the region ends.
    levels : int, default 32
        Number of grey levels; see `texturekit.quantize`, also for ``method``, ``width``, ``lower``,
        ``low`` and ``high``.
    names : {"ibsi", "pyradiomics"}
        ``"pyradiomics"`` gives its names in lower case (it says area for zone size); the values are
        the same.

    Returns
    -------
    dict of float
        ``glszm.<statistic>``, all finite; see `glszm_statistics`. Pixels are connected by edge or
        corner.

    Raises
    ------
    ImageError
        If the image or its mask cannot be used, or more than 1024 levels are needed.
    ParameterError
        If a parameter is out of range.
    UnknownNameError
        If there is no such method or naming.

    Notes
    -----
    A connected region of one grey level is a single zone: its variances and its entropy are 0.

    References
    ----------
    Thibault et al. (2014), doi:10.1109/TBME.2013.2284600. Zwanenburg et al. (2016),
    arXiv:1612.07003, section 3.8.

    Examples
    --------
    >>> stripes = np.array([[0, 0, 255, 255]] * 4, dtype=np.uint8)
    >>> glszm(stripes, levels=2)["glszm.large_zone_emphasis"]
    64.0
    """
    columns, places = chosen("glszm", names)
    packed, reduced = reduce_levels(
        image, method, levels, mask, width=width, lower=lower, low=low, high=high
    )
    zone_levels, sizes = zones(packed, _NO_DISTANCES)
    sums = np.empty(len(SUMS))
    sum_zones(zone_levels, sizes, reduced.count, 0.0, _COMMON, sums)
    return Measured(columns, sums[places], {"": reduced})


def zones(
    packed: NDArray[Any], distances: NDArray[np.int32]
) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
    """Return level and size of every zone, or its least distance where distances are given."""
    zone_levels = np.empty(packed.size + 1, np.uint16)
    values = np.empty(packed.size + 1, np.int32)
    number = measure_zones(packed, distances, zone_levels, values)
    return zone_levels[:number], values[:number]
