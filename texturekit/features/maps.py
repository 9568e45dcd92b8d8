"""What a family sees in an image: code images, gradients, matrices, as pictures to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from texturekit.errors import ParameterError
from texturekit.features.clbp import joint_labels
from texturekit.features.code_histogram import label_codes
from texturekit.features.gabor import gabor_responses
from texturekit.features.gldm import dependences
from texturekit.features.gldzm import distance_zones
from texturekit.features.glrlm import run_lengths
from texturekit.features.glszm import size_zones
from texturekit.features.grey_levels import quantize
from texturekit.features.hog import pool
from texturekit.features.lbp import lbp_codes
from texturekit.features.ltp import upper_and_lower
from texturekit.features.matrices import cooccurrence
from texturekit.features.measuring import expand
from texturekit.features.mrelbp import medians
from texturekit.features.neighbourhood import Neighbourhood
from texturekit.features.region import grey_region
from texturekit.features.registry import FEATURES
from texturekit.features.sobel import sobel_maps
from texturekit.features.threshold_lbp import three_statistics
from texturekit.features.window_codes import statistic_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["grey", "signed", "codes", "angle", "matrix", "glyphs"]
_GLYPH_CELL, _MOST_GLYPHS, _MOST_SIZES = 8, 28, 64
_AROUND = ("p", "r", "window", "stat_window", "compare", "order", "mask_mode")

# Of the families that count by grey level: what makes the matrix, and what its columns are.
_COUNTERS: dict[str, tuple[Callable[..., NDArray[Any]], str]] = {
    "glrlm": (run_lengths, "length of run"),
    "glszm": (size_zones, "size of zone"),
    "gldm": (dependences, "dependence"),
    "gldzm": (distance_zones, "distance to the edge"),
}


@dataclass(frozen=True)
class Map:
    """One picture.

    Attributes
    ----------
    title : str
        What it shows.
    values : (h, w) array, or (rows, cols, orientations) of glyphs
        NaN where there is nothing.
    kind : {"grey", "signed", "codes", "angle", "matrix", "glyphs"}
        How to look at it: from dark to bright; around 0; as labels; as degrees from 0 to 180; as
        shares by row and column, both from 1 on; as bars by direction.
    """

    title: str
    values: NDArray[Any]
    kind: Kind = "grey"


Maker = Callable[["NDArray[Any]", "NDArray[Any] | None", dict[str, Any]], list[Map]]
_MAKERS: dict[str, Maker] = {}


def maps(feature: str, image: NDArray[Any], mask: NDArray[Any] | None = None) -> list[Map]:
    """Return what a family sees in an image.

    Parameters
    ----------
    feature : str
        One family, with parameters if wanted: ``"lbp(p=16,r=2)"``.
    image : (H, W) or (H, W, 3) array
    mask : (H, W) array, optional
        Non-zero inside the region; pictures of pixels are NaN outside.

    Returns
    -------
    list of Map
        Empty for families without a picture of their own.

    Raises
    ------
    ImageError
        If the family cannot measure the image.
    ParameterError
        If ``feature`` is not one family, or is asked for at scales or in cells.

    Examples
    --------
    >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    >>> [found.title for found in maps("sobel", image)]
    ['along rows', 'down columns', 'length', 'direction']
    """
    parts = expand(feature)
    if len(parts) != 1:
        raise ParameterError(f"{feature!r} is {len(parts)} families; name one, such as lbp.")
    name = parts[0].name
    parameters = {**FEATURES[name].defaults, **dict(parts[0].parameters), "family": name}
    for variant in ("scales", "pyramid"):
        if parameters[variant] not in (1, (1,)):
            raise ParameterError(
                f"{feature!r}: a picture shows the whole image; leave {variant} out."
            )
    return _MAKERS[name](image, mask, parameters) if name in _MAKERS else []


def maker(*families: str) -> Callable[[Maker], Maker]:
    """Register a function as what draws the maps of some families."""

    def register(function: Maker) -> Maker:
        _MAKERS.update(dict.fromkeys(families, function))
        return function

    return register


@maker("glcm")
def _pairs(image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]) -> list[Map]:
    levels, count = grey_levels(image, mask, known)
    pictures = [Map(f"{count} grey levels", inside(levels, mask) + 1)]
    for distance in np.atleast_1d(known["distances"]).tolist():
        matrices = cooccurrence(levels, levels=count, distance=distance, mask=mask)
        title = f"pairs of levels {distance} apart, mean of 4 directions"
        pictures.append(Map(title, matrices.mean(axis=0), "matrix"))
    return pictures


@maker("glrlm", "glszm", "gldm", "gldzm", "ngtdm")
def _sizes(image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]) -> list[Map]:
    levels, count = grey_levels(image, mask, known)
    pictures = [Map(f"{count} grey levels", inside(levels, mask) + 1)]
    if known["family"] in _COUNTERS:
        counter, what = _COUNTERS[known["family"]]
        own = {name: known[name] for name in ("distance", "alpha") if name in known}
        matrix = counter(levels, levels=count, mask=mask, **own)
        matrix = matrix.sum(axis=0) if matrix.ndim == 3 else matrix
        used = min(int(np.flatnonzero(matrix.any(axis=0))[-1]) + 1, _MOST_SIZES)
        pictures.append(Map(f"level (down) by {what}", matrix[:, :used] / matrix.sum(), "matrix"))
    return pictures


@maker("hog")
def _directions(image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]) -> list[Map]:
    grey, region = grey_region(image, mask, smallest=known["grid"] + 2)
    wide = grey.astype(np.float64)
    fine = min(max(min(grey.shape) // _GLYPH_CELL, known["grid"]), _MOST_GLYPHS)
    sides = (fine, known["grid"]) if known["mode"] == "pooled" else (fine,)
    return [
        Map(
            f"edges by direction, {side} x {side} cells",
            pool(wide, region, side, known["orientations"]),
            "glyphs",
        )
        for side in dict.fromkeys(sides)
    ]


@maker("sobel")
def _edges(image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]) -> list[Map]:
    gx, gy, length = sobel_maps(image, scale=known["scale"])
    angle = np.where(length > 0, np.rad2deg(np.arctan2(gy, gx)) % 180, np.nan)
    return [
        Map("along rows", inside(gx, mask), "signed"),
        Map("down columns", inside(gy, mask), "signed"),
        Map("length", inside(length, mask)),
        Map("direction", inside(angle, mask), "angle"),
    ]


@maker("lbp")
def _patterns(image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]) -> list[Map]:
    own = {name: known[name] for name in ("p", "r", "method", "neighborhood", "tie_tolerance")}
    codes = lbp_codes(image, **own)
    if known["method"] == "var":
        return [Map("variance of the samples", inside(codes, mask))]
    return [Map(f"{known['method']} labels", inside(codes, mask), "codes")]


@maker("ltp")
def _ternary(image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]) -> list[Map]:
    grey, region = grey_region(image, mask)
    own = [known[name] for name in ("p", "r", "threshold", "unit")]
    both = upper_and_lower(grey, region, *own)
    return [
        Map(f"{name} {known['method']} labels", inside(plane, mask), "codes")
        for name, codes in zip(("upper", "lower"), both, strict=True)
        for plane in [label_codes(codes, known["p"], known["method"])]
    ]


@maker("clbp")
def _completed(image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]) -> list[Map]:
    labels = joint_labels(*grey_region(image, mask), known["p"], known["r"])
    number = known["p"] + 2
    planes = {"signs": labels // 2 // number, "sizes": labels // 2 % number, "centre": labels % 2}
    return [Map(name, inside(plane, mask), "codes") for name, plane in planes.items()]


@maker("lbp_var")
def _with_contrast(
    image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]
) -> list[Map]:
    p, r = known["p"], known["r"]
    codes, variances = lbp_codes(image, p, r, "uniform"), lbp_codes(image, p, r, "var")
    return [
        Map("uniform labels", inside(codes, mask), "codes"),
        Map("standard deviation of the samples", inside(np.sqrt(variances), mask)),
    ]


@maker("mrelbp")
def _robust(image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]) -> list[Map]:
    sides = tuple(2 * (r // 2) + 1 for r in np.atleast_1d(known["radii"]).tolist())
    grey, _ = grey_region(image, mask)
    return [
        Map(f"median of {side} x {side} pixels", inside(smooth, mask))
        for side, smooth in dict(zip(sides, medians(grey, sides), strict=True)).items()
    ]


@maker("mean_lbp", "median_lbp", "mbp", "variance_lbp", "mvm_lbp")
def _windows(image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]) -> list[Map]:
    own = {name: known[name] for name in _AROUND}
    centre = known["family"] == "mbp" or known.get("center_bit", False)
    around = Neighbourhood(**own, center_bit=centre)
    rule = known.get("variance_rule", "deviation")
    named = dict(zip(("mean", "variance", "median"), three_statistics(rule), strict=True))
    if known["family"] != "mvm_lbp":
        name = {"mbp": "median"}.get(known["family"], known["family"].removesuffix("_lbp"))
        named = {name: named[name]}
    elif known["aggregate"] == "fused":
        named = {"fused": known["fused"]}
    codes = statistic_codes(image, list(named.values()), around=around)
    return [
        Map(f"{name} codes", inside(codes[:, :, k], mask), "codes") for k, name in enumerate(named)
    ]


@maker("gabor")
def _waves(image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]) -> list[Map]:
    own = {name: known[name] for name in ("frequencies", "orientations", "bandwidth")}
    strength = np.abs(gabor_responses(image, mask=mask, **own)).mean(axis=1)
    bank = np.atleast_1d(known["frequencies"]).tolist()
    return [
        Map(f"{frequency:g} cycles a pixel, mean of directions", inside(plane, mask))
        for frequency, plane in zip(bank, strength, strict=True)
    ]


@maker("colour")
def _channels(image: NDArray[Any], mask: NDArray[Any] | None, _: dict[str, Any]) -> list[Map]:
    planes = np.broadcast_to(image[..., None], (*image.shape, 3)) if image.ndim == 2 else image
    return [
        Map(name, inside(planes[..., k], mask)) for k, name in enumerate(("red", "green", "blue"))
    ]


def grey_levels(
    image: NDArray[Any], mask: NDArray[Any] | None, known: dict[str, Any]
) -> tuple[NDArray[Any], int]:
    """Return the image's grey levels by a family's parameters, and how many there are."""
    bounds = {name: known[name] for name in ("width", "lower", "low", "high")}
    levels, edges = quantize(image, known["method"], known["levels"], mask, **bounds)
    return levels, len(edges) - 1


def inside(values: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[np.float64]:
    """Return values as float64, NaN outside the mask."""
    found = np.asarray(values, dtype=np.float64)
    return found if mask is None else np.where(np.asarray(mask) != 0, found, np.nan)
