from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.report.studies import ready
from texturekit.errors import ModelError, OutputError, ParameterError
from texturekit.records import Results
from texturekit.report import folder as module
from texturekit.report.folder import read_study, write_report
from texturekit.report.page import render
from texturekit.report.plain import facts

FILES = {
    "index.html", "results.json", "predictions.parquet", "curves.parquet", "importance.parquet",
    "assets", "config.yaml", "environment.json", "stability.csv", "training.parquet",
}  # fmt: skip
READ = FILES - {"index.html", "stability.csv"}  # what a study is read back from
SCHEMA = Path(module.__file__).parents[1] / "results.schema.json"


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports") / "breast"
    write_report(ready(), folder)
    return folder


@pytest.fixture
def run(written, tmp_path):
    """A copy that a test may damage."""
    import shutil

    return Path(shutil.copytree(written, tmp_path / "run"))


def test_a_run_folder_holds_what_the_contract_says(written):
    assert {path.name for path in written.iterdir()} == FILES
    assert [path.name for path in written.parent.iterdir()] == ["breast"]


def test_the_same_study_gives_the_same_bytes(written, tmp_path):
    index = write_report(ready(), tmp_path / "again")

    assert index == tmp_path / "again" / "index.html"
    assert contents(tmp_path / "again") == contents(written)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_the_page_is_redrawn_from_the_run_folder_alone(kind, tmp_path):
    index = write_report(ready(kind), tmp_path / kind)

    assert render(read_study(tmp_path / kind)) == index.read_text(encoding="utf-8")


def test_reading_gives_back_what_was_written(written):
    study = read_study(written)

    assert study.results == ready().results
    for name in ("predictions", "curves", "importance"):
        pd.testing.assert_frame_equal(getattr(study, name), getattr(ready(), name))
    assert (study.config, study.environment) == (ready().config, ready().environment)
    assert study.assets == ready().assets


def test_results_json_is_sorted_readable_and_follows_the_model(written):
    text = (written / "results.json").read_text(encoding="utf-8")
    content = json.loads(text, parse_constant=pytest.fail)

    assert Results.model_validate(content) == ready().results
    assert text == json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_the_committed_schema_is_the_models():
    # to renew it: json.dumps(the right-hand side, indent=2, sort_keys=True)
    assert json.loads(SCHEMA.read_text()) == Results.model_json_schema(mode="serialization")


def test_an_existing_folder_is_kept_unless_overwrite_is_said(run):
    before = contents(run)
    with pytest.raises(OutputError, match=r"run exists already.*--overwrite"):
        write_report(ready(), run)

    assert contents(run) == before


def test_overwrite_replaces_a_run_folder_whole(run):
    (run / "left over.txt").write_text("old")
    write_report(ready(), run, overwrite=True)

    assert {path.name for path in run.iterdir()} == FILES
    assert [path.name for path in run.parent.iterdir()] == ["run"]


def test_overwrite_never_replaces_something_else(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    (tmp_path / "file").write_text("not a folder")
    for name in ("thesis", "file"):
        with pytest.raises(OutputError, match="choose"):
            write_report(ready(), tmp_path / name, overwrite=True)

    assert (tmp_path / "thesis" / "chapter1.txt").read_text() == "years of work"


def test_a_full_disk_leaves_nothing_behind_and_keeps_the_old_run(run, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = contents(run)
    monkeypatch.setattr(module, "_write_assets", full)
    with pytest.raises(OutputError, match="No space left"):
        write_report(ready(), run, overwrite=True)
    with pytest.raises(OutputError, match="No space left"):
        write_report(ready(), run.parent / "new")

    assert contents(run) == before
    assert [path.name for path in run.parent.iterdir()] == ["run"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_report(ready(), tmp_path / "file" / "report")


def test_missing_parents_are_made(tmp_path):
    assert write_report(ready(), tmp_path / "a" / "b" / "run").is_file()


@pytest.mark.parametrize("name", sorted(READ - {"training.parquet"}))
def test_a_missing_file_is_named(run, name):
    import shutil

    (shutil.rmtree if name == "assets" else Path.unlink)(run / name)
    with pytest.raises(ModelError, match=name):
        read_study(run)


@pytest.mark.parametrize(("table", "column", "content", "fault"), [
    ("predictions", "id", None, "lacks the column id"),
    ("predictions", "label", None, "lacks the column label"),
    ("predictions", "p.malignant", None, "lacks the column p.malignant"),
    ("predictions", "p.benign", "high", "p.benign holds no numbers"),
    ("curves", "curve", None, "lacks the column curve"),
    ("curves", "y", float("nan"), "points that are no numbers"),
    ("curves", "x", "left", "x holds no numbers"),
    ("importance", "importance", None, "lacks the column importance"),
    ("training", "val_loss", None, "lacks the column val_loss"),
    ("training", "train_loss", "low", "train_loss holds no numbers"),
])  # fmt: skip
def test_a_damaged_table_is_named_with_its_column(run, table, column, content, fault):
    file = run / f"{table}.parquet"
    frame = pd.read_parquet(file)
    changed = frame.assign(**{column: content}) if content else frame.drop(columns=column)
    changed.to_parquet(file)

    with pytest.raises(ModelError, match=rf"{table}.parquet is damaged .*{fault}"):
        read_study(run)


@pytest.mark.parametrize("name", sorted(READ - {"assets"}))
def test_a_damaged_file_is_named(run, name):
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: len(content) // 2] + b"\xff{")
    with pytest.raises(ModelError, match=rf"{name} is damaged"):
        read_study(run)


@pytest.mark.parametrize(("field", "content"), [
    ("classes", []),
    ("family_correlation", {"families": ["a", "b"], "values": [[1]], "images": 9, "how": "x"}),
])  # fmt: skip
def test_a_field_that_is_incomplete_is_named(run, field, content):
    results = json.loads((run / "results.json").read_text())
    (run / "results.json").write_text(json.dumps({**results, field: content}))
    with pytest.raises(ModelError, match=rf"results.json is damaged \({field}"):
        read_study(run)


def test_facts_that_are_none_are_not_asked():
    assert facts({"facts": ["a"]}) == facts({"facts": 7}) == facts({}) == {}


def test_a_field_of_the_wrong_form_is_named(run):
    content = json.loads((run / "results.json").read_text())
    content["methods"][0]["n"] = "many"
    (run / "results.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"methods\.0\.n"):
        read_study(run)


def test_an_unknown_schema_version_is_refused(run):
    content = json.loads((run / "results.json").read_text())
    content["schema_version"] = 99
    (run / "results.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="schema_version 99"):
        read_study(run)


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ModelError, match="nowhere"):
        read_study(tmp_path / "nowhere")


def test_a_setting_that_is_no_plain_value_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"config\.size"):
        write_report(replace(ready(), config={"size": float("nan")}), tmp_path / "run")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../escape.png", "a/b.png", "", "..", "."])
def test_assets_stay_inside_the_run_folder(tmp_path, name):
    with pytest.raises(ParameterError, match="no file name"):
        write_report(replace(ready(), assets={name: b""}), tmp_path / "run")

    assert list(tmp_path.iterdir()) == []
