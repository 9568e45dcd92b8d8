"""Cards of torchvision's networks, trained on the photographs of ImageNet."""

from __future__ import annotations

from typing import Any

from texturekit.deep.card import Backbone

_HOST = "https://download.pytorch.org/models/"
_LICENCE = (
    "BSD-3-Clause (torchvision); the weights were trained on ImageNet-1k, "
    "whose terms allow non-commercial research"
)
_RESNET = "He, Zhang, Ren and Sun (2016), doi:10.1109/CVPR.2016.90"
_VGG = "Simonyan and Zisserman (2015), arXiv:1409.1556"
_VGG_MAP = "output of features; the 4096-4096 classifier is left out"


def _card(name: str, file: str, **facts: Any) -> Backbone:
    return Backbone(
        name=name,
        architecture=name,
        file=file,
        # torchvision's file names end with the beginning of the file's sha256
        sha256_prefix=file.rpartition(".")[0].rpartition("-")[2],
        weights="IMAGENET1K_V1",
        source="torchvision",
        host=_HOST,
        licence=_LICENCE,
        **facts,
    )


CARDS = (
    _card(
        "resnet18",
        "resnet18-f37072fd.pth",
        width=512,
        features="output of layer4",
        smallest=1,
        megabytes=44.661,
        top1=69.758,
        paper=_RESNET,
        batch_norm=True,
    ),
    _card(
        "resnet50",
        "resnet50-0676ba61.pth",
        width=2048,
        features="output of layer4",
        smallest=1,
        megabytes=97.781,
        top1=76.13,
        paper=_RESNET,
        batch_norm=True,
    ),
    _card(
        "vgg11",
        "vgg11-8a719046.pth",
        width=512,
        features=_VGG_MAP,
        smallest=32,
        megabytes=506.84,
        top1=69.02,
        paper=_VGG,
        batch_norm=False,
    ),
    _card(
        "vgg16",
        "vgg16-397923af.pth",
        width=512,
        features=_VGG_MAP,
        smallest=32,
        megabytes=527.796,
        top1=71.592,
        paper=_VGG,
        batch_norm=False,
    ),
    _card(
        "densenet121",
        "densenet121-a639ec97.pth",
        width=1024,
        features="output of features after the final ReLU",
        smallest=29,
        megabytes=30.845,
        top1=74.434,
        paper="Huang, Liu, van der Maaten and Weinberger (2017), doi:10.1109/CVPR.2017.243",
        batch_norm=True,
    ),
    _card(
        "squeezenet1_1",
        "squeezenet1_1-b8a52dc0.pth",
        width=512,
        features="output of features",
        smallest=17,
        megabytes=4.729,
        top1=58.178,
        paper="Iandola et al. (2016), arXiv:1602.07360",
        batch_norm=False,
    ),
    _card(
        "mobilenet_v3_small",
        "mobilenet_v3_small-047dcff4.pth",
        width=576,
        features="output of features; the 1024-wide classifier is left out",
        smallest=1,
        megabytes=9.829,
        top1=67.668,
        paper="Howard et al. (2019), doi:10.1109/ICCV.2019.00140",
        batch_norm=True,
    ),
    _card(
        "efficientnet_b0",
        "efficientnet_b0_rwightman-7f5810bc.pth",
        width=1280,
        features="output of features",
        smallest=1,
        megabytes=20.451,
        top1=77.692,
        paper="Tan and Le (2019), arXiv:1905.11946",
        batch_norm=True,
    ),
    _card(
        "convnext_tiny",
        "convnext_tiny-983f1562.pth",
        width=768,
        features="output of features; the classifier's layer norm is left out",
        smallest=32,
        megabytes=109.119,
        top1=82.52,
        paper="Liu et al. (2022), doi:10.1109/CVPR52688.2022.01167",
        batch_norm=False,
    ),
    _card(
        "vit_b_16",
        "vit_b_16-c867db91.pth",
        width=768,
        features="patch tokens after the last layer norm, as a map; the class token is left out. "
        "At another size than 224 the positions are interpolated (bicubic)",
        smallest=16,
        step=16,
        megabytes=330.285,
        top1=81.072,
        paper="Dosovitskiy et al. (2021), arXiv:2010.11929",
        batch_norm=False,
    ),
)
