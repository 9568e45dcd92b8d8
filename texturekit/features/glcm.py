"""Statistics of grey-level co-occurrence matrices, and the ``glcm`` family."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.folding import pair_statistics
from texturekit.features.glcm_names import MCC, MEASURED, SYSTEMS
from texturekit.features.matrices import check_distance, reduce_levels
from texturekit.features.registry import Measured, feature
from texturekit.kernels.pairs import SUMS, sum_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

AGGREGATES = ("mean", "range", "merge")


def glcm_statistics(matrix: NDArray[Any], *, n_g: int | None = None) -> dict[str, float]:
    """Compute every statistic of a co-occurrence matrix.

    Parameters
    ----------
    matrix : (levels, levels) array
        Counts or probabilities, not negative; divided by its sum first. Row 0 is grey level 1, as
        in IBSI: ``joint_average``, ``sum_average`` and ``autocorrelation`` depend on it.
    n_g : int, optional
        Number of grey levels in ``idm_normalised`` and ``inverse_difference_normalised``; by
        default the size of the matrix.

    Returns
    -------
    dict of float
        The 25 statistics of IBSI under the names of texturekit, and ``energy`` (square root of
        ``asm``; IBSI calls ``asm`` energy), ``homogeneity`` (= ``idm``) and
        ``max_correlation_coefficient``. Entropies are in bits. All finite.

    Raises
    ------
    ImageError
        If the matrix is not square, holds negative or non-finite values, or no pair at all.
    ParameterError
        If ``n_g`` is below 1.

    Notes
    -----
    A region of one grey level: ``correlation`` and ``max_correlation_coefficient`` are 1, ``imc1``
    and ``imc2`` 0, ``inverse_variance`` 0, all differences, variances and entropies 0, and ``asm``,
    ``idm`` and ``joint_maximum`` 1.

    References
    ----------
    Zwanenburg et al. (2016), Image biomarker standardisation initiative, arXiv:1612.07003,
    section 3.6. Haralick, Shanmugam and Dinstein (1973), doi:10.1109/TSMC.1973.4309314.

    Examples
    --------
    >>> found = glcm_statistics(np.array([[4, 2], [2, 0]]))
    >>> found["contrast"], found["asm"]
    (0.5, 0.375)
    """
    cells = _checked_matrix(matrix)
    size = len(cells) if n_g is None else n_g
    if size < 1:
        raise ParameterError(f"n_g={n_g} is not a number of grey levels; give 1 or more.")
    sums = np.empty((1, len(SUMS)))
    sum_pairs(cells[np.newaxis], float(size), sums)
    found = dict(zip(SUMS, sums[0].tolist(), strict=True))
    del found["difference_energy"]
    found["difference_average"] = found["dissimilarity"]
    found["cluster_tendency"] = found["sum_variance"]
    found["energy"] = math.sqrt(found["asm"])
    found["homogeneity"] = found["idm"]
    found["max_correlation_coefficient"] = float(max_correlations(cells[np.newaxis])[0])
    return found


def max_correlations(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the maximal correlation coefficient of each (levels, levels) matrix.

    The square root of the second largest eigenvalue of Haralick's Q is the second largest singular
    value of ``p_ij / sqrt(p_i. p_.j)``. Defined as 1 for a single grey level.
    """
    scales = []
    for axis in (2, 1):
        sums = matrices.sum(axis=axis)
        scales.append(np.where(sums > 0, 1.0 / np.sqrt(np.where(sums > 0, sums, 1.0)), 0.0))
    scaled = scales[0][:, :, np.newaxis] * matrices * scales[1][:, np.newaxis, :]
    if (matrices == matrices.transpose(0, 2, 1)).all():
        singular = np.sort(np.abs(np.linalg.eigvalsh(scaled)), axis=1)
    else:
        singular = np.sort(np.linalg.svd(scaled, compute_uv=False), axis=1)
    occupied = np.minimum((scales[0] > 0).sum(axis=1), (scales[1] > 0).sum(axis=1))
    if matrices.shape[1] < 2:
        return np.ones(len(matrices))
    return np.where(occupied > 1, np.minimum(singular[:, -2], 1.0), 1.0)


