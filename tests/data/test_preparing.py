"""Public sets as they are unpacked become manifests: folders and MedMNIST's files."""

import numpy as np
import pandas as pd
import pytest

import texturekit as tk
from tests.data import trees
from texturekit.data.preparing import prepare
from texturekit.errors import ManifestError, OutputError, ParameterError, UnknownNameError


def rows(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")


def test_breast_mri_has_its_splits_and_classes(tmp_path):
    result = prepare(trees.grow(tmp_path / "set", trees.BREAST), tmp_path / "m.csv")

    data = tk.read_manifest(tmp_path / "m.csv")
    assert (result.set, result.layout) == ("kaggle_breast_mri", "folders")
    assert result.classes == {"Healthy": 4, "Sick": 4}
    assert result.splits == {"train": 4, "val": 4}
    assert result.groups is None
    assert rows(tmp_path / "m.csv")[0] == {
        "path": "set/Breast Cancer Patients MRI's/train/Healthy/H_1.jpg",
        "label": "Healthy",
        "split": "train",
    }
    assert len(data) == 8
    assert not data.skipped


def test_the_brain_tree_that_is_there_twice_is_taken_once(tmp_path):
    names = ["yes/Y1.jpg", "yes/Y2.JPG", "no/1 no.jpeg"]
    for root in ("set", "set/brain_tumor_dataset"):
        trees.grow(tmp_path / root, names)
    trees.grow(tmp_path / "set" / "brain_tumor_dataset", ["other.png"])

    result = prepare(tmp_path / "set", tmp_path / "m.csv")

    assert result.set == "kaggle_brain_tumor_2"
    assert [row["path"] for row in rows(tmp_path / "m.csv")] == [
        "set/no/1 no.jpeg", "set/yes/Y1.jpg", "set/yes/Y2.JPG",
    ]  # fmt: skip
    assert result.notes[0] == "3 files stand in the folder twice and are taken once."
    assert "253 images: intervals are wide." in result.notes[1]
    assert result.shortfalls == [
        "the card of kaggle_brain_tumor_2 says 253 images, found are 3.",
        "the card of kaggle_brain_tumor_2 says 155 images of class yes, found are 2.",
        "the card of kaggle_brain_tumor_2 says 98 images of class no, found are 1.",
    ]
    assert len(result.skipped) == 4
    assert {one.kind for one in result.skipped} == {"ignored"}


def test_files_of_one_name_and_other_content_are_both_taken(tmp_path):
    trees.grow(tmp_path / "set", ["a/yes/1.jpg", "b/yes/1.jpg", "a/no/1.jpg"])

    assert prepare(tmp_path / "set", tmp_path / "m.csv").images == 3


def test_training_and_testing_are_train_and_test(tmp_path):
    result = prepare(trees.grow(tmp_path / "set", trees.BRAIN_4), tmp_path / "m.csv")

    assert result.set == "kaggle_brain_tumor_4"
    assert result.splits == {"test": 8, "train": 8}
    assert list(result.classes) == ["glioma", "meningioma", "notumor", "pituitary"]


def test_additional_cervix_images_have_to_be_asked_for(tmp_path):
    trees.grow(tmp_path / "set", trees.CERVIX)

    result = prepare(tmp_path / "set", tmp_path / "m.csv")
    more = prepare(tmp_path / "set", tmp_path / "more.csv", additional=True)

    assert result.set == "kaggle_cervix_types"
    assert result.classes == {"Type_1": 1, "Type_2": 1, "Type_3": 1}
    assert "2 images of the part 'additional' are left out" in result.notes[0]
    assert result.splits == {}
    assert more.classes == {"Type_1": 2, "Type_2": 2, "Type_3": 1}
    assert [row["part"] for row in rows(tmp_path / "more.csv")] == ["additional"] * 2 + [""] * 3


def test_oct_patients_stand_in_the_names_and_in_both_splits(tmp_path):
    result = prepare(trees.grow(tmp_path / "set", trees.OCT), tmp_path / "m.csv")

    by_name = {row["path"].rpartition("/")[2]: row for row in rows(tmp_path / "m.csv")}
    assert result.set == "mendeley_oct2017"
    assert by_name["CNV-1016042-1.jpeg"]["group"] == "1016042"
    assert result.groups == 6
    assert result.shared_groups == 1
    assert result.without_group == []
    prepare(tmp_path / "set", tmp_path / "n.csv", splits=False)
    assert "split" not in rows(tmp_path / "n.csv")[0]
    assert tk.read_manifest(tmp_path / "n.csv").group_count == 6


def test_names_that_tell_no_patient_are_counted_and_named(tmp_path):
    result = prepare(trees.grow(tmp_path / "set", trees.CHEST), tmp_path / "m.csv")

    assert result.set == "mendeley_chestxray2017"
    assert result.groups == 2
    assert result.shared_groups == 1  # person1 is in train and in test
    assert [path.rpartition("/")[2] for path in result.without_group] == [
        "IM-0001-0001.jpeg", "IM-0115-0001.jpeg", "NORMAL2-IM-0001-0001.jpeg",
    ]  # fmt: skip
    groups = [row["group"] for row in rows(tmp_path / "m.csv")]
    assert groups == ["", "person100", "person1", "", "", "person1", "person1"]


def test_cells_of_one_slide_picture_are_one_group(tmp_path):
    result = prepare(trees.grow(tmp_path / "set", trees.SIPAKMED), tmp_path / "m.csv")

    groups = [row["group"] for row in rows(tmp_path / "m.csv")]
    assert (result.set, result.images, result.groups) == ("sipakmed", 15, 10)
    assert groups[:3] == ["Dyskeratotic-001", "Dyskeratotic-001", "Dyskeratotic-002"]


def test_chosen_classes_only(tmp_path):
    trees.grow(tmp_path / "set", trees.BRAIN_4)

    result = prepare(tmp_path / "set", tmp_path / "m.csv", classes=["glioma", "notumor"])

    assert result.classes == {"glioma": 4, "notumor": 4}
    with pytest.raises(UnknownNameError, match="Did you mean 'glioma'"):
        prepare(tmp_path / "set", tmp_path / "n.csv", classes=["gliom"])


@pytest.mark.parametrize("colour", [False, True])
def test_medmnist_classes_have_the_cards_names(colour, tmp_path):
    arrays = {}
    for split, n in (("train", 4), ("val", 2), ("test", 2)):
        arrays[f"{split}_images"] = np.zeros((n, 28, 28, *([3] if colour else [])), np.uint8)
        arrays[f"{split}_labels"] = np.arange(n)[:, None] % 2
    (tmp_path / "set").mkdir()
    np.savez(tmp_path / "set" / "breastmnist.npz", **arrays)

    result = prepare(tmp_path / "set", tmp_path / "m.csv")
    data = tk.load_task("breast", tmp_path / "m.csv")

    assert result.set == "breastmnist"
    assert rows(tmp_path / "m.csv")[0] == {
        "path": "set/breastmnist.npz#train/0", "label": "malignant", "split": "train",
    }  # fmt: skip
    assert data.classes == ("benign", "malignant")
    assert [data.label_name(i) for i in (0, 1)] == ["malignant", "benign"]
    assert data.image(5).shape == (28, 28, *([3] if colour else []))
    assert len(result.shortfalls) == 4


def test_chestmnist_labels_are_the_tasks(tmp_path, rng):
    labels = rng.integers(0, 2, (6, 14))
    np.savez(
        tmp_path / "chestmnist_64.npz",
        train_images=np.zeros((6, 64, 64), np.uint8), train_labels=labels,
    )  # fmt: skip

    result = prepare(tmp_path / "chestmnist_64.npz", tmp_path / "m.csv")
    data = tk.load_task("chest", tmp_path / "m.csv")

    place = data.classes.index("Pleural_Thickening")
    assert result.classes["Hernia"] == labels[:, 13].sum()
    assert data.labels[:, place].tolist() == labels[:, 12].tolist()  # "pleural" in MedMNIST


def test_several_sizes_of_one_set_want_a_choice(tmp_path):
    for name in ("octmnist.npz", "octmnist_64.npz"):
        (tmp_path / name).touch()

    with pytest.raises(ManifestError, match=r"one file, not octmnist\.npz, octmnist_64\.npz: name"):
        prepare(tmp_path, tmp_path / "m.csv")


def test_a_wrong_folder_says_what_is_wanted_and_what_is_there(tmp_path):
    trees.grow(tmp_path / "set", ["cats/1.png", "dogs/2.png"])

    with pytest.raises(ManifestError) as caught:
        prepare(tmp_path / "set", tmp_path / "m.csv", layout="kaggle_brain_tumor_2")
    text = str(caught.value)
    assert "a folder with images for every class: no, yes (none of no, yes)" in text
    assert "2 images; folders: cats, dogs; files: cats/1.png, dogs/2.png" in text
    with pytest.raises(ManifestError, match="any set that is known: wanted is one of breastmnist"):
        prepare(tmp_path / "set", tmp_path / "m.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


@pytest.mark.parametrize(
    ("layout", "error", "words"),
    [
        ("octmist", UnknownNameError, "Did you mean 'octmnist'"),
        ("mimic_cxr_jpg", ParameterError, "no layout for mimic_cxr_jpg"),
        ("nih", ManifestError, "Data_Entry_2017.csv beside the images"),
        ("figshare", ManifestError, "1.mat, 2.mat"),
        ("busi", ManifestError, r"benign \(1\).png"),
        ("chexpert", ManifestError, "train.csv or valid.csv"),
        ("folders", ManifestError, "one of kaggle_breast_mri, "),
        ("octmnist", ManifestError, "one of octmnist.npz, octmnist_64.npz"),
    ],
)
def test_every_layout_says_what_it_wants(layout, error, words, tmp_path):
    trees.grow(tmp_path / "set", ["cats/1.png"])

    with pytest.raises(error, match=words):
        prepare(tmp_path / "set", tmp_path / "m.csv", layout=layout)


def test_missing_folders_outputs_and_names(tmp_path):
    trees.grow(tmp_path / "set", trees.BRAIN_4)

    with pytest.raises(ManifestError, match="there is no file or folder"):
        prepare(tmp_path / "nothing", tmp_path / "m.csv")
    with pytest.raises(ParameterError, match=r"has to end with \.csv"):
        prepare(tmp_path / "set", tmp_path / "m.parquet")
    prepare(tmp_path / "set", tmp_path / "m.csv")
    with pytest.raises(OutputError, match="exists already"):
        prepare(tmp_path / "set", tmp_path / "m.csv")


def test_manifests_are_the_same_bytes_and_may_lie_elsewhere(tmp_path):
    trees.grow(tmp_path / "set", trees.OCT)

    prepare(tmp_path / "set", tmp_path / "a" / "m.csv")
    prepare(tmp_path / "set", tmp_path / "b" / "m.csv", layout="mendeley_oct2017")
    prepare(tmp_path / "set", tmp_path / "set" / "m.csv")

    first = (tmp_path / "a" / "m.csv").read_bytes()
    assert first == (tmp_path / "b" / "m.csv").read_bytes()
    assert b"\n../set/OCT2017 /test/CNV/CNV-1016042-3.jpeg,CNV,1016042,test\n" in first
    assert len(tk.read_manifest(tmp_path / "a" / "m.csv")) == 8
    assert len(tk.read_manifest(tmp_path / "set" / "m.csv")) == 8


def test_a_name_that_is_not_utf8_costs_its_image(tmp_path):
    trees.grow(tmp_path / "set", ["no/1.jpg", "yes/2.jpg", "yes/3.jpg"])
    (tmp_path / "set" / "yes" / "3.jpg").rename(tmp_path / "set" / "yes" / "caf\udce9.jpg")

    result = prepare(tmp_path / "set", tmp_path / "m.csv")

    assert result.images == 2
    assert [(one.path, one.kind) for one in result.skipped] == [("yes/caf\\xe9.jpg", "invalid")]


def test_a_card_of_ones_own_lays_out_ones_own_folders(tmp_path):
    (tmp_path / "liver.yaml").write_text(
        "id: liver\ntask: liver\ntitle: Liver\nmodality: CT\nkind: binary\naccess: request\n"
        "licence: ours\nsteps: [ask]\nverified: ours\nlayout: folders\n"
        "folders: {ben.*: benign, mal.*: malignant}\ngroup_rule: '/p(\\d+)_'\n"
    )
    trees.grow(tmp_path / "set", ["bening/p1_1.png", "malign/p2_1.png"])

    result = prepare(tmp_path / "set", tmp_path / "m.csv", layout=tmp_path / "liver.yaml")

    assert result.classes == {"benign": 1, "malignant": 1}
    assert [row["group"] for row in rows(tmp_path / "m.csv")] == ["1", "2"]


def test_the_real_brain_images_become_a_manifest(real_data, tmp_path):
    result = prepare(real_data / "brain", tmp_path / "m.csv")

    assert result.set == "kaggle_brain_tumor_2"
    assert result.classes == {"no": 64, "yes": 101}
    assert len(tk.load_task("brain", tmp_path / "m.csv")) == 165


def test_the_real_oct_images_were_renamed_and_tell_no_patient(real_data, tmp_path):
    result = prepare(real_data / "oct", tmp_path / "m.csv", layout="mendeley_oct2017")

    assert result.classes == {"CNV": 10, "DME": 10, "DRUSEN": 10, "NORMAL": 12}
    assert result.groups is None
    assert len(result.without_group) == 42


def test_the_real_pneumoniamnist(real_data, tmp_path):
    result = prepare(real_data / "chest_pneumoniamnist", tmp_path / "m.csv")

    assert result.classes == {"normal": 388 + 62 + 73, "pneumonia": 3494 + 200 + 189}
    assert result.splits == {"test": 262, "train": 3882, "val": 262}


def test_an_npz_file_of_another_name_may_be_named(tmp_path):
    np.savez(
        tmp_path / "mine.npz",
        train_images=np.zeros((4, 8, 8), np.uint8), train_labels=np.arange(4)[:, None],
    )  # fmt: skip

    result = prepare(tmp_path / "mine.npz", tmp_path / "m.csv", layout="octmnist")

    assert result.classes == {"CNV": 1, "DME": 1, "DRUSEN": 1, "NORMAL": 1}
    with pytest.raises(ManifestError, match="holds the label 2, which breastmnist does not have"):
        prepare(tmp_path / "mine.npz", tmp_path / "n.csv", layout="breastmnist")
