from __future__ import annotations

import importlib.metadata
import sqlite3
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from safetensors.torch import save_file

import texturekit as tk
from texturekit.data.pictures import Pictures
from texturekit.deep import BACKBONES, embed, embedder
from texturekit.deep import kept as store
from texturekit.deep.kept import Kept, code_version, kept_folder
from texturekit.deep.networks import build_body
from texturekit.deep.weights import Weights
from texturekit.events import listening

NET = "squeezenet1_1"


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path / "kept")


@pytest.fixture
def folder(tmp_path, rng):
    """Five files of 40 x 40 noise."""
    for k in range(5):
        save(tmp_path / "images" / f"{k}.png", rng.integers(0, 256, (40, 40), dtype=np.uint8))
    return tmp_path / "images"


def save(path, pixels):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)


def run(folder, size=32, **options):
    pictures = Pictures(tk.load_source([folder]), size=size)
    return embed(pictures, NET, **{"weights": "none", "device": "cpu", **options})


@pytest.fixture
def computed(monkeypatch):
    """How many pictures went through the network, filling ones not counted."""
    counts = []
    whole = embedder.Embedder._computed

    def count(self, pictures, maps):
        counts.extend(pictures)
        return whole(self, pictures, maps)

    monkeypatch.setattr(embedder.Embedder, "_computed", count)
    return counts


def test_values_are_found_again_by_another_process(kept):
    kept.put({b"one": b"1", b"two": bytes(5000)})

    again = Kept(kept.path.parent).get([b"two", b"three", b"one"])

    assert again == {b"one": b"1", b"two": bytes(5000)}


@pytest.mark.parametrize("damage", ["garbage", "cut", "empty"])
def test_a_damaged_file_is_thrown_away_and_starts_anew(kept, damage):
    kept.put({b"%d" % k: bytes(3000) for k in range(50)})
    data = kept.path.read_bytes()
    kept.path.write_bytes({"garbage": b"x" * 9000, "cut": data[:9000], "empty": b""}[damage])

    found = Kept(kept.path.parent).get([b"%d" % k for k in range(50)])
    fresh = Kept(kept.path.parent)
    fresh.put({b"new": b"1"})

    assert all(value == bytes(3000) for value in found.values())
    assert fresh.get([b"new"]) == {b"new": b"1"}


def test_a_wrong_byte_in_a_value_is_told_and_forgotten(kept):
    kept.put({b"key": b"value", b"other": b"2"})
    with sqlite3.connect(kept.path) as base:
        base.execute(
            "UPDATE kept SET value = CAST(substr(value, 1, 16) || 'x' AS BLOB) WHERE key = ?",
            [b"key"],
        )
    base.close()
    heard = []

    with listening(heard.append):
        found = kept.get([b"key", b"other"])

    assert found == {b"other": b"2"}
    assert "1 values" in heard[0].message
    assert kept.get([b"key"]) == {}


def test_what_was_not_used_for_longest_goes(kept, monkeypatch):
    small = Kept(kept.path.parent, most=200_000)
    monkeypatch.setattr(store, "_today", lambda: 1)
    small.put({b"old%d" % k: bytes(4000) for k in range(20)})
    monkeypatch.setattr(store, "_today", lambda: 2)
    small.get([b"old0"])
    for start in range(0, 400, 20):
        small.put({b"new%d" % k: bytes(4000) for k in range(start, start + 20)})
        small.get([b"old0"])

    assert kept.path.stat().st_size < 600_000
    assert small.get([b"old1"]) == {}
    assert small.get([b"new399"]) == {b"new399": bytes(4000)}


def test_several_processes_write_at_once(kept):
    program = (
        "import sys; from pathlib import Path; from texturekit.deep.kept import Kept\n"
        "kept, name = Kept(Path(sys.argv[1])), sys.argv[2].encode()\n"
        "for k in range(30): kept.put({name + b'%d' % k: name * 1000})\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(kept.path.parent), name])
        for name in "abc"
    ]

    assert [one.wait() for one in running] == [0, 0, 0]
    keys = [name + b"%d" % k for name in (b"a", b"b", b"c") for k in range(30)]
    assert len(kept.get(keys)) == 90


def test_a_folder_that_cannot_be_made_costs_nothing_but_a_note(tmp_path):
    (tmp_path / "file").write_text("no folder")
    kept, heard = Kept(tmp_path / "file" / "kept"), []

    with listening(heard.append):
        kept.put({b"key": b"1"})
        found = kept.get([b"key"])

    assert found == {}
    assert [event.level for event in heard] == ["info"]


