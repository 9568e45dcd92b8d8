"""Median robust extended local binary patterns."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ParameterError
from texturekit.features.clbp import numbered
from texturekit.features.code_histogram import count_joint
from texturekit.features.lbp import Circle, check_circle, circle_name
from texturekit.features.ltp import TIE, check_range
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature
from texturekit.kernels.mrelbp import filter_median, robust_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_RADIUS = 14  # windows of at most 15 x 15: the kernel counts in a byte
_CENTRE = 3


@feature
def mrelbp(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    radii: int | tuple[int, ...] = (2, 4, 6, 8),
) -> Measured:
    """Patterns of median-filtered images at several radii (MRELBP).

    At each radius three patterns are looked at together: CI, whether the median of the 3x3 window
    is at least its mean over the coded pixels; NI, which of p medians on the circle are at least
    their mean; RD, which of them are at least those on the next smaller circle, or, on the
    smallest, the 3x3 median at the centre. The medians on a circle of radius r are those of windows
    of side ``2 * (r // 2) + 1``: 3, 5, 7 and 9. NI and RD are given their uniform labels (riu2).

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
        At least ``2 * max(radii) + 1`` pixels high and wide: 17x17 by default.
    mask : (H, W) array, optional
        Non-zero where a pixel is counted; its samples and their windows may lie outside.
    p : int, default 8
        Samples on each circle, 2 to 31.
    radii : int or ascending sequence of int, default (2, 4, 6, 8)
        Radii in pixels, 1 to 14.

    Returns
    -------
    dict of float
        ``mrelbp.p8r2.joint.000`` ... ``.199``: share of the pixels in bin ``(CI * (p + 2) + NI) *
        (p + 2) + RD``, summing to 1, without the outer r pixels; then the same of the other radii.
        All of CI, NI and RD are set where the region is flat.

    Raises
    ------
    ImageError
        If the image is too small or not finite, or no pixel under the mask is off the border.
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    The paper was not at hand in full. Radii, windows, the circles that RD compares, thresholds,
    borders (valid circles; windows continue the image mirrored, the edge pixel repeated) and the
    joint histogram follow MATLAB code that derives from the authors' and is found in several public
    repositories. Ours: values within 1e-12 of the largest magnitude count as equal, where there
    rounding decides; each radius has a histogram that sums to 1.

    References
    ----------
    Liu, Lao, Fieguth, Guo, Wang and Pietikainen (2016), doi:10.1109/TIP.2016.2522378.

    Examples
    --------
    >>> mrelbp(np.full((17, 17), 9, dtype=np.uint8))["mrelbp.p8r2.joint.188"]
    1.0
    """
    steps = _checked(radii, p)
    grey, inside = grey_region(image, mask, smallest=2 * steps[-1] + 1)
    check_range(grey)
    values = grey if inside is None else grey[inside]
    tie = TIE * max(-float(values.min()), float(values.max()))
    centre, *smooth = medians(grey, (_CENTRE, *(2 * (r // 2) + 1 for r in steps)))
    images, circles = [centre, *smooth], [Circle(p, r, *grey.shape) for r in (0, *steps)]
    labels = np.zeros(grey.shape, np.int32)
    bins, found = 2 * (p + 2) ** 2, []
    for k, r in enumerate(steps):
        core = (slice(r, -r), slice(r, -r))
        counted = centre[core] if inside is None else centre[core][inside[core]]
        level = counted.mean() if counted.size else 0.0
        inner, outer = circles[k], circles[k + 1]
        robust_labels(
            centre, images[k + 1], outer.corners, outer.rows, outer.cols, images[k], inner.corners,
            inner.rows, inner.cols, r, level, tie, labels,
        )  # fmt: skip
        counts = count_joint(labels, bins, margin=r, inside=inside)
        found.append(counts / counts.sum())
    return Measured(_names(p, steps), np.concatenate(found))


def medians(grey: NDArray[Any], sides: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """Return the image filtered by the median of windows of each side."""
    values = None
    if grey.dtype != np.uint8:
        values, ranks = np.unique(grey, return_inverse=True)
        grey = ranks.reshape(grey.shape).astype(np.min_scalar_type(values.size - 1))
    bits = np.left_shift(1, np.arange(int(grey.max()).bit_length())[::-1]).astype(grey.dtype)
    margin = max(sides) // 2
    padded = np.pad(grey, margin, mode="symmetric")
    found: dict[int, NDArray[np.float64]] = {}
    medians = np.empty_like(grey)
    for side in dict.fromkeys(sides):
        filter_median(padded, margin, side, bits, medians)
        found[side] = (medians if values is None else values[medians]).astype(np.float64)
    return [found[side] for side in sides]


def _checked(radii: int | tuple[int, ...], p: int) -> tuple[int, ...]:
    steps = tuple(radii) if isinstance(radii, (tuple, list)) else (radii,)
    check_circle(p, 1, "default")
    whole = all(isinstance(r, (int, np.integer)) for r in steps)
    if not (steps and whole and steps[0] >= 1 and steps[-1] <= _MOST_RADIUS) or any(
        after <= before for before, after in pairwise(steps)
    ):
        raise ParameterError(
            f"radii={radii!r} do not ascend from 1 to {_MOST_RADIUS} in whole numbers; "
            "2-4-6-8 is usual."
        )
    return steps


@cache
def _names(p: int, radii: tuple[int, ...]) -> tuple[str, ...]:
    prefixes = (f"mrelbp.{circle_name(p, r)}.joint" for r in radii)
    return tuple(name for prefix in prefixes for name in numbered(prefix, 2 * (p + 2) ** 2))
