"""What only the authors know: from the call, the settings file or the card, into the results."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import yaml
from texturekit_cli.main import run

import texturekit as tk
from texturekit.data.card import load_card
from texturekit.errors import ParameterError, UnknownNameError
from texturekit.methods.planning import Options, settle
from texturekit.records import STATEMENTS, read_statements

CARD = {
    "name": "own",
    "title": "Own",
    "kind": "multiclass",
    "classes": ["brick", "grass", "gravel"],
}


def test_texts_numbers_and_dates_become_text_in_a_fixed_order():
    given = {
        "dates": datetime.date(2020, 1, 2),
        "intended_prevalence": 0.05,
        "intended_use": "a\n b",
    }

    assert read_statements({**given, "licence": None}, "here") == {
        "intended_use": "a b", "dates": "2020-01-02", "intended_prevalence": "0.05",
    }  # fmt: skip
    assert read_statements(None, "here") == {}


@pytest.mark.parametrize("value", [["a"], {"a": 1}, True, " "])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(ParameterError, match="annotators"):
        read_statements({"annotators": value}, "here")


def test_an_unknown_key_is_refused_with_the_closest_one():
    with pytest.raises(UnknownNameError, match="Did you mean 'reference_standard'"):
        read_statements({"reference_standart": "x"}, "here")
    with pytest.raises(ParameterError, match="a line"):
        read_statements("x", "here")


def test_the_call_wins_over_the_card_and_the_run_keeps_both(tmp_path):
    card = tmp_path / "card.yaml"
    said = {"reference_standard": "Card.", "annotators": "Two readers."}
    card.write_text(yaml.safe_dump({**CARD, "statements": said}))
    asked = Options(methods=["majority/dummy"], statements={"reference_standard": "Call."})
    job = settle(load_card(card), _textures(), asked)

    assert job.statements == {"reference_standard": "Call.", "annotators": "Two readers."}
    assert job.config["statements"] == {"reference_standard": "Call."}
    assert job.config["facts"]["card"]["statements"] == said


def _textures():
    from texturekit.data.tasks import load_task

    return load_task("textures")


def test_a_card_with_an_unknown_statement_is_refused(tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text(yaml.safe_dump({**CARD, "statements": {"licens": "x"}}))

    with pytest.raises(ParameterError, match=r"no statement 'licens'\. Did you mean 'licence'"):
        load_card(card)


def test_a_comparison_keeps_statements_and_splits(tmp_path):
    study = tk.compare(
        "textures", methods=["majority/dummy"], folds=2, limit=40, size=16, images=False,
        permutations=0, statements={"dates": "2019"},
    )  # fmt: skip
    tests = [one for one in study.results.splits if one.part == "test"]

    assert study.results.statements == {"dates": "2019"}
    assert sum(one.images for one in tests) == study.results.data.used
    assert sum(one.groups for one in tests) == study.results.data.groups
    page = tk.write_report(study, tmp_path / "run")
    assert tk.read_study(page.parent).results == study.results
    assert "Dates, in the authors&#39; words: 2019." in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("how", ["--config", "--statements"])
def test_the_command_line_refuses_unknown_statements_with_4(tmp_path, how, capsys):
    file, said = tmp_path / "x.yaml", {"date": "2019"}
    file.write_text(yaml.safe_dump({"statements": said} if how == "--config" else said))

    assert run(["compare", "--task", "textures", how, str(file)]) == 4
    assert "Did you mean 'dates'?" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["--config", "--statements"])
def test_a_file_hands_statements_over(tmp_path, monkeypatch, how):
    seen = {}

    def compare(task, data, **settings):
        seen.update(settings)
        raise ParameterError("enough")

    monkeypatch.setattr(tk, "compare", compare, raising=False)
    file, said = tmp_path / "x.yaml", {"dates": 2019, "annotators": "Two readers"}
    file.write_text(yaml.safe_dump({"statements": said} if how == "--config" else said))

    command = ["compare", "--task", "textures", how, str(file), "-o", str(tmp_path / "run")]
    assert run(command) == 4
    assert seen["statements"] == {"dates": "2019", "annotators": "Two readers"}


def test_statements_belong_to_one_task(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("dates: 2019\n")

    assert run(["compare", "--task", "textures,brain", "--statements", str(file)]) == 2


def test_every_statement_stands_in_the_documentation():
    page = (Path(__file__).parent.parent / "docs" / "report.md").read_text(encoding="utf-8")
    for key in STATEMENTS:
        assert f"| `{key}` |" in page
