from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from tests.imagesets import two_classes
from texturekit import events
from texturekit.data.manifest import load_source, read_manifest
from texturekit.errors import ManifestError, ParameterError


def picture(path: Path, value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (6, 5), value).save(path)
    return path


@pytest.fixture
def folder(tmp_path):
    for i, name in enumerate("abcd"):
        picture(tmp_path / f"{name}.png", i)
    return tmp_path


def manifest(folder: Path, text: str | bytes, **options: object):
    file = folder / "list.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_manifest(file, **options)


def reasons(data) -> list[tuple[str, str]]:
    return [(one.kind, one.reason) for one in data.skipped]


def test_reads_paths_labels_groups_and_what_else_there_is(folder):
    data = manifest(folder, "path,label,group, age\na.png,yes,p1,50\nb.png,no,p1,\n")

    assert data.ids == data.paths == ["a.png", "b.png"]
    assert (data.classes, data.kind, data.labels.tolist()) == (("no", "yes"), "binary", [1, 0])
    assert data.groups.tolist() == ["p1", "p1"]
    assert list(data.frame.columns) == ["id", "path", "group", "age"]
    assert data.frame["age"].tolist() == ["50", ""]
    assert (data.found, data.group_count, data.splits) == (2, 1, None)


def test_labels_keep_their_text(folder):
    data = manifest(folder, "path,label\na.png,NA\nb.png,01\nc.png,1\nd.png,nan\n")

    assert data.classes == ("01", "1", "NA")
    assert [one.path for one in data.skipped] == ["d.png"]
    assert data.kind == "multiclass"


@pytest.mark.parametrize("mark", [";", "\t"])
def test_other_separators_are_read_and_said(folder, mark):
    heard = []
    with events.listening(heard.append):
        data = manifest(folder, "path,label\na.png,x\nb.png,y\n".replace(",", mark))

    assert data.classes == ("x", "y")
    assert "not by commas" in heard[0].message


def test_bom_crlf_and_blank_lines_are_no_data(folder):
    data = manifest(folder, b"\xef\xbb\xbfpath,label\r\n\r\na.png,x\r\nz.png,y\r\n\r\n")

    assert data.ids == ["a.png"]
    assert reasons(data) == [("unreadable", "row 4: no such file")]


def test_odd_names_survive(tmp_path):
    names = [
        "=1+1.png",
        "new\nline.png",
        'quo"te.png',
        "tab\t.png",
        "ünï ☃.png",
        "end .png",
        "\x0c.png",
    ]
    for name in names:
        picture(tmp_path / name)
    rows = "".join('"' + name.replace('"', '""') + '",x\n' for name in names)

    data = manifest(tmp_path, "path,label\n" + rows)

    assert data.paths == names
    assert data.image(1).shape == (5, 6)


def test_unusable_rows_are_listed_with_their_row(folder):
    (folder / "sub.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    text = "path,label\na.png,x\nmissing.png,x\nsub.png,x\npipe.png,x\n,x\nb.png,\nc.png,y\n"
    data = manifest(folder, text)

    assert reasons(data) == [
        ("unreadable", "row 3: no such file"),
        ("unreadable", "row 4: a folder, not a file"),
        ("unreadable", "row 5: not a regular file"),
        ("invalid", "row 6: path is empty"),
        ("invalid", "row 7: label is empty or unknown"),
    ]
    assert data.found == 7 == len(data) + len(data.skipped)


def test_one_image_under_two_labels_loses_all_its_rows(folder):
    data = manifest(folder, "path,label\na.png,x\nb.png,y\n./a.png,y\na.png,x\nc.png,x\n")

    assert data.ids == ["b.png", "c.png"]
    assert {reason for _, reason in reasons(data)} == {
        f"row {n}: same image, labels x and y (rows 2, 4, 5)" for n in (2, 4, 5)
    }


def test_a_repeated_row_is_used_once(folder):
    data = manifest(folder, "path,label,id\na.png,x,i\nb.png,y,j\na.png,x,i\n")

    assert data.ids == ["i", "j"]
    assert reasons(data) == [("invalid", "row 4: same image as row 2")]


def test_one_image_in_two_splits_stops(folder):
    text = "path,label,split\na.png,x,train\nb.png,y,test\na.png,x,test\n"

    with pytest.raises(ManifestError, match="rows 2 and 4 as train and as test"):
        manifest(folder, text)


def test_one_id_for_two_images_stops_and_names_both_rows(folder):
    with pytest.raises(ManifestError, match="id 'i' in rows 2 and 4"):
        manifest(folder, "path,label,id\na.png,x,i\nb.png,y,j\nc.png,x,i\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Path,label\na.png,x\n", "no column 'path'. Did you mean 'Path'.*Path, label"),
        ("path,label\n", "header but no rows"),
        ("", "is empty"),
        ("path,label,label\na.png,x,y\n", "two columns called 'label'"),
        ("path,label\na.png,x\nb.png,y,z\n", "3 values in row 3 but 2 in its header"),
        ("path,label\na.png\n", "1 values in row 2"),
        ('path,label\na.png,x\n"b.png,y\n', "not CSV in row"),
        (b"path,label\na.png,x\nb.png,\xe9t\xe9\n", "not UTF-8: line 3, byte 7 is 0xe9"),
        ("path,label\na.png,x\n".encode("utf-16"), "UTF-16"),
        (b"path,label\na\0.png,x\n", "NUL character in line 2"),
        (
            "path,label\nz.png,x\ny.png,\n",
            "of 2 rows: 'z.png': row 2: no such file; 'y.png': row 3",
        ),
        ("path,label,split\na.png,x,holdout\n", "split 'holdout' in row 2; use train, val or test"),
    ],
)
def test_says_what_is_wrong_with_the_file(folder, text, message):
    with pytest.raises(ManifestError, match=message):
        manifest(folder, text)


