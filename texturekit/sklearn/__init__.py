"""Texture, embeddings and whole methods as scikit-learn's estimators; see docs/sklearn.md."""

from texturekit.sklearn.classifier import MethodClassifier, as_sklearn
from texturekit.sklearn.embeddings import Embeddings
from texturekit.sklearn.features import TextureFeatures

__all__ = ["Embeddings", "MethodClassifier", "TextureFeatures", "as_sklearn"]
