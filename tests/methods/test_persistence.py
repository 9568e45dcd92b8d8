import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

import texturekit as tk
from tests.imagesets import several_labels, two_classes
from texturekit.errors import ImageError, ManifestError, ModelError, OutputError
from texturekit.methods.grammar import Method
from texturekit.methods.model import Preprocessing
from texturekit.methods.model_facts import sha256
from texturekit.methods.predicting import column_names

SMALL = Preprocessing(size=32, weights="none")
METHODS = [
    "majority/dummy",
    "geometry/forest",
    "glcm/logistic",
    "glcm/svm",
    "glcm/knn",
    "glcm/xgboost",
    "glcm/vote",
    "glcm+squeezenet1_1/fusion",
    "squeezenet1_1/finetune",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tk.read_manifest(two_classes(tmp_path_factory.mktemp("set"), patients=4))


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_model_gives_the_same_probabilities(method, data, tmp_path):
    model = tk.fit(method, data, preprocessing=SMALL, epochs=1)
    expected = model.predict_proba(data)

    loaded = tk.load(model.save(tmp_path / "m"))

    np.testing.assert_array_equal(loaded.predict_proba(data), expected)
    assert (loaded.method, loaded.classes, loaded.positive) == (
        model.method, ("fine", "rough"), "rough",
    )  # fmt: skip


def test_images_of_one_class_fit_nothing_though_the_manifest_names_two(data):
    fine = data.subset(np.flatnonzero(np.asarray(data.labels) == 0))

    with pytest.raises(ManifestError, match="one class only, 'fine'"):
        tk.fit("glcm/logistic", fine, preprocessing=SMALL)


def test_a_model_of_several_labels_survives_too(tmp_path):
    data = tk.read_manifest(several_labels(tmp_path))
    model = tk.fit("lbp/xgboost", data, preprocessing=SMALL)

    loaded = tk.load(model.save(tmp_path / "m"))

    np.testing.assert_array_equal(loaded.predict_proba(data), model.predict_proba(data))
    assert sorted(p.name for p in (tmp_path / "m").glob("booster*")) == [
        "booster-1.ubj", "booster.ubj",
    ]  # fmt: skip


def test_a_model_of_few_columns_survives_too(data, tmp_path):
    model = tk.fit("lbp/knn", data, preprocessing=SMALL)

    loaded = tk.load(model.save(tmp_path / "m"))

    np.testing.assert_array_equal(loaded.predict_proba(data), model.predict_proba(data))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
@pytest.mark.parametrize("name", ["model.json", "pipeline.skops"])
def test_a_pipe_is_refused_and_not_waited_for(name, data, tmp_path):
    file = tk.fit("geometry/logistic", data, preprocessing=SMALL).save(tmp_path / "m") / name
    file.unlink()
    os.mkfifo(file)

    with pytest.raises(ModelError, match=r"(no file|lacks)"):
        tk.load(tmp_path / "m")


def test_facts_without_an_end_are_not_read(tmp_path):
    with (tmp_path / "model.json").open("wb") as file:
        file.truncate(10 * 2**30)

    with pytest.raises(ModelError, match="more than 200000000 bytes"):
        tk.load(tmp_path)


def test_a_task_tells_the_positive_class_and_the_size(tmp_path):
    card = tmp_path / "c.yaml"
    card.write_text(
        "name: wall\ntitle: Wall\nkind: binary\nclasses: [rough, fine]\npositive: fine\n"
        "size: 40\nchannels: 1\nbackbones: [resnet18]\nlicence: none\nobtain: drawn\n"
    )

    model = tk.fit("glcm/logistic", tk.load_task(card, two_classes(tmp_path, patients=4)))

    assert (model.positive, model.classes) == ("fine", ("rough", "fine"))
    assert model.preprocessing.size == 40


def test_no_file_of_a_model_is_a_pickle(data, tmp_path):
    folder = tk.fit("glcm/forest", data, preprocessing=SMALL).save(tmp_path / "m")

    assert sorted(p.name for p in folder.iterdir()) == ["model.json", "pipeline.skops"]
    assert json.loads((folder / "model.json").read_text())["notice"] == "Not for clinical use."


@pytest.mark.parametrize("told", [True, False], ids=["named", "of before"])
def test_a_model_that_learnt_from_other_columns_is_refused(told, data, tmp_path, monkeypatch):
    folder = tk.fit("lbp/vote", data, preprocessing=SMALL).save(tmp_path / "m")
    facts = json.loads((folder / "model.json").read_text())
    assert facts["reads"] == {"lbp": 14}
    if not told:
        del facts["reads"], facts["columns_sha256"]
        (folder / "model.json").write_text(json.dumps(facts))
    assert tk.load(folder).method.name == "lbp/vote"

    # as a set that has got more columns since
    blocks = {"lbp": tuple(f"lbp.{k}" for k in range(20))}
    monkeypatch.setattr(Method, "blocks", property(lambda self: blocks))

    with pytest.raises(ModelError, match="stands for other columns now"):
        tk.load(folder)


def test_a_changed_file_is_refused_by_name(data, tmp_path):
    folder = tk.fit("glcm/forest", data, preprocessing=SMALL).save(tmp_path / "m")
    content = bytearray((folder / "pipeline.skops").read_bytes())
    content[100] ^= 1
    (folder / "pipeline.skops").write_bytes(content)

    with pytest.raises(ModelError, match=r"pipeline\.skops is damaged or changed"):
        tk.load(folder)


def test_changed_preprocessing_is_refused(data, tmp_path):
    folder = tk.fit("majority/dummy", data, preprocessing=SMALL).save(tmp_path / "m")
    facts = json.loads((folder / "model.json").read_text())
    facts["preprocessing"]["size"] = 64
    (folder / "model.json").write_text(json.dumps(facts))

    with pytest.raises(ModelError, match="preprocessing was changed"):
        tk.load(folder)


def test_the_window_is_part_of_a_model(data, tmp_path):
    model = tk.fit("majority/dummy", data, preprocessing=replace(SMALL, window="0:4095"))
    folder = model.save(tmp_path / "m")
    facts = json.loads((folder / "model.json").read_text())

    assert tk.load(folder).preprocessing.window == "0:4095"
    facts["preprocessing"]["window"] = "full"
    (folder / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError, match="preprocessing was changed"):
        tk.load(folder)


def test_another_schema_is_refused(data, tmp_path):
    folder = tk.fit("majority/dummy", data, preprocessing=SMALL).save(tmp_path / "m")
    facts = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**facts, "schema": 99}))

    with pytest.raises(ModelError, match="schema 99"):
        tk.load(folder)