def test_splits_have_synonyms(folder):
    text = "path,split\na.png,Training\nb.png,valid\nc.png,TESTING\nd.png,\n"
    data = manifest(folder, text)

    assert data.splits.tolist() == ["train", "val", "test", None]
    assert (data.labels, data.kind, data.classes, data.label_name(0)) == (None, None, (), "")


def test_a_missing_group_is_a_group_of_its_own(folder):
    text = "path,label,group\na.png,x,p\nb.png,y,\nc.png,x, p\nd.png,y,\n"
    data = manifest(folder, text)

    assert data.groups.tolist() == ["p", "row:b.png", "p", "row:d.png"]
    assert data.group_count == 3
    assert data.frame["group"].tolist() == ["p", None, "p", None]
    assert manifest(folder, text, group=None).groups is None


def test_another_column_can_be_the_group(folder):
    text = "path,label,patient\na.png,x,7\nb.png,y,8\n"

    assert manifest(folder, text, group="patient").groups.tolist() == ["7", "8"]
    with pytest.raises(ManifestError, match=r"no group column 'patiant'\. Did you mean 'patient'"):
        manifest(folder, text, group="patiant")


def test_without_a_label_column_columns_of_zeros_and_ones_are_labels(folder):
    heard = []
    rows = ["a.png,1,0.0,50,,1", "b.png,-1,,51,,1", "c.png,0,1.0,1,,0", "d.png,-1,,2,,0"]
    text = "\n".join(["path,A,B,age,empty,group", *rows])
    with events.listening(heard.append):
        data = manifest(folder, text)

    assert (data.classes, data.kind) == (("A", "B"), "multilabel")
    assert_array_equal(data.labels, [[1, 0], [0, 1]])
    assert reasons(data) == [
        ("invalid", "row 3: every label is empty"),
        ("invalid", "row 5: every label is empty"),
    ]
    assert "labels: A, B" in heard[0].message
    assert data.frame["age"].tolist() == ["50", "1"]


def test_asked_labels_are_read_in_their_order_and_unknown_is_nan(folder):
    text = "path,label,A,B\na.png,x,1,-1\nb.png,y,,1\nc.png,x,1,1\n"
    data = manifest(folder, text, labels=["B", "A"])

    assert data.classes == ("B", "A")
    assert_array_equal(data.labels, [[np.nan, 1], [1, np.nan], [1, 1]])
    assert [data.label_name(i) for i in range(3)] == ["A", "B", "B|A"]
    assert data.frame.columns.tolist() == ["id", "path"]


def test_class_names_are_no_labels_of_zeros_and_ones(folder):
    with pytest.raises(ManifestError, match="'x' in row 2, column 'label'"):
        manifest(folder, "path,label\na.png,x\n", labels=["label"])
    with pytest.raises(ManifestError, match="no label column 'C'"):
        manifest(folder, "path,A,B\na.png,1,0\n", labels=["A", "C"])


def test_an_image_with_two_sets_of_labels_loses_both_rows(folder):
    data = manifest(folder, "path,A,B\na.png,1,0\na.png,1,1\nb.png,0,0\n")

    assert data.ids == ["b.png"]
    assert reasons(data)[0][1] == "row 2: same image, labels A and A|B (rows 2, 3)"


