"""Embeddings and whole methods as scikit-learn's estimators, against texturekit's own numbers."""

# ruff: noqa: N803, N806  # X is scikit-learn's
from __future__ import annotations

import doctest
import pickle
import warnings
from pathlib import Path
from unittest import SkipTest

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator
from sklearn.utils.validation import check_is_fitted, validate_data

import texturekit as tk
from texturekit import execution
from texturekit.data.held import hold_images
from texturekit.deep import weights
from texturekit.deep.embedding import embed
from texturekit.errors import (
    ImageError,
    ManifestError,
    ModelError,
    ParameterError,
    UnknownNameError,
)
from texturekit.methods.model import Preprocessing
from texturekit.sklearn import Embeddings, MethodClassifier, TextureFeatures, as_sklearn

LABELS = np.array(["benign", "malignant"])
NET = {"weights": "none", "size": 32, "device": "cpu"}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def images():
    """Twenty-four pictures; every second one is twice as rough."""
    rng = np.random.default_rng(5)
    pictures = rng.integers(60, 120, (24, 20, 24)).astype(np.uint8)
    pictures[1::2] += rng.integers(0, 60, (12, 20, 24)).astype(np.uint8)
    return pictures


@pytest.fixture(scope="module")
def labels():
    return LABELS[np.arange(24) % 2]


@pytest.fixture(scope="module")
def folder(images, tmp_path_factory):
    """The same as PNG files, a folder a class."""
    root = tmp_path_factory.mktemp("images")
    for k, image in enumerate(images):
        (root / LABELS[k % 2]).mkdir(exist_ok=True)
        Image.fromarray(image).save(root / LABELS[k % 2] / f"{k:02}.png")
    return root


@pytest.fixture(scope="module")
def data(folder):
    """The files as a manifest, in the order of the arrays."""
    found = tk.scan_folder(folder)
    return found.subset(np.argsort([path[-6:] for path in found.paths]))


# -- scikit-learn's own checks: they hand over tables, so a row becomes a small picture


def pictures(x):
    """Make each row a picture in which every number has another share."""
    return [np.resize(np.repeat(row, np.arange(len(row), 0, -1)), (8, 8)) for row in x]


class Table:
    def fit(self, X, y=None):
        if y is None and not hasattr(self, "predict"):
            X = validate_data(self, X)
        elif y is not None:
            X, y = validate_data(self, X, y, multi_output=True)
        return super().fit(pictures(X), y)

    def pictures(self, X):
        check_is_fitted(self)
        return pictures(validate_data(self, X, reset=False))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.no_validation = False
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = tags.input_tags.string = False
        return tags


class TableTexture(Table, TextureFeatures):
    def __init__(self, features="sobel", jobs=1):
        super().__init__(features, jobs)

    def transform(self, X):
        return super().transform(self.pictures(X))


class TableEmbeddings(Table, Embeddings):
    def __init__(self, backbone="squeezenet1_1", weights="none", size=32, device="cpu"):
        super().__init__(backbone, weights, size, device=device)

    def transform(self, X):
        return super().transform(self.pictures(X))


class TableMethod(Table, MethodClassifier):
    def __init__(self, method="first_order/logistic", size=8):
        super().__init__(method, size)

    def predict(self, X):
        return super().predict(self.pictures(X))

    def predict_proba(self, X):
        return super().predict_proba(self.pictures(X))


@pytest.mark.parametrize("estimator", [TableTexture(), TableEmbeddings(), TableMethod()])
def test_passes_scikit_learns_checks(estimator, monkeypatch):
    monkeypatch.setattr(execution, "FEW", 10**9)  # no process of its own for 300 images
    once = {}
    for one, check in estimator_checks_generator(estimator):
        # Read-only memory and float32 are no new checks of what sees a list of pictures.
        once.setdefault(check.func.__name__, (one, check))
    skipped = []

    for name, (one, check) in once.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check(one)
        except SkipTest:
            skipped.append(name)

    assert len(once) > 40
    assert set(skipped) <= {
        "check_array_api_input",  # wants SCIPY_ARRAY_API
        "check_classifiers_multilabel_output_format_decision_function",  # there is none
    }


@pytest.mark.parametrize("estimator", [TextureFeatures(), Embeddings(), MethodClassifier()])
def test_the_tags_say_that_there_are_no_tables(estimator):
    with pytest.warns(SkipTestWarning, match="two_d_array=False"):
        check_estimator(estimator)


# -- embeddings


def test_embeddings_are_the_table_that_extract_gives(images, data):
    seen = Embeddings("squeezenet1_1", **NET)

    found = seen.fit_transform(images)

    table = tk.extract(data, "squeezenet1_1", **NET)
    assert_array_equal(found, table.values)
    assert seen.get_feature_names_out().tolist() == list(table.columns)
    assert_array_equal(seen.transform([str(data.file(3)), images[7]]), found[[3, 7]])
    net = embed(
        [tk.images.pad_to_square(tk.images.resize(tk.images.to_rgb8(i), 32)) for i in images[:2]],
        "squeezenet1_1", weights="none", device="cpu",
    )  # fmt: skip
    assert_allclose(found[:2], net.values, atol=1e-5)


