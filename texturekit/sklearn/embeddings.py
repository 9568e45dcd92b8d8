"""What a network sees in images, as a scikit-learn transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from texturekit.data.held import hold_images
from texturekit.data.pictures import Pictures
from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.extraction import represent, work_of
from texturekit.features.grammar import parse_parts
from texturekit.methods.fitted_weights import check_weights, weights_of
from texturekit.parts import part_columns, pieces
from texturekit.sklearn.features import of_images
from texturekit.sklearn.inputs import images_of, said_aloud

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.features.grammar import Part
    from texturekit.measurement import Work
    from texturekit.sklearn.inputs import Images


class Embeddings(TransformerMixin, BaseEstimator):
    """Show images to a network, and give the mean of its last feature map; nothing is trained.

    The numbers are those of ``texturekit.extract(data, backbone)`` for the same images: an array
    counts as what it would be in a ``.npy`` file.

    Parameters
    ----------
    backbone : str, default "resnet18"
        A network of docs/weights.md, also with stages and pooling:
        ``"resnet18(layers=3-4,pool=mean-std)"``.
    weights : str, default "auto"
        ``"auto"``, ``"pretrained"``, ``"none"`` or the path of a weight file. Where ``"auto"``
        finds no pretrained weights, the network has random ones, and a `UserWarning` says so.
    size : int, default 224
        Side in pixels that images are resized to, aspect kept, and padded to with black.
    window : str, default "auto"
        Which values are black and white; see `texturekit.windows.Window`.
    device : {"auto", "cpu", "cuda"}, default "auto"
    seed : int, default 0
        Of random weights.

    Attributes
    ----------
    weights_ : dict
        Label and checksum of the weights at `fit`. `transform` refuses others.

    Raises
    ------
    UnknownNameError, ParameterError
        By ``fit`` and ``transform``, if there is no such network or parameter.
    WeightsError
        By ``fit`` and ``transform``, if the weights cannot be had.
    ModelError
        By ``transform``, if the weights are not those of ``fit``.
    ImageError
        By ``transform``, if an image cannot be used; the message names it.

    Examples
    --------
    >>> images = np.random.default_rng(0).integers(0, 256, (2, 32, 32), dtype=np.uint8)
    >>> seen = Embeddings("squeezenet1_1", weights="none", size=32, device="cpu")
    >>> seen.fit_transform(images).shape, str(seen.get_feature_names_out()[1])
    ((2, 512), 'squeezenet1_1.0001')
    """

    def __init__(
        self,
        backbone: str = "resnet18",
        weights: str = "auto",
        size: int = 224,
        window: str = "auto",
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.size = size
        self.window = window
        self.device = device
        self.seed = seed

    def fit(self, X: Images, y: object = None) -> Embeddings:  # noqa: N803
        """Find the weights; the images are not looked at."""
        with said_aloud():
            self.weights_ = weights_of(self._work())
        return self

    def transform(self, X: Images) -> NDArray[np.float64]:  # noqa: N803
        """Return one row of finite values an image.

        Parameters
        ----------
        X : (n, H, W) or (n, H, W, 3) array, or a sequence or column of n images or paths
            Images of a sequence may differ in size and type.

        Returns
        -------
        (n, columns) float64
            In the order of `get_feature_names_out`.
        """
        images = images_of(X)
        with said_aloud():
            work = self._work()
            check_weights(getattr(self, "weights_", {}), work)
            if not images:
                return np.empty((0, len(self.get_feature_names_out())))
            data = hold_images(images)
            found = represent(
                data, work.parts, size=self.size, window=self.window, weights=self.weights,
                device=self.device, seed=self.seed,
            )  # fmt: skip
        for row, lost in sorted(found.lost.items()):
            raise ImageError(f"image {row}: {lost.error}")
        return np.hstack([found.blocks[str(part)] for part in work.parts])

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the column names, which depend on ``backbone`` only."""
        names = [name for piece in pieces([self._part()]) for name in part_columns(piece)]
        return np.array(names, dtype=object)

    def _part(self) -> Part:
        parts = parse_parts(self.backbone)
        if len(parts) != 1:
            raise ParameterError(
                f"backbone={self.backbone!r} names {len(parts)} parts; give one network, and join "
                "several by FeatureUnion."
            )
        if parts[0].name not in BACKBONES:
            raise UnknownNameError("backbone", parts[0].name, BACKBONES)
        return parts[0]

    def _work(self) -> Work:
        Pictures(hold_images([]), size=self.size, window=self.window)  # refuses what cannot be
        return work_of(
            [self._part()], size=self.size, roi="mask", window=self.window, weights=self.weights,
            device=self.device, seed=self.seed,
        )  # fmt: skip

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        return of_images(super().__sklearn_tags__(), requires_fit=False)
