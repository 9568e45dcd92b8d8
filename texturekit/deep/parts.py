"""The pictures that a network learns from, or is judged on, with their targets."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from texturekit.deep import ranks
from texturekit.deep.augmentation import augmented
from texturekit.deep.loading import batches, in_memory, shown_to, standardised, unit
from texturekit.deep.processes import Decoders
from texturekit.deep.settings import AS_THEY_ARE, Augmentation
from texturekit.deep.targets import encoded
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from texturekit.deep.backbones import Backbone
    from texturekit.deep.loading import PictureSequence
    from texturekit.records import Kind

_PROCESSES = 8  # more than that seldom pays
_MANY = 512  # pictures that are worth starting processes for
_MAPS = 1 << 30  # bytes of feature maps that are kept
_LOOKED_AT = 16  # pictures whose pixels tell one set of data from another


@dataclass(frozen=True)
class Part:
    """Pictures with their targets.

    Attributes
    ----------
    source : sequence of (H, W, C) pictures
        Decoded once where they fit in memory.
    targets : Tensor
        See `texturekit.deep.targets.encoded`.
    card : Backbone
        Who looks at them.
    decoders : Decoders or None
        Processes that decode on the way.
    maps : (n, ...) Tensor or None
        What the unchanging front of a network makes of each picture, in place of the picture.
    """

    source: PictureSequence
    targets: torch.Tensor
    card: Backbone
    decoders: Decoders | None = None
    maps: torch.Tensor | None = None

    @classmethod
    def of(
        cls,
        pictures: PictureSequence,
        labels: NDArray[Any],
        kind: Kind,
        classes: int,
        card: Backbone,
        workers: int = 0,
    ) -> Part:
        """Check the labels, and decode the pictures if they fit.

        Raises
        ------
        ParameterError
            If there are no pictures, or labels cannot be used.
        ImageError
            If a picture cannot be used.
        """
        if not len(pictures):
            raise ParameterError("there are no pictures; training wants some of each class.")
        targets = encoded(labels, kind, classes, len(pictures))
        block = in_memory(pictures, card, workers if len(pictures) >= _MANY else 0)
        if block is not None:
            return cls(block, targets, card)
        pictures = shown_to(pictures, card)
        return cls(pictures, targets, card, Decoders(pictures, card, workers) if workers else None)

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        height, width = self.source[0].shape[:2]
        return height, width

    @property
    def known(self) -> bool:
        """Whether any label is known."""
        return not bool(self.targets.isnan().all())

    def blocks(self, order: Sequence[int], size: int) -> Iterator[tuple[list[int], torch.Tensor]]:
        """Yield (rows, pictures or maps) in the order asked for."""
        if self.maps is None:
            yield from batches(self.source, order, size, self.card, self.decoders or 0)
            return
        for start in range(0, len(order), size):
            rows = list(order[start : start + size])
            yield rows, self.maps[rows]

    def inputs(
        self,
        block: torch.Tensor,
        device: torch.device,
        chance: torch.Tensor | None = None,
        augmentation: Augmentation = AS_THEY_ARE,
    ) -> torch.Tensor:
        """Return what a network takes of a block of pictures or maps; pictures may change."""
        if device.type == "cuda":
            block = block.pin_memory()  # else the copy waits for all that the GPU has to do
        if self.maps is not None:
            return block.to(device, non_blocking=True)
        values = unit(block, self.card, device)
        if chance is not None:
            values = augmented(values, chance, augmentation)
        return standardised(values, self.card)

    def outputs(self, module: nn.Module, device: torch.device, size: int = 8) -> torch.Tensor:
        """Return what a network that does not learn now makes of every picture, on the CPU.

        Several processes share the work, and each gets the whole.
        """
        if len(self) < ranks.count():
            raise ParameterError(
                f"there are {len(self)} pictures for {ranks.count()} processes; give more "
                "pictures, or start fewer processes."
            )
        values = torch.zeros(0)
        with torch.inference_mode():
            for rows, block in self.blocks(range(ranks.own(), len(self), ranks.count()), size):
                out = module(self.inputs(block, device)).float().cpu()
                values = values if len(values) else out.new_zeros((len(self), *out.shape[1:]))
                values[rows] = out
        return ranks.summed(values, device)

    def through(self, front: nn.Module, device: torch.device) -> Part:
        """Return the part with the maps of an unchanging front, or as it is if they are many."""
        height, width = self.size
        probe = torch.zeros((1, self.card.channels, height, width), device=device)
        with torch.inference_mode():
            numbers = front(probe).numel()
        if numbers * 4 * len(self) > _MAPS:
            return self
        return replace(self, maps=self.outputs(front, device).clone())

    def fingerprint(self) -> str:
        """Return a hash of targets and pictures; of those not in memory, of names and some."""
        found = hashlib.sha256(self.targets.numpy().tobytes())
        paths = getattr(getattr(self.source, "manifest", None), "paths", ())
        found.update("\n".join(map(str, paths)).encode())
        some = len(self) if isinstance(self.source, np.ndarray) else min(_LOOKED_AT, len(self))
        places = np.linspace(0, len(self) - 1, some).round().astype(int)
        for place in places.tolist():
            picture = np.ascontiguousarray(self.source[place])
            found.update(str(picture.shape).encode() + picture.tobytes())
        return found.hexdigest()[:16]


def processes(workers: int | None, device: torch.device) -> int:
    """Return how many processes are to decode pictures that do not fit in memory.

    If it is left open: up to 8 where a GPU waits for them, none (threads) where the network needs
    the cores itself.
    """
    if workers is not None:
        return workers
    if device.type != "cuda":
        return 0
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    beside = int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if ranks.count() > 1 else 1
    return max(1, min((there or 1) // beside, _PROCESSES))
