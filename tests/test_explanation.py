"""Explanations in the picture's own geometry, of nets whose attention is known."""

import weakref

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

import texturekit as tk
from tests.imagesets import spoil, two_classes
from tests.nets import brightness, convolutions
from texturekit.data.colouring import coloured
from texturekit.data.pictures import Pictures
from texturekit.data.placing import Box
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.loading import normalised
from texturekit.deep.weights import Weights
from texturekit.errors import ImageError, ModelError, ParameterError, UnknownNameError
from texturekit.events import listening
from texturekit.explanation import explain
from texturekit.methods.grammar import parse_method
from texturekit.methods.heads import HeadLearner
from texturekit.methods.learners import Inputs, Settings
from texturekit.methods.mapping import Looker
from texturekit.methods.model import Model, Preprocessing


def spot(shape, where, *, low=112, high=230):
    image = np.full(shape, low, np.uint8)
    image[where] = high
    return image


def written(root, **images):
    for name, image in images.items():
        Image.fromarray(image).save(root / f"{name}.png")
    return [str(root / f"{name}.png") for name in images]


def centre(values):
    rows, cols = np.indices(values.shape)
    return (
        (rows * values).sum() / values.sum(),
        (cols * values).sum() / values.sum(),
    )


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "occlusion"])
@pytest.mark.parametrize("shape", [(80, 200), (200, 80), (40, 40)])
def test_the_map_lies_where_the_spot_is(method, shape, tmp_path):
    rows, cols = shape[0] * 5 // 8, shape[1] * 3 // 8
    where = np.s_[rows - 8 : rows + 8, cols - 8 : cols + 8]
    paths = written(tmp_path, spot=spot(shape, where))

    (one,) = explain(brightness(), paths, method=method, device="cpu")

    assert one.map.shape == shape
    assert one.map.dtype == np.float32
    assert one.overlay.shape == (*shape, 3)
    sharp = np.clip(one.map - 0.5 * one.peak, 0, None)
    assert_allclose(centre(sharp), (rows - 0.5, cols - 0.5), atol=2.5)


def test_only_what_was_seen_of_a_masked_image_has_a_map(tmp_path):
    mask = np.zeros((100, 80), np.uint8)
    mask[20:60, 30:50] = 255
    image = spot((100, 80), np.s_[40:50, 40:48])
    written(tmp_path, a=image, m=mask)
    pd.DataFrame({"path": ["a.png"], "mask": ["m.png"]}).to_csv(tmp_path / "d.csv", index=False)

    (one,) = explain(brightness(), tmp_path / "d.csv", device="cpu")

    assert one.region == "the mask's box and a tenth of its side around"
    assert_allclose(centre(np.clip(one.map - one.peak / 2, 0, None)), (44.5, 43.5), atol=1.5)
    outside = np.ones(one.map.shape, bool)
    outside[one.box.slices] = False
    assert not one.map[outside].any()
    assert (one.overlay[outside] < image[outside][:, None]).all()


def test_the_probability_is_the_models_own(tmp_path):
    data = tk.load_source(written(tmp_path, a=spot((30, 40), np.s_[:9]), b=spot((40, 40), 5)))
    one = convolutions(("a", "b", "c"), size=32)
    with torch.inference_mode():
        block = np.stack(list(one.pictures(data)))
        known = one.module(normalised(torch.from_numpy(block), one.card)).softmax(dim=1)

    found = list(explain(one, data, "all", device="cpu"))

    assert [e.label for e in found] == ["a", "b", "c"] * 2
    assert_allclose([e.probability for e in found], known.ravel(), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "classes", "labels"),
    [
        ("binary", None, ["bright"]),
        ("binary", "dark", ["dark"]),
        ("binary", "all", ["dark", "bright"]),
        ("multiclass", None, ["bright"]),
        ("multilabel", None, ["bright"]),
        ("multilabel", ["bright", "dark", "bright"], ["bright", "dark"]),
    ],
)
def test_which_classes_are_explained(kind, classes, labels, tmp_path):
    paths = written(tmp_path, a=spot((32, 32), np.s_[:16], low=200, high=250))
    one = brightness(kind=kind, positive="bright" if kind == "binary" else None)

    assert [e.label for e in explain(one, paths, classes, device="cpu")] == labels


def test_untrained_and_unknown_classes_are_refused_by_name(tmp_path):
    one = brightness(kind="multilabel", trained=[False, True])
    paths = written(tmp_path, a=spot((32, 32), 3))

    with pytest.raises(
        ParameterError, match=r"'dark' was never trained in made/finetune.*: bright"
    ):
        explain(one, paths, "dark")
    with pytest.raises(UnknownNameError, match=r"no class called 'brigth'\. Did you mean 'bright'"):
        explain(one, paths, ["brigth"])
    with pytest.raises(ParameterError, match="no output of made/finetune was trained"):
        explain(brightness(kind="multilabel", trained=[False, False]), paths)
    assert [e.label for e in explain(one, paths, "all", device="cpu")] == ["bright"]


def test_an_empty_map_is_said(tmp_path):
    paths = written(tmp_path, a=np.full((32, 32), 250, np.uint8))

    dark, bright = explain(brightness(), paths, ["dark", "bright"], device="cpu")

    assert (dark.empty, bright.empty) == (True, False)
    assert dark.note == (
        "nothing that the net saw speaks for 'dark' by gradcam: the map is zero everywhere"
    )
    assert_array_equal(dark.overlay, dark.picture)


