"""Completed local binary patterns: signs, sizes and centres."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import UnknownNameError
from texturekit.features.code_histogram import count_joint
from texturekit.features.lbp import Circle, check_circle, circle_name
from texturekit.features.ltp import TIE, check_range
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature
from texturekit.kernels.clbp import completed_labels, mean_difference

if TYPE_CHECKING:
    from numpy.typing import NDArray

AGGREGATES = ("joint", "concat")


@feature
def clbp(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    r: float = 1,
    aggregate: str = "joint",
) -> Measured:
    """Completed local binary patterns: signs and sizes of differences, and bright centres.

    S codes the signs of ``sample - centre``, as `texturekit.features.lbp` does; M codes where
    ``|sample - centre|`` is at least its mean over all samples of the region; C tells whether the
    centre is at least the mean of the region. S and M are given their uniform labels (riu2).

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
        At least ``2 * ceil(r) + 1`` pixels high and wide.
    mask : (H, W) array, optional
        Non-zero where a pixel is counted; its samples may lie outside.
    p : int, default 8
        Samples on the circle, 2 to 31.
    r : float, default 1
        Radius in pixels, above 0.
    aggregate : {"joint", "concat"}
        ``joint``: how often the three meet (CLBP_S/M/C of the paper); ``concat``: a histogram of S
        and one of M with C (CLBP_S_M/C).

    Returns
    -------
    dict of float
        Shares that sum to 1, without the outer ``ceil(r)`` pixels: ``clbp.p8r1.smc.000`` ...,
        bin ``(S * (p + 2) + M) * 2 + C``; or ``clbp.p8r1.s.00`` ..., then ``clbp.p8r1.mc.00`` ...,
        bin ``M * 2 + C``. All of S, M and C are set where the region is flat.

    Raises
    ------
    ImageError
        If the image is too small or not finite, or no pixel under the mask is off the border.
    ParameterError, UnknownNameError
        If a parameter is out of range.

    Notes
    -----
    As in the authors' MATLAB code, but values within 1e-12 of the largest magnitude count as equal,
    where there rounding decides.

    References
    ----------
    Guo, Zhang and Zhang (2010), doi:10.1109/TIP.2010.2044957.

    Examples
    --------
    >>> clbp(np.full((5, 5), 9, dtype=np.uint8))["clbp.p8r1.smc.177"]
    1.0
    """
    check_circle(p, r, "default")
    if aggregate not in AGGREGATES:
        raise UnknownNameError("aggregate", aggregate, AGGREGATES)
    margin = math.ceil(r)
    grey, inside = grey_region(image, mask, smallest=2 * margin + 1)
    counts = count_joint(
        joint_labels(grey, inside, p, r), 2 * (p + 2) ** 2, margin=margin, inside=inside
    )
    found = counts / counts.sum()
    if aggregate == "concat":
        cube = found.reshape(p + 2, p + 2, 2)
        found = np.concatenate([cube.sum(axis=(1, 2)), cube.sum(axis=0).ravel()])
    return Measured(_names(circle_name(p, r), p + 2, aggregate), found)


def joint_labels(
    grey: NDArray[Any], inside: NDArray[np.bool_] | None, p: int, r: float
) -> NDArray[np.int32]:
    """Return ``(S * (p + 2) + M) * 2 + C`` of a grey image that has been checked, (H, W)."""
    check_range(grey)
    region = np.ones(grey.shape, np.bool_) if inside is None else inside
    values = grey if inside is None else grey[inside]  # as bytes, which are faster to compare
    tie = TIE * max(-float(values.min()), float(values.max()))
    grey = grey.astype(np.float64)
    level = float((grey if inside is None else grey[inside]).mean())
    circle = Circle(p, r, *grey.shape)
    tables = (math.ceil(r), circle.corners, circle.rows, circle.cols)
    size = mean_difference(grey, *tables, region)
    labels = np.zeros(grey.shape, np.int32)
    completed_labels(grey, *tables, size, level, tie, labels)
    return labels


@cache
def _names(circle: str, labels: int, aggregate: str) -> tuple[str, ...]:
    if aggregate == "joint":
        return numbered(f"clbp.{circle}.smc", 2 * labels**2)
    return numbered(f"clbp.{circle}.s", labels) + numbered(f"clbp.{circle}.mc", 2 * labels)


def numbered(prefix: str, bins: int) -> tuple[str, ...]:
    """Return ``prefix.00``, ``prefix.01``, ... with as many digits as the last needs."""
    digits = max(2, len(str(bins - 1)))
    return tuple(f"{prefix}.{k:0{digits}d}" for k in range(bins))
