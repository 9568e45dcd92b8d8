"""Embeddings: what a network sees in each picture, as columns of numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from texturekit import events
from texturekit.deep.backbones import Backbone, find_backbone
from texturekit.deep.loading import (
    Picture,
    PictureSequence,
    choose_device,
    decoded,
    normalised,
    stacked,
)
from texturekit.deep.networks import build_body
from texturekit.deep.weights import Weights, resolve_weights
from texturekit.errors import ImageError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


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


class Embedder:
    """A network that is ready to look at pictures, built once.

    Parameters
    ----------
    backbone, weights, device, seed :
        See `embed`.
    """

    def __init__(
        self,
        backbone: str | Backbone,
        *,
        weights: str | Path | Weights = "auto",
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.card, self.place = find_backbone(backbone), choose_device(device)
        self.weights = resolve_weights(self.card, weights, seed=seed)
        self._body = build_body(self.card, self.weights, seed=seed).eval().to(self.place)

    def __call__(self, block: Picture) -> NDArray[np.float64]:
        """Return (n, width) float64 from (n, S, S, 3) uint8.

        Where the GPU's memory is too small, smaller batches are tried, and at last the CPU.
        """
        try:
            return self._values(block)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
        events.warn(
            f"embedding with {self.card.name}",
            f"the GPU's memory is too small for {len(block)} pictures at once; "
            + ("fewer are tried." if len(block) > 1 else "the CPU takes over."),
        )
        if len(block) > 1:
            half = len(block) // 2
            return np.concatenate([self(block[:half]), self(block[half:])])
        self.place = torch.device("cpu")
        self._body = self._body.to(self.place)
        return self._values(block)

    def _values(self, block: Picture) -> NDArray[np.float64]:
        with torch.inference_mode():
            maps = self._body(normalised(torch.from_numpy(block), self.card, self.place))
            values: NDArray[np.float64] = maps.mean(dim=(2, 3)).double().cpu().numpy()
        return values

    def in_places(
        self, pictures: PictureSequence, order: Sequence[int], places: Sequence[int], batch: int = 8
    ) -> Iterator[tuple[int, NDArray[np.float64] | ImageError]]:
        """Give index and row of numbers of each picture, to the bit whatever stands beside it.

        A batch always holds ``batch`` pictures, and picture ``order[k]`` always stands at
        ``places[k] % batch``: black ones fill the rest. A picture that cannot be used comes as
        its `ImageError`.
        """
        place_of = dict(zip(order, places, strict=True))
        block: Picture | None = None
        waiting: dict[int, int] = {}
        for index, picture in decoded(pictures, order, self.card):
            if isinstance(picture, ImageError):
                yield index, picture
                continue
            place = place_of[index]
            if waiting and place // batch != place_of[next(iter(waiting))] // batch:
                yield from self._numbers(block, waiting)
                block, waiting = None, {}
            if block is None:
                block = np.zeros((batch, *picture.shape), picture.dtype)
            block[place % batch] = picture
            waiting[index] = place % batch
        if waiting:
            yield from self._numbers(block, waiting)

    def _numbers(
        self, block: Picture | None, waiting: dict[int, int]
    ) -> Iterator[tuple[int, NDArray[np.float64] | ImageError]]:
        if block is None:
            return
        values = self(block)
        for index, place in waiting.items():
            if not np.isfinite(values[place]).all():
                raise _not_finite(self.card, self.weights, index)
            yield index, values[place]


def embed(
    pictures: PictureSequence,
    backbone: str | Backbone,
    *,
    weights: str | Path | Weights = "auto",
    device: str = "auto",
    batch: int = 8,
    seed: int = 0,
    on_error: Literal["raise", "skip"] = "raise",
) -> Embedding:
    """Average a network's last feature map over each picture.

    Pictures are decoded by two threads while the network works. The result does not depend on
    the batch size beyond rounding (1e-5).

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
    batch : int, default 8
        Pictures a forward pass. Small on purpose: on a CPU large ones lose time in page faults.
    seed : int, default 0
        For random weights.
    on_error : {"raise", "skip"}, default "raise"
        What a picture that cannot be used costs: everything, or its row.

    Returns
    -------
    Embedding
        Values (n, width) float64, columns, weights, failures.

    Raises
    ------
    UnknownNameError
        If the backbone is not known.
    ImageError
        If a picture cannot be read, is too small, or differs in size from the first.
    WeightsError
        If the weights cannot be had.
    ParameterError
        If the device or the batch size cannot be used.

    Examples
    --------
    >>> pictures = [np.full((32, 32, 3), grey, dtype=np.uint8) for grey in (0, 128, 255)]
    >>> result = embed(pictures, "squeezenet1_1", weights="none", device="cpu")
    >>> result.values.shape, result.columns[1], result.weights.label
    ((3, 512), 'squeezenet1_1.0001', 'random (seed 0)')
    """
    if batch < 1:
        raise ParameterError(f"batch is {batch}; it wants at least 1 picture.")
    net = Embedder(backbone, weights=weights, device=device, seed=seed)
    card = net.card
    values = np.full((len(pictures), card.width), np.nan)
    failures: dict[int, str] = {}
    for rows, block in _blocks(pictures, card, batch, None if on_error == "raise" else failures):
        values[rows] = net(block)
        events.progress(f"embedding with {card.name}", rows[-1] + 1, len(pictures))
    _check_finite(values, failures, card, net.weights)
    return Embedding(values, card.columns, net.weights, failures)


def _blocks(
    pictures: PictureSequence, card: Backbone, batch: int, failures: dict[int, str] | None
) -> Iterator[tuple[list[int], Picture]]:
    """Yield batches of good pictures with their row numbers."""
    first: Picture | None = None
    rows: list[int] = []
    block: list[Picture] = []
    for row, outcome in decoded(pictures, range(len(pictures)), card):
        first = outcome if first is None and not isinstance(outcome, ImageError) else first
        picture = _same_size(outcome, row, first)
        if isinstance(picture, ImageError):
            if failures is None:
                raise picture
            failures[row] = str(picture)
            continue
        rows.append(row)
        block.append(picture)
        if len(rows) == batch:
            yield rows, stacked(block, rows)
            rows, block = [], []
    if rows:
        yield rows, stacked(block, rows)


def _same_size(
    outcome: Picture | ImageError, row: int, first: Picture | None
) -> Picture | ImageError:
    if first is None or isinstance(outcome, ImageError) or outcome.shape == first.shape:
        return outcome
    return ImageError(
        f"picture {row} is {outcome.shape[1]} x {outcome.shape[0]} pixels, the first one "
        f"{first.shape[1]} x {first.shape[0]}; a network wants one size: resize them."
    )


def _check_finite(
    values: NDArray[np.float64], failures: dict[int, str], card: Backbone, weights: Weights
) -> None:
    spoilt = np.flatnonzero(~np.isfinite(values).all(axis=1))
    spoilt = np.setdiff1d(spoilt, list(failures))
    if spoilt.size:
        raise _not_finite(card, weights, int(spoilt[0]))


def _not_finite(card: Backbone, weights: Weights, row: int) -> ParameterError:
    return ParameterError(
        f"{card.name} with weights {weights.label!r} gives numbers that are not finite for "
        f"picture {row}; use other weights."
    )
