"""A network's own outputs as a method, against torchxrayvision's own code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import texturekit as tk
from texturekit.data.pictures import Pictures
from texturekit.deep import weights
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.weights import cached_path
from texturekit.deep.xray_files import convert_weights
from texturekit.errors import ParameterError, WeightsError
from texturekit.events import listening
from texturekit.methods.deciding import decide
from texturekit.methods.grammar import parse_method
from texturekit.methods.heads import HeadLearner
from texturekit.methods.learners import Inputs, Settings, learner

NAME = "densenet121-res224-mimic_nb"
SIDE = 64
HEAD = parse_method(f"{NAME}/head")
# the 14 labels of NIH ChestX-ray14, of which mimic_nb knows 7 (Effusion is called so by both)
NIH = (
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia",
    "Pneumothorax", "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening",
    "Hernia",
)  # fmt: skip
UNTRAINED = {
    "Infiltration", "Mass", "Nodule", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia"
}  # fmt: skip
models = pytest.importorskip("torchxrayvision.models")
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", autouse=True)
def small():
    """The network at 64 pixels instead of 224, for speed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES._items, NAME, replace(BACKBONES[NAME], size=SIDE))
        yield


@pytest.fixture(scope="module")
def chest(tmp_path_factory):
    """Four made 16-bit pictures with 14 labels; two of them use 12 bits."""
    root, rng = tmp_path_factory.mktemp("chest"), np.random.default_rng(5)
    rows = []
    for k in range(4):
        top = 4096 if k < 2 else 65536
        pixels = (rng.random((20, 24)) ** (1 + k) * top).astype(np.uint16)
        Image.fromarray(pixels).save(root / f"{k}.png")
        rows.append({"path": f"{k}.png", "group": f"p{k}", **dict.fromkeys(NIH, k % 2)})
    pd.DataFrame(rows).to_csv(root / "data.csv", index=False)
    return tk.read_manifest(root / "data.csv", labels=list(NIH))


@pytest.fixture(scope="module")
def published(chest, tmp_path_factory):
    """What torchxrayvision's own module says of the pictures, and its converted weights.

    The module's outputs lie on both sides of the operating points.
    """
    torch.manual_seed(3)
    net = models.DenseNet().eval()
    points = torch.tensor(models.model_urls[NAME]["op_threshs"]).nan_to_num(0.5)
    seen = np.stack(list(Pictures(chest, size=SIDE, view="xray")))
    with torch.inference_mode():
        features = net.features2(torch.from_numpy(seen).permute(0, 3, 1, 2) * 2048 - 1024)
        net.classifier.weight /= 4000
        net.classifier.bias += torch.logit(points) - net.classifier(features).mean(dim=0)
        said = net.classifier(features).sigmoid()
    folder = tmp_path_factory.mktemp("weights")
    torch.save(net.state_dict(), folder / "net.pt")
    return said, convert_weights(NAME, folder / "net.pt", folder / "net.safetensors")


@pytest.fixture(autouse=True)
def cache(published, tmp_path, monkeypatch):
    """A cache that holds the converted file, and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv(weights.URL_VARIABLE, "http://127.0.0.1:9")
    path = cached_path(NAME)
    path.parent.mkdir(parents=True)
    path.symlink_to(published[1])
    return path


def test_says_what_torchxrayvision_says_and_nothing_of_untrained_outputs(published, chest):
    inputs = Inputs(len(chest), {}, Pictures(chest, size=40))  # the task's size does not matter
    head = learner(HEAD, "multilabel", NIH, Settings(device="cpu")).fit(inputs, None, None)

    found = head.predict_proba(inputs)

    expected = published[0].numpy()
    for k, name in enumerate(NIH):
        if name in UNTRAINED:
            assert np.isnan(found[:, k]).all(), name
        else:
            column = models.DenseNet.targets.index(name)
            np.testing.assert_allclose(found[:, k], expected[:, column], rtol=1e-4, atol=1e-6)
    assert set(head.absent) == UNTRAINED
    assert head.labels[2] is None  # Infiltration
    assert head.labels[3] == "Pneumothorax"


def test_a_real_picture_looks_as_torchxrayvisions_own_preparation_shows_it(real_data):
    datasets = pytest.importorskip("torchxrayvision.datasets")
    name = "00000001_000.png"
    pixels = np.asarray(Image.open(real_data / "chest_samples" / name))
    manifest = tk.scan_folder(real_data / "chest_samples")
    theirs = datasets.XRayCenterCrop()(datasets.normalize(pixels, 255)[None])[0]
    place = list(manifest.paths).index(name)

    seen = Pictures(manifest, size=None, view="xray")[place][:, :, 0]

    np.testing.assert_allclose(seen * 2048 - 1024, theirs, atol=1e-3)


@pytest.fixture(scope="module")
def study(published, chest, tmp_path_factory):
    """A comparison with the network's own outputs, and the warnings that it gave."""
    heard = []
    with listening(heard.append):
        study = tk.compare(
            "chest", chest, methods=["majority/dummy", HEAD.name], folds=2, repeats=2, size=32,
            images=False, device="cpu", weights=str(published[1]),
        )  # fmt: skip
    return study, [event.message for event in heard if event.level == "warning"]


def test_decides_as_torchxrayvisions_op_norm_does(study, published, chest):
    rows = study[0].predictions.query("method == @HEAD.name and repeat == 0").sort_values("id")
    points = torch.tensor(models.model_urls[NAME]["op_threshs"])
    normed = models.op_norm(published[0], points) >= 0.5
    expected = [
        "|".join(
            name for name in study[0].results.classes
            if name not in UNTRAINED and normed[k, models.DenseNet.targets.index(name)]
        )
        for k in range(len(chest))
    ]  # fmt: skip

    assert rows["predicted"].tolist() == expected
    assert len(set(expected)) > 1  # both sides of the thresholds
    assert rows["threshold"].isna().all()
    np.testing.assert_allclose(rows["t.Pneumonia"], 0.022924708)
    assert rows["t.Mass"].isna().all()


