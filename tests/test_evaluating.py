"""A saved model on labelled images, against scikit-learn, against predict and against compare."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.metrics import accuracy_score, balanced_accuracy_score, brier_score_loss, roc_auc_score

import texturekit as tk
from tests.imagesets import several_labels, texture, two_classes
from texturekit import evaluating
from texturekit.data.duplicates import find_duplicates
from texturekit.errors import ManifestError, ParameterError
from texturekit.methods.model import Preprocessing
from texturekit.methods.predicting import predictions

SMALL = Preprocessing(size=32, weights="none")
NAMES = ("fine", "mixed", "rough")


def mixed(root, names=("fine", "rough"), *, patients=24, images=2, seed=9):
    """Write a manifest of blends of fine and coarse noise that no model tells apart for sure."""
    rng, rows = np.random.default_rng(seed), []
    root.mkdir(exist_ok=True)
    for patient in range(patients):
        kind = patient % len(names)
        for number in range(images):
            share = np.clip(kind / (len(names) - 1) + rng.normal(0, 0.6), 0, 1)
            both = [texture(rng, coarse, 16).astype(float) for coarse in (False, True)]
            picture = both[0] * (1 - share) + both[1] * share
            Image.fromarray(picture.astype(np.uint8)).save(root / f"{patient}_{number}.png")
            rows.append({"path": f"{patient}_{number}.png", "label": names[kind],
                         "group": f"x{patient}", "site": "AB"[patient // 2 % 2]})  # fmt: skip
    pd.DataFrame(rows).to_csv(root / "data.csv", index=False)
    return root / "data.csv"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("evaluating")


class Nothing:
    """No copies of anything."""

    exact = near = possible = ()

    def level(self, name):
        return ()

    def among(self, rows):
        return self


@pytest.fixture(autouse=True, scope="module")
def nothing_alike():
    """Look for no copies, which takes most of the time of small sets; one test does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluating, "find_duplicates", lambda *_, **__: Nothing())
        yield


@pytest.fixture(scope="module")
def trained(root):
    return tk.read_manifest(mixed(root / "train", patients=52, seed=8))


@pytest.fixture(scope="module")
def model(trained):
    return tk.fit("glcm/logistic", trained, preprocessing=SMALL, threshold="sensitivity=0.9")


@pytest.fixture(scope="module")
def outer(root):
    return mixed(root / "outer")


@pytest.fixture(scope="module")
def study(model, outer):
    return tk.evaluate(model, outer, images=False)


@pytest.fixture(scope="module")
def rows(study):
    return study.predictions[study.predictions["method"] == "glcm/logistic"]


def codes(study):
    return {one.code: one.severity for one in study.results.findings}


def test_probabilities_are_those_of_predict_to_the_bit(model, outer, rows):
    told = pd.concat(predictions(model, tk.read_manifest(outer))).set_index("id")

    found = rows.set_index("id")
    for column in ("p.fine", "p.rough", "predicted", "threshold"):
        assert_array_equal(found[column].to_numpy(), told.loc[found.index, column].to_numpy())


def test_metrics_are_those_of_scikit_learn(study, rows):
    truth, said = rows["label"] == "rough", rows["predicted"] == "rough"
    metrics = next(m for m in study.results.methods if m.name == "glcm/logistic").metrics

    assert 0.6 < metrics["roc_auc"].value < 0.99
    for name, expected in {
        "roc_auc": roc_auc_score(truth, rows["p.rough"]),
        "accuracy": accuracy_score(truth, said),
        "balanced_accuracy": balanced_accuracy_score(truth, said),
        "brier": brier_score_loss(truth, rows["p.rough"]),
    }.items():
        assert metrics[name].value == pytest.approx(expected, abs=1e-12)
        assert "group" in metrics[name].how or "patient" in metrics[name].how
    assert [(s.column, s.value, s.n) for s in study.results.subgroups if s.method == "glcm/logistic"
            ] == [("site", "A", 24), ("site", "B", 24)]  # fmt: skip


def test_the_threshold_is_the_models_own(model, study, rows):
    row = study.results.methods[0]

    assert model.decision.cuts["rough"] != 0.5
    assert row.threshold.values == [model.decision.cuts["rough"]]
    assert row.threshold.rule.startswith("sensitivity=0.9")
    assert_array_equal(rows["predicted"] == "rough", rows["p.rough"] >= row.threshold.values[0])


