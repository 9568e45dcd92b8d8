"""``show`` and ``info`` as a user runs them."""

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from texturekit_cli.main import run

from texturekit.features import FEATURES, SETS


@pytest.fixture
def scan(tmp_path, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pixels = rng.integers(0, 256, (40, 60), dtype=np.uint8)
    Image.fromarray(pixels).save("scan.png")
    mask = np.zeros((40, 60), np.uint8)
    mask[5:35, 10:50] = 255
    Image.fromarray(mask).save("mask.png")
    return tmp_path / "scan.png"


def test_show_names_the_file_after_image_and_family(scan, tmp_path, capsys):
    assert run(["show", str(scan), "--feature", "lbp(p=16,r=2)"]) == 0

    assert capsys.readouterr().out == "scan.lbp_p_16_r_2.png\n"
    assert (tmp_path / "scan.lbp_p_16_r_2.png").read_bytes().startswith(b"\x89PNG")


def test_show_writes_svg_with_the_measured_numbers(scan, tmp_path, capsys):
    assert run(["show", str(scan), "--feature", "sobel", "--mask", "mask.png", "-o", "a.svg"]) == 0

    text = " ".join(ET.parse(tmp_path / "a.svg").getroot().itertext())
    assert "60 x 40 pixels, uint8" in text
    assert "sobel.direction: 8 columns" in text
    assert re.search(r"tensor_ratio = 0\.9\d+", text)


def test_show_keeps_what_is_there_unless_told(scan, tmp_path, capsys):
    (tmp_path / "a.png").write_text("keep me")

    assert run(["show", str(scan), "-o", "a.png"]) == 4
    assert (tmp_path / "a.png").read_text() == "keep me"
    assert run(["show", str(scan), "-o", "a.png", "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["scan.png", "-o", "a.gif"], 2, "ends with '.gif'; a figure is written to .png or .svg"),
        (["scan.png", "--feature", "lbp+glcm"], 4, "is 2 families; name one"),
        (["scan.png", "--feature", "lpb"], 4, "Did you mean 'lbp'"),
        (["scan.png", "--feature", "lbp(scales=2)"], 4, "leave scales out"),
        (["none.png"], 4, "none.png"),
    ],
)
def test_show_says_what_is_wrong_and_leaves_nothing(arguments, code, words, scan, tmp_path, capsys):
    before = sorted(path.name for path in tmp_path.iterdir())

    assert run(["show", *arguments]) == code

    assert words in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", FEATURES)
def test_info_prints_definition_columns_parameters_and_source_of_every_family(name, capsys):
    assert run(["info", name]) == 0

    page = capsys.readouterr().out
    family = FEATURES[name]
    assert f"The {len(family.columns())} columns of {name}" in page
    for section in ("**Source.**", "**Good for**", "**Not for**"):
        assert section in page
    assert all(f"{key}=" in page for key in family.defaults)
    assert "![" not in page


def test_info_without_a_name_lists_everything(capsys):
    assert run(["info"]) == 0

    out = capsys.readouterr().out
    assert all(f"{name} " in out for name in [*FEATURES, *SETS, "resnet18"])


def test_info_as_json_names_every_column(capsys):
    assert run(["info", "sobel", "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer["names"] == list(FEATURES["sobel"].columns())
    assert answer["parameters"]["scale"] == "raw"


def test_info_suggests_the_name_that_was_meant(capsys):
    assert run(["info", "glmc"]) == 4
    assert "Did you mean 'glcm'" in capsys.readouterr().err
