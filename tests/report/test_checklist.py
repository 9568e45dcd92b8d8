"""The checklist: 21 rows as the standard numbers them, each true of its run."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pandas as pd
import pytest

from tests.report.studies import changed, ready
from tests.report.test_page import Page
from texturekit.records import (
    STATEMENTS,
    Crossing,
    Estimate,
    MethodResult,
    Protocol,
    Repeats,
    Results,
)
from texturekit.report.page import render
from texturekit.report.protocol.checklist import STATES, checklist, tally
from texturekit.report.protocol.paragraph import prose
from texturekit.report.protocol.seen import Seen

# evaluation standard, section 3.1: number, CLAIM 2024, TRIPOD+AI 2024, STARD-AI 2025
ITEMS = {
    1: ("3,6", "3b", "3"), 2: ("7,8,35", "5,6,20a", "7-11,24"), 3: ("14-18", "8", "16"),
    4: ("9", "7,12b", "14"), 5: ("19,20", "12a", "15b"), 6: ("21", "10", "22"),
    7: ("22-26", "12c", "15a"), 8: ("26", "15", "15c"), 9: ("28,29,38", "12e,23a", "30,31"),
    10: ("28", "12e", "18"), 11: ("29", "12e", "18"), 12: ("29", "12d", "21"),
    13: ("38", "12e,13", "-"), 14: ("-", "13", "28"), 15: ("37,38", "14,23a", "23,25"),
    16: ("39", "25", "23"), 17: ("30", "-", "21"), 18: ("32,33", "16", "29"),
    19: ("12", "11", "19,20"), 20: ("23,42,43", "18e,18f", "40a,40b"), 21: ("40", "26", "33"),
}  # fmt: skip


def rows(study):
    return {row.requirement.number: row for row in checklist(Seen(study))}


def told(study, number):
    return " ".join(rows(study)[number].said.told)


def gaps(study, number):
    return " | ".join(rows(study)[number].said.missing)


def data(study, **fields):
    return changed(study, data=study.results.data.model_copy(update=fields))


def protocol(study, **fields):
    return changed(study, protocol=study.results.protocol.model_copy(update=fields))


def test_there_are_21_rows_with_the_items_of_the_standard():
    found = [row.requirement for row in rows(ready()).values()]
    plain = {
        one.number: tuple(
            text.replace(" ", "").replace("\N{EN DASH}", "-")
            for text in (one.claim, one.tripod, one.stard)
        )
        for one in found
    }

    assert plain == ITEMS


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_every_row_says_something_or_that_it_is_not_stated(kind):
    found = rows(ready(kind))

    for row in found.values():
        assert row.status in STATES
        assert row.said.told or row.said.missing or row.said.beside
        assert all(sentence[-1] in ".!?" for sentence in row.said.told), row
    assert sum(n for _, n in tally(list(found.values()))) == 21


def test_the_page_claims_no_compliance_and_marks_gaps():
    text = Page(render(ready())).text

    assert "It does not claim that the study complies" in text
    assert "NOT STATED: who labelled the images, with what experience (annotators)" in text


def test_every_row_of_the_page_leads_to_a_section():
    html = render(ready())
    entries = html[html.index('<ol class="checklist">') :].split("<li>\n<div class")[1:22]

    linked = [n for n, entry in enumerate(entries, 1) if '<a href="#' in entry]
    # 14 and 17 lead to sections that other runs have
    assert len(entries) == 21
    assert set(range(1, 22)) - set(linked) <= {13, 14, 15}


def test_statements_are_printed_as_the_authors_words_and_close_gaps():
    words = dict.fromkeys(STATEMENTS, "They said so")
    with_all, without = (changed(ready(), statements=s) for s in (words, {}))

    full, empty = rows(with_all), rows(without)
    answered, asked = (
        " ".join(gap for row in found.values() for gap in row.said.missing)
        for found in (full, empty)
    )

    assert "Reference standard, in the authors' words: They said so." in full[3].said.told
    assert "The authors add: They said so." in full[21].said.told
    assert (full[3].status, empty[3].status) == ("stated", "NOT STATED")
    for key in STATEMENTS:
        assert key == "limitations" or f"({key})" in asked
        assert f"({key})" not in answered


def test_found_is_used_and_skipped_by_reason():
    text = told(ready(), 2)

    assert "Of 122 images or files found, 120 were used and 2 were not" in text
    assert "Unreadable: the file is truncated (1)." in text


def test_drawn_images_have_no_reference_standard_to_state():
    row = rows(changed(ready(), synthetic=True, statements={}))[3]

    assert row.status == "not applicable"
    assert "drawn by a program" in row.said.beside


def test_patients_that_are_not_named_are_not_called_kept_apart():
    of = data(protocol(ready(), grouping="unknown: every image counts as its own patient"),
              groups=None, group_counts=None, groups_over_parts={})  # fmt: skip

    assert "No group (patient) stands in two parts" not in told(of, 5)
    assert "whether patients stand in two parts" in gaps(of, 5)
    assert "clustering by patient" in gaps(of, 12)
    assert "no image names its patient" in told(of, 1)


def test_pictures_of_a_file_are_no_patients():
    of = protocol(ready(), grouping="unknown: the pictures of a file stay together, every file")

    assert Seen(of).patients is None
    assert "from patients who are not named" in told(of, 6)


def test_groups_in_two_parts_are_listed():
    torn = data(ready(), groups_over_parts={"training and test": 3})
    old = protocol(ready(), grouping="3 of 40 groups stand in training and test")
    odd = protocol(ready(), grouping="something else")

    assert "3 groups in training and test" in told(torn, 5)
    assert "No group (patient) stands in two parts of a fold." in told(ready(), 5)
    assert "Of the groups (patients), 3 of 40 groups stand in training" in told(old, 5)
    assert "No group (patient)" not in told(torn, 5) + told(old, 5) + told(odd, 5)
    assert "whether patients stand in two parts" in gaps(odd, 5)


def test_copies_over_parts_are_listed():
    pair = Crossing(a="a.png", b="b.png", kind="near", parts="training and test")
    found = Repeats(exact=0, near=1, possible=1, images=0, kept_together="none", crossing=[pair])
    kept = Repeats(exact=0, near=1, possible=1, images=2, kept_together="possible")

    assert "1 pair stands in two parts: a.png and b.png" in told(data(ready(), duplicates=found), 5)
    assert "0 pairs stand in two parts" in told(data(ready(), duplicates=kept), 5)


def test_prevalence_and_counts_are_those_of_the_predictions():
    of = ready()
    first = of.predictions[of.predictions["method"] == "majority/dummy"]
    share = 100 * (first["label"] == "malignant").mean()

    assert f"In the test images {share:.1f}% are malignant." in told(of, 14)
    assert f"{len(first)} test images" in told(of, 9)


def test_predictive_values_are_those_of_the_confusion_matrix():
    of = ready()
    best = max(
        (m for m in of.results.methods if m.status == "ok" and m.family != "baseline"),
        key=lambda m: m.metrics["roc_auc"].value,
    )
    (tn, fp), (fn, tp) = best.confusion
    sensitivity, specificity = tp / (tp + fn), tn / (tn + fp)
    ppv = 0.05 * sensitivity / (0.05 * sensitivity + 0.95 * (1 - specificity))
    npv = 0.95 * specificity / (0.95 * specificity + 0.05 * (1 - sensitivity))

    text = told(of, 14)
    assert f"{best.name} at other shares of malignant: 5%: PPV {ppv:.2f} (" in text
    assert f"NPV {npv:.2f} (" in text


def test_tests_are_counted_and_holm_named():
    of = ready()
    made = [one for one in of.results.comparisons if one.p is not None]

    assert f"{len(made)} paired tests were made" in told(of, 11)
    assert "corrected by Holm's method over all of them" in told(of, 11)
    assert "paired differences (fewer than two methods finished)" in gaps(
        changed(of, comparisons=[], methods=of.results.methods[:1]), 11
    )


def test_intervals_that_count_images_as_independent_are_a_gap():
    of = ready()
    loose = Estimate(value=0.8, low=0.7, high=0.9, how="Wilson, images counted as independent")
    first, *others = of.results.methods
    mixed = first.model_copy(update={"metrics": {**first.metrics, "accuracy": loose}})

    assert gaps(of, 12) == ""
    assert gaps(changed(of, methods=[mixed, *others]), 12) == (
        "clustering by patient in the intervals of Accuracy"
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "holdout", "folds": 1, "test": "the images that the data name as test"},
         "Separate training and test images"),
        ({"type": "external test", "folds": 1, "external": "b.csv", "test": "external testing"},
         "external: the test images are those of b.csv"),
        ({"type": "leave one out", "left_out": "site", "left_out_values": ["A", "B"]},
         "each site tested by what has not seen it"),
        ({"type": "given folds", "test": "the folds of f.csv"}, "the folds of f.csv"),
        ({"repeats": 3}, "4-fold cross-validation, repeated 3 times"),
    ],
)  # fmt: skip
def test_every_protocol_is_told_as_internal_or_external(fields, words):
    of = protocol(ready(), **fields)
    outside = fields.get("type") == "external test"

    assert words in told(of, 18)
    assert ("There is no external testing." in told(of, 18)) != outside
    assert ("All images come from one source" in told(of, 21)) == (
        not outside and fields.get("type") != "leave one out"
    )
    assert len(rows(of)) == 21


def test_failed_methods_are_named_and_count_for_nothing():
    of = ready()

    assert "hog/svm" in told(of, 7)
    assert "7 methods finished" in told(of, 7)
    assert "as it failed: hog/svm" in told(of, 21)


def test_random_weights_are_a_limitation():
    assert "started from random weights" in told(ready(), 21)
    calm = [m.model_copy(update={"weights": None}) for m in ready().results.methods]
    assert "random weights" not in told(changed(ready(), methods=calm), 21)


def test_findings_are_limitations_with_their_code():
    text = told(ready(), 21)

    assert "A check found (TK006): The smallest class is small." in text
    assert text.endswith("Not for clinical use.")


def test_a_run_of_which_little_is_known_still_has_a_checklist():
    of = ready()
    failed = [
        MethodResult(name=m.name, family=m.family, status="failed", reason="no memory")
        for m in of.results.methods
    ]
    empty = pd.DataFrame()
    bare = replace(
        changed(of, methods=failed, comparisons=[], splits=[], statements={}, subgroups=[],
                stability=None, findings=[]),
        config={}, environment={}, predictions=empty, curves=empty, training=None, assets={},
    )  # fmt: skip
    found = rows(bare)

    assert len(found) == 21
    assert {found[n].status for n in (7, 9, 11, 15, 17)} == {"NOT STATED"}
    assert "versions" in gaps(bare, 20)
    assert Page(render(bare)).stray == []


def test_a_threshold_that_was_chosen_says_where_and_what():
    of = ready()
    cut = of.results.methods[3].threshold.model_copy(
        update={"rule": "youden: largest sensitivity + specificity", "chosen_on": "inner folds",
                "median": 0.31}
    )  # fmt: skip
    methods = [m.model_copy(update={"threshold": cut}) for m in of.results.methods]

    text = told(changed(of, methods=methods), 8)
    assert "Rule: youden: largest sensitivity + specificity, median 0.310; chosen on inner" in text


def test_numbers_in_the_checklist_never_come_from_nowhere():
    # every AUC interval that row 6 names is one of the table
    of = ready()
    spans = [
        m.metrics["roc_auc"].high - m.metrics["roc_auc"].low
        for m in of.results.methods
        if m.status == "ok" and m.family != "baseline"
    ]
    low, high = re.search(r"AUC are ([\d.]+) to ([\d.]+) wide", told(of, 6)).groups()

    assert (low, high) == (f"{min(spans):.3f}", f"{max(spans):.3f}")


def test_a_protocol_with_seeds_tells_of_the_spread():
    of = ready()
    methods = [m.model_copy(update={"seeds": {"roc_auc": [0.7, 0.8]}}) for m in of.results.methods]
    seeds = protocol(changed(of, methods=methods), seeds=2)

    assert isinstance(seeds.results.protocol, Protocol)
    assert "fitted with 2 seeds on the same folds" in told(seeds, 17)
    assert "the spread over seeds" in gaps(of, 17)


def test_a_run_that_was_read_back_says_the_same():
    # results.json is sorted by key, so no sentence may hang on the order of a mapping
    of = data(ready(), groups_over_parts={"validation and test": 1, "training and test": 2})
    loose = Estimate(value=0.8, low=0.7, high=0.9, how="Wilson, images counted as independent")
    metrics = {"zeta": loose, "accuracy": loose, "npv": loose, "alpha": loose}
    of = changed(of, methods=[m.model_copy(update={"metrics": metrics}) if m.metrics else m
                              for m in of.results.methods])  # fmt: skip
    text = json.dumps(of.results.model_dump(mode="json"), sort_keys=True)
    back = replace(of, results=Results.model_validate_json(text))

    assert checklist(Seen(back)) == checklist(Seen(of))
    assert prose(Seen(back)) == prose(Seen(of))