def test_a_type_that_a_model_has_no_use_for_is_refused(data, tmp_path):
    import hashlib

    from skops.io import dump

    folder = tk.fit("glcm/forest", data, preprocessing=SMALL).save(tmp_path / "m")
    dump([tk.errors.TexturekitError("not a model")], folder / "pipeline.skops")
    facts = json.loads((folder / "model.json").read_text())
    facts["files"]["pipeline.skops"] = hashlib.sha256(
        (folder / "pipeline.skops").read_bytes()
    ).hexdigest()
    (folder / "model.json").write_text(json.dumps(facts))

    with pytest.raises(ModelError, match="types that a model has no use for"):
        tk.load(folder)


def test_a_file_outside_the_folder_is_refused(data, tmp_path):
    folder = tk.fit("majority/dummy", data, preprocessing=SMALL).save(tmp_path / "m")
    facts = json.loads((folder / "model.json").read_text())
    facts["files"]["../x"] = "0"
    (folder / "model.json").write_text(json.dumps(facts))

    with pytest.raises(ModelError, match="outside the folder"):
        tk.load(folder)


def rewritten(folder, **changes):
    """Change facts of a model folder, as somebody would who tidies it up."""
    facts = json.loads((folder / "model.json").read_text())
    kept = {k: v for k, v in {**facts, **changes}.items() if v is not LEFT_OUT}
    (folder / "model.json").write_text(json.dumps(kept))


LEFT_OUT = object()


