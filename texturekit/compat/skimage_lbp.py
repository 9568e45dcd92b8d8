"""A drop-in for ``skimage.feature.local_binary_pattern``."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ParameterError
from texturekit.features.circle import circle_codes, circle_labels, circle_variances
from texturekit.features.code_histogram import label_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_METHODS = ("default", "ror", "uniform", "nri_uniform", "var")

# Word for word, since programs filter warnings by their text.
_OF_FLOATS = (
    "Applying `local_binary_pattern` to floating-point images may give unexpected results when "
    "small numerical differences between adjacent pixels are present. It is recommended to use "
    "this function with images of integer dtype."
)


def local_binary_pattern(
    image: NDArray[Any],
    P: int,  # noqa: N803 - skimage's name
    R: float,  # noqa: N803 - skimage's name
    method: str = "default",
) -> NDArray[np.float64]:
    """Return the local binary patterns of an image, as scikit-image 0.26 does.

    Parameters
    ----------
    image : (M, N) array
        Grey image; floating point gives a warning.
    P : int
        Number of samples on the circle.
    R : float
        Radius of the circle in pixels.
    method : {"default", "ror", "uniform", "nri_uniform", "var"}
        In any letter case.

    Returns
    -------
    (M, N) float64
        With NaN for ``var`` where the samples' variance is exactly 0.

    Raises
    ------
    ValueError
        If the image is not 2-D, or is empty.
    KeyError
        If there is no such method.
    ParameterError
        If P is above 62, or above 31 with ``ror``.

    See Also
    --------
    texturekit.features.lbp_codes : the same codes as integers, and 0 instead of NaN.

    Examples
    --------
    >>> local_binary_pattern(np.array([[6, 5, 2], [7, 6, 1], [9, 8, 7]]), 8, 1)[1, 1]
    np.float64(120.0)
    """
    shape = np.shape(image)
    if len(shape) != 2:
        raise ValueError("The parameter `image` must be a 2-dimensional array")
    if 0 in shape:
        raise ValueError("The parameter `image` cannot be an empty array")
    if np.issubdtype(image.dtype, np.floating):
        warnings.warn(_OF_FLOATS, stacklevel=2)
    method = {name: name for name in _METHODS}[method.lower()]
    most = 31 if method == "ror" else 62
    if most < P:
        raise ParameterError(f"P={P}, but method={method!r} takes at most {most} points; lower P.")
    pixels = np.ascontiguousarray(image, None if image.dtype == np.uint8 else np.float64)
    if method == "var":
        variances = circle_variances(pixels, P, R, noise=-1.0)
        return np.where(variances == 0, np.nan, variances)
    if P <= 31 and (image.dtype.kind in "biu" or np.isfinite(pixels).all()):
        labels: NDArray[np.float64] = circle_labels(pixels, P, R, method, dtype=np.float64)
        return labels
    # skimage multiplies pixels by a weight of 0 too, which matters where one is infinite.
    codes = circle_codes(pixels, P, R, interpolate_all=not np.isfinite(pixels).all())
    if method == "default":  # skimage's weights are 32-bit, and the last of 32 is negative
        return codes.astype(np.int32).astype(np.float64)
    return label_codes(codes, P, method).astype(np.float64)
