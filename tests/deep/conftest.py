from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from texturekit.deep import weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds weights that happen to be on the machine, or asks the internet for them."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv(weights.URL_VARIABLE, "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setattr(weights, "_given_up", [])


@pytest.fixture
def noise(rng: np.random.Generator) -> Callable[..., list[NDArray[np.uint8]]]:
    """Make pictures of noise: noise(count, side)."""

    def make(count: int, side: int = 64) -> list[NDArray[np.uint8]]:
        return list(rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8))

    return make