def test_masks_come_from_a_column_or_a_folder(folder):
    for path in ("m/a.png", "m/b_mask.bmp", "m/c.tif"):
        picture(folder / path, 255)
    column = manifest(folder, "path,mask\na.png,m/a.png\nb.png,m/none.png\nc.png,\n")
    below = manifest(folder, "path\na.png\nb.png\nc.png\nd.png\n", masks=folder / "m")

    assert column.mask(0).all()
    assert reasons(column) == [
        ("invalid", "row 3: mask 'm/none.png': no such file"),
        ("invalid", "row 4: mask is empty"),
    ]
    assert [Path(m).name for m in below.frame["mask"]] == ["a.png", "b_mask.bmp", "c.tif"]
    assert "row 5: no mask 'd.*' or 'd_mask.*' in" in below.skipped[0].reason
    assert manifest(folder, "path\na.png\n").mask(0) is None


def test_an_image_is_never_its_own_mask(folder):
    picture(folder / "a_mask.png", 255)

    data = manifest(folder, "path\na.png\nb.png\n", masks=folder)

    assert Path(data.frame["mask"][0]).name == "a_mask.png"
    assert data.skipped[0].path == "b.png"


def test_parquet_reads_as_csv_does(folder):
    file = folder / "list.parquet"
    table = {"path": ["a.png", "b.png", "z.png"], "label": [1, 0, 1], "group": [7.0, None, 7.0]}
    pd.DataFrame(table | {"age": [50, 51, 52]}).to_parquet(file)
    data = read_manifest(file)

    assert data.classes == ("0", "1")
    assert data.groups.tolist() == ["7", "row:b.png"]
    assert data.frame["age"].tolist() == [50, 51]
    assert reasons(data) == [("unreadable", "row 4: no such file")]
    file.write_bytes(b"PAR1 no")
    with pytest.raises(ManifestError, match="damaged or no Parquet file"):
        read_manifest(file)


def test_a_subset_keeps_everything_but_what_was_skipped(folder):
    text = "path,label,group,split\na.png,x,p,train\nb.png,y,q,test\nz.png,x,,\nc.png,x,q,test\n"
    part = manifest(folder, text).subset(np.array([2, 0]))

    assert part.ids == ["c.png", "a.png"]
    assert part.labels.tolist() == [0, 0]
    assert part.groups.tolist() == ["q", "p"]
    assert (part.classes, part.skipped, part.found) == (("x", "y"), (), 2)
    assert part.frame.index.tolist() == [0, 1]
    with pytest.raises(ParameterError, match="row 2 is not in a manifest of 2 images"):
        part.subset([2])


def test_survives_pickling(folder):
    data = manifest(folder, "path,label,group\na.png,x,p\nb.png,y,q\n")
    back = pickle.loads(pickle.dumps(data))

    assert back.sha256 == data.sha256
    assert back.frame.equals(data.frame)


def test_classes_can_be_put_in_another_order(folder):
    data = manifest(folder, "path,label\na.png,x\nb.png,y\n").with_classes(["z", "y", "x"])

    assert (data.labels.tolist(), data.kind) == ([2, 1], "multiclass")
    assert [data.label_name(i) for i in range(2)] == ["x", "y"]
    with pytest.raises(ManifestError, match="classes z, y, x, wanted were x, y"):
        data.with_classes(["x", "y"])


def test_labels_that_the_data_lack_are_unknown(folder):
    data = manifest(folder, "path,A,B\na.png,1,0\nb.png,0,1\n").with_classes(["B", "C", "A"])

    assert_array_equal(data.labels, [[0, np.nan, 1], [1, np.nan, 0]])
    assert data.label_name(0) == "A"


def test_the_hash_follows_content_and_not_place(folder, tmp_path_factory):
    text = "path,label,group\na.png,x,p\nb.png,y,q\n"
    other = tmp_path_factory.mktemp("other")
    for name in "ab":
        (other / f"{name}.png").write_bytes((folder / f"{name}.png").read_bytes())
    data = manifest(folder, text)
    changed = [
        manifest(folder, text.replace("x,p", "z,p")).sha256,
        manifest(folder, text.replace("x,p", "x,q")).sha256,
        manifest(folder, "path,label,group\na.png,x,p\nc.png,y,q\n").sha256,
    ]

    assert manifest(other, text).sha256 == data.sha256
    assert data.with_classes(["y", "x"]).sha256 == data.sha256
    assert len({data.sha256, *changed}) == 4
    picture(other / "a.png", 99)
    assert manifest(other, text).sha256 != data.sha256


