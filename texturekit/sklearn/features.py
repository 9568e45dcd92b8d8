"""Texture features as a scikit-learn transformer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from texturekit.errors import ImageError, ParameterError
from texturekit.features.measuring import columns, measure
from texturekit.images import read_image
from texturekit.sklearn.inputs import images_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.sklearn.inputs import Images


class TextureFeatures(TransformerMixin, BaseEstimator):
    """Measure images with named texture features; nothing is learned.

    Parameters
    ----------
    features : str, default "texture"
        Families joined by ``+``, or a set, as for `texturekit.measure`.
    jobs : int, default 1
        Threads of this process, whatever joblib's backend is; -1 for one a core.

    Raises
    ------
    UnknownNameError
        By ``fit`` and ``transform``, if there is no such family or parameter.
    ImageError
        By ``transform``, if an image cannot be read or measured; the message names it.
    ParameterError
        If ``jobs`` is 0 or not a number.

    Examples
    --------
    >>> images = np.random.default_rng(0).integers(0, 256, (5, 32, 32), dtype=np.uint8)
    >>> texture = TextureFeatures("sobel")
    >>> texture.fit_transform(images).shape
    (5, 26)
    >>> str(texture.get_feature_names_out()[0])
    'sobel.mean'
    """

    def __init__(self, features: str = "texture", jobs: int = 1) -> None:
        self.features = features
        self.jobs = jobs

    def fit(self, X: Images, y: object = None) -> TextureFeatures:  # noqa: N803  # scikit-learn's
        """Check the parameters; the images are not looked at."""
        self._names()
        return self

    def transform(self, X: Images) -> NDArray[np.float64]:  # noqa: N803
        """Return one row of finite values an image.

        Parameters
        ----------
        X : (n, H, W) or (n, H, W, 3) array, or a sequence or column of n images or paths
            Images of a sequence may differ in size and type.

        Returns
        -------
        (n, columns) float64
            In the order of `get_feature_names_out`.
        """
        from joblib import Parallel, delayed

        names = self._names()
        images = images_of(X)
        # Not a hint only: a Dask backend ignores the number of jobs, and takes a task an image.
        jobs = Parallel(n_jobs=self.jobs, backend="threading")
        rows = jobs(delayed(_row)(n, image, self.features) for n, image in enumerate(images))
        return np.array(rows, dtype=np.float64).reshape(len(images), len(names))

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the column names, which depend on ``features`` only."""
        return np.array(self._names(), dtype=object)

    def _names(self) -> tuple[str, ...]:
        if not isinstance(self.jobs, int | np.integer) or self.jobs == 0:
            raise ParameterError(
                f"jobs={self.jobs!r} is no number of threads; give 1 or more, or -1."
            )
        return columns(self.features)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        return of_images(super().__sklearn_tags__(), requires_fit=False)


def of_images(tags: Any, *, requires_fit: bool) -> Any:
    """Return scikit-learn's tags of an estimator whose ``X`` holds images, not a table."""
    tags.requires_fit = requires_fit
    tags.no_validation = True
    tags.input_tags.two_d_array = False
    tags.input_tags.three_d_array = True
    tags.input_tags.string = True
    return tags


def _row(number: int, image: Any, features: str) -> list[float]:
    try:
        pixels = read_image(image) if isinstance(image, str | Path) else np.asarray(image)
        return list(measure(pixels, features).values())
    except ImageError as error:
        raise ImageError(f"image {number}: {error}") from error
