"""How sure a network is: its probabilities again and again, under small changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import nn

from texturekit.deep.loading import batches, choose_device, normalised
from texturekit.deep.networks import seeded
from texturekit.deep.plans import mixed
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from texturekit.deep.loading import PictureSequence
    from texturekit.deep.trained import Network

How = Literal["dropout", "flips"]


@dataclass(frozen=True, eq=False)
class Spread:
    """Probabilities with their spread.

    Attributes
    ----------
    mean : (n, classes) float64
        Mean over the passes: a probability, and the better calibrated one.
    std : (n, classes) float64
        Standard deviation over the passes, divided by their number.
    entropy : (n,) or, for multi-label data, (n, classes) float64
        Of the mean, in nats: 0 is certain; at most log(classes), of a label log 2.
    passes : int
        How many there were.
    """

    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    entropy: NDArray[np.float64]
    passes: int


def spread(
    network: Network,
    pictures: PictureSequence,
    *,
    how: How = "dropout",
    passes: int = 30,
    seed: int = 0,
    batch: int = 8,
    device: str = "auto",
) -> Spread:
    """Look at each picture several times, and tell how much the probabilities differ.

    Parameters
    ----------
    network : Network
    pictures : sequence of (S, S, 3) uint8
        As for `Network.predict_proba`.
    how : {"dropout", "flips"}, default "dropout"
        By dropout that stays on (Gal and Ghahramani 2016), or by mirroring pictures the ways that
        training mirrored them (test-time augmentation, Wang et al. 2019).
    passes : int, default 30
        Of dropout. Mirroring has two ways, or four if training turned pictures upside down too.
    seed : int, default 0
        Of dropout; a picture's result depends on its place, not on the batch.
    batch, device
        As for `Network.predict_proba`.

    Returns
    -------
    Spread

    Raises
    ------
    ParameterError
        If the network has no dropout, or was trained without mirroring.
    ImageError
        If a picture cannot be read or has another size.

    References
    ----------
    Gal and Ghahramani (2016), arXiv:1506.02142. Wang et al. (2019),
    doi:10.1016/j.neucom.2019.01.103.
    """
    if how not in ("dropout", "flips"):
        raise ParameterError(f"how is {how!r}; it may be 'dropout' or 'flips'.")
    if how == "dropout" and passes < 2:
        raise ParameterError(f"passes is {passes}; a spread wants at least 2.")
    if batch < 1:
        raise ParameterError(f"batch is {batch}; it wants at least 1 picture.")
    place, ways = choose_device(device), _ways(network) if how == "flips" else []
    module = network.module.to(place).eval()
    cut = _first_dropout(module) if how == "dropout" else 0
    count = len(ways) if how == "flips" else passes
    values = np.full((count, len(pictures), len(network.classes)), np.nan)
    with torch.inference_mode():
        for rows, block in batches(pictures, range(len(pictures)), batch, network.backbone):
            network.check_size(tuple(block.shape[1:3]), rows[0])
            shown = normalised(block, network.backbone, place)
            if how == "flips":
                looks = torch.stack([module(shown.flip(dims)) for dims in ways])
            else:
                looks = _dropped(module[:cut](shown), module[cut:], rows, passes, seed)
            values[:, rows] = network.probabilities(looks.double().cpu()).numpy()
    values[:, :, ~np.array(network.facts.trained)] = np.nan
    mean = values.mean(axis=0)
    entropy = _entropy(mean, several=network.facts.kind == "multilabel")
    return Spread(mean, values.std(axis=0), entropy, count)


def _ways(network: Network) -> list[tuple[int, ...]]:
    augmentation = network.facts.settings.augmentation
    ways: list[tuple[int, ...]] = [()]
    if augmentation.flip:
        ways.append((3,))
    if augmentation.flip_vertical:
        ways += [(*way, 2) for way in ways]
    if len(ways) == 1:
        raise ParameterError(
            "the network was trained without mirrored pictures, so that they would only confuse "
            "it; choose how='dropout'."
        )
    return ways


def _first_dropout(module: nn.Sequential) -> int:
    """Return the first part of the network that dropout changes."""
    for place, part in enumerate(module):
        if any(True for _ in _dropouts(part)):
            return place
    raise ParameterError("the network has no dropout; choose how='flips'.")


def _dropouts(module: nn.Module) -> Iterator[nn.Module]:
    for part in module.modules():
        if isinstance(part, nn.modules.dropout._DropoutNd) and part.p > 0:
            yield part


def _dropped(
    before: torch.Tensor, behind: nn.Sequential, rows: list[int], passes: int, seed: int
) -> torch.Tensor:
    """Return (passes, n, classes): the rest of the network, several times with dropout.

    Only dropout is random: batch normalisation keeps its statistics.
    """
    for part in _dropouts(behind):
        part.train()
    try:
        looks = []
        for row, value in zip(rows, before, strict=True):
            with seeded(mixed(seed, row, 0), before.device):
                looks.append(behind(value.expand(passes, *value.shape)))
        return torch.stack(looks, dim=1)
    finally:
        behind.eval()


def _entropy(mean: NDArray[np.float64], *, several: bool) -> NDArray[np.float64]:
    from scipy.special import entr

    if several:
        both: NDArray[np.float64] = entr(mean) + entr(1 - mean)
        return both
    whole: NDArray[np.float64] = entr(mean).sum(axis=1)
    return whole
