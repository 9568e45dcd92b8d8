"""Grad-CAM and Grad-CAM++: which part of the last feature map speaks for a class.

No hooks: a network is a body that ends in its last feature map, and what stands behind it. The body
runs without gradients, and only what stands behind it is differentiated. So nothing is left on the
network after an error, memory does not grow, and all classes cost one pass through the body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from texturekit.errors import ModelError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    #: From (n, outputs) logits the (n, k) outputs to explain.
    Choice = Callable[[NDArray[np.float64]], NDArray[np.intp]]

METHODS = ("gradcam", "gradcam++", "occlusion")


@dataclass(frozen=True, eq=False)
class Maps:
    """Maps of some pictures and outputs.

    Attributes
    ----------
    logits : (n, outputs) float64
        What the network said of each picture.
    chosen : (n, k) intp
        The outputs that are explained.
    values : (n, k, h, w) float32
        One map a picture and output, on the network's own grid.
    """

    logits: NDArray[np.float64]
    chosen: NDArray[np.intp]
    values: NDArray[np.float32]


def check_method(method: str) -> str:
    """Return the method's name.

    Raises
    ------
    ParameterError
        If there is no such method.
    """
    if method not in METHODS:
        raise ParameterError(f"method is {method!r}, but {', '.join(METHODS)} are known.")
    return method


def gradient_maps(
    module: nn.Sequential,
    inputs: torch.Tensor,
    choose: Choice,
    *,
    method: str = "gradcam",
    signed: bool = False,
) -> Maps:
    """Weigh the channels of the last feature map by how much each output follows them.

    Parameters
    ----------
    module : torch.nn.Sequential
        Body, ending in the last feature map (n, width, h, w); behind it whatever leads to logits.
    inputs : (n, C, H, W) float32 tensor
        Normalised, on the module's device.
    choose : callable
        From (n, outputs) logits to (n, k) outputs.
    method : {"gradcam", "gradcam++"}, default "gradcam"
        Grad-CAM takes the map before a ReLU that ends the body, which is the output of DenseNet's
        ``features``; Grad-CAM++ behind it, because its weights are derived for maps >= 0.
    signed : bool, default False
        Keep what speaks against the output, instead of 0 there.

    Returns
    -------
    Maps
        Values (n, k, h, w): ``relu(sum_c weight_c * map_c)``.

    Raises
    ------
    ModelError
        If a map holds values that are not finite.

    References
    ----------
    Selvaraju et al. (2017), doi:10.1109/ICCV.2017.74, equations 1 and 2. Chattopadhay, Sarkar,
    Howlader and Balasubramanian (2018), doi:10.1109/WACV.2018.00097, equations 11 and 19; the
    factor exp(logit), one number a picture, is left out.

    Examples
    --------
    >>> body = nn.Conv2d(3, 2, 1, bias=False)
    >>> net = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2))
    >>> maps = gradient_maps(net, torch.rand(4, 3, 5, 6), lambda logits: logits.argsort(axis=1))
    >>> maps.values.shape
    (4, 2, 5, 6)
    """
    body, rest = parted(module.eval(), rectified=method == "gradcam++")
    with torch.inference_mode(False):
        with torch.no_grad():
            seen = body(inputs)
        seen = seen.detach().clone().requires_grad_()
        with torch.enable_grad():
            logits = rest(seen.clone())  # a copy: what comes first may work in place
        said = logits.detach().double().cpu().numpy()
        chosen = choose(said)
        values = torch.zeros(*chosen.shape, *seen.shape[2:])
        for output in np.unique(chosen).tolist():
            (slope,) = torch.autograd.grad(logits[:, output].sum(), seen, retain_graph=True)
            with torch.no_grad():
                found = (_weights(seen, slope, method) * seen).sum(dim=1)
                found = (found if signed else found.relu()).float().cpu()
            rows, places = np.nonzero(chosen == output)
            values[rows, places] = found[rows]
    return finite(Maps(said, chosen, values.numpy()))


def _weights(seen: torch.Tensor, slope: torch.Tensor, method: str) -> torch.Tensor:
    """Return (n, width, 1, 1)."""
    if method == "gradcam":
        return slope.mean(dim=(2, 3), keepdim=True)
    square = slope**2
    # Where a network's maps may be negative, only what is positive counts, as after a ReLU.
    total = (seen.relu() * slope**3).sum(dim=(2, 3), keepdim=True)
    below = 2 * square + total
    share = torch.where(below != 0, square / torch.where(below != 0, below, 1), 0)
    return (share * slope.relu()).sum(dim=(2, 3), keepdim=True)


def parted(module: nn.Sequential, *, rectified: bool) -> tuple[nn.Module, nn.Sequential]:
    """Cut a network behind its last feature map, or before the ReLU that ends the body.

    torchvision's DenseNet applies that ReLU outside its modules and in place; here it is a part of
    its own. Both parts share their numbers with ``module``.
    """
    body, *rest = module.children()
    if not rectified and type(body) is nn.Sequential and isinstance(body[-1], nn.ReLU):
        return body[:-1], nn.Sequential(nn.ReLU(), *rest)
    return body, nn.Sequential(*rest)


def finite(maps: Maps) -> Maps:
    """Return the maps, unless they hold something else than numbers."""
    if not np.isfinite(maps.values).all():
        raise ModelError(
            "the network gives maps that are not finite; look at its weights, or train it anew."
        )
    return maps


def enlarged(maps: NDArray[np.float32], side: tuple[int, int]) -> NDArray[np.float32]:
    """Return (n, k, H, W) maps from (n, k, h, w), bilinear between the cells' centres.

    Examples
    --------
    >>> enlarged(np.array([[[[0, 4]]]], np.float32), (1, 4))[0, 0]
    array([[0., 1., 3., 4.]], dtype=float32)
    """
    if maps.shape[2:] == side:
        return maps
    grown = functional.interpolate(
        torch.from_numpy(maps), side, mode="bilinear", align_corners=False
    )
    values: NDArray[np.float32] = grown.numpy()
    return values
