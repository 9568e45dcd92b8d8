from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
import pytest

import texturekit as tk
from tests.report.studies import study
from texturekit.errors import OutputError, ParameterError
from texturekit.metrics import friedman, nemenyi
from texturekit.records import Comparison, Estimate, Finding, MethodResult, TaskRanking

FAMILIES = {"majority/dummy": "baseline"}


@cache
def base_results():
    methods = {"majority/dummy": ("baseline", 0.0)}
    return study(n=24, images=False, failed=False, methods=methods).results


def results(areas, *, task="t", failed=(), data=None):
    """Return results with these areas: small, but the real record; tasks differ in their data."""
    base = base_results()
    methods = [
        MethodResult(
            name=name,
            family=FAMILIES.get(name, "texture"),
            status="failed" if name in failed else "ok",
            reason="it broke" if name in failed else None,
            n=0 if area is None else 24,
            metrics={} if area is None else {"roc_auc": Estimate(value=area, how="DeLong")},
        )
        for name, area in areas.items()
    ]
    sha256 = hashlib.sha256((data or f"{task} {areas}").encode()).hexdigest()
    source = base.data.model_copy(update={"sha256": sha256, "source": f"/data/{data or task}"})
    return base.model_copy(
        update={"task": task, "title": f"Task {task}", "methods": methods, "data": source}
    )


def several(table, names=("a/svm", "b/svm", "c/svm")):
    return {
        f"t{i}": results(dict(zip(names, row, strict=True)), task=f"t{i}")
        for i, row in enumerate(table)
    }


TABLE = [[0.9, 0.8, 0.7], [0.8, 0.9, 0.6], [0.7, 0.6, 0.5], [0.9, 0.7, 0.8], [0.9, 0.8, 0.6]]


def test_ranks_and_tests_are_those_of_the_metrics():
    found = tk.rank_methods(several(TABLE))

    assert [m.name for m in found.methods] == ["a/svm", "b/svm", "c/svm"]
    assert [m.mean_rank for m in found.methods] == friedman(TABLE).mean_ranks
    assert found.friedman == friedman(TABLE)
    assert found.nemenyi == nemenyi(TABLE)
    assert found.methods[0].ranks == {"t0": 1, "t1": 2, "t2": 1, "t3": 1, "t4": 1}


def test_tests_go_by_the_order_of_the_ranks():
    turned = [row[::-1] for row in TABLE]
    found = tk.rank_methods(several(turned, names=("c/svm", "b/svm", "a/svm")))

    assert [m.name for m in found.methods] == ["a/svm", "b/svm", "c/svm"]
    assert found.nemenyi == nemenyi(TABLE)


def test_the_sentences_follow_the_tests():
    clear = tk.rank_methods(several([[0.9, 0.8, 0.7]] * 8))
    torn = tk.rank_methods(several([[0.9, 0.8, 0.7], [0.7, 0.8, 0.9], [0.8, 0.9, 0.7]]))

    assert clear.sentences[0] == "a/svm ranks first: mean rank 1.00 over 8 tasks."
    assert "it ranks above c/svm by more than chance" in clear.sentences[1]
    assert torn.sentences[1].startswith("But no difference of the methods over tasks was shown")
    assert "have to be 1.91 apart to differ, of at most 2" in torn.sentences[2]


def test_two_tasks_are_ranked_and_not_tested():
    found = tk.rank_methods(several(TABLE[:2]))

    assert [m.mean_rank for m in found.methods] == [1.5, 1.5, 3]
    assert (found.friedman, found.nemenyi) == (None, None)
    assert "2 tasks cannot tell methods apart" in found.sentences[0]


def test_a_method_that_lacks_a_task_is_named_and_left_out():
    table = several(TABLE)
    table["t1"] = results({"a/svm": 0.8, "b/svm": 0.7, "c/svm": None}, task="t1", failed=["c/svm"])
    table["t2"] = results({"a/svm": 0.8, "b/svm": 0.7}, task="t2")

    found = tk.rank_methods(table)

    assert [m.name for m in found.methods if m.mean_rank] == ["a/svm", "b/svm"]
    assert found.methods[2].left_out == "failed in t1; not run in t2"
    assert found.friedman.methods == 2


