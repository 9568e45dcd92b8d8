"""What befalls a run: F73, F74, F79, F80, F82 and F83 of the catalogue of faults.

Elsewhere: F63 to F65, the results of an earlier run, in tests/test_journal.py; F75 and F76, kill -9
and signals, in tests/cli; F77 and F78, decoders that crash or hang, in tests/test_supervision.py;
F84, weights from a bad server, in tests/deep/test_weights.py.
"""

from __future__ import annotations

import json
import resource
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from texturekit_cli.main import run

import texturekit as tk
from tests.faults.encoding import scene, tiff
from tests.faults.running import texturekit, without_privileges
from tests.imagesets import two_classes
from texturekit.events import listening

METHODS = ["--methods", "majority/dummy,first_order/logistic", "--folds", "2", "--resize", "32"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A manifest of 16 images in two classes."""
    return two_classes(tmp_path_factory.mktemp("data"), patients=4)


@contextmanager
def full_disk(room: int = 10_000):
    """Let no file grow beyond some bytes, as if the disk were full then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "run"])
def test_a_full_disk_names_the_path_and_keeps_the_old_output(name, data, tmp_path, capsys):  # F73
    out = tmp_path / name
    start = ["compare", "--data", str(data), *METHODS] if name == "run" else ["extract", str(data)]
    command = [*start, "-o", str(out)]
    assert run(command) == 0
    before = _content(out)

    with full_disk():
        code = run([*command, "--overwrite"])

    assert code == 4
    assert f"cannot write {out}" in capsys.readouterr().err
    assert _content(out) == before
    if name != "run":  # what was measured waits beside it for the next run
        assert run([*command, "--overwrite"]) == 0
        assert _content(tmp_path) == before


def _content(folder):
    files = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    return {path: path.read_bytes() for path in files if path.is_file()}


def test_a_full_disk_behind_stdout_is_one_line(data, tmp_path):  # F73
    with Path("/dev/full").open("w") as full:
        done = texturekit(
            "extract", data, "-o", tmp_path / "t.csv", "--features", "first_order", "--json", "-q",
            stdout=full,
        )  # fmt: skip

    assert done.code == 4
    assert done.err == "Error: No space left on device.\n"


@pytest.mark.parametrize("command", ["extract", "compare"])
def test_a_folder_that_may_not_be_written_is_refused_before_anything_is_read(
    command, tmp_path
):  # F74
    (tmp_path / "locked").mkdir(mode=0o555)
    source = ["--data"] if command == "compare" else []

    done = texturekit(
        command, *source, "/no/such/source", "-o", tmp_path / "locked" / "t.csv",
        before=without_privileges,
    )  # fmt: skip

    assert done.code == 4
    assert "t.csv: Permission denied; choose a folder that you may write." in done.err


def test_too_little_memory_is_one_line(data, tmp_path):  # F79
    def cap():
        resource.setrlimit(resource.RLIMIT_AS, (700_000_000, 700_000_000))

    done = texturekit("extract", data, "-o", tmp_path / "t.csv", before=cap)

    assert done.code == 4
    assert done.err.splitlines()[-1].startswith("Error: ")
    assert "address space limited to 0.7 GB" in done.err
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_one_image_that_needs_more_memory_than_there_is_costs_its_row(
    data, tmp_path, monkeypatch
):  # F79
    manifest = tk.read_manifest(data)

    def hungry(*_, **__):
        raise MemoryError("Unable to allocate 233 PiB")

    monkeypatch.setattr("texturekit.decoding.reading.io.BytesIO", hungry)

    with pytest.raises(tk.errors.ImageError, match=r"needs more memory than there is \(Unable to"):
        manifest.image(0)


def test_a_gpu_that_is_not_there_is_named(data, tmp_path, capsys, monkeypatch):  # F80
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    net = ["--methods", "squeezenet1_1/logistic,majority/dummy", "--weights", "none"]
    command = ["compare", "--data", str(data), *net, "--folds", "2", "-o", str(tmp_path / "run")]

    assert run([*command, "--device", "cuda"]) == 4
    assert "torch sees no CUDA GPU here; choose 'cpu' or 'auto'" in capsys.readouterr().err


@pytest.mark.parametrize(("room", "told"), [(2, ["fewer"]), (0, ["fewer", "fewer", "the CPU"])])
def test_a_gpu_with_too_little_memory_gets_fewer_pictures(room, told, rng, monkeypatch):  # F80
    import torch

    from texturekit.deep.embedding import Embedder

    net = Embedder("squeezenet1_1", weights="none", device="cpu")
    pictures = rng.integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    whole, body = net(pictures), net._body

    class Small(torch.nn.Module):
        """A body in a GPU that holds few pictures, until it is moved."""

        def forward(self, x):
            if len(x) > room:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return body(x)

        def to(self, place):
            return body

    net._body = Small()
    heard = []
    with listening(heard.append):
        values = net(pictures)

    np.testing.assert_allclose(values, whole, atol=1e-5)
    assert [event.level for event in heard] == ["warning"] * len(told)
    assert all(word in event.message for word, event in zip(told, heard, strict=True))


def test_predictions_do_not_depend_on_the_number_of_threads(data, tmp_path):  # F82
    methods = "majority/dummy,first_order+lbp/forest,first_order/xgboost,first_order/svm,lbp/knn"
    for jobs in ("1", "2"):
        code = run(
            ["compare", "--data", str(data), "--methods", methods, "--folds", "2", "--resize",
             "32", "--jobs", jobs, "--no-images", "-o", str(tmp_path / jobs)]
        )  # fmt: skip
        assert code == 0

    one, two = (pd.read_parquet(tmp_path / jobs / "predictions.parquet") for jobs in ("1", "2"))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_a_missing_package_is_one_line_with_what_to_install(data, tmp_path):  # F83
    done = texturekit(
        "extract", data, "-o", tmp_path / "t.csv", "--features", "squeezenet1_1", blocked=("torch",)
    )

    assert done.code == 3
    assert done.err == (
        "Error: torch is not installed (No module named 'torch'); run: pip install \"texturekit\"\n"
    )


def test_a_missing_package_is_no_damage_to_the_file(tmp_path, monkeypatch):  # F83
    (tmp_path / "deep.tif").write_bytes(tiff(scene(top=65536)))
    monkeypatch.setitem(sys.modules, "tifffile", None)

    with pytest.raises(tk.errors.MissingExtraError, match="tifffile is not installed"):
        tk.read_image(tmp_path / "deep.tif")


def test_the_other_parts_run_without_optional_packages(data, tmp_path):  # F83
    absent = (
        "torch", "torchvision", "xgboost", "cv2", "pydicom", "nibabel", "h5py", "dask",
        "distributed", "skops", "pooch", "rich",
    )  # fmt: skip
    methods = "majority/dummy,first_order/xgboost,first_order/logistic"

    done = texturekit(
        "compare", "--data", data, "--methods", methods, "--folds", "2", "--resize", "32",
        "--json", "-o", tmp_path / "run", blocked=absent,
    )  # fmt: skip
    rows = {row["name"]: row for row in json.loads(done.out)["results"]["methods"]}

    assert done.code == 1
    assert {name: row["status"] for name, row in rows.items()} == {
        "majority/dummy": "ok", "first_order/logistic": "ok", "first_order/xgboost": "failed",
    }  # fmt: skip
    assert 'run: pip install "texturekit"' in rows["first_order/xgboost"]["reason"]
