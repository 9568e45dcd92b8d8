"""``texturekit report``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from . import options, ranking
from .console import showing

if TYPE_CHECKING:
    from pathlib import Path


@click.command("report", short_help="Draw the page of a finished run again, or of several runs.")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(file_okay=False))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Page to write; RUN/index.html by default, which it replaces. Of several runs: a folder.",
)
@options.common
def command(
    runs: tuple[str, ...], output: str | None, as_json: bool, overwrite: bool, verbose: bool,
    quiet: bool, no_progress: bool,
) -> int:  # fmt: skip
    """Draw the page of RUN from the run folder alone; no image is read again.

    Several runs give one page that ranks methods over them, in the folder -o, with links to the
    runs' own pages.
    """
    from pathlib import Path

    from texturekit.report.folder import redraw

    if len(runs) > 1 and output is None:
        raise click.UsageError("several runs want -o DIR, the folder of the page that ranks them.")
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        if len(runs) > 1:
            answer = _several([Path(run) for run in runs], Path(str(output)), overwrite, quiet)
        else:
            target = None if output is None else Path(output)
            answer = {"report": str(redraw(Path(runs[0]), target, overwrite=overwrite))}
    if as_json:
        options.show_json(answer)
    else:
        click.echo(answer["report"])
    return 0


def _several(runs: list[Path], folder: Path, overwrite: bool, quiet: bool) -> dict[str, Any]:
    """Rank the methods of several runs; a task that was run twice goes by its folder's name."""
    import texturekit as tk

    found = {run: tk.read_study(run).results for run in dict.fromkeys(runs)}
    often = Counter(results.task for results in found.values())
    names = {run: r.task if often[r.task] == 1 else str(run) for run, r in found.items()}
    return ranking.write(
        {names[run]: results for run, results in found.items()},
        {names[run]: run / "index.html" for run in found},
        {},
        folder,
        overwrite=overwrite,
        quiet=quiet,
    )
