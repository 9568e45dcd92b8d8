"""Figures: curves and tables of a report, and what a texture family sees in an image."""

from __future__ import annotations

from texturekit.draw.curves import History, told, training_curves, training_folds
from texturekit.draw.displays import Bin, net_benefit, precision_recall, reliability, roc
from texturekit.draw.features import save_figure, show_feature
from texturekit.draw.figures import forest
from texturekit.draw.histograms import Band, code_bars, grey_values
from texturekit.draw.learning import Course, learning
from texturekit.draw.matrix import confusion
from texturekit.draw.plots import Line
from texturekit.draw.ranks import critical_differences
from texturekit.draw.strips import strip
from texturekit.draw.sweeps import Spot, Thread, cloud, flat, parallel

__all__ = [
    "Band",
    "Bin",
    "Course",
    "History",
    "Line",
    "Spot",
    "Thread",
    "cloud",
    "code_bars",
    "confusion",
    "critical_differences",
    "flat",
    "forest",
    "grey_values",
    "learning",
    "net_benefit",
    "parallel",
    "precision_recall",
    "reliability",
    "roc",
    "save_figure",
    "show_feature",
    "strip",
    "told",
    "training_curves",
    "training_folds",
]
