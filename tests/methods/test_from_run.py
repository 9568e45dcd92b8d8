"""A model of the method that a comparison chose: its settings, its images, its numbers."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from texturekit_cli.main import run

import texturekit as tk
from tests.imagesets import scene, spoil
from texturekit import records
from texturekit.errors import ManifestError, ParameterError
from texturekit.methods.courses import plan_course, run_course
from texturekit.methods.from_run import FromRun
from texturekit.methods.model import Preprocessing
from texturekit.metrics.cases import read_cases
from texturekit.metrics.reliability import reliability

METHODS = [
    "majority/dummy", "first_order/vote", "sobel/knn", "sobel/xgboost", "squeezenet1_1/logistic",
    "squeezenet1_1/finetune",
]  # fmt: skip
SMALL = {"size": 32, "weights": "none", "epochs": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Images of 12 patients that are hard to tell apart, and a comparison of a few methods."""
    from PIL import Image

    root = tmp_path_factory.mktemp("work")
    (root / "images").mkdir()
    rng, rows = np.random.default_rng(7), []
    for number in range(24):
        picture = scene(rng, 32) // (1 + number % 2 * (number % 3 > 0))
        Image.fromarray(picture).save(root / "images" / f"{number:02d}.png")
        label = ("dark", "light")[number % 4 < 2]
        rows.append({"path": f"images/{number:02d}.png", "label": label, "group": number // 2})
    pd.DataFrame(rows).to_csv(root / "data.csv", index=False)
    study = tk.compare(
        data=root / "data.csv", methods=METHODS, folds=2, images=False, permutations=0,
        importance=0, positive="dark", **SMALL,
    )  # fmt: skip
    tk.write_report(study, root / "report")
    return root


@pytest.fixture(scope="module")
def study(work):
    return tk.read_study(work / "report")


def first_repeat(study, method):
    rows = study.predictions
    return rows[(rows["method"] == method) & (rows["split"] == "test") & (rows["repeat"] == 0)]


def test_a_fresh_process_gives_the_comparisons_numbers_for_the_same_images(work, study, tmp_path):
    data = tk.read_manifest(work / "data.csv")
    place = {name: row for row, name in enumerate(data.ids)}
    known = first_repeat(study, METHODS[0])
    train = [place[name] for name in sorted(known.loc[known["fold"] != 0, "id"])]
    tests = known.loc[known["fold"] == 0, "id"].tolist()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for number, name in enumerate(tests):  # in another order, under other names
        shutil.copy(data.file(place[name]), elsewhere / f"{len(tests) - number:03d}.png")
    commands = []
    for number, method in enumerate(METHODS):
        model = tk.fit(
            method, data.subset(train), positive="dark", epochs=1, device="cpu",
            preprocessing=Preprocessing(32, weights="none"),
        )  # fmt: skip
        folder = model.save(tmp_path / f"m{number}")
        out = str(tmp_path / f"p{number}.parquet")
        commands.append(
            ["predict", str(folder), str(elsewhere), "-q", "--device", "cpu", "-o", out]
        )
    script = f"from texturekit_cli.main import run\nassert not any(map(run, {commands!r}))"

    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)

    for number, method in enumerate(METHODS):
        told = pd.read_parquet(tmp_path / f"p{number}.parquet").iloc[::-1]
        rows = first_repeat(study, method)
        columns = ["p.dark", "p.light"]
        expected = rows[rows["fold"] == 0].set_index("id").loc[tests, columns].to_numpy()
        found = told[columns].to_numpy(dtype=float)
        if method.startswith("squeezenet"):
            np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=method)
        else:
            np.testing.assert_array_equal(found, expected, err_msg=method)


@pytest.fixture
def trained(work, tmp_path, monkeypatch, capsys):
    """Train from the run in another folder; return what was said and the model's description."""
    monkeypatch.chdir(tmp_path)

    def trained(*more, report=work / "report", code=0):
        found = run(["train", "--from-run", str(report), "-o", "m", "--overwrite", *more])
        said = capsys.readouterr().err
        assert found == code, said
        file = Path("m/model.json")
        return said, json.loads(file.read_text()) if code == 0 else None

    return trained


