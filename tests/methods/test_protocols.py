"""External test sets, sites left out, other seeds, learning curves, training beside test."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, brier_score_loss, roc_auc_score

import texturekit as tk
from tests.imagesets import several_labels, texture
from texturekit.data.folds import Fold
from texturekit.data.listing import Manifest
from texturekit.errors import LeakageError, ManifestError, ParameterError, SplitError
from texturekit.methods.model import Preprocessing
from texturekit.methods.refitting import thin
from texturekit.methods.side_by_side import learnt_from
from texturekit.report.folder import read_study, write_report
from texturekit.report.page import render

METHODS = ["majority/dummy", "first_order/logistic", "first_order/forest"]
SIZE = {"size": 32, "positive": "rough", "images": False}


def hospital(root, name, *, seed, patients=8, labels=("fine", "rough")):
    """Write a manifest of blurred fine and coarse noise, with patients of its own."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(patients):
        label = labels[patient % len(labels)]
        for number in range(2):
            path = f"{name}/{label}{patient}_{number}.png"
            (root / name).mkdir(parents=True, exist_ok=True)
            image = 0.35 * texture(rng, label == "rough") + rng.normal(90, 30, (32, 32))
            Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(root / path)
            rows.append({"path": path, "label": label, "group": f"{name}{patient}",
                         "site": ("north", "south")[patient // 2 % 2]})  # fmt: skip
    pd.DataFrame(rows).to_csv(root / f"{name}.csv", index=False)
    return root / f"{name}.csv"


def edited(path, **columns):
    frame = pd.read_csv(path)
    frame.assign(**{k: v(frame) if callable(v) else v for k, v in columns.items()}).to_csv(
        path, index=False
    )
    return path


def row(study, name):
    return next(m for m in study.results.methods if m.name == name)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    root = tmp_path_factory.mktemp("hospitals")
    return hospital(root / "one", "a", seed=1, patients=12), hospital(root / "two", "b", seed=2)


@pytest.fixture(scope="module")
def external(two):
    """Learnt from a, tested on b, with two seeds and a learning curve: one fold."""
    return tk.compare(data=two[0], test=two[1], methods=METHODS, seeds=2, fractions=[0.5], **SIZE)


@pytest.fixture(scope="module")
def page(external):
    return render(external)


@pytest.fixture(scope="module")
def sites(two):
    return tk.compare(data=two[0], methods=METHODS[:2], leave_out="site", **SIZE)


# External testing


def test_an_external_test_is_what_fitting_on_one_source_and_predicting_the_other_gives(
    external, two
):
    model = tk.fit(
        "first_order/logistic", tk.read_manifest(two[0]), positive="rough",
        preprocessing=Preprocessing(size=32),
    )  # fmt: skip
    test = tk.read_manifest(two[1])
    expected = dict(zip(test.ids, model.predict_proba(test)[:, 1], strict=True))

    rows = external.predictions.query("method == 'first_order/logistic'")

    assert set(rows["split"]) == {"test"}
    assert rows.set_index("id")["p.rough"].to_dict() == pytest.approx(expected, abs=1e-6)


def test_both_sources_are_named_and_counted(external, two, page):
    results = external.results
    a, b = results.data.sources

    assert (results.protocol.type, results.protocol.external) == ("external test", "b.csv")
    assert [(s.role, s.found, s.used, s.groups) for s in (a, b)] == [
        ("training", 24, 24, 12), ("test", 16, 16, 8)
    ]  # fmt: skip
    assert (a.sha256, b.sha256) == tuple(tk.read_manifest(path).sha256 for path in two)
    assert (results.data.found, results.data.used) == (40, 40)
    assert "external testing on b.csv" in results.protocol.test
    assert "External testing on b.csv" in page


def test_images_that_the_first_source_names_as_test_are_learnt_from_and_val_stays_val(two):
    frame = pd.read_csv(two[0])
    parts = {f"a{k}": ("train", "test", "val")[k // 2 % 3] for k in range(12)}
    path = two[0].with_name("split.csv")
    frame.assign(split=frame["group"].map(parts)).to_csv(path, index=False)

    from texturekit.methods.folding import make_folds
    from texturekit.methods.planning import Options, settle

    job = settle(None, path, Options(test=two[1], methods=METHODS, positive="rough"))
    ((fold,), _) = make_folds(job.options, job.manifest)

    assert (len(fold.train), len(fold.val), len(fold.test)) == (16, 8, 16)
    assert any(note.startswith("8 images that split.csv names as test") for note in job.notes)


def test_equal_ids_of_the_two_sources_are_told_apart(tmp_path):
    one = hospital(tmp_path / "one", "a", seed=1)
    two = hospital(tmp_path / "two", "a", seed=2)
    edited(two, group=lambda f: "other " + f["group"])

    study = tk.compare(data=one, test=two, methods=METHODS[:2], **SIZE)

    assert all(name.startswith("test:a/") for name in study.predictions["id"])
    assert study.results.data.sources[1].sha256 == tk.read_manifest(two).sha256
    assert any("begin with 'test:'" in note for note in study.results.notes)
    first = tk.read_manifest(one).root / study.predictions["path"].iloc[0]
    assert first.resolve().parent == tmp_path / "two" / "a"


def test_a_patient_or_an_image_of_both_sources_is_leakage(tmp_path, two):
    same = edited(hospital(tmp_path, "c", seed=3), group=lambda f: f["group"].str.replace("c", "a"))
    with pytest.raises(LeakageError, match="number their patients by themselves"):
        tk.compare(data=two[0], test=same, methods=METHODS[:2], **SIZE)

    copy = hospital(tmp_path, "d", seed=4)
    shutil.copy(two[0].parent / "a" / "fine0_0.png", tmp_path / "d" / "fine0_0.png")
    with pytest.raises(LeakageError, match="1 pair of exact copies"):
        tk.compare(data=two[0], test=copy, methods=METHODS[:2], **SIZE)

    study = tk.compare(data=two[0], test=copy, methods=METHODS[:2], allow_leakage=True, **SIZE)
    (leak,) = (one for one in study.results.findings if one.code == "TK001")
    assert "1 pair of exact copies" in f"{leak.text} {leak.evidence}"


def test_a_class_that_the_test_lacks_is_undefined_and_one_it_adds_is_refused(tmp_path, two):
    only = hospital(tmp_path, "c", seed=3, labels=("fine",))
    study = tk.compare(data=two[0], test=only, methods=METHODS[:2], **SIZE)

    area = row(study, "first_order/logistic").metrics["roc_auc"]
    assert (area.value, area.reason) == (None, "there is no image of rough")
    assert any(note.startswith("c.csv shows no image of rough") for note in study.results.notes)

    more = hospital(tmp_path, "d", seed=4, labels=("fine", "ruogh", "rough"))
    with pytest.raises(ManifestError, match=r"images of 'ruogh'.*Did you mean 'rough'"):
        tk.compare(data=two[0], test=more, methods=METHODS[:2], **SIZE)


def test_masks_for_one_source_only_are_refused(tmp_path, two):
    masked = edited(hospital(tmp_path, "c", seed=3), mask=lambda f: f["path"])

    with pytest.raises(ManifestError, match=r"has masks, but .*a.csv has none"):
        tk.compare(data=two[0], test=masked, methods=METHODS[:2], **SIZE)


def test_a_label_that_the_test_lacks_is_unknown_there(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = several_labels(tmp_path / "one"), several_labels(tmp_path / "two")
    rng = np.random.default_rng(0)
    frame = pd.read_csv(two).drop(columns="bright")
    for name in frame["path"]:
        Image.fromarray(texture(rng, coarse=False)).save(tmp_path / "two" / name)
    frame.assign(group="other " + frame["group"].astype(str)).to_csv(two, index=False)

    study = tk.compare(data=one, test=two, methods=METHODS[:2], size=32, images=False)

    rough, bright = (row(study, "first_order/logistic").per_class[k] for k in (0, 1))
    assert (rough.name, rough.n, bright.n) == ("rough", 20, 0)
    assert "unknown" in bright.metrics["roc_auc"].reason


@pytest.mark.parametrize(
    "options",
    [
        {"test": "b.csv", "folds": 3},
        {"test": "b.csv", "repeats": 2},
        {"test": "b.csv", "leave_out": "site"},
        {"leave_out": "site", "folds": 2},
        {"leave_out": "site", "repeats": 2},
        {"seeds": 0},
        {"fractions": [0.5, 1.5]},
        {"fractions": [0.0]},
    ],
)
def test_protocols_that_exclude_one_another_are_refused(two, options):
    with pytest.raises(ParameterError, match=r"cannot go with|out of range|no share"):
        tk.compare(data=two[0], methods=METHODS, **options)


# Sites left out


def test_each_site_is_predicted_by_what_learnt_from_the_others(sites, two):
    data = tk.read_manifest(two[0])
    north = data.frame["site"].to_numpy() == "north"
    model = tk.fit(
        "first_order/logistic", data.subset(np.flatnonzero(~north)), positive="rough",
        preprocessing=Preprocessing(size=32),
    )  # fmt: skip
    tested = data.subset(np.flatnonzero(north))
    expected = dict(zip(tested.ids, model.predict_proba(tested)[:, 1], strict=True))

    rows = sites.predictions.query("method == 'first_order/logistic' and fold == 0")

    assert sites.results.protocol.left_out_values == ["north", "south"]
    assert rows.set_index("id")["p.rough"].to_dict() == pytest.approx(expected, abs=1e-6)


def test_the_number_of_a_site_is_that_of_its_predictions(sites):
    found = row(sites, "first_order/logistic").left_out
    rows = sites.predictions.query("method == 'first_order/logistic'")

    assert [site.value for site in found] == ["north", "south"]
    for number, site in enumerate(found):
        part = rows[rows["fold"] == number]
        truth = part["label"] == "rough"
        assert (site.n, site.counts["rough"]) == (len(part), truth.sum())
        assert site.metrics["roc_auc"].value == pytest.approx(roc_auc_score(truth, part["p.rough"]))
        assert site.metrics["accuracy"].value == pytest.approx(
            accuracy_score(part["label"], part["predicted"])
        )


def test_sites_stand_in_the_page(sites):
    page = render(sites)

    assert "Each site left out" in page
    assert "Leave one site out, 2 values" in page


def test_a_patient_of_two_sites_is_leakage(two):
    path = edited(
        shutil.copy(two[0], two[0].with_name("moved.csv")),
        site=lambda f: f["site"].where(f.index != 0, "south"),
    )

    with pytest.raises(LeakageError, match="site 'north' left out"):
        tk.compare(data=path, methods=METHODS[:2], leave_out="site", **SIZE)
    study = tk.compare(data=path, methods=METHODS[:2], leave_out="site", allow_leakage=True, **SIZE)
    (leak,) = (one for one in study.results.findings if one.code == "TK001")
    assert leak.evidence == "1 group of 12 in training and test; allowed, as asked."


@pytest.mark.parametrize(
    ("values", "column", "message"),
    [
        (["x"] * 23 + [""], "site", "1 of 24 images .* have no site, the first is 'a/rough11_1"),
        (["x"] * 24, "site", "one value only, 'x'"),
        (["x"] * 24, "sites", "Did you mean 'site'"),
        (["x", "x", "y", "y"] * 6, "site", "class 'fine' has no image"),
    ],
)
def test_a_column_that_cannot_be_left_out_is_refused(two, values, column, message):
    path = edited(shutil.copy(two[0], two[0].with_name("bad.csv")), site=values)

    with pytest.raises(SplitError, match=message):
        tk.compare(data=path, methods=METHODS[:2], leave_out=column, **SIZE)


def test_a_site_without_a_class_is_undefined_and_said(two):
    groups = {"a0": "pole", "a2": "pole"}
    path = edited(
        shutil.copy(two[0], two[0].with_name("pole.csv")),
        site=lambda f: f["group"].map(groups).fillna(f["site"]),
    )

    study = tk.compare(data=path, methods=METHODS[:2], leave_out="site", **SIZE)

    north, pole, south = row(study, "first_order/logistic").left_out
    assert pole.metrics["roc_auc"].reason == "there is no image of rough"
    assert any("pole (rough)" in note for note in study.results.notes)
    assert "within 2 of 3 folds" in row(study, "first_order/logistic").metrics["roc_auc"].how
    assert None not in (north.metrics["roc_auc"].value, south.metrics["roc_auc"].value)


# Seeds


def test_the_main_predictions_are_those_of_a_run_without_seeds(external, two):
    plain = tk.compare(data=two[0], test=two[1], methods=METHODS[1:2], **SIZE)

    main = external.predictions.query("method == 'first_order/logistic'")
    pd.testing.assert_frame_equal(plain.predictions, main.reset_index(drop=True))
    assert plain.refits is None
    assert row(plain, "first_order/logistic").seeds == {}


def test_every_seed_has_the_numbers_of_its_predictions(external):
    again = external.refits.query("seed == 1 and fraction == 1")

    assert set(external.refits["seed"]) == {0, 1}
    for name in METHODS:
        found, rows = row(external, name), again[again["method"] == name]
        area = roc_auc_score(rows["label"] == "rough", rows["p.rough"])
        right = accuracy_score(rows["label"], rows["predicted"])
        main = [found.metrics[key].value for key in ("roc_auc", "accuracy")]
        assert found.seeds["roc_auc"] == pytest.approx([main[0], area])
        assert found.seeds["accuracy"] == pytest.approx([main[1], right])


def test_a_method_without_chance_is_the_same_with_every_seed_and_a_forest_is_not(external, page):
    main = external.predictions.set_index(["method", "id"])["p.rough"]
    other = external.refits.query("seed == 1").set_index(["method", "id"])["p.rough"]
    moved = (main - other).abs().groupby("method").max()

    assert moved["first_order/logistic"] == 0
    assert moved["first_order/forest"] > 0
    assert "the same with every seed" in page


def test_a_seed_that_fails_costs_its_value_only(two, monkeypatch):
    from texturekit.methods import refitting

    def broken(*arguments, **options):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(refitting, "run_method", broken)
    study = tk.compare(data=two[0], test=two[1], methods=METHODS[:2], seeds=2, **SIZE)

    first, second = row(study, "first_order/logistic").seeds["roc_auc"]
    assert (first is None, second) == (False, None)
    assert any("seed 1 failed: RuntimeError" in note for note in study.results.notes)


# Learning curve


def example(labels, groups):
    names = [f"{k:03d}" for k in range(len(labels))]
    frame = pd.DataFrame({"id": names, "path": names, "group": groups}, dtype=object)
    from pathlib import Path

    return Manifest(frame, np.array(labels), ("no", "yes"), "binary", Path(), "example")


def test_shares_are_nested_whole_and_stratified():
    groups = np.repeat([f"p{k}" for k in range(40)], 3)
    labels = np.repeat(np.arange(40) < 10, 3).astype(np.int64)
    fold = Fold(0, 0, np.arange(120), np.zeros(0, dtype=np.int64))

    tenth, half = thin(fold, example(labels, groups), [0.1, 0.5], seed=0)

    assert set(tenth) < set(half) < set(fold.train)
    assert (len(tenth), len(half)) == (12, 60)
    for kept in (tenth, half):
        assert all(np.isin(np.flatnonzero(groups == name), kept).all() for name in groups[kept])
        assert labels[kept].mean() == 0.25


def test_a_point_of_the_curve_has_the_number_of_its_predictions(external):
    points = {
        p.fraction: p for p in external.results.learning_curve if p.method == "first_order/logistic"
    }
    rows = external.refits.query("fraction == 0.5 and method == 'first_order/logistic'")
    area = roc_auc_score(rows["label"] == "rough", rows["p.rough"])

    assert points[0.5].images == 12
    assert points[0.5].roc_auc.value == pytest.approx(area)
    assert points[0.5].roc_auc.low is not None
    assert points[1.0].roc_auc == row(external, "first_order/logistic").metrics["roc_auc"]


def test_a_share_without_a_class_is_a_gap_that_is_said(two, tmp_path):
    lone = hospital(tmp_path, "c", seed=3, labels=["fine"] * 7 + ["rough"])

    study = tk.compare(data=lone, test=two[1], methods=METHODS[:1], fractions=[0.25], **SIZE)

    quarter, whole = study.results.learning_curve
    assert (quarter.roc_auc.value, whole.roc_auc.value) == (None, 0.5)
    assert quarter.roc_auc.reason == "4 of 16 training images of fold 0 lack rough"
    assert any("learning curve has gaps" in note for note in study.results.notes)


def test_the_page_draws_the_curve(page):
    assert 'id="learning"' in page
    assert "Learning curves of 3 methods" in page


# Training beside test


def test_training_numbers_are_those_of_the_images_learnt_from(external, two, page):
    data = tk.read_manifest(two[0])
    model = tk.fit(
        "first_order/logistic", data, positive="rough", preprocessing=Preprocessing(size=32)
    )
    truth, p = np.asarray(data.labels), model.predict_proba(data)[:, 1]

    parts = row(external, "first_order/logistic").parts

    assert parts["train"]["roc_auc"].value == pytest.approx(roc_auc_score(truth, p))
    assert parts["train"]["accuracy"].value == pytest.approx(accuracy_score(truth, p >= 0.5))
    assert parts["train"]["brier"].value == pytest.approx(brier_score_loss(truth, p), abs=1e-6)
    assert parts["test"]["accuracy"].value == pytest.approx(
        row(external, "first_order/logistic").metrics["accuracy"].value
    )
    assert "n = 24 images" in parts["train"]["roc_auc"].how
    assert "train" not in set(external.predictions["split"])
    assert "Training and test side by side" in page


# On disk


def test_a_run_folder_keeps_the_refits(external, page, tmp_path):
    write_report(external, tmp_path / "run")

    again = read_study(tmp_path / "run")

    pd.testing.assert_frame_equal(again.refits, external.refits)
    assert again.results == external.results
    assert render(again) == page


def test_the_configuration_of_a_run_runs_again(two, tmp_path):
    import yaml
    from click.testing import CliRunner
    from texturekit_cli.main import cli

    settings = {
        "data": str(two[0]), "test": str(two[1]), "fractions": [0.25, 0.5], "seeds": 2,
        "methods": METHODS[:1], "positive": "rough", "resize": 32, "no-images": True,
    }  # fmt: skip
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(settings))
    first, second = tmp_path / "first", tmp_path / "second"
    for config, folder in ((tmp_path / "a.yaml", first), (first / "config.yaml", second)):
        arguments = ["compare", "--config", str(config), "-o", str(folder), "--no-progress"]
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert "external testing on b.csv, 2 seeds from 0, learning curve at 0.25, 0.5" in (
            result.stderr
        )

    one, two_ = (json.loads((f / "results.json").read_text()) for f in (first, second))
    assert one["learning_curve"] == two_["learning_curve"]
    assert one["protocol"] == two_["protocol"]


def test_training_images_of_every_class_are_taken_and_never_those_held_out():
    labels = np.repeat([0, 1], [90, 10])
    fold = Fold(0, 0, np.arange(100), np.zeros(0, dtype=np.int64))

    rows = learnt_from(fold, np.arange(0, 100, 2), example(labels, None), most=20)

    assert (len(rows), labels[rows].sum()) == (20, 2)
    assert (rows % 2 == 1).all()
