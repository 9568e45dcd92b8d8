"""Training images that a model carries, to show those that are like a new one."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from texturekit.data.group_counts import group_numbers
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from texturekit.data.pictures import Pictures

    Floats = NDArray[np.float64]

_SIDE = 160
_QUALITY = 80


@dataclass(frozen=True)
class Similar:
    """A training image that is like a new one.

    Attributes
    ----------
    label : str
        Its class, or its labels joined by ``|``.
    distance : float
        In the space of the features; 0 for the same image.
    picture : bytes
        WebP, at most 160 pixels a side.
    """

    label: str
    distance: float
    picture: bytes


@dataclass(frozen=True)
class Cases:
    """Training images: what a detector looks at, their labels and small pictures.

    Attributes
    ----------
    features : (n, d) float64
        As `texturekit.methods.judging.Judged.features`.
    labels : tuple of n str
    pictures : tuple of n bytes
        WebP.
    """

    features: Floats
    labels: tuple[str, ...]
    pictures: tuple[bytes, ...]

    #: What everybody who has such a folder has to know.
    NOTICE: ClassVar[str] = (
        "This model folder holds pictures of patients, and what was measured on them; keep it and "
        "pass it on as you would the images."
    )
    #: Names and dtypes in ``cases.safetensors``.
    ARRAYS: ClassVar[dict[str, str]] = {
        "features": "float64", "labels": "uint8", "pictures": "uint8", "ends": "int64",
    }  # fmt: skip

    @classmethod
    def of(
        cls, features: Floats, pictures: Pictures, labels: Sequence[str], rows: NDArray[np.intp]
    ) -> Cases:
        """Return the cases of some training images.

        Parameters
        ----------
        features : (n, d) float64
        pictures : Pictures
            Of the same n images.
        labels : sequence of n str
        rows : (k,) intp
            Which of them; see `chosen`.

        Raises
        ------
        ImageError
            If a picture cannot be read.
        """
        kept = tuple(_webp(pictures, int(row)) for row in rows)
        return cls(features[rows], tuple(labels[row] for row in rows), kept)

    def similar(self, features: Floats, count: int = 3) -> list[list[Similar]]:
        """Return for each new image the training images that are most like it, the closest first.

        Two images are as far apart as the root mean square of the differences of their columns,
        each in units of its standard deviation over the cases: two images picked at random are
        about 1.4 apart. Columns that are the same in all cases do not count.

        Parameters
        ----------
        features : (m, d) float64
        count : int, default 3

        Returns
        -------
        list of list of Similar
            None for an image whose features are not known (NaN). Of equally distant ones the first.

        Raises
        ------
        ParameterError
            If the features are of another width.

        References
        ----------
        Unit variance a column before distances are taken: Aksoy and Haralick (2001), Feature
        normalization and likelihood-based similarity measures for image retrieval,
        doi:10.1016/S0167-8655(00)00112-4.

        Examples
        --------
        >>> cases = Cases(np.array([[0.0, 5.0], [2.0, 5.0]]), ("a", "b"), (b"", b""))
        >>> [(one.label, one.distance) for one in cases.similar(np.array([[2.0, 5.0]]))[0]]
        [('b', 0.0), ('a', 2.0)]
        """
        if features.ndim != 2 or features.shape[1] != self.features.shape[1]:
            raise ParameterError(
                f"features of shape {features.shape} were given, but the cases have "
                f"{self.features.shape[1]} columns; use what `answered` gives for the same model."
            )
        spread = self.features.std(axis=0)
        varies = spread > 1e-12 * np.maximum(1.0, np.abs(self.features.mean(axis=0)))
        known, spread = self.features[:, varies], spread[varies]
        found: list[list[Similar]] = []
        for row in features[:, varies]:  # one by one: the same bits however many there are
            if np.isnan(row).any():
                found.append([])
                continue
            apart = ((known - row) / spread) ** 2
            distance = np.sqrt(apart.sum(axis=1) / max(1, spread.size))
            nearest = np.argsort(distance, kind="stable")[: max(0, count)].tolist()
            found.append(
                [Similar(self.labels[k], float(distance[k]), self.pictures[k]) for k in nearest]
            )
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for ``cases.safetensors``."""
        labels = json.dumps(self.labels, ensure_ascii=False).encode("utf-8", "backslashreplace")
        return {
            "features": self.features,
            "labels": np.frombuffer(labels, dtype=np.uint8),
            "pictures": np.frombuffer(b"".join(self.pictures), dtype=np.uint8),
            "ends": np.cumsum([len(one) for one in self.pictures]).astype(np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], *, width: int) -> Cases:
        """Return what `arrays` described.

        Parameters
        ----------
        arrays : dict
            As `ARRAYS` names them.
        width : int
            Columns that the features have to have.

        Raises
        ------
        ValueError
            If they do not go together; it says what is wrong.
        """
        features, ends = arrays["features"], arrays["ends"]
        labels = json.loads(arrays["labels"].tobytes())
        count = ends.size
        if features.shape != (count, width) or ends.shape != (count,) or not count:
            raise ValueError(
                f"features of shape {features.shape} do not go with {count} pictures and {width} "
                "columns"
            )
        if not isinstance(labels, list) or [type(one) for one in labels] != [str] * count:
            raise ValueError(f"its labels are not one text for each of {count} pictures")
        content = arrays["pictures"].tobytes()
        starts = [0, *ends.tolist()]
        if sorted(starts) != starts or starts[-1] != len(content):
            raise ValueError("its pictures are cut at the wrong places")
        pictures = tuple(content[a:b] for a, b in pairwise(starts))
        for number, picture in enumerate(pictures):
            _check(picture, number)
        return cls(features, tuple(labels), pictures)


