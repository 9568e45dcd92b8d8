"""Texture families: image in, named values out.

Importing this package registers every family, in the order that columns and names keep.
"""

from __future__ import annotations

# The order of registration is the order of columns and names.
# isort: off
from texturekit.features import intensity, glcm, hog, sobel, lbp, window_lbp  # noqa: F401
from texturekit.features import glrlm, glszm, gldm, ngtdm, gldzm  # noqa: F401
from texturekit.features import ltp, clbp, lbp_var, mrelbp  # noqa: F401
from texturekit.features import gabor, fractal, colour  # noqa: F401

# isort: on
from texturekit.features.glcm import glcm_statistics
from texturekit.features.gldm import dependences, gldm_statistics
from texturekit.features.gldzm import distance_zones, gldzm_statistics
from texturekit.features.glrlm import glrlm_statistics, run_lengths
from texturekit.features.glszm import glszm_statistics, size_zones
from texturekit.features.grey_levels import quantize
from texturekit.features.intensity import histogram_statistics, intensity_statistics
from texturekit.features.lbp import lbp_codes
from texturekit.features.matrices import cooccurrence
from texturekit.features.measuring import SETS, columns, expand, measure
from texturekit.features.ngtdm import neighbourhood_differences, ngtdm_statistics
from texturekit.features.registry import FEATURES, Feature, feature
from texturekit.features.window_lbp import mvm_codes

__all__ = [
    "FEATURES",
    "SETS",
    "Feature",
    "columns",
    "cooccurrence",
    "dependences",
    "distance_zones",
    "expand",
    "feature",
    "glcm_statistics",
    "gldm_statistics",
    "gldzm_statistics",
    "glrlm_statistics",
    "glszm_statistics",
    "histogram_statistics",
    "intensity_statistics",
    "lbp_codes",
    "measure",
    "mvm_codes",
    "neighbourhood_differences",
    "ngtdm_statistics",
    "quantize",
    "run_lengths",
    "size_zones",
]
