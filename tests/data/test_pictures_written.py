"""Sets whose pictures have to be made: BUSI's joined masks and figshare's MATLAB files."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.io import savemat

import texturekit as tk
from tests.data.trees import picture
from texturekit.data.given_folds import read_folds
from texturekit.data.preparing import prepare
from texturekit.errors import ImageError, ManifestError, MissingExtraError

h5py = pytest.importorskip("h5py")


def rows(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")


def region(*corners, shape=(12, 10)):
    mask = np.zeros(shape, np.uint8)
    for row, column in corners:
        mask[row : row + 3, column : column + 3] = 255
    return mask


@pytest.fixture
def busi(tmp_path):
    folder = tmp_path / "Dataset_BUSI_with_GT"
    grey = np.arange(120, dtype=np.uint8).reshape(12, 10)
    masks = {
        "benign/benign (1)_mask.png": region((1, 1)),
        "benign/benign (4)_mask.png": region((1, 1)),
        "benign/benign (4)_mask_1.png": region((8, 6)),
        "malignant/malignant (1)_mask.png": region((4, 4)),
        "normal/normal (1)_mask.png": region(),
    }
    for name, mask in masks.items():
        picture(folder / name, mask)
        picture(folder / name.partition("_mask")[0].__add__(".png"), grey)
    return folder


def test_masks_of_one_image_are_joined(busi, tmp_path):
    result = prepare(busi, tmp_path / "m.csv")

    written = {row["path"]: row["mask"] for row in rows(tmp_path / "m.csv")}
    assert (result.layout, result.set) == ("busi", None)
    assert result.classes == {"benign": 2, "malignant": 1, "normal": 1}
    top = "Dataset_BUSI_with_GT"
    assert written == {
        f"{top}/benign/benign (1).png": f"{top}/benign/benign (1)_mask.png",
        f"{top}/benign/benign (4).png": "m_files/masks/benign/benign (4).png",
        f"{top}/malignant/malignant (1).png": f"{top}/malignant/malignant (1)_mask.png",
        f"{top}/normal/normal (1).png": "",
    }
    joined = np.asarray(Image.open(tmp_path / "m_files" / "masks" / "benign" / "benign (4).png"))
    np.testing.assert_array_equal(joined, region((1, 1), (8, 6)))
    assert result.notes[0].startswith("1 images have no mask, or none with a lesion")


def test_normal_images_need_a_choice(busi, tmp_path):
    prepare(busi, tmp_path / "m.csv")
    prepare(busi, tmp_path / "lesions.csv", classes=["benign", "malignant"])
    prepare(busi, tmp_path / "all.csv", masks=False)

    data = tk.read_manifest(tmp_path / "m.csv")
    lesions = tk.read_manifest(tmp_path / "lesions.csv")
    assert [one.reason for one in data.skipped] == ["row 5: mask is empty"]
    assert [int(lesions.mask(i).sum()) for i in range(3)] == [9, 18, 9]
    assert not lesions.skipped
    assert len(tk.read_manifest(tmp_path / "all.csv")) == 4
    assert not (tmp_path / "all_files").exists()


def test_a_mask_of_another_size_is_named(busi, tmp_path):
    picture(busi / "benign" / "benign (4)_mask_1.png", region((1, 1), shape=(9, 10)))

    with pytest.raises(ImageError, match=r"benign \(4\)_mask_1.png' has 10 x 9 pixels, .* 10 x 12"):
        prepare(busi, tmp_path / "m.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Dataset_BUSI_with_GT"]


def slice_file(path, label=1, patient="100360", image=None, **fields):
    """Write a slice as MATLAB v7.3 does: columns first, text as UTF-16 codes."""
    image = np.arange(20, dtype=np.int16).reshape(4, 5) * 300 if image is None else image
    mask = np.zeros(image.shape, np.uint8)
    mask[1, 2] = 1
    content = {
        "image": image.T, "tumorMask": mask.T, "label": np.array([[float(label)]]),
        "PID": np.array([[ord(letter)] for letter in patient], np.uint16),
    } | fields  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        group = file.create_group("cjdata")
        for name, value in content.items():
            if value is not None:
                group[name] = value


@pytest.fixture
def figshare(tmp_path):
    folder = tmp_path / "set"
    slice_file(folder / "brainTumorDataPublic_1-766" / "1.mat", 1, "100360")
    slice_file(folder / "brainTumorDataPublic_1-766" / "2.mat", 3, "MR017260F")
    slice_file(folder / "brainTumorDataPublic_767-1532" / "10.mat", 2, "100360")
    savemat(
        folder / "cvind.mat",
        {"cvind": np.array([[2.0], [1], [5], [5], [5], [5], [5], [5], [5], [2]])},
    )
    return folder


def test_slices_keep_sixteen_bits_patient_mask_and_the_authors_folds(figshare, tmp_path):
    result = prepare(figshare, tmp_path / "m.csv")
    data = tk.read_manifest(tmp_path / "m.csv")

    assert result.set == "figshare_brain_tumor"
    assert result.classes == {"glioma": 1, "meningioma": 1, "pituitary tumor": 1}
    assert rows(tmp_path / "m.csv")[2] == {
        "path": "m_files/images/0010.png", "label": "glioma", "group": "100360",
        "mask": "m_files/masks/0010.png",
    }  # fmt: skip
    assert data.image(0).dtype == np.uint16
    np.testing.assert_array_equal(data.image(0), np.arange(20).reshape(4, 5) * 300)
    assert np.argwhere(data.mask(0)).tolist() == [[1, 2]]
    assert rows(tmp_path / "m_folds.csv") == [
        {"path": f"m_files/images/{n:04d}.png", "repeat": "0", "fold": fold}
        for n, fold in ((1, "1"), (2, "0"), (10, "1"))
    ]
    assert result.folds == tmp_path / "m_folds.csv"


def test_the_authors_folds_can_be_used(figshare, tmp_path):
    folder = figshare / "brainTumorDataPublic_1-766"
    for number, label, patient in ((3, 1, "a"), (4, 2, "b"), (5, 3, "c"), (6, 2, "d")):
        slice_file(folder / f"{number}.mat", label, patient)
    savemat(figshare / "cvind.mat", {"cvind": np.array([2.0, 1, 1, 1, 2, 2, 2, 2, 2, 2])[:, None]})
    prepare(figshare, tmp_path / "m.csv")

    folds = read_folds(tmp_path / "m_folds.csv", tk.read_manifest(tmp_path / "m.csv"))

    assert [fold.test.tolist() for fold in folds] == [[1, 2, 3], [0, 4, 5, 6]]


def test_folds_in_a_v73_file_and_no_folds(figshare, tmp_path):
    path = figshare / "cvind.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["cvind"] = np.array([[1.0, 2, 3, 4, 5, 6, 7, 8, 9, 3]])
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")
    prepare(figshare, tmp_path / "m.csv")
    assert [row["fold"] for row in rows(tmp_path / "m_folds.csv")] == ["0", "1", "2"]

    (figshare / "cvind.mat").unlink()
    result = prepare(figshare, tmp_path / "n.csv")
    assert result.folds is None
    assert result.notes[0] == "cvind.mat is not there: no folds of the authors."


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"label": 7}, r"2.mat' has the label 7; known are"),
        ({"PID": None}, r"2.mat' has no field cjdata.PID; its fields: image, label, tumorMask"),
        ({"patient": "\0"}, r"2.mat' has an empty patient id"),
        ({"image": np.full((4, 5), -3, np.int16)}, r"2.mat' has an image of .* -3 to -3"),
        ({"tumorMask": np.ones((2, 2))}, r"2.mat' has an image of shape \(4, 5\), but a mask of"),
    ],
)
def test_a_slice_that_cannot_be_is_named_and_nothing_is_written(fields, words, figshare, tmp_path):
    slice_file(figshare / "brainTumorDataPublic_1-766" / "2.mat", **fields)

    with pytest.raises(ManifestError, match=words):
        prepare(figshare, tmp_path / "m.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


def test_damaged_files_are_named(figshare, tmp_path):
    path = figshare / "brainTumorDataPublic_1-766" / "2.mat"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ManifestError, match=r"2.mat' is damaged or no MATLAB v7.3 file"):
        prepare(figshare, tmp_path / "m.csv")

    slice_file(path)
    savemat(figshare / "cvind.mat", {"cvind": np.array([[1.0], [2]])})
    with pytest.raises(ManifestError, match="2 folds, but there is a slice number 10"):
        prepare(figshare, tmp_path / "m.csv")
    (figshare / "cvind.mat").write_bytes(b"nonsense")
    with pytest.raises(ManifestError, match=r"cvind.mat' is damaged or no MATLAB file"):
        prepare(figshare, tmp_path / "m.csv")


def test_without_h5py_the_install_line_is_given(figshare, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "h5py", None)

    with pytest.raises(MissingExtraError, match=r'pip install "texturekit\[data\]"'):
        prepare(figshare, tmp_path / "m.csv")


def test_one_slice_twice_is_named(figshare, tmp_path):
    slice_file(figshare / "again" / "2.mat")

    with pytest.raises(ManifestError, match=r"slice 2 twice: again/2.mat and brainTumor"):
        prepare(figshare, tmp_path / "m.csv")