@feature
def glcm(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    levels: int = 32,
    distances: int | Sequence[int] = (1,),
    method: str = "fbn",
    aggregate: str | Sequence[str] = "mean",
    mcc: bool = False,
    width: float | None = None,
    lower: float | None = None,
    low: float | None = None,
    high: float | None = None,
    names: str = "texturekit",
) -> Measured:
    """Statistics of the grey-level co-occurrence matrices, over four directions.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Grey, or RGB, which becomes grey by `texturekit.to_grey`.
    mask : (H, W) array, optional
        Non-zero inside the region; a pair counts if both of its pixels lie inside.
    levels : int, default 32
        Number of grey levels; see `texturekit.quantize`, also for ``method``, ``width``, ``lower``,
        ``low`` and ``high``.
    distances : int or sequence of int, default (1,)
        Chebyshev distances in pixels; each gives its own columns.
    aggregate : {"mean", "range", "merge"} or a sequence of them
        ``"mean"``: each statistic is computed for each of the directions 0, 45, 90 and 135 degrees
        and averaged; ``"range"``: largest minus smallest of the four, a measure of direction;
        ``"merge"``: the four matrices are added up first. A direction in which a thin region holds
        no pair is left out.
    mcc : bool, default False
        Compute the maximal correlation coefficient too, which takes about half as long as the rest.
    names : {"texturekit", "ibsi", "pyradiomics", "mahotas", "skimage"}
        Whose statistics to compute, as they define and name them; in columns, names are in lower
        case. ``"ibsi"``: the 25 of the standard. ``"pyradiomics"``: its 24, MCC among them, as
        ``jointenergy``, ``idmn``...; the 2e-16 that it adds inside of logarithms and quotients is
        left out. ``"mahotas"``: the 13 of `mahotas.features.haralick`; levels count from 0, and
        ``difference_variance`` is the variance of the probabilities. ``"skimage"``: the ten of
        `skimage.feature.graycoprops`; levels count from 0, and ``entropy`` is in nats.

    Returns
    -------
    dict of float
        ``glcm.<statistic>.d<distance>.<aggregate>``, all finite; see `glcm_statistics` for the
        statistics and their values where the region has one grey level only. Its
        ``difference_average`` and ``cluster_tendency`` are left out: they equal ``dissimilarity``
        and ``sum_variance``.

    Raises
    ------
    ImageError
        If no two pixels of the region lie at a distance, or more than 1024 levels are needed.
    ParameterError
        If a parameter is out of range, or ``mcc`` is asked for under names that have none.
    UnknownNameError
        If there is no such method, aggregate or system of names.

    References
    ----------
    Haralick, Shanmugam and Dinstein (1973), doi:10.1109/TSMC.1973.4309314. Zwanenburg et al.
    (2016), arXiv:1612.07003, section 3.6. Van Griethuysen et al. (2017),
    doi:10.1158/0008-5472.CAN-17-0339 (PyRadiomics). Coelho (2013), doi:10.5334/jors.ac (mahotas).
    Van der Walt et al. (2014), doi:10.7717/peerj.453 (scikit-image).

    Examples
    --------
    >>> stripes = np.array([[0, 255, 0, 255]] * 4, dtype=np.uint8)
    >>> round(glcm(stripes, levels=2)["glcm.contrast.d1.mean"], 6)
    0.75
    """
    ways = (aggregate,) if isinstance(aggregate, str) else tuple(aggregate)
    reach = tuple(distances) if isinstance(distances, (tuple, list)) else _each(distances)
    columns, picked, costly = _columns(names, reach, ways, mcc)
    packed, reduced = reduce_levels(
        image, method, levels, mask, width=width, lower=lower, low=low, high=high
    )
    values = np.empty((len(reach), len(ways), len(picked)))
    single = float(names != "pyradiomics" or reduced.occupied == 1)
    for distance, part in zip(reach, values, strict=True):
        found: dict[bool, NDArray[np.float64]] = {}
        for k, way in enumerate(ways):
            merge = way == "merge"
            if merge not in found:
                found[merge] = _with_pairs(
                    *pair_statistics(
                        packed,
                        reduced.count,
                        int(distance),
                        masked=mask is not None,
                        merge=merge,
                        mcc=costly,
                        single=single,
                    ),
                    distance,
                    packed.shape,
                )
            part[k] = _aggregate(found[merge], way)[picked]
    return Measured(columns, values.reshape(-1), {"": reduced})


