"""What model folders of every schema hold, and what is refused of them: F87 and F89."""

import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import texturekit as tk
from tests.faults.test_weights import DAMAGED, Canary
from tests.imagesets import two_classes
from texturekit import records
from texturekit.errors import ModelError
from texturekit.methods.model import Preprocessing
from texturekit.methods.model_facts import sha256

KEPT = Path(__file__).parent / "models"
EXPECTED = json.loads((KEPT / "expected.json").read_text())
SMALL = Preprocessing(size=32, weights="none")
SHARE = records.ObservedShare(above=0.5, upto=0.6, told=0.55, seen=0.5, low=0.2, high=0.8, n=8)
TESTED = records.Tested(
    task="breast",
    run="0" * 64,
    how="5 folds",
    images=120,
    groups=60,
    metrics={"roc_auc": records.Estimate(value=0.8, low=0.7, high=0.9, how="DeLong")},
    observed={"rough": [SHARE]},
)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_folder_of_schema_1_predicts_what_was_written_down(name):
    told, images = EXPECTED[name], tk.load_source(KEPT / "images")

    model = tk.load(KEPT / name)

    assert json.loads((KEPT / name / "model.json").read_text())["schema"] == 1
    assert (model.method.name, model.decision.cuts) == (told["method"], told["threshold"])
    np.testing.assert_allclose(model.predict_proba(images), told["probabilities"], rtol=1e-9)
    scores = model.ood_scores(images)
    if told["ood"] is None:
        assert scores is None
    else:
        np.testing.assert_allclose(scores, told["ood"], rtol=1e-6)
    assert (model.tested, model.background, model.cases) == (None, None, None)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_folder_of_schema_1_that_is_saved_anew_is_of_schema_2(name, tmp_path):
    images = tk.load_source(KEPT / "images")
    model = tk.load(KEPT / name)

    folder = model.save(tmp_path / "m")

    facts = json.loads((folder / "model.json").read_text())
    assert (facts["schema"], facts["tested"], facts["metrics"]) == (2, None, None)
    assert "no comparison is behind this model" in facts["metrics_reason"]
    np.testing.assert_array_equal(
        tk.load(folder).predict_proba(images), model.predict_proba(images)
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tk.read_manifest(two_classes(tmp_path_factory.mktemp("set"), patients=16))


@pytest.fixture(scope="module")
def model(data):
    fitted = tk.fit("first_order/xgboost", data, preprocessing=SMALL, cases=5)
    return replace(fitted, tested=TESTED)


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    return model.save(tmp_path_factory.mktemp("models") / "m")


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "m")


def facts_of(folder):
    return json.loads((folder / "model.json").read_text())


def changed(folder, **changes):
    (folder / "model.json").write_text(json.dumps({**facts_of(folder), **changes}))


def sealed(folder):
    """State the checksums of the files that are there, as somebody would who means harm."""
    files = {file.name: sha256(file.read_bytes()) for file in folder.iterdir()}
    changed(folder, files={k: v for k, v in files.items() if k != "model.json"})


def test_everything_of_schema_2_survives(model, saved):
    loaded = tk.load(saved)

    assert loaded.tested == TESTED
    np.testing.assert_array_equal(loaded.background.rows, model.background.rows)
    np.testing.assert_array_equal(loaded.background.weights, model.background.weights)
    np.testing.assert_array_equal(loaded.cases.features, model.cases.features)
    assert (loaded.cases.labels, loaded.cases.pictures) == (
        model.cases.labels,
        model.cases.pictures,
    )
    facts = facts_of(saved)
    assert facts["metrics"] == facts["tested"]["metrics"]
    assert facts["metrics"]["roc_auc"]["value"] == 0.8
    assert (facts["holds_training_rows"], facts["holds_training_pictures"]) == (True, True)
    assert "holds pictures of patients" in facts["cases"]["notice"]
    assert sorted(facts["files"]) == [
        "background.safetensors", "booster.ubj", "cases.safetensors", "pipeline.skops",
    ]  # fmt: skip


