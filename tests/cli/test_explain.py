"""``explain`` as a user runs it."""

import csv
import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from texturekit_cli.main import run

import texturekit as tk
from tests.imagesets import spoil, two_classes
from texturekit.methods.model import Preprocessing


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with images, a net that was trained on them for a moment, and a table model."""
    root = tmp_path_factory.mktemp("explain")
    data = tk.read_manifest(two_classes(root, patients=3, images=1))
    how = Preprocessing(64, weights="none")
    for name, method in (("net", "squeezenet1_1/finetune"), ("table", "geometry/logistic")):
        tk.fit(method, data, positive="rough", epochs=1, preprocessing=how, device="cpu").save(
            root / name
        )
    return root


@pytest.fixture
def here(place, tmp_path, monkeypatch):
    monkeypatch.chdir(place)
    return tmp_path


def rows(folder):
    with (folder / "explanations.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_writes_overlays_maps_and_a_table(place, here, capsys):
    out = here / "out"

    assert run(["explain", "net", "data.csv", "-o", str(out), "--class", "all"]) == 0

    shown = capsys.readouterr()
    assert shown.out == f"{out}\n"
    assert "sanity check on 4 images" in shown.err
    table = rows(out)
    assert list(table[0]) == [
        "id", "path", "class", "probability", "method", "peak", "map", "overlay", "status", "error",
    ]  # fmt: skip
    data = tk.read_manifest("data.csv")
    known = tk.load("net").predict_proba(data, device="cpu").ravel()
    assert [row["class"] for row in table] == ["fine", "rough"] * 6
    assert_allclose([float(row["probability"]) for row in table], known, atol=1e-5)
    found = list(tk.explain("net", data, "all", device="cpu"))
    drawn = [(row, one) for row, one in zip(table, found, strict=True) if row["status"] == "ok"]
    assert drawn
    for row, one in drawn:
        assert_array_equal(tk.read_image(out / row["map"]), one.map)
        picture = Image.open(out / row["overlay"])
        said = json.loads(picture.text["Description"])
        assert (said["class"], said["image"]) == (row["class"], row["path"])
        assert said["notice"].startswith("Not a diagnosis")
        with Image.open(out / row["map"]) as stored:
            assert json.loads(stored.tag_v2[270])["probability"] == said["probability"]
    files = {file.name for file in out.iterdir()}
    named = {row[kind] for row, _ in drawn for kind in ("map", "overlay")}
    assert files == named | {"explanations.csv", "explanations.json"}
    facts = json.loads((out / "explanations.json").read_text())
    assert [stage["layers"] for stage in facts["sanity"]["stages"]][-1] == "all layers"
    assert facts["classes"] == ["fine", "rough"]


def test_an_empty_map_is_a_row_and_no_picture(place, here, capsys):
    out = here / "out"
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(here / "black.png")

    code = run(["explain", "net", str(here / "black.png"), "-o", str(out), "--class", "all",
                "--sanity", "0"])  # fmt: skip

    assert code == 0
    table = rows(out)
    empty = [row for row in table if row["status"] == "empty"]
    for row in empty:
        assert (row["map"], row["overlay"]) == ("", "")
        assert "the map is zero everywhere" in row["error"]
    assert len(list(out.iterdir())) == 2 + 2 * (len(table) - len(empty))
    assert json.loads((out / "explanations.json").read_text())["sanity"] is None


def test_a_bad_image_costs_its_row(place, here, capsys):
    names = []
    for k in range(3):
        names.append(str(here / f"{k}.png"))
        Image.fromarray(np.full((40, 50), 80 * k, np.uint8)).save(names[-1])
    spoil(here / "1.png")

    code = run(["explain", "net", *names, "-o", str(here / "out"), "--json", "--sanity", "0"])

    answer = json.loads(capsys.readouterr().out)
    assert code == 1
    assert [row["status"] == "failed" for row in rows(here / "out")] == [False, True, False]
    assert answer["rows"] == 3
    assert [one["path"] for one in answer["failed"]] == [names[1]]


def test_the_same_command_gives_the_same_bytes(place, here):
    for name in ("a", "b"):
        out = str(here / name)
        assert run(["explain", "net", "data.csv", "-o", out, "--limit", "2", "--sanity", "1"]) == 0

    for file in (here / "a").iterdir():
        assert file.read_bytes() == (here / "b" / file.name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["table", "data.csv"], 4, "holds no background of typical training images"),
        (["table", "data.csv", "--method", "gradcam"], 4, "use --method contributions"),
        (["net", "data.csv", "--method", "contributions"], 4, "use one of gradcam, gradcam++, occ"),
        (["table", "data.csv", "--sanity", "2"], 4, "--sanity asks whether maps of a net"),
        (["net", "data.csv", "--columns", "2"], 4, "--columns is for methods on columns"),
        (["net", "data.csv", "--class", "ruogh"], 4, "Did you mean 'rough'"),
        (["net", "data.csv", "--method", "cam"], 2, "'cam' is not one of 'gradcam'"),
        (["net", "gone.png"], 4, "gone.png"),
        (
            ["nets", "data.csv"],
            4,
            "no model folder, or backbone with outputs of its own, called 'nets'",
        ),
        (["net", "data.csv", "--weights", "none"], 4, "holds its own; leave weights out"),
        (
            ["resnet18", "data.csv"],
            4,
            "ImageNet and say nothing of medical images; train resnet18/fi",
        ),
        (["densenet121-res224-rsna", "data.csv", "--weights", "none"], 4, "random weights say not"),
    ],
)
def test_says_what_is_wrong_and_leaves_nothing(arguments, code, words, place, here, capsys):
    assert run(["explain", *arguments, "-o", str(here / "out")]) == code

    assert words in capsys.readouterr().err
    assert not list(here.iterdir())


def test_a_finished_output_is_kept_unless_told(place, here, capsys):
    out = here / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep me")

    assert run(["explain", "net", "data.csv", "-o", str(out), "--limit", "1"]) == 4
    assert (out / "mine.txt").read_text() == "keep me"
    assert run(["explain", "net", "data.csv", "-o", str(out), "--limit", "1", "--overwrite"]) == 0
    assert not (out / "mine.txt").exists()