def test_a_comparison_says_which_labels_are_not_available_and_why(study):
    result, said = study[0].results.methods[-1], study[1]
    reasons = {one.name: one.metrics["roc_auc"].reason for one in result.per_class}

    assert (result.name, result.family, result.status) == (HEAD.name, "head", "ok")
    assert result.weights.startswith("file net.safetensors (sha256")
    for name in UNTRAINED:
        assert reasons[name] == f"{name} is an output of {NAME} that was not trained"
    assert "mean over 7 of 14 labels" in result.metrics["roc_auc"].how
    assert "operating point (Atelectasis 0.08559, " in result.threshold.rule
    assert sum("7 of 14 labels are n/a" in message for message in said) == 1
    assert sum("2 files use a quarter or less of the values" in message for message in said) == 1
    assert any("7 of 14 labels are n/a" in note for note in study[0].results.notes)


def test_two_classes_of_which_one_is_a_label(published, chest):
    classes = ("NORMAL", "PNEUMONIA")
    inputs = Inputs(len(chest), {}, Pictures(chest, size=40))
    head = learner(HEAD, "binary", classes, Settings(device="cpu")).fit(inputs, None, None)

    found = head.predict_proba(inputs)
    decided, threshold = decide(found, classes, "binary", "PNEUMONIA", HEAD, cuts=head.cuts)
    again, other = decide(found, classes, "binary", "NORMAL", HEAD, cuts=head.cuts)

    expected = published[0][:, models.DenseNet.targets.index("Pneumonia")].numpy()
    np.testing.assert_allclose(found[:, 1], expected, rtol=1e-4)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert decided == again == [classes[int(p >= 0.022924708)] for p in found[:, 1]]
    assert (threshold, other) == pytest.approx((0.022924708, 1 - 0.022924708))


def test_a_saved_model_says_the_same(chest, tmp_path):
    model = tk.fit(HEAD.name, chest, device="cpu")
    expected = model.predict_proba(chest, device="cpu")

    loaded = tk.load(model.save(tmp_path / "model"))

    np.testing.assert_array_equal(loaded.predict_proba(chest, device="cpu"), expected)
    assert loaded.learner.weights.label == model.learner.weights.label


def test_rsna_has_two_trained_outputs():
    head = HeadLearner(
        parse_method("densenet121-res224-rsna/head"), "multilabel", ("Pneumonia", "lung_opacity"),
        Settings(),
    )  # fmt: skip

    assert [label for label in head.labels if label] == ["Pneumonia", "Lung Opacity"]
    assert head.cuts == {"Pneumonia": 0.13486601, "lung_opacity": 0.13511065}
    assert head.absent == {}


@pytest.mark.parametrize(
    ("kind", "classes", "reason"),
    [
        ("multiclass", ["Mass", "Edema", "Hernia"], "do not exclude each other"),
        ("multilabel", ["Mass", "Hernia"], "no trained output for any of Mass, Hernia"),
        ("binary", ["no", "yes"], "no trained output for any of no, yes; its trained outputs are"),
        ("binary", ["Edema", "Pneumonia"], "both classes, Edema and Pneumonia, are outputs"),
    ],
)
def test_tasks_that_do_not_fit_are_refused(kind, classes, reason):
    with pytest.raises(ParameterError, match=reason):
        learner(HEAD, kind, classes, Settings())


@pytest.mark.parametrize(
    ("policy", "reason", "code"),
    [("none", "random weights say nothing", 4), ("auto", "texturekit convert-weights", 6)],
)
def test_without_its_own_weights_nothing_is_computed(policy, reason, code, cache, chest):
    cache.unlink()

    with pytest.raises(WeightsError, match=reason) as told:
        tk.compare("chest", chest, methods=[HEAD.name], weights=policy, folds=2, images=False)

    assert told.value.exit_code == code


def test_weights_of_another_of_the_seven_nets_are_refused(cache, chest):
    method = "densenet121-res224-all/head"

    with pytest.raises(
        WeightsError, match=rf"holds the weights of {NAME}, not of densenet121-res2"
    ):
        tk.fit(method, chest, weights=str(cache))


def test_all_seven_nets_embed_and_are_trained_as_others(chest):
    with torch.random.fork_rng():
        study = tk.compare(
            "chest", chest, methods=[f"{NAME}/logistic"], folds=2, size=32, images=False,
            device="cpu",
        )  # fmt: skip

    assert study.results.methods[0].weights.startswith("pretrained (torchxrayvision")
    assert any("2 files use a quarter or less" in note for note in study.results.notes)


def test_a_backbones_name_is_a_model_to_predict_with(published, chest, capsys):
    import json

    from texturekit_cli.main import run

    paths = [str(chest.file(k)) for k in range(len(chest))]

    code = run(["predict", NAME, *paths, "--device", "cpu", "--json"])

    out, err = capsys.readouterr()
    rows = json.loads(out)["rows"]
    assert (code, len(rows)) == (0, 4)
    assert "that densenet121-res224-mimic_nb was trained on are not at hand" in err
    for row, said in zip(rows, published[0].numpy(), strict=True):
        assert row["p.Pneumonia"] == pytest.approx(
            said[models.DenseNet.targets.index("Pneumonia")], rel=1e-4
        )
        assert "p.Mass" not in row
        assert (row["t.Pneumonia"], row["ood_score"]) == (pytest.approx(0.022924708), None)
        assert ("Pneumonia" in row["predicted"].split("|")) == (row["p.Pneumonia"] >= 0.022924708)
