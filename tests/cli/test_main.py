"""The command as a user runs it: exit codes, stdout for the result, stderr for words."""

import json
import os
import signal
import subprocess
import sys
import time
import weakref

import pandas as pd
import pytest
import yaml
from texturekit_cli.main import run

from tests.imagesets import spoil, two_classes

QUICK = ["--methods", "majority/dummy,glcm/logistic", "--resize", "32", "--folds", "2"]


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return two_classes(folder, patients=4)


def test_compare_prints_the_path_of_the_report_and_nothing_else(data, tmp_path, capsys):
    code = run(["compare", "--data", str(data), *QUICK, "-o", str(tmp_path / "run")])

    out, err = capsys.readouterr()
    assert code == 0
    assert out == f"{tmp_path / 'run' / 'index.html'}\n"
    assert "glcm/logistic" in err
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "assets", "config.yaml", "curves.parquet", "environment.json", "importance.parquet",
        "index.html", "predictions.parquet", "results.json",
    ]  # fmt: skip


def test_json_on_stdout_holds_the_results(data, tmp_path, capsys):
    run(["compare", "--data", str(data), *QUICK, "-o", str(tmp_path / "run"), "--json"])

    answer = json.loads(capsys.readouterr().out)

    assert answer["results"] == json.loads((tmp_path / "run" / "results.json").read_text())


def test_a_finished_run_is_kept_unless_told(data, tmp_path, capsys):
    command = ["compare", "--data", str(data), *QUICK, "-o", str(tmp_path / "run")]
    run(command)

    assert run(command) == 4
    assert "--overwrite" in capsys.readouterr().err
    assert run([*command, "--overwrite"]) == 0


def test_a_bad_file_ends_with_one_and_is_listed(data, tmp_path, capsys):
    spoil(data.parent / "fine" / "p00_0.png")

    code = run(["compare", "--data", str(data), *QUICK, "-o", str(tmp_path / "run")])

    assert code == 1
    assert "p00_0.png" in capsys.readouterr().err


def test_extract_writes_the_table_and_prints_its_path(data, tmp_path, capsys):
    code = run(["extract", str(data.parent), "--features", "lbp", "-o", str(tmp_path / "t.csv")])

    out, err = capsys.readouterr()
    assert (code, out) == (0, f"{tmp_path / 't.csv'}\n")
    assert "16 images" in err
    assert len(pd.read_csv(tmp_path / "t.csv")) == 16


def test_extract_lists_bad_rows(data, tmp_path, capsys):
    (data.parent / "fine" / "p00_0.png").write_bytes(b"")
    (data.parent / "fine" / "page.jpg").write_text("<html></html>")

    code = run(["extract", str(data.parent), "--features", "lbp", "-o", str(tmp_path / "t.csv")])

    err = capsys.readouterr().err
    assert code == 1
    assert "p00_0.png'" in err
    assert "0 bytes" in err
    assert "page.jpg' is not an image" in err


def test_limit_keeps_the_first_images(data, tmp_path):
    run(["extract", str(data), "--limit", "3", "--features", "lbp", "-o", str(tmp_path / "t.csv")])

    assert list(pd.read_csv(tmp_path / "t.csv")["path"]) == list(pd.read_csv(data)["path"][:3])


def test_tasks_as_json(capsys):
    assert run(["tasks", "--json"]) == 0

    cards = json.loads(capsys.readouterr().out)
    assert [card["name"] for card in cards] == [
        "breast", "brain", "cervix", "chest", "oct", "textures",
    ]  # fmt: skip


def test_report_redraws_the_page_from_the_run_folder_alone(data, tmp_path, capsys):
    run(["compare", "--data", str(data), *QUICK, "-o", str(tmp_path / "run")])
    page = tmp_path / "run" / "index.html"
    first = page.read_bytes()
    page.unlink()
    data.unlink()

    assert run(["report", str(tmp_path / "run")]) == 0
    assert page.read_bytes() == first


