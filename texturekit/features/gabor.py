"""A bank of Gabor filters: how much of which spatial frequency runs in which direction."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature
from texturekit.kernels.gabor import filter_waves, magnitude_moments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

BANK = (0.05, 0.1, 0.2, 0.4)
LOWEST, HIGHEST = 0.01, 0.5
STATISTICS = ("mean", "std")
AGGREGATES = ("each", "mean", "range")
LARGEST = 1e60
STANDARD_DEVIATIONS = 3

Taps = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def gabor_responses(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    frequencies: float | Sequence[float] = BANK,
    orientations: int = 6,
    bandwidth: float = 1.0,
) -> NDArray[np.complex128]:
    """Return the responses of an image to a bank of complex Gabor filters.

    The filter of frequency f and orientation t is, x to the right and y downwards, with
    ``x' = x cos t + y sin t``::

        g(x, y) = exp(-(x^2 + y^2) / (2 s^2)) exp(2 pi i f x') / (2 pi s^2)
        s = sqrt(ln 2 / 2) / (pi f) * (2^b + 1) / (2^b - 1)

    cut at three standard deviations along each axis, as `skimage.filters.gabor_kernel` has it. The
    mean of the region is subtracted first, since the real part of the filter does not quite sum to
    0; what lies outside the mask becomes 0, that is, the mean; the image is reflected at its
    border (d c b a | a b c d).

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
    mask : (H, W) array, optional
        Non-zero inside the region.
    frequencies : float or sequence of float
        In cycles a pixel, 0.01 to 0.5, each once.
    orientations : int, 1 to 36
        Filter o has its wave along ``180 * o / orientations`` degrees: 0 to the right, 90 down.
    bandwidth : float, 0.2 to 3
        b above, in octaves.

    Returns
    -------
    (n_frequencies, orientations, H, W) complex128

    Raises
    ------
    ImageError
        If the image or its mask cannot be used.
    ParameterError
        If a parameter is out of range.

    References
    ----------
    Daugman (1985), doi:10.1364/JOSAA.2.001160.

    Examples
    --------
    >>> stripes = np.tile(np.array([0, 0, 0, 0, 9, 9, 9, 9]), (32, 4))
    >>> strength = np.abs(gabor_responses(stripes, frequencies=0.125, orientations=2))
    >>> strength[0, :, 16, 16].round(1)
    array([2.9, 0. ])
    """
    bank = _checked(frequencies, orientations, bandwidth)
    grey, region = grey_region(image, mask)
    inside = np.ones(grey.shape, np.bool_) if region is None else region
    found = np.empty((len(bank), orientations, *grey.shape), np.complex128)
    for place, filtered in _responses(_centred(grey, inside), bank, orientations, bandwidth):
        found.real[place], found.imag[place] = filtered
    return found


@feature
def gabor(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    frequencies: float | Sequence[float] = BANK,
    orientations: int = 6,
    bandwidth: float = 1.0,
    aggregate: str | Sequence[str] = "each",
) -> Measured:
    """Strength of spatial frequencies by direction, by a bank of Gabor filters.

    Mean and standard deviation, over the region, of the magnitude of each response of
    `gabor_responses`. The default bank has the four frequencies and six orientations of Manjunath
    and Ma, an octave apart and an octave wide; their filters are scaled otherwise. Nothing outside
    the mask enters: it is filled with the region's mean, so along the mask's edge the step to that
    mean is seen too. Adding a constant to the image changes nothing, a gain multiplies the values.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Grey, or RGB, which becomes grey by `texturekit.to_grey`. Any size, but filters of
        frequency f reach ``1.7 / f`` pixels and mostly see reflections in an image smaller still.
    mask : (H, W) array, optional
        Non-zero inside the region.
    frequencies, orientations, bandwidth :
        See `gabor_responses`.
    aggregate : {"each", "mean", "range"} or a sequence of them
        ``"each"``: every filter's values; ``"mean"`` and ``"range"``: of each frequency the mean
        over its orientations, and the largest minus the smallest, which stay as they are when the
        image is turned by 90 degrees.

    Returns
    -------
    dict of float
        ``gabor.<statistic>.f<frequency>.o<orientation>`` for ``mean`` and ``std``, by default 48
        values: ``gabor.mean.f0_05.o0``; and ``gabor.<statistic>.f<frequency>.<aggregate>``. The
        mean square of a magnitude is ``mean**2 + std**2``. A flat region gives zeros.

    Raises
    ------
    ImageError
        If the image or its mask cannot be used.
    ParameterError
        If a parameter is out of range, or a frequency stands twice.
    UnknownNameError
        If there is no such aggregate.

    References
    ----------
    Manjunath and Ma (1996), doi:10.1109/34.531803. Daugman (1985), doi:10.1364/JOSAA.2.001160.

    Examples
    --------
    >>> stripes = np.tile(np.array([0, 0, 0, 0, 9, 9, 9, 9]), (32, 4))
    >>> found = gabor(stripes, frequencies=0.125, orientations=2)
    >>> round(found["gabor.mean.f0_125.o0"], 1), round(found["gabor.mean.f0_125.o1"], 1)
    (2.3, 0.0)
    """
    bank = _checked(frequencies, orientations, bandwidth)
    ways = (aggregate,) if isinstance(aggregate, str) else tuple(aggregate)
    names = _names(bank, orientations, ways)
    grey, region = grey_region(image, mask)
    inside = np.ones(grey.shape, np.bool_) if region is None else region
    centred = _centred(grey, inside)
    moments = np.zeros((len(bank), orientations, len(STATISTICS)))
    if centred.any():
        box = _box(region)
        part = np.ascontiguousarray(inside[box])
        for place, filtered in _responses(centred, bank, orientations, bandwidth, box):
            magnitude_moments(filtered[0], filtered[1], part, moments[place])
    table = moments.transpose(2, 0, 1)
    return Measured(names, np.concatenate([_summarised(table, way).ravel() for way in ways]))


def _summarised(table: NDArray[np.float64], way: str) -> NDArray[np.float64]:
    if way == "each":
        return table
    found: NDArray[np.float64] = table.mean(2) if way == "mean" else np.ptp(table, axis=2)
    return found


@cache
def _names(bank: tuple[float, ...], orientations: int, ways: tuple[str, ...]) -> tuple[str, ...]:
    if not ways or len(set(ways)) < len(ways):
        raise ParameterError(f"aggregate={'-'.join(ways)!r} is empty or names one twice.")
    names: list[str] = []
    for way in ways:
        if way not in AGGREGATES:
            raise UnknownNameError("aggregate", way, AGGREGATES)
        ends = [f"o{k}" for k in range(orientations)] if way == "each" else [way]
        names += [
            f"gabor.{s}.{_written(f)}.{end}" for s in STATISTICS for f in bank for end in ends
        ]
    return tuple(names)


def _written(frequency: float) -> str:
    return "f" + repr(frequency).replace(".", "_")


def _checked(
    frequencies: float | Sequence[float], orientations: int, bandwidth: float
) -> tuple[float, ...]:
    bank = tuple(float(f) for f in np.atleast_1d(frequencies))
    if not bank or len(set(bank)) < len(bank):
        raise ParameterError(f"frequencies={frequencies!r} is empty or names one twice.")
    for frequency in bank:
        if not LOWEST <= frequency <= HIGHEST:
            raise ParameterError(
                f"frequencies={frequency:g} is not in {LOWEST}..{HIGHEST}; give cycles a pixel."
            )
    if not (isinstance(orientations, (int, np.integer)) and 1 <= orientations <= 36):
        raise ParameterError(f"orientations={orientations} is not a whole number from 1 to 36.")
    if not 0.2 <= bandwidth <= 3:
        raise ParameterError(f"bandwidth={bandwidth} is not in 0.2..3; give octaves.")
    return bank


def _centred(grey: NDArray[Any], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the image less the region's mean, and 0 outside the region."""
    wide = grey.astype(np.float64)
    values = wide[inside]
    low, high = float(values.min()), float(values.max())
    if max(-low, high) > LARGEST:
        raise ImageError(
            f"image holds values from {low:g} to {high:g}, but filters are measured up to "
            f"{LARGEST:g}; scale the image down."
        )
    # Rounding leaves the mean of a flat region off by a bit.
    mean = low if low == high else values.mean()
    return np.where(inside, wide - mean, 0.0)


def _box(region: NDArray[np.bool_] | None) -> tuple[slice, slice]:
    if region is None:
        return slice(None), slice(None)
    rows, cols = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)


