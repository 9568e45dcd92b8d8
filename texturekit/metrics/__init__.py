"""Scores with intervals, and paired tests.

Every function returns a record that names its method in words; what cannot be computed is None
with the reason.
"""

from __future__ import annotations

from texturekit.metrics.agreement import icc
from texturekit.metrics.benefit import net_benefit, predictive_values
from texturekit.metrics.binning import expected_calibration_error
from texturekit.metrics.calibrating import calibration
from texturekit.metrics.delong import compare_roc_auc, compare_roc_auc_unpaired, roc_auc
from texturekit.metrics.detection import detection_scores
from texturekit.metrics.given_tables import table_scores
from texturekit.metrics.power import roc_auc_power
from texturekit.metrics.proportions import clustered_proportion, proportion
from texturekit.metrics.repeating import nadeau_bengio
from texturekit.metrics.several import friedman, nemenyi
from texturekit.metrics.single_set import scores
from texturekit.metrics.testing import holm, mcnemar, mcnemar_bounds
from texturekit.metrics.thresholds import choose_threshold

__all__ = [
    "calibration",
    "choose_threshold",
    "clustered_proportion",
    "compare_roc_auc",
    "compare_roc_auc_unpaired",
    "detection_scores",
    "expected_calibration_error",
    "friedman",
    "holm",
    "icc",
    "mcnemar",
    "mcnemar_bounds",
    "nadeau_bengio",
    "nemenyi",
    "net_benefit",
    "predictive_values",
    "proportion",
    "roc_auc",
    "roc_auc_power",
    "scores",
    "table_scores",
]