def test_a_task_that_shares_nothing_is_named_and_left_out():
    table = several(TABLE)
    table["own"] = results({"head/head": 0.8})

    found = tk.rank_methods(table, errors={"gone": "no images"})

    assert found.friedman.tasks == 5
    left = {t.name: t.left_out for t in found.tasks}
    assert left["own"] == "it shares fewer than two methods with the other tasks"
    assert found.tasks[-1].error == "no images"
    assert found.methods[-1].left_out == "not run in t0, t1, t2, t3, t4"


def test_without_results_there_is_nothing_to_rank():
    with pytest.raises(ParameterError, match="no results"):
        tk.rank_methods({})


def test_the_page_holds_everything_and_leads_to_the_reports(tmp_path):
    table = several(TABLE)
    table["t0"] = results({"a/svm": 0.9, "b/svm": 0.8, "c/svm": 0.7, "d<i>/svm": 0.4})
    ranking = tk.rank_methods(
        table, reports={"t0": "t 0/index.html"}, errors={"gone": "<b>no images"}
    )
    page = tk.write_ranking(ranking, tmp_path / "all")
    text = page.read_text()

    assert sorted(path.name for path in page.parent.iterdir()) == ["index.html", "ranking.json"]
    read = TaskRanking.model_validate_json((page.parent / "ranking.json").read_text())
    assert read == ranking
    assert 'href="./t%200/index.html"' in text
    assert "&lt;b&gt;no images" in text
    assert "d&lt;i&gt;/" in text
    assert "<svg" in text
    assert "Not run in t1, t2, t3, t4." in text
    assert not any(word in text for word in ("http://", "https://"))
    assert text.count("<script") == 1  # that of the page itself


