"""Names of files, and a table that a spreadsheet may open."""

import csv

import numpy as np
import pytest
from PIL import Image

import texturekit as tk
from tests.nets import brightness
from texturekit.explanation import explain
from texturekit.report.explanations import Names, write_explanations


@pytest.mark.parametrize(
    ("name", "label", "start"),
    [
        ("a", "benign", "a.benign"),
        ("scans/a.png", "Lung Opacity", "scans_a.png-"),
        ("../../etc/passwd", "x", "etc_passwd-"),
        (".hidden", "x", "hidden-"),
        ("größe", "x", "gr__e-"),
        ("x" * 300, "y" * 300, "xxx"),
        ("", "x", "image-"),
    ],
)
def test_names_are_plain_and_short(name, label, start):
    found = Names([name]).of(name, label)

    assert found.startswith(start)
    assert len(found) <= 176
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def test_no_two_names_are_the_same_even_where_case_does_not_matter():
    pairs = [("a", "x"), ("A", "x"), ("a.x", "x"), ("a", "x.x"), ("a/b", "x"), ("a_b", "x")]
    names = Names([name for name, _ in pairs])

    found = [names.of(*pair).lower() for pair in pairs]

    assert len(set(found)) == len(pairs)


def test_the_folder_that_absolute_paths_share_is_left_out(tmp_path):
    names = Names([str(tmp_path / "a.png"), str(tmp_path / "b.png")])

    assert names.of(str(tmp_path / "a.png"), "x") == "a.png.x"


def test_no_text_is_run_by_a_spreadsheet(tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(np.full((32, 32), 250, np.uint8)).save(tmp_path / "in" / "=1+1.png")
    data = tk.scan_folder(tmp_path / "in")

    written = write_explanations(explain(brightness(), data, device="cpu"), tmp_path / "out")

    with (tmp_path / "out" / "explanations.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["path"], row["status"]) == ("'=1+1.png", "ok")
    assert written.counts == {"ok": 1}
    assert (tmp_path / "out" / row["overlay"]).is_file()
