"""``texturekit evaluate``."""

import json

import pandas as pd
import pytest
import yaml
from texturekit_cli.main import run

import texturekit as tk
from tests.imagesets import spoil, two_classes
from texturekit.methods.model import Preprocessing


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    root = tmp_path_factory.mktemp("trained")
    data = tk.read_manifest(two_classes(root, patients=6))
    small = Preprocessing(size=32, weights="none")
    return str(tk.fit("glcm/logistic", data, preprocessing=small).save(root / "m"))


@pytest.fixture
def images(tmp_path):
    """Images like those in training, but others: the set goes on where that one ended."""
    (tmp_path / "new").mkdir()
    path = two_classes(tmp_path / "new", patients=10)
    table = pd.read_csv(path)
    table[table["group"] > "p11"].to_csv(path, index=False)
    return path


def test_a_run_folder_is_written_and_its_page_named(model, images, tmp_path, capsys):
    code = run(["evaluate", model, str(images), "-o", str(tmp_path / "run")])

    out, err = capsys.readouterr()
    study = tk.read_study(tmp_path / "run")
    page = (tmp_path / "run" / "index.html").read_text(encoding="utf-8")
    assert code == 0
    assert out.strip() == str(tmp_path / "run" / "index.html")
    assert study.results.evaluated.model == model
    assert (study.results.evaluated.images, study.results.evaluated.learnt) == (24, 0)
    assert study.results.data.used == 16
    assert "a saved model tested on data.csv: 16 images" in err
    assert "glcm/logistic   1.000" in err
    assert "Test of a saved model" in page
    for wrong in ("highest AUC", "Comparison of methods", "The comparison used", "singles out"):
        assert wrong not in page.partition("<main")[2].partition('id="checklist"')[0], wrong
    asked = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert asked["facts"]["model"] == model


def test_settings_of_a_run_are_read_back_and_json_holds_everything(model, images, tmp_path, capsys):
    spoil(images.parent / "rough" / "p13_0.png")
    first = ["evaluate", model, str(images), "-o", str(tmp_path / "a"), "--no-images", "-q"]
    assert run([*first, "--group", "none", "--subgroups", "none"]) == 1
    capsys.readouterr()

    again = ["evaluate", model, str(images), "-o", str(tmp_path / "b"), "--json", "--config"]
    code = run([*again, str(tmp_path / "a" / "config.yaml")])

    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert told["report"] == str(tmp_path / "b" / "index.html")
    assert told["results"]["data"]["groups"] is None
    assert told["results"]["data"]["found"] == 16
    assert told["results"] == json.loads((tmp_path / "a" / "results.json").read_text())


def test_made_up_names_hide_the_model_and_the_images(model, images, tmp_path, capsys):
    out = tmp_path / "run"
    assert (
        run(["evaluate", model, str(images), "-o", str(out), "--pseudonymise", "-q", "--no-images"])
        == 0
    )

    told = "".join(
        (out / name).read_text() for name in ("index.html", "results.json", "config.yaml")
    )
    assert "names of images and patients are made up" in told
    for secret in (model, str(images), "data.csv", "p12", "p13_0"):
        assert secret not in told


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--positive", "fine"], "the model's is 'rough'"),
        (["--labels", "swollen"], "does not know swollen"),
        (["-o", "."], "exists already"),
    ],
)
def test_what_does_not_go_with_the_model_is_exit_4(model, images, more, said, capsys):
    assert run(["evaluate", model, str(images), *more]) == 4
    assert said in capsys.readouterr().err


def test_classes_that_it_does_not_know_are_exit_4(model, images, capsys):
    table = pd.read_csv(images)
    table.loc[3, "label"] = "mixed"
    table.to_csv(images, index=False)

    assert run(["evaluate", model, str(images)]) == 4
    err = capsys.readouterr().err
    assert "'mixed'" in err
    assert table.loc[3, "path"] in err
    assert "Known: fine, rough" in err


def test_no_labels_are_exit_4(model, images, capsys):
    assert run(["evaluate", model, str(images.parent / "fine" / "p12_0.png")]) == 4
    assert "no labels" in capsys.readouterr().err
