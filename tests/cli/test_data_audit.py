import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from texturekit_cli.main import run

from tests.imagesets import scenes, spoil


@pytest.fixture
def data(tmp_path):
    """A manifest with splits: one exact copy over them, one mirrored copy, one broken file."""
    folder = tmp_path / "<b>data"
    names = [f"{k:02d}.png" for k in range(24)]
    pictures = scenes(folder, names)
    (folder / "20.png").write_bytes((folder / "00.png").read_bytes())
    Image.fromarray(np.ascontiguousarray(pictures["02.png"][:, ::-1])).save(folder / "04.png")
    spoil(folder / "06.png")
    table = pd.DataFrame({"path": names, "label": ["a", "b"] * 12})
    table["split"] = ["train"] * 18 + ["test"] * 6
    table.to_csv(folder / "data.csv", index=False)
    return folder / "data.csv"


def test_json_holds_groups_of_paths_and_splits_that_share_an_image_end_with_five(data, capsys):
    code = run(["data", "audit", str(data), "--json", "--no-shortcuts"])

    out, err = capsys.readouterr()
    found = json.loads(out)
    assert code == 5
    assert found["exact_duplicates"] == [["00.png", "20.png"]]
    assert found["near_duplicates"] == [["00.png", "20.png"], ["02.png", "04.png"]]
    assert found["possible_duplicates"] == found["near_duplicates"]
    assert found["pairs"][0]["mirrored"]
    assert [skip["path"] for skip in found["unreadable"]] == ["06.png"]
    assert found["used"] == 23
    assert found["duplicates_over_splits"] == [
        {"a": "00.png", "b": "20.png", "kind": "exact", "parts": "training and test"}
    ]
    assert found["split_counts"] == {"train": {"a": 9, "b": 9}, "test": {"a": 3, "b": 3}}
    assert found["sizes"] == {"96 x 96": 24}
    assert "1 pairs" not in err


def test_allowed_leakage_leaves_the_code_of_the_broken_file(data, tmp_path, capsys):
    page = tmp_path / "audit.html"
    command = ["data", "audit", str(data), "--allow-leakage", "-o", str(page)]

    assert run(command) == 1
    assert capsys.readouterr().out == f"{page}\n"
    assert run(command) == 4  # it is there already
    text = page.read_text()
    assert "&lt;b&gt;data" in text
    assert "<b>data" not in text
    assert text.count("data:image/png;base64,") == 4
    assert "http" not in text.replace("http-equiv", "")
    assert "06.png" in text


def test_a_folder_holds_page_and_json_and_no_other_folder_is_replaced(data, tmp_path, capsys):
    folder, other = tmp_path / "audit", tmp_path / "other"
    other.mkdir()
    more = ["--allow-leakage", "--no-shortcuts", "--overwrite"]

    assert run(["data", "audit", str(data), *more, "-o", str(folder)]) == 1
    assert sorted(p.name for p in folder.iterdir()) == ["audit.json", "index.html"]
    assert run(["data", "audit", str(data), *more, "-o", str(folder)]) == 1
    assert run(["data", "audit", str(data), *more, "-o", str(other)]) == 4


def test_a_folder_of_images_without_labels_can_be_looked_at(data, capsys):
    data.unlink()
    (data.parent / "06.png").unlink()

    assert run(["data", "audit", str(data.parent), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["shortcuts"] == []
    assert found["counts"] == {}
