"""Small trees that are called as the public image sets are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray


def grow(root: Path, names: Iterable[str]) -> Path:
    """Write a small image of its own at every path; return the root."""
    rng = np.random.default_rng(3)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (16, 16), dtype=np.uint8)).save(path)
    return root


def picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write these pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


BREAST = [
    f"Breast Cancer Patients MRI's/{part}/{label}/{label[0]}_{number}.jpg"
    for part in ("train", "validation")
    for label in ("Healthy", "Sick")
    for number in (1, 2)
]
BRAIN_4 = [
    f"{part}/{label}/{part[:2]}-{label[:2]}_{number:04d}.jpg"
    for part in ("Training", "Testing")
    for label in ("glioma", "meningioma", "notumor", "pituitary")
    for number in (10, 11)
]
CERVIX = [
    "train/train/Type_1/10.jpg", "train/train/Type_2/11.jpg", "train/train/Type_3/12.jpg",
    "additional_Type_1_v2/Type_1/5000.jpg", "additional_Type_2_v2/5001.jpg", "test/test/0.jpg",
]  # fmt: skip
OCT = [
    "OCT2017 /train/CNV/CNV-1016042-1.jpeg", "OCT2017 /train/CNV/CNV-1016042-2.jpeg",
    "OCT2017 /train/DME/DME-1072015-1.jpeg", "OCT2017 /train/DRUSEN/DRUSEN-1001666-1.jpeg",
    "OCT2017 /train/NORMAL/NORMAL-1001772-1.jpeg", "OCT2017 /val/NORMAL/NORMAL-4872585-1.jpeg",
    "OCT2017 /test/CNV/CNV-1016042-3.jpeg", "OCT2017 /test/DME/DME-15307-1.jpeg",
]  # fmt: skip
CHEST = [
    f"chest_xray/{name}"
    for name in (
        "train/NORMAL/IM-0115-0001.jpeg",
        "train/NORMAL/NORMAL2-IM-0001-0001.jpeg",
        "train/PNEUMONIA/person1_bacteria_1.jpeg",
        "train/PNEUMONIA/person1_bacteria_2.jpeg",
        "test/PNEUMONIA/person1_virus_6.jpeg",
        "test/PNEUMONIA/person100_bacteria_475.jpeg",
        "test/NORMAL/IM-0001-0001.jpeg",
    )
]
CELLS = ("Dyskeratotic", "Koilocytotic", "Metaplastic", "Parabasal", "Superficial-Intermediate")
SIPAKMED = [
    f"im_{name}/im_{name}/{end}.bmp"
    for name in CELLS
    for end in ("001", "CROPPED/001_01", "CROPPED/001_02", "CROPPED/002_01")
]
