"""The group, the options that every command has, and the exit codes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import click

import texturekit

from . import (
    check_table,
    compare,
    convert_weights,
    data,
    doctor,
    evaluate,
    explain,
    export,
    extract,
    import_checkpoint,
    info,
    predict,
    report,
    serve,
    show,
    sweep,
    tasks,
    train,
)
from .failing import address_limit
from .failing import explain as explained_by

if TYPE_CHECKING:
    from types import FrameType
    from typing import Never


class Terminated(BaseException):
    """SIGTERM arrived: unwind, so that nothing half-written stays."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(
    texturekit.__version__, prog_name="texturekit", message="%(prog)s %(version)s"
)
def cli() -> None:
    """Judge texture features, CNN embeddings, fine-tuned CNNs and hybrids on medical images.

    Start with: texturekit compare --task breast
    """


for _module in (
    check_table,
    compare,
    convert_weights,
    data,
    doctor,
    evaluate,
    explain,
    export,
    extract,
    import_checkpoint,
    info,
    predict,
    report,
    serve,
    show,
    sweep,
    tasks,
    train,
):
    cli.add_command(_module.command)


def main() -> None:
    """Run the command; what went wrong becomes one line on stderr and an exit code."""
    # OpenMP's threads wait by spinning, which doubles the time of training beside other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if address_limit() is not None:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each thread takes a buffer of its own
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code.

    Parameters
    ----------
    arguments : list of str
        Without the program's name.

    Returns
    -------
    int
        0 fine; 1 done, but some rows or methods failed; 2 usage; 3 an extra is missing;
        4 bad input; 5 leakage; 6 download or checksum; 130 and 143 interrupted.
    """
    previous = signal.signal(signal.SIGTERM, _terminate)
    hook, sys.unraisablehook = sys.unraisablehook, _say_again
    try:
        result: Any = cli.main(arguments, prog_name="texturekit", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    except Terminated:
        return _fail("terminated", 143)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        return 0
    except Exception as error:
        explained = explained_by(error)
        if explained is None:
            raise
        return _fail(*explained)
    finally:
        sys.unraisablehook = hook
        signal.signal(signal.SIGTERM, previous)
    return result if isinstance(result, int) else 0


def _fail(message: str, code: int) -> int:
    click.echo(message, err=True)
    return code


def _terminate(number: int, frame: FrameType | None) -> Never:
    raise Terminated


def _say_again(dropped: sys.UnraisableHookArgs) -> None:
    """Send a signal again whose exception was dropped, as it is in a weak reference's callback."""
    number = {KeyboardInterrupt: signal.SIGINT, Terminated: signal.SIGTERM}.get(dropped.exc_type)
    if number is None:
        sys.__unraisablehook__(dropped)
        return
    # From another thread: raised here it would be dropped once more.
    threading.Timer(0.05, signal.raise_signal, [number]).start()
