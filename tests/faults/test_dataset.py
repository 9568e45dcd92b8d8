"""Faults of a set of images, through the real command: what is refused, left out, or said."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from texturekit_cli.main import run

import texturekit as tk
from tests.imagesets import scene, several_labels, two_classes
from texturekit.errors import LeakageError, ManifestError, ModelError, SplitError

METHODS = ["majority/dummy", "first_order/logistic"]
QUICK = ["--methods", ",".join(METHODS), "--resize", "32", "--folds", "2", "--no-images",
         "--permutations", "0", "--importance", "0"]  # fmt: skip


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """No test here is of a forest's numbers."""
    monkeypatch.setattr("texturekit.methods.classifiers.TREES", 50)


def labelled(root, *, n=16, patients=None):
    """Write different pictures of two classes; return the manifest's path and table."""
    rng = np.random.default_rng(3)
    rows = []
    for k in range(n):
        Image.fromarray(scene(rng, 64)).save(root / f"{k:02d}.png")
        rows.append({"path": f"{k:02d}.png", "label": ("no_lesion", "lesion")[k % 2]})
    table = pd.DataFrame(rows)
    if patients is not None:
        table["group"] = [patients(k) for k in range(n)]
    return root / "data.csv", table


def compared(path, table, *more, out=None):
    table.to_csv(path, index=False)
    folder = out or path.parent / "run"
    code = run(["compare", "--data", str(path), *QUICK, "--positive", "lesion", *more,
                "-o", str(folder)])  # fmt: skip
    done = folder / "results.json"
    return code, json.loads(done.read_text()) if done.is_file() else None


