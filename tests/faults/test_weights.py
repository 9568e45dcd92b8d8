"""Files of weights that nobody should trust, through the real commands: F87, F88 and F89.

Model folders: tests/methods/test_persistence.py. Downloads: tests/deep/test_weights.py.
"""

from __future__ import annotations

import importlib.metadata
import json
import pickle
import struct

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from texturekit_cli.main import run

from tests.imagesets import scene
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.networks import build_body
from texturekit.deep.weights import Weights

XRAY = "densenet121-res224-nih"


@pytest.fixture(scope="module")
def state():
    """The weights of squeezenet1_1, a good file's content."""
    body = build_body(BACKBONES["squeezenet1_1"], Weights("", "random"), seed=5)
    return {name: value.contiguous() for name, value in body.state_dict().items()}


@pytest.fixture
def embed(tmp_path, capsys):
    """Embed one picture with a file of weights; return the exit code and what was said."""
    Image.fromarray(scene(np.random.default_rng(3), 32)).save(tmp_path / "image.png")

    def embed(path):
        code = run(["extract", str(tmp_path / "image.png"), "-o", str(tmp_path / "out.parquet"),
                    "--features", "squeezenet1_1", "--weights", str(path), "--resize", "32",
                    "--jobs", "1"])  # fmt: skip
        assert (tmp_path / "out.parquet").exists() == (code == 0)
        return code, capsys.readouterr().err

    return embed


class Canary:
    """Pickled, it writes a file when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def hostile(path, canary, form):
    if form == "objects":
        np.savez(path, a=np.array([Canary(canary)], dtype=object))
    elif form == "pickle":
        path.write_bytes(pickle.dumps({"features.0.weight": Canary(canary)}))
    else:
        content = {"features.0.weight": Canary(canary)}
        torch.save(content, path, _use_new_zipfile_serialization=form == "zip")
    return path


HOSTILE = [
    ("net.pth", "zip"), ("net.pth", "old"), ("net.pt", "pickle"), ("net.npz", "objects"),
    ("net.npz", "pickle"), ("net.safetensors", "pickle"), ("net.pkl", "pickle"),
    ("net.joblib", "pickle"), ("net.skops", "pickle"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "form"), HOSTILE)
def test_a_pickle_is_refused_and_runs_nothing(name, form, tmp_path, embed, capsys):  # F87
    canary = tmp_path / "canary"
    path = hostile(tmp_path / name, canary, form)

    codes = [
        embed(path)[0],
        run(["import-checkpoint", str(path), "--backbone", "resnet18", "--classes", "a,b",
             "-o", str(tmp_path / "model")]),
        run(["convert-weights", XRAY, str(path), "-o", str(tmp_path / "made.safetensors")]),
    ]  # fmt: skip

    assert codes == [4, 4, 4]
    assert name in capsys.readouterr().err
    assert not canary.exists()
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "made.safetensors").exists()


def test_the_torch_that_is_asked_for_has_no_known_way_around_weights_only():  # F88
    # CVE-2025-32434 up to 2.5.1, CVE-2026-24747 before 2.10.0
    wanted = next(r for r in importlib.metadata.requires("texturekit") if r.startswith("torch>="))

    assert tuple(map(int, wanted.partition(">=")[2].split("."))) >= (2, 10)


def safetensors(header, content=b""):
    """Return the bytes of a safetensors file with such a header."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content


def entry(start, stop):
    return {"dtype": "F32", "shape": [(stop - start) // 4], "data_offsets": [start, stop]}


DAMAGED = {
    "header of 200 MB": struct.pack("<Q", 200_000_000) + b"{",
    "header longer than the file": struct.pack("<Q", 99) + b"{}",
    "header that is no JSON": struct.pack("<Q", 4) + b"abcd",
    "overlapping numbers": safetensors({"a": entry(0, 8), "b": entry(4, 12)}, bytes(12)),
    "a hole": safetensors({"a": entry(0, 4), "b": entry(8, 12)}, bytes(12)),
    "numbers beyond the end": safetensors({"a": entry(0, 400)}, bytes(12)),
    "more bytes than numbers": safetensors({"a": entry(0, 8)}, bytes(64)),
    "a shape that does not fit": safetensors({"a": {**entry(0, 8), "shape": [2**40]}}, bytes(8)),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_safetensors_file_is_refused(content, tmp_path, embed):  # F89
    (tmp_path / "net.safetensors").write_bytes(content)

    code, said = embed(tmp_path / "net.safetensors")

    assert code == 4
    assert "net.safetensors' cannot be read as named weights" in said


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ({"features.0.bias": torch.full((64,), torch.nan)}, "'features.0.bias' holds values"),
        ({"features.0.bias": torch.full((64,), torch.inf)}, "'features.0.bias' holds values"),
        ({"features.0.bias": torch.zeros(63)}, "has shape (63,), the network wants (64,)"),
        ({"features.0.weight": torch.zeros(64, 1, 3, 3)}, "has shape (64, 1, 3, 3)"),
        ({"layer1.0.conv1.weight": torch.zeros(2)}, "belongs to another network"),
    ],
    ids=["nan", "infinite", "shape", "channels", "another net"],
)
def test_numbers_that_do_not_fit_are_refused_by_name(spoil, reason, state, tmp_path, embed):  # F89
    save_file({**state, **spoil}, tmp_path / "net.safetensors")

    code, said = embed(tmp_path / "net.safetensors")

    assert code == 4
    assert reason in said
    assert "squeezenet1_1" in said


def test_the_good_file_is_read(state, tmp_path, embed):
    save_file(state, tmp_path / "net.safetensors")

    assert embed(tmp_path / "net.safetensors")[0] == 0
