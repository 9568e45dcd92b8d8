"""The bodies of all networks: from a picture to the last feature map, with torchvision's names."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from texturekit.deep.backbones import Backbone

_DROPPED = ("avgpool", "fc", "classifier")


def random_body(backbone: Backbone) -> nn.Sequential:
    """Build a body with random numbers, by torchvision's initialisation.

    Parameters
    ----------
    backbone : Backbone
        The card.

    Returns
    -------
    torch.nn.Sequential
        (n, channels, H, W) float32 to (n, width, h, w). Parts and parameters have torchvision's
        names. DenseNet's last ReLU is a part of its own and does not work in place.
    """
    if backbone.architecture.startswith("vgg"):
        return _vgg(backbone)
    if backbone.architecture.startswith("vit"):
        return PatchTokens(backbone)
    return _convolutions(backbone)


def _convolutions(backbone: Backbone) -> nn.Sequential:
    import torchvision

    model = torchvision.models.get_model(backbone.architecture, weights=None)
    parts = {name: part for name, part in model.named_children() if name not in _DROPPED}
    if backbone.architecture.startswith("densenet"):
        parts["relu"] = nn.ReLU()  # torchvision does it in place, behind every hook's back
        if backbone.channels == 1:
            parts["features"].conv0 = _grey(model.features.conv0)
    return nn.Sequential(OrderedDict(parts))


def _grey(colour: nn.Conv2d) -> nn.Conv2d:
    """Return a first convolution like another one, for one channel."""
    layer = nn.Conv2d(1, colour.out_channels, 7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(layer.weight)
    return layer


def _vgg(backbone: Backbone) -> nn.Sequential:
    """Build the convolutions only: the classifier would be 500 MB of numbers to throw away."""
    import torchvision

    with torch.device("meta"):
        features = torchvision.models.get_model(backbone.architecture, weights=None).features
    features.to_empty(device="cpu")
    for layer in features:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return nn.Sequential(OrderedDict(features=features))


class PatchTokens(nn.Sequential):
    """A vision transformer that gives its patch tokens as a map, after the last layer norm.

    The class token takes part in the attention and is left out of the map. The positions were
    learnt for 14 x 14 patches; for another picture they are interpolated (bicubic, corners kept:
    what torchvision's ``interpolate_embeddings`` does).

    Parameters
    ----------
    backbone : Backbone
        ``vit_b_16``; both sides of a picture are multiples of its step.
    """

    def __init__(self, backbone: Backbone) -> None:
        import torchvision

        model = torchvision.models.get_model(backbone.architecture, weights=None)
        super().__init__(OrderedDict(conv_proj=model.conv_proj, encoder=model.encoder))
        self.class_token = model.class_token

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return (n, width, H / 16, W / 16) from (n, 3, H, W)."""
        patches = self.get_submodule("conv_proj")(pictures)
        tokens = patches.flatten(2).transpose(1, 2)
        first = self.get_parameter("class_token").expand(tokens.shape[0], -1, -1)
        encoder = self.get_submodule("encoder")
        position = _resized(encoder.get_parameter("pos_embedding"), patches.shape[2:])
        values = encoder.get_submodule("dropout")(torch.cat([first, tokens], dim=1) + position)
        values = encoder.get_submodule("ln")(encoder.get_submodule("layers")(values))
        maps: torch.Tensor = values[:, 1:].transpose(1, 2).reshape(patches.shape)
        return maps


def _resized(positions: torch.Tensor, grid: torch.Size) -> torch.Tensor:
    """Return (1, 1 + h w, width) from the (1, 1 + s s, width) of another grid."""
    first, patches = positions[:, :1], positions[:, 1:]
    side = round(int(patches.shape[1]) ** 0.5)  # plain numbers, as torch.jit.trace has tensors
    rows, columns = (int(length) for length in grid)
    if (rows, columns) == (side, side):
        return positions
    square = patches.transpose(1, 2).reshape(1, -1, side, side)
    square = nn.functional.interpolate(square, (rows, columns), mode="bicubic", align_corners=True)
    return torch.cat([first, square.flatten(2).transpose(1, 2)], dim=1)
