from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from texturekit.data.folders import scan_folder
from texturekit.errors import ManifestError


def pictures(root: Path, *names: str) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (6, 5), 255).save(file, format="PNG")
    return root


def kinds(data) -> dict[str, str]:
    return {one.path: one.kind for one in data.skipped}


def test_folders_are_classes_and_are_read_deeply_in_order(tmp_path):
    data = scan_folder(pictures(tmp_path, "b/2.png", "a/z/1.JPG", "a/1.png", "a/B.tif"))

    assert data.ids == data.paths == ["a/1.png", "a/B.tif", "a/z/1.JPG", "b/2.png"]
    assert (data.classes, data.labels.tolist(), data.kind) == (("a", "b"), [0, 0, 0, 1], "binary")
    assert (data.splits, data.groups, data.found) == (None, None, 4)


def test_split_folders_fill_the_split(tmp_path):
    names = ("Training/a/1.png", "Training/b/1.png", "valid/a/1.png", "TEST/b/1.png")
    data = scan_folder(pictures(tmp_path, *names))

    assert data.splits.tolist() == ["test", "train", "train", "val"]
    assert [data.label_name(i) for i in range(4)] == ["b", "a", "b", "a"]


def test_a_train_folder_alone_is_a_split_if_it_holds_classes(tmp_path):
    tree = scan_folder(pictures(tmp_path / "one", "train/a/1.png", "train/b/1.png"))
    flat = scan_folder(pictures(tmp_path / "two", "test/1.png", "other/1.png"))

    assert (tree.classes, tree.splits.tolist()) == (("a", "b"), ["train", "train"])
    assert (flat.classes, flat.splits) == (("other", "test"), None)


def test_what_stands_outside_the_classes_is_listed(tmp_path):
    data = scan_folder(
        pictures(tmp_path, "train/a/1.png", "test/a/1.png", "test/2.png", "docs/3.png", "4.png")
    )

    assert data.paths == ["test/a/1.png", "train/a/1.png"]
    assert kinds(data) == {"4.png": "invalid", "docs/3.png": "invalid", "test/2.png": "invalid"}


def test_a_flat_folder_has_no_labels(tmp_path):
    data = scan_folder(pictures(tmp_path, "2.png", "1.png"))

    assert (data.ids, data.labels, data.kind) == (["1.png", "2.png"], None, None)


def test_splits_without_classes_have_no_labels(tmp_path):
    data = scan_folder(pictures(tmp_path, "train/1.png", "test/1.png"))

    assert (data.splits.tolist(), data.labels) == (["test", "train"], None)


def test_other_files_are_counted_as_ignored(tmp_path):
    pictures(tmp_path, "a/1.png", "b/1.png", "a/._1.png", ".hidden/1.png")
    for name in ("a/.DS_Store", "a/Thumbs.db", "b/notes.txt", "readme"):
        (tmp_path / name).write_bytes(b"x")
    data = scan_folder(tmp_path)

    assert set(kinds(data).values()) == {"ignored"}
    assert len(data.skipped) == 6
    assert data.found == 8


def test_damaged_files_keep_their_row(tmp_path):
    pictures(tmp_path, "a/1.png")
    (tmp_path / "a" / "empty.png").touch()
    (tmp_path / "a" / "page.jpg").write_text("<html></html>")

    assert scan_folder(tmp_path).paths == ["a/1.png", "a/empty.png", "a/page.jpg"]


def test_links_never_lead_out_or_round(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    pictures(outside, "secret.png", "more/1.png")
    pictures(root, "a/1.png", "a/.store/2.png")
    for name, target in {
        "out.png": outside / "secret.png",
        "dangling.png": outside / "none.png",
        "loop.png": root / "a" / "loop.png",
        "again.png": root / "a" / "1.png",
        "2.png": root / "a" / ".store" / "2.png",
        "folder": root,
        "more": outside / "more",
    }.items():
        (root / "a" / name).symlink_to(target)
    data = scan_folder(root)

    assert data.paths == ["a/1.png", "a/2.png"]
    assert kinds(data) == {
        "a/.store": "ignored",
        "a/again.png": "ignored",
        "a/dangling.png": "unreadable",
        "a/folder": "invalid",
        "a/loop.png": "unreadable",
        "a/more": "invalid",
        "a/out.png": "invalid",
    }


def test_pipes_and_folders_named_like_images_are_skipped(tmp_path):
    pictures(tmp_path, "a/1.png")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    (tmp_path / "a" / "x.png").mkdir()
    data = scan_folder(tmp_path)

    assert kinds(data) == {"a/pipe.png": "invalid", "a/x.png": "invalid"}


def test_undecodable_names_are_read(tmp_path):
    pictures(tmp_path, "a/1.png")
    os.rename(tmp_path / "a" / "1.png", os.fsencode(tmp_path / "a") + b"/\xff.png")  # noqa: PTH104 - bytes
    (tmp_path / "a").joinpath(os.fsdecode(b"\xfe.txt")).touch()
    data = scan_folder(tmp_path)

    assert data.ids == [os.fsdecode(b"a/\xff.png")]
    assert data.image(0).shape == (5, 6)
    assert len(data.sha256) == 64
    assert kinds(data) == {"a/\\xfe.txt": "ignored"}


def test_empty_folders_and_classes_stop(tmp_path):
    with pytest.raises(ManifestError, match=r"has 0 usable images \(it is empty\)"):
        scan_folder(tmp_path)
    pictures(tmp_path, "a/1.png")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.txt").touch()
    with pytest.raises(ManifestError, match="class 'b' has 0 usable images"):
        scan_folder(tmp_path)
    with pytest.raises(ManifestError, match="is not a folder"):
        scan_folder(tmp_path / "a" / "1.png")


def test_a_class_may_be_missing_in_one_split(tmp_path):
    pictures(tmp_path, "train/a/1.png", "train/b/1.png", "test/a/1.png")
    (tmp_path / "test" / "b").mkdir()

    assert scan_folder(tmp_path).classes == ("a", "b")


def test_masks_beside_their_images_are_no_images(tmp_path):
    # BUSI as published: "benign (1).png" with "benign (1)_mask.png" and "benign (1)_mask_1.png".
    pictures(tmp_path, "a/x (1).png", "a/x (1)_mask.png", "a/x (1)_mask_1.png", "a/face_mask.png")
    data = scan_folder(tmp_path)
    masked = scan_folder(tmp_path, masks=tmp_path)

    assert data.paths == ["a/face_mask.png", "a/x (1).png"]
    assert set(kinds(data).values()) == {"ignored"}
    assert masked.paths == ["a/x (1).png"]
    assert masked.mask(0).all()
    assert kinds(masked)["a/face_mask.png"] == "invalid"


def test_a_folder_of_masks_inside_is_no_class(tmp_path):
    pictures(tmp_path, "a/1.png", "b/1.png", "masks/a/1.tif", "masks/b/1_mask.png")
    data = scan_folder(tmp_path, masks=tmp_path / "masks")

    assert data.classes == ("a", "b")
    assert [Path(mask).name for mask in data.frame["mask"]] == ["1.tif", "1_mask.png"]


def test_reads_the_real_folders(real_data):
    data = scan_folder(real_data / "cervix_herlev")
    odd = scan_folder(real_data / "oddities")

    assert (len(data), len(data.classes), data.kind) == (570, 7, "multiclass")
    assert (len(odd), odd.found) == (10, 11)  # a Sun raster is no image of ours
