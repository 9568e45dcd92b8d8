"""Installations that do not exist: distributions of nothing but their metadata."""

from pathlib import Path

import pytest

from texturekit.doctor import Surroundings
from texturekit.doctor.processes import Answer


class Site:
    """A folder of installed packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name, version, *lines, files=(), more=None):
        home = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        home.mkdir(parents=True)
        text = [f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}", *lines]
        (home / "METADATA").write_text("\n".join(text) + "\n", encoding="utf-8")
        for file in files:
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("", encoding="utf-8")
        record = "".join(f"{file},,\n" for file in files)
        (home / "RECORD").write_text(record, encoding="utf-8")
        for file, content in (more or {}).items():
            (home / file).write_text(content, encoding="utf-8")
        return self

    def texturekit(self, *requires, extras=()):
        lines = ["Requires-Python: >=3.11,<3.14", *(f"Requires-Dist: {one}" for one in requires)]
        return self.add("texturekit", "0.1.0", *lines, *(f"Provides-Extra: {e}" for e in extras))


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    return Site(folder)


@pytest.fixture
def around(site, tmp_path):
    """Build surroundings of the made-up site, with answers as libraries would give them."""

    def build(environ=None, **answers):
        def ask(name, *arguments):
            answer = answers.get(name, {})
            return answer if isinstance(answer, Answer) else Answer(answer)

        root = tmp_path / "root"
        return Surroundings((str(site.folder),), environ or {}, root, ask)

    return build


@pytest.fixture
def machine(tmp_path):
    """Write files of the made-up machine."""

    def write(**files):
        for path, text in files.items():
            place = tmp_path / "root" / path.replace("__", "/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")

    return write
