"""The page of a sweep: every trial is on it, names cannot break it, and little is enough."""

import re
from xml.etree import ElementTree

import pytest

from texturekit.draw.scales import Scale, written
from texturekit.errors import OutputError
from texturekit.records.sweep import ParameterImportance, Sweep, SweepTrial
from texturekit.report.sweep_figures import figures
from texturekit.report.sweep_page import read_sweep, render_sweep, write_sweep

HOSTILE = '<script>alert("x")</script>'


def trial(number, value, state="complete", method="a/finetune", **parameters):
    return SweepTrial(
        number=number, method=method, state=state, value=value,
        parameters={name.replace("__", "."): v for name, v in parameters.items()},
        reason=None if state == "complete" else f"because {HOSTILE}",
    )  # fmt: skip


def made(trials, space=None, **more):
    best = min((t for t in trials if t.state == "complete"), key=lambda t: t.value, default=None)
    facts = {
        "title": HOSTILE, "task": "own", "kind": "binary", "classes": [HOSTILE, "b"],
        "positive": "b", "synthetic": False, "recipe": None, "methods": ["a/finetune"],
        "space": space or {}, "fixed": {}, "sampler": "all", "pruner": "none", "seed": 0,
        "metric": "log_loss", "images": {"train": 4, "val": 2, "test": 1},
        "counts": {"train": {HOSTILE: 2}, "val": {HOSTILE: 1}}, "groups": None,
        "data_sha256": "0" * 64, "weights": {"a": "random, seed 0"}, "trials": trials,
        "best": None if best is None else best.number, "importance": [], "importance_how": "how",
        "importance_reason": "few", "command": f"texturekit train --data '{HOSTILE}'",
        "notes": [HOSTILE], **more,
    }  # fmt: skip
    return Sweep(**facts)


BOTH = {"method": "a/finetune, b/finetune", "finetune.batch": "8, 16",
        "finetune.learning_rate": "0.0001 to 0.01 (log)"}  # fmt: skip


def grid():
    return [
        trial(k, 0.5 + 0.01 * k, method=f"{name}/finetune",
              finetune__batch=batch, finetune__learning_rate=rate)
        for k, (name, batch, rate) in enumerate(
            (n, b, r) for n in "ab" for b in (8, 16) for r in (1e-4, 1e-3, 1e-2)
        )
    ]  # fmt: skip


def drawings(page):
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def test_every_trial_stands_in_each_drawing_and_in_the_table():
    trials = [*grid(), trial(12, 0.9, "pruned", "b/finetune", finetune__batch=8,
                             finetune__learning_rate=2e-3),
              trial(13, None, "failed", "b/finetune", finetune__batch=16,
                    finetune__learning_rate=9e-3)]  # fmt: skip
    found = made(trials, BOTH, methods=["a/finetune", "b/finetune"],
                 importance=[ParameterImportance(name="finetune.batch", value=0.6),
                             ParameterImportance(name="method", value=0.4)])  # fmt: skip

    page = render_sweep(found)

    counts = [svg.attrib.get("class") and page_spots(svg) for svg in drawings(page)]
    assert counts[0] == 13  # in three dimensions
    assert counts[1:3] == [6, 7]  # a panel a method
    assert counts[-1] == 13  # in turn
    assert page.count('<td class="number" data-value="') >= 14 * 3
    assert "they choose, they do not tell how good" in page
    assert "14 trainings" in page
    assert "0.5000" in page
    assert page.count("stopped early: because") == 1


def test_the_figure_names_only_the_methods_that_it_shows():
    table = trial(12, 0.4, method="lbp/logistic", logistic__C=1.0)
    key = figures(
        made([*grid(), table], BOTH, methods=["a/finetune", "b/finetune", "lbp/logistic"])
    )

    assert [name for name, _ in key["cloud_key"]] == ["a/finetune", "b/finetune"]
    assert len(key["keys"]) == 3


