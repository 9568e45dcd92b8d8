"""Random changes of training pictures that leave their meaning alone.

The changes are torchvision.transforms.v2's, done here for a whole batch at once: v2 draws one set
of amounts a call, so that every picture would be a call of its own - slow on a GPU - and its
chance would depend on who decodes it. The tests compare each change with v2's own.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from texturekit.deep.settings import AS_THEY_ARE, Augmentation

#: Random numbers that one picture takes.
NUMBERS = 13
_RATIO = math.log(4 / 3)  # as RandomResizedCrop: sides at most 4:3
_LUMA = (0.2989, 0.587, 0.114)  # as torchvision's rgb_to_grayscale


def augmented(
    pictures: torch.Tensor, chance: torch.Tensor, augmentation: Augmentation
) -> torch.Tensor:
    """Mirror, turn, shift, crop and re-light each picture at random; black outside.

    Geometry is one bilinear resampling: the picture is mirrored, turned about its middle, shifted,
    and a part of it enlarged to the whole. Then come brightness, contrast, saturation and hue.

    Parameters
    ----------
    pictures : (n, C, H, W) float32
        Values 0..1; C is 1 or 3, and grey pictures have neither saturation nor hue.
    chance : (n, 13) float
        Uniform numbers in 0..1, one row a picture: equal rows change equal pictures equally.
    augmentation : Augmentation
        The largest changes.

    Returns
    -------
    (n, C, H, W) float32
        Values 0..1.

    Examples
    --------
    >>> picture = torch.arange(4.0).view(1, 1, 2, 2) / 4
    >>> mirrored = AS_THEY_ARE.model_copy(update={"flip": 1.0})
    >>> augmented(picture, torch.zeros(1, NUMBERS), mirrored).flatten()
    tensor([0.2500, 0.0000, 0.7500, 0.5000])
    """
    if augmentation == AS_THEY_ARE:
        return pictures
    numbers = chance.to(pictures.device)
    return _relit(_moved(pictures, numbers[:, :9], augmentation), numbers[:, 9:], augmentation)


def _moved(pictures: torch.Tensor, chance: torch.Tensor, amount: Augmentation) -> torch.Tensor:
    flips = chance[:, :2] < chance.new_tensor([amount.flip, amount.flip_vertical])
    if not (amount.rotation or amount.shift or amount.scale != (1, 1)):
        for dim, flip in zip((3, 2), flips.T, strict=True):  # nothing to resample
            pictures = torch.where(flip.view(-1, 1, 1, 1), pictures.flip(dim), pictures)
        return pictures
    around = chance * 2 - 1
    angle = around[:, 2] * math.radians(amount.rotation)
    size, middle = _crop(chance[:, 3:5], around[:, 5:7], amount.scale)
    shift = around[:, 7:9] * 2 * amount.shift
    grid = functional.affine_grid(
        _places(flips, angle, shift, size, middle, pictures.shape[2:]),
        list(pictures.shape),
        align_corners=False,
    )
    return functional.grid_sample(pictures, grid, align_corners=False)


def _crop(
    chance: torch.Tensor, around: torch.Tensor, scale: tuple[float, float]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return width and height of a part as shares, and its middle, -1..1 from edge to edge.

    RandomResizedCrop draws share and ratio until the part fits; here the ratio is drawn among
    those that fit, so that the shares are as even as they say.
    """
    low, high = sorted(scale)
    share = low + (high - low) * chance[:, 0]
    widest = (-share.log()).clamp(max=_RATIO)
    ratio = ((chance[:, 1] * 2 - 1) * widest).exp()
    size = torch.stack([(share * ratio).sqrt(), (share / ratio).sqrt()], dim=1).clamp(max=1)
    return size, around * (1 - size)


def _places(
    flips: torch.Tensor,
    angle: torch.Tensor,
    shift: torch.Tensor,
    size: torch.Tensor,
    middle: torch.Tensor,
    shape: torch.Size,
) -> torch.Tensor:
    """Return (n, 2, 3) matrices from places in the new picture to places in the old one."""
    height, width = shape
    cos, sin, aspect = angle.cos(), angle.sin(), width / height
    # a turn of pixels, written in halves of the sides; counter-clockwise, as torchvision's
    turn = torch.stack(
        [torch.stack([cos, -sin / aspect], 1), torch.stack([sin * aspect, cos], 1)], dim=1
    )
    side = torch.where(flips, -1.0, 1.0).to(turn.dtype)
    part = turn * size[:, None, :]
    offset = turn @ (middle - shift)[:, :, None]
    return side[:, :, None] * torch.cat([part, offset], dim=2)


def _relit(pictures: torch.Tensor, chance: torch.Tensor, amount: Augmentation) -> torch.Tensor:
    most = chance.new_tensor([amount.brightness, amount.contrast, amount.saturation, amount.hue])
    change = (chance * 2 - 1) * most
    brightness, contrast, saturation = (1 + change[:, :3]).T.reshape(3, -1, 1, 1, 1)
    if amount.brightness:
        pictures = (pictures * brightness).clamp(0, 1)
    if amount.contrast:
        middle = _grey(pictures).mean(dim=(1, 2, 3), keepdim=True)
        pictures = torch.lerp(middle, pictures, contrast).clamp(0, 1)
    if amount.saturation and pictures.shape[1] == 3:
        pictures = torch.lerp(_grey(pictures), pictures, saturation).clamp(0, 1)
    if amount.hue and pictures.shape[1] == 3:
        from torchvision.transforms.v2.functional import adjust_hue

        turned = [
            adjust_hue(picture, hue)
            for picture, hue in zip(pictures, change[:, 3].tolist(), strict=True)
        ]
        pictures = torch.stack(turned)
    return pictures


def _grey(pictures: torch.Tensor) -> torch.Tensor:
    if pictures.shape[1] == 1:
        return pictures
    luma = pictures.new_tensor(_LUMA).view(1, 3, 1, 1)
    return (pictures * luma).sum(dim=1, keepdim=True)
