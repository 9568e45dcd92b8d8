"""Two hundred sound images, and what the real command makes of them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.faults.encoding import encoded, scene
from tests.faults.running import texturekit

if TYPE_CHECKING:
    from pathlib import Path

FEATURES = "texture"


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder tree of 100 images in each of two classes, twelve of them in colour."""
    root = tmp_path_factory.mktemp("good")
    for k in range(200):
        file = root / ("fine", "rough")[k % 2] / f"good{k:03d}.png"
        file.parent.mkdir(exist_ok=True)
        pixels = scene(3 if k < 12 else 0, seed=1000 + k)
        file.write_bytes(encoded(pixels[:32, :32] if k % 2 else pixels, "PNG"))
    return root


@pytest.fixture(scope="session")
def clean(good: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The table of the good images alone, by id."""
    out = tmp_path_factory.mktemp("clean") / "out.parquet"
    done = texturekit("extract", good, "-o", out, "--features", FEATURES)
    assert done.code == 0, done.err
    return pd.read_parquet(out).set_index("id")


@pytest.fixture
def mixed(good: Path, tmp_path: Path) -> Path:
    """The good images in a folder of the test's own, to put bad ones among them."""
    return shutil.copytree(good, tmp_path / "mixed")
