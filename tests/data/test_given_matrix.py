"""A confusion matrix as people write it."""

import pytest

from texturekit.data.given_matrix import read_matrix
from texturekit.errors import ManifestError

VGG16 = [[1005, 933], [777, 4136]]


@pytest.mark.parametrize(
    "text",
    ["1005 933 / 777 4136", "1005,933;777,4136", " 1005  933\n777 4136 ", "1005 933/777 4136/"],
)
def test_text_is_read(text):
    assert read_matrix(text) == (VGG16, None)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("1005,933\n777,4136\n", None),
        ("benign,malignant\n1005,933\n777,4136\n", ["benign", "malignant"]),
        (",benign,malignant\nbenign,1005,933\nmalignant,777,4136\n", ["benign", "malignant"]),
        ("benign;1005;933\nmalignant;777;4136\n", ["benign", "malignant"]),
        ("\ufefftruth\tbenign\tmalignant\r\nbenign\t1005\t933\r\nmalignant\t777\t4136\r\n\r\n",
         ["benign", "malignant"]),
        ("1005.0,933.0\n777.0,4136.0\n", None),
    ],
)  # fmt: skip
def test_a_file_is_read_with_its_names(content, names, tmp_path):
    (tmp_path / "m.csv").write_text(content, encoding="utf-8")

    assert read_matrix(str(tmp_path / "m.csv")) == (VGG16, names)


@pytest.mark.parametrize("corner", ["truth", ""])
def test_names_may_be_numbers_where_they_stand_in_row_and_column(corner, tmp_path):
    (tmp_path / "m.csv").write_text(f"{corner},0,1\n0,10,2\n1,3,11\n")

    assert read_matrix(str(tmp_path / "m.csv")) == ([[10, 2], [3, 11]], ["0", "1"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the matrix is empty"),
        ("/", "the matrix is empty"),
        ("1 2 / 3 x", "row 2, cell 2 of the matrix is 'x'"),
        ("0.5 0.5 / 0.1 0.9", "'0.5'; give whole numbers of images, not shares"),
        ("1 2 / 3 " + "9" * 30, "cell 2"),
        ("absent.csv", "absent.csv cannot be read"),
    ],
)
def test_what_is_no_matrix_is_refused(text, message):
    with pytest.raises(ManifestError, match=message):
        read_matrix(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (",a,b\nb,1,2\na,3,4\n", "names its columns a, b but its rows b, a"),
        ("a,b\n1,\n2,3\n", "row 1, cell 2"),
        ("1" * 1_000_001, "larger than"),
    ],
)
def test_a_file_that_is_none_is_refused(content, message, tmp_path):
    (tmp_path / "m.csv").write_text(content)

    with pytest.raises(ManifestError, match=message):
        read_matrix(str(tmp_path / "m.csv"))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "m.csv").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ManifestError, match="UTF-8"):
        read_matrix(str(tmp_path / "m.csv"))
