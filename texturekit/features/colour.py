"""Moments and histograms of the colours, in RGB, HSV and CIE L*a*b*."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, colour_feature
from texturekit.kernels import colour as kernels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SPACES = {
    "rgb": ("red", "green", "blue"),
    "hsv": ("hue", "saturation", "value"),
    "lab": ("lightness", "a", "b"),
}
# In the order of the kernel's planes, hue last: it has a histogram only.
CHANNELS = ("red", "green", "blue", "saturation", "value", "lightness", "a", "b", "hue")
MOMENTS = ("mean", "std", "skewness")
HUE = ("cos", "sin", "concentration")
LOW = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -110.0, -110.0])
HIGH = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 100.0, 110.0, 110.0])
# Grey has a and b up to 0.005, since scikit-image's white is rounded: no colour to be skewed.
NO_SPREAD = np.array([1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 1e-7, 0.02, 0.02])
ROUNDING = 1e-5
CHUNK = 4096


@colour_feature
def colour(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    bins: int = 8,
    spaces: str | Sequence[str] = ("rgb", "hsv", "lab"),
    white: float | None = None,
) -> Measured:
    """Moments and histograms of the colours, in RGB, HSV and CIE L*a*b*.

    - ``mean``, ``std``, ``skewness`` of ``red green blue saturation value`` (0 to 1),
      ``lightness`` (0 to 100), ``a`` (green to red) and ``b`` (blue to yellow). Population
      moments; skewness is 0 where the standard deviation is below 1e-9 of the range (a, b: 0.02).
    - ``hue.cos``, ``hue.sin``, ``hue.concentration``: an average of angles has to be one of
      vectors. A pixel is the vector with ``x = R - (G + B) / 2`` and ``y = sqrt(3) / 2 (G - B)``,
      whose angle is its hue (red 0, green 120, blue 240 degrees) and whose length its chroma. These
      are the sums of x and y over the sum of the lengths, and the length of both together: 1 where
      all pixels have one hue, 0 where hues cancel out or all is grey.
    - ``colourfulness``: Hasler and Suesstrunk's third measure, on 0 to 255 as in their paper (15
      slightly, 45 averagely, 109 extremely colourful).
    - ``histogram.<channel>.00`` on: shares of the pixels in equal bins, of 0 to 1, of 0 to 100, or
      of -110 to 110 for a and b, which holds all of sRGB. In that of the hue a pixel counts as
      much as its chroma, so that grey pixels, which have none, do not count; all 0 if all are grey.

    A grey image is one with R = G = B: saturation, hue and colourfulness are 0.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Grey or sRGB.
    mask : (H, W) array, optional
        Non-zero inside the region.
    bins : int, 2 to 256
        Bins of each histogram.
    spaces : {"rgb", "hsv", "lab"} or a sequence of them
        Whose channels to give; ``hue`` belongs to ``"hsv"``, ``colourfulness`` to ``"rgb"``.
    white : float, optional
        The value of full brightness; 0 is black. By default 255 for uint8, 65535 for uint16 and 1
        for floats. Other integers, and such as 12 bits in uint16, need it.

    Returns
    -------
    dict of float
        ``colour.<moment>.<channel>``, ``colour.hue.<part>``, ``colour.colourfulness`` and
        ``colour.histogram.<channel>.<bin>``, by default 100 values.

    Raises
    ------
    ImageError
        If the image or its mask cannot be used, or the region holds values below 0 or above white.
    ParameterError
        If a parameter is out of range.
    UnknownNameError
        If there is no such space.

    Notes
    -----
    HSV and L*a*b* (D65, 2 degrees) are those of `skimage.color`. The hue of HSV, which the
    histogram has, goes around a hexagon, and is up to 1.2 degrees from the angle above.

    References
    ----------
    Smith (1978), doi:10.1145/800248.807361 (HSV). Hanbury (2008), doi:10.1016/j.patrec.2007.11.002
    (the plane of hue and chroma). Hasler and Suesstrunk (2003), doi:10.1117/12.477378.

    Examples
    --------
    >>> image = np.zeros((2, 2, 3), dtype=np.uint8)
    >>> image[:, 0] = [255, 0, 0]
    >>> found = colour(image)
    >>> found["colour.mean.red"], found["colour.hue.cos"], found["colour.histogram.hue.00"]
    (0.5, 1.0, 1.0)
    """
    chosen = (spaces,) if isinstance(spaces, str) else tuple(spaces)
    if not (2 <= bins <= 256 and bins == int(bins)):
        raise ParameterError(f"bins={bins} is not a whole number in 2..256; 8 is usual.")
    names, places = _columns(chosen, int(bins))
    pixels = _pixels(image, mask)
    origin, sums, lengths, counts, weights = _tally(pixels, int(bins), white)
    everything = _statistics(len(pixels), origin, sums, lengths)
    shares = np.vstack([counts.sum(axis=1) / len(pixels), weights.sum(axis=0) / (lengths or 1.0)])
    return Measured(names, np.concatenate([everything, shares.ravel()])[places])


@cache
def _columns(spaces: tuple[str, ...], bins: int) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Return the names, and where their values stand among all that are computed."""
    if not spaces or len(set(spaces)) < len(spaces):
        raise ParameterError(f"spaces={'-'.join(spaces)!r} is empty or names one twice.")
    for space in spaces:
        if space not in SPACES:
            raise UnknownNameError("colour space", space, SPACES)
    wanted = [channel for space in SPACES if space in spaces for channel in SPACES[space]]
    digits = max(2, len(str(bins - 1)))
    every = [f"{moment}.{channel}" for moment in MOMENTS for channel in CHANNELS[:-1]]
    every += [f"hue.{part}" for part in HUE] + ["colourfulness"]
    every += [f"histogram.{channel}.{k:0{digits}d}" for channel in CHANNELS for k in range(bins)]
    names = [f"{moment}.{c}" for moment in MOMENTS for c in wanted if c != "hue"]
    names += [f"hue.{part}" for part in HUE if "hsv" in spaces]
    names += ["colourfulness"] if "rgb" in spaces else []
    names += [f"histogram.{channel}.{k:0{digits}d}" for channel in wanted for k in range(bins)]
    where = {name: place for place, name in enumerate(every)}
    return tuple(f"colour.{name}" for name in names), np.array([where[name] for name in names])


