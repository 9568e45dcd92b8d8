"""The networks that can look at pictures, as cards: what they are, not how they are built.

Nothing here imports torch, so that names can be checked and listed at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.registry import Registry

if TYPE_CHECKING:
    from texturekit.data.pictures import View

_HOST = "https://download.pytorch.org/models/"


@dataclass(frozen=True)
class Backbone:
    """A convolutional network without its classifier.

    Attributes
    ----------
    name : str
        The name in a method, and torchvision's name of the architecture: ``"resnet18"``.
    width : int
        Numbers in an embedding: channels of the last feature map, averaged over the picture.
    features : str
        Where that map is taken, in words.
    smallest : int
        Shortest side of a picture that the network accepts, in pixels.
    weights : str
        torchvision's name of the pretrained weights. The first version throughout: the one
        that published comparisons refer to.
    file : str
        Name of their file, whose last part is the beginning of its sha256.
    megabytes : float
        Size of that file in MiB.
    top1 : float
        Accuracy on ImageNet in percent, as torchvision states it.
    paper : str
        Who described the network.
    batch_norm : bool
        Whether it normalises inside; without, training from random weights wants small steps.
    licence : str
        Terms of code and weights, as far as they are stated.
    channels : {3, 1}
        Colours, or grey.
    view : {"rgb8", "xray"}
        What is shown to it: 8-bit colour of the usual window, or all grey values between the
        lowest and the highest that the file can hold; see `texturekit.data.pictures.Pictures`.
    mean, std : tuple of float
        Normalisation of each channel after scaling to 0..1.

    Examples
    --------
    >>> BACKBONES["resnet18"].width
    512
    >>> BACKBONES["resnet18"].sha256_prefix
    'f37072fd'
    """

    name: str
    width: int
    features: str
    smallest: int
    weights: str
    file: str
    megabytes: float
    top1: float
    paper: str
    batch_norm: bool
    licence: str = (
        "BSD-3-Clause (torchvision); the weights were trained on ImageNet-1k, "
        "whose terms allow non-commercial research"
    )
    channels: int = 3
    view: View = "rgb8"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)

    @property
    def url(self) -> str:
        """Where torchvision keeps the pretrained weights."""
        return _HOST + self.file

    @property
    def sha256_prefix(self) -> str:
        """The first hexadecimal digits of the file's sha256, which its name ends with."""
        return self.file.rpartition(".")[0].rpartition("-")[2]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the embedding's columns: ``resnet18.0000`` and so on."""
        return tuple(f"{self.name}.{index:04d}" for index in range(self.width))


BACKBONES: Registry[Backbone] = Registry("backbone")

_RESNET = "He, Zhang, Ren and Sun (2016), doi:10.1109/CVPR.2016.90"
_VGG = "Simonyan and Zisserman (2015), arXiv:1409.1556"

for _card in (
    Backbone(
        name="resnet18",
        width=512,
        features="output of layer4",
        smallest=1,
        weights="IMAGENET1K_V1",
        file="resnet18-f37072fd.pth",
        megabytes=44.661,
        top1=69.758,
        paper=_RESNET,
        batch_norm=True,
    ),
    Backbone(
        name="resnet50",
        width=2048,
        features="output of layer4",
        smallest=1,
        weights="IMAGENET1K_V1",
        file="resnet50-0676ba61.pth",
        megabytes=97.781,
        top1=76.13,
        paper=_RESNET,
        batch_norm=True,
    ),
    Backbone(
        name="vgg11",
        width=512,
        features="output of features; the 4096-4096 classifier is left out",
        smallest=32,
        weights="IMAGENET1K_V1",
        file="vgg11-8a719046.pth",
        megabytes=506.84,
        top1=69.02,
        paper=_VGG,
        batch_norm=False,
    ),
    Backbone(
        name="vgg16",
        width=512,
        features="output of features; the 4096-4096 classifier is left out",
        smallest=32,
        weights="IMAGENET1K_V1",
        file="vgg16-397923af.pth",
        megabytes=527.796,
        top1=71.592,
        paper=_VGG,
        batch_norm=False,
    ),
    Backbone(
        name="densenet121",
        width=1024,
        features="output of features after the final ReLU",
        smallest=29,
        weights="IMAGENET1K_V1",
        file="densenet121-a639ec97.pth",
        megabytes=30.845,
        top1=74.434,
        paper="Huang, Liu, van der Maaten and Weinberger (2017), doi:10.1109/CVPR.2017.243",
        batch_norm=True,
    ),
    Backbone(
        name="squeezenet1_1",
        width=512,
        features="output of features",
        smallest=17,
        weights="IMAGENET1K_V1",
        file="squeezenet1_1-b8a52dc0.pth",
        megabytes=4.729,
        top1=58.178,
        paper="Iandola et al. (2016), arXiv:1602.07360",
        batch_norm=False,
    ),
):
    BACKBONES.add(_card.name, _card)


def find_backbone(backbone: str | Backbone) -> Backbone:
    """Return the card of a name; a card is returned as it is.

    Raises
    ------
    UnknownNameError
        If no backbone has that name.
    """
    return backbone if isinstance(backbone, Backbone) else BACKBONES[backbone]