def chosen(
    labels: NDArray[Any], groups: NDArray[Any] | None, count: int, *, seed: int
) -> NDArray[np.intp]:
    """Choose training images to keep: classes by turns, and of every patient one before a second.

    Parameters
    ----------
    labels : (n,) int64 or (n, L) float64
        Of several labels an image counts for its rarest one, or for none.
    groups : (n,) array, optional
        Patients; None where every image is its own.
    count : int
    seed : int

    Returns
    -------
    (k,) intp
        Ascending; all images if there are no more than ``count``.

    Examples
    --------
    >>> chosen(np.array([0, 0, 0, 0, 1]), np.array([1, 1, 2, 3, 4]), 3, seed=0).tolist()
    [0, 2, 4]
    """
    codes = labels if labels.ndim == 1 else _rarest(labels)
    numbers = group_numbers(groups, len(codes))
    rng = np.random.default_rng(seed)
    waiting = {k: rng.permutation(np.flatnonzero(codes == k)).tolist() for k in np.unique(codes)}
    taken: list[int] = []
    seen = dict.fromkeys(numbers.tolist(), 0)
    while waiting and len(taken) < count:
        for code, rows in list(waiting.items()):
            if not rows:
                del waiting[code]
            elif len(taken) < count:
                best = min(rows, key=lambda row: seen[int(numbers[row])])  # the first of the least
                rows.remove(best)
                seen[int(numbers[best])] += 1
                taken.append(best)
    return np.sort(np.array(taken, dtype=np.intp))


def _rarest(labels: NDArray[np.float64]) -> NDArray[np.int64]:
    shown = labels == 1
    often = np.where(shown, shown.sum(axis=0), len(labels) + 1)
    return np.where(shown.any(axis=1), often.argmin(axis=1), -1).astype(np.int64)


def _webp(pictures: Pictures, row: int) -> bytes:
    from PIL import Image

    image, _ = pictures.region(row)
    picture = pictures.view(row, min(_SIDE, max(image.shape[:2])))
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=_QUALITY, method=4)
    return buffer.getvalue()


def _check(picture: bytes, number: int) -> None:
    """See that a picture is WebP and small; only its header is read."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(picture), formats=["WEBP"]) as image:
            size = image.size
    except Exception as error:  # Pillow's own kinds, too
        raise ValueError(f"its picture {number} is no WebP") from error
    if max(size) > _SIDE:
        raise ValueError(f"its picture {number} is {size[0]}x{size[1]} pixels, above {_SIDE}")
