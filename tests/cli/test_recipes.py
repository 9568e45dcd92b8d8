"""Recipes as a user runs them: five tasks by one command, and what their rows say."""

import json
from contextlib import redirect_stderr
from dataclasses import replace
from io import StringIO

import pytest
import yaml
from texturekit_cli.compare import _several
from texturekit_cli.main import run

from tests.imagesets import two_classes
from texturekit.deep.settings import Head
from texturekit.records import Results

SMALL = ["--limit", "16", "--epochs", "1", "--resize", "32", "--device", "cpu", "--no-images",
         "--permutations", "0", "--importance", "0"]  # fmt: skip


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    """The exit code of all five recipes, shortened, and their results by task.

    The 4096-wide layers of the VGGs are made narrow: their width is tested without numbers.
    """
    import texturekit.methods.recipes as module

    narrow = Head(pooling="flatten", hidden=(32, 32), dropout=0.5)
    folder = tmp_path_factory.mktemp("all") / "run"
    said = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(said):
        own = module.Training.of
        patch.setattr(
            module.Training,
            "of",
            lambda self, *a, **k: own(
                replace(self, heads=dict.fromkeys(self.heads, narrow)), *a, **k
            ),
        )
        code = run(["compare", "--task", "all", "--recipe", "seed", "--weights", "none", *SMALL,
                    "-o", str(folder)])  # fmt: skip
    files = {path.parent.name: path for path in folder.glob("*/results.json")}
    results = {name: Results.model_validate_json(f.read_text()) for name, f in files.items()}
    return code, results, said.getvalue()


def methods(results):
    return {method.name: method for method in results.methods}


def test_one_command_runs_all_five_and_writes_a_folder_for_each(five):
    code, results, _ = five

    assert sorted(results) == ["brain", "breast", "cervix", "chest", "oct"]
    assert code == 1  # the chest's head has no weights here
    assert {one.recipe for one in results.values()} == {"seed"}


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("breast", ["vgg16/finetune", "resnet18/finetune", "resnet50/finetune", "glcm/logistic"]),
        ("brain", ["resnet18/finetune", "vgg11/finetune", "densenet121/finetune"]),
        ("cervix", ["densenet121/finetune"]),
        ("oct", ["resnet50/finetune"]),
    ],
)
def test_every_method_of_a_recipe_runs_on_sixteen_images(five, task, names):
    rows = methods(five[1][task])

    assert {*names, "majority/dummy"} <= set(rows)
    assert {row.status for row in rows.values()} == {"ok"}
    assert five[1][task].data.used <= 16


@pytest.mark.parametrize("task", ["breast", "brain", "cervix", "oct"])
def test_a_shortened_row_says_so(five, task):
    for row in methods(five[1][task]).values():
        assert row.marks[0].startswith("shortened: ")
        assert "at most 1 of" in row.marks[0]


@pytest.mark.parametrize("task", ["breast", "brain", "cervix", "oct"])
def test_parts_are_drawn_by_patient_with_the_recipes_shares(five, task):
    protocol = five[1][task].protocol

    assert protocol.type == "holdout"
    assert "as in the recipe" in protocol.test
    assert "each on one side of every split" in protocol.grouping


def test_explicit_settings_are_said_in_row_and_headline(five):
    rows, notes = methods(five[1]["breast"]), five[1]["breast"].notes
    note = next(text for text in notes if text.startswith("This run differs from the recipe"))

    said = "32 pixels instead of 224; weights 'none' instead of pretrained ones"
    assert said in note
    assert rows["vgg16/finetune"].marks[1] == f"differs from the recipe: {said}"
    assert rows["glcm/logistic"].marks[1] == "differs from the recipe: 32 pixels instead of 224"


def test_random_weights_are_the_recipe_of_the_brain(five):
    marks = methods(five[1]["brain"])["resnet18/finetune"].marks

    assert not any("weights" in mark for mark in marks)


def test_what_the_write_up_leaves_open_is_in_the_notes(five):
    assert any("delta 0.001" in note for note in five[1]["breast"].notes)


def test_a_head_without_weights_fails_and_the_baseline_still_runs(five):
    rows = methods(five[1]["chest"])

    assert rows["majority/dummy"].status == "ok"
    assert rows["densenet121-res224-mimic_nb/head"].status == "failed"
    assert "densenet121-res224-mimic_nb" in rows["densenet121-res224-mimic_nb/head"].reason


def test_what_made_several_tasks_incomplete_is_said_last(five):
    last = five[2].strip().splitlines()[-1]

    assert last == "chest is incomplete: densenet121-res224-mimic_nb/head failed."


