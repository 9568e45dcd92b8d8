"""The statistics that matrices of grey levels and sizes share, under each family's names.

Run lengths, zone sizes, zone distances and dependences are counted in matrices of one kind: a row a
grey level, a column a size, both from 1 on. IBSI gives them the same formulas; only names differ.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.kernels.emphasis import SUMS, sum_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMINGS = ("ibsi", "pyradiomics")

# For each family the names of `SUMS`, in its order: IBSI's, and PyRadiomics' where it has it.
TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "glrlm": (
        ("short_run_emphasis", "shortrunemphasis"),
        ("long_run_emphasis", "longrunemphasis"),
        ("low_grey_level_run_emphasis", "lowgraylevelrunemphasis"),
        ("high_grey_level_run_emphasis", "highgraylevelrunemphasis"),
        ("short_run_low_grey_level_emphasis", "shortrunlowgraylevelemphasis"),
        ("short_run_high_grey_level_emphasis", "shortrunhighgraylevelemphasis"),
        ("long_run_low_grey_level_emphasis", "longrunlowgraylevelemphasis"),
        ("long_run_high_grey_level_emphasis", "longrunhighgraylevelemphasis"),
        ("grey_level_non_uniformity", "graylevelnonuniformity"),
        ("grey_level_non_uniformity_normalised", "graylevelnonuniformitynormalized"),
        ("run_length_non_uniformity", "runlengthnonuniformity"),
        ("run_length_non_uniformity_normalised", "runlengthnonuniformitynormalized"),
        ("run_percentage", "runpercentage"),
        ("grey_level_variance", "graylevelvariance"),
        ("run_length_variance", "runvariance"),
        ("run_entropy", "runentropy"),
    ),
    "glszm": (
        ("small_zone_emphasis", "smallareaemphasis"),
        ("large_zone_emphasis", "largeareaemphasis"),
        ("low_grey_level_zone_emphasis", "lowgraylevelzoneemphasis"),
        ("high_grey_level_zone_emphasis", "highgraylevelzoneemphasis"),
        ("small_zone_low_grey_level_emphasis", "smallarealowgraylevelemphasis"),
        ("small_zone_high_grey_level_emphasis", "smallareahighgraylevelemphasis"),
        ("large_zone_low_grey_level_emphasis", "largearealowgraylevelemphasis"),
        ("large_zone_high_grey_level_emphasis", "largeareahighgraylevelemphasis"),
        ("grey_level_non_uniformity", "graylevelnonuniformity"),
        ("grey_level_non_uniformity_normalised", "graylevelnonuniformitynormalized"),
        ("zone_size_non_uniformity", "sizezonenonuniformity"),
        ("zone_size_non_uniformity_normalised", "sizezonenonuniformitynormalized"),
        ("zone_percentage", "zonepercentage"),
        ("grey_level_variance", "graylevelvariance"),
        ("zone_size_variance", "zonevariance"),
        ("zone_size_entropy", "zoneentropy"),
    ),
    "gldm": (
        ("low_dependence_emphasis", "smalldependenceemphasis"),
        ("high_dependence_emphasis", "largedependenceemphasis"),
        ("low_grey_level_count_emphasis", "lowgraylevelemphasis"),
        ("high_grey_level_count_emphasis", "highgraylevelemphasis"),
        ("low_dependence_low_grey_level_emphasis", "smalldependencelowgraylevelemphasis"),
        ("low_dependence_high_grey_level_emphasis", "smalldependencehighgraylevelemphasis"),
        ("high_dependence_low_grey_level_emphasis", "largedependencelowgraylevelemphasis"),
        ("high_dependence_high_grey_level_emphasis", "largedependencehighgraylevelemphasis"),
        ("grey_level_non_uniformity", "graylevelnonuniformity"),
        ("grey_level_non_uniformity_normalised", ""),
        ("dependence_count_non_uniformity", "dependencenonuniformity"),
        ("dependence_count_non_uniformity_normalised", "dependencenonuniformitynormalized"),
        ("dependence_count_percentage", ""),
        ("grey_level_variance", "graylevelvariance"),
        ("dependence_count_variance", "dependencevariance"),
        ("dependence_count_entropy", "dependenceentropy"),
        ("dependence_count_energy", ""),
    ),
    "gldzm": (
        ("small_distance_emphasis", ""),
        ("large_distance_emphasis", ""),
        ("low_grey_level_zone_emphasis", ""),
        ("high_grey_level_zone_emphasis", ""),
        ("small_distance_low_grey_level_emphasis", ""),
        ("small_distance_high_grey_level_emphasis", ""),
        ("large_distance_low_grey_level_emphasis", ""),
        ("large_distance_high_grey_level_emphasis", ""),
        ("grey_level_non_uniformity", ""),
        ("grey_level_non_uniformity_normalised", ""),
        ("zone_distance_non_uniformity", ""),
        ("zone_distance_non_uniformity_normalised", ""),
        ("zone_percentage", ""),
        ("grey_level_variance", ""),
        ("zone_distance_variance", ""),
        ("zone_distance_entropy", ""),
    ),
}


def emphasis_statistics(
    family: str, matrix: NDArray[Any], pixels: float | None = None
) -> dict[str, float]:
    """Compute the statistics of a matrix of grey levels and sizes.

    Parameters
    ----------
    family : {"glrlm", "glszm", "gldm", "gldzm"}
        Whose names to use.
    matrix : (levels, sizes) array
        How many there are, not negative. Row 0 is grey level 1, column 0 size 1. Matrices of
        several slices or directions may be added up first.
    pixels : float, optional
        Number of pixels that were searched, for the percentage; by default the sum of all sizes.

    Returns
    -------
    dict of float

    Raises
    ------
    ImageError
        If the matrix is not 2-D, holds negative or non-finite values, or nothing at all.
    ParameterError
        If ``pixels`` is not above 0.

    References
    ----------
    Zwanenburg et al. (2016), Image biomarker standardisation initiative, arXiv:1612.07003, sections
    3.7 to 3.9 and 3.11.

    Examples
    --------
    >>> found = emphasis_statistics("glrlm", np.array([[2, 1], [0, 1]]))
    >>> found["short_run_emphasis"], found["run_percentage"]
    (0.625, 0.6666666666666666)
    """
    cells = np.asarray(matrix, dtype=np.float64)
    if cells.ndim != 2 or cells.size == 0:
        raise ImageError(f"matrix has shape {cells.shape}, but (levels, sizes) is wanted.")
    if not np.isfinite(cells).all() or (cells < 0).any():
        raise ImageError(
            f"matrix holds values from {cells.min()} to {cells.max()}, but counts are wanted."
        )
    if not cells.any():
        raise ImageError("matrix counts nothing, so it has no statistics; use a larger region.")
    searched = (
        float(cells.sum(axis=0) @ np.arange(1.0, cells.shape[1] + 1)) if pixels is None else pixels
    )
    if not searched > 0:
        raise ParameterError(f"pixels={pixels} is not above 0; give the size of the region.")
    sums = np.empty(len(SUMS))
    sum_matrix(np.ascontiguousarray(cells.T), float(searched), sums)
    names = [ours for ours, _ in TABLES[family]]
    return dict(zip(names, sums[: len(names)].tolist(), strict=True))


@cache
def chosen(
    family: str, naming: str, endings: tuple[str, ...] = ("",)
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Return the columns of a family, and the places of one ending's columns among `SUMS`."""
    if naming not in NAMINGS:
        raise UnknownNameError("naming", naming, NAMINGS)
    names = [pair[NAMINGS.index(naming)] for pair in TABLES[family]]
    places = [k for k, name in enumerate(names) if name]
    columns = tuple(f"{family}.{names[k]}{end}" for end in endings for k in places)
    return columns, np.array(places)