def _responses(
    centred: NDArray[np.float64],
    bank: tuple[float, ...],
    orientations: int,
    bandwidth: float,
    box: tuple[slice, slice] = (slice(None), slice(None)),
) -> Iterator[tuple[tuple[int, int], NDArray[np.float64]]]:
    """Give each filter's place in the bank and its response, (2, h, w) real and imaginary.

    The arrays are used again for the next filters.
    """
    rows, cols = (part.indices(n) for part, n in zip(box, centred.shape, strict=True))
    out = np.empty((4, rows[1] - rows[0], cols[1] - cols[0]))
    for n, frequency in enumerate(bank):
        filters = _filters(frequency, orientations, bandwidth)
        reach = max(max(d.shape[1], r.shape[1]) for d, r in filters) - 1
        padded = np.pad(centred, reach, mode="symmetric")
        padded = padded[rows[0] : rows[1] + 2 * reach, cols[0] : cols[1] + 2 * reach]
        padded = np.ascontiguousarray(padded)
        for k, (down, right) in enumerate(filters):
            filter_waves(padded, reach, down, right, out)
            yield (n, k), out[:2]
            if 0 < k < orientations - k:
                yield (n, orientations - k), out[2:]


@lru_cache(maxsize=64)
def _filters(frequency: float, orientations: int, bandwidth: float) -> tuple[Taps, ...]:
    """Return the taps of the orientations up to 90 degrees; the others are their mirror images."""
    octaves = 2.0**bandwidth
    s = math.sqrt(math.log(2) / 2) / (math.pi * frequency) * (octaves + 1) / (octaves - 1)
    found = []
    for k in range(orientations // 2 + 1):
        cos, sin = math.cos(math.pi * k / orientations), math.sin(math.pi * k / orientations)
        found.append((_taps(s, frequency, sin, cos), _taps(s, frequency, cos, sin)))
    return tuple(found)


def _taps(s: float, frequency: float, along: float, across: float) -> NDArray[np.float64]:
    # The box that holds the rotated axes of an ellipse, here a circle, as gabor_kernel cuts it.
    last = math.ceil(max(STANDARD_DEVIATIONS * s * max(abs(along), abs(across)), 1))
    t = np.arange(last + 1)
    bell = np.exp(-0.5 * (t / s) ** 2) / (math.sqrt(2 * math.pi) * s)
    # Exactly 0 where the cosine of a right angle is off by a bit: the kernel then skips the wave.
    wave = 2 * math.pi * frequency * (along if abs(along) > 1e-15 else 0.0) * t
    taps: NDArray[np.float64] = bell * np.stack([np.cos(wave), np.sin(wave)])
    taps.flags.writeable = False
    return taps
