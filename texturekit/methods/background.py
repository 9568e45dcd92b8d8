"""What a method on columns is compared with when it is explained: typical training images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

MOST = 16  # means
#: Images, of as many patients, that each mean is made of: no single patient's values are stored.
FEWEST_EACH = 5
FEWEST_ROWS = 20
_LEARNT_FROM = 2000  # rows that the clusters are learnt from: more move no mean by much
_STEPS = 30
_BLOCK = 2048


@dataclass(frozen=True)
class Background:
    """A few means of several training images each, and how many images each stands for.

    Attributes
    ----------
    rows : (k, d) float64
        In the order of the method's columns; no single patient's values.
    weights : (k,) float64
        Sum to 1.
    """

    rows: Floats
    weights: Floats

    @classmethod
    def of(
        cls, features: Floats, *, seed: int, groups: NDArray[Any] | None = None
    ) -> Background | None:
        """Return the background of training rows: means of clusters, by k-means.

        Columns are brought to one scale for the distances, not for what is kept. The result is the
        same to the bit for a seed, whatever the number of threads.

        Parameters
        ----------
        features : (n, d) float64
            A method's columns; rows that are not finite are left out.
        seed : int
            Of the first centres, and of the 2,000 rows that clusters are learnt from where there
            are more; all rows go into the means.
        groups : (n,) array, optional
            The patient of each image: a mean is then made of at least 5 patients, not only images.

        Returns
        -------
        Background or None
            At most 16 rows, each the mean of at least 5 images. None for fewer than 20 images (or
            patients), or no columns: too few for means that give nobody away.

        References
        ----------
        Lloyd (1982), Least squares quantization in PCM, doi:10.1109/TIT.1982.1056489; first
        centres by Arthur and Vassilvitskii (2007), k-means++.

        Examples
        --------
        >>> x = np.repeat([[0.0], [8.0]], 10, axis=0)
        >>> found = Background.of(x, seed=0)
        >>> sorted(set(found.rows.ravel().tolist())), float(found.weights.sum())
        ([0.0, 8.0], 1.0)
        >>> Background.of(x[:19], seed=0) is None
        True
        """
        good = np.flatnonzero(np.isfinite(features).all(axis=1))
        x = np.asarray(features, dtype=np.float64)[good]
        owner = np.arange(len(x)) if groups is None else _numbered(np.asarray(groups)[good])
        if not x.size or len(np.unique(owner)) < FEWEST_ROWS:
            return None
        centre = _mean(x)
        spread = _spread(x, centre)
        rng = np.random.default_rng(seed)
        count = min(MOST, len(np.unique(owner)) // FEWEST_EACH)
        some = np.sort(rng.permutation(len(x))[:_LEARNT_FROM])
        centres = _centres((x[some] - centre) / spread, count, rng)
        place = _enough(x, owner, centre, spread, centres)
        members = [np.flatnonzero(place == k) for k in np.unique(place)]
        sizes = np.array([len(rows) for rows in members], dtype=np.float64)
        return cls(np.stack([_mean(x[rows]) for rows in members]), sizes / sizes.sum())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for ``background.safetensors``."""
        return {"rows": self.rows, "weights": self.weights}


def _numbered(groups: NDArray[Any]) -> Places:
    return np.unique(groups.astype(str), return_inverse=True)[1].astype(np.intp)


def _mean(x: Floats) -> Floats:
    """Return the mean of rows, divided first: no sum of finite numbers overflows."""
    return np.asarray((x / len(x)).sum(axis=0)) if np.abs(x).max() > 1e290 else x.mean(axis=0)


def _spread(x: Floats, centre: Floats) -> Floats:
    """Return standard deviations, infinite for columns that do not vary beyond rounding."""
    away = x - centre
    largest = np.abs(away).max(axis=0)
    varies = largest > 1e-12 * np.maximum(1.0, np.abs(centre))
    scale = np.where(varies, largest, 1.0)  # scaled first: no square overflows
    return np.where(varies, scale * np.sqrt(((away / scale) ** 2).mean(axis=0)), np.inf)


def _distances(z: Floats, centres: Floats) -> Floats:
    """Return squared distances less what all centres share, (n, k).

    By einsum and not by BLAS, whose sums depend on the number of threads.
    """
    lengths = np.einsum("kd,kd->k", centres, centres)
    return np.asarray(lengths - 2 * np.einsum("nd,kd->nk", z, centres))


def _centres(z: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Return the centres of at most ``count`` clusters by k-means."""
    chosen = [int(rng.integers(len(z)))]
    nearest = ((z - z[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < count and nearest.sum() > 0:
        heights = np.cumsum(nearest)
        chosen.append(int(np.searchsorted(heights, rng.random() * heights[-1], side="right")))
        nearest = np.minimum(nearest, ((z - z[chosen[-1]]) ** 2).sum(axis=1))
    centres, before = z[chosen], np.full(len(z), -1)
    for _ in range(_STEPS):
        place = _distances(z, centres).argmin(axis=1)
        if (place == before).all():
            break
        used = [np.flatnonzero(place == k) for k in range(len(centres))]
        centres = np.stack([z[rows].mean(axis=0) for rows in used if len(rows)])
        before = place
    return centres


def _enough(x: Floats, owner: Places, centre: Floats, spread: Floats, centres: Floats) -> Places:
    """Return the cluster of each row; the smallest is given up until all hold enough patients."""
    while True:
        blocks = [
            _distances((x[start : start + _BLOCK] - centre) / spread, centres).argmin(axis=1)
            for start in range(0, len(x), _BLOCK)
        ]
        place = np.concatenate(blocks)
        patients = [len(np.unique(owner[place == k])) for k in range(len(centres))]
        least = int(np.argmin(patients))
        if patients[least] >= FEWEST_EACH or len(centres) == 1:
            return place
        centres = np.delete(centres, least, axis=0)