def holdout(table):
    """Name the last quarter as test images."""
    table["split"] = ["train"] * (3 * len(table) // 4) + ["test"] * (len(table) // 4)
    return table


# F43
def test_one_class_only_stops_and_names_it(tmp_path, capsys):
    path, table = labelled(tmp_path)
    code, results = compared(path, table[table["label"] == "lesion"])

    assert (code, results) == (4, None)
    assert "one class only, 'lesion'" in capsys.readouterr().err


# F44
def test_too_few_of_a_class_says_how_many_folds_there_can_be(tmp_path, capsys):
    path, table = labelled(tmp_path)
    few = pd.concat([table[table["label"] == "lesion"][:1], table[table["label"] != "lesion"]])

    assert compared(path, few)[0] == 4
    assert "class 'lesion' has one image" in capsys.readouterr().err


# F46
def test_a_class_without_a_test_image_is_not_defined_and_says_why(tmp_path):
    path, table = labelled(tmp_path)
    table["split"] = ["test" if label != "lesion" and k < 6 else "train"
                      for k, label in enumerate(table["label"])]  # fmt: skip

    table.to_csv(path, index=False)
    study = tk.compare(data=path, methods=METHODS, size=32, positive="lesion", images=False)

    area = study.results.methods[-1].metrics["roc_auc"]
    assert area.value is None
    assert area.reason


# F47
def test_the_same_bytes_in_training_and_test_stop_with_five_unless_allowed(tmp_path, capsys):
    path, table = labelled(tmp_path)
    (tmp_path / "14.png").write_bytes((tmp_path / "02.png").read_bytes())
    holdout(table).to_csv(path, index=False)

    command = ["compare", "--data", str(path), "--methods", ",".join(METHODS), "--resize", "32",
               "--positive", "lesion", "--no-images", "-o", str(tmp_path / "run")]  # fmt: skip
    assert run(command) == 5
    assert "02.png = 14.png (training and test)" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert run([*command, "--allow-leakage"]) == 0

    results = json.loads((tmp_path / "run" / "results.json").read_text())
    first = results["findings"][0]
    assert (first["code"], first["severity"]) == ("TK001", "error")
    assert first["evidence"].startswith(
        "1 pair of exact copies: 02.png = 14.png (training and test)"
    )
    assert results["data"]["duplicates"]["crossing"] == [
        {"a": "02.png", "b": "14.png", "kind": "exact", "parts": "training and test"}
    ]
    page = (tmp_path / "run" / "index.html").read_text()
    assert page.index("Leakage: the same patients") < page.index("The answer")


# F48
def test_near_copies_in_training_and_test_are_named_with_their_pair(tmp_path):
    path, table = labelled(tmp_path, n=24)
    Image.open(tmp_path / "02.png").resize((50, 50)).save(tmp_path / "22.png")
    holdout(table).to_csv(path, index=False)

    study = tk.compare(data=path, methods=METHODS, size=32, positive="lesion", images=False)

    (found,) = (one for one in study.results.findings if one.code == "TK003")
    assert found.severity == "warning"
    assert found.evidence == "1 pair of near copies: 02.png = 22.png (training and test)."


# F48
def test_near_copies_never_stand_in_two_folds_that_are_drawn(tmp_path):
    path, table = labelled(tmp_path, n=24)
    for k in range(4):
        Image.open(tmp_path / f"{k:02d}.png").resize((50, 50)).save(tmp_path / f"{20 + k}.png")
    table.to_csv(path, index=False)

    study = tk.compare(data=path, methods=METHODS, size=32, positive="lesion", folds=4)

    fold = study.predictions.query("method == 'majority/dummy'").set_index("id")["fold"]
    assert [fold[f"{k:02d}.png"] == fold[f"{20 + k}.png"] for k in range(4)] == [True] * 4
    assert study.results.data.duplicates.kept_together == "possible"
    assert study.results.data.groups is None
    assert study.results.protocol.grouping == (
        "unknown: every image counts as its own patient, intervals may be too narrow; "
        "8 images that repeat one another stay together (4 groups)"
    )


def test_copies_that_leave_too_few_groups_are_given_up_and_said(tmp_path):
    path, table = labelled(tmp_path, n=24)
    for k in range(1, 24, 2):  # one picture is the whole class
        Image.open(tmp_path / "01.png").resize((40 + k, 40 + k)).save(tmp_path / f"{k:02d}.png")
    table.to_csv(path, index=False)

    study = tk.compare(data=path, methods=METHODS, size=32, positive="lesion", folds=2)

    repeats = study.results.data.duplicates
    assert repeats.kept_together == "exact"
    (found,) = (one for one in study.results.findings if one.code == "TK003")
    assert "Kept together: exact copies" in found.evidence


# F49
def test_one_image_under_two_labels_is_left_out_twice(tmp_path, capsys):
    path, table = labelled(tmp_path)
    (tmp_path / "05.png").write_bytes((tmp_path / "02.png").read_bytes())

    code, results = compared(path, table)

    assert code == 1
    assert [(s["path"], s["reason"]) for s in results["data"]["skipped"]] == [
        ("02.png", "same image, labels lesion and no_lesion (also 05.png)"),
        ("05.png", "same image, labels lesion and no_lesion (also 02.png)"),
    ]
    capsys.readouterr()
    assert run(["data", "audit", str(path), "--no-shortcuts", "--json"]) == 1
    audit = json.loads(capsys.readouterr().out)
    assert audit["two_labels"][0]["images"] == ["02.png", "05.png"]


# F49
def test_the_real_pair_under_two_labels_is_left_out(real_data):
    pair = ["benign (433).png", "malignant (145).png"]
    manifest = tk.read_manifest(real_data / "breast_busi.csv")
    rows = [k for k, name in enumerate(manifest.paths) if name.endswith(tuple(pair)) or k % 8 == 0]

    data = tk.compare(data=manifest.subset(rows), methods=METHODS, folds=2, size=32).results.data

    assert [(s.path.split("/")[-1], s.reason.split(" (")[0]) for s in data.skipped] == [
        (name, "same image, labels benign and malignant") for name in pair
    ]


# F50
def test_a_patient_in_two_splits_stops_and_one_with_two_labels_does_not(tmp_path):
    path, table = labelled(tmp_path, patients=lambda k: f"p{k // 2}")
    holdout(table).to_csv(path, index=False)
    two = table.copy()
    two.loc[15, "group"] = "p0"

    study = tk.compare(data=path, methods=METHODS, size=32, positive="lesion", images=False)
    assert study.results.protocol.grouping == "8 groups, each on one side of every split"
    assert tk.audit(path, shortcuts=False).results.groups_with_two_labels == 8
    (found,) = (one for one in study.results.findings if one.code == "TK021")
    assert found.evidence == "8 of 8 groups hold images of more than one class."
    two.to_csv(path, index=False)
    with pytest.raises(LeakageError, match="1 group in both the training and the test part"):
        tk.compare(data=path, methods=METHODS, size=32, positive="lesion")
    assert tk.audit(path, shortcuts=False).results.groups_over_splits == {"p0": ["test", "train"]}


# F51
def test_the_header_says_that_patients_are_unknown(tmp_path):
    path, table = labelled(tmp_path)
    compared(path, table)

    page = (tmp_path / "run" / "index.html").read_text()
    header = page[page.index("<header") : page.index("</header>")]
    assert "It is not known which images belong to the same patient" in header
    assert "intervals may be too narrow" in header


# F52
def test_permuted_labels_leave_nothing_to_be_seen(tmp_path):
    found = tk.audit(two_classes(tmp_path, patients=16)).results

    (area,) = (one.roc_auc for one in found.shortcuts if one.name == "permuted labels")
    assert area.low <= 0.5 <= area.high


# F53
def test_a_class_that_its_size_gives_away_is_named(tmp_path, capsys):
    path, table = labelled(tmp_path, n=40)
    for name in table.loc[table["label"] == "lesion", "path"]:
        Image.open(tmp_path / name).resize((80, 64)).save(tmp_path / name)
    table.to_csv(path, index=False)

    found = tk.audit(path).results
    study = tk.compare(
        data=path, methods=["geometry/forest", "metadata/forest", *METHODS], size=32, folds=2,
        positive="lesion", images=False, permutations=0, importance=0,
    )  # fmt: skip

    texts = {one.name: one.text for one in found.shortcuts}
    assert texts["geometry/forest"].startswith("Shortcut: size, mode and bit depth alone")
    assert texts["metadata/forest"].startswith("Size and bytes of the file")
    findings = {one.code: one for one in study.results.findings}
    assert findings["TK007"].evidence.startswith("geometry/forest reaches an AUC of")
    assert findings["TK008"].evidence.startswith("metadata/forest reaches an AUC of")
    assert findings["TK009"].evidence.startswith("Median width is ")
    assert " 80 in " in findings["TK009"].evidence


# F54
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path;label\na.png;x\nb.png,y\n", "row 3"),
        ("path,label\na.png,x,extra\n", "row 2"),
        ("path,lable\na.png,x\n", "lable"),
        ("file,label\na.png,x\n", "no column 'path'"),
    ],
)
def test_a_damaged_manifest_names_row_or_column(text, message, tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("L", (20, 20)).save(tmp_path / name)
    (tmp_path / "data.csv").write_text(text)

    with pytest.raises(ManifestError, match=message):
        tk.compare(data=tmp_path / "data.csv")


# F54
def test_rows_without_file_or_label_and_repeated_rows_are_listed_with_their_number(tmp_path):
    path, table = labelled(tmp_path)
    odd = pd.DataFrame(
        [{"path": "gone.png", "label": "lesion"}, {"path": "00.png", "label": "no_lesion"},
         {"path": "03.png", "label": ""}]
    )  # fmt: skip
    text = pd.concat([table[:3], table[4:], odd]).to_csv(index=False).replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())  # a BOM, CRLF

    skipped = tk.read_manifest(path).skipped

    assert sorted(skip.reason.split(":")[0] for skip in skipped) == ["row 17", "row 18", "row 19"]


