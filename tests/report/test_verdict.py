from __future__ import annotations

import pytest

from tests.report.studies import changed, ready
from texturekit.records import Comparison, Estimate, MethodResult
from texturekit.report.verdict import answer, leader, ranked


def method(name, area, family="texture"):
    metrics = {"roc_auc": Estimate(value=area, low=area - 0.05, high=area + 0.05, how="DeLong")}
    return MethodResult(name=name, family=family, status="ok", n=100, metrics=metrics)


def pair(a, b, verdict, p=0.5):
    return Comparison(
        a=a, b=b, metric="roc_auc", difference=0.1, low=0.0, high=0.2, p=p, p_holm=p,
        verdict=verdict, how="paired DeLong", sentence=f"{a} / {b}: {verdict}.",
    )  # fmt: skip


def results(methods, comparisons):
    return changed(ready(), methods=methods, comparisons=comparisons).results


THREE = [method("a", 0.8), method("b", 0.7), method("dummy", 0.5, "baseline")]


def test_a_lead_over_everything_is_called_larger_than_chance_with_its_limits():
    said = answer(results(THREE, [pair("a", "b", "a_better"), pair("dummy", "a", "b_better")]), {})

    assert said.main == "a has the highest AUC: 0.800 (95% interval 0.750 to 0.850)."
    assert said.verdict.endswith("larger than chance explains, on one set of splits.")
    assert said.standing == [("Better than", ["b", "dummy"])]


@pytest.mark.parametrize(("kind", "repeats", "end"), [
    ("holdout", 1, "explains, on one set of splits."),
    ("kfold", 3, "explains, on 3 sets of splits."),
    ("kfold", 5, "explains."),
])  # fmt: skip
def test_few_splits_are_said_with_the_lead(kind, repeats, end):
    of = results(THREE, [pair("a", "b", "a_better"), pair("a", "dummy", "a_better")])
    protocol = of.protocol.model_copy(update={"type": kind, "repeats": repeats})

    assert answer(of.model_copy(update={"protocol": protocol}), {}).verdict.endswith(end)


def test_a_tie_with_another_method_is_no_single_winner():
    said = answer(
        results(THREE, [pair("a", "b", "no_difference_shown"), pair("a", "dummy", "a_better")]), {}
    )

    assert said.verdict == "These data do not single out one best method."
    assert dict(said.standing)["No difference shown to"] == ["b"]


def test_a_tie_with_a_baseline_is_said_first_of_all():
    said = answer(results(THREE, [pair("a", "dummy", "no_difference_shown")]), {})

    assert said.verdict == "It was not shown to do better than the baseline dummy."


def test_the_declared_reference_gets_the_deciding_sentence():
    tests = [pair("a", "b", "a_better"), pair("a", "dummy", "a_better")]

    found = answer(results(THREE, tests), {"facts": {"reference": "dummy"}}).evidence

    assert found == tests[1].sentence


def test_nothing_tested_is_nothing_known():
    assert "nothing is known" in answer(results(THREE, []), {}).verdict
    untestable = answer(results(THREE, [pair("a", "b", "not_testable")]), {})
    assert untestable.verdict == "Whether the lead is real could not be tested."


def test_a_baseline_that_does_as_well_is_a_warning():
    shortcut = method("geometry/forest", 0.9, "baseline")
    said = answer(results([*THREE, shortcut], []), {})

    assert leader(results([*THREE, shortcut], [])).name == "a"
    assert "geometry/forest reaches an AUC of 0.900" in said.warnings[0]
    assert said.main.startswith("a has the highest AUC of those that are no baseline: 0.800")


@pytest.mark.parametrize("last", ["failed", "skipped"])
def test_methods_are_ranked_by_area_then_undefined_then_absent(last):
    undefined = {"roc_auc": Estimate(value=None, how="", reason="one class")}
    gap = MethodResult(name="gap", family="texture", status="ok", metrics=undefined)
    gone = MethodResult(name="gone", family="texture", status=last)
    order = ranked(results([gone, gap, *reversed(THREE)], []))

    assert [m.name for m in order] == ["a", "b", "dummy", "gap", "gone"]


def test_the_area_is_said_as_the_share_of_pairs_that_it_is():
    said = answer(results(THREE, []), {}).reading

    assert (
        "one image of class malignant and one of class benign at random; in 80 of 100 such pairs"
        in said
    )
    for kind, mean in (("multiclass", "classes"), ("multilabel", "labels")):
        of = results(THREE, []).model_copy(update={"kind": kind, "positive": None})
        assert said != answer(of, {}).reading
        assert answer(of, {}).reading.endswith(f"as a mean over {mean}.")


def test_the_methods_of_the_answer_are_told_in_plain_words():
    methods = [method("glcm/forest", 0.8), method("resnet18/finetune", 0.7, "finetuned")]
    said = answer(results(methods, [pair("glcm/forest", "resnet18/finetune", "a_better")]), {})

    assert said.named == [
        (
            "glcm/forest",
            "hand-crafted texture (grey-level co-occurrence), judged by a random forest",
        ),
        ("resnet18/finetune", "the network resnet18, trained on these images"),
    ]
    assert said.tested


def test_a_name_that_is_no_method_is_left_as_it_is():
    assert answer(results(THREE, [pair("a", "b", "a_better")]), {}).named == []


def test_the_evidence_is_the_test_that_the_verdict_speaks_of():
    tests = [pair("a", "b", "no_difference_shown"), pair("a", "dummy", "no_difference_shown")]
    said = answer(results(THREE, tests), {"facts": {"reference": "b"}})

    assert said.verdict == "It was not shown to do better than the baseline dummy."
    assert said.evidence == "a / dummy: no_difference_shown."


def test_a_value_without_an_interval_says_so():
    bare = method("a", 0.8).model_copy(update={"metrics": {"roc_auc": Estimate(value=0.8, how="")}})

    assert answer(results([bare], []), {}).main.endswith(
        "0.800 (no 95% interval could be computed)."
    )
