"""The text for a paper: the numbers of the tables, and no claim that the run did not earn."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import texturekit
from tests.report.studies import changed, ready
from tests.report.test_page import Page
from texturekit.records import Crossing, Estimate, Repeats
from texturekit.report.page import render
from texturekit.report.protocol import citing
from texturekit.report.protocol.checklist import checklist
from texturekit.report.protocol.paragraph import prose
from texturekit.report.protocol.references import PAPERS, interval_sentence
from texturekit.report.protocol.seen import Seen
from texturekit.report.protocol.words import reasons

WORDS = {
    "delong": "DeLong", "sun": "DeLong", "obuchowski": "Obuchowski", "wilson": "Wilson",
    "newcombe": "score interval", "mcnemar": "exact McNemar", "holm": "Holm",
    "nadeau": "Nadeau-Bengio",
}  # fmt: skip


def text(study):
    return prose(Seen(study)).text


def hows(study):
    metrics = [e.how for m in study.results.methods for e in m.metrics.values()]
    return [*metrics, *(c.how for c in study.results.comparisons if c.p is not None)]


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_a_paper_is_cited_only_if_the_run_used_its_method(kind):
    of = ready(kind)
    cited = prose(Seen(of)).references

    for key, paper in PAPERS.items():
        if paper in cited:
            assert any(WORDS[key] in how for how in hows(of)), key
    assert PAPERS["obuchowski"] in cited
    assert (PAPERS["holm"] in cited) == (sum(c.p is not None for c in of.results.comparisons) > 1)


def test_without_tests_no_test_is_claimed():
    of = changed(ready(), comparisons=[])
    found = prose(Seen(of))

    assert "No paired test was made." in found.text
    assert not {PAPERS[key] for key in ("holm", "mcnemar", "nadeau")} & set(found.references)
    assert "Holm" not in found.text


def test_the_numbers_are_those_of_the_table():
    of = ready()
    best = of.results.methods[0]
    for one in of.results.methods:
        if one.status == "ok" and one.family != "baseline":
            area = one.metrics["roc_auc"].value
            best = one if area > (best.metrics["roc_auc"].value or 0) else best
    area, sensitivity = best.metrics["roc_auc"], best.metrics["sensitivity"]

    assert (
        f"{best.name} has the highest AUC: {area.value:.3f} "
        f"(95% interval {area.low:.3f} to {area.high:.3f})" in text(of)
    )
    assert f"Its sensitivity was {sensitivity.value:.2f} (95% interval" in text(of)
    assert text(of).split("Results. ")[1].split(":")[0] in Page(render(of)).text


def test_counts_classes_and_patients_are_those_of_the_data():
    counts = ready().results.data.counts

    assert (
        f"120 images from 40 patients (groups): {counts['benign']} benign, "
        f"{counts['malignant']} malignant." in text(ready())
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "kfold", "repeats": 3}, "4-fold cross-validation, repeated 3 times"),
        ({"type": "holdout", "test": "the images named test"}, "separate images (the images named"),
        ({"type": "given folds"}, "on 4 given folds"),
        ({"type": "external test", "external": "b.csv"}, "another, b.csv (external testing)"),
        ({"type": "leave one out", "left_out": "site", "left_out_values": ["A", "B"]},
         "Each site was tested in turn"),
    ],
)  # fmt: skip
def test_the_protocol_is_named(fields, words):
    protocol = ready().results.protocol.model_copy(update=fields)
    found = text(changed(ready(), protocol=protocol))

    assert words in found
    assert ("cross-validation" in found) == (fields["type"] == "kfold")


def test_what_is_not_known_stands_in_brackets_and_drawn_images_are_said():
    bare = changed(ready(), statements={})
    drawn = changed(ready(), statements={}, synthetic=True)

    assert "Reference standard: [not stated]." in text(bare)
    assert "Reference standard: Biopsy." in text(ready())
    assert "drawn by a program and say nothing about patients" in text(drawn)
    assert "Reference standard" not in text(drawn)


def test_random_weights_and_failures_are_said():
    assert "resnet18/finetune started from random weights." in text(ready())
    assert "hog/svm failed and has no results." in text(ready())


def row(study, number):
    found = {one.requirement.number: one for one in checklist(Seen(study))}
    return " ".join(found[number].said.told)


def test_the_pairs_that_were_tested_are_those_that_were_asked_for():
    every = replace(ready(), config={**ready().config, "pairs": "all"})

    assert "of methods: all against the reference, and the one that leads" in row(ready(), 11)
    assert "of methods: every method against every other." in row(every, 11)
    assert "reference" not in row(every, 11)


def test_the_weight_of_classes_in_fitting_is_said():
    def only(name, family, **facts):
        methods = [m for m in ready().results.methods if m.status == "ok"][:1]
        found = [methods[0].model_copy(update={"name": name, "family": family})]
        return replace(changed(ready(), methods=found), config={"facts": facts})

    words = "In fitting, all classes had the same weight, whatever their size"
    drawn = {"recipe": {"source": "x", "settings": {"balance": "sampling"}}}

    assert f"{words}." in text(ready())
    assert f"{words}. Probabilities that are not calibrated are then" in row(ready(), 13)
    assert words in text(only("resnet18/finetune", "finetuned"))
    assert "images with a label and those without it had, taken together, the same weight" in text(
        ready("multilabel")
    )
    assert "are then those if both came equally often" in row(ready("multilabel"), 13)
    for name, family in (("majority/dummy", "baseline"), ("glcm/knn", "texture")):
        assert words not in text(only(name, family)) + row(only(name, family), 13)
    assert words not in row(only("resnet18/finetune", "finetuned", **drawn), 13)
    assert "come equally often" in row(only("resnet18/finetune", "finetuned", **drawn), 13)
    names = [m.model_copy(update={"name": "glcm/knn"}) if m.name == "texture/xgboost" else m
             for m in ready().results.methods]  # fmt: skip
    assert f"{words} (but for glcm/knn)." in text(changed(ready(), methods=names))


def test_numbers_over_repeats_say_what_is_of_the_first_alone():
    twice = ready().results.protocol.model_copy(update={"repeats": 2})
    again = changed(ready(), protocol=twice)
    words = "means over the 2 repeats; their intervals and the p of tests on these test images are"

    assert words in text(again)
    assert words in row(again, 9)
    assert "means over the" not in text(ready()) + row(ready(), 9)


def test_copies_that_were_kept_together_are_said_without_the_names_of_patients():
    copies = Repeats(exact=0, near=5, possible=14, images=10, kept_together="near",
                     reason="95 of 148 images would be one group (p1 + p2)")  # fmt: skip
    data = ready().results.data.model_copy(update={"duplicates": copies})
    found = text(changed(ready(), data=data))

    assert "Exact and near copies of an image (5 groups) were kept in one part" in found
    assert "possible ones (14 groups with these) were not" in found
    assert "p1 + p2" not in found


def test_copies_in_two_parts_are_counted_without_their_paths():
    pair = Crossing(a="/home/x/a.png", b="b.png", kind="near", parts="training and test")
    copies = Repeats(exact=0, near=1, possible=3, images=0, kept_together="none", crossing=[pair])
    data = ready().results.data.model_copy(update={"duplicates": copies})
    found = text(changed(ready(), data=data))

    assert "(groups: 1 of exact or near copies, 3 with possible ones); 1 pair of them" in found
    assert "/home/x" not in found


def test_patients_that_are_not_named_are_not_promised():
    of = ready()
    data = of.results.data.model_copy(update={"groups": None})
    protocol = of.results.protocol.model_copy(update={"grouping": "unknown: every image"})
    found = text(changed(of, data=data, protocol=protocol))

    assert "Patients were not named" in found
    assert "whole patients" not in found
    assert "All images of a patient" not in found


def test_every_way_of_making_intervals_has_a_name():
    sentence, _ = interval_sentence(Seen(ready()))
    strange = Estimate(value=0.5, low=0.4, high=0.6, how="by hand")
    first, *others = ready().results.methods
    odd = first.model_copy(update={"metrics": {"accuracy": strange}})

    assert "the method named in the report" not in sentence
    assert (
        "the method named in the report for accuracy"
        in (interval_sentence(Seen(changed(ready(), methods=[odd, *others])))[0])
    )


def test_rare_reasons_are_put_together_and_none_is_lost():
    from texturekit.records import Skipped

    items = [Skipped(path="x", reason=f"r{min(i, 9)}", kind="failed") for i in range(20)]

    assert sum(n for _, n in reasons(items)) == 20
    assert reasons(items)[0] == ("r9", 11)


def test_the_reference_is_that_of_citation_cff():
    root = Path(__file__).parent.parent.parent
    known = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))

    assert known["title"] == citing.TITLE
    assert known["authors"] == [{"name": citing.AUTHORS}]
    assert " ".join(known["abstract"].split()) == citing.ABSTRACT
    assert str(known["date-released"]) == citing.RELEASED
    assert known["version"] == texturekit.__version__


def test_another_version_gets_no_date_of_this_one():
    now = citing.citation({"texturekit": texturekit.__version__, "finished": "2031-01-02T00:00"})
    old = citing.citation({"texturekit": "0.0.9"})

    assert f"version = {{{texturekit.__version__}}}" in now.bibtex
    assert "Run of 2031-01-02" in now.bibtex
    assert "year" in now.bibtex
    assert "year" not in old.bibtex
    assert now.bibtex.count("{") == now.bibtex.count("}")


def test_a_hostile_version_stays_inside_its_field():
    entry = citing.citation({"texturekit": "1},\n author = {me}"}).bibtex

    assert re.findall(r"^  (\w+) = \{\{?[^{}]*\}?\},$", entry, re.MULTILINE) == [
        "author", "title", "version",
    ]  # fmt: skip


def test_a_run_tells_how_to_repeat_it():
    of = replace(
        ready(),
        environment={"texturekit": "0.1.0", "packages": {"numpy": "2.3.1", "torch": None},
                     "command": "texturekit compare --task breast", "git_commit": "abc"},
    )  # fmt: skip
    shown = Page(render(of)).text

    assert "pip install texturekit==0.1.0 numpy==2.3.1" in shown
    assert "texturekit compare --task breast" in shown
    assert "git commit abc" in shown
    assert "torch==" not in shown
