"""Measure several families of one image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from texturekit.errors import ParameterError
from texturekit.features.grammar import Part, parse_parts
from texturekit.features.registry import FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

SETS = {
    "texture": "first_order+glcm+hog+sobel+lbp+mvm_lbp",
    "texture_full": "first_order+glcm(distances=1-2-3)+hog(grid=7)+sobel+lbp+lbp(p=16,r=2)"
    "+lbp(p=24,r=3)+mean_lbp+median_lbp+mbp+variance_lbp+mvm_lbp",
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
    values: dict[str, float] = {}
    for part in expand(features):
        found = FEATURES[part.name](image, mask=mask, **dict(part.parameters))
        _refuse_collision(values, found, part)
        values.update(found)
    return values


def columns(features: str | Iterable[Part]) -> tuple[str, ...]:
    """Return the column names that `measure` gives, without an image."""
    names: dict[str, float] = {}
    for part in expand(features):
        found = dict.fromkeys(FEATURES[part.name].columns(**dict(part.parameters)), 0.0)
        _refuse_collision(names, found, part)
        names.update(found)
    return tuple(names)


def _refuse_collision(known: dict[str, float], new: dict[str, float], part: Part) -> None:
    twice = known.keys() & new.keys()
    if twice:
        raise ParameterError(
            f"{part} gives the column {min(twice)!r} a second time; ask for each family once, "
            "or with parameters that give other column names."
        )
