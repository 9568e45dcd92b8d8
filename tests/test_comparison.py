import json

import numpy as np
import pandas as pd
import pytest

import texturekit as tk
from tests.imagesets import several_labels, spoil, two_classes
from texturekit.errors import (
    LeakageError,
    ManifestError,
    ParameterError,
    SplitError,
    UnknownNameError,
)

METHODS = ["majority/dummy", "glcm/logistic", "lbp/forest"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = two_classes(tmp_path_factory.mktemp("two"))
    return tk.compare(data=path, methods=METHODS, folds=4, positive="rough", size=32)


def metric(study, method, name):
    (result,) = (m for m in study.results.methods if m.name == method)
    return result.metrics[name]


def test_a_texture_that_differs_is_found_and_the_baseline_stays_at_one_half(study):
    assert metric(study, "glcm/logistic", "roc_auc").value == 1.0
    assert metric(study, "majority/dummy", "roc_auc").value == 0.5


def test_every_image_is_tested_once_by_each_method(study):
    tested = study.predictions.query("split == 'test'")

    assert (tested.groupby(["method", "id"]).size() == 1).all()
    assert tested.groupby("method")["id"].nunique().tolist() == [32] * 3


def test_no_group_stands_in_two_folds(study):
    folds = study.predictions.groupby(["method", "group"])["fold"].nunique()

    assert (folds == 1).all()


def test_predictions_follow_the_contract(study):
    columns = [
        "id", "path", "group", "repeat", "fold", "split", "method", "label", "predicted",
        "threshold", "p.fine", "p.rough",
    ]  # fmt: skip
    order = ["method", "repeat", "fold", "split", "id"]

    assert list(study.predictions.columns) == columns
    pd.testing.assert_frame_equal(
        study.predictions, study.predictions.sort_values(order, ignore_index=True)
    )


def test_accuracy_is_the_share_of_right_predictions(study):
    frame = study.predictions.query("method == 'lbp/forest' and split == 'test'")
    share = (frame["label"] == frame["predicted"]).mean()

    assert metric(study, "lbp/forest", "accuracy").value == pytest.approx(share)


def test_found_is_used_and_skipped(tmp_path):
    path = two_classes(tmp_path)
    (tmp_path / "fine" / "p00_0.png").unlink()
    spoil(tmp_path / "rough" / "p01_0.png")

    data = tk.compare(data=path, methods=METHODS[:2], folds=2, size=32).results.data

    assert (data.found, data.used, len(data.skipped)) == (32, 30, 2)
    assert {skip.path for skip in data.skipped} == {"fine/p00_0.png", "rough/p01_0.png"}


def test_the_same_seed_gives_the_same_predictions(tmp_path, study):
    again = tk.compare(
        data=two_classes(tmp_path), methods=METHODS, folds=4, positive="rough", size=32, jobs=2
    )

    pd.testing.assert_frame_equal(study.predictions, again.predictions)


def test_nothing_of_the_test_fold_reaches_training(tmp_path):
    path = two_classes(tmp_path)
    options = {"methods": ["glcm/logistic"], "folds": 4, "positive": "rough", "size": 32}
    before = tk.compare(data=path, **options).predictions
    fold = before.query("fold == 0")
    rng = np.random.default_rng(1)
    for name in fold["path"]:  # other pictures under the names of one test fold
        from PIL import Image

        Image.fromarray(rng.integers(100, 120, (32, 32), dtype=np.uint8)).save(tmp_path / name)

    after = tk.compare(data=path, **options).predictions

    model_of_fold = after.query("fold == 0")["p.rough"]
    assert not np.allclose(model_of_fold, fold["p.rough"])
    # A model that never saw the changed pictures scores an unchanged picture alike.
    kept = tk.read_manifest(path)
    rows = [i for i, name in enumerate(kept.ids) if name not in set(fold["id"])]
    train = kept.subset(rows)
    from texturekit.methods.model import Preprocessing

    model = tk.fit("glcm/logistic", train, preprocessing=Preprocessing(size=32), positive="rough")
    tested = kept.subset([i for i in range(len(kept)) if i not in rows])
    expected = model.predict_proba(tested)[:, 1]
    got = after.query("fold == 0").set_index("id").loc[tested.ids, "p.rough"]
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_splits_of_the_manifest_make_a_holdout(tmp_path):
    path = two_classes(tmp_path)
    frame = pd.read_csv(path)
    frame["split"] = np.where(frame["group"] < "p08", "train", "test")
    frame.to_csv(path, index=False)

    study = tk.compare(data=path, methods=METHODS, size=32)

    assert study.results.protocol.type == "holdout"
    assert set(study.predictions["group"]) == {f"p{k:02d}" for k in range(8, 16)}


def test_a_group_in_two_splits_is_leakage(tmp_path):
    path = two_classes(tmp_path)
    frame = pd.read_csv(path)
    frame["split"] = np.where(frame.index % 2 == 0, "train", "test")
    frame.to_csv(path, index=False)

    with pytest.raises(LeakageError):
        tk.compare(data=path, methods=METHODS, size=32)
    study = tk.compare(data=path, methods=METHODS, size=32, allow_leakage=True)

    said = "16 of 16 groups stand in training and test"
    assert study.results.protocol.grouping == said
    first = study.results.findings[0]
    assert (first.code, first.severity) == ("TK001", "error")
    assert first.evidence.startswith("16 groups of 16 in training and test")


def test_a_group_in_training_and_validation_is_said(tmp_path):
    path = two_classes(tmp_path)
    frame = pd.read_csv(path)
    given = {
        group: ("train", "test", "val")[k % 3] for k, group in enumerate(frame["group"].unique())
    }
    frame["split"] = frame["group"].map(given)
    frame.loc[frame.index[frame["split"] == "val"][0], "split"] = "train"
    frame.to_csv(path, index=False)

    with pytest.raises(LeakageError):
        tk.compare(data=path, methods=METHODS, size=32)
    study = tk.compare(data=path, methods=METHODS, size=32, allow_leakage=True)

    said = "1 of 16 groups stand in training and validation"
    assert study.results.protocol.grouping == said
    (found,) = (one for one in study.results.findings if one.code == "TK001")
    assert found.severity == "warning"
    assert found.evidence.startswith("1 group of 16 in training and validation")


def test_leakage_that_is_allowed_and_does_not_happen_is_not_reported(tmp_path):
    study = tk.compare(
        data=two_classes(tmp_path), methods=METHODS[:2], folds=2, size=32, allow_leakage=True
    )

    assert "TK001" not in [one.code for one in study.results.findings]


def test_two_settings_of_one_family_are_two_methods(tmp_path):
    study = tk.compare(
        data=two_classes(tmp_path), methods=["glcm/knn", "glcm(levels=64)/knn"], folds=2, size=32
    )

    assert [m.status for m in study.results.methods] == ["ok", "ok"]


def test_no_number_depends_on_the_order_of_the_rows(tmp_path):
    path = two_classes(tmp_path)
    options = {"methods": ["glcm/forest", "lbp/svm"], "folds": 2, "size": 32, "limit": 24}
    one = tk.compare(data=path, **options)
    pd.read_csv(path).sample(frac=1, random_state=3).to_csv(path, index=False)

    two = tk.compare(data=path, **options)

    pd.testing.assert_frame_equal(one.predictions, two.predictions)
    assert one.results.data.sha256 == two.results.data.sha256


def test_a_class_without_a_usable_image_stops_the_comparison(tmp_path):
    path = two_classes(tmp_path)
    for image in (tmp_path / "rough").iterdir():
        spoil(image)

    with pytest.raises(ManifestError, match="class 'rough' has 0 usable images of 16"):
        tk.compare(data=path, methods=METHODS, size=32)


def test_a_group_column_without_a_patient_is_no_grouping(tmp_path):
    path = two_classes(tmp_path)
    pd.read_csv(path).assign(group="").to_csv(path, index=False)

    results = tk.compare(data=path, methods=METHODS[:2], folds=2, size=32).results

    assert results.data.groups is None
    assert results.protocol.grouping.startswith("unknown")


def test_the_group_of_a_manifest_that_was_read_can_be_left_out(tmp_path):
    manifest = tk.read_manifest(two_classes(tmp_path))

    results = tk.compare(data=manifest, methods=METHODS[:2], folds=2, size=32, group=None).results

    assert results.data.groups is None


def test_an_image_too_small_to_be_one_is_not_enlarged(tmp_path):
    from PIL import Image

    path = two_classes(tmp_path)
    Image.new("L", (1, 200)).save(tmp_path / "fine" / "p00_0.png")

    (skip,) = tk.compare(data=path, methods=METHODS[:2], folds=2, size=32).results.data.skipped

    assert "1x200" in skip.reason


def test_the_configuration_can_be_given_back(study, tmp_path):
    from texturekit.config import read_config
    from texturekit.report.folder import write_report

    write_report(study, tmp_path / "run")
    known = ["methods", "preset", "folds", "repeats", "seed", "labels", "positive", "group",
             "masks", "mask-label", "frames", "roi", "window", "resize", "reference", "weights",
             "device", "jobs", "epochs", "limit", "no-images", "allow-leakage", "test",
             "leave-out", "seeds", "fractions", "threshold", "calibrate", "tune", "permutations",
             "stability", "pairs", "subgroups", "importance", "task",
             "data"]  # fmt: skip

    settings = read_config(tmp_path / "run" / "config.yaml", known)

    assert settings["methods"] == METHODS
    assert settings["folds"] == 4


def test_own_folds_are_kept(tmp_path):
    path = two_classes(tmp_path)
    frame = pd.read_csv(path)
    frame["fold"] = frame["group"].rank(method="dense").astype(int) % 3
    frame.assign(repeat=0)[["path", "repeat", "fold"]].to_csv(tmp_path / "folds.csv", index=False)

    study = tk.compare(data=path, methods=METHODS[:2], folds=tmp_path / "folds.csv", size=32)

    got = study.predictions.drop_duplicates("id").set_index("id")["fold"]
    assert got.to_dict() == dict(zip(frame["path"], frame["fold"], strict=True))


def test_repeats_are_other_folds_and_never_pooled_as_n(tmp_path):
    study = tk.compare(data=two_classes(tmp_path), methods=METHODS[:2], folds=2, repeats=3, size=32)

    assert study.results.protocol.repeats == 3
    assert study.results.methods[0].n == 32


def test_several_labels_are_learnt_each_and_unknown_ones_left_out(tmp_path):
    study = tk.compare(
        data=several_labels(tmp_path), methods=["texture/logistic", "majority/dummy"],
        folds=2, size=32,
    )  # fmt: skip

    labels = {entry.name: entry for entry in study.results.methods[0].per_class}
    assert study.results.kind == "multilabel"
    assert (labels["rough"].n, labels["bright"].n) == (20, 19)
    assert labels["rough"].metrics["roc_auc"].value > 0.9


def test_a_network_and_a_hybrid_run_beside_texture(tmp_path):
    study = tk.compare(
        data=two_classes(tmp_path, patients=4), weights="none", size=48, folds=2, epochs=1,
        methods=["lbp/logistic", "lbp+squeezenet1_1/fusion", "squeezenet1_1/finetune"],
    )  # fmt: skip

    assert [m.status for m in study.results.methods] == ["ok"] * 3
    assert all("random" in m.weights for m in study.results.methods[1:])
    assert "TK018" in [one.code for one in study.results.findings]
    held_out = study.predictions.query("split == 'val'")
    assert set(held_out["method"]) == {"squeezenet1_1/finetune"}


def test_a_method_that_fails_does_not_cost_the_others(tmp_path, monkeypatch):
    from texturekit.methods import classifiers

    def broken(seed, jobs, n):
        raise RuntimeError("out of memory")

    monkeypatch.setitem(classifiers.BUILDERS, "knn", broken)

    study = tk.compare(
        data=two_classes(tmp_path), methods=["glcm/knn", "glcm/logistic"], folds=2, size=32
    )

    assert [m.status for m in study.results.methods] == ["failed", "ok"]
    assert study.results.methods[0].reason == "RuntimeError: out of memory"


def test_results_go_through_json_and_back(study):
    text = study.results.model_dump_json()

    assert type(study.results).model_validate_json(text) == study.results
    assert "NaN" not in json.dumps(json.loads(text))


def test_a_limit_takes_whole_groups_and_is_told(tmp_path):
    study = tk.compare(data=two_classes(tmp_path), methods=METHODS[:2], folds=2, limit=12, size=32)

    data = study.results.data
    assert (data.found, data.used, len(data.skipped)) == (32, 12, 20)
    assert data.counts == {"fine": 6, "rough": 6}
    assert set(study.predictions.groupby(["method", "group"]).size()) == {2}
    assert any("Shortened" in note for note in study.results.notes)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"folds": 9}, SplitError, "at most 8"),
        ({"folds": "many"}, SplitError, "neither a whole number"),
        ({"methods": ""}, ParameterError, "no method"),
        ({"methods": ["glcm/head"]}, ParameterError, "one backbone"),
        ({"positive": "smooth"}, UnknownNameError, "smooth"),
        ({"reference": "hog/knn"}, ParameterError, "not among the methods"),
        ({"task": "breast"}, ManifestError, "fine"),
    ],
)
def test_what_cannot_work_is_refused_before_any_image_is_read(tmp_path, options, error, message):
    path = two_classes(tmp_path)
    for image in tmp_path.rglob("*.png"):
        image.write_bytes(b"")

    with pytest.raises(error, match=message):
        tk.compare(data=path, **{"methods": METHODS, **options})


def test_one_class_only_is_refused(tmp_path):
    path = two_classes(tmp_path)
    frame = pd.read_csv(path)
    frame.query("label == 'fine'").to_csv(path, index=False)

    with pytest.raises(ManifestError, match="one class only, 'fine'"):
        tk.compare(data=path, methods=METHODS)


def test_a_table_without_a_baseline_says_what_it_lacks(tmp_path):
    options = {"data": two_classes(tmp_path), "folds": 2, "size": 32}
    without = tk.compare(methods=["glcm/knn"], **options).results.findings
    beside = tk.compare(methods=["glcm/knn", "majority/dummy"], **options).results.findings

    assert "TK022" in [one.code for one in without]
    assert "TK022" not in [one.code for one in beside]


def test_weights_are_looked_for_after_everything_cheaper(tmp_path, monkeypatch):
    from texturekit.deep import networks

    def asked(*arguments, **options):
        raise AssertionError("weights were looked for")

    monkeypatch.setattr(networks, "check_weights", asked)

    with pytest.raises(SplitError, match="at most 8"):
        tk.compare(data=two_classes(tmp_path), methods=["resnet18/logistic"], folds=1000)
