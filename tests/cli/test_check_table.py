"""``texturekit check-table`` as a reader of papers runs it."""

import json

import pytest
from texturekit_cli.main import run

VGG16 = "1005 933 / 777 4136"


def test_prints_metrics_intervals_and_the_majority(capsys):
    code = run(["check-table", VGG16, "--classes", "benign,malignant"])
    out, err = capsys.readouterr()

    assert code == 0
    assert "sensitivity         0.8418  0.8314 to 0.8518  0.8313 to 0.8519" in out
    assert "balanced_accuracy   0.6802" in out
    assert "Calling every image malignant is right for 0.7171 [0.7063, 0.7277]." in out
    assert "too narrow" in out
    assert "Positive: malignant, the last class" in err


def test_a_contradiction_is_named_and_ends_with_one(capsys):
    code = run(["check-table", VGG16, "--stated", "accuracy=.7504,sensitivity=0,n=6851"])

    out = capsys.readouterr().out
    assert code == 1
    assert "contradicts: sensitivity is stated as 0, but the matrix says 0.8418" in out
    assert "agrees: accuracy .7504 agrees with the matrix" in out
    assert run(["check-table", VGG16, "--stated", "accuracy=.7504"]) == 0


def test_several_classes_one_by_one_from_a_file(tmp_path, capsys):
    path = tmp_path / "cervix.csv"
    path.write_text("OOD,T1,T2,T3\n54,0,0,0\n0,56,3,1\n0,19,45,24\n0,1,5,68\n")

    assert run(["check-table", str(path), "--stated", "T2.recall=51%"]) == 0
    out, err = capsys.readouterr()
    assert "T2 against the rest: 88 of 276 images" in out
    assert "sensitivity         0.5114  0.4087 to 0.6131  0.4025 to 0.6195" in out
    assert "weighted_f1         0.7965  0.7475 to 0.8368" in out
    assert "Positive" not in err


def test_json_holds_everything(capsys):
    run(["check-table", VGG16, "--json", "--positive", "1", "--stated", "auc=.7824"])

    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["positive"]) == (6851, "1")
    assert found["metrics"]["specificity"]["value"] == pytest.approx(0.841848, abs=5e-7)
    assert found["stated"][0]["status"] == "unknown"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([""], 4, "the matrix is empty"),
        (["1 2 / 3"], 4, "2 rows of 1 or 2 numbers"),
        (["1 -2 / 3 4"], 4, "give whole numbers"),
        ([".5 .5 / .1 .9"], 4, "not shares"),
        (["0 0 / 0 0"], 4, "counts 0 images"),
        (["99999999 1 / 1 1"], 4, "give 1 to 10,000,000"),
        (["no.csv"], 4, "cannot be read"),
        ([VGG16, "--classes", "a"], 4, "1 class names"),
        ([VGG16, "--positive", "malignant"], 4, "none of the two"),
        ([VGG16, "--stated", "accuracy"], 2, "is no pair"),
        ([VGG16, "--stated", "accuracy=.5,accuracy=.6"], 2, "names accuracy twice"),
        ([VGG16, "--stated", "acuracy=.5"], 4, "Did you mean 'accuracy'"),
        ([VGG16, "--stated", "accuracy=77.58"], 4, "write 77.58%"),
        ([], 2, "MATRIX"),
    ],
)
def test_what_cannot_be_read_is_told(arguments, code, message, capsys):
    assert run(["check-table", *arguments]) == code
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("value", ["1e999", "1e-9999", "1e99999999999999999999", "0." + "7" * 40])
def test_a_number_that_nobody_printed_is_refused(value, capsys):
    assert run(["check-table", VGG16, "--stated", f"accuracy={value}"]) == 4
    assert "give a number: 0.7758 or 77.58%" in capsys.readouterr().err


def test_a_file_with_a_field_too_long_for_csv_is_refused(tmp_path, capsys):
    path = tmp_path / "long.csv"
    path.write_text('"' + "1" * 200_000 + '",2\n3,4\n')

    assert run(["check-table", str(path)]) == 4
    assert "is no CSV" in capsys.readouterr().err
