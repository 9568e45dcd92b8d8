"""Files with several pictures as rows, masks that follow them, folders of DICOM files."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import texturekit as tk
from tests.dicoms import dicom
from texturekit.data.files import list_images
from texturekit.data.pictures import Pictures
from texturekit.errors import ImageError, ManifestError, ParameterError
from texturekit.images import Frames, split_place


def stack(path, count, rng, shape=(9, 11)):
    np.save(path, rng.integers(1, 255, (count, *shape), np.uint8))
    return path


def png(path, rng):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(rng.integers(1, 255, (9, 11), np.uint8)).save(path)
    return path


@pytest.mark.parametrize("rule", ["last", "-1", "1.5", "axial:", "radial:3", "", "middle@", True])
def test_a_rule_that_is_none_is_refused(rule):
    with pytest.raises(ParameterError, match="is no rule; give one, first, middle, all"):
        Frames.of(rule)


@pytest.mark.parametrize("rule", ["one", "first", "middle", "all", "7", "axial:all", "coronal:3@2"])
def test_a_rule_is_written_as_it_is_read(rule):
    assert str(Frames.of(rule)) == rule
    assert Frames.of(Frames.of(rule)) == Frames.of(rule)


def test_a_file_may_have_a_hash_in_its_name():
    assert split_place("scan#3.png") == ("scan#3.png", None)
    assert split_place("a#frame/2")[0] == "a"


def test_all_gives_a_row_a_picture_and_a_file_is_one_group(tmp_path, rng):
    for name, count in [("a.npy", 3), ("b.npy", 2)]:
        stack(tmp_path / name, count, rng)
    png(tmp_path / "c.png", rng)
    (tmp_path / "m.csv").write_text(
        "path,label,age\na.npy,x,5\nlost.npy,x,6\nb.npy,y,7\nc.png,y,8\n"
    )

    data = tk.read_manifest(tmp_path / "m.csv", frames="all")

    assert data.ids == ["a.npy#frame/0", "a.npy#frame/1", "a.npy#frame/2", "b.npy#frame/0",
                        "b.npy#frame/1", "c.png"]  # fmt: skip
    assert data.paths == data.ids
    assert list(data.groups) == ["file:a.npy"] * 3 + ["file:b.npy"] * 2 + ["row:c.png"]
    assert [data.label_name(i) for i in range(6)] == ["x"] * 3 + ["y"] * 3
    assert list(data.frame["age"]) == ["5", "5", "5", "7", "7", "8"]
    assert_array_equal(data.image(4), np.load(tmp_path / "b.npy")[1])
    assert [skip.place for skip in data.skipped] == [3]
    assert data.found == 7


def test_a_known_patient_stays_the_group_of_all_rows(tmp_path, rng):
    for name in ("a.npy", "b.npy", "c.npy"):
        stack(tmp_path / name, 2, rng)
    (tmp_path / "m.csv").write_text("path,label,group\na.npy,x,p1\nb.npy,y,p1\nc.npy,y,\n")

    data = tk.read_manifest(tmp_path / "m.csv", frames="all")

    assert list(data.groups) == ["p1"] * 4 + ["file:c.npy"] * 2


@pytest.mark.parametrize(
    ("rows", "groups"),
    [
        ("a.npy,x,\na.npy#frame/1,y,\nb.npy,y,\n", ["file:a.npy", "file:a.npy", "row:b.npy"]),
        ("a.npy#frame/0,x,p1\na.npy#frame/1,y,\nb.npy,y,\n", ["p1", "p1", "row:b.npy"]),
    ],
)
def test_rows_that_name_pictures_of_a_file_stay_together(rows, groups, tmp_path, rng):
    for name in ("a.npy", "b.npy"):
        stack(tmp_path / name, 2, rng)
    (tmp_path / "m.csv").write_text(f"path,label,group\n{rows}")

    assert list(tk.read_manifest(tmp_path / "m.csv", frames="first").groups) == groups


def test_a_card_finds_the_patient_of_rows_that_name_a_picture(tmp_path, rng):
    from texturekit.data.tasks import load_card, load_task

    card = load_card("breast").model_copy(update={"group_rule": r"(person\d+)_"})
    rows = ["path,label"]
    for name, label in [("person1_a", "benign"), ("person1_b", "benign"), ("c", "malignant")]:
        stack(tmp_path / f"{name}.npy", 2, rng)
        rows += [f"{name}.npy#frame/{k},{label}" for k in range(2)]
    (tmp_path / "m.csv").write_text("\n".join(rows))

    data = load_task(card, tmp_path / "m.csv")

    assert list(data.groups) == ["person1"] * 4 + ["file:c.npy"] * 2


def test_no_fold_ever_cuts_a_file(tmp_path, rng):
    from texturekit.data.splits import kfold

    rows = ["path,label"]
    for number in range(12):
        stack(tmp_path / f"{number}.npy", 4, rng, (2, 2))
        rows.append(f"{number}.npy,{'xy'[number % 2]}")
    (tmp_path / "m.csv").write_text("\n".join(rows))
    data = tk.read_manifest(tmp_path / "m.csv", frames="all", group=None)

    for fold in kfold(data, folds=3, repeats=2, seed=1):
        files = [{split_place(data.paths[i])[0] for i in part} for part in (fold.train, fold.test)]
        assert not files[0] & files[1]


@pytest.mark.parametrize("group", ["group", None])
def test_files_that_stay_together_are_not_called_patients(group, tmp_path, rng):
    from texturekit.data.expansion import without_patients
    from texturekit.methods.folding import grouping

    for name in ("a.npy", "b.npy"):
        stack(tmp_path / name, 2, rng)
    (tmp_path / "m.csv").write_text("path,label,group\na.npy,x,p1\nb.npy,y,\n")
    data = tk.read_manifest(tmp_path / "m.csv", frames="all", group=group)
    bare = without_patients(data)

    unknown = "the pictures of a file stay together, every file counts as its own patient"
    assert (unknown in grouping(data, group)) == (group is None)
    assert grouping(bare, "group").startswith("unknown: " + unknown)
    assert list(bare.groups) == ["file:a.npy"] * 2 + ["file:b.npy"] * 2


def test_a_rule_that_names_one_keeps_the_rows(tmp_path, rng):
    stack(tmp_path / "a.npy", 5, rng)

    data = list_images([tmp_path / "a.npy"], frames="middle")

    assert len(data) == 1
    assert str(data.frames) == "middle"
    assert_array_equal(data.image(0), np.load(tmp_path / "a.npy")[2])
    assert data.subset([0]).frames == data.frames


def test_without_a_rule_the_row_is_lost_and_the_way_out_is_said(tmp_path, rng):
    stack(tmp_path / "a.npy", 5, rng)
    png(tmp_path / "b.png", rng)

    table = tk.extract(tk.scan_folder(tmp_path), "first_order")

    assert len(table) == 1
    assert "has 5 frames; say which to take: frames='first'" in table.failures[0].error
    assert table.metadata["frames"] == "one"


def test_a_manifest_may_name_frames_itself(tmp_path, rng):
    stack(tmp_path / "a.npy", 5, rng)
    (tmp_path / "m.csv").write_text("path,label\na.npy#frame/4,x\na.npy#frame/9,y\n")

    data = tk.read_manifest(tmp_path / "m.csv")

    assert list(data.groups) == ["file:a.npy"] * 2

    assert_array_equal(data.image(0), np.load(tmp_path / "a.npy")[4])
    with pytest.raises(ImageError, match="has 5 frames, so number 9 is not there"):
        data.image(1)


def test_an_unreadable_file_keeps_its_row_until_it_is_read(tmp_path, rng):
    stack(tmp_path / "a.npy", 2, rng)
    (tmp_path / "b.npy").write_bytes(b"\x93NUMPY nothing")

    table = tk.extract(tk.scan_folder(tmp_path, frames="all"), "first_order")

    assert table.ids == ["a.npy#frame/0", "a.npy#frame/1"]
    assert [failure.path for failure in table.failures] == ["b.npy"]


# --- masks ------------------------------------------------------------------------------------


def test_a_mask_with_frames_follows_its_image(tmp_path, rng):
    stack(tmp_path / "a.npy", 4, rng)
    (tmp_path / "masks").mkdir()
    masks = np.arange(4)[:, None, None] * np.ones((4, 9, 11), np.uint8)
    masks[0] = 9
    masks[:, :, :5] = 0
    np.save(tmp_path / "masks" / "a_mask.npy", masks.astype(np.uint8))

    for rule in ("all", "2"):
        data = tk.scan_folder(tmp_path, masks=tmp_path / "masks", frames=rule, mask_label=2)
        row = 2 if rule == "all" else 0
        assert_array_equal(data.mask(row), masks[2] == 2)
    with pytest.raises(ImageError, match=r"without label 2 \(it holds 0, 3\)"):
        tk.scan_folder(tmp_path, masks=tmp_path / "masks", frames=3, mask_label=2).mask(0)


def test_one_mask_serves_all_frames_and_another_number_is_refused(tmp_path, rng):
    stack(tmp_path / "a.npy", 4, rng)
    stack(tmp_path / "b.npy", 4, rng)
    (tmp_path / "masks").mkdir()
    png(tmp_path / "masks" / "a.png", rng)
    stack(tmp_path / "masks" / "b.npy", 3, rng)

    data = tk.scan_folder(tmp_path, masks=tmp_path / "masks", frames=1)

    assert data.mask(0).all()
    with pytest.raises(ImageError, match=r"b\.npy' holds 3 frames, but .*b\.npy' 4 frames"):
        data.mask(1)


def test_a_volume_and_its_mask_of_another_orientation(tmp_path, rng):
    nibabel = pytest.importorskip("nibabel")
    volume = rng.integers(1, 99, (4, 5, 6), np.int16)
    ras = nibabel.Nifti1Image(volume, np.diag([1.0, 1, 1, 1]))
    label = np.zeros((4, 5, 6), np.uint8)
    label[1:3, 1:4, 2] = 7
    flipped = nibabel.Nifti1Image(label[::-1, ::-1], np.diag([-1.0, -1, 1, 1]))  # LPS
    (tmp_path / "masks").mkdir()
    nibabel.save(ras, tmp_path / "scan.nii.gz")
    nibabel.save(flipped, tmp_path / "masks" / "scan.nii.gz")

    data = tk.scan_folder(tmp_path, masks=tmp_path / "masks", frames="axial:2", mask_label=7)

    assert_array_equal(np.sort(data.image(0)[data.mask(0)]), np.sort(volume[label == 7]))


def test_double_suffixes_match(tmp_path, rng):
    (tmp_path / "masks").mkdir()
    for name in ("a.b.nii.gz", "IM0001"):
        (tmp_path / name).write_bytes(b"\0" * 128 + b"DICM")
    for name in ("a.b_mask.nii.gz", "IM0001.npy"):
        stack(tmp_path / "masks" / name, 1, rng) if name.endswith("npy") else (
            tmp_path / "masks" / name
        ).write_bytes(b"\x1f\x8b")

    data = tk.scan_folder(tmp_path, masks=tmp_path / "masks")

    assert [mask.rsplit("/")[-1] for mask in data.frame["mask"]] == [
        "IM0001.npy",
        "a.b_mask.nii.gz",
    ]


@pytest.mark.parametrize("value", [1, 255])
def test_a_mask_of_0_and_255_needs_no_label(value, tmp_path, rng):
    image = png(tmp_path / "a.png", rng)
    mask = np.zeros((9, 11), np.uint8)
    mask[2:7, 2:8] = value
    (tmp_path / "masks").mkdir()
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")

    table = tk.extract(list_images([image], masks=tmp_path / "masks"), "first_order")

    inside = np.asarray(Image.open(image))[2:7, 2:8]
    assert table.values[0, 0] == pytest.approx(inside.mean())


def test_a_mask_of_another_size_names_both(tmp_path, rng):
    image = png(tmp_path / "a.png", rng)
    (tmp_path / "masks").mkdir()
    np.save(tmp_path / "masks" / "a.npy", np.ones((5, 6), bool))

    with pytest.raises(ImageError, match=r"11x9 pixels, but its mask is 6x5"):
        tk.extract(list_images([image], masks=tmp_path / "masks"), "first_order", fail_fast=True)


# --- folders of DICOM files ---------------------------------------------------------------------


def test_dicom_files_without_a_suffix_are_images(tmp_path):
    pixels = np.ones((4, 4), np.uint8)
    for name in ("IM0001", "1.2.840.10008.1", "a.dcm"):
        dicom(tmp_path / name, pixels)
    (tmp_path / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "README").write_text("not an image")
    (tmp_path / "v.nrrd").write_text("NRRD0004")

    data = tk.scan_folder(tmp_path)

    assert data.paths == ["1.2.840.10008.1", "IM0001", "a.dcm"]
    assert {skip.path: (skip.kind, skip.reason.split(";")[0]) for skip in data.skipped} == {
        "DICOMDIR": ("ignored", "a DICOMDIR: an index without pixels"),
        "README": ("ignored", "no suffix: not an image"),
        "v.nrrd": ("unreadable", ".nrrd cannot be read"),
    }
    assert len(list_images([tmp_path / "IM0001"])) == 1


def test_what_has_to_be_converted_says_how(tmp_path):
    (tmp_path / "brain.mgz").write_bytes(b"\x1f\x8b0")

    with pytest.raises(ManifestError, match=r"brain\.mgz.*mri_convert a\.mgz a\.nii\.gz"):
        list_images([tmp_path / "brain.mgz"])
    with pytest.raises(ImageError, match=r"brain\.mgz.*mri_convert a\.mgz a\.nii\.gz"):
        tk.read_image(tmp_path / "brain.mgz")


def test_nothing_that_a_dicom_file_says_of_a_patient_reaches_any_output(tmp_path, rng):
    import json

    heard = []
    from texturekit.events import listening

    for number, kind in enumerate("aabb"):
        (tmp_path / "data" / kind).mkdir(parents=True, exist_ok=True)
        for k in range(4):
            dicom(
                tmp_path / "data" / kind / f"{number}{k}.dcm",
                rng.integers(0, 200, (24, 24), np.uint8), fake=True, BurnedInAnnotation="YES",
            )  # fmt: skip
    broken = tmp_path / "data" / "a" / "broken.dcm"
    dicom(broken, np.zeros((4, 4), np.uint8), fake=True, PhotometricInterpretation="SECRET")
    with listening(heard.append):
        data = tk.scan_folder(tmp_path / "data")
        tk.extract(data, "first_order", out=tmp_path / "t.csv")
        tk.extract(data, "first_order+geometry", out=tmp_path / "t.parquet")
        study = tk.compare(data=str(tmp_path / "data"), methods=["majority/dummy",
                           "first_order/logistic"], folds=2, size=32, positive="b")  # fmt: skip
        tk.write_report(study, tmp_path / "report")

    said = json.dumps([event.message for event in heard])
    assert "16 files say that text stands in their pixels" in said
    assert "SECRET" not in said
    for path in [*tmp_path.glob("t.*"), *(tmp_path / "report").rglob("*")]:
        assert not path.is_file() or b"SECRET" not in path.read_bytes(), path


def test_the_window_of_a_file_reaches_nets_and_thumbnails_but_not_texture(tmp_path):
    pixels = np.arange(-500, 524, dtype=np.int16).reshape(32, 32)
    dicom(tmp_path / "a.dcm", pixels, WindowCenter=0.5, WindowWidth=101)
    data = list_images([tmp_path / "a.dcm"])

    pictures = Pictures(data, size=None)
    seen, (measured, _) = pictures[0], pictures.region(0)

    assert_array_equal(measured, pixels)
    wanted = np.floor(np.clip((pixels.astype(float) + 50) / 100, 0, 1) * 255 + 0.5)
    assert_array_equal(seen[:, :, 0], wanted)
    assert_array_equal(pictures.view(0, 32), seen)
    assert pictures.notes.rows[0][1] == pytest.approx(1 - 101 / 1024)
    assert any("the window clips 1 pictures: 90%" in text for text, _ in pictures.notes.sentences())
    full = Pictures(data, size=None, window="full")[0]
    assert (full.min(), full.max()) == (0, 255)
    fixed = Pictures(data, size=None, window="-500:523")
    assert_array_equal(fixed[0], full)
    assert not fixed.notes.sentences()


def test_the_window_is_recorded(tmp_path, rng):
    stack(tmp_path / "a.npy", 2, rng)

    table = tk.extract(tk.scan_folder(tmp_path, frames="all"), "first_order", window=" 0:4095 ",
                       out=tmp_path / "t.parquet")  # fmt: skip

    assert tk.read_table(table.path).metadata["window"] == "0:4095"
    assert tk.read_table(table.path).metadata["frames"] == "all"
    assert isinstance(pd.read_parquet(table.path), pd.DataFrame)


def test_what_is_odd_about_files_is_said_once_and_kept(tmp_path, rng):
    from texturekit.events import listening
    from texturekit.extraction import represent
    from texturekit.features.grammar import parse_parts

    heard = []
    for number in range(3):
        png(tmp_path / f"{number}.png", rng).rename(tmp_path / f"{number}.jpg")
    Image.new("RGBA", (9, 9), (5, 6, 7, 90)).save(tmp_path / "clear.png")

    with listening(heard.append):
        found = represent(tk.scan_folder(tmp_path), parse_parts("first_order"))

    assert found.notes == (
        "3 files hold another format than their names say; the content was read.",
        "1 files are transparent in places; they were laid over black.",
    )
    assert [event.message for event in heard if event.message] == list(found.notes)


def test_a_label_of_masks_without_masks_is_refused(tmp_path, rng):
    Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(tmp_path / "a.png")

    with pytest.raises(ManifestError, match=r"mask_label=2, but no image of .* has a mask"):
        tk.load_source(tmp_path, mask_label=2)
