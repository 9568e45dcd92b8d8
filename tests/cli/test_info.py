import json

import pytest
from texturekit_cli.main import run

from texturekit.deep.backbones import BACKBONES

FIELDS = (
    "input", "normalised", "embedding", "weights", "source", "size", "sha256", "licence", "paper"
)  # fmt: skip


@pytest.mark.parametrize("name", BACKBONES)
def test_a_card_has_every_field(name, capsys):
    assert run(["info", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    fields = {line.split()[0]: " ".join(line.split()[1:]) for line in lines[1:]}

    assert lines[0] == name
    assert all(fields[field] for field in FIELDS)
    assert BACKBONES[name].url in fields["source"]


def test_a_chest_net_shows_all_outputs_and_which_were_trained(capsys):
    assert run(["info", "densenet121-res224-rsna"]) == 0
    text = capsys.readouterr().out
    outputs = text.partition("are trained\n")[2].splitlines()

    assert "grey, 224 x 224 as trained" in text
    assert "size        not published" in text
    assert "sha256      not published" in text
    assert "outputs     2 of 18 are trained" in text
    assert len(outputs) == 18
    assert sum("not trained" in line for line in outputs) == 16
    assert "Pneumonia                   yes from 0.13486601" in text


def test_the_same_as_json(capsys):
    assert run(["info", "densenet121-res224-mimic_nb", "--json"]) == 0
    card = json.loads(capsys.readouterr().out)["card"]

    assert card["cache_name"] == "densenet121-res224-mimic_nb.safetensors"
    assert card["outputs"][2] == {"label": "Infiltration", "threshold": None}
    assert (card["megabytes"], card["sha256_prefix"]) == (None, None)


def test_a_classifier_shows_what_is_searched(capsys):
    assert run(["info", "svm", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "kind": "classifier",
        "space": {"C": "0.1 to 100 (log)", "gamma_scale": "0.1 to 10 (log)"},
    }

    assert run(["info", "head"]) == 0
    assert capsys.readouterr().out == "head: --tune searches\n  nothing\n"
