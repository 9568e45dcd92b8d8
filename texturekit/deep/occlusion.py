"""Occlusion: what a network loses when a part of the picture is covered; it looks into no layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from texturekit.deep.gradcam import Maps, finite
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import nn

    from texturekit.deep.gradcam import Choice

_SHARE = 7  # the default window covers a seventh of the side, as a cell of most last feature maps


def occlusion_maps(
    module: nn.Module,
    inputs: torch.Tensor,
    choose: Choice,
    *,
    window: int | None = None,
    stride: int | None = None,
    batch: int = 8,
) -> Maps:
    """Cover a window with the mean colour of training, wherever it fits, and see what is lost.

    Parameters
    ----------
    module : torch.nn.Module
        From pictures to logits.
    inputs : (n, C, H, W) float32 tensor
        Normalised, so that 0 is the mean colour; on the module's device.
    choose : callable
        From (n, outputs) logits to (n, k) outputs.
    window, stride : int, optional
        Side and step of the window in pixels; a seventh of the picture's side, and half of that.
    batch : int, default 8
        Covered pictures a forward pass.

    Returns
    -------
    Maps
        Values (n, k, H, W): the logit of the whole picture minus that of the covered one, mean
        over all windows that cover the pixel. Below 0 where covering helps the output.

    Raises
    ------
    ParameterError
        If window, stride or batch is below 1, or the stride is longer than the window.

    References
    ----------
    Zeiler and Fergus (2014), doi:10.1007/978-3-319-10590-1_53, section 4.2.

    Examples
    --------
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 1, bias=False))
    >>> net[1].weight.data = torch.tensor([[1.0, 0, 0, 5]])
    >>> maps = occlusion_maps(
    ...     net, torch.ones(1, 1, 2, 2), lambda logits: np.zeros((1, 1), int), window=1, stride=1
    ... )
    >>> maps.values[0, 0]
    array([[1., 0.],
           [0., 5.]], dtype=float32)
    """
    height, width = inputs.shape[2:]
    window = max(1, min(height, width) // _SHARE) if window is None else window
    stride = max(1, window // 2) if stride is None else stride
    if min(window, stride, batch) < 1 or stride > window:
        raise ParameterError(
            f"window={window}, stride={stride}, batch={batch}; all want 1 or more, and no "
            "step that is longer than the window."
        )
    places = [
        (top, left, top + window, left + window)
        for top in _starts(height, window, stride)
        for left in _starts(width, window, stride)
    ]
    module.eval()
    with torch.inference_mode():
        said = module(inputs).double().cpu().numpy()
        chosen = choose(said)
        values = np.zeros((*chosen.shape, height, width), np.float32)
        for row, picture in enumerate(inputs):
            base = said[row, chosen[row]]
            values[row] = _lost(_covered(module, picture, places, batch), base, chosen[row],
                                (height, width))  # fmt: skip
    return finite(Maps(said, chosen, values))


def _starts(side: int, window: int, stride: int) -> range:
    """Return first rows or columns; the last window is cut at the edge."""
    steps = -(-max(0, side - window) // stride)
    return range(0, steps * stride + 1, stride)


def _covered(
    module: nn.Module, picture: torch.Tensor, places: list[tuple[int, int, int, int]], batch: int
) -> Iterator[tuple[tuple[int, int, int, int], NDArray[np.float64]]]:
    """Yield each place and the logits of the picture that is covered there."""
    for start in range(0, len(places), batch):
        some = places[start : start + batch]
        block = picture.repeat(len(some), 1, 1, 1)
        for one, (top, left, bottom, right) in zip(block, some, strict=True):
            one[:, top:bottom, left:right] = 0
        block = block.contiguous(memory_format=torch.channels_last)
        yield from zip(some, module(block).double().cpu().numpy(), strict=True)


def _lost(
    covered: Iterator[tuple[tuple[int, int, int, int], NDArray[np.float64]]],
    base: NDArray[np.float64],
    outputs: NDArray[np.intp],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    total, count = np.zeros((len(outputs), *shape)), np.zeros(shape)
    for (top, left, bottom, right), logits in covered:
        total[:, top:bottom, left:right] += (base - logits[outputs])[:, None, None]
        count[top:bottom, left:right] += 1
    return total / count
