from __future__ import annotations

from dataclasses import replace
from functools import cache

import pandas as pd
import pytest

from tests.report.studies import changed, ready
from texturekit.records import (
    Comparison,
    Estimate,
    FamilyCorrelation,
    FamilyImportance,
    FoldScore,
    MethodResult,
    Pair,
    Seconds,
    Subgroup,
)
from texturekit.report import tables
from texturekit.report.costs import costs
from texturekit.report.courses import trainings
from texturekit.report.evidence import evidence
from texturekit.report.importance import importance
from texturekit.report.pairs import pair_table
from texturekit.report.spread import spread
from texturekit.report.subgroups import subgroups

A, B, C = "a/svm", "b/svm", "majority/dummy"
AREA = Estimate(value=0.8, low=0.7, high=0.9, how="DeLong")


def method(name, **fields):
    family = "baseline" if name == C else "texture"
    return MethodResult(
        name=name, family=fields.pop("family", family), status="ok", n=120, **fields
    )


@cache
def base():
    return ready()


def of(*methods, **fields):
    return changed(base(), methods=list(methods), **fields)


def rows(study):
    return [r for r in tables.method_rows(study.results) if r.method.status == "ok"]


def pair(a, b, difference=0.1, low=0.02, high=0.18, **fields):
    known = {"p_holm": 0.01, "declared": True, "metric": "roc_auc", **fields}
    return Pair(a=a, b=b, difference=difference, low=low, high=high, **known)


def verdict_on(a, b, verdict, metric="roc_auc"):
    return Comparison(a=a, b=b, metric=metric, difference=0.1, low=0.0, high=0.2, p=0.01,
                      p_holm=0.01, verdict=verdict, how="", sentence="")  # fmt: skip


def matrix(pairs, tests=(), names=(A, B, C)):
    areas = (Estimate(value=0.9 - i / 10, how="") for i in range(9))
    study = of(*(method(n, metrics={"roc_auc": next(areas)}) for n in names), pairs=pairs,
               comparisons=list(tests))  # fmt: skip
    table = pair_table(study.results, rows(study))
    return table, {
        (row.method.name, other.method.name): cell
        for row, cells in table.rows
        for (other, _), cell in zip(table.rows, cells, strict=True)
    }


def test_a_pair_is_seen_from_the_method_of_the_row():
    _, cells = matrix([pair(B, A, difference=-0.1, low=-0.18, high=0.02)])

    assert (cells[B, A].text, cells[B, A].tone) == ("\N{MINUS SIGN}0.100", "minus")
    assert cells[B, A].span == "\N{MINUS SIGN}0.180 to +0.020"
    assert (cells[A, B].text, cells[A, B].tone) == ("+0.100", "plus")
    assert cells[A, B].span == "\N{MINUS SIGN}0.020 to +0.180"
    assert cells[A, A] is None
    assert cells[A, B].p == cells[B, A].p == ".010"


@pytest.mark.parametrize(
    ("verdict", "strong"),
    [
        ("a_better", True),
        ("b_better", True),
        ("no_difference_shown", False),
        ("not_testable", False),
    ],
)  # fmt: skip
def test_only_a_verdict_makes_a_cell_strong(verdict, strong):
    _, cells = matrix([pair(A, B)], [verdict_on(B, A, verdict)])

    assert cells[A, B].strong is cells[B, A].strong is strong
    assert ("no difference shown" in cells[A, B].said) is (verdict == "no_difference_shown")


def test_the_verdict_on_another_metric_makes_no_cell_strong():
    _, cells = matrix([pair(A, B)], [verdict_on(A, B, "a_better", metric="accuracy")])

    assert not cells[A, B].strong


def test_a_pair_that_nobody_declared_has_no_p_and_is_never_strong():
    found = [pair(A, B), pair(A, C, p_holm=None, declared=False)]
    table, cells = matrix(found, [verdict_on(A, C, "a_better")])

    assert (cells[A, C].p, cells[A, C].strong, cells[A, C].declared) == ("", False, False)
    assert "not among the declared tests" in cells[C, A].said
    assert (table.declared, table.described) == (1, 1)


def test_a_pair_without_a_difference_says_why():
    gap = pair(A, B, difference=None, low=None, high=None, reason="one class only")
    _, cells = matrix([gap, pair(B, C)])

    assert (cells[B, A].text, cells[B, A].said) == ("n/a", "one class only")
    assert cells[A, C].said == "not compared"


