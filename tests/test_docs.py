"""The documentation names what there is, and what it names is there."""

import importlib
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from texturekit_cli.main import cli

import texturekit as tk
from texturekit.checks import CODES
from texturekit.decoding import formats
from texturekit.deep.backbones import BACKBONES
from texturekit.methods.grammar import CLASSIFIERS, parse_method

ROOT = Path(__file__).parent.parent
METHODS = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
EVERYTHING = "".join(
    path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
)


@pytest.mark.parametrize("name", [*tk.features.FEATURES, *tk.features.SETS, *BACKBONES])
def test_every_part_stands_in_the_documentation_with_its_number_of_columns(name):
    row = next(
        line for line in METHODS.splitlines() if line.startswith("|") and f"`{name}`" in line
    )
    names = re.findall(r"`([\w-]+)`", row.split("|")[1])
    numbers = [int(n) for n in re.findall(r"\d+", row.split("|")[2])]

    columns = BACKBONES[name].width if name in BACKBONES else len(tk.features.columns(name))

    assert (numbers if len(numbers) == len(names) else numbers * len(names))[
        names.index(name)
    ] == columns


@pytest.mark.parametrize("family", tk.features.FEATURES.values(), ids=lambda f: f.name)
def test_every_parameter_stands_in_the_documentation(family):
    table = METHODS.partition("| family | parameters")[2]

    for name in family.defaults:
        assert re.search(rf"\b{name}\b", table), name


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_classifier_stands_in_the_documentation(name):
    assert f"`{name}`" in METHODS


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_stands_in_the_documentation(name):
    assert f"texturekit {name}" in EVERYTHING


def test_the_table_of_formats_is_the_one_in_the_code():
    assert formats.markdown() in (ROOT / "docs" / "data.md").read_text(encoding="utf-8")


def test_the_help_shows_the_table_of_formats():
    shown = " ".join(CliRunner().invoke(cli, ["extract", "--help"]).output.split())

    for row in formats.rows():
        for text in row:
            assert text == "-" or text in shown, text


def test_every_format_has_a_decoder_and_a_suffix_of_its_own():
    suffixes = [suffix for one in formats.FORMATS for suffix in one.suffixes]

    assert len(set(suffixes)) == len(suffixes)
    for one in formats.FORMATS:
        decoder = importlib.import_module(f"texturekit.decoding.{one.decoder}")
        assert callable(decoder.pixels)
        assert callable(decoder.header)
        assert callable(decoder.layout)


def test_every_method_in_the_documentation_can_be_read():
    block = METHODS.partition("```")[2].partition("```")[0]
    methods = [line.split()[0] for line in block.splitlines() if line.strip()]

    assert len(methods) > 5
    for text in methods:
        parse_method(text)


def test_every_file_that_the_documentation_points_at_is_there():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_finding_stands_in_the_documentation_and_no_other():
    page = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (TK\d{3}) \|", page, re.MULTILINE)

    assert rows == list(CODES)
