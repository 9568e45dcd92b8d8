"""Progress without printing: the library reports, whoever runs it decides what to show."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Event:
    """One thing that happened during a long job.

    Parameters
    ----------
    stage : str
        What is going on, in words a user reads: ``"measuring images"``.
    done, total : int
        Steps finished and steps in all; ``total=0`` for a message that counts nothing.
    message : str
        Something worth telling: a note, or a warning.
    level : {"info", "warning"}
        How much it matters.
    failed : int
        Of the steps finished, those that came to nothing.
    """

    stage: str
    done: int = 0
    total: int = 0
    message: str = ""
    level: str = "info"
    failed: int = 0


_listener: ContextVar[Callable[[Event], None] | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Callable[[Event], None]) -> Iterator[None]:
    """Send every event raised inside the block to ``listener``.

    Examples
    --------
    >>> heard = []
    >>> with listening(heard.append):
    ...     note("reading", "1 file ignored")
    >>> heard[0].message
    '1 file ignored'
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def keeping_warnings() -> Iterator[list[str]]:
    """Give a list that collects the warnings raised inside the block, which are sent on as well.

    Examples
    --------
    >>> with keeping_warnings() as said:
    ...     warn("fitting", "did not converge")
    >>> said
    ['did not converge']
    """
    said: list[str] = []
    outer = _listener.get()

    def keep(event: Event) -> None:
        if event.message and event.level == "warning":
            said.append(event.message)
        if outer is not None:
            outer(event)

    with listening(keep):
        yield said


def _send(event: Event) -> None:
    listener = _listener.get()
    if listener is not None:
        listener(event)


def progress(stage: str, done: int, total: int, *, failed: int = 0) -> None:
    """Say how far a stage has come, and how many steps came to nothing."""
    _send(Event(stage, done, total, failed=failed))


def note(stage: str, message: str) -> None:
    """Say something worth knowing."""
    _send(Event(stage, message=message))


def warn(stage: str, message: str) -> None:
    """Say something that the reader of the result has to know."""
    _send(Event(stage, message=message, level="warning"))
