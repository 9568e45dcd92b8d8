"""``texturekit train`` as a user runs it."""

import json
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from texturekit_cli.main import run

import texturekit as tk
from tests.imagesets import two_classes
from texturekit.deep.training import load_network

NET = ["--method", "squeezenet1_1/finetune", "--weights", "none", "--device", "cpu"]


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return two_classes(folder, patients=6)


def short(data, *more):
    return ["train", "--data", str(data), "--positive", "rough", "--resize", "32", *more]


def answer(capsys):
    return json.loads(capsys.readouterr().out)


def test_the_oct_recipe_trains_131076_numbers(capsys):
    # 2048 x 4 x 4 x 4 + 4: seed 004, "Freezing all the parameters except last layer"
    assert run(["train", "--task", "oct", "--recipe", "seed", "--dry-run", "--json"]) == 0

    plan = answer(capsys)
    assert plan["trainable_parameters"] == 131_076
    assert plan["head"] == [[32_768, 4]]
    assert plan["method"] == "resnet50/finetune"
    assert plan["images"]["val"] == 0
    assert plan["settings"]["frozen"] is True


def test_a_dry_run_counts_parts_steps_and_numbers_of_the_first_method(capsys):
    run(["train", "--task", "breast", "--recipe", "seed", "--dry-run", "--json"])

    plan = answer(capsys)
    assert plan["method"] == "vgg16/finetune"
    # torchvision's VGG16 has 138,357,544 numbers with 1,000 outputs of 4,096 each
    assert plan["parameters"] == 138_357_544 - 998 * 4097
    assert plan["head"][-2:] == [[4096, 4096], [4096, 2]]
    assert sum(plan["images"].values()) == 160
    assert sum(sum(part.values()) for part in plan["counts"].values()) == 160
    assert plan["steps_per_epoch"] == -(-plan["images"]["train"] // 32)


def test_a_dry_run_reads_no_picture(data, capsys):
    for file in data.parent.rglob("*.png"):
        file.write_bytes(b"no picture")

    assert run(short(data, *NET, "--dry-run", "--json")) == 0
    assert answer(capsys)["classes"] == ["fine", "rough"]


def test_a_dry_run_says_what_will_be_searched(data, capsys):
    assert run(short(data, "--method", "glcm/svm", "--tune", "5", "--dry-run", "--json")) == 0

    said = capsys.readouterr()
    assert json.loads(said.out)["tuning"] == {
        "budget": 5,
        "space": {"C": "0.1 to 100 (log)", "gamma_scale": "0.1 to 10 (log)"},
    }
    assert "5 settings are tried: C 0.1 to 100 (log); gamma_scale" in said.err


def test_a_dry_run_says_what_will_be_chosen_inside(data, capsys):
    table = ["--method", "glcm/logistic", "--dry-run"]
    run(short(data, *table, "--threshold", "youden", "--calibrate", "sigmoid"))
    said = "chosen inside the training part: threshold youden, calibration sigmoid"

    assert said in capsys.readouterr().err
    run(short(data, *table))
    assert "chosen inside" not in capsys.readouterr().err


def test_a_model_folder_holds_weights_history_and_curves(data, tmp_path, capsys):
    code = run(short(data, *NET, "--epochs", "2", "-o", str(tmp_path / "m")))

    out = capsys.readouterr().out
    described = json.loads((tmp_path / "m" / "model.json").read_text())
    assert (code, out) == (0, f"{tmp_path / 'm'}\n")
    assert [epoch["epoch"] for epoch in described["learner"]["history"]] == [1, 2]
    assert described["training"]["parts"] == {"train": 20, "val": 4, "test": 0}
    assert ElementTree.parse(tmp_path / "m" / "curves.svg").getroot().tag.endswith("}svg")
    assert not (tmp_path / "m.partial").exists()
    assert tk.load(tmp_path / "m").predict_proba(tk.read_manifest(data)).shape == (24, 2)


def test_a_table_method_is_trained_and_saved(data, tmp_path, capsys):
    arguments = short(data, "--method", "glcm/logistic", "-o", str(tmp_path / "m"), "--json")

    assert run(arguments) == 0
    assert answer(capsys)["columns"] == 25
    assert tk.load(tmp_path / "m").method.name == "glcm/logistic"


def test_the_first_process_of_torchrun_writes_and_talks(data, tmp_path, capfd, monkeypatch):
    command = ["train", "--data", str(data), "--method", "geometry/forest", "--resize", "32",
               "-o", str(tmp_path / "m")]  # fmt: skip
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1",
                        "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    assert run(command) == 0
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "m").exists()
    monkeypatch.setenv("RANK", "0")
    assert run(command) == 0
    assert (tmp_path / "m" / "model.json").exists()


