"""Networks in other programs, against the networks themselves."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from texturekit_cli.main import run as command
from torch import nn

import texturekit as tk
from tests.deep import tiny
from tests.imagesets import two_classes
from texturekit.data.pictures import Pictures
from texturekit.deep import embedder, exported
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.embedder import Embedder
from texturekit.deep.loading import normalised
from texturekit.deep.settings import Head, Settings
from texturekit.deep.stages import Reading
from texturekit.deep.trained import Facts, Network
from texturekit.deep.weights import resolve_weights
from texturekit.errors import ModelError, OutputError, UnknownNameError
from texturekit.exporting import checking, export, export_model, read_metadata, run, wants_of
from texturekit.methods.calibrators import fit_calibrator
from texturekit.methods.deciding import Decision
from texturekit.methods.grammar import parse_method
from texturekit.methods.heads import HeadLearner
from texturekit.methods.judging import judge
from texturekit.methods.learners import Inputs, PictureLearner, TableLearner
from texturekit.methods.learners import Settings as Learning
from texturekit.methods.model import Model, Preprocessing
from texturekit.methods.predicting import predictions

pytest.importorskip("onnxruntime")
DOCS = Path(__file__).parents[2] / "docs" / "export.md"
SIDE = 32
KINDS = {"binary": 2, "multiclass": 3, "multilabel": 3}


def pictures(count=12):
    rng = np.random.default_rng(3)
    light = rng.integers(0, 200, count)[:, None, None, None]
    return list((rng.integers(0, 56, (count, SIDE, SIDE, 3)) + light).astype(np.uint8))


def network(kind, calibrate="none", untrained=False):
    """A model around two convolutions with random weights, whose logits spread."""
    torch.manual_seed(0)
    classes = tuple("abc"[: KINDS[kind]])
    module = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 512, 3, stride=4), nn.ReLU()), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(512, len(classes)),
    ).eval()  # fmt: skip
    card = BACKBONES["resnet18"]
    with torch.no_grad():
        logits = module(normalised(torch.from_numpy(np.stack(pictures())), card))
        module[3].weight *= 3 / logits.std(dim=0)[:, None]
        module[3].bias -= 3 * (logits - module[3].bias).mean(dim=0) / logits.std(dim=0)
    trained = (True,) * (len(classes) - 1) + (not untrained,)
    facts = Facts(
        backbone=card.name, classes=classes, kind=kind, trained=trained, size=(SIDE, SIDE),
        mean=card.mean, std=card.std, weights="random", best_epoch=0, history=(),
        settings=Settings(head=Head(dropout=0)),
    )  # fmt: skip
    method = parse_method("resnet18/finetune")
    learner = PictureLearner(method, kind, len(classes), Learning(), Network(module, facts))
    decision = Decision()
    if calibrate != "none":
        rng = np.random.default_rng(2)
        told = rng.dirichlet([1] * len(classes), 60)
        labels = told.argmax(axis=1)
        labels[::5] = rng.integers(0, len(classes), 12)
        if kind == "multilabel":
            labels = (told + rng.normal(0, 0.2, told.shape) > 0.4).astype(float)
        calibrator, _ = fit_calibrator(calibrate, told, labels, kind)
        decision = Decision(calibrate=calibrate, calibrator=calibrator)
    positive = classes[-1] if kind == "binary" else None
    return Model(method, kind, classes, positive, Preprocessing(SIDE), learner, decision=decision)


def said(model, shown):
    inputs = Inputs(len(shown), {}, shown)
    return judge(model.learner, inputs, device="cpu", decision=model.decision).probabilities


@pytest.mark.parametrize(("kind", "calibrate"), [
    ("binary", "none"), ("binary", "isotonic"), ("multiclass", "temperature"),
    ("multiclass", "isotonic"), ("multilabel", "sigmoid"), ("multilabel", "isotonic"),
])  # fmt: skip
def test_torchscript_says_what_the_model_says(kind, calibrate, tmp_path):
    model, shown = network(kind, calibrate), pictures()

    made = export(model, tmp_path / "net.pt", "torchscript")

    expected = said(model, shown)
    found = run(made.path, "torchscript", {"picture": np.stack(shown)})["probabilities"]
    one = run(made.path, "torchscript", {"picture": np.stack(shown[:1])})["probabilities"]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(one, expected[:1], atol=1e-6)
    assert expected[:, 0].std() > 0.05


def test_a_label_that_was_not_trained_stays_without_a_number(tmp_path):
    model = network("multilabel", untrained=True)

    made = export(model, tmp_path / "net.pt", "torchscript")

    found = run(made.path, "torchscript", {"picture": np.stack(pictures())})["probabilities"]
    assert np.isnan(found[:, 2]).all()
    assert np.isfinite(found[:, :2]).all()


@pytest.mark.parametrize(("kind", "classes"), [
    ("multilabel", ("Effusion", "Mass", "Edema")), ("binary", ("Edema", "other")),
    ("binary", ("other", "Edema")),
])  # fmt: skip
def test_a_head_gives_its_classes_in_their_order(kind, classes, tmp_path):
    """Mass is an output of this network that was not trained."""
    torch.manual_seed(0)
    method = parse_method("densenet121-res224-mimic_nb/head")
    learner = HeadLearner(method, kind, classes, Learning())
    learner.module = nn.Sequential(
        nn.Conv2d(1, 1024, 32, stride=32),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(1024, 18),
    ).eval()
    with torch.no_grad():
        learner.module[3].weight /= 100
    model = Model(method, kind, classes, classes[0], Preprocessing(224), learner)
    shown = list(np.random.default_rng(0).random((3, 224, 224, 1), dtype=np.float32))

    made = export(model, tmp_path / "net.pt", "torchscript")

    expected = checking._own_outputs(learner, shown)
    found = run(made.path, "torchscript", {"picture": np.stack(shown)})["probabilities"]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.isnan(found[0]).tolist() == [name == "Mass" for name in classes]
    assert made.metadata["decision"]["cuts"]["Edema"] == learner.card.trained["Edema"]


def test_stages_pools_and_mirror_images_are_read_as_ever():
    card, shown = BACKBONES["squeezenet1_1"], np.stack(pictures(2))
    reading = Reading.of(card, {"layers": (2, 4), "pool": ("mean", "max", "std"), "flip": True})
    weights = resolve_weights(card, "none", seed=1)
    net = Embedder(card, weights=weights, device="cpu", seed=1, reading=reading)

    with torch.inference_mode():
        found = exported.Columns([(card, weights, reading)], seed=1)(torch.from_numpy(shown))

    expected = net(shown)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5 * np.abs(expected).max())


# -- one file of ONNX with a picture and columns, as torch's exporter takes seconds


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory):
    """A model on texture and a small backbone, and its file."""
    root = tmp_path_factory.mktemp("hybrid")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedder, "build_body", tiny.build_body)
        patch.setattr(exported, "build_body", tiny.build_body)
        embedder._shared.cache_clear()
        data = tk.read_manifest(two_classes(root, patients=6, images=1))
        model = tk.fit(
            "lbp+resnet18(flip=true)/svm", data, preprocessing=Preprocessing(SIDE, weights="none")
        )
        yield model, export(model, root / "m.onnx")
        embedder._shared.cache_clear()


def documented():
    """The functions of the page."""
    code = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {}
    exec(code[1], names)
    return names


@pytest.fixture
def files(tmp_path):
    """Pictures of other shapes and modes."""
    rng = np.random.default_rng(8)
    values = rng.integers(0, 256, (50, 81, 4), dtype=np.uint8)
    made = {
        "grey.png": Image.fromarray(values[:, :, 0]),
        "tall.png": Image.fromarray(values[:, :33, :3]),
        "clear.png": Image.fromarray(values),
        "small.png": Image.fromarray(values[:20, :23, :3]),
        "palette.png": Image.fromarray(values[:, :, :3]).quantize(16),
    }
    for name, image in made.items():
        image.save(tmp_path / name)
    grey = made["grey.png"]
    grey.save(tmp_path / "keyed.png", transparency=grey.getpixel((40, 25)))
    return [str(tmp_path / name) for name in [*made, "keyed.png"]]


def test_the_documented_lines_prepare_pictures_as_we_do(files):
    prepare = documented()["prepare"]

    for path, expected in zip(files, Pictures(tk.load_source(files), size=SIDE), strict=True):
        np.testing.assert_array_equal(prepare(path, SIDE), expected, err_msg=path)


def alike(hybrid, files):
    """Compare predict with onnxruntime on our pictures and on those of the page."""
    model, made = hybrid
    data = tk.load_source(files)
    (rows,) = predictions(model, data, device="cpu")
    expected = rows[[f"p.{name}" for name in model.classes]].to_numpy(float)
    told = made.metadata["inputs"]["columns"]
    columns = tk.extract(data, told["features"], size=told["size"], roi=told["roi"])
    assert columns.columns == tuple(told["names"])
    ours = np.stack(list(Pictures(data, size=SIDE)))
    paths = [str(path) for path in data.paths]
    for rows in (slice(None), slice(1)):
        given = {"picture": ours[rows], "columns": columns.values[rows]}
        found = run(made.path, "onnx", given)["probabilities"]
        names, own = documented()["predict"](made.path, paths[rows], columns.values[rows])
        np.testing.assert_allclose(found, expected[rows], atol=1e-4)
        np.testing.assert_allclose(own, expected[rows], atol=1e-4)
        assert names == list(model.classes)


def test_predict_and_onnxruntime_say_the_same(hybrid, files):
    alike(hybrid, files)


def test_predict_and_onnxruntime_say_the_same_of_real_images(hybrid, real_data):
    found = sorted((real_data / "breast_busi").rglob("*.png"))[:400:80]
    found += sorted((real_data / "chest_pneumonia").rglob("*.jp*g"))[:400:80]
    assert len(found) > 5

    alike(hybrid, [str(path) for path in found])


def test_the_file_says_what_it_is(hybrid):
    model, made = hybrid

    told = read_metadata(made.path)

    assert told == made.metadata
    assert (told["method"], told["classes"], told["positive"]) == (
        "lbp+resnet18(flip=true)/svm", ["fine", "rough"], "rough",
    )  # fmt: skip
    assert told["notice"] == "Not for clinical use."
    assert told["inputs"]["picture"]["shape"] == ["n", SIDE, SIDE, 3]
    assert told["inputs"]["columns"]["features"] == "lbp"
    assert told["training"]["sha256"] == model.training["sha256"]
    assert told["decision"]["words"].startswith("'rough' where its probability is at least 0.5")


def test_embeddings_under_trees_are_columns():
    method = parse_method("lbp+squeezenet1_1/forest")
    rng = np.random.default_rng(0)
    inputs = Inputs(20, {n: rng.normal(size=(20, len(c))) for n, c in method.blocks.items()})
    how = Learning(candidate={"n_estimators": 2})
    learner = TableLearner(method, "binary", 2, how).fit(inputs, np.arange(20) % 2, None)

    wants = wants_of(Model(method, "binary", ("a", "b"), "b", Preprocessing(SIDE), learner))

    assert wants.card is None
    assert wants.columns == tuple(n for names in method.blocks.values() for n in names)


# -- what is refused


def test_torchscript_of_a_classifier_on_columns_is_refused(hybrid, tmp_path):
    with pytest.raises(ModelError, match="which torch has no operations for; export it as onnx"):
        export_model(hybrid[0], tmp_path / "m.pt", "torchscript")

    assert not list(tmp_path.iterdir())


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="'onnx'"):
        export_model(network("binary"), tmp_path / "m", "onx")


def test_a_file_that_says_something_else_is_not_kept(tmp_path, monkeypatch):
    right = Network.probabilities
    monkeypatch.setattr(Network, "probabilities", lambda self, x: right(self, x) * (1 - 2e-4))

    with pytest.raises(ModelError, match=r"differs by 0\.000\d+ from the model, more than 0.0001"):
        export_model(network("binary"), tmp_path / "net.pt", "torchscript")

    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_stays(tmp_path):
    (tmp_path / "net.pt").write_text("mine")

    with pytest.raises(OutputError, match="exists already"):
        export_model(network("binary"), tmp_path / "net.pt", "torchscript")

    assert (tmp_path / "net.pt").read_text() == "mine"


@pytest.mark.parametrize("content", [b"nothing", b"PK\x03\x04nothing"])
def test_another_file_says_nothing(content, tmp_path):
    (tmp_path / "x").write_bytes(content)

    with pytest.raises(ModelError, match="no file that texturekit export wrote"):
        read_metadata(tmp_path / "x")


# -- the command


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("folder")
    data = tk.read_manifest(two_classes(root, patients=3))
    model = tk.fit("lbp/logistic", data, preprocessing=Preprocessing(SIDE))
    return str(model.save(root / "m"))


def test_the_command_prints_the_path(folder, tmp_path, capsys):
    code = command(["export", folder, "-o", str(tmp_path / "m.onnx")])

    out, err = capsys.readouterr()
    assert (code, out) == (0, f"{tmp_path / 'm.onnx'}\n")
    assert "Not for clinical use" in err
    assert "texturekit extract IMAGES -o features.parquet --features lbp --resize 32" in err


def test_the_command_prints_json(folder, tmp_path, capsys):
    code = command(["export", folder, "-o", str(tmp_path / "m.onnx"), "--json", "-q"])

    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert told["metadata"] == read_metadata(told["path"])
    assert told["difference"] < 1e-4
    assert told["bytes"] == Path(told["path"]).stat().st_size


def test_the_command_refuses_what_cannot_be(folder, tmp_path, capsys):
    code = command(["export", folder, "--format", "torchscript", "-o", str(tmp_path / "m.pt")])

    assert code == 4
    assert "export it as onnx" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_extra_is_named(package, folder, tmp_path, capsys, monkeypatch):
    for name in [n for n in sys.modules if n.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)

    code = command(["export", folder, "-o", str(tmp_path / "m.onnx")])

    assert code == 3
    assert 'pip install "texturekit[onnx]"' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
