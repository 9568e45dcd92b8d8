"""Scores with intervals, and paired tests.

Every function returns a record that names its method in words; what cannot be computed is None
with the reason.
"""

from __future__ import annotations

from texturekit.metrics.delong import compare_roc_auc, roc_auc
from texturekit.metrics.detection import detection_scores
from texturekit.metrics.proportions import proportion
from texturekit.metrics.single_set import scores
from texturekit.metrics.testing import holm, mcnemar

__all__ = [
    "compare_roc_auc",
    "detection_scores",
    "holm",
    "mcnemar",
    "proportion",
    "roc_auc",
    "scores",
]