def test_a_ranking_replaces_a_ranking_only(tmp_path):
    ranking = tk.rank_methods(several(TABLE))
    page = tk.write_ranking(ranking, tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        tk.write_ranking(ranking, tmp_path)
    assert tk.write_ranking(ranking, tmp_path, overwrite=True) == page
    (tmp_path / "ranking.json").unlink()

    with pytest.raises(OutputError, match="another page"):
        tk.write_ranking(ranking, tmp_path, overwrite=True)


def test_equal_areas_share_a_rank():
    found = tk.rank_methods(several(np.full((3, 3), 0.5).tolist()))

    assert {m.mean_rank for m in found.methods} == {2.0}
    assert found.friedman.p == 1


def test_a_task_whose_numbers_are_wrong_says_so_in_its_column():
    table = several(TABLE)
    for task, code, severity in (
        ("t1", "TK001", "error"), ("t2", "TK013", "error"), ("t3", "TK001", "warning")
    ):  # fmt: skip
        one = Finding(code=code, severity=severity, text="", evidence="", advice="")
        table[task] = table[task].model_copy(update={"findings": [one]})
    table["t0"] = table["t0"].model_copy(update={"findings": []})

    notes = {task.name: task.notes for task in tk.rank_methods(table).tasks}

    assert notes["t1"] == ["leakage, allowed as asked"]
    assert notes["t2"] == ["shuffled labels are predicted"]
    assert notes["t0"] == notes["t3"] == []


def one_data(*tables, task="t"):
    return {f"run {i}": results(table, task=task, data="d") for i, table in enumerate(tables)}


def test_runs_on_the_same_data_are_not_ranked():
    same = one_data({"a/svm": 0.9, "b/svm": 0.8}, {"a/svm": 0.7, "b/svm": 0.8})
    found = tk.rank_methods({**several(TABLE), **same})

    assert not found.independent
    assert (found.friedman, found.nemenyi) == (None, None)
    assert {m.mean_rank for m in found.methods} == {None}
    assert all(m.ranks == {} and m.left_out is None for m in found.methods)
    assert found.reason == "runs on the same data are no independent tasks (run 0 and run 1)"
    assert found.reason in found.sentences[0]


def test_a_task_run_twice_on_parts_of_one_source_is_no_two_tasks():
    first, second = results({"a/svm": 0.9}, data="d"), results({"a/svm": 0.8}, data="d")
    part = second.data.model_copy(update={"sha256": "0" * 64})
    second = second.model_copy(update={"data": part})

    assert not tk.rank_methods({"x": first, "y": second}).independent
    assert tk.rank_methods({"x": first, "y": results({"a/svm": 0.8}, task="u")}).independent


def test_each_run_says_who_leads_how_many_images_there_were_and_why_there_is_no_area():
    found = tk.rank_methods({
        "x": results({"majority/dummy": 0.9, "a/svm": 0.8, "b/svm": 0.7}, task="x"),
        "y": results({"majority/dummy": 0.5, "a/svm": 0.6, "b/svm": None}, failed=["b/svm"]),
        "z": results({"majority/dummy": None, "a/svm": None}, task="z"),
    })  # fmt: skip
    rows = {m.name: m for m in found.methods}

    assert [t.leader for t in found.tasks] == ["a/svm", "a/svm", None]
    assert rows["a/svm"].images == {"x": 24, "y": 24}
    assert rows["b/svm"].absent == {"y": "failed", "z": "not run"}
    assert rows["a/svm"].absent == {"z": "no AUC"}


@pytest.mark.parametrize(
    ("a", "verdict", "wins"),
    [("a/svm", "a_better", 1), ("a/svm", "b_better", 0), ("b/svm", "b_better", 1),
     ("b/svm", "a_better", 0), ("a/svm", "no_difference_shown", 0)],
)  # fmt: skip
def test_the_leader_is_better_than_those_that_a_verdict_names(a, verdict, wins):
    def test(metric, verdict):
        return Comparison(
            a=a, b="b/svm" if a == "a/svm" else "a/svm", metric=metric, difference=0.1, low=0.0,
            high=0.2, p=0.1, p_holm=0.1, verdict=verdict, how="", sentence="",
        )  # fmt: skip

    one = results({"a/svm": 0.9, "b/svm": 0.7})
    tests = [test("roc_auc", verdict), test("accuracy", "a_better"),
             test("roc_auc", "not_testable")]  # fmt: skip
    found = tk.rank_methods({"x": one.model_copy(update={"comparisons": tests})})

    assert (found.tasks[0].tested, found.tasks[0].better_than) == (1, wins)


def test_what_differs_is_listed_key_by_key_and_nothing_else():
    first, second = one_data({"a/svm": 0.9}, {"a/svm": 0.8}).values()
    second = second.model_copy(
        update={"protocol": second.protocol.model_copy(update={"seed": 7}), "synthetic": True}
    )
    found = tk.rank_methods(
        {"x": first, "y": second},
        settings={
            "x": {"tune": 0, "seed": 0, "jobs": 2, "facts": {"window": "auto"}},
            "y": {"tune": 9, "seed": 7, "jobs": 2, "facts": {"window": "lung"}, "new": [1, None]},
        },
    )

    assert [(d.name, d.values["x"], d.values["y"]) for d in found.differences] == [
        ("synthetic", "no", "yes"),
        ("seed", "0", "7"),
        ("facts.window", "auto", "lung"),
        ("new", "not set", "1, none"),
        ("tune", "0", "9"),
    ]


def test_runs_of_one_task_are_laid_side_by_side_with_links_and_without_ranks(tmp_path):
    runs = one_data({"majority/dummy": 0.5, "a<i>/svm": 0.9}, {"majority/dummy": 0.5})
    ranking = tk.rank_methods(
        runs,
        reports={"run 0": str(tmp_path / "run 0" / "index.html"), "run 1": "../run/index.html"},
        settings={"run 0": {"x": "<b>"}, "run 1": {"x": "y"}},
    )
    page = tk.write_ranking(ranking, tmp_path / "all")
    text = page.read_text()

    assert 'href="./../run%200/index.html"' in text
    assert 'href="./../run/index.html"' in text
    assert str(tmp_path) not in text + (page.parent / "ranking.json").read_text()
    assert "2 runs side by side" in text
    assert "&lt;b&gt;" in text
    assert "leads; not tested" in text
    assert '<span class="na">not run</span>' in text
    assert "Mean rank" not in text
    assert "<i>" not in text.replace("<i style", "")
