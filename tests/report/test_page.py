from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from tests.report.studies import changed, ready, study
from texturekit.checks import check
from texturekit.records import Estimate, Finding, MethodResult, Permutation, Skipped
from texturekit.report.page import render, style

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
VOID = {"meta", "img", "br", "wbr", "link", "hr", "input"}


class Page(HTMLParser):
    """The elements of a page, its visible text, and whether its tags match."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.words, self.open, self.stray = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.stray.append(tag)

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(params=["binary", "multiclass", "multilabel"])
def kind(request):
    return request.param


def test_every_kind_gives_a_page_whose_tags_match(kind):
    page = Page(render(ready(kind)))

    assert page.stray == []
    assert page.open == []
    kinds = [a.get("type") for a in page.all("script")]
    assert kinds == ["application/json"] * (len(kinds) - 1) + [None]  # data, and one script


def test_the_same_study_gives_the_same_page(kind):
    assert render(ready(kind)) == render(ready(kind))


def test_the_page_loads_nothing_from_anywhere(kind):
    html = render(ready(kind))
    page = Page(html)
    files = [a["href"] for a in page.all("a") if "download" in a]
    addresses = [a[key] for _, a in page.elements for key in ("src", "href") if key in a]

    assert all(file.startswith(("data:text/", "data:application/x-")) for file in files)
    assert all(
        address.startswith(("data:image/png;base64,", "data:image/webp;base64,", "#"))
        for address in addresses
        if address not in files
    )
    assert not re.search(r"https?://|@import|url\((?!#)", html)


def test_the_policy_allows_exactly_the_script_of_the_page():
    import base64
    import hashlib

    html = render(ready())
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [
        m["content"]
        for m in Page(html).all("meta")
        if "content-security" in m.get("http-equiv", "").lower()
    ]

    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_ids_are_unique_and_links_lead_somewhere(kind):
    page = Page(render(ready(kind)))
    ids = [a["id"] for _, a in page.elements if "id" in a]

    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in page.all("a") if "download" not in a} <= set(ids)
    assert {x for _, a in page.elements for x in a.get("aria-labelledby", "").split()} <= set(ids)


def test_names_from_the_data_make_no_element():
    clean, dirty = (_named(study(classes=["a", last], images=True, failed=True), last)
                    for last in ("b", HOSTILE))  # fmt: skip
    pages = [Page(render(one)) for one in (clean, dirty)]

    clean_tags, dirty_tags = ([t for t, _ in p.elements if t != "wbr"] for p in pages)
    assert dirty_tags == clean_tags
    assert not any(name.startswith("on") for _, a in pages[1].elements for name in a)
    assert HOSTILE in pages[1].text


def _named(of, name):
    """Put a name wherever a study can hold one."""
    results = of.results
    failed = MethodResult(name=f"f{name}", family="texture", status="failed", reason=name)
    methods = [m.model_copy(update={"weights": name}) for m in results.methods if m.status == "ok"]
    fake = [c.model_copy(update={"sentence": name, "how": name}) for c in results.comparisons]
    finding = results.findings[0].model_copy(
        update={"text": name, "evidence": name, "advice": name, "code": name}
    )
    data = results.data.model_copy(
        update={"source": name, "skipped": [Skipped(path=name, reason=name, kind="invalid")] * 2}
    )
    steady = results.stability.model_copy(
        update={
            "how": name,
            "changes": [name],
            "columns": [
                one.model_copy(update={"column": name, "change": name})
                for one in results.stability.columns[:2]
            ],
        }
    )
    judged = (
        results.reported[0]
        .stated[0]
        .model_copy(update={"metric": name, "text": name, "part": name, "sentence": name})
    )
    others = [
        one.model_copy(
            update={
                "source": name,
                "method": name,
                "stated": [judged],
                "contradictions": [name],
                "remarks": [name],
            }
        )
        for one in results.reported
    ]
    alike = results.family_correlation.model_copy(
        update={"families": [name, "b", "c"], "how": name}
    )
    parts = [
        s.model_copy(update={"column": name, "value": f"{s.value}{name}"})
        for s in results.subgroups
    ]
    methods = [
        m.model_copy(update={"families": [
            f.model_copy(update={"family": name, "drop": f.drop.model_copy(update={"how": name})})
            for f in m.families
        ]})
        for m in methods
    ]  # fmt: skip
    gaps = [p.model_copy(update={"difference": None, "reason": name}) for p in results.pairs]
    return replace(
        changed(of, title=name, task=name, methods=[*methods, failed], comparisons=fake, data=data,
                findings=[finding, finding.model_copy(update={"severity": "error"}),
                          finding.model_copy(update={"severity": "note"})], notes=[name],
                stability=steady, reported=others, subgroups=parts, family_correlation=alike,
                pairs=[*gaps[:1], *results.pairs[1:]], statements={"reference_standard": name}),
        config={"facts": {"source": name}, "a": name},
        environment={"texturekit": name, "command": name, "python": name, "processor": name},
        importance=of.importance.assign(column=name),
    )  # fmt: skip


def test_the_headline_says_what_was_compared_who_leads_and_whether_it_is_real():
    page = Page(render(ready()))
    best = ready().summary()["method"][0]

    assert (
        "7 methods were compared on 120 images from 40 groups (patients), in two classes."
        in page.text
    )
    assert f"{best} has the highest AUC: " in page.text
    assert "4-fold cross-validation" in page.text
    assert "from: card" in page.text
    assert any(
        test.sentence in page.text
        for test in ready().results.comparisons
        if best in (test.a, test.b)
    )


def test_synthetic_data_is_said_before_any_number():
    text = Page(render(changed(ready(), synthetic=True))).text
    said = text.index("Synthetic data: these numbers say nothing about patients.")

    assert said < text.index("has the highest AUC")
    assert "Synthetic data" not in Page(render(ready())).text


def test_random_weights_are_said_before_any_number():
    text = Page(render(ready())).text

    assert text.index("Random weights in 3 methods: resnet18/logistic") < text.index("highest AUC")
    assert "started from random numbers and say nothing about the same nets" in text
    assert "at hand" not in text


def test_a_shortened_run_is_said_before_any_number():
    short = "shortened: 16 of 160 images, at most 1 of 13 epochs"
    rows = [m.model_copy(update={"marks": [short]}) for m in ready().results.methods]
    text = Page(render(changed(ready(), methods=rows))).text
    said = text.index("Shortened run: 16 of 160 images, at most 1 of 13 epochs.")

    assert said < text.index("has the highest AUC")
    assert "Shortened run" not in Page(render(ready())).text


def finding(code, severity):
    return Finding(code=code, severity=severity, text=f"Text of {code}.",
                   evidence=f"Evidence of {code}.", advice=f"Advice of {code}.")  # fmt: skip


def test_an_error_is_said_before_any_number():
    text = Page(render(changed(ready(), findings=[finding("TK001", "error")]))).text

    assert text.index("TK001. Text of TK001.") < text.index("highest AUC")


def test_findings_follow_the_answer_by_severity_with_evidence_and_advice():
    listed = [finding("TK001", "error"), finding("TK005", "warning"), finding("TK004", "note")]
    text = Page(render(changed(ready(), findings=listed))).text
    start = text.index("Before you believe it", text.index("highest AUC"))
    section = text[start : text.index("Best AUC first")]

    places = [
        section.index(word) for one in listed for word in (one.text, one.evidence, one.advice)
    ]
    assert places == sorted(places)
    assert "1 note TK004" in section
    assert section.count("Text of TK005.") == 1


def test_what_stands_in_red_is_no_second_warning():
    listed = [finding("TK017", "warning"), finding("TK006", "warning")]
    page = render(changed(ready(), findings=listed, synthetic=True))

    assert page.count('<details class="finding warning">') == 2  # TK006, and what did not finish
    assert "Said above in red TK017" in Page(page).text


def test_what_stands_in_red_are_the_findings_of_synthetic_data_and_random_weights():
    of = changed(ready(), synthetic=True)
    found = {one.code: one for one in check(of.results, of.predictions, declared=None)}

    assert found["TK017"].text.startswith("Synthetic data")
    assert found["TK018"].text.startswith("Random weights")


def test_families_can_be_filtered_with_their_counts_but_not_baselines():
    page = Page(render(ready()))
    buttons = {a["data-family"]: a for a in page.all("button") if "data-family" in a}
    rows = [a.get("data-family") for a in page.all("tr") if "data-family" in a]

    assert list(buttons) == ["texture", "embedding", "finetuned", "hybrid"]
    assert all(a["aria-pressed"] == "false" for a in buttons.values())
    assert set(rows) == {*buttons, "baseline"}
    assert "Texture 2 CNN embedding 1 Fine-tuned CNN 1 Hybrid 1 Not finished 1" in page.text
    assert not [a for a in page.all("input") if a["type"] == "search"]


def test_many_methods_can_be_searched_by_name():
    methods = [ready().results.methods[0].model_copy(update={"name": f"m{i}"}) for i in range(13)]

    inputs = Page(render(changed(ready(), methods=methods))).all("input")

    assert [a["type"] for a in inputs].count("search") == 1


def test_the_number_of_test_images_is_a_column_only_where_it_varies():
    same, other = ready(), [*ready().results.methods]
    other[0] = other[0].model_copy(update={"n": 7})

    assert "Best AUC first, of 120 test images." in Page(render(same)).text
    assert 'title="test images"' not in render(same)
    assert 'title="test images"' in render(changed(same, methods=other))


def test_the_dark_colours_of_the_button_are_those_of_the_system():
    sheet = style()
    blocks = re.findall(r":root(?:\[data-theme=\"dark\"\]|:not\S+) \{(.*?)\}", sheet, re.DOTALL)
    colours = [re.findall(r"--[\w-]+: [^;]+;", block) for block in blocks]

    assert len(blocks) == 2
    assert colours[0] == colours[1]
    assert len(colours[0]) > 15
    assert sheet.count("prefers-color-scheme") == 1
    used, known = set(re.findall(r"var\((--[\w-]+)", sheet)), set(re.findall(r"(--[\w-]+):", sheet))
    assert used - known <= {"--at", "--line", "--side", "--share"}  # set where they are used


def test_a_study_without_findings_says_that_this_proves_nothing():
    text = Page(render(changed(ready(), findings=[]))).text

    assert "No check found anything that speaks against these numbers." in text
    assert "No check found" not in Page(render(ready())).text


def test_what_shuffled_labels_gave_is_shown():
    area = Estimate(value=0.512, low=0.481, high=0.543, how="h")
    shuffles = Permutation(method="glcm/knn", how="h", refits=20, images=120, values=[0.5] * 20,
                           roc_auc=area)  # fmt: skip
    text = Page(render(changed(ready(), permutation=shuffles))).text

    assert "20 shuffles of the labels, reaches a mean AUC of 0.512 (0.481 to 0.543)" in text
    assert "No alarm: that takes a mean above 0.55" in text
    alarm = changed(ready(), permutation=shuffles, findings=[finding("TK013", "error")])
    assert "No alarm" not in Page(render(alarm)).text


def test_the_way_of_a_test_is_said_once_without_the_numbers_of_single_tests():
    tests = [
        one.model_copy(update={"metric": "accuracy", "how": f"exact McNemar, mid-p {p}; Holm"})
        for one, p in zip(ready().results.comparisons, ("0.0077", "6.4e-08"), strict=False)
    ]
    text = Page(render(changed(ready(), comparisons=tests))).text

    assert len(tests) == 2
    assert text.count("Accuracy: exact McNemar; Holm.") == 1
    assert "mid-p" not in text


def test_every_section_that_was_asked_for_can_be_reached():
    rows = [m.model_copy(update={"calibration": "sigmoid"}) for m in ready().results.methods]
    page = render(changed(ready(), methods=rows))

    assert '<a href="#thresholds">' in page
    assert 'id="thresholds"' in page
    assert '<a href="#thresholds">' not in render(ready())


def test_only_tests_that_were_made_are_counted_and_stand_in_the_table():
    of = ready("multilabel")
    made = [c for c in of.results.comparisons if c.p is not None]
    gaps = [c for c in of.results.comparisons if c.p is None]
    page = Page(render(of))
    table = page.text[page.text.index("A \N{MINUS SIGN} B") : page.text.index("not testable Not")]

    assert f"corrected for all {len(made)} tests that were made" in page.text
    assert f"Holm over {len(made)} tests" in page.text
    assert f"{len(gaps)} comparisons not testable Not testable: " in page.text
    assert "Accuracy" not in table
    assert all(c.sentence in page.text for c in gaps)


def test_comparisons_that_are_all_untestable_have_no_table():
    of = ready("multilabel")
    gaps = [c for c in of.results.comparisons if c.p is None]
    text = Page(render(changed(of, comparisons=gaps))).text

    assert gaps[0].sentence in text
    assert "corrected for" not in text


def test_images_left_out_by_a_limit_are_one_line():
    of = ready()
    reason = "left out by the limit of 120 images"
    few = [Skipped(path=f"x{i}.png", reason=reason, kind="ignored") for i in range(320)]
    data = of.results.data
    more = {"found": data.found + 320, "skipped": [*few, *data.skipped]}
    text = Page(render(changed(of, data=data.model_copy(update=more)))).text

    assert "322 skipped (1 ignored, 320 left out, 1 unreadable)" in text
    assert "320 images left out by the limit." in text
    assert "x0.png" not in text
    assert "Skipped files (2 of 2 listed)" in text


def test_what_was_published_elsewhere_is_shown_with_what_contradicts_it():
    text = Page(render(ready())).text

    assert "Example et al. (2020), table 2" in text
    assert "there is no test of these numbers against those above" in text
    assert "Accuracy 75.04%; Sensitivity 0.0000 contradicts" in text
    assert "0.8420.831\N{EN DASH}0.852" in text  # the sensitivity of the matrix, Wilson
    assert "Sensitivity is stated as 0.0000, but the matrix says 0.8418." in text
    assert "Its abstract says something else." in text
    assert re.search(r"SVM\s*Another et al\.\s*not stated", text)


def test_nothing_published_makes_no_section():
    assert "Reported by others" not in Page(render(changed(ready(), reported=[]))).text


def test_stable_columns_are_counted_by_family_and_the_worst_named():
    text = Page(render(ready())).text

    assert "FamilyColumnsRotationNoise" in text
    assert "glcm2100% / 50%100% / 50%" in text
    assert "lbp20% / 0%1 n/a0% / 0%1 n/a" in text
    assert "lbp.p8r1.default.00rotation0.230.20\N{EN DASH}0.24" in text
    assert "Are the columns stable?" not in Page(render(changed(ready(), stability=None))).text


def test_a_failed_method_is_named_with_its_reason():
    assert "hog/svm failed. MemoryError: 12 GB were asked for" in Page(render(ready())).text


def test_every_method_stands_in_the_table_with_the_numbers_of_the_study():
    text = Page(render(ready())).text
    for method in ready().results.methods:
        assert method.name in text
        if method.status == "ok":
            area = method.metrics["roc_auc"]
            assert f"{area.value:.3f}{area.low:.3f}\N{EN DASH}{area.high:.3f}" in text


def test_an_undefined_number_is_printed_as_such_with_its_reason():
    of = ready()
    first, *others = of.results.methods
    gap = Estimate(value=None, how="Wilson", reason="no image was called malignant")
    broken = first.model_copy(update={"metrics": {**first.metrics, "precision": gap}})
    page = Page(render(changed(of, methods=[broken, *others])))

    assert "no image was called malignant" in page.text
    assert any(a.get("title") == gap.reason for a in page.all("td"))


def test_a_study_without_images_says_so():
    page = Page(render(replace(ready(), assets={})))

    assert "No images in this report." in page.text
    assert page.all("img") == []


def test_every_picture_has_a_text():
    assert all(image["alt"] for image in Page(render(ready())).all("img"))


def test_a_study_whose_methods_all_failed_still_has_a_page():
    of = ready()
    failed = [MethodResult(name=m.name, family=m.family, status="failed", reason="no memory")
              for m in of.results.methods]  # fmt: skip
    empty = changed(of, methods=failed, comparisons=[])
    text = Page(
        render(replace(empty, curves=of.curves.head(0), predictions=of.predictions.head(0)))
    ).text

    assert "No method finished, so there is nothing to compare." in text
    assert f"{len(failed)} methods did not finish on 120 images" in text


def test_one_method_without_tests_still_has_a_page():
    of = ready()
    text = Page(render(changed(of, methods=of.results.methods[3:4], comparisons=[]))).text

    assert "1 method was scored" in text
    assert "It is the only method that finished." in text


def test_missing_groups_and_empty_tables_are_said_in_words():
    of = ready()
    data = of.results.data.model_copy(update={"groups": None, "group_counts": None, "size": None})
    bare = replace(changed(of, data=data), curves=pd.DataFrame(), config={}, environment={})
    text = Page(render(bare)).text

    assert "every image counts as its own patient" in text
    assert "patients not known" in text
    assert "There is no ROC curve" in text


@pytest.mark.parametrize(("classes", "count", "panels"), [(2, 20, 1), (9, 3, 10)])
def test_many_methods_and_many_classes_fit(classes, count, panels):
    few = study(
        "binary" if classes == 2 else "multiclass", classes=[f"kind {i}" for i in range(classes)],
        n=90, images=False, failed=False, methods={"glcm+lbp/forest": ("texture", 0.5)},
    )  # fmt: skip
    names = [f"glcm(levels={8 + i})/forest" for i in range(count)]
    bare = few.results.methods[0].model_copy(update={"folds": [], "families": []})
    copies = [bare.model_copy(update={"name": name}) for name in names]
    curves = pd.concat([few.curves.assign(method=name) for name in names])
    page = Page(render(replace(changed(few, methods=copies), curves=curves)))
    if classes == 2:
        nine = render(replace(changed(few, methods=copies[:9]), curves=curves))
        assert "The other method" in Page(nine).text
    drawn = [a for a in page.all("svg") if "plot" in a["class"]]
    labels = [a["aria-label"] for a in drawn]

    assert page.stray == []
    assert all(name in page.text for name in names)
    assert sum(label.startswith("ROC") for label in labels) == panels
    assert len([a for a in page.all("svg") if "heatmap" in a["class"]]) == 3 * (classes > 8)
