"""Sets whose labels stand in a table: NIH ChestX-ray14 and tables as CheXpert has them."""

import numpy as np
import pandas as pd
import pytest

import texturekit as tk
from tests.data import trees
from texturekit.data.preparing import prepare
from texturekit.errors import ManifestError

# The header of the original, whose last column has no name.
NIH = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n"
)
NIH_ROWS = [
    ("00000001_000.png", "Cardiomegaly", 1),
    ("00000001_001.png", "Cardiomegaly|Emphysema", 1),
    ("00000002_000.png", "No Finding", 2),
    ("00000003_000.png", "Hernia|Pleural_Thickening", 3),
]
CHEXPERT = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Lung Opacity,Pleural Effusion\n"
ROOT = "CheXpert-v1.0-small"
TRAIN = [
    (f"{ROOT}/train/patient00001/study1/view1_frontal.jpg", "1.0", "", ""),
    (f"{ROOT}/train/patient00001/study1/view2_lateral.jpg", "", "-1.0", "1.0"),
    (f"{ROOT}/train/patient00002/study1/view1_frontal.jpg", "", "0", "-1"),
]
VALID = [(f"{ROOT}/valid/patient64541/study1/view1_frontal.jpg", "0.0", "1.0", "0.0")]


def nih_table(folder, entries=NIH_ROWS, *, end="\n", start=""):
    lines = [f"{name},{finding},0,{patient},58,M,PA,2682,2749,0.143,0.143,"
             for name, finding, patient in entries]  # fmt: skip
    text = start + NIH.replace("\n", end) + end.join([*lines, ""])
    (folder / "Data_Entry_2017.csv").write_bytes(text.encode("utf-8"))


@pytest.fixture
def nih(tmp_path):
    folder = tmp_path / "nih"
    trees.grow(folder, [f"images_001/images/{name}" for name, _, _ in NIH_ROWS])
    nih_table(folder)
    return folder


def rows(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")


def test_nih_findings_become_fourteen_labels(nih, tmp_path):
    (nih / "train_val_list.txt").write_text("00000001_000.png\n00000001_001.png\n00000002_000.png")
    (nih / "test_list.txt").write_text("00000003_000.png\n")

    result = prepare(nih, tmp_path / "m.csv")
    data = tk.load_task("chest", tmp_path / "m.csv")

    written = rows(tmp_path / "m.csv")
    assert (result.set, result.layout, result.groups) == ("nih_chestxray14", "nih", 3)
    assert written[1]["path"] == "nih/images_001/images/00000001_001.png"
    assert [name for name, value in written[1].items() if value == "1"] == [
        "Cardiomegaly", "Emphysema", "group",
    ]  # fmt: skip
    assert result.classes == {
        name: int(name in ("Emphysema", "Hernia", "Pleural_Thickening")) for name in result.classes
    } | {"Cardiomegaly": 2}
    assert result.splits == {"test": 1, "train": 3}
    assert result.shared_groups == 0
    assert data.kind == "multilabel"
    assert not np.nansum(data.labels[2])  # "No Finding" is no label, and none is present


def test_nih_faults_are_named_with_their_rows(nih, tmp_path):
    nih_table(
        nih,
        [*NIH_ROWS, ("00000009_000.png", "Mass", 9), NIH_ROWS[0], ("00000002_000.png", "Mass", 2)],
    )
    trees.grow(nih, ["images_002/images/00000077_000.png"])

    result = prepare(nih, tmp_path / "m.csv")

    lost = {one.path: one.reason for one in result.skipped if one.kind != "ignored"}
    assert result.images == 3 - 1 + 1
    assert lost == {
        "00000009_000.png": "row 6: no such file below the folder",
        "images_001/images/00000001_000.png": "row 7: same image as row 2",
        "images_001/images/00000002_000.png":
            "row 8: same image, labels Mass and No Finding (rows 4, 8)",
    }  # fmt: skip
    assert any("1 images have no row in Data_Entry_2017.csv, the first: images_002" in note
               for note in result.notes)  # fmt: skip


def test_nih_patient_of_one_image_may_not_change(nih, tmp_path):
    nih_table(nih, [*NIH_ROWS, ("00000001_000.png", "Cardiomegaly", 5)])

    with pytest.raises(ManifestError, match="in rows 2 and 6 as 1 and as 5"):
        prepare(nih, tmp_path / "m.csv")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"entries": [("00000001_000.png", "Cardiomegalie", 1)]},
         "finding 'Cardiomegalie' in row 2, column 'Finding Labels'. Did you mean 'Cardiomegaly'"),
        ({"entries": [("00000001_000.png", "Mass,Nodule", 1)]}, "13 values in row 2 but 12"),
    ],
)  # fmt: skip
def test_nih_cells_that_cannot_be_are_named(change, words, nih, tmp_path):
    nih_table(nih, **change)

    with pytest.raises(ManifestError, match=words):
        prepare(nih, tmp_path / "m.csv")


@pytest.mark.parametrize("form", [{"end": "\r\n"}, {"start": "\ufeff"}], ids=["CRLF", "BOM"])
def test_windows_line_ends_and_byte_order_marks_do_not_matter(form, nih, tmp_path):
    prepare(nih, tmp_path / "a.csv")
    nih_table(nih, **form)

    prepare(nih, tmp_path / "b.csv")

    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_latin_1_is_named_with_line_and_byte(nih, tmp_path):
    table = nih / "Data_Entry_2017.csv"
    table.write_bytes(table.read_bytes().replace(b"No Finding", b"No Find\xefng"))

    with pytest.raises(ManifestError, match="not UTF-8: line 4, byte 25 is 0xef"):
        prepare(nih, tmp_path / "m.csv")