# F54
def test_text_that_is_not_utf8_names_the_file(tmp_path):
    (tmp_path / "data.csv").write_bytes("path,label\nm\xfcller.png,x\n".encode("latin-1"))

    with pytest.raises(ManifestError, match=r"data\.csv"):
        tk.read_manifest(tmp_path / "data.csv")


# F55, F56
def test_unknown_labels_are_left_out_label_by_label_and_counted(tmp_path):
    path = several_labels(tmp_path)
    table = pd.read_csv(path, dtype=str)
    table.loc[5, "bright"] = "-1"
    table["never"] = "0"
    table.to_csv(path, index=False)

    study = tk.compare(data=path, methods=["first_order/logistic"], folds=2, size=32, images=False)

    labels = {one.name: one for one in study.results.methods[0].per_class}
    assert (labels["rough"].n, labels["bright"].n) == (20, 18)
    assert labels["never"].metrics["roc_auc"].value is None
    assert labels["never"].metrics["roc_auc"].reason
    assert "2 of 3" in study.results.methods[0].metrics["roc_auc"].how


# F57
def test_the_majority_stands_beside_accuracy_where_a_class_is_rare(tmp_path):
    path, table = labelled(tmp_path, n=80)
    table["label"] = ["lesion" if k in (10, 40) else "no_lesion" for k in range(80)]
    table.to_csv(path, index=False)

    study = tk.compare(data=path, methods=METHODS, folds=2, size=32, positive="lesion")

    (majority,) = (m for m in study.results.methods if m.name == "majority/dummy")
    assert majority.metrics["accuracy"].value == pytest.approx(78 / 80)
    assert majority.metrics["average_precision"].value == pytest.approx(2 / 80, abs=0.02)
    assert study.results.data.counts == {"lesion": 2, "no_lesion": 78}


# F58, F59
def test_a_model_keeps_its_classes_and_its_preprocessing(tmp_path):
    path, table = labelled(tmp_path)
    table.to_csv(path, index=False)
    model = tk.fit("first_order/logistic", tk.read_manifest(path), positive="lesion")
    model.save(tmp_path / "model")
    facts = tmp_path / "model" / "model.json"
    content = json.loads(facts.read_text())

    assert content["classes"] == ["lesion", "no_lesion"]
    content["preprocessing"]["size"] = 99
    facts.write_text(json.dumps(content))
    with pytest.raises(ModelError):
        tk.load(tmp_path / "model")


def test_explicit_folds_are_counted_in_patients(tmp_path):
    path, table = labelled(tmp_path, patients=lambda k: f"p{k // 4}")
    table.to_csv(path, index=False)

    with pytest.raises(SplitError, match="at most 4"):
        tk.compare(data=path, methods=METHODS, folds=5, positive="lesion")