def test_settings_of_different_methods_make_no_plane():
    space = {"method": "x/logistic, x/svm", "logistic.C": "0.1 to 9", "svm.C": "0.1 to 9",
             "svm.gamma": "0.1 to 9"}  # fmt: skip
    ridges = [trial(k, 0.5 + k / 10, method="x/logistic", logistic__C=k + 1.0) for k in range(3)]
    curves = [trial(k, 0.5 + k / 10, method="x/svm", svm__C=k + 1.0, svm__gamma=9.0 - k)
              for k in range(3, 6)]  # fmt: skip
    more = {"methods": ["x/logistic", "x/svm"]}

    page = render_sweep(made([*ridges, *curves], space, **more))
    assert page_spots(drawings(page)[0]) == 3  # svm.C and svm.gamma, of the trials with both
    page = render_sweep(made([*ridges, *[t.model_copy(update={"parameters": {"svm.C": t.number}})
                                         for t in curves]], space, **more))  # fmt: skip
    assert page_spots(drawings(page)[0]) == 3  # logistic.C alone


def page_spots(svg):
    return sum(1 for e in svg.iter() if e.attrib.get("class") == "spot")


def test_no_name_becomes_code():
    trials = [*grid(), trial(12, None, "failed")]

    page = render_sweep(made(trials, BOTH, methods=["a/finetune", "b/finetune"]))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    ("trials", "space"),
    [
        ([trial(0, None, "failed"), trial(1, None, "failed")], {"svm.C": "1, 2"}),
        ([trial(0, 0.5)], {}),
        ([trial(0, 0.5, svm__C=1.0), trial(1, 0.5, svm__C=3.0)], {"svm.C": "1 to 3"}),
        ([trial(0, 0.4, knn__weights="uniform"), trial(1, 0.6, knn__weights="distance")],
         {"knn.weights": "uniform, distance"}),
        ([trial(0, 0.4, forest__max_features="sqrt"), trial(1, 0.6, forest__max_features=0.1)],
         {"forest.max_features": "sqrt, 0.1"}),
        ([trial(0, 0.4, x__a=None, x__b=True), trial(1, 1e-16, x__a="w", x__b=False)],
         {"x.a": "none, w", "x.b": "true, false"}),
        ([trial(0, 0.4, svm__C=1), trial(1, 9.0, "pruned", svm__C=200)], {"svm.C": "1 to 200"}),
        ([trial(k, 0.4, **{name: k + 1.0}) for k, name in enumerate(["logistic__C", "svm__C"] * 2)],
         {"logistic.C": "1 to 3", "svm.C": "2 to 4"}),
    ],
)  # fmt: skip
def test_a_page_is_drawn_of_little(trials, space):
    page = render_sweep(made(trials, space))

    for svg in drawings(page):
        assert "nan" not in ElementTree.tostring(svg, encoding="unicode")


def test_a_folder_is_read_back_and_not_replaced(tmp_path):
    found = made(grid(), BOTH, methods=["a/finetune", "b/finetune"])

    write_sweep(found, tmp_path / "s")

    assert read_sweep(tmp_path / "s") == found
    with pytest.raises(OutputError, match="exists already"):
        write_sweep(found, tmp_path / "s")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds no sweep"):
        write_sweep(found, tmp_path / "other", overwrite=True)


def test_axes_hold_all_values_where_they_belong():
    rate = Scale.of("rate", [1e-4, 1e-3, 1e-2], log=True)
    batch = Scale.of("batch", [8, 16, 25], each=True)

    assert rate.at(1e-3) == pytest.approx(0.5)
    assert 0 < rate.at(1e-4) < 0.05
    assert [text for _, text in batch.marks] == ["8", "16", "25"]
    assert batch.at(16) - batch.at(8) == pytest.approx(8 / 17 * (batch.at(25) - batch.at(8)))
    assert Scale.of("same", [3, 3]).at(3) == pytest.approx(0.5)
    assert written(1e-4) == "1e-4"
