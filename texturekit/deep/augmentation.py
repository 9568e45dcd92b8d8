"""Small random changes of training pictures that leave their meaning alone."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

DEGREES = 10.0
SHIFT = 0.05
LIGHT = 0.2


def augmented(pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Flip, turn, shift and re-light each picture a little, at random.

    Half are mirrored left to right; each is turned by up to 10 degrees and shifted by up to 5%
    of its side, with black outside; brightness and contrast change by up to 20%.

    Parameters
    ----------
    pictures : (n, C, H, W) float32
        Values 0..1.
    generator : torch.Generator
        Source of chance, on the CPU.

    Returns
    -------
    (n, C, H, W) float32
        Values 0..1.
    """
    count = len(pictures)
    chance = torch.rand((count, 6), generator=generator).to(pictures.device)
    around = chance * 2 - 1
    moved = functional.grid_sample(
        pictures,
        functional.affine_grid(
            _moves(
                chance[:, 0] < 0.5, around[:, 1] * math.radians(DEGREES), around[:, 2:4] * SHIFT
            ),
            list(pictures.shape),
            align_corners=False,
        ),
        align_corners=False,
    )
    centre = moved.mean(dim=(1, 2, 3), keepdim=True)
    brightness, contrast = (1 + around[:, 4:] * LIGHT).T.reshape(2, count, 1, 1, 1)
    lit: torch.Tensor = (moved - centre) * contrast + centre * brightness
    return lit.clamp(0, 1)


def _moves(mirrored: torch.Tensor, angle: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Return (n, 2, 3) matrices from places in the new picture to places in the old one."""
    side = torch.where(mirrored, -1.0, 1.0)
    first = torch.stack([side * angle.cos(), -angle.sin(), 2 * shift[:, 0]], dim=1)
    second = torch.stack([side * angle.sin(), angle.cos(), 2 * shift[:, 1]], dim=1)
    return torch.stack([first, second], dim=1)
