"""What a network says of pictures, and what its last feature map holds, in one pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from texturekit import events
from texturekit.deep.loading import Picture, PictureSequence, choose_device, decoded, normalised
from texturekit.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import nn

    from texturekit.deep.backbones import Backbone
    from texturekit.deep.trained import Network

_BATCH = 8


@dataclass(frozen=True)
class Look:
    """One row a picture; NaN where it could not be used.

    Attributes
    ----------
    logits : (n, outputs) float64
        What the last layer gives.
    features : (n, width) float64
        The mean of the last feature map.
    failures : dict of int to str
        Pictures that could not be used, and why.
    """

    logits: NDArray[np.float64]
    features: NDArray[np.float64]
    failures: dict[int, str] = field(default_factory=dict)


def look(
    module: nn.Sequential,
    backbone: Backbone,
    pictures: PictureSequence,
    *,
    outputs: int,
    device: str = "auto",
    stage: str | None = None,
) -> Look:
    """Let a network look at pictures.

    A pass always takes eight pictures, black ones for those that lack: what a picture gives
    does not depend on how many there are.

    Parameters
    ----------
    module : torch.nn.Sequential
        Its first part is the body, (n, C, H, W) to (n, width, h, w); all parts together give the
        logits.
    backbone : Backbone
        The card: how pictures are normalised.
    pictures : sequence of (S, S, 3) uint8
        All of one size.
    outputs : int
        Number of logits.
    device : {"auto", "cpu", "cuda"}, default "auto"
    stage : str, optional
        What progress is called; none is told without.

    Returns
    -------
    Look

    Raises
    ------
    ParameterError
        If the device is not there.
    """
    place = choose_device(device)
    module = module.to(place).eval()
    body, rest = module[0], module[1:]
    found = Look(
        np.full((len(pictures), outputs), np.nan), np.full((len(pictures), backbone.width), np.nan)
    )
    with torch.inference_mode():
        for rows, block in _blocks(pictures, backbone, found.failures):
            maps = body(normalised(torch.from_numpy(block), backbone, place))
            count = len(rows)
            found.features[rows] = maps[:count].mean(dim=(2, 3)).double().cpu().numpy()
            found.logits[rows] = rest(maps)[:count].double().cpu().numpy()
            if stage is not None:
                events.progress(stage, rows[-1] + 1, len(pictures))
    return found


def probabilities(network: Network, logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `Network.predict_proba` makes of (n, classes) logits."""
    values: NDArray[np.float64] = network.probabilities(torch.from_numpy(logits)).numpy()
    values[:, ~np.array(network.facts.trained)] = np.nan
    return values


def own_probabilities_of(backbone: Backbone, logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a network's own outputs say, from (n, outputs) logits; NaN if not trained."""
    values: NDArray[np.float64] = torch.from_numpy(logits).sigmoid().numpy()
    values[:, [not output.trained for output in backbone.outputs]] = np.nan
    return values


def _blocks(
    pictures: PictureSequence, backbone: Backbone, failures: dict[int, str]
) -> Iterator[tuple[list[int], Picture]]:
    """Yield rows, and eight pictures of which the first are theirs."""
    rows: list[int] = []
    block: Picture | None = None
    for row, picture in decoded(pictures, range(len(pictures)), backbone):
        if isinstance(picture, ImageError):
            failures[row] = str(picture)
            continue
        if block is None:
            block = np.zeros((_BATCH, *picture.shape), picture.dtype)
        block[len(rows)] = picture
        rows.append(row)
        if len(rows) == _BATCH:
            yield rows, block
            rows, block = [], None
    if rows and block is not None:
        yield rows, block
