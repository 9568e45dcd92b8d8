from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import texturekit as tk
from tests.report.studies import study
from texturekit.errors import OutputError, ParameterError
from texturekit.metrics import friedman, nemenyi
from texturekit.records import Estimate, Finding, MethodResult, TaskRanking

FAMILIES = {"majority/dummy": "baseline"}


@cache
def base_results():
    methods = {"majority/dummy": ("baseline", 0.0)}
    return study(n=24, images=False, failed=False, methods=methods).results


def results(areas, *, task="t", failed=()):
    """Return results with these areas: small, but the real record."""
    base = base_results()
    methods = [
        MethodResult(
            name=name,
            family=FAMILIES.get(name, "texture"),
            status="failed" if name in failed else "ok",
            reason="it broke" if name in failed else None,
            metrics={} if area is None else {"roc_auc": Estimate(value=area, how="DeLong")},
        )
        for name, area in areas.items()
    ]
    return base.model_copy(update={"task": task, "title": f"Task {task}", "methods": methods})


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
    table["t1"] = results({"a/svm": 0.8, "b/svm": 0.7, "c/svm": None}, failed=["c/svm"])
    table["t2"] = results({"a/svm": 0.8, "b/svm": 0.7})

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
    assert not any(word in text for word in ("http://", "https://", "<script"))


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
