from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from texturekit.data import arrays as module
from texturekit.data.npz import read_npz
from texturekit.data.splits import holdout
from texturekit.errors import ImageError, ManifestError


@pytest.fixture
def arrays(rng):
    sizes = {"train": 6, "val": 2, "test": 3}
    made = {
        f"{k}_images": rng.integers(0, 256, (n, 7, 5), dtype=np.uint8) for k, n in sizes.items()
    }
    return made | {f"{k}_labels": np.arange(n)[:, None] % 2 for k, n in sizes.items()}


@pytest.fixture
def save(tmp_path):
    def write(arrays):
        file = tmp_path / "set.npz"
        np.savez_compressed(file, **arrays)
        return file

    return write


def test_reads_images_labels_and_splits(arrays, save):
    data = read_npz(save(arrays))

    assert data.paths[:2] == ["set.npz#train/0", "set.npz#train/1"]
    assert data.splits.tolist() == ["train"] * 6 + ["val"] * 2 + ["test"] * 3
    assert (data.classes, data.kind, data.labels.tolist()[:3]) == (("0", "1"), "binary", [0, 1, 0])
    assert_array_equal(data.image(9), arrays["test_images"][1])
    assert data.image(0, "rgb").shape == (7, 5, 3)
    assert_array_equal(data.image(0, "grey"), arrays["train_images"][0])
    facts = data.facts(0)
    assert (facts.width, facts.height, facts.mode, facts.bytes) == (5, 7, "L", 35)
    assert (facts.bit_depth, facts.format) == (8, "NPZ")
    assert len(data.sha256) == 64
    assert data.mask(0) is None


def test_class_names_are_in_the_order_of_their_numbers(arrays, save):
    data = read_npz(save(arrays | {"train_labels": np.array([10, 2, 0, 1, 2, 0])}))

    assert data.classes == ("0", "1", "2", "10")
    assert data.kind == "multiclass"


def test_several_columns_are_several_labels(arrays, save):
    several = {
        f"{k}_labels": np.eye(4, dtype=int)[: len(arrays[f"{k}_images"])] for k in ("val", "test")
    }
    several["train_labels"] = np.ones((6, 4), dtype=int)
    data = read_npz(save(arrays | several))

    assert (data.kind, data.classes[3]) == ("multilabel", "label_3")
    assert data.labels.dtype == np.float64
    assert data.label_name(7) == "label_1"


def test_colour_and_a_missing_split_are_fine(arrays, save):
    colour = {
        "train_images": np.zeros((6, 4, 4, 3), np.uint8),
        "train_labels": arrays["train_labels"],
    }
    data = read_npz(save(colour))

    assert data.image(0).shape == (4, 4, 3)
    assert data.image(0, "grey").shape == (4, 4)
    assert set(data.splits) == {"train"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"val_labels": None}, "no array 'val_labels' but train_images"),
        ({"val_images": None}, "no array 'val_images'"),
        ({"test_labels": np.zeros((4, 1), int)}, "3 test_images but 4 test_labels"),
        ({"test_images": np.zeros((3, 4, 4), np.float32)}, "dtype float32.*uint8 is wanted"),
        ({"test_images": np.zeros((3, 4, 4, 4), np.uint8)}, r"shape \(3, 4, 4, 4\)"),
        ({"test_labels": np.array([["a"]] * 3)}, "test_labels of shape"),
        ({"test_labels": np.full((3, 1), 0.5)}, "not whole numbers"),
        ({"test_labels": np.zeros((3, 2), int)}, "1 and 2 label columns"),
        ({"test_labels": np.array([object()] * 3)}, "test_labels' cannot be read .*pickle"),
    ],
)
def test_says_what_is_wrong_in_which_array(arrays, save, change, message):
    changed = {name: array for name, array in (arrays | change).items() if array is not None}
    with pytest.raises(ManifestError, match=message):
        read_npz(save(changed))


def test_label_columns_hold_zeros_and_ones(save):
    arrays = {"train_images": np.zeros((2, 4, 4), np.uint8), "train_labels": [[0, 1], [2, 0]]}
    with pytest.raises(ManifestError, match="train/1' has 2 as label_0"):
        read_npz(save(arrays))


def test_damaged_and_foreign_files_stop(arrays, save, tmp_path):
    file = save(arrays)
    whole = file.read_bytes()
    for damaged in (b"", b"<html>", whole[: len(whole) // 2], whole[:60] + b"\0" * 9 + whole[69:]):
        file.write_bytes(damaged)
        with pytest.raises(ManifestError, match=r"set.npz' is damaged or no .npz file"):
            read_npz(file)
    np.savez(file, images=np.zeros(3))
    with pytest.raises(ManifestError, match="no array 'train_images' but images"):
        read_npz(file)


def test_a_file_that_changes_is_read_again_and_one_that_goes_is_an_image_error(arrays, save):
    file = save(arrays)
    data = read_npz(file)
    data.image(0)
    save(arrays | {"train_images": np.full((5, 7, 5), 3, np.uint8)})

    assert data.image(0)[0, 0] == 3
    with pytest.raises(ImageError, match="train_images holds 5 images"):
        data.image(5)
    file.unlink()
    with pytest.raises(ImageError, match=r"set.npz#train/0' cannot be read"):
        data.image(0)


def test_reads_the_real_pneumoniamnist(real_data):
    data = read_npz(real_data / "chest_pneumoniamnist" / "pneumoniamnist.npz")
    fold = holdout(data)[0]

    # The data folder's README: train 388 + 3494, val 62 + 200, test 73 + 189.
    for rows, counts in ((fold.train, (388, 3494)), (fold.val, (62, 200)), (fold.test, (73, 189))):
        assert np.bincount(data.labels[rows]).tolist() == list(counts)
    assert data.image(17).shape == (28, 28)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_array_is_mapped_and_gives_the_same_images(save, order, tmp_path, monkeypatch, rng):
    pictures = np.asarray(rng.integers(0, 255, (40, 9, 7, 3), np.uint8), order=order)
    save(tmp_path / "a.npz", train_images=pictures, train_labels=np.arange(40) % 2)
    monkeypatch.setattr(module, "_IN_MEMORY", 1000)

    data = read_npz(tmp_path / "a.npz")

    assert isinstance(module.load_array(tmp_path / "a.npz", "train_images"), np.memmap)
    for i in (0, 17, 39):
        np.testing.assert_array_equal(data.image(i), pictures[i])


def test_a_large_array_that_is_a_bomb_or_would_need_pickle_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_IN_MEMORY", 1000)
    np.savez_compressed(tmp_path / "a.npz", train_images=np.zeros((900, 100, 100), np.uint8))
    np.savez(tmp_path / "b.npz", train_images=np.array([{}] * 900, dtype=object))

    with pytest.raises(ManifestError, match="more than any set of images"):
        module.load_array(tmp_path / "a.npz", "train_images")
    with pytest.raises(ManifestError, match="only pickle could read"):
        module.load_array(tmp_path / "b.npz", "train_images")


def test_threads_read_an_array_once(tmp_path, monkeypatch, rng):
    np.savez(tmp_path / "a.npz", train_images=rng.integers(0, 255, (4, 3, 3), np.uint8))
    loads, load = [], module._load
    monkeypatch.setattr(module, "_load", lambda file, key: (loads.append(key), load(file, key))[1])

    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda _: module.load_array(tmp_path / "a.npz", "train_images"), range(16))
        )

    assert len(loads) == 1
    assert all(one is found[0] for one in found)
