"""Columns on one scale, families at equal weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_LIMIT = 6.0
_TOTAL_VARIANCE = 100.0


@dataclass(frozen=True)
class Scaling:
    """Standardise columns, clip them at six standard deviations, give each block equal variance.

    Without equal weight a family of 1,764 columns drowns one of 25.

    Attributes
    ----------
    centre, spread, weight : (d,) float64
        A column becomes ``clip((x - centre) / spread, -6, 6) * weight``; a column that was constant
        in training becomes 0.

    Examples
    --------
    >>> x = np.array([[0.0, 5.0], [2.0, 5.0]])
    >>> Scaling.fit(x, [[0, 1]])(x)
    array([[-10.,   0.],
           [ 10.,   0.]])
    """

    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    weight: NDArray[np.float64]

    @classmethod
    def fit(cls, x: NDArray[np.float64], blocks: Sequence[Sequence[int]]) -> Scaling:
        """Learn the scale of training rows.

        Parameters
        ----------
        x : (n, d) float64
        blocks : sequence of column indices
            Together they name each of the d columns once.
        """
        centre, spread = x.mean(axis=0), x.std(axis=0)
        varies = spread > 1e-12 * np.maximum(1.0, np.abs(centre))
        weight = np.zeros(x.shape[1])
        live = [np.asarray(b)[varies[np.asarray(b, dtype=int)]] for b in blocks if len(b)]
        live = [block for block in live if block.size]
        for block in live:
            weight[block] = np.sqrt(_TOTAL_VARIANCE / (len(live) * block.size))
        return cls(centre, np.where(varies, spread, 1.0), weight)

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale rows."""
        scaled: NDArray[np.float64] = np.clip((x - self.centre) / self.spread, -_LIMIT, _LIMIT)
        return scaled * self.weight

    def state(self) -> dict[str, Any]:
        """Return plain arrays for saving."""
        return {"centre": self.centre, "spread": self.spread, "weight": self.weight}
