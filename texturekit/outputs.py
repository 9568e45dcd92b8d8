"""Outputs that are whole or absent: written beside, flushed to disk, renamed."""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from texturekit.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_output(path: str | Path, *, overwrite: bool = False) -> Path:
    """Raise before any work is done if an output cannot be written.

    Parameters
    ----------
    path : str or Path
        The file or folder to be written.
    overwrite : bool, default False
        Whether something finished may be replaced.

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        If it exists and may not be replaced, or its folder cannot be made or written.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise OutputError(
            f"{path} exists already; choose another output, or say --overwrite (overwrite=True)."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = _beside(path)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; choose a folder that you may write."
        ) from error
    return path


@contextmanager
def replacing(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on leaving without error it takes its place.

    The block may make a file or a folder there; a file never takes the place of a folder that
    holds something. After an error nothing is left behind.
    """
    path = check_output(path, overwrite=overwrite)
    partial = _beside(path)
    try:
        yield partial
        if path.is_dir() and not partial.is_dir() and any(path.iterdir()):
            raise OutputError(f"{path} is a folder that holds something; name a file.")
        _flush(partial)
        _swap(partial, path)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}.") from error
    finally:
        _remove(partial)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:80]}.{uuid.uuid4().hex[:8]}.partial")


def _flush(path: Path) -> None:
    for item in [path, *path.rglob("*")] if path.is_dir() else [path]:
        handle = os.open(item, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _swap(partial: Path, path: Path) -> None:
    if not path.exists() or not (path.is_dir() or partial.is_dir()):
        partial.replace(path)
        return
    old = _beside(path)
    path.rename(old)
    try:
        partial.rename(path)
    except OSError:
        old.rename(path)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