@pytest.mark.parametrize(
    "changes",
    [{"classes": ["rough", "fine"]}, {"classes": ["fine", "x"], "positive": "x"},
     {"positive": "fine"}, {"method": "squeezenet1_1/logistic"}],
)  # fmt: skip
def test_changed_classes_are_refused(changes, data, tmp_path):
    folder = tk.fit("geometry/logistic", data, preprocessing=SMALL).save(tmp_path / "m")
    rewritten(folder, **changes)

    with pytest.raises(ModelError, match="were changed after training"):
        tk.load(folder)


@pytest.mark.parametrize(
    "changes",
    [{name: LEFT_OUT} for name in ("classes", "kind", "learner", "files", "training")]
    + [{"files": []}, {"learner": None}, {"learner": {"kind": "table"}}, {"method": 3},
       {"kind": "x"}, {"classes": "ab"}, {"preprocessing": {"size": "x"}}],
)  # fmt: skip
def test_facts_that_are_not_usable_are_refused(changes, data, tmp_path):
    folder = tk.fit("majority/dummy", data, preprocessing=SMALL).save(tmp_path / "m")
    rewritten(folder, **changes)

    with pytest.raises(ModelError, match=r"model\.json"):
        tk.load(folder)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"model\.json"):
        tk.load(tmp_path)


def test_an_existing_model_is_kept(data, tmp_path):
    model = tk.fit("majority/dummy", data, preprocessing=SMALL)
    model.save(tmp_path / "m")

    with pytest.raises(OutputError, match="exists already"):
        model.save(tmp_path / "m")


def test_images_without_labels_cannot_be_learnt_from(data):
    from dataclasses import replace

    unlabelled = replace(data, labels=None, classes=(), kind=None)

    with pytest.raises(ManifestError, match="no labels"):
        tk.fit("glcm/forest", unlabelled)


def test_a_bad_image_stops_a_prediction_and_is_named(tmp_path):
    data = tk.read_manifest(two_classes(tmp_path, patients=4))
    model = tk.fit("glcm/logistic", data, preprocessing=SMALL)
    data.file(5).write_bytes(b"")

    with pytest.raises(ImageError, match=r"1 of 16 images.*p02_1"):
        model.predict_proba(data)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    model = tk.fit("squeezenet1_1/finetune", data, preprocessing=SMALL, epochs=1)
    return model.save(tmp_path_factory.mktemp("models") / "m")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"kind": "multilabel"}, "says kind multilabel"),
        ({"method": "resnet18/finetune"}, "says backbone resnet18"),
        ({"classes": ["rough", "fine"]}, "names the classes rough, fine, but the outputs"),
    ],
    ids=str,
)
def test_a_description_of_another_network_is_refused(trained, tmp_path, changed, what):
    folder = shutil.copytree(trained, tmp_path / "m")
    rewritten(folder, meaning_sha256=None, **changed)

    with pytest.raises(ModelError, match=what):
        tk.load(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_network_with_numbers_that_are_none_is_refused(value, trained, tmp_path):  # F89
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(trained, tmp_path / "m")
    file = folder / "net.safetensors"
    with safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
    state = load_file(file)
    state[next(name for name in state if name.endswith("bias"))][0] = value
    save_file(state, file, metadata=metadata)
    rewritten(folder, files={file.name: sha256(file.read_bytes())})

    with pytest.raises(ModelError, match="holds values that are not finite"):
        tk.load(folder)


def _decided(data, tmp_path, **wanted):
    model = tk.fit("glcm/logistic", data, preprocessing=SMALL, **wanted)
    return model, model.save(tmp_path / "m")


@pytest.mark.parametrize("calibrate", ["none", "sigmoid", "isotonic", "temperature"])
def test_threshold_and_calibration_survive_to_the_bit(calibrate, data, tmp_path):
    model, folder = _decided(data, tmp_path, threshold="sensitivity=0.9", calibrate=calibrate)

    loaded = tk.load(folder)

    assert loaded.decision == model.decision
    assert model.decision.images == len(data)
    np.testing.assert_array_equal(loaded.predict_proba(data), model.predict_proba(data))
    said = json.loads((folder / "model.json").read_text())["threshold"]
    assert (said["rule"], said["value"]) == ("sensitivity=0.9", model.decision.cuts["rough"])
    assert said["chosen_on"] == "training images, predicted by up to 5 inner folds"


def test_labels_keep_a_threshold_each(tmp_path):
    data = tk.read_manifest(several_labels(tmp_path))
    model = tk.fit(
        "lbp/logistic", data, preprocessing=SMALL, threshold="youden", calibrate="sigmoid"
    )

    loaded = tk.load(model.save(tmp_path / "m"))

    assert loaded.decision == model.decision
    assert set(loaded.decision.cuts) == {"rough", "bright"}
    assert column_names(loaded) == column_names(model)


def _changed(folder, change):
    facts = json.loads((folder / "model.json").read_text())
    change(facts)
    (folder / "model.json").write_text(json.dumps(facts))


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts["threshold"].update(value=0.9),
        lambda facts: facts["decision"]["cuts"].update(rough=0.9),
        lambda facts: facts["decision"]["calibrator"]["bends"][0].update(slope=3.0),
        lambda facts: facts["decision"].update(calibrator=None),
    ],
)
def test_a_changed_threshold_or_calibration_is_refused(change, data, tmp_path):
    _, folder = _decided(data, tmp_path, threshold="youden", calibrate="sigmoid")
    _changed(folder, change)

    with pytest.raises(ModelError, match="threshold or the calibration was changed"):
        tk.load(folder)


