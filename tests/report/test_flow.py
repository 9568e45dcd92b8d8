"""The way of the images, and the table of splits: every number adds up."""

from __future__ import annotations

import pytest

from tests.report.studies import changed, ready, study
from tests.report.test_page import Page
from texturekit.records import FoldCut, Skipped, Source, SplitPart, Threshold
from texturekit.report import tables
from texturekit.report.evidence import evidence
from texturekit.report.page import render
from texturekit.report.protocol.flow import flow
from texturekit.report.protocol.seen import Seen
from texturekit.report.protocol.split_table import split_table


def with_skipped(of, *found):
    skipped = [Skipped(path=f"{i}.png", reason=r, kind=k) for i, (k, r) in enumerate(found)]
    update = {"skipped": skipped, "found": of.results.data.used + len(skipped)}
    return changed(of, data=of.results.data.model_copy(update=update))


def external(of):
    data = of.results.data
    parts = [
        Source(role="training", source="/a/one.csv", found=82, used=80, groups=27, sha256="a",
               counts={"benign": 50, "malignant": 30}),
        Source(role="test", source="/b/two.csv", found=40, used=40, groups=13, sha256="b",
               counts={"benign": 20, "malignant": 20}),
    ]  # fmt: skip
    splits = [
        SplitPart(repeat=0, fold=0, part=part, images=n, groups=9, counts={}, group_counts={})
        for part, n in (("train", 70), ("val", 10), ("test", 40))
    ]
    protocol = of.results.protocol.model_copy(
        update={"type": "external test", "folds": 1, "external": "two.csv"}
    )
    data = data.model_copy(update={"sources": parts})
    return changed(of, data=data, protocol=protocol, splits=splits)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_found_is_used_and_skipped_and_the_reasons_add_up(kind):
    kinds = [("ignored", "left out by the limit of 9 images")] * 4
    kinds += [("unreadable", f"reason {i % 6}") for i in range(13)] + [("failed", "NaN")] * 2
    of = with_skipped(ready(kind), *kinds)
    found = flow(Seen(of))
    (lane,) = found.lanes

    assert (lane.found, lane.used, lane.skipped) == (139, 120, 19)
    assert lane.found == lane.used + lane.skipped
    assert sum(count for _, count, _ in found.skipped) == lane.skipped
    for name, count, reasons in found.skipped:
        assert name.startswith("left out") or sum(n for _, n in reasons) == count
    assert [r for _, _, rs in found.skipped for r, _ in rs if "other" in r] == ["3 other reasons"]


def test_two_sources_are_two_lanes_whose_numbers_add_up():
    of = external(ready())
    lanes = flow(Seen(of)).lanes

    assert [lane.title for lane in lanes] == ["Learning", "External testing"]
    assert all(lane.found == lane.used + lane.skipped for lane in lanes)
    assert sum(lane.found for lane in lanes) == of.results.data.found
    assert sum(lane.used for lane in lanes) == of.results.data.used
    assert [[end.title for end in lane.ends] for lane in lanes] == [
        ["Training", "Validation"], ["Test"],
    ]  # fmt: skip
    assert lanes[0].ends[0].lines == ["70 images from 9 patients (groups)"]


def test_the_page_shows_the_numbers_of_the_diagram():
    page = Page(render(external(ready())))

    assert page.stray == []
    for words in ("82 found", "2 skipped", "80 used", "40 found", "0 skipped", "40 used"):
        assert words in page.text


def test_a_run_without_splits_has_a_diagram_and_no_table():
    of = changed(ready(), splits=[])
    page = Page(render(of))

    assert split_table(Seen(of)) is None
    assert "4 folds" in flow(Seen(of)).lanes[0].ends[0].title
    assert not any(a.get("id") == "splits" for _, a in page.elements)


def test_the_table_of_splits_holds_every_part_of_the_first_repeat():
    of = ready()
    repeats = [
        one.model_copy(update={"repeat": repeat}) for repeat in (0, 1) for one in of.results.splits
    ]
    found = split_table(Seen(changed(of, splits=repeats)))

    assert [(row.fold, row.part) for row in found.first[:3]] == [
        ("1", "Training"), ("1", "Test"), ("2", "Training"),
    ]  # fmt: skip
    assert len(found.first) == len(of.results.splits)
    assert [repeat for repeat, _ in found.others] == [2]
    row, part = found.first[0], of.results.splits[0]
    assert row.classes == [(part.counts[c], part.group_counts[c]) for c in of.results.classes]


def test_many_repeats_are_cut_and_counted():
    of = ready()
    many = [
        one.model_copy(update={"repeat": repeat})
        for repeat in range(60)
        for one in of.results.splits
    ]
    found = split_table(Seen(changed(of, splits=many)))

    assert 1 + len(found.others) + found.unlisted == 60
    assert found.unlisted > 0


def test_forty_sites_scroll_and_carry_their_names():
    of = study(n=120, images=False, failed=False, methods={"glcm+lbp/forest": ("texture", 0.5)})
    names = [f"site {i}" for i in range(40)]
    splits = [
        SplitPart(repeat=0, fold=i, part=part, images=3, groups=1, counts={})
        for i in range(40)
        for part in ("train", "test")
    ]
    protocol = of.results.protocol.model_copy(
        update={"type": "leave one out", "left_out": "site", "left_out_values": names, "folds": 40}
    )
    html = render(changed(of, splits=splits, protocol=protocol))

    assert 'class="scroll tall"' in html[html.index('id="splits"') :]
    assert "40 site 39" in Page(html).text


def test_given_folds_keep_their_own_numbers():
    protocol = ready().results.protocol.model_copy(update={"type": "given folds"})
    found = split_table(Seen(changed(ready(), protocol=protocol)))

    assert found.first[0].fold == "0"
    assert {row.fold for row in found.first} == {"0", "1", "2", "3"}


def test_given_folds_are_called_alike_in_all_tables():
    protocol = ready().results.protocol.model_copy(update={"type": "given folds"})
    of = changed(ready(), protocol=protocol)
    found = evidence(of, [row for row in tables.method_rows(of.results) if row.method.folds])
    names = [f"Fold {k}" for k in range(4)]

    assert [name for name, _ in found["spread"].folds] == names
    assert [fold.name for fold in found["trainings"].methods[0].folds] == names


@pytest.mark.parametrize(("kind", "name"), [("given folds", "3"), ("kfold", "4")])
def test_thresholds_name_folds_as_the_splits_do(kind, name):
    protocol = ready().results.protocol.model_copy(update={"type": kind})
    cut = FoldCut(
        repeat=0, fold=3, label="malignant", value=0.25, rule="youden", positives=7, negatives=9
    )
    chosen = Threshold(rule="youden", chosen_on="validation images", values=[0.25], median=0.25,
                       cuts=[cut])  # fmt: skip
    methods = [m.model_copy(update={"threshold": chosen}) for m in ready().results.methods[:2]]
    html = render(changed(ready(), protocol=protocol, methods=methods))
    part = html[html.index('id="thresholds"') :]

    assert f'<td class="number">{name}</td><td>malignant</td>' in part
    assert "chosen on images that are named below the table" in part
    assert "training part" not in part[: part.index("</p>")]


def test_patients_that_are_not_named_are_not_counted():
    protocol = ready().results.protocol.model_copy(update={"grouping": "none, as asked: every"})
    found = split_table(Seen(changed(ready(), protocol=protocol)))

    assert not found.grouped
    assert found.first[0].groups is None