def test_without_cases_no_row_and_no_picture_is_held(model, tmp_path):
    folder = replace(model, cases=None).save(tmp_path / "m")

    facts = facts_of(folder)
    assert (facts["holds_training_rows"], facts["holds_training_pictures"]) == (False, False)
    assert facts["cases"] is None
    assert not (folder / "cases.safetensors").exists()
    assert tk.load(folder).cases is None


@pytest.mark.parametrize("schema", ["1", "2", "3", 3, 0, 2.0, True, None, [2]])
def test_any_other_schema_is_refused(schema, folder):
    changed(folder, schema=schema)

    with pytest.raises(ModelError, match="but this version reads 1 and 2; load it with"):
        tk.load(folder)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda facts: facts["metrics"]["roc_auc"].update(value=0.99),
        lambda facts: facts["tested"]["metrics"]["roc_auc"].update(value=0.99),
        lambda facts: facts["tested"].update(images=9000),
        lambda facts: facts.update(tested=None, metrics=None),
    ],
)
def test_changed_tests_are_refused(spoil, folder):
    facts = facts_of(folder)
    spoil(facts)
    changed(folder, **facts)

    with pytest.raises(ModelError, match="what it says of tests was changed"):
        tk.load(folder)


def test_the_tests_of_another_model_are_refused(model, folder, tmp_path):
    other = replace(model, positive="fine").save(tmp_path / "other")
    names = ("tested", "tested_sha256", "metrics")
    changed(folder, **{name: facts_of(other)[name] for name in names})

    with pytest.raises(ModelError, match="or is another model's"):
        tk.load(folder)


@pytest.mark.parametrize(
    "changes",
    [{"background": 3}, {"cases": "x"}, {"holds_training_pictures": False}, {"tested": []},
     {"tested_sha256": None}, {"holds_training_rows": "no"}],
)  # fmt: skip
def test_fields_of_another_type_are_refused_by_name(changes, folder):
    changed(folder, **changes)

    with pytest.raises(ModelError, match=r"model\.json is damaged or changed: "):
        tk.load(folder)


@pytest.mark.parametrize("name", ["background.safetensors", "cases.safetensors", "booster.ubj"])
def test_a_file_that_is_not_listed_is_missed(name, folder):
    files = facts_of(folder)["files"]
    del files[name]
    changed(folder, files=files)

    with pytest.raises(ModelError, match=r"does not list|lists 0 boosters"):
        tk.load(folder)


@pytest.mark.parametrize(
    "name", ["background.safetensors", "cases.safetensors", "booster.ubj", "pipeline.skops"]
)
@pytest.mark.parametrize("resealed", [False, True])
def test_a_truncated_file_is_refused_by_name(name, resealed, folder):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    if resealed:
        sealed(folder)

    with pytest.raises(ModelError, match=name):
        tk.load(folder)


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("name", ["background.safetensors", "cases.safetensors"])
def test_arrays_that_are_none_are_refused(name, content, folder):
    (folder / name).write_bytes(content)
    sealed(folder)

    with pytest.raises(ModelError, match=rf"{name}( cannot be read| holds a )"):
        tk.load(folder)


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("background", {"rows": np.full((2, 52), np.nan)}, "rows holds values that are not finite"),
        ("background", {"rows": np.zeros((2, 51))}, "no background"),
        ("background", {"rows": np.zeros(52)}, "no background"),
        ("background", {"weights": np.array([0.5])}, "no background"),
        ("background", {"weights": np.array([-1.0, 2.0]), "rows": np.zeros((2, 52))}, "above 0"),
        ("background", {"weights": np.array([np.inf])}, "weights holds values that are not finite"),
        ("background", {"more": np.zeros(2)}, "holds more"),
        ("background", {"rows": np.zeros((2, 52), np.float32)}, r"rows \(float32\)"),
        ("cases", {"features": np.full((5, 52), np.inf)}, "features holds values that are not"),
        ("cases", {"features": np.zeros((5, 51))}, "52 columns"),
        ("cases", {"features": np.zeros((4, 52))}, "do not go with 5 pictures"),
        ("cases", {"labels": np.frombuffer(b'["a"]', np.uint8)}, "labels are not one text"),
        ("cases", {"labels": np.frombuffer(b"[1,2,3,4,5]", np.uint8)}, "labels are not one text"),
        ("cases", {"labels": np.frombuffer(b"[" * 99_999, np.uint8)}, "cases.safetensors: "),
        ("cases", {"ends": np.array([9, 8, 7, 6, 5])}, "cut at the wrong places"),
        ("cases", {"ends": np.array([1, 2, 3, 4, 10**9])}, "cut at the wrong places"),
        ("cases", {"pictures": np.zeros(500, np.uint8),
                   "ends": np.array([100, 200, 300, 400, 500])}, "its picture 0 is no WebP"),
    ],
)  # fmt: skip
def test_numbers_that_do_not_fit_are_refused(name, spoil, said, folder):
    file = folder / f"{name}.safetensors"
    save_file({**load_file(file), **spoil}, file)
    sealed(folder)

    with pytest.raises(ModelError, match=said) as caught:
        tk.load(folder)
    assert file.name in str(caught.value)


