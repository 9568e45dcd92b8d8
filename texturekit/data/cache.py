"""Where texturekit keeps what it can make again: the samples, and downloads."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from texturekit.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def cache_folder() -> Path:
    """Return the folder for what can be made again; it exists and can be written.

    ``TEXTUREKIT_CACHE`` if that is set, else ``texturekit`` in ``XDG_CACHE_HOME`` or in
    ``~/.cache``; where these cannot be written, a folder of the user's own among the temporary
    files.

    Raises
    ------
    OutputError
        If none can be written, or the one that ``TEXTUREKIT_CACHE`` names cannot.
    """
    asked = os.environ.get("TEXTUREKIT_CACHE")
    if asked:
        folder = Path(asked).expanduser().absolute()
        if _is_usable(folder):
            return folder
        raise OutputError(
            f"TEXTUREKIT_CACHE={asked} cannot be written; set it to a folder that you may write."
        )
    shared = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(shared) if Path(shared).is_absolute() else Path(os.path.expanduser("~/.cache"))  # noqa: PTH111 - Path.expanduser raises without a home
    own = Path(tempfile.gettempdir(), f"texturekit-{os.getuid()}")
    for folder in (home / "texturekit", own):
        if folder.is_absolute() and _is_usable(folder):
            return folder
    raise OutputError(
        f"neither {home / 'texturekit'} nor {own} can be written; set TEXTUREKIT_CACHE to a folder "
        "that you may write."
    )


def _is_usable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Among the temporary files somebody else may have made a folder of this name.
        mine = folder.stat().st_uid in (os.getuid(), 0)
        with tempfile.TemporaryFile(dir=folder):
            return mine
    except OSError:
        return False


def kept(folder: Path, fill: Callable[[Path], None]) -> Path:
    """Return a folder of images with a ``manifest.csv``, made now unless it is there and whole.

    Parameters
    ----------
    folder : Path
        Where it is to be.
    fill : callable
        Writes images and manifest into the empty folder that it is given. That one takes the place
        of ``folder`` only when it is complete, so that several processes may do this at once.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    if _is_whole(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            fill(partial)
            if folder.exists() and not _is_whole(folder):
                folder.rename(partial / ".damaged")
            if not folder.exists():
                partial.rename(folder)
                shutil.rmtree(folder / ".damaged", ignore_errors=True)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        if _is_whole(folder):  # another process was faster
            return folder
        raise OutputError(f"cannot write {folder}: {error.strerror or error}.") from error
    return folder


def write_manifest(folder: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write ``manifest.csv`` last of all files; one row an image, with its path."""
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _is_whole(folder: Path) -> bool:
    """Say whether every image of the manifest is there and none was cut off."""
    try:
        with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
            sizes = {(folder / row["path"]).stat().st_size for row in csv.DictReader(stream)}
    except (OSError, KeyError, UnicodeDecodeError, csv.Error):
        return False
    return len(sizes) == 1
