from __future__ import annotations

import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as v2

from texturekit.deep.augmentation import NUMBERS, augmented
from texturekit.deep.settings import AS_THEY_ARE

FLIP, FLIP_V, ANGLE, SHARE, RATIO, LEFT, TOP, RIGHT, DOWN, LIGHT, CONTRAST, COLOUR, HUE = range(13)
BILINEAR = InterpolationMode.BILINEAR


@pytest.fixture
def pictures():
    """Three smooth pictures: what two ways of resampling agree about."""
    noise = torch.rand((3, 3, 6, 8), generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(noise, size=(48, 64), mode="bicubic").clamp(0, 1)


def changed(pictures, chance=(), **amounts):
    """Change pictures by given chance: (number, value) pairs; 0.5 is the middle, no change."""
    numbers = torch.full((len(pictures), NUMBERS), 0.5)
    for place, value in dict(chance).items():
        numbers[:, place] = value
    return augmented(pictures, numbers, AS_THEY_ARE.model_copy(update=amounts))


def close(found, expected, atol=2e-5, edge=0):
    inside = (..., slice(edge, found.shape[-2] - edge), slice(edge, found.shape[-1] - edge))
    torch.testing.assert_close(found[inside], expected[inside], atol=atol, rtol=0)


def test_nothing_asked_for_nothing_changed(pictures):
    assert changed(pictures) is pictures


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ({"flip": 1.0}, v2.horizontal_flip),
        ({"flip_vertical": 1.0}, v2.vertical_flip),
    ],
)
def test_mirrors_exactly(amounts, expected, pictures):
    assert torch.equal(changed(pictures, **amounts), expected(pictures))


@pytest.mark.parametrize(("chance", "angle"), [(1.0, 20.0), (0.25, -10.0), (0.5, 0.0)])
def test_turns_as_torchvision_does(chance, angle, pictures):
    found = changed(pictures, {ANGLE: chance}, rotation=20.0)

    close(found, v2.rotate(pictures, angle, interpolation=BILINEAR))


def test_shifts_as_torchvision_does_with_black_outside(pictures):
    found = changed(pictures, {RIGHT: 1.0, DOWN: 0.25}, shift=0.2)

    moved = v2.affine(
        pictures, angle=0, translate=[12.8, -4.8], scale=1, shear=[0, 0], interpolation=BILINEAR
    )
    close(found[..., :-1], moved[..., :-1], atol=1e-4)
    assert (found[..., :12] == 0).all()


@pytest.mark.parametrize(
    ("share", "ratio", "width", "height"),
    [(1 / 4, 0.5, 32, 24), (3 / 16, 1.0, 32, 18), (3 / 16, 0.0, 24, 24)],
    ids=["same form", "4:3 of it", "3:4 of it"],
)
def test_enlarges_a_part_as_torchvision_does(share, ratio, width, height, pictures):
    chance = {SHARE: 0.0, RATIO: ratio, LEFT: 1.0, TOP: 0.0}

    found = changed(pictures, chance, scale=(share, 1.0))

    part = v2.resized_crop(pictures, 0, 64 - width, height, width, [48, 64], antialias=False)
    close(found, part, atol=1e-4, edge=2)  # at its edge torchvision does not look outside


def test_share_that_is_kept_is_evenly_drawn_and_fits():
    chance = torch.rand((4000, NUMBERS), generator=torch.Generator().manual_seed(1))
    ramp = torch.linspace(0, 1, 64).expand(4000, 1, 64, 64)
    both = (ramp, ramp.transpose(2, 3))

    wide, high = (
        augmented(one, chance, AS_THEY_ARE.model_copy(update={"scale": (0.5, 1.0)})) for one in both
    )
    width = (wide[:, 0, 32, 54] - wide[:, 0, 32, 10]) * 63 / 44
    height = (high[:, 0, 54, 32] - high[:, 0, 10, 32]) * 63 / 44

    share = width * height
    assert share.quantile(torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])).tolist() == pytest.approx(
        [0.5, 0.625, 0.75, 0.875, 1.0], abs=0.02
    )
    assert max(width.max(), height.max()) < 1.001
    assert (width / height).max() == pytest.approx(4 / 3, abs=0.01)


@pytest.mark.parametrize(
    ("place", "name", "adjust"),
    [
        (LIGHT, "brightness", v2.adjust_brightness),
        (CONTRAST, "contrast", v2.adjust_contrast),
        (COLOUR, "saturation", v2.adjust_saturation),
    ],
)
@pytest.mark.parametrize(("chance", "factor"), [(1.0, 1.4), (0.25, 0.8)])
def test_light_and_colour_change_as_torchvisions(place, name, adjust, chance, factor, pictures):
    found = changed(pictures, {place: chance}, **{name: 0.4})

    close(found, adjust(pictures, factor), atol=1e-6)


def test_hue_turns_as_torchvisions(pictures):
    found = changed(pictures, {HUE: 0.0}, hue=0.1)

    close(found, v2.adjust_hue(pictures, -0.1), atol=1e-6)


def test_grey_pictures_keep_one_channel(pictures):
    grey = pictures[:, :1]

    found = changed(
        grey, {LIGHT: 1.0, CONTRAST: 1.0, COLOUR: 1.0, HUE: 1.0},
        brightness=0.2, contrast=0.2, saturation=0.5, hue=0.5, rotation=5.0,
    )  # fmt: skip

    expected = v2.adjust_contrast(v2.adjust_brightness(grey, 1.2), 1.2)
    close(found, expected)


def test_each_picture_has_its_own_change_whatever_stands_beside_it(pictures):
    chance = torch.rand((3, NUMBERS), generator=torch.Generator().manual_seed(2))
    amounts = AS_THEY_ARE.model_copy(
        update={"flip": 0.5, "rotation": 15.0, "scale": (0.8, 1.0), "brightness": 0.2, "hue": 0.1}
    )

    together = augmented(pictures, chance, amounts)
    alone = [augmented(pictures[k : k + 1], chance[k : k + 1], amounts) for k in range(3)]

    torch.testing.assert_close(together, torch.cat(alone))
    assert together.min() >= 0
    assert together.max() <= 1
