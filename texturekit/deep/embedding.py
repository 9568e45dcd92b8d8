"""Embeddings: what a network sees in each picture, as columns of numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from texturekit import events
from texturekit.data.pictures import Pictures
from texturekit.deep.backbones import Backbone, find_backbone
from texturekit.deep.embedder import Embedder
from texturekit.deep.kept import kept_folder
from texturekit.deep.memory import Shown
from texturekit.deep.stages import Reading
from texturekit.errors import ImageError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.deep.memory import Row
    from texturekit.deep.seeing import Picture, PictureSequence
    from texturekit.deep.weights import Weights

__all__ = ["Embedder", "Embedding", "embed"]


@dataclass(frozen=True, eq=False)
class Embedding:
    """One row of numbers a picture.

    Attributes
    ----------
    values : (n, width) float64
        The averaged last feature map; a row of nan stands for each picture in `failures`.
    columns : tuple of str
        ``resnet18.0000`` and so on.
    weights : Weights
        What the network started from; its label belongs beside every result.
    failures : dict of int to str
        Pictures that could not be used, and why.
    """

    values: NDArray[np.float64]
    columns: tuple[str, ...]
    weights: Weights
    failures: dict[int, str] = field(default_factory=dict)


def embed(
    pictures: PictureSequence,
    backbone: str | Backbone,
    *,
    weights: str | Path | Weights = "auto",
    device: str = "auto",
    batch: int | None = None,
    seed: int = 0,
    on_error: Literal["raise", "skip"] = "raise",
    layers: int | Sequence[int] | None = None,
    pool: str | Sequence[str] = "mean",
    flip: bool = False,
    dtype: str = "float32",
    workers: int = 0,
) -> Embedding:
    """Average a network's last feature map over each picture.

    Pictures are decoded by threads while the network works. The result does not depend on the
    batch size beyond rounding (1e-5). Of `texturekit.data.pictures.Pictures` the results are kept
    on disk, and not computed again (docs/methods.md).

    Parameters
    ----------
    pictures : sequence of (S, S, 3) uint8
        All of one size, at least the backbone's smallest side.
    backbone : str or Backbone
        ``"resnet18"``, or another name in ``texturekit.deep.BACKBONES``.
    weights : {"auto", "pretrained", "none"}, path or Weights, default "auto"
        See `texturekit.deep.resolve_weights`.
    device : {"auto", "cpu", "cuda"}, default "auto"
        Where to compute.
    batch : int, optional
        Pictures a forward pass; default 8 on a CPU, where large ones lose time in page faults, and
        64 on a GPU.
    seed : int, default 0
        For random weights.
    on_error : {"raise", "skip"}, default "raise"
        What a picture that cannot be used costs: everything, or its row.
    layers : int or sequence of int, optional
        Stages of the network, from 1, see `texturekit.deep.stages.stages_of`; default the last.
    pool : {"mean", "max", "std"} or sequence of these, default "mean"
        What is taken of each map over the picture.
    flip : bool, default False
        Average over the picture and its mirror image, at twice the time.
    dtype : {"float32", "bfloat16"}, default "float32"
        What the network computes in.
    workers : int, default 0
        Processes that decode, for a GPU that threads cannot keep busy; 0 decodes in threads.

    Returns
    -------
    Embedding
        Values (n, columns) float64, columns, weights, failures.

    Raises
    ------
    UnknownNameError
        If the backbone is not known.
    ImageError
        If a picture cannot be read, is too small, or differs in size from the first.
    WeightsError
        If the weights cannot be had.
    ParameterError
        If device, batch size, layers, pool or dtype cannot be used, or the network gives numbers
        that are not finite.

    Examples
    --------
    >>> pictures = [np.full((32, 32, 3), grey, dtype=np.uint8) for grey in (0, 128, 255)]
    >>> result = embed(pictures, "squeezenet1_1", weights="none", device="cpu")
    >>> result.values.shape, result.columns[1], result.weights.label
    ((3, 512), 'squeezenet1_1.0001', 'random (seed 0)')
    """
    if batch is not None and batch < 1:
        raise ParameterError(f"batch is {batch}; it wants at least 1 picture.")
    card = find_backbone(backbone)
    asked = {"pool": pool, "flip": flip, "dtype": dtype}
    reading = Reading.of(card, asked if layers is None else {"layers": layers, **asked})
    kept = kept_folder() if isinstance(pictures, Pictures) else None
    net = Embedder(
        card, weights=weights, device=device, seed=seed, reading=reading, batch=batch, kept=kept
    )
    source = _OneSize(pictures, card)
    values = np.full((len(pictures), len(net.columns)), np.nan)
    failures: dict[int, str] = {}
    done = 0
    for found in net.rows(source, range(len(pictures)), workers=workers):
        for index, row in sorted(found.items()):
            checked = source.checked(index, row)
            if not isinstance(checked, ImageError):
                values[index] = checked
            elif on_error == "raise":
                raise checked
            else:
                failures[index] = str(checked)
        done += len(found)
        events.progress(f"embedding with {card.name}", done, len(pictures))
    return Embedding(values, net.columns, net.weights, failures)


class _OneSize(Shown):
    """Pictures that all have the size of the first one."""

    def __init__(self, pictures: PictureSequence, card: Backbone) -> None:
        super().__init__(pictures, card)
        self.first: tuple[int, ...] | None = None
        self._shapes: dict[int, tuple[int, ...]] = {}

    def saw(self, index: int, picture: Picture | ImageError) -> None:
        """Take note of a picture's size."""
        if not isinstance(picture, ImageError):
            self._shapes[index] = picture.shape

    def checked(self, index: int, row: Row | ImageError) -> Row | ImageError:
        """Return a row, or why its picture does not go with the first; asked in order."""
        shape = self._shapes.pop(index, None)
        self.first = self.first or shape
        if shape is None or self.first is None or shape == self.first:
            return row
        return ImageError(
            f"picture {index} is {shape[1]} x {shape[0]} pixels, the first one "
            f"{self.first[1]} x {self.first[0]}; a network wants one size: resize them."
        )
