"""In which order pictures come, and by what chance they change: from seed and epoch alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from texturekit.deep import ranks
from texturekit.deep.augmentation import NUMBERS
from texturekit.deep.targets import drawing_weights
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from texturekit.deep.settings import Settings
    from texturekit.records import Kind

_ORDER, _CHANGES = -1, -2  # what else a seed is for; from 0 on: dropout in that process


def mixed(seed: int, epoch: int, purpose: int) -> int:
    """Return a seed of its own for each epoch and purpose.

    Examples
    --------
    >>> len({mixed(seed, epoch, -1) for seed in range(9) for epoch in range(9)})
    81
    """
    words = np.random.SeedSequence([value % 2**64 for value in (seed, epoch, purpose)])
    return int(words.generate_state(1, np.uint64)[0] >> 1)


def plan(targets: torch.Tensor, kind: Kind, settings: Settings, epoch: int) -> list[list[int]]:
    """Return the batches of an epoch, of all processes together, as rows.

    Every picture comes once - with ``balance="sampling"`` as many are drawn, each class equally
    often. A last batch too small for batch normalisation is left out.

    Raises
    ------
    ParameterError
        If there are too few pictures for the processes.
    """
    count, least = len(targets), 2 * ranks.count()
    chance = torch.Generator().manual_seed(mixed(settings.seed, epoch, _ORDER))
    if settings.balance == "sampling":
        weights = drawing_weights(targets, kind)
        order = torch.multinomial(weights, count, replacement=True, generator=chance).tolist()
    else:
        order = torch.randperm(count, generator=chance).tolist()
    batches = [order[start : start + settings.batch] for start in range(0, count, settings.batch)]
    if len(batches[-1]) < least:
        batches.pop()
    if not batches or settings.batch < least:
        raise ParameterError(
            f"{ranks.count()} processes want batches of {least} pictures or more, but batch is "
            f"{settings.batch} and there are {count} pictures; start fewer processes."
        )
    return batches


def changes(batches: list[list[int]], settings: Settings, epoch: int) -> torch.Tensor:
    """Return (batches, pictures, 13) uniform numbers for `texturekit.deep.augmentation`."""
    chance = torch.Generator().manual_seed(mixed(settings.seed, epoch, _CHANGES))
    return torch.rand((len(batches), len(batches[0]), NUMBERS), generator=chance)


class Timed:
    """Blocks of pictures, and the seconds that one had to wait for them."""

    def __init__(self, blocks: Iterable[tuple[list[int], torch.Tensor]]) -> None:
        self._blocks, self.seconds = iter(blocks), 0.0

    def __iter__(self) -> Iterator[tuple[list[int], torch.Tensor]]:
        return self

    def __next__(self) -> tuple[list[int], torch.Tensor]:
        started = time.perf_counter()
        try:
            return next(self._blocks)
        finally:
            self.seconds += time.perf_counter() - started
