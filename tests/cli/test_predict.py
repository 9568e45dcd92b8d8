"""``texturekit predict``."""

import json

import numpy as np
import pandas as pd
import pytest
from texturekit_cli.main import run

import texturekit as tk
from tests.imagesets import two_classes
from texturekit.methods.model import Preprocessing

SMALL = Preprocessing(size=32, weights="none")
FIRST = ["id", "path", "p.fine", "p.rough", "predicted", "threshold", "ood_score",
         "ood_threshold", "outside", "status", "error"]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    root = tmp_path_factory.mktemp("trained")
    data = tk.read_manifest(two_classes(root, patients=26))
    return str(tk.fit("glcm/logistic", data, preprocessing=SMALL).save(root / "m"))


@pytest.fixture
def images(tmp_path):
    (tmp_path / "new").mkdir()
    two_classes(tmp_path / "new", patients=3)
    return str(tmp_path / "new" / "data.csv")


def test_csv_is_the_result_and_words_stand_elsewhere(model, images, tmp_path, capsys):
    code = run(["predict", model, images])

    out, err = capsys.readouterr()
    (tmp_path / "t.csv").write_text(out)
    rows = pd.read_csv(tmp_path / "t.csv")
    expected = tk.load(model).predict_proba(tk.read_manifest(images))
    assert code == 0
    assert list(rows.columns) == FIRST
    np.testing.assert_array_equal(rows[["p.fine", "p.rough"]], expected)
    assert set(out.splitlines()[1].split(",")) & {"true", "false"}
    assert "not for clinical use" in err
    assert "12 images = 12 predicted + 0 failed" in err


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_every_format_holds_the_same(model, images, tmp_path, capsys, suffix):
    out = tmp_path / f"t.{suffix}"

    code = run(["predict", model, images, "-o", str(out), "-q"])

    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}
    told = json.loads(out.read_text()) if suffix == "json" else {}
    rows = pd.DataFrame(told["rows"]) if told else read[suffix](out)
    expected = tk.load(model).ood_scores(tk.read_manifest(images))
    assert (code, *capsys.readouterr()) == (0, f"{out}\n", "")
    assert list(rows.columns) == FIRST
    np.testing.assert_array_equal(rows["ood_score"], expected)
    assert rows["outside"].tolist() == (expected > tk.load(model).ood.threshold).tolist()
    if told:
        assert told["count"]["predicted"] == 12
        assert told["notice"] == "Not for clinical use."


def test_json_on_stdout_is_one_object(model, images, capsys):
    run(["predict", model, images, "--json", "-q"])

    told = json.loads(capsys.readouterr().out)
    assert (len(told["rows"]), told["ood"]["detector"]) == (12, "mahalanobis")


def test_a_bad_file_costs_its_row_and_the_exit_code_says_so(model, images, tmp_path, capsys):
    (tmp_path / "new" / "fine" / "p02_0.png").write_bytes(b"no image")

    code = run(["predict", model, images, "-o", str(tmp_path / "t.csv"), "--json", "-q"])

    rows = pd.read_csv(tmp_path / "t.csv")
    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert (told["found"], told["predicted"], told["failed"]) == (12, 11, 1)
    assert rows.loc[rows["status"] == "failed", "path"].tolist() == ["fine/p02_0.png"]


def test_bad_files_are_listed_with_their_reasons(model, images, tmp_path, capsys):
    (tmp_path / "new" / "fine" / "p02_0.png").write_bytes(b"")

    run(["predict", model, images, "-o", str(tmp_path / "t.csv")])

    assert "  failed: fine/p02_0.png: " in capsys.readouterr().err


def test_what_lies_outside_is_said(model, tmp_path, capsys):
    from PIL import Image

    Image.fromarray(np.full((40, 40), 90, np.uint8)).save(tmp_path / "flat.png")

    code = run(["predict", model, str(tmp_path / "flat.png")])

    out, err = capsys.readouterr()
    assert code == 0
    assert "true,ok" in out
    assert "1 of 1 lie outside the training distribution" in err


