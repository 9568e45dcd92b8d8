"""Any method of texturekit as a scikit-learn classifier of images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from texturekit.data.held import hold_images
from texturekit.data.listing import kind_of
from texturekit.errors import ImageError, ManifestError
from texturekit.methods.fitting import fit
from texturekit.methods.grammar import parse_method
from texturekit.methods.model import Preprocessing
from texturekit.methods.predicting import column_names, predictions
from texturekit.sklearn.features import of_images
from texturekit.sklearn.inputs import images_of, said_aloud

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.sklearn.inputs import Images


class MethodClassifier(ClassifierMixin, BaseEstimator):
    """A method such as ``"glcm+lbp/xgboost"``, fitted by ``texturekit.fit``.

    It gives the probabilities that ``texturekit.fit`` and ``texturekit.predict`` give for the same
    images: an array counts as what it would be in a ``.npy`` file. The whole chain from pixels to
    probabilities is inside, so that cross-validation around it sees no other image.

    Parameters
    ----------
    method : str, default "texture/xgboost"
        See docs/methods.md: ``"glcm+lbp/svm"``, ``"resnet18/logistic"``, ``"resnet18/finetune"``.
    size : int, default 224
        Long side in pixels that images are resized to, aspect kept.
    positive : label, optional
        The positive class of two, which thresholds are about. By default the last in sorted order,
        but never one called normal, benign, negative or the like: there it has to be said.
    threshold : str, default "fixed"
        What `predict` goes by: ``"fixed"`` (0.5), ``"youden"``, ``"sensitivity=0.95"``, ...; see
        `texturekit.fit`.
    calibrate : {"none", "sigmoid", "isotonic", "temperature"}, default "none"
    weights : str, default "auto"
        Of backbones; see `Embeddings`.
    window : str, default "auto"
        Which values networks see as black and white.
    epochs : int, optional
        Longest training of a network.
    tune : int, default 0
        How many settings are tried inside the training images.
    device : {"auto", "cpu", "cuda"}, default "auto"
    jobs : int, default 1
        Threads.
    seed : int, default 0

    Attributes
    ----------
    classes_ : (k,) array
        The labels in the order of the columns of `predict_proba`; for several labels an image,
        their names (the columns of a frame, else 0, 1, ...).
    model_ : texturekit.methods.model.Model
        What was fitted: ``model_.save(folder)`` writes it without pickle.

    Notes
    -----
    ``sample_weight`` is not supported: no method here weighs images.

    Examples
    --------
    >>> images = np.random.default_rng(0).integers(0, 256, (20, 16, 16), dtype=np.uint8)
    >>> images[::2] //= 4
    >>> dark = ["dark", "light"] * 10
    >>> model = MethodClassifier("sobel/logistic", size=16).fit(images, dark)
    >>> model.predict(images[:3])
    array(['dark', 'light', 'dark'], dtype='<U5')
    """

    def __init__(
        self,
        method: str = "texture/xgboost",
        size: int = 224,
        positive: object = None,
        threshold: str = "fixed",
        calibrate: str = "none",
        weights: str = "auto",
        window: str = "auto",
        epochs: int | None = None,
        tune: int = 0,
        device: str = "auto",
        jobs: int = 1,
        seed: int = 0,
    ) -> None:
        self.method = method
        self.size = size
        self.positive = positive
        self.threshold = threshold
        self.calibrate = calibrate
        self.weights = weights
        self.window = window
        self.epochs = epochs
        self.tune = tune
        self.device = device
        self.jobs = jobs
        self.seed = seed

    def fit(self, X: Images, y: Any, groups: Any = None) -> MethodClassifier:  # noqa: N803
        """Fit the method to labelled images.

        Parameters
        ----------
        X : (n, H, W) or (n, H, W, 3) array, or a sequence or column of n images or paths
        y : (n,) labels, or (n, L) zeros and ones
            One class an image, of any type that sorts; or several labels an image, of which a
            frame names the columns.
        groups : (n,) array, optional
            The patient of every image: those of one stay together wherever images are held out
            inside the training images.

        Returns
        -------
        MethodClassifier
            Itself.

        Raises
        ------
        ManifestError
            If there is one class only, lengths differ, or labels cannot be told apart as text.
        UnknownNameError, ParameterError
            If the method, or a setting, cannot be understood.
        ImageError
            If an image cannot be used; the message names it.
        """
        classes, labelled = _labelled(hold_images(images_of(X)), y)
        data = _grouped(labelled, groups)
        positive = self.positive
        if positive is None and data.kind == "binary" and classes.dtype.kind in "biuf":
            positive = classes[1]  # of numbers the larger one, as scikit-learn has it
        preprocessing = Preprocessing(
            self.size, weights=self.weights, seed=self.seed, window=self.window
        )
        with said_aloud():
            self.model_ = fit(
                self.method, data, seed=self.seed, preprocessing=preprocessing, jobs=self.jobs,
                positive=None if positive is None else str(positive), device=self.device,
                epochs=self.epochs, threshold=self.threshold, calibrate=self.calibrate,
                tune=self.tune,
            )  # fmt: skip
        self.classes_ = classes
        return self

    def predict_proba(self, X: Images) -> NDArray[np.float64]:  # noqa: N803
        """Return (n, k) probabilities, in the order of ``classes_``.

        They are the same to the bit however many images are asked for at once. Of several labels
        an image they are independent, and NaN for a label that training showed one value of.
        """
        rows, columns = self._rows(X), [f"p.{name}" for name in self.model_.classes]
        values = [rows[column].astype(np.float64).to_numpy() for column in columns]
        return np.array(values, dtype=np.float64).T.reshape(len(rows), len(columns))

    def predict(self, X: Images) -> NDArray[Any]:  # noqa: N803
        """Return (n,) labels, or (n, L) zeros and ones, by the threshold that was chosen."""
        said = self._rows(X)["predicted"].tolist()
        names = list(self.model_.classes)
        if self.model_.kind != "multilabel":
            return self.classes_[np.array([names.index(name) for name in said], dtype=np.intp)]
        present = [set(text.split("|")) for text in said]
        found = [[int(name in names_of) for name in names] for names_of in present]
        return np.array(found, dtype=np.int64).reshape(len(said), len(names))

    def _rows(self, X: Images) -> pd.DataFrame:  # noqa: N803
        check_is_fitted(self)
        images = images_of(X)
        if not images:
            return pd.DataFrame(columns=column_names(self.model_), dtype=object)
        with said_aloud():
            parts = predictions(
                self.model_, hold_images(images), jobs=self.jobs, device=self.device
            )
            rows = pd.concat(list(parts), ignore_index=True)
        lost = rows[rows["status"] != "ok"]
        for row in lost.index:
            raise ImageError(f"image {row}: {rows['error'].iat[row]}")
        return rows

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = of_images(super().__sklearn_tags__(), requires_fit=True)
        tags.classifier_tags.multi_label = True
        return tags


def as_sklearn(method: str, **settings: Any) -> MethodClassifier:
    """Return a method as a classifier of scikit-learn.

    Parameters
    ----------
    method : str
        ``"glcm+lbp/xgboost"``; see docs/methods.md.
    **settings
        Parameters of `MethodClassifier`, such as ``size=64``.

    Raises
    ------
    UnknownNameError, ParameterError
        If the method cannot be understood.

    Examples
    --------
    >>> as_sklearn("glcm+lbp/forest", size=64)
    MethodClassifier(method='glcm+lbp/forest', size=64)
    """
    parse_method(method)
    return MethodClassifier(method, **settings)


def _labelled(data: Manifest, y: Any) -> tuple[NDArray[Any], Manifest]:
    """Return the classes as they were given, and the images with labels."""
    if y is None:
        raise ManifestError(
            "MethodClassifier requires y to be passed, but the target y is None; give the labels."
        )
    labels = np.asarray(y)
    if len(labels) != len(data):
        raise ManifestError(
            f"X has {len(data)} images, but y has {len(labels)} labels; give one an image."
        )
    if labels.ndim == 2 and labels.shape[1] > 1:
        return _several(data, labels, getattr(y, "columns", None))
    labels = column_or_1d(labels, warn=True)
    check_classification_targets(labels)
    classes, codes = np.unique(labels, return_inverse=True)
    names = _names(classes)
    return classes, replace(data, labels=codes.astype(np.int64), classes=names, kind=kind_of(names))


def _several(data: Manifest, labels: NDArray[Any], columns: Any) -> tuple[NDArray[Any], Manifest]:
    if labels.dtype.kind not in "biuf" or not np.isin(labels, (0, 1)).all():
        raise ManifestError(
            f"y has the shape {labels.shape} and holds other values than 0 and 1; give a class an "
            "image, or for several labels an image a column of zeros and ones each."
        )
    classes = np.arange(labels.shape[1]) if columns is None else np.asarray(columns)
    names = _names(classes)
    if any("|" in name for name in names):
        raise ManifestError(f"the labels {', '.join(names)} hold '|', which joins labels; rename.")
    values = labels.astype(np.float64)
    return classes, replace(data, labels=values, classes=names, kind="multilabel")


def _names(classes: NDArray[Any]) -> tuple[str, ...]:
    names = tuple(str(one) for one in classes)
    if len(set(names)) < len(names) or not all(names):
        raise ManifestError(
            f"the labels {', '.join(map(repr, classes.tolist()))} cannot be told apart as text; "
            "give other names."
        )
    return names


def _grouped(data: Manifest, groups: Any) -> Manifest:
    if groups is None:
        return data
    known = np.asarray(groups).tolist()
    # An unknown patient is one of its own, as in a manifest.
    names = [None if one is None or one != one else str(one) for one in known]
    if len(names) != len(data):
        raise ManifestError(
            f"X has {len(data)} images, but groups has {len(names)} entries; give one an image."
        )
    column = pd.Series(names, dtype=object)  # a text dtype would make None a number
    return replace(data, frame=data.frame.assign(group=column))
