"""Training images that a model carries, and which of them are like a new one."""

import io
import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn.metrics import pairwise_distances
from texturekit_cli.main import run

import texturekit as tk
from tests.imagesets import several_labels, two_classes
from texturekit.errors import ParameterError
from texturekit.methods.background import Background
from texturekit.methods.cases import Cases, chosen
from texturekit.methods.model import Preprocessing
from texturekit.methods.predicting import answered

SMALL = Preprocessing(size=32, weights="none")


def cases_of(rows):
    names = tuple(str(k) for k in range(len(rows)))
    return Cases(rows, names, tuple(name.encode() for name in names))


def test_distances_are_those_of_scikit_learn(rng):
    known, new = rng.normal(size=(9, 5)) * [1, 10, 100, 0.1, 3], rng.normal(size=(4, 5))
    spread = known.var(axis=0)
    expected = pairwise_distances(new, known, metric="seuclidean", V=spread) / np.sqrt(5)

    found = cases_of(known).similar(new, count=9)

    for row, similar in zip(expected, found, strict=True):
        assert [one.label for one in similar] == [str(k) for k in np.argsort(row)]
        assert_allclose([one.distance for one in similar], np.sort(row), rtol=1e-12)
        assert all(one.picture == one.label.encode() for one in similar)


def test_the_same_image_is_at_distance_0_alone_or_among_others(rng):
    known = rng.normal(size=(6, 4))
    cases = cases_of(known)

    together = cases.similar(known, count=2)

    for k, similar in enumerate(together):
        assert (similar[0].label, similar[0].distance) == (str(k), 0.0)
        assert cases.similar(known[k : k + 1], count=2) == [similar]


def test_columns_that_do_not_vary_do_not_count_and_unknown_images_have_none():
    cases = cases_of(np.array([[0.0, 5.0], [2.0, 5.0]]))

    (near,), none = cases.similar(np.array([[2.0, 99.0], [np.nan, 5.0]]), count=1)

    assert (near.label, near.distance) == ("1", 0.0)
    assert none == []
    assert cases.similar(np.zeros((1, 2)), count=0) == [[]]


def test_features_of_another_width_are_refused():
    with pytest.raises(ParameterError, match=r"\(1, 3\) were given, but the cases have 2 columns"):
        cases_of(np.zeros((2, 2))).similar(np.zeros((1, 3)))


def test_classes_take_turns_and_patients_come_once_before_twice():
    labels = np.array([0] * 12 + [1] * 4)
    patients = np.array([0] * 9 + [1, 2, 3] + [4, 4, 5, 6])

    rows = chosen(labels, patients, 6, seed=3)

    assert_array_equal(np.bincount(labels[rows]), [3, 3])
    assert len(set(patients[rows])) == 6
    assert len(chosen(labels, patients, 99, seed=3)) == 16
    assert_array_equal(chosen(labels, patients, 6, seed=3), rows)


def test_images_of_several_labels_stand_for_their_rarest():
    labels = np.array([[1, 0]] * 8 + [[1, 1]] * 2 + [[0, np.nan]] * 3)

    rows = chosen(labels, None, 3, seed=0)

    assert (rows < 8).sum() == 1
    assert ((rows >= 8) & (rows < 10)).sum() == 1
    assert (rows >= 10).sum() == 1


def test_a_training_image_finds_itself_among_the_cases(tmp_path):
    data = tk.read_manifest(two_classes(tmp_path, patients=4))
    model = tk.fit("sobel/logistic", data, preprocessing=SMALL, cases=4)

    model = tk.load(model.save(tmp_path / "m"))

    (answer,) = answered(model, data)
    found = model.cases.similar(answer.features, count=1)
    rows = [row for row, (one,) in enumerate(found) if one.distance == 0]
    assert len(rows) == 4
    assert [found[row][0].label for row in rows] == [data.label_name(row) for row in rows]
    assert len({data.groups[row] for row in rows}) == 4
    with Image.open(io.BytesIO(found[rows[0]][0].picture)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (32, 32))
        shown = np.asarray(picture.convert("L"), dtype=float)
    assert_allclose(shown.mean(), data.image(rows[0], "grey").mean(), atol=8)


def test_a_model_that_looks_at_no_image_can_keep_none(tmp_path):
    data = tk.read_manifest(two_classes(tmp_path, patients=4))

    with pytest.raises(ParameterError, match="cases=2, but majority/dummy looks at no image"):
        tk.fit("majority/dummy", data, preprocessing=SMALL, cases=2)


def test_labels_of_cases_are_joined(tmp_path):
    data = tk.read_manifest(several_labels(tmp_path))

    model = tk.fit("sobel/logistic", data, preprocessing=SMALL, cases=20)

    assert set(model.cases.labels) == {"", "rough", "bright", "rough|bright"}


def test_train_says_that_pictures_of_patients_are_kept(tmp_path, capsys):
    data = two_classes(tmp_path, patients=4)
    command = ["train", "--data", str(data), "--method", "sobel/logistic", "--resize", "32",
               "--positive", "rough", "--cases", "3"]  # fmt: skip

    assert run([*command, "-o", str(tmp_path / "m")]) == 0

    assert "Warning: 3 images are kept. This model folder holds pictures of patients" in (
        capsys.readouterr().err
    )
    facts = json.loads((tmp_path / "m" / "model.json").read_text())
    assert (facts["holds_training_pictures"], facts["cases"]["images"]) == (True, 3)
    assert "p00" not in (tmp_path / "m" / "model.json").read_text()
    assert b"p0" not in (tmp_path / "m" / "cases.safetensors").read_bytes()[:2000]


def test_a_background_is_of_means_of_several_images(rng):
    features = np.concatenate([rng.normal(k * 10, 1, size=(30, 3)) for k in range(2)])

    background = Background.of(features, seed=0)

    assert 1 <= len(background.rows) <= 16
    assert_allclose(background.weights.sum(), 1)
    assert (background.weights * 60 >= 5 - 1e-9).all()
    assert_allclose(background.weights @ background.rows, features.mean(axis=0))
    assert Background.of(features[:19], seed=0) is None
