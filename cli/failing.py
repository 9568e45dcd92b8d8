"""What an error means to whoever runs the command: one line, and an exit code."""

from __future__ import annotations

import errno
import sys

from texturekit.errors import TexturekitError, WorkerError, missing_extra, printable

_LEAST = 800_000_000  # bytes, with one thread of OpenBLAS: from here on extract runs to its end
#: What other libraries say where they mean that there is no memory left.
_NO_MEMORY = ("can't start new thread", "failed to map segment")


def explain(error: Exception) -> tuple[str, int] | None:
    """Return the line and the exit code of an error; None for one that is a defect of ours."""
    if isinstance(error, TexturekitError):
        limit = _limit() if isinstance(error, WorkerError) else ""
        return printable(f"Error: {error}{limit}"), error.exit_code
    if _is_memory(error):
        return printable(f"Error: out of memory ({error}){_limit()}; {_LESS}"), 4
    if isinstance(error, ImportError):
        return printable(f"Error: {missing_extra(error)}"), missing_extra(error).exit_code
    if isinstance(error, OSError):
        name = f"'{error.filename}': " if error.filename else ""
        return printable(f"Error: {name}{error.strerror or error}{_limit()}."), 4
    return None


_LESS = "use fewer --jobs, a smaller --resize, or a machine with more memory."


def _is_memory(error: Exception) -> bool:
    lacking = isinstance(error, OSError) and error.errno == errno.ENOMEM
    said = any(words in str(error) for words in _NO_MEMORY)
    return lacking or said or isinstance(error, MemoryError)


def address_limit() -> int | None:
    """Return to how many bytes the address space is limited (``ulimit -v``), if it is."""
    if sys.platform == "win32":
        return None
    import resource

    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def check_memory() -> None:
    """Raise a MemoryError where the limit is too low to load what measures.

    Not left to the libraries: OpenBLAS asks for its buffers for ever where it gets none.
    """
    limit = address_limit()
    if limit is not None and limit < _LEAST:
        raise MemoryError(f"it takes {_LEAST / 1e9:.1f} GB to start; raise the limit")


def _limit() -> str:
    """Say how far the address space is limited, if it is: libraries then fail to load, too."""
    limit = address_limit()
    return "" if limit is None else f" [address space limited to {limit / 1e9:.1f} GB, ulimit -v]"
