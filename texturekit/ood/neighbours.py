"""Distance to the k-th nearest training image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from texturekit.errors import ParameterError
from texturekit.ood.scale import Scale, features, matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_CELLS = 4_000_000  # distances that are held at a time


@dataclass(frozen=True)
class Neighbours:
    """Distance to the k-th nearest training image.

    Holds the training images' features.

    Attributes
    ----------
    centre, spread : (d,) float64
        See `texturekit.ood.scale.Scale`; 0 and 1 where rows have length 1.
    bank : (n, w) float64
        The training images.
    k : (1,) int64
        Which neighbour.
    unit : (1,) int64
        1 where rows are brought to length 1.

    References
    ----------
    Sun, Ming, Zhu and Li (2022), arXiv:2204.06507.

    Examples
    --------
    >>> x = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> Neighbours.fit(x, k=1).score(np.array([[2.0, 0.0], [1.0, 1.0]])).round(3)
    array([0.   , 0.765])
    """

    centre: Floats
    spread: Floats
    bank: Floats
    k: NDArray[np.int64]
    unit: NDArray[np.int64]

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        codes: ArrayLike | None = None,
        *,
        k: int = 5,
        form: Literal["unit", "standardised"] = "unit",
    ) -> Neighbours:
        """Keep the features of training images.

        Parameters
        ----------
        x : (n, d) float
            Features of training images, and of no others.
        codes : (n,) int, optional
            Not used: classes make no difference.
        k : int, default 5
            Which neighbour's distance; at most n.
        form : {"unit", "standardised"}, default "unit"
            ``unit``: rows of length 1, as the paper has it, for a network's features.
            ``standardised``: columns on the scale of the training images, for texture columns,
            whose scales have nothing in common.

        Raises
        ------
        ParameterError
            If no column varies, or there are fewer images than ``k``.
        """
        rows = matrix(x, "features")
        if not 1 <= k <= len(rows):
            raise ParameterError(
                f"k is {k}, but there are {len(rows)} training images; choose 1 to {len(rows)}."
            )
        if form not in ("unit", "standardised"):
            raise ParameterError(f"form is {form!r}; it may be 'unit' or 'standardised'.")
        scale = Scale.fit(rows)
        if form == "unit":
            scale = Scale(np.zeros(rows.shape[1]), np.ones(rows.shape[1]))
        number = np.array([k], dtype=np.int64)
        unit = np.array([form == "unit"], dtype=np.int64)
        empty = cls(scale.centre, scale.spread, np.zeros((0, 0)), number, unit)
        return replace(empty, bank=empty._formed(rows))

    def score(self, x: ArrayLike) -> Floats:
        """Return (n,) float64, the distance of (n, d) features to their neighbour.

        From 0 to 2 where rows have length 1.
        """
        z = self._formed(features(x, len(self.centre)))
        step = max(1, _CELLS // len(self.bank))
        parts = [self._kth(z[start : start + step]) for start in range(0, len(z), step)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _formed(self, x: Floats) -> Floats:
        z = Scale(self.centre, self.spread)(x)
        if not self.unit[0]:
            return z
        lengths = np.linalg.norm(z, axis=1, keepdims=True)
        return np.asarray(z / np.where(lengths > 0, lengths, 1.0))

    def _kth(self, z: Floats) -> Floats:
        lengths = np.einsum("ij,ij->i", z, z)[:, None]
        own = np.einsum("ij,ij->i", self.bank, self.bank)
        squared = np.maximum(lengths + own - 2 * (z @ self.bank.T), 0.0)
        place = int(self.k[0]) - 1
        return np.asarray(np.sqrt(np.partition(squared, place, axis=1)[:, place]))