def test_the_variable_moves_the_folder_or_switches_it_off(monkeypatch, tmp_path):
    monkeypatch.setenv("TEXTUREKIT_EMBEDDINGS", str(tmp_path / "here"))
    assert kept_folder() == tmp_path / "here"
    monkeypatch.setenv("TEXTUREKIT_EMBEDDINGS", "OFF")
    assert kept_folder() is None
    monkeypatch.delenv("TEXTUREKIT_EMBEDDINGS")
    monkeypatch.setenv("TEXTUREKIT_CACHE", str(tmp_path / "cache"))
    assert kept_folder() == tmp_path / "cache" / "embeddings"


def test_pictures_seen_before_are_not_computed_again(folder, computed):
    first = run(folder)
    assert len(computed) == 5

    again = run(folder)

    assert len(computed) == 5
    assert_array_equal(again.values, first.values)


def test_a_picture_is_known_by_its_bytes_not_by_its_name(folder, computed):
    first = run(folder).values
    (folder / "0.png").rename(folder / "9.png")

    again = run(folder).values

    assert len(computed) == 5
    assert_array_equal(again, np.roll(first, -1, axis=0))


def test_only_what_is_new_is_computed(folder, computed, rng):
    first = run(folder).values
    save(folder / "2.png", rng.integers(0, 256, (40, 40), dtype=np.uint8))

    again = run(folder).values

    assert computed[5:] == [2]
    assert_array_equal(np.delete(again, 2, axis=0), np.delete(first, 2, axis=0))
    assert not np.array_equal(again[2], first[2])


@pytest.mark.parametrize(
    "other",
    [{"size": 36}, {"seed": 1}, {"pool": "std"}, {"layers": 3}, {"flip": True}, {"batch": 4},
     {"dtype": "bfloat16"}],
    ids=str,
)  # fmt: skip
def test_another_question_is_computed(folder, computed, other):
    run(folder)

    run(folder, **other)

    assert len(computed) == 10


def test_other_code_computes_anew(folder, computed, monkeypatch):
    run(folder)
    monkeypatch.setattr(embedder, "code_version", lambda: "another")

    run(folder)

    assert len(computed) == 10


def test_a_file_that_changes_meanwhile_is_not_kept(folder, computed, monkeypatch, rng):
    whole = Pictures.__getitem__
    new = rng.integers(0, 256, (40, 40), dtype=np.uint8)

    def change(self, i):
        found = whole(self, i)
        if i == 1:
            save(folder / "1.png", new)
        return found

    monkeypatch.setattr(Pictures, "__getitem__", change)
    run(folder)
    monkeypatch.setattr(Pictures, "__getitem__", whole)

    run(folder)

    assert computed[5:] == [1]


def test_switched_off_nothing_is_kept(folder, computed, monkeypatch):
    monkeypatch.setenv("TEXTUREKIT_EMBEDDINGS", "off")

    run(folder)
    run(folder)

    assert len(computed) == 10


def test_a_table_is_the_same_to_the_byte_with_and_without(folder, tmp_path, monkeypatch, computed):
    save(folder / "5.png", np.zeros((40, 40), np.uint8))
    (folder / "6.png").write_bytes((folder / "0.png").read_bytes()[:300])  # cut off
    data = tk.load_source([folder])
    options = {"features": f"{NET}(layers=3-4,pool=mean-std)", "weights": "none", "size": 32}
    first = tk.extract(data, **options)
    count = len(computed)
    again = tk.extract(data, **options)
    assert len(computed) - count == 1  # the file that cannot be read

    monkeypatch.setenv("TEXTUREKIT_EMBEDDINGS", "off")
    alone = tk.extract(data, **options)

    assert len(first.rows) == 7
    for table in (again, alone):
        assert table.values.tobytes() == first.values.tobytes()
        assert table.metadata == first.metadata
        assert table.rows.equals(first.rows)
        assert [one.kind for one in table.skipped] == ["unreadable"]


def test_two_files_without_a_checksum_are_two_networks(folder, tmp_path):
    found = []
    for seed in (0, 1):
        body = build_body(BACKBONES[NET], Weights("random", "random"), seed=seed)
        path = tmp_path / f"{seed}.safetensors"
        save_file({name: value.contiguous() for name, value in body.state_dict().items()}, path)
        found.append(run(folder, weights=Weights("my own", "file", path)).values)
        assert_array_equal(found[-1], run(folder, weights="none", seed=seed).values)

    assert not np.array_equal(*found)


def test_another_precision_of_products_is_computed(folder, computed, monkeypatch):
    run(folder)
    monkeypatch.setattr(embedder.torch, "get_float32_matmul_precision", lambda: "medium")
    run(folder)

    assert len(computed) == 10


def test_another_decoder_is_other_code(monkeypatch):
    known, whole = code_version.__wrapped__(), importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "0" if name == "imagecodecs" else whole(name)
    )

    assert code_version.__wrapped__() != known
