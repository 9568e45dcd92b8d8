"""Small image sets on disk, made anew for each test that wants one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


def texture(rng: np.random.Generator, coarse: bool, side: int = 32) -> np.ndarray:
    """Return noise, fine or in blocks of two pixels."""
    noise = rng.integers(0, 256, (side, side), dtype=np.uint8)
    return np.kron(noise[: side // 2, : side // 2], np.ones((2, 2), np.uint8)) if coarse else noise


def two_classes(root: Path, *, patients: int = 8, images: int = 2) -> Path:
    """Write a manifest of fine and coarse noise, ``images`` of each patient; return its path."""
    rng = np.random.default_rng(5)
    rows = []
    for patient in range(2 * patients):
        label = ("fine", "rough")[patient % 2]
        for number in range(images):
            path = f"{label}/p{patient:02d}_{number}.png"
            (root / label).mkdir(parents=True, exist_ok=True)
            Image.fromarray(texture(rng, label == "rough")).save(root / path)
            rows.append({"path": path, "label": label, "group": f"p{patient:02d}"})
    pd.DataFrame(rows).to_csv(root / "data.csv", index=False)
    return root / "data.csv"


def several_labels(root: Path, *, patients: int = 20) -> Path:
    """Write a manifest with two labels a row, some unknown; return its path."""
    rng = np.random.default_rng(6)
    rows = []
    for patient in range(patients):
        rough, bright = patient % 2, (patient // 2) % 2
        image = texture(rng, bool(rough)) // 2 + np.uint8(120 * bright)
        Image.fromarray(image.astype(np.uint8)).save(root / f"{patient:02d}.png")
        unknown = "" if patient == 3 else bright
        rows.append(
            {"path": f"{patient:02d}.png", "rough": rough, "bright": unknown, "group": patient}
        )
    pd.DataFrame(rows).to_csv(root / "labels.csv", index=False)
    return root / "labels.csv"


def spoil(path: Path) -> None:
    """Replace an image by the first half of itself."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def scene(rng: np.random.Generator, side: int = 96) -> np.ndarray:
    """Return a smooth picture that is like no other: coarse and finer noise, enlarged."""
    layers = [
        Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32)).resize(
            (side, side), Image.Resampling.BICUBIC
        )
        for cells in (6, 12, 24)
    ]
    total = sum(np.asarray(layer) for layer in layers)
    return np.clip(128 + 40 * total, 0, 255).astype(np.uint8)


def scenes(root: Path, names: list[str], *, seed: int = 7) -> dict[str, np.ndarray]:
    """Write a different picture under every name; return them."""
    rng = np.random.default_rng(seed)
    pictures = {name: scene(rng) for name in names}
    for name, picture in pictures.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(root / name)
    return pictures
