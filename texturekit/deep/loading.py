"""Pictures to tensors: decoded ahead by threads or processes, and normalised."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from texturekit.deep.processes import Decoders
from texturekit.deep.seeing import Picture, PictureSequence, check_picture, seen, shown_to
from texturekit.errors import ImageError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from texturekit.deep.backbones import Backbone

__all__ = [
    "Picture",
    "PictureSequence",
    "batches",
    "check_picture",
    "choose_device",
    "decoded",
    "in_memory",
    "normalised",
    "shown_to",
    "stacked",
    "standardised",
    "unit",
]

_THREADS = 2
_PORTION = 8  # pictures that a process decodes at a time
_LUMA = (0.299, 0.587, 0.114)
_FITS_IN_MEMORY = 1 << 30  # bytes of decoded pictures that training keeps


def choose_device(device: str = "auto") -> torch.device:
    """Return the device of a name: ``"auto"`` prefers a GPU.

    Raises
    ------
    ParameterError
        If the name is unknown, or the GPU is absent.

    Examples
    --------
    >>> choose_device("cpu")
    device(type='cpu')
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device not in ("cpu", "cuda"):
        raise ParameterError(f"device is {device!r}; it may be 'auto', 'cpu' or 'cuda'.")
    if device == "cuda" and not torch.cuda.is_available():
        raise ParameterError(
            "device is 'cuda', but torch sees no CUDA GPU here; choose 'cpu' or 'auto'."
        )
    return torch.device(device)


def decoded(
    pictures: PictureSequence, order: Sequence[int], backbone: Backbone, workers: int = 0
) -> Iterator[tuple[int, Picture | ImageError]]:
    """Yield (index, picture) in the order asked for, a few decoded ahead of use.

    A picture that cannot be used comes as the `ImageError` that says why. With ``workers`` that
    many processes decode, else threads of this one.
    """
    pictures = shown_to(pictures, backbone)
    if workers:
        plan = [list(order[start : start + _PORTION]) for start in range(0, len(order), _PORTION)]
        for rows, block in Decoders(pictures, backbone, workers).portions(plan):
            own = block.numpy() if isinstance(block, torch.Tensor) else block
            yield from zip(rows, own, strict=True)
        return
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool:
        waiting: deque[tuple[int, Future[Picture | ImageError]]] = deque()
        try:
            for index in order:
                waiting.append((index, pool.submit(seen, pictures, index, backbone)))
                if len(waiting) > 16:
                    yield _outcome(*waiting.popleft())
            while waiting:
                yield _outcome(*waiting.popleft())
        finally:
            for _, job in waiting:
                job.cancel()


def _outcome(index: int, job: Future[Picture | ImageError]) -> tuple[int, Picture | ImageError]:
    return index, job.result()


def stacked(rows: Sequence[Picture], names: Sequence[int] | None = None) -> Picture:
    """Stack pictures of one size to (n, H, W, 3).

    Raises
    ------
    ImageError
        If the sizes differ.
    """
    index = names if names is not None else range(len(rows))
    for place, picture in enumerate(rows):
        if picture.shape != rows[0].shape:
            raise ImageError(
                f"picture {index[place]} has shape {picture.shape}, picture {index[0]} has "
                f"{rows[0].shape}; a network wants one size: resize them."
            )
    return cast("Picture", np.stack(rows))


def in_memory(pictures: PictureSequence, backbone: Backbone, workers: int = 0) -> Picture | None:
    """Decode all pictures once to (n, H, W, 3), or return None if they take over 1 GiB."""
    if isinstance(pictures, np.ndarray) and pictures.ndim == 4 and len(pictures):
        check_picture(pictures[0], 0, backbone)
        return pictures
    pictures = shown_to(pictures, backbone)
    probe = check_picture(np.asarray(pictures[0]), 0, backbone)
    if probe.nbytes * len(pictures) > _FITS_IN_MEMORY:
        return None
    rows = []
    for _, picture in decoded(pictures, range(len(pictures)), backbone, workers):
        if isinstance(picture, ImageError):
            raise picture
        rows.append(picture)
    return stacked(rows)


def unit(
    pictures: torch.Tensor, backbone: Backbone, device: torch.device | None = None
) -> torch.Tensor:
    """Return (n, channels, H, W) float32 in 0..1, in channels_last order, from (n, H, W, C).

    Colour comes to a grey backbone as luma (ITU-R BT.601).
    """
    values = pictures.to(device, non_blocking=True).permute(0, 3, 1, 2).to(torch.float32)
    if pictures.dtype == torch.uint8:
        values = values / 255
    if backbone.channels == 1 and values.shape[1] == 3:
        luma = torch.tensor(_LUMA, device=values.device).view(1, 3, 1, 1)
        values = (values * luma).sum(dim=1, keepdim=True)
    return values


def standardised(values: torch.Tensor, backbone: Backbone) -> torch.Tensor:
    """Return what a backbone takes, from (n, channels, H, W) in 0..1."""
    mean = torch.tensor(backbone.mean, device=values.device).view(1, -1, 1, 1)
    std = torch.tensor(backbone.std, device=values.device).view(1, -1, 1, 1)
    return (values - mean) / std


def normalised(
    pictures: torch.Tensor, backbone: Backbone, device: torch.device | None = None
) -> torch.Tensor:
    """Return what a backbone takes, from (n, H, W, 3) uint8 or (n, H, W, 1) float32 in 0..1."""
    return standardised(unit(pictures, backbone, device), backbone)


def batches(
    source: PictureSequence,
    order: Sequence[int],
    size: int,
    backbone: Backbone,
    workers: int | Decoders = 0,
) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Yield (indices, (n, H, W, C) pictures) in the order asked for.

    ``source`` is what `in_memory` gave, or pictures that are decoded on the way: by threads, or
    by ``workers`` processes, or by processes that live already.

    Raises
    ------
    ImageError
        If a picture cannot be used, the sizes differ, or a process died.
    """
    plan = [list(order[start : start + size]) for start in range(0, len(order), size)]
    if isinstance(source, np.ndarray) and source.ndim == 4:
        for rows in plan:
            check_picture(source[rows[0]], rows[0], backbone)
            yield rows, torch.from_numpy(source[rows])
        return
    if isinstance(workers, Decoders) or workers:
        if not isinstance(workers, Decoders):
            workers = Decoders(shown_to(source, backbone), backbone, workers)
        for rows, block in workers.portions(plan):
            yield rows, block if isinstance(block, torch.Tensor) else _joined(rows, block)
        return
    ahead = decoded(source, order, backbone)
    for rows in plan:
        yield rows, _joined(rows, [picture for _, picture in islice(ahead, len(rows))])


def _joined(rows: list[int], block: Sequence[Picture | ImageError]) -> torch.Tensor:
    fine: list[Picture] = []
    for picture in block:
        if isinstance(picture, ImageError):
            raise picture
        fine.append(picture)
    return torch.from_numpy(stacked(fine, rows))
