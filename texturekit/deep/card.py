"""What a card says of a network; nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from texturekit.data.pictures import View


@dataclass(frozen=True)
class Output:
    """One output of a network's own head.

    Attributes
    ----------
    label : str
        What it stands for.
    threshold : float or None
        The published operating point: at least this probability means yes. None for an output
        that was never trained, whose numbers mean nothing.

    Examples
    --------
    >>> Output("Mass").trained
    False
    """

    label: str
    threshold: float | None = None

    @property
    def trained(self) -> bool:
        """Whether its numbers mean anything."""
        return self.threshold is not None


@dataclass(frozen=True)
class Backbone:
    """A network without its classifier.

    Attributes
    ----------
    name : str
        The name in a method: ``"resnet18"``.
    architecture : str
        torchvision's name of the architecture.
    width : int
        Numbers in an embedding: channels of the last feature map, averaged over the picture.
    features : str
        Where that map is taken, in words.
    smallest : int
        Shortest side of a picture that the network accepts, in pixels.
    weights : str
        The publisher's name of the pretrained weights. Of torchvision's the first version
        throughout: the one that published comparisons refer to.
    file : str
        Name of the published file.
    megabytes : float or None
        Size of that file in MiB; None where nobody states it.
    top1 : float or None
        Accuracy on ImageNet in percent, as torchvision states it.
    paper : str
        Who described the network.
    batch_norm : bool
        Whether it normalises inside; without, training from random weights wants small steps.
    licence : str
        Terms of code and weights, as far as they are stated.
    source : {"torchvision", "torchxrayvision"}
        Who publishes the weights.
    host : str
        Address of the folder that holds the file.
    sha256_prefix : str or None
        The first hexadecimal digits of the file's sha256; None where nobody published any.
    size : int
        Side of the pictures that the weights were trained on.
    step : int
        Both sides of a picture have to be multiples of it.
    channels : {3, 1}
        Colours, or grey.
    view : {"rgb8", "xray"}
        What is shown to it: 8-bit colour of the usual window, or all grey values between the
        lowest and the highest that the file can hold; see `texturekit.data.pictures.Pictures`.
    mean, std : tuple of float
        Normalisation of each channel after scaling to 0..1.
    outputs : tuple of Output
        The network's own outputs, where they are kept; ImageNet's 1,000 classes are not.

    Examples
    --------
    >>> from texturekit.deep.backbones import BACKBONES
    >>> BACKBONES["resnet18"].width
    512
    >>> BACKBONES["resnet18"].sha256_prefix
    'f37072fd'
    """

    name: str
    architecture: str
    width: int
    features: str
    smallest: int
    weights: str
    file: str
    megabytes: float | None
    top1: float | None
    paper: str
    batch_norm: bool
    licence: str
    source: Literal["torchvision", "torchxrayvision"]
    host: str
    sha256_prefix: str | None
    size: int = 224
    step: int = 1
    channels: Literal[1, 3] = 3
    view: View = "rgb8"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    outputs: tuple[Output, ...] = ()

    @property
    def url(self) -> str:
        """Where the published file is."""
        return self.host + self.file

    @property
    def converted(self) -> bool:
        """Whether the published file holds pickled code, and is converted before it is read."""
        return self.source == "torchxrayvision"

    @property
    def cache_name(self) -> str:
        """What the file is called that is read: the published one, or its conversion."""
        return f"{self.name}.safetensors" if self.converted else self.file

    @property
    def trained(self) -> dict[str, float]:
        """The labels of the trained outputs with their operating points."""
        return {o.label: o.threshold for o in self.outputs if o.threshold is not None}

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the embedding's columns: ``resnet18.0000`` and so on."""
        return tuple(f"{self.name}.{index:04d}" for index in range(self.width))
