"""Features as detectors see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_FAR = 1e9  # standard deviations; more would overflow when they are squared


@dataclass(frozen=True)
class Scale:
    """Columns on the scale of the training images.

    A column that was constant in training has no scale and is left out.

    Attributes
    ----------
    centre, spread : (d,) float64
        Mean and standard deviation; a spread of 0 marks a column that is left out.
    """

    centre: Floats
    spread: Floats

    @classmethod
    def fit(cls, x: Floats) -> Scale:
        """Learn the scale of (n, d) training rows."""
        centre, spread = x.mean(axis=0), x.std(axis=0)
        varies = spread > 1e-12 * np.maximum(1.0, np.abs(centre))
        if not varies.any():
            raise ParameterError(
                f"none of the {x.shape[1]} columns varies over the {len(x)} training images; "
                "nothing tells a usual image from an unusual one."
            )
        return cls(centre, np.where(varies, spread, 0.0))

    def __call__(self, x: Floats) -> Floats:
        """Return the columns that vary, standardised."""
        kept = self.spread > 0
        scaled = (x[:, kept] - self.centre[kept]) / self.spread[kept]
        return np.asarray(np.clip(scaled, -_FAR, _FAR))


def matrix(values: ArrayLike, what: str) -> Floats:
    """Return (n, d) finite float64, or say which number is not."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape:
        raise ParameterError(f"{what} have the shape {table.shape}; give (images, columns).")
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise ParameterError(
            f"{what} hold {table[row, column]} in row {row}, column {column}; leave that image out."
        )
    return table


def features(values: ArrayLike, width: int) -> Floats:
    """Return (n, width) finite float64; there may be no rows."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != width:
        raise ParameterError(
            f"features have the shape {table.shape}, but the detector was fitted on {width} "
            "columns; give the same ones."
        )
    return table if len(table) == 0 else matrix(table, "features")
