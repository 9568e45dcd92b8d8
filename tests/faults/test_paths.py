"""Names and kinds of files: F33 to F42 of the catalogue of faults."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import threading
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from texturekit_cli.main import run

import texturekit as tk
from tests.faults.encoding import encoded, scene
from tests.faults.running import texturekit, without_privileges

SOUND = encoded(scene(), "PNG")
# F34 and F35: what a shell, a spreadsheet, a table or a browser would take for something else.
NAMES = [
    "new\nline.png", "tab\there.png", "cr\rhere.png", 'quo"te.png', "quo'te.png", "=1+1.png",
    "+2.png", "-3.png", "@4.png", "\N{GRINNING FACE}.png", "x" * 251 + ".png", " lead.png",
    "trail .png", "blank.png ", "dot.png.", "a,b;c.png", "; rm -rf x.png", "$(touch x).png",
    "\x1b[31mred.png", "\u202egnp.png", "<img src=x onerror=alert(1)>.png",
    "back\\slash.png", "%s.png",
]  # fmt: skip
FOREIGN = b"caf\xe9.png"  # F33: no UTF-8
CLASS = "<script>alert(1)"
# F36 and F37: what stands in a folder and is no file of it, and what is said of it.
NO_FILES = {
    "loop.png": "a link to nothing", "gone.png": "a link to nothing", "folder.png": "a folder",
    "pipe.png": "not a regular file", "plug.png": "not a regular file",
    "away.png": "a link that leaves the folder",
}  # fmt: skip
IGNORED = [".DS_Store", "Thumbs.db", "._x.jpg", "notes.txt"]  # F41


def odd_names(folder: Path) -> list[str]:
    """Write a sound image under every odd name; return the names as they are shown."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in [*map(os.fsencode, NAMES), FOREIGN]:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(SOUND)
    return [*NAMES, "caf\\xe9.png"]


def no_files(folder: Path) -> None:
    """Make everything that is no image file, and would block or lead astray."""
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "gone.png").symlink_to("nothing.png")
    (folder / "round").symlink_to(".")
    (folder / "away.png").symlink_to("/etc/passwd")
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(str(folder / "plug.png"))
    for name in IGNORED:
        (folder / name).write_bytes(b"x")


@pytest.fixture(scope="module")
def among(good, tmp_path_factory):
    """Every fault of the group among the good images, through the real command, once."""
    import shutil

    root = tmp_path_factory.mktemp("p")  # short: a socket's path has 108 bytes at most
    shutil.copytree(good, root / "d")
    names = odd_names(root / "d" / CLASS)
    no_files(root / "d" / "fine")
    (root / "d" / "fine" / "locked.png").write_bytes(SOUND)
    (root / "d" / "fine" / "locked.png").chmod(0)
    (root / "d" / "rough" / "closed").mkdir()
    (root / "d" / "rough" / "closed").chmod(0)
    done = texturekit(
        "extract", root / "d", "-o", root / "t.csv", "--json", "--features", "texture",
        before=without_privileges,
    )  # fmt: skip
    (root / "d" / "rough" / "closed").chmod(0o755)
    return done, names, root


def test_good_images_have_the_same_bits_as_without(among, clean):
    table = pd.read_csv(among[2] / "t.csv").set_index("id")

    pd.testing.assert_frame_equal(
        table.loc[clean.index, list(clean.columns[6:])], clean[list(clean.columns[6:])],
        check_exact=True, check_dtype=False,
    )  # fmt: skip


def test_what_is_no_file_is_named_and_nothing_hangs(among):  # F36, F37, F38, F41
    done, names, root = among
    answer = json.loads(done.out)
    lost = {row["path"]: row["error"] for row in answer["failed"]}

    assert done.code == 1
    for name, reason in NO_FILES.items():
        assert lost.pop(f"fine/{name}").startswith(reason)
    assert "permission denied" in lost.pop("fine/locked.png")
    assert "Permission denied" in lost.pop("rough/closed")
    assert lost == {}
    assert set(answer["ignored"]) == {"fine/round", *(f"fine/{name}" for name in IGNORED)}
    assert answer["used"] == 200 + len(names)
    assert "root:" not in (root / "t.csv").read_text()  # no content of /etc/passwd


def test_every_odd_name_is_measured_and_stays_one_cell(among):  # F33, F34
    done, names, root = among
    with (root / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    measured = {row["path"]: row["first_order.mean"] for row in rows if row["status"] == "ok"}

    assert len(rows) == json.loads(done.out)["used"] + len(json.loads(done.out)["failed"])
    for name in names:
        assert float(measured[f"{CLASS}/{name}"]) == pytest.approx(scene().mean())


def test_no_line_is_printed_twice(among):
    lines = [line for line in among[0].err.splitlines() if line]

    assert [line for line, n in Counter(lines).items() if n > 1] == []


def test_a_spreadsheet_runs_no_name(tmp_path, capsys):  # F34
    odd_names(tmp_path / "d")

    run(
        ["extract", str(tmp_path / "d"), "-o", str(tmp_path / "t.csv"), "--features", "first_order"]
    )

    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row[:2]]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
    assert "'=1+1.png" in cells


