"""``texturekit data list`` and ``data fetch`` as a user runs them."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile

import pytest
from texturekit_cli.data_list import in_units
from texturekit_cli.main import run

from tests.webserver import Answer, serving

CARD = """
id: own
task: brain
title: Own set
modality: MRI
kind: binary
access: open
licence: for tests only
layout: folders
folders: {{"no": "no", "yes": "yes"}}
verified: by ourselves
notes: [a note]
files:
  - {{name: a.zip, url: "{url}/a.zip"}}
"""


@pytest.fixture
def server():
    with serving() as made:
        yield made


@pytest.fixture
def card(server, tmp_path):
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
        archive.writestr("yes/1.txt", os.urandom(200_000))
    server.answers["/a.zip"] = Answer((tmp_path / "made.zip").read_bytes())
    path = tmp_path / "own.yaml"
    path.write_text(CARD.format(url=server.url))
    return path


def test_list_shows_every_set_and_whether_it_wants_a_login(capsys):
    assert run(["data", "list"]) == 0

    out = capsys.readouterr().out.splitlines()
    assert len(out) == 19
    assert any("octmnist" in line and "no login" in line and "CC BY 4.0" in line for line in out)
    assert any("kaggle_cervix_types" in line and "login or by hand" in line for line in out)


def test_list_of_one_task_and_as_json(capsys):
    assert run(["data", "list", "--task", "oct", "--json"]) == 0
    cards = json.loads(capsys.readouterr().out)

    assert [card["id"] for card in cards] == ["octmnist", "mendeley_oct2017", "kaggle_kermany2018"]
    assert run(["data", "list", "--task", "otc"]) == 4
    assert "Did you mean 'oct'" in capsys.readouterr().err


def test_a_whole_card_says_what_is_not_verified(capsys):
    assert run(["data", "list", "mendeley_oct2017"]) == 0

    out = capsys.readouterr().out
    assert "OCT2017.tar.gz (5.8 GB; no checksum known) https://data.mendeley.com/" in out
    assert "566 of the 633 test patients" in out
    assert "No address on this card was opened." in out


def test_licence_size_and_login_stand_before_anything_is_fetched(card, server, tmp_path, capsys):
    assert run(["data", "fetch", str(card), "-o", str(tmp_path / "d"), "--dry-run"]) == 0

    err = capsys.readouterr().err
    assert "licence  for tests only" in err
    assert "size     unknown in one file" in err
    assert "login    none needed" in err
    assert "a note" in err
    assert server.asked == []
    assert not (tmp_path / "d").exists()


def test_fetch_prints_the_folder_and_what_comes_next(card, tmp_path, capsys):
    assert run(["data", "fetch", str(card), "-o", str(tmp_path / "d")]) == 0

    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'd' / 'own'}\n"
    assert f"texturekit data prepare {card} {tmp_path / 'd' / 'own'} -o own.csv" in err
    assert "own: 200 kB in one file, there and whole; compared: nothing" in err
    assert (tmp_path / "d" / "own" / "a" / "yes" / "1.txt").stat().st_size == 200_000


def test_fetch_as_json(card, tmp_path, capsys):
    assert run(["data", "fetch", str(card), "-o", str(tmp_path / "d"), "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer[0]["id"] == "own"
    assert answer[0]["files"][0]["checked"] == "nothing"


def test_a_gated_set_ends_with_six_and_the_steps_even_among_others(card, server, tmp_path, capsys):
    names = [str(card), "kaggle_brain_tumor_2"]

    assert run(["data", "fetch", *names, "-o", str(tmp_path / "d")]) == 6
    assert "kaggle datasets download -d navoneel/" in capsys.readouterr().err
    assert server.asked == []


def test_a_lost_file_ends_with_six(card, server, tmp_path, capsys):
    server.answers.clear()

    assert run(["data", "fetch", str(card), "-o", str(tmp_path / "d")]) == 6
    assert "status 404" in capsys.readouterr().err


def test_an_interrupted_download_goes_on_with_the_next_run(card, server, tmp_path):
    content = server.answers["/a.zip"].content
    server.answers["/a.zip"].breaks = [100_000]
    server.answers["/a.zip"].stall = 20.0
    command = [
        sys.executable, "-c", "from texturekit_cli.main import main; main()",
        "data", "fetch", str(card), "-o", str(tmp_path / "d"),
    ]  # fmt: skip
    part = tmp_path / "d" / "own" / "a.zip.part"

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        give_up = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size == 100_000) and time.monotonic() < give_up:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=20)
        finally:
            process.kill()

    assert process.returncode == 130
    assert "run again to go on" in err
    assert part.read_bytes() == content[:100_000]
    assert run(command[3:]) == 0
    assert server.ranges("/a.zip") == [None, "bytes=100000-"]
    assert not part.exists()


@pytest.mark.parametrize(
    ("size", "text"),
    [(5, "5 bytes"), (5736, "5.7 kB"), (5793183169, "5.8 GB"), (10**11, "100 GB")],
)
def test_sizes_for_people(size, text):
    assert in_units(size) == text