def test_the_leader_is_fitted_to_all_images_and_carries_what_was_found(study, trained):
    first = study.summary("roc_auc").query("method != 'majority/dummy'").iloc[0]

    said, facts = trained()

    assert "leads the comparison: AUC" in said
    assert facts["method"] == first["method"]
    assert facts["metrics"]["roc_auc"]["value"] == first["value"]
    assert facts["metrics"]["roc_auc"]["low"] == first["low"]
    assert facts["training"]["parts"]["train"] + facts["training"]["parts"]["val"] == 24
    assert facts["preprocessing"]["size"] == 32
    assert (facts["positive"], facts["tested"]["images"], facts["tested"]["groups"]) == (
        "dark", 24, 12,
    )  # fmt: skip


def test_another_method_is_named_and_equals_a_plain_fit(work, trained):
    trained("--method", "sobel/xgboost")

    data = tk.read_manifest(work / "data.csv")
    plain = tk.fit("sobel/xgboost", data, positive="dark", preprocessing=Preprocessing(32))
    np.testing.assert_array_equal(tk.load("m").predict_proba(data), plain.predict_proba(data))


def test_what_came_true_is_what_the_report_draws(study, work):
    tested = FromRun.of(study, work / "report", "first_order/vote").tested
    (cases,) = read_cases(
        first_repeat(study, "first_order/vote"), kind="binary", classes=study.results.classes,
        positive="dark",
    )  # fmt: skip

    for k, name in enumerate(study.results.classes):
        shares, p = tested.observed[name], cases.probability[:, k]
        told = [(one.told, one.seen, one.low, one.high, one.n) for one in shares]
        assert told == [(b.told, b.seen, b.low, b.high, b.n) for b in reliability(cases, k)]
        assert sum(one.n for one in shares) == 24
        for one in shares:  # an obvious twin of the bins
            inside = (p > one.above) & (p <= one.upto) | ((p == 0) & (one.above == 0))
            assert inside.sum() == one.n
            assert cases.truth[inside, k].mean() == one.seen
        assert all(tested.observation(name, value) is not None for value in p)


def test_unknown_labels_are_left_out_of_what_came_true(study, work):
    rows = first_repeat(study, "sobel/knn").drop(columns="label")
    rows = rows.assign(**{"y.dark": 1.0, "y.light": [None] * 16 + [0.0] * 8, "predicted": ""})
    results = study.results.model_copy(update={"kind": "multilabel", "positive": None})
    known = replace(study, results=results, predictions=rows)

    tested = FromRun.of(known, work / "report", "sobel/knn").tested

    assert sum(one.n for one in tested.observed["light"]) == 8
    assert {one.seen for one in tested.observed["dark"]} == {1.0}


def test_a_method_that_is_not_in_the_run_is_refused_with_those_that_are(trained):
    said, _ = trained("--method", "glcm/forest", code=4)

    assert "glcm/forest is not in this comparison; choose one of: " in said
    assert "sobel/xgboost" in said


def test_a_method_that_failed_is_refused_with_its_reason(study, work):
    rows = [
        row.model_copy(update={"status": "failed", "reason": "out of memory"})
        if row.name == "sobel/knn"
        else row
        for row in study.results.methods
    ]
    failed = replace(study, results=study.results.model_copy(update={"methods": rows}))

    with pytest.raises(ParameterError, match=r"sobel/knn failed in this comparison \(out of mem"):
        FromRun.of(failed, work / "report", "sobel/knn")


def test_settings_that_the_comparison_made_are_refused(trained):
    said, _ = trained("--seed", "1", code=2)

    assert "--seed is the comparison's with --from-run" in said


def changed(work, tmp_path):
    return Path(shutil.copytree(work, tmp_path / "copy"))


def moved(study, root):
    """Return the run as if it had been made of a path from the folder above the report."""
    return replace(study, config={**study.config, "data": "data.csv"})


def test_relative_paths_are_found_from_the_folder_above_the_run(study, work, tmp_path, monkeypatch):
    root = changed(work, tmp_path)
    monkeypatch.chdir(tmp_path)

    found = FromRun.of(moved(study, root), root / "report", "sobel/knn")

    assert found.source == str(root.resolve() / "data.csv")


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        (lambda rows: rows.iloc[:-2], "22 images instead of 24; 2 tested images are not there"),
        (lambda rows: rows.assign(label=rows["label"][::-1].to_numpy()), "have another class"),
        (lambda rows: rows.assign(group=1 + rows["group"] // 2), "patients of some images have ch"),
    ],
)
def test_other_images_are_refused_with_what_differs(spoiled, said, study, work, tmp_path):
    root = changed(work, tmp_path)
    spoiled(pd.read_csv(root / "data.csv")).to_csv(root / "data.csv", index=False)
    behind = FromRun.of(moved(study, root), root / "report", "sobel/knn")

    with pytest.raises(ManifestError, match=said):
        plan_course(None, root / "data.csv", behind.options(), method="sobel/knn", run=behind)


