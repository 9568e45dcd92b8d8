"""What a saved model knows of its training images."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.numpy import load_file, save_file

import texturekit as tk
from tests.imagesets import several_labels, two_classes
from texturekit.data.splits import inner_split
from texturekit.deep.loading import normalised
from texturekit.errors import ModelError
from texturekit.methods.model import Preprocessing, prepare
from texturekit.methods.model_facts import sha256 as _hash
from texturekit.methods.novelty import learn_novelty
from texturekit.ood import Mahalanobis, keeping

SMALL = Preprocessing(size=32, weights="none")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tk.read_manifest(two_classes(tmp_path_factory.mktemp("set"), patients=26))


@pytest.fixture(scope="module")
def model(data):
    return tk.fit("glcm/logistic", data, preprocessing=SMALL)


@pytest.fixture(scope="module")
def network(data):
    return tk.fit("squeezenet1_1/finetune", data, preprocessing=SMALL, epochs=1)


@pytest.fixture
def folder(model, tmp_path):
    return model.save(tmp_path / "m")


def change(folder, **more):
    """Write other facts into model.json, with the hashes that now hold."""
    facts = json.loads((folder / "model.json").read_text())
    facts |= more
    facts["files"] = {
        file.name: _hash(file.read_bytes()) for file in folder.iterdir() if file.suffix != ".json"
    }
    (folder / "model.json").write_text(json.dumps(facts))


def test_the_detector_is_fitted_on_the_rest_and_its_threshold_set_on_held_out_patients(model, data):
    inputs, _ = prepare(data, [model.method], SMALL)
    x = inputs.blocks["glcm"]
    rest, held_out = inner_split(data.labels, data.groups, "binary", fraction=0.2, seed=0)
    scores = Mahalanobis.fit(x[rest], data.labels[rest]).score(x[held_out])

    assert not set(data.groups[rest]) & set(data.groups[held_out])
    assert (model.ood.n, model.ood.fitted_on) == (len(held_out), len(rest))
    assert model.ood.threshold == keeping(scores)
    assert model.ood.kept == np.mean(scores <= model.ood.threshold) >= 0.95
    assert_allclose(model.ood_scores(data)[held_out], scores, rtol=1e-9)


def test_a_networks_detector_looks_at_the_mean_of_its_last_map(network, data):
    learner = network.learner
    inputs, _ = prepare(data, [network.method], SMALL)
    pictures = np.stack(list(inputs.pictures))
    with torch.inference_mode():
        maps = learner.network.module[0](
            normalised(torch.from_numpy(pictures), learner.network.backbone)
        )
    x = maps.mean(dim=(2, 3)).double().numpy()
    rest = np.setdiff1d(np.arange(len(data)), learner.held_out)
    scores = Mahalanobis.fit(x[rest], data.labels[rest]).score(x[learner.held_out])

    assert network.ood.features == "mean of the last feature map"
    assert network.ood.n == len(learner.held_out)
    assert network.ood.threshold == pytest.approx(keeping(scores), rel=1e-3)


def test_several_labels_are_one_class_for_the_detector(tmp_path):
    data = tk.read_manifest(several_labels(tmp_path, patients=110))

    model = tk.fit("glcm/logistic", data, preprocessing=SMALL)

    assert len(model.ood.detector.means) == 1
    assert model.ood.n == 22


def test_photographs_of_nothing_lie_outside(model, data, tmp_path):
    from PIL import Image

    for name, grey in (("a", 0), ("b", 255)):
        Image.fromarray(np.tile(np.linspace(0, grey, 32, dtype=np.uint8), (32, 1))).save(
            tmp_path / f"{name}.png"
        )

    scores = model.ood_scores(tk.load_source(tmp_path))

    assert (scores > model.ood.threshold).all()


def test_too_few_images_give_a_reason_and_no_score(tmp_path):
    data = tk.read_manifest(two_classes(tmp_path, patients=8))

    model = tk.fit("glcm/logistic", data, preprocessing=SMALL)

    assert model.ood.detector is None
    assert "could be held out" in model.ood.reason
    assert "19 are needed" in model.ood.reason
    assert model.ood_scores(data) is None
    assert tk.load(model.save(tmp_path / "m")).ood.reason == model.ood.reason


def test_too_few_patients_give_a_reason(rng):
    groups, held_out = np.repeat(["a", "b", "c"], 40), np.arange(40)

    found = learn_novelty(
        rng.normal(size=(120, 3)), np.tile([0, 1], 60), groups, kind="binary", held_out=held_out,
        what="columns",
    )  # fmt: skip

    assert found.detector is None
    assert "of 1 patients, 5 are needed" in found.reason


@pytest.mark.parametrize("method", ["majority/dummy", "geometry/forest"])
def test_a_baseline_has_no_detector(method, data):
    assert tk.fit(method, data, preprocessing=SMALL).ood.reason == "this baseline looks at no pixel"


@pytest.mark.parametrize("which", ["model", "network"])
def test_a_saved_model_gives_the_same_scores(which, data, tmp_path, request):
    fitted = request.getfixturevalue(which)

    loaded = tk.load(fitted.save(tmp_path / "m"))

    assert_array_equal(loaded.ood_scores(data), fitted.ood_scores(data))
    assert loaded.ood.facts() == fitted.ood.facts()


def test_the_file_holds_arrays_and_the_description_says_how_the_threshold_was_set(folder):
    facts = json.loads((folder / "model.json").read_text())

    assert facts["schema"] == 2
    assert facts["ood"]["chosen_on"] == "20 held-out training images of 10 patients, 95% kept"
    assert "ood.safetensors" in facts["files"]
    assert sorted(load_file(folder / "ood.safetensors")) == [
        "centre", "directions", "gains", "means", "rest", "shrinkage", "spread",
    ]  # fmt: skip


def test_a_folder_from_before_there_were_detectors_still_loads(folder, data, model):
    (folder / "ood.safetensors").unlink()
    facts = json.loads((folder / "model.json").read_text())
    del facts["ood"], facts["training"]["weights"], facts["files"]["ood.safetensors"]
    (folder / "model.json").write_text(json.dumps(facts))

    loaded = tk.load(folder)

    assert "saved before there were detectors" in loaded.ood.reason
    assert_array_equal(loaded.predict_proba(data), model.predict_proba(data))


def test_a_changed_detector_is_refused(folder):
    content = bytearray((folder / "ood.safetensors").read_bytes())
    content[-3] ^= 1
    (folder / "ood.safetensors").write_bytes(content)

    with pytest.raises(ModelError, match=r"ood\.safetensors is damaged or changed"):
        tk.load(folder)


def test_a_missing_detector_is_refused(folder):
    (folder / "ood.safetensors").unlink()

    with pytest.raises(ModelError, match=r"lacks ood\.safetensors"):
        tk.load(folder)


def test_a_detector_that_no_hash_vouches_for_is_refused(folder):
    facts = json.loads((folder / "model.json").read_text())
    del facts["files"]["ood.safetensors"]
    (folder / "model.json").write_text(json.dumps(facts))

    with pytest.raises(ModelError, match=r"no ood\.safetensors"):
        tk.load(folder)


def test_a_pickle_in_its_place_is_refused(folder):
    import pickle

    (folder / "ood.safetensors").write_bytes(pickle.dumps({"centre": [0.0]}))
    change(folder)

    with pytest.raises(ModelError, match="cannot be read"):
        tk.load(folder)


@pytest.mark.parametrize("key", ["threshold", "n", "chosen_on"])
def test_a_description_that_lacks_something_is_refused(folder, key):
    facts = json.loads((folder / "model.json").read_text())["ood"]
    change(folder, ood={**facts, key: None})

    with pytest.raises(ModelError, match="description of its detector"):
        tk.load(folder)


def test_arrays_of_another_detector_are_refused(folder):
    save_file({"bank": np.zeros((3, 3))}, folder / "ood.safetensors")
    change(folder)

    with pytest.raises(ModelError, match=r"ood\.safetensors: a mahalanobis detector holds centre"):
        tk.load(folder)


def test_other_weights_than_at_fitting_are_refused(data):
    model = tk.fit("squeezenet1_1/logistic", data, preprocessing=SMALL)
    other = replace(model, preprocessing=replace(SMALL, seed=1))

    with pytest.raises(ModelError, match=r"'random \(seed 0\)', but here are 'random \(seed 1\)'"):
        other.predict_proba(data)
