"""Embeddings: what a network sees in each picture, as columns of numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from texturekit import events
from texturekit.deep.backbones import Backbone, find_backbone
from texturekit.deep.loading import PictureSequence, choose_device, decoded, normalised, stacked
from texturekit.deep.networks import build_body
from texturekit.deep.weights import Weights, resolve_weights
from texturekit.errors import ImageError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    card, place = find_backbone(backbone), choose_device(device)
    start = resolve_weights(card, weights, seed=seed)
    body = build_body(card, start, seed=seed).eval().to(place)
    values = np.full((len(pictures), card.width), np.nan)
    failures: dict[int, str] = {}
    with torch.inference_mode():
        for rows, block in _blocks(
            pictures, card, batch, None if on_error == "raise" else failures
        ):
            maps = body(normalised(torch.from_numpy(block), card, place))
            values[rows] = maps.mean(dim=(2, 3)).double().cpu().numpy()
            events.progress(f"embedding with {card.name}", rows[-1] + 1, len(pictures))
    _check_finite(values, failures, card, start)
    return Embedding(values, card.columns, start, failures)


def _blocks(
    pictures: PictureSequence, card: Backbone, batch: int, failures: dict[int, str] | None
) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
    """Yield batches of good pictures with their row numbers."""
    first: NDArray[np.uint8] | None = None
    rows: list[int] = []
    block: list[NDArray[np.uint8]] = []
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
    outcome: NDArray[np.uint8] | ImageError, row: int, first: NDArray[np.uint8] | None
) -> NDArray[np.uint8] | ImageError:
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
        raise ParameterError(
            f"{card.name} with weights {weights.label!r} gives numbers that are not finite for "
            f"picture {spoilt[0]}; use other weights."
        )
