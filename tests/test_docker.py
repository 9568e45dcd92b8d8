"""The Dockerfile, as far as it can be checked without Docker."""

import json
import re
import tomllib
from pathlib import Path

from texturekit_cli.main import cli

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LINES = [
    line.strip()
    for line in re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    if line.strip()
]
KNOWN = {
    "FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK",
    "ENTRYPOINT", "CMD",
}  # fmt: skip


def told(word):
    return [line.partition(" ")[2].strip() for line in LINES if line.split()[0] == word]


def test_every_line_is_an_instruction():
    assert {line.split()[0] for line in LINES} <= KNOWN
    assert LINES[0].startswith("FROM ")


def sources():
    return [source for line in told("COPY") for source in line.split()[:-1]]


def test_everything_that_is_copied_is_there_and_let_through():
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert ignore[1] == "*"
    assert sources()
    for source in sources():
        assert (ROOT / source).exists(), source
        assert f"!{source.strip('/')}" in ignore, source
    assert {line[1:] for line in ignore if line.startswith("!")} == set(sources())


def test_what_the_build_reads_is_copied():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {project["project"]["readme"], *project["project"]["license-files"]}
    folders = {name.split("/")[0] for name in project["tool"]["setuptools"]["package-dir"].values()}

    assert wanted | folders | {"pyproject.toml"} <= set(sources())


def test_the_extras_and_versions_it_names_exist():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    for extra in re.findall(r"--extra (\w+)", TEXT):
        assert extra in project["optional-dependencies"]
    assert re.search(r"^nvidia-nccl-cu12==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert told("FROM") == ["python:3.11-slim"]


def test_the_command_it_runs_exists():
    (entry,), command = json.loads(told("ENTRYPOINT")[0]), json.loads(told("CMD")[-1])
    serve = cli.commands[command[0]]
    options = {flag for one in serve.params for flag in one.opts}

    assert entry == "texturekit"
    assert {word for word in command if word.startswith("--")} <= options


def test_it_does_not_run_as_root_and_holds_no_secret():
    assert told("USER") == ["texturekit"]
    assert LINES.index("USER texturekit") < LINES.index('ENTRYPOINT ["texturekit"]')
    assert not re.search(r"(?i)password|token|secret|api_key", TEXT)
    assert "ADD " not in TEXT


def test_the_health_check_asks_what_is_served():
    (check,) = told("HEALTHCHECK")
    code = json.loads(check[check.index("[") :])[-1]
    compile(code, "HEALTHCHECK", "exec")
    (port,) = told("EXPOSE")

    assert f"http://127.0.0.1:{port}/api/health" in code
    assert json.loads(told("CMD")[-1])[-1] == port
