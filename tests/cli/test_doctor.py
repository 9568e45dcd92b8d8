"""``texturekit doctor``: words, JSON and exit codes."""

import json

import pytest
from texturekit_cli.main import run

import texturekit.doctor
from texturekit.doctor import Diagnosis, diagnose

FOUND = [
    Diagnosis("gpu", "note", "no GPU was found"),
    Diagnosis("opencv", "problem", "cv2 does not load", "apt-get install -y libgl1"),
    Diagnosis("text", "ok", "UTF-8 throughout"),
]


@pytest.fixture
def found(monkeypatch):
    kept = list(FOUND)
    monkeypatch.setattr(texturekit.doctor, "diagnose", lambda: kept)
    return kept


def test_a_problem_costs_exit_code_1_and_its_cure_stands_below(found, capsys):
    assert run(["doctor"]) == 1

    out, err = capsys.readouterr()
    assert "problem  opencv       cv2 does not load\n" in out
    assert "cure: apt-get install -y libgl1\n" in out
    assert err == "1 problem, 0 warnings, 1 note; 1 fine.\n"


def test_notes_cost_nothing(found):
    del found[1]

    assert run(["doctor"]) == 0


def test_the_result_as_json(found, capsys):
    assert run(["doctor", "--json", "-q"]) == 1

    assert json.loads(capsys.readouterr().out)["checks"] == [
        {
            "check": "opencv",
            "level": "problem",
            "found": "cv2 does not load",
            "cure": "apt-get install -y libgl1",
        }
    ]


def test_an_extra_that_is_asked_for_and_missing_is_exit_code_3(found, monkeypatch, capsys):
    del found[1]
    monkeypatch.setattr(
        texturekit.doctor.packages, "missing_of", lambda extra: "run: pip install x[app]"
    )

    assert run(["doctor", "--for", "app"]) == 3
    assert capsys.readouterr().err.endswith("Error: run: pip install x[app]\n")


def test_an_extra_that_does_not_exist_is_exit_code_4(capsys):
    assert run(["doctor", "--for", "nothing"]) == 4


def test_a_check_that_fails_does_not_end_the_others():
    def fails(around):
        yield Diagnosis("a", "ok", "until here")
        raise RuntimeError("oops")

    found = diagnose(checks={"a": fails, "b": lambda around: [Diagnosis("b", "problem", "x")]})

    assert [(one.check, one.level) for one in found] == [("b", "problem"), ("a", "warning")]
    assert "RuntimeError: oops" in found[1].found
