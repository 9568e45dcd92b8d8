"""Progress bars, notes and warnings on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from texturekit.errors import printable

from .failing import check_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

    from texturekit.events import Event


@contextmanager
def showing(*, verbose: bool, quiet: bool, no_progress: bool) -> Iterator[None]:
    """Show what happens inside the block: bars on a terminal only, warnings always."""
    check_memory()  # before numpy is loaded
    from texturekit.events import listening

    said: set[str] = set()
    if no_progress or quiet or not sys.stderr.isatty():
        with listening(lambda event: _say(event, said, verbose=verbose, quiet=quiet)):
            yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), Remaining(), TextColumn("{task.fields[failed]}"),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    stages: dict[str, TaskID] = {}
    with bars, listening(lambda event: _draw(event, bars, stages, said, verbose=verbose)):
        yield


def _draw(
    event: Event, bars: Progress, stages: dict[str, TaskID], said: set[str], *, verbose: bool
) -> None:
    if event.message:
        if _is_news(event, said) and (verbose or event.level == "warning"):
            bars.console.print(_line(event), markup=False, highlight=False)
        return
    if event.stage not in stages:
        # What was done before does not count for the rate and the time left.
        stages[event.stage] = bars.add_task(
            event.stage, total=event.total, completed=event.done, rate="", failed=""
        )
        return
    task = bars.tasks[[one.id for one in bars.tasks].index(stages[event.stage])]
    rate = f"{task.speed:.0f}/s" if task.speed and task.speed >= 10 else ""
    if task.speed and task.speed < 10:
        rate = f"{task.speed:.2g}/s"
    failed = f"[red]{event.failed} failed" if event.failed else ""
    bars.update(
        stages[event.stage], completed=event.done, total=event.total, rate=rate, failed=failed
    )
    if event.done >= event.total:
        bars.remove_task(stages.pop(event.stage))


def _say(event: Event, said: set[str], *, verbose: bool, quiet: bool) -> None:
    wanted = verbose or (event.level == "warning" and not quiet)
    if event.message and wanted and _is_news(event, said):
        click.echo(_line(event), err=True)


def _is_news(event: Event, said: set[str]) -> bool:
    """Tell whether a message was not said before: folds repeat what they have to say."""
    if event.message in said:
        return False
    said.add(event.message)
    return True


def _line(event: Event) -> str:
    prefix = "Warning: " if event.level == "warning" else ""
    return printable(f"{prefix}{event.message}")