def test_pairs_that_cannot_be_tested_for_one_reason_are_one_line(five):
    lines = [line for line in five[2].splitlines() if line.startswith("- Not testable")]

    assert any("pairs of methods on AUC, because fewer than 2 groups of mal" in x for x in lines)
    assert len(lines) <= len(five[1])


def test_epochs_are_noted_where_a_network_was_trained(five):
    note = "Networks were trained for at most one epoch, as asked."

    assert {task for task, one in five[1].items() if note in one.notes} == set(five[1]) - {"chest"}
    assert not any("Networks were" in text for text in five[1]["chest"].notes)


def test_a_task_that_fails_does_not_cost_the_others(tmp_path, capsys):
    card = tmp_path / "mine.yaml"
    content = {"name": "mine", "title": "Mine", "kind": "binary", "classes": ["a", "b"]}
    content["recipe"] = {"source": "me", "methods": ["glcm/logistic", "majority/dummy"], "size": 0}
    card.write_text(yaml.safe_dump(content))

    options = ["--methods", "majority/dummy", "--recipe", "seed", *SMALL, "--json"]

    code = run(["compare", "--task", f"{card},breast", *options, "-o", str(tmp_path / "run")])

    out, err = capsys.readouterr()
    whole = json.loads(out)
    answer = whole["tasks"]
    assert code == 1
    assert [task["error"] is None for task in whole["ranking"]["tasks"]] == [True, False]
    assert whole["report"] == str(tmp_path / "run" / "index.html")
    assert "card mine: recipe.size" in answer[str(card)]["error"]
    assert f"{card} failed" in err
    assert answer["breast"]["report"] == str(tmp_path / "run" / "breast" / "index.html")


def test_several_tasks_run_without_a_recipe_too(tmp_path, capsys):
    code = run(["compare", "--task", "brain,oct", "--methods", "majority/dummy", "--resize", "32",
                "--no-images", "-q", "-o", str(tmp_path / "run")])  # fmt: skip

    page = tmp_path / "run" / "index.html"
    assert (code, capsys.readouterr().out.split()) == (0, [str(page)])
    assert sorted(path.name for path in page.parent.iterdir()) == [
        "brain", "index.html", "oct", "ranking.json",
    ]  # fmt: skip
    assert 'href="./oct/index.html"' in page.read_text()
    assert "fewer than two methods have an AUC in every task" in page.read_text()

    code = run(["report", *(str(page.parent / task) for task in ("oct", "brain")), "--json",
                "-o", str(tmp_path / "both")])  # fmt: skip
    answer = json.loads(capsys.readouterr().out)
    assert (code, answer["report"]) == (0, str(tmp_path / "both" / "index.html"))
    assert [task["report"] for task in answer["ranking"]["tasks"]] == [
        "../run/oct/index.html", "../run/brain/index.html",
    ]  # fmt: skip


def test_several_runs_want_a_folder_for_their_page(capsys):
    assert run(["report", "a", "b"]) == 2
    assert "-o DIR" in capsys.readouterr().err


def test_all_are_the_tasks_that_can_be_compared():
    from texturekit.data.card import TASKS

    assert _several("all", None) == list(TASKS)
    assert _several("all", "seed") == [name for name in TASKS if name != "textures"]


def test_the_splits_of_the_data_win_over_the_shares(tmp_path, capsys):
    import pandas as pd

    path = two_classes(tmp_path)
    frame = pd.read_csv(path).replace({"fine": "no", "rough": "yes"})
    frame["split"] = ["train" if group < "p08" else "test" for group in frame["group"]]
    frame.to_csv(path, index=False)

    run(["compare", "--task", "brain", "--data", str(path), "--recipe", "seed", "--methods",
         "majority/dummy", "--json", "--no-images", "-o", str(tmp_path / "run")])  # fmt: skip

    results = json.loads(capsys.readouterr().out)["results"]
    assert results["protocol"]["test"] == "the images that the data name as test"
    assert any("parts that the data name instead of shares" in note for note in results["notes"])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--data", ".", "--recipe", "seed"], 2, "--recipe wants --task"),
        (["--task", "breast", "--recipe", "seed", "--preset", "full"], 2, "--preset"),
        (["--task", "textures", "--recipe", "seed"], 4, "textures has no recipe"),
        (["--task", "breast,brian"], 4, "Did you mean 'brain'"),
        (["--task", "all", "--data", "."], 2, "--data belongs to one task"),
        (["--task", "breast", "--recipe", "sed"], 2, "seed"),
    ],
)
def test_what_does_not_go_together_is_refused_at_once(arguments, code, words, capsys):
    assert run(["compare", *arguments]) == code
    assert words in capsys.readouterr().err