def test_a_bad_image_costs_itself_only(tmp_path):
    paths = written(tmp_path, **{f"p{k}": spot((32, 40), np.s_[:k]) for k in range(1, 6)})
    expected = list(explain(brightness(), paths, device="cpu", batch=2))
    spoil(tmp_path / "p2.png")

    found = explain(brightness(), paths, device="cpu", batch=2, on_error="skip")

    assert [e.path for e in found] == [p for p in paths if "p2" not in p]
    assert [(f.path, "p2.png" in f.error) for f in found.failures] == [(paths[1], True)]
    assert_array_equal(list(found)[-1].map, expected[-1].map)
    assert len(found.failures) == 1
    with pytest.raises(ImageError, match=r"p2\.png"):
        list(explain(brightness(), paths, device="cpu"))


def test_what_was_looked_at_is_let_go(tmp_path):
    paths = written(tmp_path, **{f"p{k}": spot((16, 16), np.s_[:k]) for k in range(1, 8)})
    alive = []
    for one in explain(brightness(size=16), paths, device="cpu", batch=2):
        alive.append(weakref.ref(one))
        assert sum(ref() is not None for ref in alive) <= 2


def test_colours_follow_the_map():
    grey = np.full((1, 4, 3), 120, np.uint8)

    shown = coloured(grey, np.array([[-3, 0, 1, 2]], np.float32)).astype(int)

    assert_array_equal(shown[0, :2], 120)  # what speaks against the class is not drawn
    assert (np.abs(shown[0, 3] - 120).sum() > np.abs(shown[0, 2] - 120).sum()).all()


def test_other_kinds_of_model_are_refused_with_what_to_do(tmp_path):
    data = tk.read_manifest(two_classes(tmp_path, patients=4))
    table = tk.fit("geometry/logistic", data, positive="rough")

    with pytest.raises(
        ModelError, match=r"its most important columns are geometry\..*resnet18/finetune"
    ):
        explain(table, data)
    with pytest.raises(UnknownNameError, match="called 'resnet81'"):
        explain("resnet81", data)
    with pytest.raises(ParameterError, match="batch is 0"):
        explain(brightness(), data, batch=0)


def xray(classes, positive=None, kind="multilabel"):
    """torchxrayvision's 18 outputs, read from nothing but brightness."""
    module = brightness(classes=[str(k) for k in range(18)]).module
    with torch.no_grad():
        module.head = torch.nn.Linear(1, 18)
        module.head.bias.zero_()
        module.head.weight.copy_(torch.arange(1.0, 19)[:, None] / 1e3)
    method = parse_method("densenet121-res224-mimic_nb/head")
    learner = HeadLearner(method, kind, classes, Settings(), module, Weights("made", "file"))
    return Model(method, kind, classes, positive, Preprocessing(96), learner)


def test_a_networks_own_outputs_are_explained_in_their_own_view(tmp_path):
    image = spot((90, 150), np.s_[20:40, 60:80], low=20)
    (path,) = written(tmp_path, chest=image)
    model = xray(("Lung_Opacity", "edema", "Nodule"))

    heard = []
    with listening(lambda event: heard.append(event.message)):
        found = list(explain(model, path, "all", device="cpu"))

    assert any("7 of 18 outputs" in said and "Hernia" in said for said in heard)
    card = BACKBONES["densenet121-res224-mimic_nb"]
    assert [e.label for e in found] == list(card.trained)
    assert len(found) == 11
    one = found[0]
    assert (one.side, one.box) == (224, Box(0, 30, 90, 120))
    assert_allclose(centre(np.clip(one.map - one.peak / 2, 0, None)), (29.5, 69.5), atol=1)
    assert not one.map[:, :30].any()
    data = tk.load_source(path)
    inputs = Inputs(1, {}, Pictures(data, size=96))
    known = dict(zip(model.classes, model.learner.predict_proba(inputs)[0], strict=True))
    by_name = {e.label: e.probability for e in found}
    assert_allclose(by_name["Lung Opacity"], known["Lung_Opacity"], atol=1e-6)
    assert_allclose(by_name["Edema"], known["edema"], atol=1e-6)


def test_a_label_that_a_network_was_not_trained_for_is_refused(tmp_path):
    (path,) = written(tmp_path, chest=spot((64, 64), 3))
    model = xray(("Lung_Opacity", "edema"))

    with pytest.raises(ParameterError, match="'Hernia' was never trained in densenet121-res224-mi"):
        explain(model, path, "Hernia")
    assert [e.label for e in explain(model, path, "lung_opacity")] == ["Lung Opacity"]
    two = xray(("healthy", "PNEUMONIA"), "PNEUMONIA", "binary")
    assert [e.label for e in explain(two, path, device="cpu")] == ["Pneumonia"]


def test_a_picture_that_uses_little_of_its_range_is_said(tmp_path):
    (path,) = written(tmp_path, chest=spot((64, 64), np.s_[:9], low=10, high=40))
    heard = []

    with listening(lambda event: heard.append((event.level, event.message))):
        list(explain(xray(("Edema",)), path, "Edema", device="cpu"))

    assert [level for level, said in heard if "range" in said] == ["warning"]


def test_where_memory_is_too_small_fewer_are_tried(tmp_path, monkeypatch):
    paths = written(tmp_path, **{f"p{k}": spot((16, 16), np.s_[:k]) for k in range(1, 6)})
    expected = [e.map for e in explain(brightness(size=16), paths, device="cpu")]
    whole = Looker._explained

    def small(self, module, block, choose, *, signed):
        if len(block) > 2:
            raise torch.OutOfMemoryError
        return whole(self, module, block, choose, signed=signed)

    monkeypatch.setattr(Looker, "_explained", small)

    found = [e.map for e in explain(brightness(size=16), paths, device="cpu")]

    assert_array_equal(found, expected)
