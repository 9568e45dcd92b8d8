"""What is kept of networks while they run over folds: their epochs, and where they looked."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from PIL import Image

import texturekit as tk
from tests.imagesets import two_classes
from tests.nets import brightness
from texturekit.data.folds import Fold
from texturekit.data.pictures import Pictures
from texturekit.deep.weights import Weights
from texturekit.events import listening
from texturekit.methods import showing
from texturekit.methods.grammar import parse_method
from texturekit.methods.heads import HeadLearner
from texturekit.methods.learners import Inputs, PictureLearner, Settings
from texturekit.methods.running import Run
from texturekit.methods.showing import Shower
from texturekit.methods.watching import Looks, Watch, training_frame

NET, TEXTURE = "squeezenet1_1/finetune", "first_order+sobel/logistic"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = two_classes(tmp_path_factory.mktemp("two"), patients=3)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tk.compare(
        data=path, methods=["majority/dummy", TEXTURE, NET], positive="rough", folds=2,
        size=32, epochs=2, seeds=2, weights="none", permutations=0, importance=2, device="cpu",
    )  # fmt: skip
    torch.set_num_threads(before)


def test_every_epoch_of_the_first_seed_is_kept(study):
    frame = study.training

    assert list(frame) == ["method", "repeat", "fold", "epoch", "train_loss", "val_loss",
                           "val_score", "kept"]  # fmt: skip
    assert set(frame["method"]) == {NET}
    fits = frame.groupby(["repeat", "fold"])
    assert len(fits) == 2
    for _, epochs in fits:
        assert epochs["epoch"].tolist() == [1, 2]
        assert epochs["kept"].sum() == 1
        assert epochs["kept"].idxmax() == epochs["val_loss"].idxmin()


def test_the_epochs_come_back_from_the_run_folder(study, tmp_path):
    tk.write_report(study, tmp_path / "run")

    again = tk.read_study(tmp_path / "run")

    pd.testing.assert_frame_equal(again.training, study.training)
    assert again.results.family_correlation == study.results.family_correlation
    assert again.results.methods[1].families == study.results.methods[1].families


def test_without_validation_and_without_networks_there_is_nothing_to_say():
    row = {"repeat": 0, "fold": 0, "epoch": 1, "train_loss": 0.7, "val_loss": None,
           "val_score": None, "kept": True}  # fmt: skip
    frame = training_frame({"b/finetune": Run(pd.DataFrame(), epochs=[row])})

    assert frame["val_loss"].isna().all()
    assert frame["val_loss"].dtype == np.float64
    assert training_frame({"a/svm": Run(pd.DataFrame())}) is None


def test_families_stand_in_the_rows_of_methods_that_read_columns(study):
    rows = {row.name: row.families for row in study.results.methods}

    assert [one.family for one in rows[TEXTURE]] == ["first_order", "sobel"]
    assert rows["majority/dummy"] == rows[NET] == []
    assert study.results.family_correlation.families == ["first_order", "sobel"]


def test_overlays_are_assets_beside_their_thumbnails(study):
    index = json.loads(study.assets["assets.json"])
    with_map = {name: one for name, one in index.items() if "cams" in one}

    assert 0 < len(with_map) <= 24
    for one in with_map.values():
        assert list(one["cams"]) == [NET]
        sizes = [Image.open(io.BytesIO(study.assets[file])).size
                 for file in (one["file"], one["cams"][NET])]  # fmt: skip
        assert sizes == [(160, 160), (160, 160)]


# From here on: networks of which it is known where they look.


def shown_by(monkeypatch, net, data, *, frame=None, fitted=None):
    """Return the overlays of a known network, by id, as arrays."""
    if net is not None:
        monkeypatch.setattr(Shower, "_net", lambda self, fitted: net)
    if frame is None:
        frame = pd.DataFrame({
            "id": list(data.ids), "split": "test", "label": "bright", "predicted": "bright",
            "threshold": 0.5, "p.dark": 0.1, "p.bright": 0.9,
        })  # fmt: skip
    inputs = Inputs(len(data), {}, Pictures(data, size=64))
    made = Shower(data, inputs, "bright", "cpu").overlays(fitted, frame, np.arange(len(data)))
    return {
        name: np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) for name, png in made.items()
    }


def bright_spot(root, *, mask=False):
    """Write a wide grey picture with a bright spot; return its manifest."""
    image = np.full((100, 200), 60, np.uint8)
    image[50:70, 140:160] = 255
    Image.fromarray(image).save(root / "a.png")
    table = pd.DataFrame({"path": ["a.png", "b.png"], "label": ["bright", "dark"]})
    Image.fromarray(255 - image).save(root / "b.png")
    if mask:
        region = np.zeros(image.shape, np.uint8)
        region[40:90, 100:180] = 255
        Image.fromarray(region).save(root / "m.png")
        table["mask"] = "m.png"
    table.to_csv(root / "d.csv", index=False)
    return tk.read_manifest(root / "d.csv").subset([0])


def hottest(overlay):
    """Return the middle of what is yellow: much red, little blue."""
    warm = overlay[..., 0].astype(float) - overlay[..., 2]
    rows, cols = np.nonzero(warm > 0.7 * warm.max())
    return rows.mean(), cols.mean()


@pytest.mark.parametrize("mask", [False, True])
def test_the_overlay_lies_over_the_thumbnail(tmp_path, monkeypatch, mask):
    data = bright_spot(tmp_path, mask=mask)
    classes = ("dark", "bright")

    (overlay,) = shown_by(monkeypatch, brightness(classes=classes), data).values()

    thumbnail = Pictures(data, size=64).view(0, 160)
    assert overlay.shape == thumbnail.shape
    # The spot's middle is row 60, column 150; with the mask its box, a tenth wider, is shown.
    middle = np.nonzero(thumbnail[..., 0] > 200)
    assert_allclose(hottest(overlay), (middle[0].mean(), middle[1].mean()), atol=4)
    if not mask:
        assert overlay.shape == (80, 160, 3)
        assert_allclose(hottest(overlay), (60 * 0.8, 150 * 0.8), atol=4)


def test_it_is_the_called_class_that_is_explained(tmp_path, monkeypatch):
    data = bright_spot(tmp_path)
    frame = pd.DataFrame({
        "id": list(data.ids), "split": "test", "label": "bright", "predicted": "dark",
        "threshold": 0.5, "p.dark": 0.6, "p.bright": 0.4,
    })  # fmt: skip

    (overlay,) = shown_by(monkeypatch, brightness(classes=("dark", "bright")), data,
                          frame=frame).values()  # fmt: skip

    # The dark ground speaks for "dark", and the bright spot does not: it has no colour.
    warm = overlay[..., 0].astype(int) - overlay[..., 2]
    assert abs(warm[44:52, 116:124]).max() <= 3
    assert warm[:, :80].min() > 30


def test_of_several_labels_the_surest_of_those_called_is_explained():
    outputs = {"edema": 4, "mass": 7, "nodule": 9}
    told = {"p.edema": 0.6, "p.mass": 0.8, "p.nodule": np.nan}

    assert showing._called({"predicted": "edema|mass", **told}, outputs) == 7
    assert showing._called({"predicted": "edema", **told}, outputs) == 4
    assert showing._called({"predicted": "", **told}, outputs) == 7


def test_a_networks_own_outputs_are_laid_over_the_middle_that_it_saw(tmp_path, monkeypatch):
    data = bright_spot(tmp_path)
    method = parse_method("densenet121-res224-mimic_nb/head")
    module = brightness(classes=[str(k) for k in range(18)]).module
    with torch.no_grad():
        module.head = torch.nn.Linear(1, 18)
        module.head.weight.fill_(0.01)
    head = HeadLearner(method, "binary", ("dark", "edema"), Settings(), module,
                       Weights("made", "file"))  # fmt: skip
    frame = pd.DataFrame({
        "id": list(data.ids), "split": "test", "label": "dark", "predicted": "dark",
        "threshold": 0.5, "p.dark": 0.6, "p.edema": 0.4,
    })  # fmt: skip
    renamed = data.__class__(data.frame, data.labels, ("dark", "edema"), "binary", data.root, "x")

    (overlay,) = shown_by(monkeypatch, None, renamed, frame=frame, fitted=head).values()

    # The middle square of 200 x 100 is columns 50 to 150: of 160, 40 to 120.
    assert overlay.shape == (80, 160, 3)
    assert overlay[:, :39].max() < 30
    assert overlay[:, 121:].max() < 100
    assert hottest(overlay)[1] == pytest.approx(118, abs=6)


def test_what_cannot_be_shown_is_said_and_costs_nothing(tmp_path, monkeypatch):
    def broken(*given):
        raise RuntimeError("no gradient")

    data = bright_spot(tmp_path)
    monkeypatch.setattr(showing, "_cells", broken)
    heard = []
    with listening(lambda event: heard.append((event.level, event.message))):
        found = shown_by(monkeypatch, brightness(classes=("dark", "bright")), data)

    assert found == {}
    assert heard == [("warning", "no map of where it looked: no gradient")]


def test_no_overlay_is_made_where_no_picture_is_wanted(tmp_path, monkeypatch):
    monkeypatch.setattr(Shower, "overlays", lambda *given: {"a": b"png"})
    data, method = bright_spot(tmp_path), parse_method("resnet18/finetune")
    frame = pd.DataFrame({"id": list(data.ids), "split": "test", "label": "bright",
                          "predicted": "bright", "p.bright": 1.0, "threshold": 0.5})  # fmt: skip
    learner = PictureLearner(method, "binary", 2, Settings())
    found = []
    for cams in (True, False):
        watch = Watch(Looks(cams=cams), method, data, Inputs(1, {}), "bright", Settings())
        watch.see(learner, np.ones((1, 2)), frame.assign(id="a"), Fold(0, 0, *np.eye(2, dtype=int)))
        found.append(watch.cams())

    assert found == [{"a": b"png"}, {}]