def test_other_images_that_are_named_are_learnt_from_and_that_is_said(study, work, tmp_path):
    root = changed(work, tmp_path)
    pd.read_csv(root / "data.csv").iloc[:-8].to_csv(root / "data.csv", index=False)
    behind = FromRun.of(study, work / "report", "sobel/knn", root / "data.csv")

    course = plan_course(None, behind.source, behind.options(), method="sobel/knn", run=behind)
    model = run_course(course, tmp_path / "partial")

    assert model.training["images"] == 16
    assert model.tested.how.endswith("of other data than this model learnt from")
    assert any("learnt from other data" in note for note in model.training["notes"])


def compared(root, **more):
    study = tk.compare(
        data=root / "data.csv", methods=["first_order/logistic"], images=False, permutations=0,
        importance=0, positive="dark", **{**SMALL, **more},
    )  # fmt: skip
    tk.write_report(study, root / "second")
    behind = FromRun.of(tk.read_study(root / "second"), root / "second")
    return plan_course(behind.task, behind.source, behind.options(), method=behind.row.name,
                       run=behind)  # fmt: skip


def test_images_that_the_comparison_could_not_read_stay_out(work, tmp_path):
    root = changed(work, tmp_path)
    spoil(root / "images" / "05.png")

    course = compared(root, folds=2)

    assert len(course.manifest) == 23
    assert "images/05.png" not in course.manifest.paths


@pytest.mark.parametrize(("folds", "learnt"), [(None, 18), (2, 24)])
def test_a_test_part_stays_out_unless_folds_were_drawn(folds, learnt, work, tmp_path):
    root = changed(work, tmp_path)
    rows = pd.read_csv(root / "data.csv")
    parts = ["test" if k % 8 > 5 else "train" for k in range(24)]
    rows.assign(split=parts).to_csv(root / "data.csv", index=False)

    course = compared(root, folds=folds)

    assert len(course.manifest) == learnt


def test_an_external_test_set_stays_out(work, tmp_path):
    root = changed(work, tmp_path)
    rows = pd.read_csv(root / "data.csv")
    rows.iloc[:16].to_csv(root / "data.csv", index=False)
    rows.iloc[16:].to_csv(root / "other.csv", index=False)

    course = compared(root, test=root / "other.csv")

    assert len(course.manifest) == 16
    assert set(course.manifest.paths) == set(rows["path"][:16])


def test_threshold_and_calibration_are_the_comparisons(work, tmp_path):
    root = changed(work, tmp_path)

    course = compared(root, folds=2, threshold="youden", calibrate="sigmoid", tune=2, seed=3)
    model = run_course(course, tmp_path / "partial")

    assert (model.decision.rule, model.decision.calibrate) == ("youden", "sigmoid")
    assert model.training["tuning"]["budget"] == 2
    assert any("searched anew" in note for note in model.training["notes"])
    assert model.preprocessing.seed == 3


def test_random_weights_do_not_take_the_place_of_pretrained_ones(study, work, tmp_path):
    row = study.results.methods[-1].model_copy(update={"weights": "pretrained: torchvision"})
    behind = replace(FromRun.of(study, work / "report", "squeezenet1_1/finetune"), row=row)
    learner = type("L", (), {"network": None})
    known = {"squeezenet1_1": {"label": "random (seed 0)", "sha256": None}}
    model = type("M", (), {"training": {"weights": known}, "learner": learner})

    with pytest.raises(ParameterError, match="used the weights 'pretrained: torchvision' in the"):
        behind.agreed(model)


def test_a_probability_that_rounding_left_above_one_lies_in_the_last_bin():
    last = {"above": 0.9, "upto": 1.0, "told": 1.0, "seen": 1.0, "low": 0.5, "high": 1.0, "n": 4}
    found = records.Tested(task="own", run="", how="", images=4, observed={"a": [last]})

    assert found.observation("a", 1.0000000000000002).n == 4
    assert found.observation("a", 0.9) is None
