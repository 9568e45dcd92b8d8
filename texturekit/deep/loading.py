"""Pictures to tensors: decoded ahead by a few threads, normalised as the network wants them."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray

from texturekit.errors import ImageError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from texturekit.deep.backbones import Backbone

Picture = NDArray[np.uint8] | NDArray[np.float32]

_THREADS = 2
_LUMA = (0.299, 0.587, 0.114)
_FITS_IN_MEMORY = 1 << 30  # bytes of decoded pictures that training keeps


class PictureSequence(Protocol):
    """Anything with a length whose items are pictures of one size.

    (H, W, 3) uint8; for a grey backbone also (H, W, 1) float32 in 0..1, from the lowest to the
    highest value that the file can hold.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Picture: ...


def shown_to(pictures: PictureSequence, backbone: Backbone) -> PictureSequence:
    """Return the pictures as a backbone wants to see them, where they can be seen otherwise."""
    seen_as = getattr(pictures, "seen_as", None)
    return pictures if seen_as is None else seen_as(backbone.view)


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


def check_picture(picture: NDArray[Any], index: int, backbone: Backbone) -> Picture:
    """Return the picture if the backbone can look at it.

    Raises
    ------
    ImageError
        If it is not (H, W, 3) uint8 - or, for a grey backbone, (H, W, 1) float32 in 0..1 - or
        smaller than the backbone's smallest side.
    """
    grey = backbone.channels == 1 and picture.dtype == np.float32
    if (
        picture.ndim != 3
        or picture.shape[2] != (1 if grey else 3)
        or (picture.dtype != np.uint8 and not grey)
    ):
        raise ImageError(
            f"picture {index} is {picture.dtype} of shape {picture.shape}; a network wants "
            "(height, width, 3) uint8: call to_rgb8 first."
        )
    side = min(picture.shape[:2])
    if side < backbone.smallest:
        raise ImageError(
            f"picture {index} has a side of {side} pixels, but {backbone.name} needs at least "
            f"{backbone.smallest}; resize to that or more."
        )
    return cast("Picture", picture)


def decoded(
    pictures: PictureSequence, order: Sequence[int], backbone: Backbone
) -> Iterator[tuple[int, Picture | ImageError]]:
    """Yield (index, picture) in the order asked for, a few decoded ahead of use.

    A picture that cannot be used comes as the `ImageError` that says why.
    """
    pictures = shown_to(pictures, backbone)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool:
        waiting: deque[tuple[int, Future[Picture]]] = deque()
        try:
            for index in order:
                waiting.append((index, pool.submit(_one, pictures, index, backbone)))
                if len(waiting) > 16:
                    yield _outcome(*waiting.popleft())
            while waiting:
                yield _outcome(*waiting.popleft())
        finally:
            for _, job in waiting:
                job.cancel()


def _one(pictures: PictureSequence, index: int, backbone: Backbone) -> Picture:
    return check_picture(np.asarray(pictures[index]), index, backbone)


def _outcome(index: int, job: Future[Picture]) -> tuple[int, Picture | ImageError]:
    try:
        return index, job.result()
    except ImageError as error:
        return index, error


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


def in_memory(pictures: PictureSequence, backbone: Backbone) -> Picture | None:
    """Decode all pictures once to (n, H, W, 3), or return None if they take over 1 GiB."""
    if isinstance(pictures, np.ndarray) and pictures.ndim == 4 and len(pictures):
        check_picture(pictures[0], 0, backbone)
        return pictures
    pictures = shown_to(pictures, backbone)
    probe = check_picture(np.asarray(pictures[0]), 0, backbone)
    if probe.nbytes * len(pictures) > _FITS_IN_MEMORY:
        return None
    rows = []
    for _, picture in decoded(pictures, range(len(pictures)), backbone):
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
    values = pictures.to(device).permute(0, 3, 1, 2).to(torch.float32)
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
    source: PictureSequence, order: Sequence[int], size: int, backbone: Backbone
) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Yield (indices, (n, H, W, 3) uint8) in the order asked for.

    ``source`` is what `in_memory` gave, or pictures that are decoded on the way.

    Raises
    ------
    ImageError
        If a picture cannot be used, or the sizes differ.
    """
    if isinstance(source, np.ndarray) and source.ndim == 4:
        for start in range(0, len(order), size):
            rows = list(order[start : start + size])
            check_picture(source[rows[0]], rows[0], backbone)
            yield rows, torch.from_numpy(source[rows])
        return
    rows, block = [], []
    for index, picture in decoded(source, order, backbone):
        if isinstance(picture, ImageError):
            raise picture
        rows.append(index)
        block.append(picture)
        if len(rows) == size:
            yield rows, torch.from_numpy(stacked(block, rows))
            rows, block = [], []
    if rows:
        yield rows, torch.from_numpy(stacked(block, rows))