def test_a_decision_that_is_gone_is_missed(data, tmp_path):
    _, folder = _decided(data, tmp_path, threshold="youden")
    _changed(folder, lambda facts: [facts.pop(name) for name in ("decision", "decision_sha256")])

    with pytest.raises(ModelError, match="lacks its decision"):
        tk.load(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda facts: facts["decision"].update(cuts={"mole": 0.5}), "thresholds of other classes"),
        (lambda facts: facts["decision"].update(cuts={"rough": "high"}), "is damaged"),
        (
            lambda facts: facts["decision"]["calibrator"]["bends"][0].update(bias=[0, 0, 0]),
            "calibration of other classes",
        ),
    ],
)
def test_a_decision_with_a_good_checksum_has_to_make_sense(change, said, data, tmp_path):
    from texturekit.methods.decision_files import _sha256

    _, folder = _decided(data, tmp_path, threshold="youden", calibrate="sigmoid")

    def spoil_and_seal(facts):
        change(facts)
        told = {name: facts[name] for name in ("threshold", "decision")}
        facts["decision_sha256"] = _sha256(told)

    _changed(folder, spoil_and_seal)

    with pytest.raises(ModelError, match=said):
        tk.load(folder)


def test_folders_of_before_thresholds_still_load(data, tmp_path):
    model, folder = _decided(data, tmp_path)
    _changed(folder, lambda facts: [facts.pop(name) for name in ("decision", "decision_sha256")])

    loaded = tk.load(folder)

    assert loaded.decision == model.decision
    np.testing.assert_array_equal(loaded.predict_proba(data), model.predict_proba(data))


def test_validation_images_are_chosen_on_and_not_learnt_from(data):
    splits = np.array(["val" if k % 4 == 3 else "train" for k in range(len(data) // 2)]).repeat(2)
    marked = replace(data, frame=data.frame.assign(split=splits))
    learnt = data.subset(np.flatnonzero(splits == "train"))

    model = tk.fit("glcm/logistic", marked, preprocessing=SMALL, threshold="youden")

    assert (model.decision.chosen_on, model.decision.images) == ("validation images", 4)
    alone = tk.fit("glcm/logistic", learnt, preprocessing=SMALL)
    np.testing.assert_array_equal(model.predict_proba(data), alone.predict_proba(data))


@pytest.mark.parametrize("threshold", [None, "half", [0.5]])
def test_an_old_folder_with_a_threshold_that_is_none_is_refused(threshold, data, tmp_path):
    _, folder = _decided(data, tmp_path, threshold="youden")

    def change(facts):
        for name in ("decision", "decision_sha256"):
            del facts[name]
        facts["threshold"] = threshold

    _changed(folder, change)
    with pytest.raises(ModelError, match="lacks its decision"):
        tk.load(folder)
