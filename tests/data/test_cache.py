import os
import stat

import pytest

from texturekit.data.cache import cache_folder
from texturekit.errors import OutputError


def test_the_named_folder_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTUREKIT_CACHE", str(tmp_path / "a" / "b"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))

    assert cache_folder() == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()


def test_else_the_desktop_s_folder_else_the_home(tmp_path, monkeypatch):
    monkeypatch.delenv("TEXTUREKIT_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))

    assert cache_folder() == tmp_path / "x" / "texturekit"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / "home" / ".cache" / "texturekit"


def test_without_a_home_to_write_in_it_is_a_private_temporary_folder(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("TEXTUREKIT_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    folder = cache_folder()

    assert folder == tmp_path / f"texturekit-{os.getuid()}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_named_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TEXTUREKIT_CACHE", str(tmp_path / "file" / "x"))

    with pytest.raises(OutputError, match=r"TEXTUREKIT_CACHE=.*cannot be written; set it"):
        cache_folder()