def test_a_settings_file_is_used_and_the_command_line_wins(data, tmp_path):
    settings = tmp_path / "c.yaml"
    settings.write_text("methods: [majority/dummy, lbp/logistic]\nfolds: 2\nseed: 7\nresize: 32\n")
    command = ["compare", "--config", str(settings), "--data", str(data), "--seed", "8"]

    assert run([*command, "-o", str(tmp_path / "run")]) == 0

    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert config["methods"] == ["majority/dummy", "lbp/logistic"]
    assert (config["seed"], config["resize"]) == (8, 32)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["compare"], 2, "--task and --data"),
        (["compare", "--task", "brest"], 4, "Did you mean 'breast'"),
        (["compare", "--task", "breast", "--methods", "glmc/forest"], 4, "Did you mean 'glcm'"),
        (["compare", "--task", "breast", "--folds", "0"], 4, "folds=0"),
        (["compare", "--data", "/nowhere"], 4, "/nowhere"),
        (["compare", "--task", "breast", "--config", "/nowhere.yaml"], 4, "/nowhere.yaml"),
        (["extract", "/nowhere", "-o", "x.parquet"], 4, "/nowhere"),
        (["extract", ".", "-o", "x.xlsx"], 4, ".parquet or .csv"),
        (["extract", "."], 2, "output"),
        (["report", "/nowhere"], 4, "/nowhere"),
        (["comparee"], 2, "comparee"),
        (["compare", "--foldss", "3"], 2, "--folds"),
    ],
)
def test_mistakes_get_one_line_and_their_exit_code(arguments, code, words, capsys):
    assert run(arguments) == code

    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert "Traceback" not in err


def test_an_empty_folder_is_refused(tmp_path, capsys):
    assert run(["compare", "--data", str(tmp_path), "-o", str(tmp_path / "run")]) == 4
    assert str(tmp_path) in capsys.readouterr().err


def test_a_class_with_one_image_is_named(data, tmp_path, capsys):
    frame = pd.read_csv(data)
    pd.concat([frame.query("label == 'fine'"), frame.query("label == 'rough'").head(1)]).to_csv(
        data, index=False
    )

    assert run(["compare", "--data", str(data), *QUICK, "-o", str(tmp_path / "run")]) == 4
    assert "'rough'" in capsys.readouterr().err


def test_a_negative_sounding_positive_class_has_to_be_asked_for(data, tmp_path, capsys):
    frame = pd.read_csv(data).replace({"rough": "normal"})
    frame.to_csv(data, index=False)
    command = ["compare", "--data", str(data), *QUICK, "-o", str(tmp_path / "run")]

    assert run(command) == 4
    assert "--positive" in capsys.readouterr().err
    assert run([*command, "--positive", "fine"]) == 0


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing_and_says_so(data, tmp_path, sent, code):
    command = [sys.executable, "-c", "from texturekit_cli.main import main; main()"]
    options = ["compare", "--data", str(data), "--weights", "none", "-o", str(tmp_path / "run")]
    process = subprocess.Popen(
        [*command, *options], stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    )
    time.sleep(3)
    process.send_signal(sent)

    process.communicate(timeout=20)

    assert process.returncode == code
    assert not (tmp_path / "run").exists()
    assert not list(tmp_path.glob(".run*"))


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_within_a_weak_references_callback_is_not_lost(sent, code, monkeypatch):
    def interrupted(*_args, **_options):
        kept = set()
        reference = weakref.ref(kept, lambda _: signal.raise_signal(sent))
        del kept
        assert reference() is None
        for _ in range(50):  # the signal goes to another thread, and wakes no sleeper
            time.sleep(0.1)

    monkeypatch.setattr("texturekit_cli.main.cli.main", interrupted)

    assert run(["info"]) == code


@pytest.mark.parametrize(("tasks", "said"), [(",", "names no task"), ("a/x.yaml,b/x.yaml", "x.ya")])
def test_a_list_of_tasks_has_to_name_folders_of_their_own(
    tasks, said, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        card = "name: x\ntitle: X\nkind: binary\nclasses: [p, q]\npositive: q\n"
        (tmp_path / name / "x.yaml").write_text(card)

    assert run(["compare", "--task", tasks]) == 2
    assert said in capsys.readouterr().err