def _pixels(image: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any]:
    """Return the colours of the region, (n, 3)."""
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[2] == 3 and image.dtype.kind in "biuf":
        _, region = grey_region(image[:, :, 0], mask)
    else:
        image, region = grey_region(image, mask)
        image = np.broadcast_to(image[:, :, np.newaxis], (*image.shape, 3))
    if image.dtype == np.bool_:
        image = image.astype(np.uint8) * np.uint8(255)
    pixels = image.reshape(-1, 3) if region is None else image[region]
    return np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))


def _tally(pixels: NDArray[Any], bins: int, white: float | None) -> tuple[Any, ...]:
    full = _white(pixels, white)
    given = np.empty((6, CHUNK))
    planes = np.empty((12, CHUNK))
    sums, lengths = np.zeros((kernels.MEASURED, 3)), 0.0
    counts = np.zeros((kernels.COUNTED, kernels.BANKS, bins), np.int64)
    weights = np.zeros((kernels.BANKS, bins))
    scale = bins / (HIGH - LOW)
    origin = None
    for start in range(0, len(pixels), CHUNK):
        part = pixels[start : start + CHUNK]
        _scaled(part, full, given)
        kernels.convert(len(part), given, planes)
        origin = planes[: kernels.MEASURED, 0].copy() if origin is None else origin
        kernels.add_moments(len(part), planes, origin, sums)
        kernels.add_counts(len(part), planes, LOW, scale, counts, weights)
        lengths += float(planes[kernels.CHROMA, : len(part)].sum())
    return origin, sums, lengths, counts, weights


def _statistics(
    number: int, origin: NDArray[np.float64], sums: NDArray[np.float64], lengths: float
) -> NDArray[np.float64]:
    one, two, three = sums.T / number
    mean = origin + one
    variance = np.maximum(two - one * one, 0.0)
    std = np.sqrt(variance)
    spread = std[: kernels.COUNTED] > NO_SPREAD
    third = (three - 3.0 * one * two + 2.0 * one**3)[: kernels.COUNTED]
    skewness = np.zeros(kernels.COUNTED)
    skewness[spread] = third[spread] / (variance * std)[: kernels.COUNTED][spread]
    red, green, blue = mean[:3]
    chroma = lengths / number or 1.0
    cos = (red - 0.5 * (green + blue)) / chroma
    sin = kernels.HALF_ROOT_3 * (green - blue) / chroma
    opposed = slice(kernels.RED_GREEN, kernels.YELLOW_BLUE + 1)
    colourfulness = 255.0 * (np.hypot(*std[opposed]) + 0.3 * np.hypot(*mean[opposed]))
    moments = [mean[: kernels.COUNTED], std[: kernels.COUNTED], skewness]
    hue = [cos, sin, min(np.hypot(cos, sin), 1.0), colourfulness]
    return np.concatenate([*moments, hue])


def _white(pixels: NDArray[Any], white: float | None) -> float:
    """Return the value of full brightness, and raise if a pixel is not between 0 and it."""
    kind = pixels.dtype
    if white is not None and not (0 < white < np.inf):
        raise ParameterError(
            f"white={white} is not the value of full brightness; give one above 0."
        )
    if white is None and kind.kind in "iu" and kind not in (np.uint8, np.uint16):
        raise ImageError(
            f"image is {kind}, which has no natural white; say which value is: colour(white=255)."
        )
    usual = 1.0 if kind.kind == "f" else float(np.iinfo(kind).max)
    full = usual if white is None else float(white)
    if kind.kind == "u" and full >= usual:
        return full
    low, high = float(pixels.min()), float(pixels.max())
    if not (-ROUNDING * full <= low and high <= full * (1 + ROUNDING)):
        raise ImageError(
            f"image holds values from {low:g} to {high:g}, but colours are from 0 (black) to "
            f"{full:g} (white); give the white value, colour(white={max(high, 1):g}), or rescale."
        )
    return full


def _scaled(pixels: NDArray[Any], white: float, given: NDArray[np.float64]) -> None:
    if pixels.dtype in (np.uint8, np.uint16):
        kernels.look_up(pixels, _tables(pixels.dtype.itemsize, white), given)
        return
    count = len(pixels)
    # Interpolation may have gone a rounding error too far.
    np.clip(pixels.T / white, 0.0, 1.0, out=given[:3, :count])
    given[3:, :count] = _linear(given[:3, :count])


@lru_cache(maxsize=4)
def _tables(bytes_: int, white: float) -> NDArray[np.float64]:
    share = np.minimum(np.arange(1 << 8 * bytes_) / white, 1.0)
    tables = np.stack([share, _linear(share)])
    tables.flags.writeable = False
    return tables


def _linear(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the light of a value on the curve of sRGB (IEC 61966-2-1)."""
    bright: NDArray[np.float64] = ((share + 0.055) / 1.055) ** 2.4
    return np.where(share > 0.04045, bright, share / 12.92)
