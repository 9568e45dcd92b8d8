"""Several processes that train one network, each on a part of every batch: `torchrun`'s.

Alone, everything here does nothing: there is one process, and it is the first.
"""

from __future__ import annotations

import atexit
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import distributed

from texturekit import events
from texturekit.deep.launched import is_launched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


def join(device: torch.device) -> torch.device:
    """Join the other processes, if `torchrun` started this one; return the device to use."""
    if not distributed.is_available() or not is_launched():
        return device
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(_leave)
    return device


def _leave() -> None:
    if distributed.is_initialized():
        distributed.destroy_process_group()


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def count() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if _together() else 1


def own() -> int:
    """Return the number of this process, from 0."""
    return distributed.get_rank() if _together() else 0


def is_first() -> bool:
    """Tell whether this process is the one that writes files and talks."""
    return own() == 0


@contextmanager
def first_speaks() -> Iterator[None]:
    """Let events out of the first process only."""
    if is_first():
        yield
        return
    with events.listening(lambda event: None):
        yield


def summed(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return the sum of all processes' values."""
    if count() == 1:
        return values
    there = values.to(device)
    distributed.all_reduce(there)
    return there.to(values.device)


def like_the_first(module: nn.Module) -> None:
    """Give all processes the first one's batch statistics."""
    if count() > 1:
        for value in module.buffers():
            distributed.broadcast(value, 0)


def wait() -> None:
    """Wait until all processes come here."""
    if count() > 1:
        distributed.barrier()


def parallel(module: nn.Module, device: torch.device) -> nn.Module:
    """Return the module so that all processes' gradients are averaged."""
    if count() == 1:
        return module
    from torch.nn.parallel import DistributedDataParallel

    ids = [device.index] if device.type == "cuda" else None
    return DistributedDataParallel(module, device_ids=ids)
