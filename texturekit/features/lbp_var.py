"""Local binary patterns together with the contrast of their samples."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.clbp import numbered
from texturekit.features.lbp import OCTAVES, Circle, check_circle, circle_name, from_lowest
from texturekit.features.ltp import check_range
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature
from texturekit.kernels.lbp_var import count_by_variance, patterns_and_variances, sum_variances

if TYPE_CHECKING:
    from numpy.typing import NDArray

AGGREGATES = ("joint", "lbpv")
_NOISE = 1e-14  # of the samples' mean square: what rounding leaves where all samples are equal


@feature
def lbp_var(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    r: float = 1,
    aggregate: str = "joint",
    cuts: float | tuple[float, ...] | None = None,
) -> Measured:
    """Uniform patterns together with the variance of their samples (LBP/VAR, LBPV).

    VAR is the variance of the p samples around a pixel, without the pixel itself.

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
    aggregate : {"joint", "lbpv"}
        ``joint``: how often each label meets each bin of VAR; ``lbpv``: a histogram of the labels
        to which each pixel adds its VAR, not 1.
    cuts : float or ascending sequence of float, optional
        For ``joint``: where VAR is cut, in squared grey values. By default at 1/128, 1/64, ... 8
        times its mean in the region, which gives 12 bins and does not follow the contrast.

    Returns
    -------
    dict of float
        Shares that sum to 1, without the outer ``ceil(r)`` pixels: ``lbp_var.p8r1.joint.000`` ...,
        bin ``label * bins + k``, or ``lbp_var.p8r1.lbpv.00`` ... Where the region is flat, VAR is
        0: all in the first bin of label p, and in ``lbpv`` all pixels weigh the same.

    Raises
    ------
    ImageError
        If the image is too small or not finite, or no pixel under the mask is off the border.
    ParameterError, UnknownNameError
        If a parameter is out of range.

    Notes
    -----
    As published: the labels, VAR, and what a pixel adds in LBPV. Not as published: Ojala et al. cut
    VAR into bins that hold equally many pixels of all training images, which one image cannot know;
    give such values as ``cuts``, from the training part only. Guo et al. leave LBPV's sums as they
    are; here they are divided by their total.

    References
    ----------
    Ojala, Pietikainen and Maenpaa (2002), doi:10.1109/TPAMI.2002.1017623 (LBP/VAR); Guo, Zhang and
    Zhang (2010), doi:10.1016/j.patcog.2009.08.017 (LBPV).

    Examples
    --------
    >>> image = np.zeros((5, 5), dtype=np.uint8)
    >>> image[2, 2] = 100
    >>> found = lbp_var(image, aggregate="lbpv")
    >>> found["lbp_var.p8r1.lbpv.08"], found["lbp_var.p8r1.lbpv.00"]
    (1.0, 0.0)
    """
    check_circle(p, r, "default")
    edges: NDArray[Any] = _checked(cuts, aggregate)
    margin = math.ceil(r)
    grey, mask = grey_region(image, mask, smallest=2 * margin + 1)
    check_range(grey)
    grey = from_lowest(grey, mask)
    core = (slice(margin, -margin), slice(margin, -margin))
    inside = np.ones(grey[core].shape, np.bool_) if mask is None else mask[core]
    circle = Circle(p, r, *grey.shape)
    labels, variances = np.empty(inside.shape, np.int32), np.empty(inside.shape)
    patterns_and_variances(
        grey, margin, circle.corners, circle.rows, circle.cols, _NOISE, labels, variances
    )
    mean = float(variances.mean()) if mask is None else _mean(variances, inside, margin)
    if aggregate == "joint":
        if cuts is None:
            edges = OCTAVES * (mean or math.inf)
        found: NDArray[Any] = np.zeros((p + 2, edges.size + 1))
        count_by_variance(labels, variances, inside, edges, found)
    else:
        found = np.zeros(p + 2)
        sum_variances(labels, variances if mean else np.ones(inside.shape), inside, found)
    names = _names(circle_name(p, r), aggregate, found.size)
    return Measured(names, found.ravel() / found.sum())


def _checked(cuts: float | tuple[float, ...] | None, aggregate: str) -> NDArray[np.float64]:
    if aggregate not in AGGREGATES:
        raise UnknownNameError("aggregate", aggregate, AGGREGATES)
    edges = np.atleast_1d(np.asarray(1.0 if cuts is None else cuts, np.float64))
    if aggregate == "lbpv" and cuts is not None:
        raise ParameterError(f"cuts={cuts!r}, but aggregate='lbpv' cuts nothing; leave them out.")
    if not (
        edges.size and np.isfinite(edges).all() and edges[0] > 0 and (np.diff(edges) > 0).all()
    ):
        raise ParameterError(f"cuts={cuts!r} do not ascend from above 0; give such variances.")
    return edges


def _mean(variances: NDArray[np.float64], inside: NDArray[np.bool_], margin: int) -> float:
    if not inside.any():
        raise ImageError(
            f"no pixel of the mask has its whole neighbourhood, {margin} pixels to each side, in "
            "the image; use a larger region."
        )
    return float(variances.mean(where=inside))


@cache
def _names(circle: str, aggregate: str, bins: int) -> tuple[str, ...]:
    return numbered(f"lbp_var.{circle}.{aggregate}", bins)