def test_another_delimiter_is_read_and_a_mixed_one_is_named(nih, tmp_path):
    prepare(nih, tmp_path / "a.csv")
    table = nih / "Data_Entry_2017.csv"
    text = table.read_text()
    table.write_text(text.replace("[Width,H", "[Width;H").replace(",", ";"))
    prepare(nih, tmp_path / "b.csv")
    table.write_text(text.replace("00000002_000.png,", "00000002_000.png;"))

    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    with pytest.raises(ManifestError, match="11 values in row 4 but 12 in its header"):
        prepare(nih, tmp_path / "c.csv")


def test_nih_columns_and_tables_that_are_missing_are_named(nih, tmp_path):
    table = nih / "Data_Entry_2017.csv"
    table.write_text(table.read_text().replace("Patient ID", "Patient Id"))
    with pytest.raises(ManifestError, match=r"no column 'Patient ID'. Did you mean 'Patient Id'"):
        prepare(nih, tmp_path / "m.csv")
    table.rename(nih / "labels.csv")
    with pytest.raises(ManifestError, match=r"Data_Entry_2017.csv beside the images \(https:"):
        prepare(nih, tmp_path / "m.csv", layout="nih_chestxray14")
    (nih / "labels.csv").rename(nih / "Data_Entry_2017_v2020.csv")
    (nih / "Data_Entry_2017.csv").write_text("x\n")
    with pytest.raises(ManifestError, match="one label table, not Data_Entry_2017"):
        prepare(nih, tmp_path / "m.csv", layout="nih_chestxray14")


def write_chexpert(folder, name, entries):
    lines = [f"{path},Female,68,Frontal,AP,{a},{b},{c}" for path, a, b, c in entries]
    (folder / name).write_text(CHEXPERT + "\n".join(lines) + "\n")


@pytest.fixture
def chexpert(tmp_path):
    trees.grow(tmp_path, [row[0] for row in TRAIN + VALID])
    folder = tmp_path / ROOT
    write_chexpert(folder, "train.csv", TRAIN)
    write_chexpert(folder, "valid.csv", VALID)
    return folder


@pytest.mark.parametrize("above", [False, True], ids=["its own folder", "the folder above"])
def test_chexpert_keeps_uncertain_and_empty_and_they_are_unknown(above, chexpert, tmp_path):
    result = prepare(chexpert.parent if above else chexpert, tmp_path / "m.csv")
    data = tk.read_manifest(tmp_path / "m.csv")

    assert result.layout == "chexpert"
    assert rows(tmp_path / "m.csv")[1] == {
        "path": f"{ROOT}/train/patient00001/study1/view2_lateral.jpg",
        "No Finding": "", "Lung Opacity": "-1", "Effusion": "1",
        "group": "patient00001", "split": "train",
    }  # fmt: skip
    assert result.groups == 3
    assert result.splits == {"train": 3, "val": 1}
    assert result.unknown == {"No Finding": 2, "Lung Opacity": 2, "Effusion": 2}
    assert result.classes == {"No Finding": 1, "Lung Opacity": 1, "Effusion": 1}
    assert "-1 (uncertain) and empty cells are kept, and count as unknown." in result.notes
    np.testing.assert_array_equal(
        data.labels,
        [[1, np.nan, np.nan], [np.nan, np.nan, 1], [np.nan, 0, np.nan], [0, 1, 0]],
    )
    assert "Effusion" in tk.load_task("chest", tmp_path / "m.csv").classes


def test_one_chexpert_table_may_be_named(chexpert, tmp_path):
    result = prepare(chexpert / "train.csv", tmp_path / "m.csv")

    assert (result.images, result.splits) == (3, {})


def test_chexpert_faults_are_named(chexpert, tmp_path):
    write_chexpert(chexpert, "train.csv", [*TRAIN, (f"{ROOT}/train/patient00003/a.jpg", 0, 0, 0)])
    result = prepare(chexpert, tmp_path / "m.csv")
    lost = [(one.path, one.reason) for one in result.skipped if one.kind != "ignored"]
    assert lost == [("train/patient00003/a.jpg", "row 5: no such file")]

    write_chexpert(chexpert, "train.csv", [*TRAIN, (TRAIN[0][0], 0, "maybe", 0)])
    with pytest.raises(ManifestError, match="'maybe' in row 5, column 'Lung Opacity'"):
        prepare(chexpert, tmp_path / "n.csv")


def test_chexpert_tables_have_to_agree(chexpert, tmp_path):
    text = (chexpert / "valid.csv").read_text()
    (chexpert / "valid.csv").write_text(text.replace("Lung Opacity", "Opacity"))

    with pytest.raises(ManifestError, match="their tables have to agree"):
        prepare(chexpert, tmp_path / "m.csv")


def test_images_without_a_row_are_counted_by_their_whole_path(chexpert, tmp_path):
    trees.grow(chexpert, ["train/patient00009/study1/view1_frontal.jpg"])

    result = prepare(chexpert, tmp_path / "m.csv")

    assert result.notes[1] == (
        "1 images have no row in train.csv, valid.csv, the first: "
        "train/patient00009/study1/view1_frontal.jpg."
    )


def test_two_nih_images_of_one_name_are_said(nih, tmp_path):
    trees.grow(nih, ["images_002/images/00000001_000.png"])

    result = prepare(nih, tmp_path / "m.csv")

    assert result.images == 4
    assert any("1 images have the name of another one" in note for note in result.notes)
