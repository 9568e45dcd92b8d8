import pytest
import torch

from texturekit.deep import augmentation


def augmented(pictures, chance):
    """Change pictures whose values are 0..255 and whose channels come last."""
    changed = augmentation.augmented(pictures.permute(0, 3, 1, 2) / 255, chance)
    return changed.permute(0, 2, 3, 1) * 255


@pytest.fixture
def pictures():
    return torch.rand((12, 32, 32, 3), generator=torch.Generator().manual_seed(0)) * 255


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def test_keeps_shape_and_range(pictures):
    changed = augmented(pictures, chance())

    assert changed.shape == pictures.shape
    assert changed.min() >= 0
    assert changed.max() <= 255


def test_same_chance_same_pictures_and_each_picture_its_own(pictures):
    same = pictures[:1].expand(12, -1, -1, -1)

    changed = augmented(same, chance())

    assert torch.equal(changed, augmented(same, chance()))
    assert not torch.equal(changed[0], changed[1])


def test_without_turns_shifts_and_light_only_mirrors(pictures, monkeypatch):
    for name in ("DEGREES", "SHIFT", "LIGHT"):
        monkeypatch.setattr(augmentation, name, 0.0)

    changed = augmented(pictures, chance(1))

    kept = torch.tensor(
        [torch.allclose(a, b, atol=0.1) for a, b in zip(changed, pictures, strict=True)]
    )
    mirrored = torch.tensor(
        [torch.allclose(a.flip(1), b, atol=0.1) for a, b in zip(changed, pictures, strict=True)]
    )
    assert (kept ^ mirrored).all()
    assert kept.any()
    assert mirrored.any()


def test_turns_about_the_middle_by_at_most_ten_degrees(monkeypatch):
    monkeypatch.setattr(augmentation, "LIGHT", 0.0)
    monkeypatch.setattr(augmentation, "SHIFT", 0.0)
    line = torch.zeros(20, 65, 65, 3)
    line[:, 32] = 255.0

    changed = augmented(line, chance())[:, :, :, 0]

    rise = (changed[:, :, 60].argmax(dim=1) - 32).abs()  # 28 columns from the middle
    assert (changed[:, 32, 32] > 200).all()
    assert 0 < rise.max() <= 5  # 28 tan(10 deg) = 4.9


def test_shifts_by_at_most_a_twentieth(monkeypatch):
    monkeypatch.setattr(augmentation, "LIGHT", 0.0)
    monkeypatch.setattr(augmentation, "DEGREES", 0.0)
    dot = torch.zeros(30, 41, 41, 3)
    dot[:, 19:22, 19:22] = 255.0

    changed = augmented(dot, chance())[:, :, :, 0]

    rows, cols = changed.sum(dim=2).argmax(dim=1), changed.sum(dim=1).argmax(dim=1)
    assert 1 <= (rows - 20).abs().max() <= 3  # 41 / 20 = 2.05
    assert 1 <= (cols - 20).abs().max() <= 3


def test_brightness_changes_by_at_most_a_fifth(monkeypatch):
    for name in ("DEGREES", "SHIFT"):
        monkeypatch.setattr(augmentation, name, 0.0)

    changed = augmented(torch.full((50, 8, 8, 3), 100.0), chance()).mean(dim=(1, 2, 3))

    assert 79.9 < changed.min() < 90
    assert 110 < changed.max() < 120.1
