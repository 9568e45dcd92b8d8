"""Figures: curves and tables of a report, and what a texture family sees in an image."""

from __future__ import annotations

from texturekit.draw.curves import training_curves
from texturekit.draw.features import save_figure, show_feature
from texturekit.draw.figures import Line, confusion, forest, roc
from texturekit.draw.learning import Course, learning
from texturekit.draw.ranks import critical_differences

__all__ = [
    "Course",
    "Line",
    "confusion",
    "critical_differences",
    "forest",
    "learning",
    "roc",
    "save_figure",
    "show_feature",
    "training_curves",
]
