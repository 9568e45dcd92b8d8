"""The detectors that are fitted on features, by name, and as plain arrays."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ParameterError
from texturekit.ood.mahalanobis import Mahalanobis
from texturekit.ood.neighbours import Neighbours
from texturekit.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Detector = Mahalanobis | Neighbours
#: Detectors that are fitted on features, by name.
DETECTORS: Registry[type[Mahalanobis] | type[Neighbours]] = Registry("detector")
DETECTORS.add("mahalanobis", Mahalanobis)
DETECTORS.add("knn", Neighbours)


def arrays_of(detector: Detector) -> dict[str, NDArray[Any]]:
    """Return everything a detector has learnt, as plain arrays by name."""
    return {one.name: getattr(detector, one.name) for one in fields(detector)}


def detector_from(name: str, arrays: Mapping[str, NDArray[Any]]) -> Detector:
    """Return the detector that `arrays_of` took apart.

    Raises
    ------
    UnknownNameError
        If there is no such detector.
    ParameterError
        If arrays are missing, foreign, not finite, or do not fit together.
    """
    kind = DETECTORS[name]
    wanted = [one.name for one in fields(kind)]
    if sorted(arrays) != sorted(wanted):
        raise ParameterError(
            f"a {name} detector holds {', '.join(wanted)}, but {', '.join(sorted(arrays))} were "
            "given; fit it anew."
        )
    spoilt = [key for key in wanted if not np.isfinite(arrays[key]).all()]
    made = kind(**arrays)
    if spoilt or not _fits(made):
        what = f"{spoilt[0]} is not finite" if spoilt else "its arrays do not fit together"
        raise ParameterError(f"this {name} detector is damaged: {what}; fit it anew.")
    return made


def _fits(made: Detector) -> bool:
    if made.centre.ndim != 1 or made.spread.shape != made.centre.shape:
        return False
    width = int((made.spread > 0).sum())
    if isinstance(made, Neighbours):
        size = len(made.bank)
        ones = made.k.shape == made.unit.shape == (1,)
        return made.bank.shape == (size, width) and ones and 1 <= made.k[0] <= size
    rank = len(made.directions)
    shapes = (made.means.shape, made.directions.shape, made.gains.shape, made.rest.shape)
    return (
        shapes == ((len(made.means), width), (rank, width), (rank,), (1,)) and len(made.means) > 0
    )