def test_every_pair_is_listed_once():
    names = [f"glcm(levels={i})/svm" for i in range(20)]
    pairs = [pair(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    table, _ = matrix(pairs[:5], names=names[:6])
    everything = of(*(method(n) for n in names), pairs=pairs)
    full = pair_table(everything.results, rows(everything))

    assert [(a, b) for a, b, one in table.listed if one.text != "n/a"] == [
        (one.a, one.b) for one in pairs[:5]
    ]
    assert len(full.listed) == 190
    assert full.tall


def subgroup(value, name, metrics, **fields):
    known = {"n": 30, "groups": 10, "positives": 4, "counts": {"benign": 26, "malignant": 4}}
    return Subgroup(column="site", value=value, method=name, metrics=metrics, **(known | fields))


def test_subgroups_show_the_leader_and_why_a_number_is_missing():
    few = Estimate(value=None, how="", reason="4 positives: not estimable")
    study = of(
        method(A, metrics={"roc_auc": AREA}), method(B),
        subgroups=[subgroup("x", B, {"roc_auc": AREA}), subgroup("x", A, {"roc_auc": AREA}),
                   subgroup("y", A, {"roc_auc": few}, groups=None)],
    )  # fmt: skip
    section = subgroups(study.results, rows(study), A)
    (column,) = section.columns
    first, second = column.values

    assert (column.name, column.row.method.name, column.names) == ("site", A, ["x", "y"])
    assert (first.auc.text, first.n, first.groups, first.positives) == ("0.800", "30", "10", "4")
    assert 'class="bar"' in first.forest
    assert section.how == ["DeLong"]
    assert (second.auc.reason, second.groups) == ("4 positives: not estimable", "not known")
    others = {row.method.name: [cell.text for cell in cells] for row, cells in column.others}
    assert others == {A: ["0.800", "n/a"], B: ["0.800", "n/a"]}


def fold(repeat, number, value):
    return FoldScore(repeat=repeat, fold=number, n=30 + number, metrics={"roc_auc": value})


def test_the_spread_is_that_of_the_folds():
    values = [0.6, 0.7, 0.9]  # mean 0.7333, sd 0.1528 (numpy.std(ddof=1))
    found = spread(rows(of(method(A, folds=[fold(0, i, v) for i, v in enumerate(values)]))))
    (row,) = found.rows

    assert (row.lowest, row.highest, row.mean, row.deviation) == (
        "0.600",
        "0.900",
        "0.733",
        "0.153",
    )
    assert row.strip.count("<circle") == 3
    assert found.folds == [("Fold 1", 30), ("Fold 2", 31), ("Fold 3", 32)]
    assert row.values == ["0.600", "0.700", "0.900"]


def test_undefined_folds_are_counted_and_repeats_named():
    folds = [fold(0, 0, 0.3), fold(0, 1, None), fold(1, 0, 0.9), fold(1, 1, 0.8)]
    found = spread(rows(of(method(A, folds=folds), method(B, folds=folds[:2]))))
    (row,) = found.rows

    assert (row.undefined, row.values) == (1, ["0.300", "n/a", "0.900", "0.800"])
    assert found.folds[-1][0] == "Repeat 2, fold 2"
    assert found.axis.start == pytest.approx(0.3)
    assert spread(rows(of(method(B, folds=folds[:2])))) is None


def test_training_has_a_line_a_fold_and_the_numbers_of_the_epoch_that_was_kept():
    frame = pd.DataFrame(
        [(A, 0, f, e, 1 / e, f + e / 10, None if f else 0.5 + e / 10, e == 2)
         for f in (1, 0) for e in (3, 2, 1)],
        columns=["method", "repeat", "fold", "epoch", "train_loss", "val_loss", "val_score",
                 "kept"],
    )  # fmt: skip
    study = replace(of(method(A), method(B)), training=frame)
    (one,) = trainings(study, rows(study)).methods

    assert [f.name for f in one.folds] == ["Fold 1", "Fold 2"]
    assert (one.folds[0].epochs, one.folds[0].kept) == (3, "2")
    assert [f.train_loss for f in one.folds] == ["0.500", "0.500"]
    assert [f.val_loss for f in one.folds] == ["0.200", "1.200"]
    assert [f.score for f in one.folds] == ["0.700", "n/a"]
    assert len(one.svgs) == 2
    assert "Training of a/svm: accuracy of each epoch" in one.svgs[1]


def drop(family, value, low=None, high=None, reason=None):
    estimate = Estimate(value=value, low=low, high=high, how="h", reason=reason)
    return FamilyImportance(family=family, columns=7, drop=estimate)


def test_families_stand_by_their_drop_on_an_axis_around_zero():
    study = of(method(A, families=[drop("lbp", 0.01, -0.03, 0.05), drop("hog", None, reason="why"),
                                   drop("glcm", 0.12, 0.05, 0.26)]),
               family_correlation=None)  # fmt: skip
    found = importance(replace(study, importance=study.importance.head(0)), rows(study))
    (panel,) = found.panels

    assert [one.name for one in panel.families] == ["glcm", "lbp", "hog"]
    assert panel.families[-1].drop.reason == "why"
    assert (found.axis.start, found.axis.end) == pytest.approx((-0.1, 0.3))
    assert found.axis.ticks == [-0.1, 0.0, 0.1, 0.2, 0.3]
    assert found.top is None


def test_baselines_come_after_what_looks_at_texture():
    frame = pd.DataFrame({"method": [C, A, A], "column": ["metadata.bytes", "glcm.x", "lbp.y"],
                          "importance": [1.0, 0.25, 0.75]})  # fmt: skip
    study = replace(of(method(C, metrics={"roc_auc": AREA}), method(A)), importance=frame)
    row, columns, total = importance(study, rows(study)).top

    assert (row.method.name, total) == (A, 2)
    assert [(one.name, one.share) for one in columns] == [("lbp.y", "75.0%"), ("glcm.x", "25.0%")]
    assert columns[1].meaning


def test_how_alike_families_are_is_never_darker_than_text_can_stand():
    found = FamilyCorrelation(families=["a", "b"], images=9, how="h",
                              values=[[1.0, -0.5], [-0.5, None]])  # fmt: skip
    study = of(method(A), family_correlation=found)
    table = importance(study, rows(study)).correlation

    assert [[(s.text, s.heat) for s in squares] for _, squares in table] == [
        [("1.00", 60), ("\N{MINUS SIGN}0.50", 30)], [("\N{MINUS SIGN}0.50", 30), ("n/a", 0)],
    ]  # fmt: skip


def timed(name, family, represent, predict, tested, used=200):
    data = base().results.data.model_copy(update={"used": used, "found": used + 2})
    seconds = Seconds(represent=represent, fit=3.0, predict=predict)
    study = of(method(name, family=family, seconds=seconds), data=data)
    predictions = pd.DataFrame({
        "method": [name] * (tested + 5), "split": ["test"] * tested + ["val"] * 5,
    })  # fmt: skip
    study = replace(study, predictions=predictions)
    (row,) = costs(study, rows(study)).rows
    return [t.text for t in (row.represent, row.predict, row.total, row.fit)]


@pytest.mark.parametrize(
    ("name", "family", "seconds", "tested", "told"),
    [
        # 2 s for 200 images, and 1 s for 500 predictions: 2.5 times the images, as repeats are
        (A, "texture", (2.0, 1.0), 500, ["10.0", "2.00", "12.0", "3.00"]),
        ("resnet18/finetune", "finetuned", (0.0, 1.0), 50, ["in predict", "20.0", "20.0", "3.00"]),
        # a head looks at all 200 images once, though 50 of them are tested on
        ("resnet18/head", "head", (0.0, 1.0), 50, ["in predict", "5.00", "5.00", "3.00"]),
        (C, "baseline", (0.0, 0.1), 200, ["none", "0.500", "0.500", "3.00"]),
        (A, "texture", (0.0, 1.0), 500, ["n/a", "2.00", "n/a", "3.00"]),
        (A, "texture", (2.0, 0.0), 500, ["10.0", "n/a", "n/a", "3.00"]),
        (A, "texture", (2.0, 1.0), 0, ["10.0", "n/a", "n/a", "3.00"]),
    ],
)
def test_time_is_counted_for_a_thousand_images(name, family, seconds, tested, told):
    assert timed(name, family, *seconds, tested) == told


def test_the_machine_is_named():
    study = replace(base(), environment={"processor": "Example 9", "cores": 2, "gpu": None},
                    config={"jobs": 4})  # fmt: skip
    found = costs(study, rows(study))

    assert found.machine == [
        ("Processor", "Example 9"), ("Cores", "2"), ("Threads asked for (jobs)", "4"),
    ]  # fmt: skip
    assert found.fits == 4


def test_an_old_run_without_these_fields_has_no_such_sections():
    study = replace(
        of(method(A), subgroups=[], pairs=[], family_correlation=None), training=None,
        importance=base().importance.head(0),
    )  # fmt: skip

    assert set(evidence(study, rows(study)).values()) == {None}