class Elements(HTMLParser):
    """The elements of a page, and the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found[tag] += 1
        self.attributes |= {name for name, _ in attrs}


@pytest.fixture(scope="module")
def reports(good, tmp_path_factory):
    """``compare`` on the good images, and on the same with every fault that is skipped."""
    import shutil

    from tests.faults.catalogue import DECODE

    root = tmp_path_factory.mktemp("r")
    shutil.copytree(good, root / "bad")
    no_files(root / "bad" / "fine")
    for fault in DECODE:
        if fault.reason and fault.number not in ("F17", "F22", "F24"):
            (root / "bad" / "fine" / f"<b>{fault.name}").write_bytes(fault.content())
    methods = ["--methods", "majority/dummy,first_order/logistic", "--folds", "2"]
    size = ["--resize", "32", "--permutations", "0", "--importance", "0"]
    for name, data in (("clean", good), ("bad", root / "bad")):
        code = run(["compare", "--data", str(data), *methods, *size, "-o", str(root / name[0])])
        assert code == (0 if name == "clean" else 1)
    return root / "c", root / "b"


def test_a_comparison_gives_the_same_predictions_without_the_bad_files(reports):
    clean, bad = (pd.read_parquet(folder / "predictions.parquet") for folder in reports)

    pd.testing.assert_frame_equal(clean, bad, check_exact=True)


def test_the_report_lists_them_and_they_make_no_element(reports):  # F35
    results = json.loads((reports[1] / "results.json").read_text())
    data, page = results["data"], (reports[1] / "index.html").read_text()

    assert data["found"] == data["used"] + len(data["skipped"])
    assert {skip["path"] for skip in data["skipped"]} > {"fine/away.png", "fine/<b>half.jpg"}
    assert "&lt;b&gt;half.jpg" in page
    assert Elements(page).found["b"] == Elements((reports[0] / "index.html").read_text()).found["b"]


def test_a_class_and_files_with_names_of_elements_make_none(good, tmp_path, capsys):  # F33 - F35
    import shutil

    shutil.copytree(good / "fine", tmp_path / "d" / "fine")
    odd_names(tmp_path / "d" / CLASS)

    code = run(
        ["compare", "--data", str(tmp_path / "d"), "--positive", "fine", "--folds", "2",
         "--methods", "majority/dummy,first_order/logistic", "--resize", "32",
         "-o", str(tmp_path / "r")]
    )  # fmt: skip

    page = (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
    assert code == 0
    scripts = len(re.findall("<script", page))
    assert Elements(page).found["script"] == scripts == 2  # the numbers of the explorer, our own
    assert not {name for name in Elements(page).attributes if name.startswith("on")}


@pytest.mark.parametrize("kind", ["pipe", "device", "gone", "folder", "half"])
def test_a_file_that_changes_between_scan_and_read_costs_its_row(kind, tmp_path):  # F40, F36
    for k in range(3):
        (tmp_path / f"{k}.png").write_bytes(encoded(scene(seed=k), "PNG"))
    data = tk.scan_folder(tmp_path)
    swap(tmp_path / "1.png", kind)

    table = tk.extract(data, "first_order")

    assert [failure.path for failure in table.failures] == ["1.png"]
    assert len(table) == 2


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_that_takes_the_place_of_a_file_while_it_is_opened_is_refused(
    kind, tmp_path, monkeypatch
):
    path = tmp_path / "a.png"
    path.write_bytes(SOUND)
    look = os.open

    def late(name, *rest, **more):
        if os.fspath(name) == str(path):
            swap(path, kind)
        return look(name, *rest, **more)

    monkeypatch.setattr("os.open", late)
    refused: list[str] = []

    def read():
        try:
            tk.read_image(path)
        except tk.errors.ImageError as error:
            refused.append(str(error))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(10)

    assert refused
    assert "a pipe, socket or device" in refused[0]


def swap(path: Path, kind: str) -> None:
    """Put something else in the place of a file."""
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "half":
        path.write_bytes(SOUND[:100])


@pytest.mark.parametrize("content", ["nothing", "bad files", "one bad class"])
def test_without_a_usable_image_it_stops_and_names_the_cause(content, tmp_path, capsys):  # F42
    data = tmp_path / "d"
    for name in ("a", "b"):
        (data / name).mkdir(parents=True)
        if content != "nothing":
            good = content == "one bad class" and name == "a"
            for k in range(4):
                (data / name / f"{k}.png").write_bytes(SOUND if good else b"")
    compared = [
        "compare",
        "--data",
        str(data),
        "--methods",
        "majority/dummy",
        "-o",
        str(tmp_path / "r"),
    ]
    measured = ["extract", str(data), "-o", str(tmp_path / "t.csv"), "--features", "first_order"]

    codes = run(compared), run(measured)

    said = capsys.readouterr().err
    assert codes == ((4, 1) if content == "one bad class" else (4, 4))
    assert re.search(r"class '[ab]' has 0 usable images|none of the 8 images", said)
    assert {path.name for path in tmp_path.iterdir()} <= {"d", "t.csv"}
