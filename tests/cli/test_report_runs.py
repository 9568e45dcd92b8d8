from __future__ import annotations

import json

from texturekit_cli.main import run

import texturekit as tk
from tests.report.studies import study

METHODS = {"majority/dummy": ("baseline", 0.0), "glcm+lbp/forest": ("texture", 0.5)}


def made(folder, *, seed=0, **fields):
    one = study(n=24, images=False, failed=False, methods=METHODS, seed=seed)
    results = one.results.model_copy(update=fields)
    tk.write_report(type(one)(**{**vars(one), "results": results}), folder)
    return str(folder)


def test_runs_of_one_task_lie_side_by_side_and_lead_to_their_pages(tmp_path, capsys):
    runs = [made(tmp_path / "runs" / name, seed=i) for i, name in enumerate(("a", "b"))]

    assert run(["report", *runs, "-o", str(tmp_path / "both"), "--json"]) == 0
    ranking = json.loads(capsys.readouterr().out)["ranking"]
    assert [task["report"] for task in ranking["tasks"]] == [
        "../runs/a/index.html", "../runs/b/index.html",
    ]  # fmt: skip
    assert (ranking["independent"], ranking["friedman"]) == (False, None)
    assert [d["name"] for d in ranking["differences"]] == ["seed"]
    assert (tmp_path / "both" / "index.html").read_text().count("./../runs/a/index.html") == 2


def test_runs_of_two_tasks_are_ranked_under_their_tasks(tmp_path, capsys):
    data = study(n=24, images=False, failed=False, methods=METHODS).results.data
    runs = [
        made(tmp_path / "a", task="x"),
        made(tmp_path / "b", task="y", data=data.model_copy(update={"sha256": "c" * 64})),
    ]

    assert run(["report", *runs, "-o", str(tmp_path / "both"), "--json"]) == 0
    ranking = json.loads(capsys.readouterr().out)["ranking"]
    assert [task["name"] for task in ranking["tasks"]] == ["x", "y"]
    assert ranking["independent"]
    assert ranking["methods"][0]["mean_rank"] == 1.0