def test_a_recipe_leaves_its_test_part_out(tmp_path, capsys):
    run(["train", "--task", "brain", "--recipe", "seed", "--method", "lbp/logistic", "--resize",
         "32", "-o", str(tmp_path / "m"), "--json"])  # fmt: skip

    plan = answer(capsys)
    training = json.loads((tmp_path / "m" / "model.json").read_text())["training"]
    assert plan["images"]["test"] == pytest.approx(16, abs=3)
    assert training["images"] == plan["images"]["train"]
    assert "lbp/logistic is not in the recipe" in plan["notes"][1]


def test_a_finished_model_is_kept_unless_told(data, tmp_path, capsys):
    arguments = short(data, "--method", "majority/dummy", "-o", str(tmp_path / "m"))
    run(arguments)

    assert run(arguments) == 4
    assert "--overwrite" in capsys.readouterr().err
    assert run([*arguments, "--overwrite"]) == 0


def test_training_that_was_killed_goes_on_to_the_same_bits(data, tmp_path, monkeypatch):
    from texturekit.deep.keeping import Keeper

    arguments = short(data, *NET, "--epochs", "3")
    run([*arguments, "-o", str(tmp_path / "whole")])
    write = Keeper.write

    def write_and_die(self, progress, *more):
        write(self, progress, *more)
        if len(progress.history) == 2:
            raise KeyboardInterrupt  # as Ctrl-C does; kill -9 leaves the same file

    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "write", write_and_die)
        assert run([*arguments, "-o", str(tmp_path / "m")]) == 130
    assert (tmp_path / "m.partial" / "training.safetensors").exists()
    assert not (tmp_path / "m").exists()

    assert run([*arguments, "-o", str(tmp_path / "m")]) == 0

    whole, resumed = (load_file(tmp_path / name / "net.safetensors") for name in ("whole", "m"))
    for name, value in whole.items():
        np.testing.assert_array_equal(resumed[name], value)
    assert len(load_network(tmp_path / "m" / "net.safetensors").history) == 3
    assert not (tmp_path / "m.partial").exists()


def test_an_unfinished_training_of_other_settings_is_refused(data, tmp_path, capsys):
    partial = tmp_path / "m.partial"
    partial.mkdir()
    (partial / "plan.json").write_text("{}")
    arguments = short(data, *NET, "--epochs", "1", "-o", str(tmp_path / "m"))

    assert run(arguments) == 4
    assert "unfinished training that differs in" in capsys.readouterr().err
    assert run([*arguments, "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--task", "breast", "-o", "m"], 2, "--method, --recipe and --from-run"),
        (["--method", "glcm/svm", "-o", "m"], 2, "--task, --data and --from-run"),
        (["--task", "breast", "--method", "glcm/svm"], 2, "-o DIR"),
        (["--task", "breast", "--method", "glmc/svm", "-o", "m"], 4, "'glcm'"),
        (["--data", ".", "--method", "glcm/svm", "--recipe", "seed", "-o", "m"], 4, "task"),
        (["--task", "textures", "--recipe", "seed", "-o", "m"], 4, "no recipe"),
    ],
)
def test_mistakes_are_told_before_anything_is_done(
    arguments, code, words, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(two_classes(tmp_path).parent)

    assert run(["train", *arguments]) == code
    assert words in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_a_table_method_chooses_its_threshold_on_the_validation_images(data, tmp_path, capsys):
    frame = pd.read_csv(data)
    named = np.where(frame["group"] < "p06", "train", "val")  # six patients each
    frame.assign(split=named).to_csv(data, index=False)
    arguments = short(data, "--method", "first_order/logistic", "--calibrate", "sigmoid")

    run([*arguments, "--threshold", "youden", "-o", str(tmp_path / "m"), "--json"])

    plan, model = answer(capsys), tk.load(tmp_path / "m")
    assert (plan["threshold"], plan["calibrate"]) == ("youden", "sigmoid")
    assert plan["images"] == {"train": 12, "val": 12, "test": 0}
    assert (model.decision.chosen_on, model.decision.images) == ("validation images", 12)
    assert model.decision.calibrator is not None


def test_a_rule_that_is_none_is_refused_before_anything_is_read(data, tmp_path, capsys):
    arguments = short(data, "--method", "glcm/svm", "-o", str(tmp_path / "m"))

    assert run([*arguments, "--threshold", "best"]) == 4
    assert "threshold rule 'best' is none; use fixed, youden" in capsys.readouterr().err
