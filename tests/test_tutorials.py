"""The tutorials run, from their first line to their last, and print what they say.

``sh`` and ``python`` blocks are run in order, in one folder; the lines of an ``output`` block
stand in what the block before it printed, ``...`` for whatever is there. ``text`` is not run.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
import shlex
from pathlib import Path

import click
import matplotlib.pyplot as plt
import pytest
from texturekit_cli.main import cli, run

from texturekit.methods.grammar import parse_method

FOLDER = Path(__file__).parent.parent / "docs" / "tutorials"
TASKS = ("breast", "brain", "cervix", "chest", "oct", "textures")


def blocks(name):
    page = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def commands(text):
    """Return the arguments of every command line, without what stands behind #."""
    lines = text.replace("\\\n", " ").splitlines()
    split = [shlex.split(line, comments=True) for line in lines]
    return [words for words in split if words]


def found(words):
    """Return the command that a line names."""
    command = cli
    for word in words[1:]:
        if not isinstance(command, click.Group):
            break
        command = command.commands[word]
    return command


@pytest.mark.parametrize("name", TASKS)
def test_the_tutorial_runs(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    printed = ""
    for kind, text in blocks(name):
        if kind == "sh":
            capsys.readouterr()
            for words in commands(text):
                assert run(words[1:]) == 0, words
            printed = "".join(capsys.readouterr())
        elif kind == "python":
            capsys.readouterr()
            exec(compile(text, f"{name}.md", "exec"), names)
            printed = "".join(capsys.readouterr())
        elif kind == "output":
            _stands(text, printed)
    plt.close("all")
    _written(name, tmp_path)


def _stands(text, printed):
    there = [" ".join(line.split()) for line in printed.splitlines()]
    for line in filter(str.strip, text.splitlines()):
        pattern = "*".join(
            re.sub(r"([*?[])", r"[\1]", part) for part in " ".join(line.split()).split("...")
        )
        assert any(fnmatch.fnmatchcase(one, pattern) for one in there), (line, printed)


def _written(name, folder):
    """Every output that the commands name is there."""
    lines = [words for kind, text in blocks(name) if kind == "sh" for words in commands(text)]
    for words in lines:
        for flag, value in itertools.pairwise(words):
            if flag == "-o" and value not in ("csv", "json"):
                assert (folder / value).exists(), words


@pytest.mark.parametrize("name", TASKS)
def test_every_line_names_commands_and_options_that_exist(name):
    """Also of the lines that are not run: they want data, weights or time."""
    for kind, text in blocks(name):
        if kind not in ("sh", "text"):
            continue
        lines = [words for words in commands(text) if words[0] == "texturekit"]
        assert kind == "text" or len(lines) == len(commands(text)), text
        for words in lines:
            options = {flag for one in found(words).params for flag in one.opts}
            assert {word for word in words if re.match(r"--?[a-z]", word)} <= options, words
            for flag, value in itertools.pairwise(words):
                if flag in ("--methods", "--method") and "/" in value:
                    for method in value.split(","):
                        parse_method(method)


def test_every_task_has_a_tutorial_and_the_index_names_it():
    index = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert sorted(path.stem for path in FOLDER.glob("*.md")) == sorted(("README", *TASKS))
    for task in TASKS:
        assert f"]({task}.md)" in index