def test_a_source_is_found_by_what_it_is(folder):
    picture(folder / "tree" / "x" / "1.png")
    picture(folder / "tree" / "y" / "1.png")
    manifest(folder, "path,label\na.png,x\n")

    assert load_source(str(folder / "tree")).classes == ("x", "y")
    assert load_source(folder / "list.csv").classes == ("x",)
    files = load_source([folder / "a.png", str(folder / "b.png"), folder / "a.png"])
    assert [Path(path).name for path in files.paths] == ["a.png", "b.png"]
    assert (files.labels, files.found, files.image(1)[0, 0]) == (None, 3, 1)
    assert len(load_source(folder / "a.png")) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lits.csv", "no file or folder '.*lits.csv'. Did you mean 'list.csv'"),
        ("no/list.csv", "Neither is the folder"),
        ("list.xlsx", "is not a source; give one folder, one .csv or .parquet"),
    ],
)
def test_says_which_sources_there_are(folder, name, message):
    manifest(folder, "path,label\na.png,x\n")
    (folder / "list.xlsx").touch()
    with pytest.raises(ManifestError, match=message):
        load_source(folder / name)


def test_label_columns_are_for_manifests_only(folder):
    with pytest.raises(ManifestError, match="labels= names columns of a manifest"):
        load_source(folder, labels=["A"])


def test_reads_the_real_manifests(real_data):
    odir = read_manifest(real_data / "fundus_odir.csv")
    busi = read_manifest(real_data / "breast_busi.csv")

    assert odir.classes == tuple("NDGCAHMO")
    assert (len(odir), odir.group_count, odir.kind) == (311, 162, "multilabel")
    assert (len(busi), busi.group_count, busi.classes) == (401, 315, ("benign", "malignant"))


def test_a_real_table_without_paths_says_which_column_they_may_be_in(real_data):
    with pytest.raises(ManifestError, match=r"no column 'path'\..*'filename'.* url,"):
        read_manifest(real_data / "chest_covid" / "metadata.csv")


def test_a_manifest_names_images_in_an_npz_file(tmp_path):
    pictures = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    np.savez(tmp_path / "a.npz", train_images=pictures, train_labels=np.zeros((3, 1), int))
    (tmp_path / "m.csv").write_text(
        "path,label\na.npz#train/2,x\na.npz#train/0,y\nb.npz#train/0,x\na.npz#all/0,x\n"
    )

    data = read_manifest(tmp_path / "m.csv")

    assert_array_equal(data.image(0), pictures[2])
    assert [one.reason for one in data.skipped] == ["row 4: no such file", "row 5: no such file"]


def test_what_the_files_hold_is_hashed_anew_each_time(tmp_path):
    manifest = read_manifest(two_classes(tmp_path, patients=1))
    file, before = manifest.file(1), manifest.contents(1)
    facts = file.stat()
    file.write_bytes(bytes(facts.st_size))
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    contents = [manifest.contents(k) for k in range(len(manifest))]

    assert contents[1] == hashlib.sha256(bytes(facts.st_size)).hexdigest() != before
    assert manifest.digest(contents) == manifest.sha256


def test_a_pipe_is_not_waited_for(tmp_path):
    manifest = read_manifest(two_classes(tmp_path, patients=1))
    manifest.file(0).unlink()
    os.mkfifo(manifest.file(0))

    assert manifest.contents(0) == "unreadable: no regular file"


def test_a_label_of_minus_one_beside_zero_and_one_is_unknown(tmp_path):
    manifest = read_manifest(table(tmp_path, ["0", "1", "-1", "NaN", ""]))

    assert manifest.classes == ("0", "1")
    assert [one.reason for one in manifest.skipped] == [
        f"row {row}: label is empty or unknown" for row in (4, 5, 6)
    ]


def test_minus_one_among_other_classes_is_a_class(tmp_path):
    assert read_manifest(table(tmp_path, ["-1", "0", "1", "2"])).classes == ("-1", "0", "1", "2")


def test_classes_that_differ_in_case_only_are_two_with_a_warning(tmp_path):
    heard = []
    with events.listening(heard.append):
        manifest = read_manifest(table(tmp_path, ["Benign", "benign", "malignant"]))

    assert len(manifest.classes) == 3
    assert "'Benign' and 'benign' differ in case only" in heard[0].message


def table(root, labels):
    rng = np.random.default_rng(0)
    for k in range(len(labels)):
        pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"{k}.png")
    lines = [f"{k}.png,{label}" for k, label in enumerate(labels)]
    (root / "labels.csv").write_text("\n".join(["path,label", *lines]) + "\n")
    return root / "labels.csv"
