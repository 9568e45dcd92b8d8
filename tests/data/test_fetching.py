"""Whole sets: downloaded or taken from a folder, checked, unpacked, recorded."""

import fcntl
import hashlib
import io
import json
import os
import zipfile

import pytest

from tests.webserver import Answer, serving
from texturekit.data.asking import Patience
from texturekit.data.catalogue import SetCard, load_set
from texturekit.data.fetching import fetch
from texturekit.errors import (
    ArchiveError,
    DownloadError,
    OutputError,
    ParameterError,
)
from texturekit.events import listening

QUICK = Patience(connect=5.0, stall=5.0, retries=1, pause=0.01)
TABLE = b"path,label\n"


def packed(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "/", 1), content)
    return stream.getvalue()


IMAGES = packed(yes_1=b"one", no_2=b"two")


@pytest.fixture
def server():
    with serving() as made:
        made.answers = {"/images.zip": Answer(IMAGES), "/table.csv": Answer(TABLE)}
        yield made


@pytest.fixture
def card(server):
    return SetCard(
        id="own", task="brain", title="Own", modality="MRI", kind="binary", access="open",
        licence="ours", verified="by us",
        files=(
            {"name": "images.zip", "url": f"{server.url}/images.zip",
             "md5": hashlib.md5(IMAGES).hexdigest()},
            {"name": "table.csv", "url": f"{server.url}/table.csv", "bytes": len(TABLE)},
        ),
    )  # fmt: skip


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "fetched.json"
    }


UNPACKED = {"images/no/2": b"two", "images/yes/1": b"one", "table.csv": TABLE}


def test_files_are_fetched_checked_unpacked_and_recorded(card, tmp_path):
    heard = []
    with listening(heard.append):
        found = fetch(card, tmp_path / "own", patience=QUICK)

    record = json.loads((tmp_path / "own" / "fetched.json").read_text())
    assert files_of(tmp_path / "own") == {**UNPACKED, "images.zip": IMAGES}
    assert [one.checked for one in found] == ["md5 of the card", "size of the card only"]
    assert [one["sha256"] for one in record["files"]] == [
        hashlib.sha256(IMAGES).hexdigest(), hashlib.sha256(TABLE).hexdigest(),
    ]  # fmt: skip
    assert record["licence"] == "ours"
    assert any("table.csv: the card knows no checksum" in event.message for event in heard)


def test_what_is_there_is_not_fetched_again(card, server, tmp_path):
    fetch(card, tmp_path / "own", patience=QUICK, delete_archives=True)
    assert files_of(tmp_path / "own") == UNPACKED
    server.asked.clear()

    fetch(card, tmp_path / "own", patience=QUICK)
    assert server.asked == []

    (tmp_path / "own" / "table.csv").unlink()
    fetch(card, tmp_path / "own", patience=QUICK)
    assert [path for path, _ in server.asked] == ["/table.csv"]

    fetch(card, tmp_path / "own", patience=QUICK, overwrite=True)
    assert len(server.asked) == 3


def test_files_of_a_folder_are_taken_without_a_network(card, server, tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    (given / "images.zip").write_bytes(IMAGES)
    with pytest.raises(ParameterError, match="lacks 1 of 2 files of own"):
        fetch(card, tmp_path / "own", source=given)
    (given / "table.csv").write_bytes(TABLE)

    fetch(card, tmp_path / "own", source=given)

    assert server.asked == []
    assert files_of(tmp_path / "own") == UNPACKED
    assert files_of(given) == {"images.zip": IMAGES, "table.csv": TABLE}


def test_given_files_are_checked_as_downloads_are(card, tmp_path):
    (tmp_path / "images.zip").write_bytes(IMAGES[::-1])
    (tmp_path / "table.csv").write_bytes(TABLE)

    with pytest.raises(DownloadError, match=r"images.zip has .* bytes with md5 .* Nothing was"):
        fetch(card, tmp_path / "own", source=tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["images.zip", "table.csv"]


def test_an_evil_archive_leaves_nothing_but_itself(server, tmp_path):
    server.answers["/images.zip"] = Answer(packed(**{".._evil": b"evil"}))
    card = SetCard(
        id="own", task="brain", title="Own", modality="MRI", kind="binary", access="open",
        licence="ours", verified="by us",
        files=({"name": "images.zip", "url": f"{server.url}/images.zip"},),
    )  # fmt: skip

    with pytest.raises(ArchiveError, match=r"'\.\./evil'"):
        fetch(card, tmp_path / "own", patience=QUICK)

    assert sorted(p.name for p in tmp_path.rglob("*")) == ["images.zip", "own"]


def test_a_gated_set_says_every_step_and_touches_nothing(tmp_path):
    with pytest.raises(DownloadError) as caught:
        fetch(load_set("kaggle_cervix_types"), tmp_path / "own")

    text = str(caught.value)
    assert "accept the rules" in text
    assert "kaggle competitions download -c intel-mobileodt-cervical-cancer-screening" in text
    assert "texturekit data fetch kaggle_cervix_types --from DIR" in text
    assert list(tmp_path.iterdir()) == []


def test_a_gated_set_is_taken_from_a_folder_under_the_name_that_a_browser_gives(tmp_path):
    (tmp_path / "archive.zip").write_bytes(IMAGES)

    fetch(load_set("kaggle_brain_tumor_2"), tmp_path / "own", source=tmp_path)

    stem = "brain-mri-images-for-brain-tumor-detection"
    assert files_of(tmp_path / "own") == {f"{stem}/no/2": b"two", f"{stem}/yes/1": b"one"}


def test_a_set_without_files_points_at_prepare(tmp_path):
    with pytest.raises(ParameterError, match="texturekit data prepare mendeley_lbc DIR"):
        fetch(load_set("mendeley_lbc"), tmp_path / "own", source=tmp_path)


def test_too_little_room_for_all_files_is_said_first(tmp_path, monkeypatch):
    import shutil

    usage = shutil.disk_usage(tmp_path)._replace(free=10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    with pytest.raises(OutputError, match="5,793,183,169 bytes, but only 1,000,000,000 are free"):
        fetch(load_set("mendeley_oct2017"), tmp_path / "own")


def test_a_damaged_record_is_named(card, tmp_path):
    (tmp_path / "fetched.json").write_text("{")

    with pytest.raises(OutputError, match=r"fetched.json cannot be read"):
        fetch(card, tmp_path, patience=QUICK)


def test_two_processes_do_not_fetch_into_one_folder(card, tmp_path):
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)

    with pytest.raises(OutputError, match="another process fetches into"):
        fetch(card, tmp_path, patience=QUICK)
    os.close(handle)
    fetch(card, tmp_path, patience=QUICK)


def test_what_a_killed_process_had_half_unpacked_is_cleared_away(card, tmp_path):
    (tmp_path / ".images.12345678.partial" / "yes").mkdir(parents=True)

    fetch(card, tmp_path, patience=QUICK)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "fetched.json", "images", "images.zip", "table.csv",
    ]  # fmt: skip