def _each(distances: Any) -> tuple[Any, ...]:
    return tuple(np.atleast_1d(distances).tolist())


@lru_cache(maxsize=256)
def _columns(
    names: str, distances: tuple[int, ...], ways: tuple[str, ...], mcc: bool
) -> tuple[tuple[str, ...], NDArray[np.intp], bool]:
    """Check the parameters; return the columns, which statistics they are, and if MCC is one."""
    if not (ways and distances):
        raise ParameterError(
            f"distances={distances!r} and aggregate={ways!r} give no column; "
            "name at least one of each."
        )
    for way in ways:
        if way not in AGGREGATES:
            raise UnknownNameError("aggregate", way, AGGREGATES)
    for distance in distances:
        check_distance(distance)
    if names == "pyradiomics" and any(distance != 1 for distance in distances):
        raise ParameterError(
            f"names=pyradiomics is defined here for distance 1, but got {distances}: PyRadiomics "
            "takes all directions of the ring at larger ones; leave names or distances out."
        )
    if names not in SYSTEMS:
        raise UnknownNameError("system of names", names, tuple(SYSTEMS))
    if mcc and names not in ("texturekit", "pyradiomics"):
        raise ParameterError(
            f"mcc=true, but names={names} has no maximal correlation coefficient; leave mcc out, "
            "or use names=texturekit."
        )
    table = SYSTEMS[names]
    if mcc and names == "texturekit":
        table = (*table, (MCC, MCC))
    columns = tuple(
        f"glcm.{name}.d{distance}.{way}"
        for distance in distances
        for way in ways
        for name, _ in table
    )
    picked = np.array([MEASURED.index(statistic) for _, statistic in table])
    return columns, picked, any(statistic == MCC for _, statistic in table)


def _aggregate(found: NDArray[np.float64], way: str) -> NDArray[np.float64]:
    if way == "range":
        return np.asarray(found.max(axis=0) - found.min(axis=0))
    return np.asarray(np.add.reduce(found) / len(found))


def _with_pairs(
    found: NDArray[np.float64], pairs: NDArray[np.int64], distance: int, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    held = [count > 0 for count in pairs.tolist()]
    if not any(held):
        raise ImageError(
            f"no two pixels lie {distance} apart in the region of this {shape[1]}x{shape[0]} "
            "image; use a smaller distance, or a larger image or mask."
        )
    return found if all(held) else found[held]


def _checked_matrix(matrix: NDArray[Any]) -> NDArray[np.float64]:
    cells = np.ascontiguousarray(matrix, dtype=np.float64)
    if cells.ndim != 2 or cells.shape[0] != cells.shape[1] or cells.size == 0:
        raise ImageError(f"matrix has shape {cells.shape}, but (levels, levels) is wanted.")
    if not np.isfinite(cells).all() or (cells < 0).any():
        raise ImageError(
            f"matrix holds values from {cells.min()} to {cells.max()}, but counts or "
            "probabilities are wanted; give the result of cooccurrence."
        )
    if not cells.any():
        raise ImageError(
            "matrix holds no pair, so it has no statistics; "
            "use a smaller distance or a larger region."
        )
    return cells
