import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from texturekit.data.manifest import read_manifest, scan_folder
from texturekit.data.tasks import TASKS, Card, apply_card, load_card, load_task, resolve_positive
from texturekit.errors import ManifestError, ParameterError, UnknownNameError

CARD = """\
name: nodule
title: Nodule
kind: multiclass
classes: [small, large, none seen]
optional_classes: [none seen]
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("TEXTUREKIT_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def manifest_of(folder, text):
    for line in text.splitlines()[1:]:
        pixels = np.arange(16, dtype=np.uint8).reshape(4, 4) + len(line.split(",")[0])
        Image.fromarray(pixels).save(folder / line.split(",")[0])
    (folder / "m.csv").write_text(text)
    return folder / "m.csv"


# --- cards ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TASKS)
def test_every_card_reads_and_every_published_number_has_its_source(name):
    card = load_card(name)

    assert card.name == name
    assert card.licence
    assert card.obtain
    assert all(row.source and row.numbers for row in card.published)
    assert json.loads(card.model_dump_json())["classes"] == list(card.classes)


def test_classes_and_their_order_are_the_contract():
    classes = {name: load_card(name).classes for name in TASKS}

    assert TASKS == ("breast", "brain", "cervix", "chest", "oct", "textures")
    assert classes["breast"] == ("benign", "malignant")
    assert classes["brain"] == ("no", "yes")
    assert classes["cervix"] == ("Type_1", "Type_2", "Type_3", "OOD")
    assert classes["oct"] == ("CNV", "DME", "DRUSEN", "NORMAL")
    assert classes["textures"] == ("brick", "grass", "gravel")
    assert (load_card("breast").positive, load_card("brain").positive) == ("malignant", "yes")
    assert load_card("cervix").optional_classes == ("OOD",)


def test_the_findings_of_the_chest_are_in_torchxrayvision_s_order(reference):
    known = json.loads((reference / "datasets.json").read_text())["xrv_default_pathologies"]

    assert list(load_card("chest").classes) == known


def test_an_own_card_works_like_a_built_in_one(tmp_path):
    (tmp_path / "nodule.yaml").write_text(CARD)

    card = load_card(tmp_path / "nodule.yaml")
    manifest = load_task(str(tmp_path / "nodule.yaml"))

    assert card.classes == ("small", "large", "none seen")
    assert manifest.classes == card.classes
    assert manifest.synthetic


def test_an_unknown_task_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match=r"no task called 'brest'\. Did you mean 'breast'"):
        load_card("brest")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("sise: 64", r"there is no field sise\. Did you mean 'size'\? Fields: name, title"),
        ("size: 4", r"size: Input should be greater than or equal to 16 \(got 4\)"),
        ("kind: ternary", r"kind: Input should be 'binary', 'multiclass' or 'multilabel'"),
        ("kind: binary", "kind is binary, but there are 3 classes"),
        ("classes: [no, yes, maybe]", r"classes\.0 is False, not text; put it in quotes"),
        ("classes: [a, b, a]", "classes holds a name twice"),
        ("positive: large", "positive is for binary tasks"),
        ("optional_classes: [smal]", r"optional_classes is 'smal', which is no class.*'small'"),
        ("group_rule: '([a'", "group_rule .* is no regular expression"),
        ("group_rule: 'a+'", r"has no \(group\)"),
        ("channels: 2", "channels: Input should be 1 or 3"),
        ("name: a/b", "name: String should match pattern"),
        ("published: [{source: x, method: y, metric: z, value: 1.0, m: 3}]", r"published\.0\.m"),
        ("published: [{source: x, method: y, n: 3}]", r"published\.0: there is no number"),
        ("published: [{source: x, method: y, metric: z}]", r"metric and value belong together"),
        (
            "published: [{source: x, method: y, stated: [{metric: a, value: .5, at: c}]}]",
            r"published\.0\.stated\.0\.at",
        ),
        (
            "published: [{source: x, method: y, stated: [{metric: a, value: high}]}]",
            r"String should match pattern",
        ),
        (
            "published: [{source: x, method: y, metric: z, value: 1.0, confusion: [[1, 2]]}]",
            r"published\.0: confusion is no square of counts",
        ),
        (
            "published: [{source: x, method: y, metric: z, value: 1.0, "
            "confusion: [[1, 2], [3, 4]]}]",
            r"confusion matrix of y has 2 rows, but there are 3 classes",
        ),
    ],
)
def test_a_wrong_card_is_told_file_field_and_what_is_allowed(change, message, tmp_path):
    key = change.split(":")[0]
    lines = [line for line in CARD.splitlines() if not line.startswith(f"{key}:")]
    (tmp_path / "own.yaml").write_text("\n".join([*lines, change]))

    with pytest.raises(ParameterError, match=rf"card .*own\.yaml: .*{message}"):
        load_card(tmp_path / "own.yaml")


def test_a_missing_field_or_file_is_named(tmp_path):
    (tmp_path / "own.yaml").write_text("name: x\nkind: binary\nclasses: [a, b]\n")

    with pytest.raises(ParameterError, match=r"own\.yaml: the field title is missing"):
        load_card(tmp_path / "own.yaml")
    with pytest.raises(ParameterError, match=r"cannot read .*gone\.yaml"):
        load_card(tmp_path / "gone.yaml")


# --- tasks ------------------------------------------------------------------------------------


def test_without_data_a_task_is_a_drawn_sample_and_says_so():
    manifest = load_task("breast")

    assert manifest.synthetic
    assert manifest.source == "drawn sample of breast, seed 0"
    assert (manifest.classes, manifest.kind) == (("benign", "malignant"), "binary")
    assert (len(manifest), manifest.group_count) == (160, 60)
    assert load_task("breast", seed=1).sha256 != manifest.sha256


def test_the_textures_are_real():
    manifest = load_task("textures")

    assert not manifest.synthetic
    assert (len(manifest), manifest.group_count, manifest.kind) == (192, 48, "multiclass")


def test_a_drawn_multilabel_sample_has_every_label_and_unknowns():
    manifest = load_task("chest")

    assert manifest.classes == load_card("chest").classes
    assert np.isnan(manifest.labels).any()


def test_masks_need_images_of_one_s_own(tmp_path):
    with pytest.raises(ParameterError, match=r"masks=.* goes with images of your own"):
        load_task("breast", masks=tmp_path)


def test_the_classes_come_in_the_order_of_the_card(tmp_path):
    path = manifest_of(tmp_path, "path,label\na.png,yes\nbb.png,no\n")
    card = Card(name="x", title="X", kind="binary", classes=("yes", "no"))

    manifest = apply_card(read_manifest(path), card)

    assert manifest.classes == ("yes", "no")
    assert_array_equal(manifest.labels, [0, 1])


def test_an_unknown_label_is_told_its_row_and_a_suggestion(tmp_path):
    rows = "gone.png,no\na.png,no\nbb.png,yes\nccc.png,Yess\n"
    path = manifest_of(tmp_path, "path,label\n" + rows)
    (tmp_path / "gone.png").unlink()

    with pytest.raises(ManifestError, match=r"row 5 of .*m\.csv.*'Yess'.*Did you mean 'yes'"):
        load_task("brain", path)


def test_an_unknown_class_folder_is_told_its_path(tmp_path):
    for name in ("benign", "malignnant"):
        (tmp_path / name).mkdir()
        manifest_of(tmp_path / name, "path\na.png\n").unlink()

    with pytest.raises(ManifestError, match=r"'malignnant/a\.png' of .*Did you mean 'malignant'"):
        load_task("breast", tmp_path)


def test_an_optional_class_may_lack_but_no_other(tmp_path):
    text = "path,label\na.png,Type_1\nbb.png,Type_3\nccc.png,Type_2\n"
    manifest = load_task("cervix", manifest_of(tmp_path, text))

    assert manifest.classes == ("Type_1", "Type_2", "Type_3")
    assert_array_equal(manifest.labels, [0, 2, 1])
    with pytest.raises(ManifestError, match="0 images of class 'Type_2', which task cervix needs"):
        apply_card(read_manifest(tmp_path / "m.csv").subset([0, 1]), load_card("cervix"))


def test_a_multilabel_set_may_lack_labels_and_carry_other_columns(tmp_path):
    text = "path,Mass,age_over_60,Edema\na.png,1,1,0\nbb.png,0,0,\nccc.png,,1,\ndddd.png,1,0,1\n"

    manifest = load_task("chest", manifest_of(tmp_path, text))

    assert manifest.classes == ("Edema", "Mass")
    assert_array_equal(manifest.labels, [[0, 1], [np.nan, 0], [1, 1]])
    assert list(manifest.frame["age_over_60"]) == ["1", "0", "0"]
    assert [(one.path, one.kind) for one in manifest.skipped] == [("ccc.png", "invalid")]


def test_a_manifest_read_before_is_reduced_to_the_card_s_labels(tmp_path):
    text = "path,Mass,other,Edema\na.png,1,1,0\nbb.png,0,0,1\nccc.png,,1,\n"

    manifest = apply_card(read_manifest(manifest_of(tmp_path, text)), load_card("chest"))

    assert manifest.classes == ("Edema", "Mass")
    assert_array_equal(manifest.labels, [[0, 1], [1, 0]])
    assert list(manifest.frame["other"]) == ["1", "0"]
    assert manifest.found == 3
    assert "every label of task chest is empty" in manifest.skipped[0].reason


def test_a_set_without_any_label_of_the_card_is_refused(tmp_path):
    path = manifest_of(tmp_path, "path,A,B\na.png,1,0\n")

    with pytest.raises(ManifestError, match="no label of task chest: its columns are path, A, B"):
        load_task("chest", path)
    with pytest.raises(ManifestError, match="no label of task chest, only A, B"):
        apply_card(read_manifest(path), load_card("chest"))


def test_the_kinds_have_to_agree(tmp_path):
    path = manifest_of(tmp_path, "path,label\na.png,x\nbb.png,y\n")

    with pytest.raises(ManifestError, match="is binary, but task chest is multilabel"):
        apply_card(read_manifest(path), load_card("chest"))
    with pytest.raises(ManifestError, match="has no labels, but task brain wants no, yes"):
        load_task("brain", tmp_path / "a.png")


def test_patients_are_found_in_the_file_names_unless_the_data_name_them(tmp_path):
    for name in ("CNV-12-1", "CNV-12-2", "DME-7-1", "DRUSEN-3-1", "other"):
        folder = tmp_path / ("NORMAL" if name == "other" else name.split("-")[0])
        folder.mkdir(exist_ok=True)
        Image.fromarray(np.eye(4, dtype=np.uint8)).save(folder / f"{name}.png")

    manifest = load_task("oct", tmp_path)

    assert dict(zip(manifest.paths, manifest.groups, strict=True)) == {
        "CNV/CNV-12-1.png": "12",
        "CNV/CNV-12-2.png": "12",
        "DME/DME-7-1.png": "7",
        "DRUSEN/DRUSEN-3-1.png": "3",
        "NORMAL/other.png": "row:NORMAL/other.png",
    }
    assert load_task("oct", tmp_path, group=None).groups is None
    assert scan_folder(tmp_path).groups is None


# --- the positive class -----------------------------------------------------------------------


def test_the_positive_class_is_asked_for_else_the_card_s_else_the_last():
    card = load_card("breast")

    asked = resolve_positive(card.classes, asked="benign", card=card)

    assert asked == ("benign", "--positive")
    assert resolve_positive(card.classes, card=card) == ("malignant", "card")
    assert resolve_positive(["sick", "good"]) == ("sick", "last in sorted order")
    with pytest.raises(UnknownNameError, match=r"no class called 'malign'.*'malignant'"):
        resolve_positive(card.classes, asked="malign")


@pytest.mark.parametrize(
    "last", ["normal", "Negative", "no", "none", "HEALTHY", "benign", "0", "Normal"]
)
def test_the_absence_of_a_finding_is_never_positive_by_chance(last):
    with pytest.raises(ManifestError, match=rf"would be '{last}'.*--positive "):
        resolve_positive(["", last])


# --- real data --------------------------------------------------------------------------------


def test_real_sets_fit_their_cards(real_data):
    brain = load_task("brain", real_data / "brain.csv")
    breast = load_task("breast", real_data / "breast_busi.csv")
    oct_ = load_task("oct", real_data / "oct.csv")

    assert (len(brain), brain.group_count, brain.classes) == (165, 129, ("no", "yes"))
    assert breast.classes == ("benign", "malignant")
    assert np.bincount(oct_.labels).tolist() == [10, 10, 10, 12]
    with pytest.raises(ManifestError, match="label 'normal', which task breast does not know"):
        load_task("breast", real_data / "breast_busi3.csv")
