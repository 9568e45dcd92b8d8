"""scikit-image's texture functions: the same arguments, arrays and errors, over our kernels.

Checked against scikit-image 0.26. Where scikit-image is wrong these follow it;
`texturekit.features` is right.
"""

from __future__ import annotations

from texturekit.compat.skimage_glcm import graycomatrix, graycoprops
from texturekit.compat.skimage_gradients import hog, sobel
from texturekit.compat.skimage_lbp import local_binary_pattern

__all__ = ["graycomatrix", "graycoprops", "hog", "local_binary_pattern", "sobel"]
