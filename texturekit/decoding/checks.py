"""What every decoder shares: names in messages, limits, one error for whatever a library raises."""

from __future__ import annotations

import os
import re
import stat
import threading
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from texturekit.errors import ImageError, MissingExtraError, missing_extra

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

MOST_PIXELS = 100_000_000
#: Modules whose warnings are dealt with here: large pictures, odd metadata, values out of form.
_NOISY = re.compile(r"(PIL|pydicom|nibabel|tifffile|texturekit\.decoding)(\.|$)")
_IGNORED = ("ignore", None, Warning, _NOISY, 0)


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path for messages: as it was handed in, quoted, odd characters escaped."""
    return repr(os.fsdecode(path))


def as_path(path: str | os.PathLike[str]) -> Path:
    """Return the path, without making it anew."""
    return path if isinstance(path, Path) else Path(path)


def file_size(path: str | os.PathLike[str]) -> int:
    """Return the size of a regular file; refuse at once what is missing, empty or could block."""
    try:
        facts = as_path(path).stat()
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise ImageError(f"{shown(path)} cannot be read: {reason}; check the path.") from None
    return _checked_size(path, facts)


@contextmanager
def regular_file(path: str | os.PathLike[str]) -> Iterator[BufferedReader]:
    """Open a regular file for reading.

    A pipe or device that took the place of a file since that was listed would block for ever:
    it is opened without waiting, and what was opened is looked at, not what the name stands for.
    """
    file_size(path)
    with open(path, "rb", opener=_without_waiting) as file:
        _checked_size(path, os.fstat(file.fileno()))
        yield file


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _checked_size(path: str | os.PathLike[str], facts: os.stat_result) -> int:
    if not stat.S_ISREG(facts.st_mode):
        what = "a folder" if stat.S_ISDIR(facts.st_mode) else "a pipe, socket or device"
        raise ImageError(f"{shown(path)} is {what}, not an image file; give a regular file.")
    if facts.st_size == 0:
        raise ImageError(f"{shown(path)} is an empty file (0 bytes); copy it again.")
    return facts.st_size


def check_size(path: str | os.PathLike[str], width: int, height: int) -> None:
    """Refuse a picture by its header if it is too large to be decoded."""
    if width * height > MOST_PIXELS:
        raise ImageError(
            f"{shown(path)} has too many pixels: {width}x{height}, {width * height / 1e6:.0f} "
            "megapixels; the limit is 100: make it smaller or cut it into tiles."
        )


@contextmanager
def own_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn whatever a decoder raises on a damaged file into one error that names the file."""
    try:
        yield
    except (ImageError, MissingExtraError):
        raise
    except ImportError as problem:  # no fault of the file
        raise missing_extra(problem) from None
    except PermissionError:
        raise ImageError(f"{shown(path)} cannot be read: permission denied.") from None
    except MemoryError as problem:
        raise ImageError(
            f"{shown(path)} needs more memory than there is ({problem or 'out of memory'}); "
            "make it smaller, use fewer jobs, or a machine with more memory."
        ) from None
    except Exception as problem:
        reason = str(problem) or type(problem).__name__
        verdict = "is truncated" if "truncated" in reason.lower() else "is damaged"
        raise ImageError(f"{shown(path)} {verdict}: {reason}; copy it again.") from problem


class Quiet:
    """A block in which the decoders' own warnings are not heard; threads share it.

    Warning filters are global. The first thread that enters sets them and the last that leaves
    puts them back, so that nobody waits for anybody.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filters: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                # As filterwarnings does, which compiles the pattern anew; the caches of warnings
                # already given are void since the line before.
                warnings.filters.insert(0, _IGNORED)  # type: ignore[attr-defined]
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)


quietly = Quiet()


def needs_extra(path: str | os.PathLike[str], what: str, package: str) -> MissingExtraError:
    """Return the error for a file whose decoder is not installed."""
    return MissingExtraError(
        f"{shown(path)} is {what}, which needs {package}; install it: "
        "pip install 'texturekit[dicom]'."
    )