def test_a_model_of_a_fold_gives_what_the_comparison_gave(outer):
    compared = tk.compare(
        data=outer, methods=["glcm/knn"], folds=2, size=32, images=False, permutations=0,
        importance=0,
    ).predictions  # fmt: skip
    data = tk.read_manifest(outer)
    data = data.subset(np.argsort(data.ids))
    told = compared[compared["fold"] == 0].set_index("id")
    test = np.isin(data.ids, told.index)
    fitted = tk.fit("glcm/knn", data.subset(np.flatnonzero(~test)), preprocessing=SMALL)

    again = tk.evaluate(fitted, data.subset(np.flatnonzero(test)), images=False).predictions

    again = again[again["method"] == "glcm/knn"].set_index("id")
    assert 0 < len(again) < len(data)
    for column in ("p.fine", "p.rough", "predicted", "label"):
        assert_array_equal(again[column], told.loc[again.index, column])


def test_images_that_were_learnt_from_are_no_test(model, trained, root):
    whole = tk.evaluate(model, trained, images=False)
    copied = mixed(root / "copied", patients=4, seed=3)
    for number in range(3):  # under names, and of patients, of their own
        content = trained.file(number).read_bytes()
        (root / "copied" / f"0_{number}.png").write_bytes(content)
    table = pd.read_csv(copied)
    table.loc[len(table)] = {"path": "0_2.png", "label": "fine", "group": "x0", "site": "A"}
    table.to_csv(copied, index=False)
    some = tk.evaluate(model, copied, images=False)

    assert (whole.results.evaluated.learnt, codes(whole)["TK025"]) == (104, "error")
    assert (some.results.evaluated.learnt, codes(some)["TK025"]) == (3, "error")
    assert "3 of 9 images" in next(
        one.evidence for one in some.results.findings if one.code == "TK025"
    )


def test_a_model_that_does_not_know_its_training_images_says_so(model, trained, study, outer):
    known = {k: v for k, v in model.training.items() if k not in ("contents", "shares")}
    before = replace(model, training=known)
    other, same = (tk.evaluate(before, data, images=False) for data in (outer, trained))

    assert codes(study)["TK027"] == "note"
    assert (other.results.evaluated.learnt, codes(other)["TK027"]) == (None, "warning")
    assert (same.results.evaluated.learnt, codes(same)["TK025"]) == (104, "error")
    assert [m.name for m in other.results.methods] == ["glcm/logistic"]
    assert other.results.comparisons == []


def test_the_floor_knows_the_shares_of_the_training_images(trained, root):
    uneven = trained.subset([i for i in range(len(trained)) if trained.labels[i] or i % 8 < 2])
    share = float(np.mean(uneven.labels))
    fitted = tk.fit("glcm/logistic", uneven, preprocessing=SMALL)
    fitted = tk.load(fitted.save(root / "uneven"))

    found = tk.evaluate(fitted, trained, images=False, limit=40)

    floor = found.predictions[found.predictions["method"] == "majority/dummy"]
    assert 0.55 < share < 0.95
    assert set(floor["p.rough"]) == {share}
    assert {(c.a, c.b) for c in found.results.comparisons} == {("glcm/logistic", "majority/dummy")}
    assert not any("trained here" in c.sentence for c in found.results.comparisons)
    assert (
        found.results.data.found == 104 == found.results.data.used + len(found.results.data.skipped)
    )


def test_what_lies_outside_is_counted_and_scored_by_itself(model, outer, study):
    # a threshold in the middle, so that both sides have images of both classes
    told = pd.concat(predictions(model, tk.read_manifest(outer)))
    middle = float(np.median(told["ood_score"].astype(float)))
    found = tk.evaluate(
        replace(model, ood=replace(model.ood, threshold=middle)), outer, images=False
    )

    one = found.results.evaluated.outside
    above = told["ood_score"].to_numpy(float) > middle
    labels = tk.read_manifest(outer).labels
    assert (one.judged, one.outside) == (48, int(above.sum()))
    assert one.share.value == pytest.approx(above.mean())
    assert one.share.low < above.mean() < one.share.high
    assert "group" in one.share.how
    for name, which in {"inside": ~above, "outside": above}.items():
        area = roc_auc_score(labels[which], told["p.rough"].to_numpy(float)[which])
        assert one.roc_auc[name].value == pytest.approx(area, abs=1e-12)
    assert codes(found)["TK026"] == "warning"
    assert study.results.evaluated.outside.threshold == model.ood.threshold


