"""Distance to the nearest class mean, in the metric of the training images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import ParameterError
from texturekit.ood.scale import Scale, features, matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mahalanobis:
    """Squared Mahalanobis distance to the nearest class mean, one covariance for all classes.

    Attributes
    ----------
    centre, spread : (d,) float64
        See `Scale`.
    means : (classes, k) float64
        Of the standardised columns that vary.
    directions : (r, k) float64
        Orthonormal directions in which the training images vary.
    gains : (r,) float64
        What a squared step along each of them counts beyond ``rest``.
    rest : (1,) float64
        What a squared step in any other direction counts; 0 without shrinkage.
    shrinkage : (1,) float64
        Weight of the multiple of the identity in the covariance; 0 for none.

    References
    ----------
    Lee, Lee, Lee and Shin (2018), arXiv:1807.03888 (the last layer only, no input noise). Ledoit
    and Wolf (2004), doi:10.1016/S0047-259X(03)00096-4.

    Examples
    --------
    >>> x = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    >>> Mahalanobis.fit(x, shrinkage="none").score(np.array([[1.0, 1.0], [3.0, 1.0]]))
    array([0., 4.])
    """

    centre: Floats
    spread: Floats
    means: Floats
    directions: Floats
    gains: Floats
    rest: Floats
    shrinkage: Floats

    @classmethod
    def fit(
        cls, x: ArrayLike, codes: ArrayLike | None = None, *, shrinkage: str = "ledoit-wolf"
    ) -> Mahalanobis:
        """Learn class means and the covariance around them.

        Parameters
        ----------
        x : (n, d) float
            Features of training images, and of no others.
        codes : (n,) int, optional
            Their classes. Without (several labels an image), all are one class.
        shrinkage : {"ledoit-wolf", "none"}, default "ledoit-wolf"
            Ledoit and Wolf's adds a multiple of the identity, the less the more images there are.
            Without, as in Lee's paper, the covariance has no inverse where features outnumber
            images or depend on each other (a histogram's do: they sum to 1).

        Raises
        ------
        ParameterError
            If no column varies, or the plain covariance has no inverse.
        """
        rows = matrix(x, "features")
        if shrinkage not in ("ledoit-wolf", "none"):
            raise ParameterError(f"shrinkage is {shrinkage!r}; it may be 'ledoit-wolf' or 'none'.")
        scale = Scale.fit(rows)
        z = scale(rows)
        names, home = np.unique(_classes(codes, len(z)), return_inverse=True)
        means = np.stack([z[home == k].mean(axis=0) for k in range(len(names))])
        apart = z - means[home]
        weight = _ledoit_wolf(apart) if shrinkage == "ledoit-wolf" else 0.0
        directions, gains, rest = _inverse(apart, weight)
        return cls(
            scale.centre, scale.spread, means, directions, gains, np.array([rest]),
            np.array([weight]),
        )  # fmt: skip

    def score(self, x: ArrayLike) -> Floats:
        """Return (n,) float64, the squared distance of (n, d) features to the nearest class."""
        z = Scale(self.centre, self.spread)(features(x, len(self.centre)))
        found = [self._distance(z - mean) for mean in self.means]
        return np.asarray(np.min(found, axis=0))

    def _distance(self, apart: Floats) -> Floats:
        along = apart @ self.directions.T
        plain = self.rest[0] * np.einsum("ij,ij->i", apart, apart)
        return np.asarray(plain + np.square(along) @ self.gains)


def _ledoit_wolf(apart: Floats) -> float:
    from sklearn.covariance import ledoit_wolf_shrinkage

    return float(ledoit_wolf_shrinkage(apart, assume_centered=True))


def _inverse(apart: Floats, weight: float) -> tuple[Floats, Floats, float]:
    """Return directions, gains and rest of the inverse of the (shrunk) covariance of rows."""
    count, width = apart.shape
    variances, directions = _spread(apart)
    known = variances > width * np.finfo(np.float64).eps * variances.max()
    if weight == 0:
        if known.sum() < width:
            raise ParameterError(
                f"the covariance of {width} features cannot be inverted: {count} training images "
                f"vary in {known.sum()} directions only; use shrinkage='ledoit-wolf'."
            )
        return directions, 1 / variances, 0.0
    floor = weight * variances.sum() / width
    inside = (1 - weight) * variances[known] + floor
    return directions[known], 1 / inside - 1 / floor, float(1 / floor)


def _spread(apart: Floats) -> tuple[Floats, Floats]:
    """Return the variances along orthonormal directions, of many images without holding more."""
    count, width = apart.shape
    if count > width:
        variances, columns = np.linalg.eigh(apart.T @ apart / count)
        return np.maximum(variances, 0.0), columns.T
    _, lengths, directions = np.linalg.svd(apart, full_matrices=False)
    return np.square(lengths) / count, directions


def _classes(codes: ArrayLike | None, count: int) -> NDArray[np.int64]:
    if codes is None:
        return np.zeros(count, dtype=np.int64)
    given = np.asarray(codes)
    if given.shape != (count,):
        raise ParameterError(
            f"classes have the shape {given.shape}, but there are {count} training images."
        )
    return given.astype(np.int64)
