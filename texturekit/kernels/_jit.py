"""The decorator of every kernel: numba's ``njit``, with a cache that always works.

numba alone raises "no locator available" where neither the package nor the home can be written, and
goes on using old code of a kernel when a function that it calls in another file has changed.
"""

from __future__ import annotations

# ruff: noqa: PTH111, PTH117, PTH100 - pathlib raises where a user has no home
import hashlib
import os
import stat
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numba

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

config: Any = numba.config
Kernel = TypeVar("Kernel", bound="Callable[..., Any]")


@overload
def jit(function: Kernel, /) -> Kernel: ...
@overload
def jit(**options: Any) -> Callable[[Kernel], Kernel]: ...
def jit(function: Any = None, /, **options: Any) -> Any:
    """Compile a kernel on its first call, to run without the GIL, and keep the machine code.

    Parameters
    ----------
    function : callable
        The kernel; without it, as in ``@jit(inline="always")``, a decorator is returned.
    **options :
        More options of `numba.njit`.
    """
    if function is None:
        return partial(jit, **options)
    asked = config.CACHE_DIR
    config.CACHE_DIR = str(CACHE or "")  # numba looks at it now, and not again
    try:
        return numba.njit(cache=CACHE is not None, nogil=True, **options)(function)
    finally:
        config.CACHE_DIR = asked


def cache_folder() -> Path | None:
    """Return the folder for the machine code of these very sources, or None if there is none.

    The first that can be written and is safe of: a folder in ``NUMBA_CACHE_DIR``, in
    ``TEXTUREKIT_CACHE``, in ``texturekit`` under ``XDG_CACHE_HOME`` or ``~/.cache``, and among the
    temporary files. Its name holds a hash of all kernels, so a changed kernel has another folder.
    """
    try:
        stamp = _stamp(Path(__file__).parent)
        return next(filter(_is_usable, _candidates(stamp)), None)
    except OSError:  # no source to read, or no place for temporary files
        return None


def _stamp(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


def _candidates(stamp: str) -> Iterator[Path]:
    shared = os.environ.get("XDG_CACHE_HOME", "")
    home = shared if os.path.isabs(shared) else os.path.expanduser("~/.cache")
    for asked in (config.CACHE_DIR, os.environ.get("TEXTUREKIT_CACHE")):
        if asked:
            yield Path(os.path.abspath(os.path.expanduser(asked)), f"numba-{stamp}")
    if os.path.isabs(home):  # not for a user without a home
        yield Path(home, "texturekit", f"numba-{stamp}")
    # Straight in the temporary folder, where nobody but its owner can rename it.
    yield Path(tempfile.gettempdir(), f"texturekit-numba-{_user()}-{stamp}")


def _is_usable(folder: Path) -> bool:
    # numba unpickles what it finds there: whoever can write to the folder can run code as us.
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != _user():
            return False
        if os.name == "posix" and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0


CACHE = cache_folder()
