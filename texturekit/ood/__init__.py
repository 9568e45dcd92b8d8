"""How unusual an image is for a model: scores of what lies outside the training distribution.

Every score here points the same way: **higher is more unusual**. Scores of one kind compare with
each other only; a threshold makes them a decision, see `keeping`.

Two scores read a classifier's outputs, and need nothing else: `maximum_softmax`, `energy`. Two
read features (embeddings, the penultimate layer, texture columns) and are fitted on training images
only: `Mahalanobis`, `Neighbours`. How well a score tells two sets apart:
`texturekit.metrics.detection_scores`.
"""

from __future__ import annotations

from texturekit.ood.detectors import DETECTORS, Detector, arrays_of, detector_from
from texturekit.ood.mahalanobis import Mahalanobis
from texturekit.ood.neighbours import Neighbours
from texturekit.ood.outputs import energy, maximum_softmax
from texturekit.ood.thresholds import FEWEST, KEPT, keeping

__all__ = [
    "DETECTORS",
    "FEWEST",
    "KEPT",
    "Detector",
    "Mahalanobis",
    "Neighbours",
    "arrays_of",
    "detector_from",
    "energy",
    "keeping",
    "maximum_softmax",
]
