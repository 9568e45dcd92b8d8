"""Measure several families of one image."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError
from texturekit.features.grammar import Part, parse_parts
from texturekit.features.region import grey_region
from texturekit.features.registry import FEATURES, Feature, Measured

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

SETS = {
    "texture": "first_order+glcm+hog+sobel+lbp+mvm_lbp",
    "texture_full": "glcm(distances=1-2-3,scales=1-2-4)+glrlm+hog(grid=7)+sobel(scales=1-2-4)"
    "+lbp(p=24,r=3)+lbp(method=nri_uniform,neighborhood=square,scales=1-2-4)+clbp+clbp(r=2)"
    "+colour",
}


def expand(parts: str | Iterable[Part]) -> tuple[Part, ...]:
    """Return the families that a representation stands for, the named sets written out.

    Raises
    ------
    UnknownNameError
        If a name is neither a family nor a set, or a parameter is not one of the family's.
    ParameterError
        If a set is given parameters.

    Examples
    --------
    >>> [part.name for part in expand("texture")]
    ['first_order', 'glcm', 'hog', 'sobel', 'lbp', 'mvm_lbp']
    """
    result: list[Part] = []
    for part in parse_parts(parts) if isinstance(parts, str) else parts:
        if not isinstance(part, Part):
            raise ParameterError(
                f"features hold {part!r}, but text such as 'glcm+lbp' is wanted, or Parts."
            )
        if part.name not in SETS:
            FEATURES[part.name].check(dict(part.parameters))
            result.append(part)
        elif part.parameters:
            raise ParameterError(
                f"{part.name} is a set of families and takes no parameters, but got {part}; "
                f"write the families out: {SETS[part.name]}."
            )
        else:
            result.extend(parse_parts(SETS[part.name]))
    return tuple(dict.fromkeys(result))


def measure(
    image: NDArray[Any], features: str | Iterable[Part], mask: NDArray[np.bool_] | None = None
) -> dict[str, float]:
    """Measure the texture of one image.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
        Grey, or RGB, which becomes grey by `texturekit.to_grey`.
    features : str
        Families joined by ``+``, with parameters if wanted: ``"glcm(levels=64)+lbp"``; or a set:
        ``"texture"`` (fast), ``"texture_full"`` (rich).
    mask : (H, W) array, optional
        Non-zero inside the region to measure.

    Returns
    -------
    dict of float
        Finite values by column name, in a fixed order: ``{'glcm.contrast.d1.mean': 41.3, ...}``.

    Raises
    ------
    UnknownNameError
        If there is no such family, set or parameter.
    ImageError
        If the image is too small, not finite, or the mask does not fit.
    ParameterError
        If two parts would give the same column.

    Examples
    --------
    >>> image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    >>> measure(image, "first_order")["first_order.mean"]
    31.5
    """
    subject = Subject(image, mask)
    values: dict[str, float] = {}
    for family, parameters in _steps(features if isinstance(features, str) else (*features,)):
        found = subject.measure(family, parameters)
        before = len(values)
        found.add_to(values)
        if len(values) != before + len(found.names):
            columns(features)  # says which column stands twice
    return values


class Subject:
    """An image and its mask, checked and made grey once for all families.

    Parameters
    ----------
    image, mask :
        See `measure`.
    """

    def __init__(self, image: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> None:
        self.image = image
        self.grey, self.mask = grey_region(image, mask)

    def measure(self, family: Feature, parameters: dict[str, Any]) -> Measured:
        """Return what a family gives, with parameters that have been checked.

        Raises
        ------
        ImageError
            If the image cannot be measured, or a value is not finite.
        """
        found = family.measure(self.image if family.colour else self.grey, self.mask, parameters)
        finite = np.isfinite(found.values)
        if not finite.all():
            first = int(finite.argmin())
            raise ImageError(
                f"{found.names[first]} is {found.values[first]}, which no method can learn from; "
                f"scale the pixels to a usual range, or leave {family.name} out."
            )
        return found


@lru_cache(maxsize=256)
def _steps(features: str | tuple[Part, ...]) -> tuple[tuple[Feature, dict[str, Any]], ...]:
    return tuple((FEATURES[part.name], dict(part.parameters)) for part in expand(features))


def columns(features: str | Iterable[Part]) -> tuple[str, ...]:
    """Return the column names that `measure` gives, without an image."""
    names: dict[str, None] = {}
    for part in expand(features):
        found = FEATURES[part.name].columns(**dict(part.parameters))
        twice = names.keys() & set(found)
        if twice:
            raise ParameterError(
                f"{part} gives the column {min(twice)!r} a second time; ask for each family once, "
                "or with parameters that give other column names."
            )
        names.update(dict.fromkeys(found))
    return tuple(names)
