"""Which compiled functions a call runs, and what they cost alone."""

import sys
from contextlib import contextmanager

from numba.core.dispatcher import Dispatcher


def recorded(call):
    """Return what runs the same kernels on the same arrays, without the Python around them.

    What the kernels write is written again into the same arrays, so that making these counts as
    Python; and so does a kernel that a module keeps in a table, which is not seen here.
    """
    call()  # compiles
    calls = []
    with _recording(calls):
        call()

    def replay():
        for kernel, arguments in calls:
            kernel(*arguments)

    return replay, len(calls)


@contextmanager
def _recording(calls):
    modules = [m for name, m in sys.modules.items() if name.startswith("texturekit.")]
    found = [
        (module, name, value)
        for module in modules
        for name, value in list(vars(module).items())
        if isinstance(value, Dispatcher)
    ]
    try:
        for module, name, kernel in found:
            setattr(module, name, _recorder(kernel, calls))
        yield
    finally:
        for module, name, kernel in found:
            setattr(module, name, kernel)


def _recorder(kernel, calls):
    def run(*arguments):
        calls.append((kernel, arguments))
        return kernel(*arguments)

    return run
