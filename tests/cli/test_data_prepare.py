"""``texturekit data prepare`` as a user runs it, and what comes after."""

import json

import numpy as np
import pandas as pd
import pytest
from texturekit_cli.main import run

from tests.data import trees


def patients(root, count=8):
    """Write an OCT tree, two images of each of ``count`` patients a class."""
    rng = np.random.default_rng(4)
    for label, number in (("CNV", 1), ("DME", 2), ("DRUSEN", 3), ("NORMAL", 4)):
        for patient in range(count):
            for image in (1, 2):
                name = f"OCT2017/train/{label}/{label}-{number}{patient:03d}-{image}.jpeg"
                noise = rng.integers(0, 64 * number, (24, 24), dtype=np.uint8)
                trees.picture(root / name, noise)
    return root


def test_the_manifest_of_a_set_is_compared_by_patient(tmp_path, capsys):
    patients(tmp_path / "set")
    manifest = tmp_path / "oct.csv"

    assert (
        run(["data", "prepare", "mendeley_oct2017", str(tmp_path / "set"), "-o", str(manifest)])
        == 0
    )
    out, err = capsys.readouterr()
    assert out == f"{manifest}\n"
    assert "64 images: CNV 16, DME 16, DRUSEN 16, NORMAL 16" in err
    assert "patients: 32" in err
    assert "Warning: the card of mendeley_oct2017 says 109,309 images, found are 64." in err

    code = run(
        ["compare", "--task", "oct", "--data", str(manifest), "--resize", "24", "--folds", "2",
         "--methods", "majority/dummy", "-o", str(tmp_path / "run")]
    )  # fmt: skip
    table = pd.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert code == 0
    assert table["group"].nunique() == 32


def test_the_layout_is_told_by_the_folder_and_said(tmp_path, capsys):
    trees.grow(tmp_path / "set", trees.CHEST)

    assert run(["data", "prepare", str(tmp_path / "set"), "-o", str(tmp_path / "m.csv")]) == 0

    err = capsys.readouterr().err
    assert "mendeley_chestxray2017 (layout folders), by what lies in the folder" in err
    assert "Warning: 1 patients are in more than one split, which compare refuses" in err
    assert "Warning: 3 images have a name that tells no patient" in err
    assert "chest_xray/test/NORMAL/IM-0001-0001.jpeg" in err


def test_patients_in_two_splits_stop_the_comparison_unless_the_splits_are_left_out(tmp_path):
    trees.grow(tmp_path / "set", [*trees.CHEST, "chest_xray/test/PNEUMONIA/person2_virus_1.jpeg"])
    prepare = ["data", "prepare", str(tmp_path / "set"), "-o"]
    quick = ["compare", "--resize", "16", "--methods", "majority/dummy", "--positive", "PNEUMONIA"]

    run([*prepare, str(tmp_path / "m.csv")])
    run([*prepare, str(tmp_path / "n.csv"), "--no-splits"])

    assert run([*quick, "--data", str(tmp_path / "m.csv"), "-o", str(tmp_path / "a")]) == 5
    assert run([*quick, "--data", str(tmp_path / "n.csv"), "-o", str(tmp_path / "b")]) == 0


def test_lost_rows_end_with_one_and_are_listed(tmp_path, capsys):
    trees.grow(tmp_path / "set", ["images/00000001_000.png"])
    (tmp_path / "set" / "Data_Entry_2017.csv").write_text(
        "Image Index,Finding Labels,Patient ID\n00000001_000.png,Mass,1\n00000002_000.png,Mass,2\n"
    )

    code = run(["data", "prepare", str(tmp_path / "set"), "-o", str(tmp_path / "m.csv"), "--json"])

    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert code == 1
    assert "not used: 00000002_000.png: row 3: no such file below the folder" in err
    assert answer["images"] == 1
    assert answer["classes"]["Mass"] == 1
    assert answer["skipped"][0]["kind"] == "unreadable"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing"], 4, "there is no file or folder 'nothing'"),
        (["kaggle_brain_tumor_2", "."], 4, "not laid out as kaggle_brain_tumor_2"),
        (["octminst", "."], 4, "Did you mean 'octmnist'"),
        (["a", "b", "c"], 2, "wanted are"),
        ([], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_ends_with_a_sentence(arguments, code, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert run(["data", "prepare", *arguments, "-o", "m.csv"]) == code
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["list", "fetch", "prepare"])
def test_every_subcommand_has_help(name, capsys):
    assert run(["data", name, "--help"]) == 0
    assert "Usage: texturekit data" in capsys.readouterr().out
