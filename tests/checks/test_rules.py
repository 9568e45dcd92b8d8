"""Every rule fires once and stays silent once; the numbers are made by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.report.studies import changed, ready, study
from texturekit.checks import CODES, check
from texturekit.checks.selection import optimism
from texturekit.metrics.cases import read_cases
from texturekit.records import (
    ClassResult,
    Crossing,
    Estimate,
    Permutation,
    Repeats,
    Tuning,
    Varying,
)


def found(code, of, **options):
    """Return the findings of one code."""
    return [one for one in check(of.results, of.predictions, **options) if one.code == code]


def said(code, of, **options):
    (one,) = found(code, of, **options)
    return one


def area(value, low, high):
    return Estimate(value=value, low=low, high=high, how="DeLong, logit")


def data(of, **fields):
    return changed(of, data=of.results.data.model_copy(update=fields))


def row(of, name, **fields):
    """Change one method."""
    rows = [m.model_copy(update=fields) if m.name == name else m for m in of.results.methods]
    return changed(of, methods=rows)


def metric(of, name, **metrics):
    (one,) = (m for m in of.results.methods if m.name == name)
    return row(of, name, metrics={**one.metrics, **metrics})


def repeats(**fields):
    known = {"exact": 1, "near": 1, "possible": 1, "images": 2, "kept_together": "possible"}
    return Repeats(**{**known, **fields})


def pair(kind):
    return Crossing(a="a.png", b="b.png", kind=kind, parts="training and test")


@cache
def large():
    """A study of 300 images of which one method knows most."""
    methods = {
        "majority/dummy": ("baseline", 0.0),
        "glcm/logistic": ("texture", 2.0),
        "lbp/logistic": ("texture", 0.6),
    }
    return study(n=300, methods=methods, failed=False, images=False)


def test_a_sound_study_has_no_finding_but_that_probabilities_are_none():
    assert [one.code for one in check(large().results, large().predictions)] in ([], ["TK011"])


def test_findings_come_by_severity_and_then_by_code():
    of = data(changed(ready(), synthetic=True), groups_over_parts={"training and test": 3})
    listed = check(of.results, of.predictions)
    order = {"error": 0, "warning": 1, "note": 2}
    keys = [(order[one.severity], one.code) for one in listed]

    assert keys == sorted(keys)
    assert listed[0].code == "TK001"
    assert {one.code for one in listed} <= set(CODES)


def test_groups_on_both_sides_are_a_leak():
    one = said("TK001", data(large(), groups_over_parts={"training and test": 3}))

    assert one.severity == "error"
    assert "3 groups of 100 in training and test" in one.evidence


def test_exact_copies_on_both_sides_are_a_leak_and_near_ones_are_not():
    crossing = repeats(kept_together="none", crossing=[pair("exact")])

    assert (
        "a.png = b.png (training and test)"
        in said("TK001", data(large(), duplicates=crossing)).evidence
    )
    near = repeats(kept_together="none", crossing=[pair("near")])
    assert not found("TK001", data(large(), duplicates=near))


def test_unknown_patients_are_a_warning_and_known_ones_are_nothing():
    assert said("TK002", data(large(), groups=None)).severity == "warning"
    assert not found("TK002", large())


def test_some_unknown_patients_are_a_note():
    protocol = large().results.protocol
    text = protocol.grouping + "; 4 images name no group and count as their own"
    of = changed(large(), protocol=protocol.model_copy(update={"grouping": text}))

    assert said("TK002", of).severity == "note"


@pytest.mark.parametrize(("kind", "severity"), [("near", "warning"), ("possible", "note")])
def test_copies_in_two_parts_of_given_splits(kind, severity):
    of = data(large(), duplicates=repeats(kept_together="none", crossing=[pair(kind)]))

    assert said("TK003", of).severity == severity
    assert "a.png = b.png" in said("TK003", of).evidence


@pytest.mark.parametrize(
    ("kept", "severity"), [("none", "warning"), ("exact", "note"), ("near", "note")]
)
def test_copies_that_could_not_be_kept_together(kept, severity):
    of = data(large(), duplicates=repeats(kept_together=kept, reason="too few groups"))

    assert said("TK003", of).severity == severity


def test_copies_that_are_kept_together_are_nothing():
    assert not found("TK003", data(large(), duplicates=repeats()))
    assert not found("TK003", large())


def test_the_best_of_many_equal_methods_is_too_good():
    methods = {f"glcm(levels={n})/knn": ("texture", 0.5) for n in (8, 16, 24, 32, 40, 48)}
    of = study(n=120, methods=methods, failed=False, images=False)
    one = said("TK004", of)

    assert one.severity == "note"
    assert "The best of 6 is partly the luckiest of 6" in one.text
    first = of.summary()["method"][0]
    assert not found("TK004", of, declared=first)
    assert found("TK004", of, declared=of.summary()["method"][1])


def test_a_clear_leader_is_not_owed_to_luck():
    assert not found("TK004", large())


def test_the_best_of_k_independent_equals_is_too_good_by_the_expected_maximum():
    # E[max of 4 standard normals] = 1.0294 (Harter 1961, table 1), times the standard error.
    rng = np.random.default_rng(0)
    base = ready().predictions.query("method == 'glcm+lbp/forest'").reset_index(drop=True)
    base = base.assign(group=base["id"])
    made = []
    for _ in range(4):
        p = rng.random(len(base))
        frame = base.assign(**{"p.malignant": p, "p.benign": 1 - p})
        made.append(read_cases(frame, kind="binary", classes=["benign", "malignant"],
                               positive="malignant")[0])  # fmt: skip
    from texturekit.checks import selection

    class Equal:
        value, parts = 0.7, None

    def fake(cases, columns):
        one = Equal()
        one.parts = rng.normal(0, 0.04 / np.sqrt(len(base)), (len(base), 1))
        return one

    original = selection.area_of
    selection.area_of = fake
    try:
        gain = optimism(made)
    finally:
        selection.area_of = original
    assert gain == pytest.approx(1.0294 * 0.04, rel=0.12)


def test_wide_and_narrow_intervals():
    wide = metric(large(), "lbp/logistic", roc_auc=area(0.7, 0.55, 0.76))
    edge = metric(large(), "lbp/logistic", roc_auc=area(0.7, 0.6, 0.79))

    assert (
        "1 method of 2; the widest interval, 0.210, is that of lbp/logistic"
        in said("TK005", wide).evidence
    )
    assert not found("TK005", edge)
    baseline = metric(large(), "majority/dummy", roc_auc=area(0.5, 0.3, 0.7))
    assert not found("TK005", baseline)


def relabelled(of, name, groups):
    """Give all but some groups the other class."""
    known = sorted(of.predictions["group"].unique())[:groups]
    other = next(c for c in of.results.classes if c != name)
    label = np.where(of.predictions["group"].isin(known), name, other)
    return replace(of, predictions=of.predictions.assign(label=label))


def test_nine_patients_are_few_and_ten_are_not():
    assert (
        "malignant: 9 patients (groups)"
        in said("TK006", relabelled(large(), "malignant", 9)).evidence
    )
    assert not found("TK006", relabelled(large(), "malignant", 10))


def test_images_are_counted_where_patients_are_not_known():
    few = relabelled(large(), "malignant", 3)
    of = replace(data(few, groups=None), predictions=few.predictions.assign(group=None))

    assert "malignant: 9 images" in said("TK006", of).evidence


def test_a_label_that_nearly_all_have_is_as_rare_as_its_absence():
    of = ready("multilabel")
    y = np.ones(len(of.predictions))
    y[of.predictions["group"].isin(["p000", "p001"])] = 0
    of = replace(of, predictions=of.predictions.assign(**{"y.Edema": y}))

    assert "not Edema: 2 patients (groups)" in said("TK006", of).evidence
    assert not found("TK006", ready("multilabel"))


def test_a_label_that_one_net_was_not_trained_for_is_counted_where_another_method_knows_it():
    of = ready("multilabel")
    first = of.results.methods[0].name
    frame = of.predictions.copy()
    frame.loc[frame["method"] == first, "p.Edema"] = np.nan
    frame["y.Edema"] = (frame["group"] == "p000").astype(float)

    assert "Edema: 1 patient (group)" in said("TK006", replace(of, predictions=frame)).evidence


def test_a_label_that_could_not_be_learnt_in_one_fold_is_no_missing_one():
    of = ready("multilabel")
    frame = of.predictions.copy()
    frame["y.Edema"] = (frame["group"] == "p000").astype(float)
    fold = frame.loc[frame["group"] == "p000", "fold"].iloc[0]
    frame.loc[frame["fold"] == fold, "p.Edema"] = np.nan  # nobody had it in the other folds
    of = replace(of, predictions=frame)

    assert "Edema: 1 patient (group)" in said("TK006", of).evidence
    assert not found("TK012", of)


def test_a_class_without_a_test_image():
    of = relabelled(large(), "malignant", 0)

    assert "malignant" in said("TK012", of).evidence
    assert not found("TK006", of)
    assert not found("TK012", large())


@pytest.mark.parametrize(
    ("name", "code", "severity"),
    [("geometry/forest", "TK007", "warning"), ("metadata/forest", "TK008", "note")],
)
def test_a_shortcut_counts_from_its_lower_end(name, code, severity):
    of = study(n=60, methods={name: ("baseline", 0.0)}, failed=False, images=False)
    one = said(code, metric(of, name, roc_auc=area(0.7, 0.61, 0.79)))

    assert one.severity == severity
    assert "0.700 [0.610, 0.790]" in one.evidence
    assert not found(code, metric(of, name, roc_auc=area(0.7, 0.6, 0.8)))


def test_file_facts_that_go_with_a_class():
    def varying(value, low):
        return [Varying(fact="width", name="malignant", inside=512, outside=300,
                        roc_auc=area(value, low, 0.9)),
                Varying(fact="mode RGB", name="benign", inside=0.3, outside=0.29,
                        roc_auc=area(0.51, 0.4, 0.6))]  # fmt: skip

    one = said("TK009", data(large(), varying=varying(0.61, 0.51)))
    assert "Median width is 512 in malignant and 300 in the rest (AUC 0.610" in one.evidence
    assert "mode" not in one.evidence
    for value, low in ((0.61, 0.5), (0.6, 0.58)):
        assert not found("TK009", data(large(), varying=varying(value, low)))


def test_one_answer_to_every_image_and_an_interval_that_covers_chance():
    lazy = row(large(), "lbp/logistic", confusion=[[0, 150], [0, 150]])
    blind = metric(large(), "lbp/logistic", roc_auc=area(0.55, 0.49, 0.61))

    assert "same answer to every image: lbp/logistic" in said("TK010", lazy).evidence
    assert "covers 0.5: lbp/logistic" in said("TK010", blind).evidence
    turned = metric(large(), "lbp/logistic", roc_auc=area(0.1, 0.0, 0.3))
    assert "lies below 0.5: lbp/logistic" in said("TK010", turned).evidence
    assert not found("TK010", large())
    worse = metric(large(), "majority/dummy", roc_auc=area(0.5, 0.5, 0.5))
    assert not found("TK010", worse)
    below = said("TK010", metric(large(), "lbp/logistic", roc_auc=area(0.4, 0.32, 0.48)))
    assert "lies below 0.5: lbp/logistic" in below.evidence
    assert "covers" not in below.evidence


def test_several_labels_are_all_answered_alike():
    of = ready("multilabel")
    table = [ClassResult(name=name, n=120, positives=20, confusion=[[0, 100], [0, 20]], metrics={})
             for name in of.results.classes]  # fmt: skip

    assert "glcm+lbp/forest" in said("TK010", row(of, "glcm+lbp/forest", per_class=table)).evidence
    assert not any("same answer" in one.evidence for one in found("TK010", of))


def test_probabilities_by_slope_and_by_ece():
    right = {"ece": area(0.03, 0.0, 0.06), "calibration_slope": area(1.0, 0.8, 1.2)}
    true = metric(metric(large(), "glcm/logistic", **right), "lbp/logistic", **right)

    assert not found("TK011", true)
    # 100 patients: by chance a true method shows up to .4 * sqrt(10 / 100) = .126
    assert not found("TK011", metric(true, "lbp/logistic", ece=area(0.15, 0.126, 0.2)))
    ece = said("TK011", metric(true, "lbp/logistic", ece=area(0.15, 0.127, 0.2)))
    assert "lbp/logistic ECE 0.150" in ece.evidence
    steep = metric(true, "lbp/logistic", calibration_slope=area(0.6, 0.4, 0.8))
    assert "slope 0.60 [0.40, 0.80]" in said("TK011", steep).evidence
    few = area(14.6, 6.0, 23.2).model_copy(update={"caution": "few cases: 2 images of malignant"})
    assert not found("TK011", metric(true, "lbp/logistic", calibration_slope=few))
    for value, low, high in ((0.85, 0.75, 0.95), (0.6, 0.1, 1.1)):
        of = metric(true, "lbp/logistic", calibration_slope=area(value, low, high))
        assert not found("TK011", of)


def shuffles(values):
    mean = area(float(np.mean(values)), 0.0, 1.0)
    return Permutation(
        method="glcm/knn", how="h", refits=20, images=300, values=values, roc_auc=mean
    )


def test_labels_without_meaning_that_are_predicted():
    spread = np.linspace(-0.1, 0.1, 20)

    assert (
        said("TK013", changed(large(), permutation=shuffles((0.8 + spread).tolist()))).severity
        == "error"
    )
    for mean in (0.5, 0.54, 0.4):
        assert not found("TK013", changed(large(), permutation=shuffles((mean + spread).tolist())))
    narrow = (0.54 + spread / 10).tolist()  # surely above one half, and by less than counts
    assert not found("TK013", changed(large(), permutation=shuffles(narrow)))
    assert not found("TK013", changed(large(), permutation=shuffles([0.3, 0.9])))
    few = [1.0] * 9  # of four patients labels are predicted faultlessly half of the time
    assert not found("TK013", changed(large(), permutation=shuffles(few)))
    assert found("TK013", changed(large(), permutation=shuffles([*few, 1.0])))
    assert not found("TK013", large())


def test_training_that_is_better_than_test():
    def parts(train):
        return {
            "train": {"roc_auc": area(train, 0.7, 1.0)},
            "test": {"roc_auc": area(0.7, 0.6, 0.8)},
        }

    one = said("TK014", row(large(), "lbp/logistic", parts=parts(0.81)))
    assert "lbp/logistic, AUC 0.810 in training, 0.700 in test" in one.evidence
    assert not found("TK014", row(large(), "lbp/logistic", parts=parts(0.79)))
    assert not found("TK014", large())


def test_another_metric_has_another_leader():
    of = metric(large(), "lbp/logistic", balanced_accuracy=area(0.999, 0.9, 1.0))

    assert "by balanced accuracy lbp/logistic (0.999" in said("TK015", of).evidence
    assert not found("TK015", large())


def test_the_positive_class_was_assumed():
    assert (
        "--positive 'benign'"
        in said("TK016", changed(large(), positive_from="last in sorted order")).advice
    )
    assert not found("TK016", large())


def test_synthetic_data():
    assert found("TK017", changed(large(), synthetic=True))
    assert not found("TK017", large())


def test_random_weights():
    assert (
        "lbp/logistic"
        in said("TK018", row(large(), "lbp/logistic", weights="random (seed 0)")).evidence
    )
    assert not found("TK018", row(large(), "lbp/logistic", weights="ImageNet (torchvision)"))


def test_unequal_and_equal_budgets():
    def tuned(budget):
        return Tuning(budget=budget, metric="roc_auc", how="random", trials=[])

    one_sided = row(large(), "lbp/logistic", tuning=tuned(8))

    assert "lbp/logistic 8, glcm/logistic 0" in said("TK019", one_sided).evidence
    assert not found("TK019", row(one_sided, "glcm/logistic", tuning=tuned(8)))
    assert not found("TK019", large())


def test_the_same_numbers_under_two_names():
    (one,) = (m for m in large().results.methods if m.name == "lbp/logistic")
    twin = row(large(), "glcm/logistic", metrics=one.metrics)

    assert "glcm/logistic and lbp/logistic" in said("TK020", twin).evidence
    other = {**one.metrics, "brier": area(0.2, 0.1, 0.3)}
    assert not found("TK020", row(large(), "glcm/logistic", metrics=other))


def test_the_same_auc_on_validation_and_test_images():
    """The slip of a published table: validation AUC = test AUC = .8084 (published.json, I04)."""

    def parts(val, test):
        return {"val": {"roc_auc": area(val, 0.7, 1)}, "test": {"roc_auc": area(test, 0.7, 1)}}

    one = said("TK020", row(large(), "lbp/logistic", parts=parts(0.8084, 0.8084)))
    assert "lbp/logistic on validation and test images" in one.evidence
    for val, test in ((0.8084, 0.8085), (1.0, 1.0)):
        assert not found("TK020", row(large(), "lbp/logistic", parts=parts(val, test)))


def test_patients_with_two_labels():
    assert "21 of 100 groups" in said("TK021", data(large(), groups_with_two_labels=21)).evidence
    assert not found("TK021", large())


def test_no_baseline():
    rows = [m for m in large().results.methods if m.family != "baseline"]

    assert found("TK022", changed(large(), methods=rows))
    assert not found("TK022", large())


def test_decisions_instead_of_degrees():
    frame = large().predictions
    mine = (frame["method"] == "lbp/logistic").to_numpy()
    hard = {f"p.{c}": np.where(mine, (frame[f"p.{c}"] > 0.5).astype(float), frame[f"p.{c}"])
            for c in large().results.classes}  # fmt: skip

    assert (
        said("TK023", replace(large(), predictions=frame.assign(**hard))).evidence
        == "lbp/logistic."
    )
    assert not found("TK023", large())


def test_methods_on_other_images():
    assert "lbp/logistic: 290 images" in said("TK024", row(large(), "lbp/logistic", n=290)).evidence
    assert not found("TK024", large())


def test_a_study_whose_methods_all_failed_is_checked_too():
    of = ready()
    failed = [m.model_copy(update={"status": "failed", "metrics": {}}) for m in of.results.methods]

    assert check(of.results.model_copy(update={"methods": failed}), of.predictions.head(0))