def test_classes_are_told_by_name_and_may_be_missing(model, outer, root):
    data = tk.read_manifest(outer)
    turned = data.with_classes(("rough", "fine"))
    one_class = tk.evaluate(model, data.subset(np.flatnonzero(data.labels == 1)), images=False)

    same, other = (tk.evaluate(model, d, images=False) for d in (data, turned))
    pd.testing.assert_frame_equal(same.predictions, other.predictions)
    assert one_class.results.classes == ["fine", "rough"]
    assert one_class.results.methods[0].metrics["roc_auc"].value is None
    assert "TK012" in codes(one_class)


def test_another_class_is_refused_with_its_first_image_and_the_known_ones(model, root):
    path = mixed(root / "three", NAMES, patients=3)

    with pytest.raises(ManifestError, match=r"'mixed'.*first: 1_0.png.*Known: fine, rough"):
        tk.evaluate(model, path)


def test_the_positive_class_is_the_models(model, outer):
    with pytest.raises(ParameterError, match=r"positive='fine', but the model's is 'rough'"):
        tk.evaluate(model, outer, positive="fine")


def test_three_classes_have_the_macro_auc_of_scikit_learn(root):
    data = tk.read_manifest(mixed(root / "learn", NAMES, patients=45))
    fitted = tk.fit("glcm/logistic", data, preprocessing=SMALL)
    found = tk.evaluate(fitted, mixed(root / "outer3", NAMES, patients=30, seed=2), images=False)

    rows = found.predictions[found.predictions["method"] == "glcm/logistic"]
    told = rows[[f"p.{name}" for name in NAMES]]
    expected = roc_auc_score(rows["label"], told, multi_class="ovr", labels=list(NAMES))
    assert found.results.methods[0].metrics["roc_auc"].value == pytest.approx(expected, abs=1e-12)


def test_some_of_several_labels_can_be_tested(root):
    (root / "labels").mkdir()
    path = several_labels(root / "labels", patients=40)
    fitted = tk.fit("glcm/logistic", tk.read_manifest(path), preprocessing=SMALL)
    table = pd.read_csv(path).drop(columns="bright")
    table["rough"] = np.where(table.index % 5 == 0, 1 - table["rough"], table["rough"])
    table.assign(more=1).to_csv(root / "labels" / "part.csv", index=False)

    found = tk.evaluate(fitted, root / "labels" / "part.csv", images=False)

    rows = found.predictions[found.predictions["method"] == "glcm/logistic"]
    area = roc_auc_score(rows["y.rough"], rows["p.rough"])
    assert found.results.classes == ["rough", "bright"]
    assert rows["y.bright"].isna().all()
    assert found.results.methods[0].metrics["roc_auc"].value == pytest.approx(area, abs=1e-12)
    assert set(found.results.data.counts) == {"rough"}
    assert any("no label bright" in note for note in found.results.notes)
    with pytest.raises(ParameterError, match="does not know swollen"):
        tk.evaluate(fitted, root / "labels" / "part.csv", labels=["swollen"])


def test_of_images_with_splits_those_for_testing_are_taken(model, outer):
    table = pd.read_csv(outer)
    table["split"] = np.where(table["group"].str[1:].astype(int) < 8, "train", "test")
    path = outer.with_name("split.csv")
    table.to_csv(path, index=False)

    results = tk.evaluate(model, path, images=False).results

    assert (results.data.found, results.data.used, len(results.data.skipped)) == (48, 32, 16)
    assert {skip.kind for skip in results.data.skipped} == {"ignored"}
    assert results.notes[0].startswith("16 images that the data do not name as test were left out")


def test_images_with_two_labels_and_bad_ones_cost_their_rows(model, root, monkeypatch):
    monkeypatch.setattr(evaluating, "find_duplicates", find_duplicates)
    table = pd.read_csv(mixed(root / "bad", patients=12, seed=4))
    (root / "bad" / "0_0.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    content = (root / "bad" / "1_0.png").read_bytes()
    (root / "bad" / "2_0.png").write_bytes(content)  # rough there, fine here

    results = tk.evaluate(model, root / "bad" / "data.csv", images=False).results

    reasons = {skip.path: skip.kind for skip in results.data.skipped}
    assert reasons == {"0_0.png": "failed", "1_0.png": "invalid", "2_0.png": "invalid"}
    assert (results.data.found, results.data.used) == (len(table), len(table) - 3)


def test_images_of_two_classes_as_drawn_have_the_same_manifest_rules(tmp_path, model):
    found = tk.evaluate(model, two_classes(tmp_path, patients=4), images=False, group=None)

    assert found.results.data.groups is None
    assert codes(found)["TK002"] == "warning"