def test_a_large_picture_is_refused(folder):
    from PIL import Image

    big, file = io.BytesIO(), folder / "cases.safetensors"
    Image.new("RGB", (161, 20)).save(big, "WEBP")
    one, known = np.frombuffer(big.getvalue(), np.uint8), load_file(file)
    ends = np.cumsum([len(one)] * 5)
    save_file({**known, "pictures": np.tile(one, 5), "ends": ends}, file)
    sealed(folder)

    with pytest.raises(ModelError, match="its picture 0 is 161x20 pixels, above 160"):
        tk.load(folder)


def test_more_boosters_than_members_are_refused(folder):
    shutil.copy(folder / "booster.ubj", folder / "booster-1.ubj")
    sealed(folder)

    with pytest.raises(ModelError, match=r"lists 2 boosters, but pipeline\.skops is of 1"):
        tk.load(folder)


def test_a_booster_of_other_columns_is_refused(data, folder, tmp_path):
    other = tk.fit("lbp/xgboost", data, preprocessing=SMALL).save(tmp_path / "other")
    shutil.copy(other / "booster.ubj", folder)
    sealed(folder)

    with pytest.raises(ModelError, match=r"booster\.ubj cannot be read: its num_feature is '\d+'"):
        tk.load(folder)


def test_a_pickle_in_place_of_a_pipeline_runs_nothing(folder, tmp_path):  # F87
    import pickle

    canary = tmp_path / "canary"
    (folder / "pipeline.skops").write_bytes(pickle.dumps(Canary(canary)))
    sealed(folder)

    with pytest.raises(ModelError, match=r"pipeline\.skops cannot be read"):
        tk.load(folder)
    assert not canary.exists()


@pytest.mark.parametrize(
    "state",
    [
        {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode",
         "content": {"module_path": "os", "function": "system"}},
        {"__class__": "Popen", "__module__": "subprocess", "__loader__": "ObjectNode",
         "content": None},
        {"__class__": "x", "__module__": "y", "__loader__": "NoSuchNode"},
        {},
        [],
    ],
    ids=["a function", "an object", "an unknown node", "nothing", "a list"],
)  # fmt: skip
def test_a_pipeline_of_something_else_runs_nothing(state, folder):  # F87
    told = dict(state, __id__=1, protocol=2, _skops_version="0.16.0") if state else state
    with zipfile.ZipFile(folder / "pipeline.skops", "w") as archive:
        archive.writestr("schema.json", json.dumps(told))
    sealed(folder)

    with pytest.raises(ModelError, match=r"pipeline\.skops"):
        tk.load(folder)


@pytest.mark.parametrize("name", ["../m/booster.ubj", "/etc/passwd", "..", "", "a\\b", "x\0y"])
def test_a_file_elsewhere_is_refused(name, folder):
    changed(folder, files={**facts_of(folder)["files"], name: "0"})

    with pytest.raises(ModelError, match=r"outside the folder|lacks"):
        tk.load(folder)


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path):
    outside = shutil.move(folder / "booster.ubj", tmp_path / "elsewhere")
    (folder / "booster.ubj").symlink_to(outside)

    with pytest.raises(ModelError, match="outside the folder"):
        tk.load(folder)
