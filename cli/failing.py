"""What an error means to whoever runs the command: one line, and an exit code."""

from __future__ import annotations

import errno
import sys

from texturekit.errors import TexturekitError, WorkerError, missing_extra, printable

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


def _limit() -> str:
    """Say how far the address space is limited, if it is: libraries then fail to load, too."""
    if sys.platform == "win32":
        return ""
    import resource

    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    unlimited = soft == resource.RLIM_INFINITY
    return "" if unlimited else f" [address space limited to {soft / 1e9:.1f} GB, ulimit -v]"
