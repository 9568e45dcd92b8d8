"""Fixtures, and where tests keep compiled kernels and downloads."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# The same examples every time: a change is judged by what it changes, not by luck.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ["TEXTUREKIT_CACHE"] = str(Path(tempfile.gettempdir()) / f"texturekit-{os.getuid()}")
os.environ["NUMBA_CACHE_DIR"] = os.environ["TEXTUREKIT_CACHE"]
# Processes that tests start find byte code, whatever was said: each of them imports numba.
os.environ["PYTHONDONTWRITEBYTECODE"] = ""
os.environ["PYTHONPYCACHEPREFIX"] = str(Path(os.environ["TEXTUREKIT_CACHE"], "bytecode"))


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict[str, object]) -> None:
    import texturekit as tk

    doctest_namespace["np"] = np
    doctest_namespace["tk"] = tk


@pytest.fixture(autouse=True)
def _own_embeddings(request, monkeypatch, tmp_path_factory):
    """No test finds what another one computed."""
    name = f"{abs(hash(request.node.nodeid))}"
    monkeypatch.setenv("TEXTUREKIT_EMBEDDINGS", str(tmp_path_factory.getbasetemp() / name))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261120)


def _folder(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value or not Path(value).is_dir():
        pytest.skip(f"{variable} names no folder: real data is not at hand")
    return Path(value)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real images; tests that want it skip without."""
    return _folder("TEXTUREKIT_DATA")


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference numbers that may not be redistributed."""
    return _folder("TEXTUREKIT_REFERENCE")