def test_stages_of_a_network_have_their_names(images):
    seen = Embeddings("squeezenet1_1(layers=1-3,pool=mean-std)", **NET)

    frame = seen.set_output(transform="pandas").fit_transform(images[:2])

    table = tk.extract(hold_images(list(images[:2])), seen.backbone, **NET)
    assert list(frame.columns) == list(table.columns)
    assert_array_equal(frame.to_numpy(), table.values)


def test_random_weights_are_said_and_other_weights_than_at_fit_refused(
    images, monkeypatch, tmp_path
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv(weights.URL_VARIABLE, "http://127.0.0.1:9")
    monkeypatch.setattr(weights, "_given_up", [])
    seen = Embeddings("squeezenet1_1", size=32, device="cpu")

    with pytest.warns(UserWarning, match="starts from random numbers"):
        seen.fit(images)
    with pytest.raises(ModelError, match="fitted on what squeezenet1_1 saw"):
        seen.set_params(weights="none").transform(images)


@pytest.mark.parametrize(
    ("settings", "error", "reason"),
    [
        ({"backbone": "resnet19"}, UnknownNameError, "Did you mean 'resnet18'"),
        ({"backbone": "sobel"}, UnknownNameError, "no backbone called 'sobel'"),
        ({"backbone": "resnet18+vgg11"}, ParameterError, "names 2 parts"),
        ({"size": 0}, ParameterError, "size is 0"),
    ],
)
def test_embeddings_refuse_what_they_cannot_be(settings, error, reason, images):
    with pytest.raises(error, match=reason):
        Embeddings(**{**NET, **settings}).fit(images)


# -- whole methods


@pytest.mark.parametrize("method", ["sobel/logistic", "geometry/logistic", "sobel/xgboost"])
def test_a_method_gives_the_numbers_of_fit_for_the_files(method, images, labels, data):
    settings = {"size": 20, "calibrate": "sigmoid", "threshold": "youden"}
    model = tk.fit(
        method, data, preprocessing=Preprocessing(20), calibrate="sigmoid", threshold="youden"
    )

    found = as_sklearn(method, **settings).fit(list(map(str, map(data.file, range(24)))), labels)
    arrays = as_sklearn(method, **settings).fit(images, labels)

    expected = model.predict_proba(data)
    assert_array_equal(found.predict_proba([str(data.file(k)) for k in range(24)]), expected)
    assert_array_equal(found.predict_proba(images), expected)
    assert_array_equal(arrays.predict_proba(images), expected)
    assert_array_equal(arrays.predict_proba(images[4:5]), expected[4:5])
    assert found.classes_.tolist() == list(model.classes)
    said = pd.concat(tk.methods.predicting.predictions(model, data))["predicted"]
    assert found.predict(images).tolist() == said.tolist()
    assert found.score(images, labels) == np.mean(said.to_numpy() == labels)


def test_a_network_is_trained_and_predicts_as_fit_does(images, labels, data):
    method, settings = "squeezenet1_1/finetune", {"epochs": 1, "weights": "none", "device": "cpu"}
    model = tk.fit(method, data, preprocessing=Preprocessing(32, weights="none"), **settings)

    found = as_sklearn(method, size=32, **settings).fit(images, labels)

    expected = model.predict_proba(data, device="cpu")
    assert_allclose(found.predict_proba(images), expected, atol=1e-5)
    again = pickle.loads(pickle.dumps(found))
    assert_array_equal(again.predict_proba(images[:3]), found.predict_proba(images[:3]))


@pytest.mark.parametrize(
    ("given", "classes"),
    [([10, 2], [2, 10]), ([True, False], [False, True]), (["b", "a"], ["a", "b"])],
)
def test_labels_come_back_as_they_were_given(given, classes, images):
    y = np.array(given)[np.arange(24) % 2]

    found = as_sklearn("sobel/logistic", size=20).fit(images, y)

    assert found.classes_.tolist() == classes
    assert found.predict(images).dtype == y.dtype
    assert found.score(images, y) > 0.9
    shares = found.predict_proba(images)
    assert (shares[np.arange(24), np.searchsorted(found.classes_, y)] > 0.5).mean() > 0.9


def test_several_labels_an_image_come_back_as_columns(images):
    rough = np.arange(24) % 2
    y = pd.DataFrame({"rough": rough, "all": 1, "some": np.arange(24) < 12})

    found = as_sklearn("sobel/logistic", size=20).fit(images, y.astype(int))

    assert found.classes_.tolist() == ["rough", "all", "some"]
    shares = found.predict_proba(images)
    assert np.isnan(shares[:, 1]).all()  # one value only: nothing to learn
    assert_array_equal(found.predict(images)[:, 0], shares[:, 0] >= 0.5)
    assert_array_equal(found.predict(images)[:, 0], rough)
    assert as_sklearn("majority/dummy").fit(images, y.to_numpy(int)).classes_.tolist() == [0, 1, 2]


def test_groups_hold_patients_together_inside(images, labels, data):
    patients = np.repeat(np.arange(6), 4)
    grouped = hold_images(list(images))
    grouped.frame["group"] = patients.astype(str).astype(object)

    found = as_sklearn("sobel/logistic", size=20, calibrate="sigmoid")

    with config_context(enable_metadata_routing=True):
        searched = GridSearchCV(
            found.set_fit_request(groups=True), {"seed": [0]}, cv=GroupKFold(3), error_score="raise"
        ).fit(images, labels, groups=patients)
    assert searched.best_estimator_.model_.training["groups"] == 6
    alone = clone(found).fit(images, labels, groups=[None, None, np.nan, np.nan, *patients[4:]])
    assert alone.model_.training["groups"] == 9  # nobody knows the patients of four images
    assert clone(found).fit(images, labels).model_.training["groups"] is None


@pytest.mark.parametrize(
    ("y", "more", "reason"),
    [
        (["a"] * 24, {}, "holds one class only"),
        (["a", "b"], {}, "X has 24 images, but y has 2 labels"),
        ([[0, 2]] * 24, {}, "other values than 0 and 1"),
        (["abnormal", "normal"] * 12, {}, "would be 'normal'"),
        (["a", "b"] * 12, {"groups": [1]}, "X has 24 images, but groups has 1 entries"),
        (["", "b"] * 12, {}, "cannot be told apart as text"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(y, more, reason, images):
    with pytest.raises(ManifestError, match=reason):
        as_sklearn("sobel/logistic", size=20).fit(images, y, **more)


def test_an_image_that_cannot_be_used_is_named(images, labels, tmp_path):
    found = as_sklearn("sobel/logistic", size=20).fit(images, labels)
    holes = images[0].astype(np.float32)
    holes[3, 3] = np.nan

    with pytest.raises(ImageError, match=r"image 1: .*gone\.png"):
        found.predict_proba([images[0], tmp_path / "gone.png"])
    with pytest.raises(ImageError, match=r"image 0: .*1 of 480 pixels are not finite"):
        found.predict([holes])
    with pytest.raises(ImageError, match="give one column"):
        found.predict(np.full((3, 2), "a.png"))
    with pytest.raises(NotFittedError):
        clone(found).predict(images)
    with pytest.raises(TypeError, match="sample_weight"):
        clone(found).fit(images, labels, sample_weight=np.ones(24))
    assert found.predict_proba([]).shape == (0, 2)


def test_a_wrong_method_is_refused_at_once():
    with pytest.raises(UnknownNameError, match="Did you mean 'forest'"):
        as_sklearn("sobel/forrest")


# -- inside scikit-learn and joblib


def test_columns_of_paths_and_other_numbers_stand_side_by_side(data, labels):
    frame = pd.DataFrame({"path": [str(data.file(k)) for k in range(24)], "age": np.arange(24.0)})
    both = ColumnTransformer(
        [("texture", TextureFeatures("sobel"), ["path"]), ("rest", "passthrough", ["age"])]
    ).set_output(transform="pandas")

    found = both.fit_transform(frame)

    assert list(found.columns)[::26] == ["texture__sobel.mean", "rest__age"]
    assert_array_equal(
        found.iloc[:, :26].to_numpy(), TextureFeatures("sobel").transform(frame["path"])
    )
    union = make_union(TextureFeatures("sobel"), TextureFeatures("hog"))
    model = make_pipeline(union, StandardScaler(), SVC()).fit(frame["path"].tolist(), labels)
    assert model[0].get_feature_names_out()[0] == "texturefeatures-1__sobel.mean"


def test_a_search_gives_the_same_on_dask_as_alone(images, labels):
    distributed = pytest.importorskip("distributed")
    pipeline = make_pipeline(TextureFeatures("sobel", jobs=2), StandardScaler(), SVC())
    search = GridSearchCV(pipeline, {"svc__C": [0.1, 1]}, cv=2, error_score="raise")
    method = as_sklearn("sobel/logistic", size=20)
    alone = clone(search).fit(images, labels)
    scores = cross_validate(method, images, labels, cv=2, error_score="raise")["test_score"]

    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        there = clone(search).fit(images, labels)
        found = cross_validate(method, images, labels, cv=2, error_score="raise")["test_score"]

    for name in ("mean_test_score", "split1_test_score"):
        assert_array_equal(there.cv_results_[name], alone.cv_results_[name])
    assert_array_equal(found, scores)


def test_the_examples_of_the_documentation_run(one_thread):
    page = Path(__file__).parent.parent / "docs" / "sklearn.md"

    failed, count = doctest.testfile(str(page), module_relative=False)

    assert (failed, count > 15) == (0, True)