def test_a_finished_output_is_kept(model, images, tmp_path, capsys):
    out = tmp_path / "t.csv"
    out.write_text("mine")

    assert run(["predict", model, images, "-o", str(out)]) == 4
    assert out.read_text() == "mine"
    assert run(["predict", model, images, "-o", str(out), "--overwrite"]) == 0


def test_an_interrupted_run_leaves_nothing(model, images, tmp_path, monkeypatch):
    from texturekit.methods import prediction_files

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(prediction_files, "_cell", stop)

    assert run(["predict", model, images, "-o", str(tmp_path / "t.csv")]) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]


def test_another_suffix_is_refused(model, images, capsys):
    assert run(["predict", model, images, "-o", "t.xlsx"]) == 4
    assert "written to .csv, .json or .parquet" in capsys.readouterr().err


def test_a_folder_without_model_is_refused(images, tmp_path, capsys):
    assert run(["predict", str(tmp_path), images]) == 4
    err = capsys.readouterr().err
    assert "no model folder: it holds no model.json; name a folder" in err
    assert "name a folder that texturekit train" in err
    assert run(["predict", str(tmp_path / "gone"), images]) == 4
    assert "there is no such folder" in capsys.readouterr().err


def test_a_backbone_without_labels_of_its_own_is_refused(images, capsys):
    assert run(["predict", "resnet18", images]) == 4
    assert "1,000 classes of ImageNet and no medical labels; train" in capsys.readouterr().err


def test_f94_a_photograph_is_flagged_by_a_cervix_model(real_data, tmp_path, capsys):
    data = tk.read_manifest(real_data / "cervix_herlev.csv")
    few = data.subset(np.arange(0, len(data), 3))
    weights = real_data / "weights" / "squeezenet1_1_features_imagenet_torchvision.npz"
    seen_as = Preprocessing(96, weights=str(weights))
    model = tk.fit("squeezenet1_1/logistic", few, preprocessing=seen_as)
    folder = model.save(tmp_path / "m")
    cells = model.ood_scores(data.subset(np.arange(1, len(data), 9)))
    photographs = [str(path) for path in sorted((real_data / "ood_natural" / "elephant").iterdir())]

    code = run(["predict", str(folder), *photographs, "--json"])

    out, err = capsys.readouterr()
    assert code == 0
    assert [row["outside"] for row in json.loads(out)["rows"]] == [True] * 10
    assert "10 of 10 lie outside the training distribution" in err
    assert "not for clinical use" in err
    assert np.mean(cells > model.ood.threshold) < 0.15


def test_weights_that_were_moved_are_found_by_their_content(tmp_path, capsys):
    from safetensors.torch import save_file

    from texturekit.deep.backbones import BACKBONES
    from texturekit.deep.networks import build_body
    from texturekit.deep.weights import Weights

    body = build_body(BACKBONES["squeezenet1_1"], Weights("random", "random"), seed=3)
    state = {name: value.contiguous() for name, value in body.state_dict().items()}
    save_file(state, tmp_path / "w.safetensors")
    source = two_classes(tmp_path, patients=4)
    seen_as = Preprocessing(size=32, weights=str(tmp_path / "w.safetensors"))
    model = tk.fit("squeezenet1_1/logistic", tk.read_manifest(source), preprocessing=seen_as)
    expected = model.predict_proba(tk.read_manifest(source))[:, 1]
    model.save(tmp_path / "m")
    (tmp_path / "w.safetensors").rename(tmp_path / "moved.safetensors")
    asked = ["predict", str(tmp_path / "m"), str(source), "-q"]

    assert run(asked) == 4
    assert "no weights file" in capsys.readouterr().err
    assert run([*asked, "--weights", str(tmp_path / "moved.safetensors"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["p.rough"] for row in rows] == expected.tolist()
    assert run([*asked, "--weights", "none"]) == 4
    assert "fitted on what squeezenet1_1 saw with weights" in capsys.readouterr().err
