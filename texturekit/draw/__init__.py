"""Figures: curves and tables of a report, and what a texture family sees in an image."""

from __future__ import annotations

from texturekit.draw.curves import training_curves
from texturekit.draw.features import save_figure, show_feature
from texturekit.draw.figures import Line, confusion, forest, roc

__all__ = ["Line", "confusion", "forest", "roc", "save_figure", "show_feature", "training_curves"]
