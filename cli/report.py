"""``texturekit report``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from . import opening, options, ranking
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
@click.option("--no-images", is_flag=True, help="Put no picture into the page.")
@options.pseudonymise
@options.open_page
@options.common
def command(
    runs: tuple[str, ...], output: str | None, no_images: bool, pseudonymise: bool,
    open_page: bool, as_json: bool, overwrite: bool, verbose: bool, quiet: bool, no_progress: bool,
) -> int:  # fmt: skip
    """Draw the page of RUN from the run folder alone; no image is read again.

    Several runs give one page that lays them side by side and, if they are of different data, ranks
    methods over them, in the folder -o, with links to the runs' own pages.

    A page to mail: texturekit report RUN --no-images --pseudonymise -o page.html
    """
    from pathlib import Path

    import texturekit as tk

    if len(runs) > 1 and output is None:
        raise click.UsageError("several runs want -o DIR, the folder of the page that ranks them.")
    if len(runs) > 1 and (no_images or pseudonymise):
        raise click.UsageError("--no-images and --pseudonymise are for the page of one run.")
    if pseudonymise and output is None:
        raise click.UsageError("--pseudonymise wants -o FILE: the run folder itself keeps names.")
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        if len(runs) > 1:
            answer = _several([Path(run) for run in runs], Path(str(output)), overwrite, quiet)
        else:
            page = tk.redraw_report(
                runs[0],
                output,
                images=not no_images,
                pseudonymise=pseudonymise,
                overwrite=overwrite,
            )
            answer = {"report": str(page)}
    if open_page:
        opening.show(Path(answer["report"]))
    if as_json:
        options.show_json(answer)
    else:
        click.echo(answer["report"])
    return 0


def _several(runs: list[Path], folder: Path, overwrite: bool, quiet: bool) -> dict[str, Any]:
    """Lay several runs side by side; a task that was run twice goes by its folder's name."""
    import texturekit as tk

    found = {run: tk.read_study(run) for run in dict.fromkeys(runs)}
    names = _names({run: study.results.task for run, study in found.items()})
    return ranking.write(
        {names[run]: study.results for run, study in found.items()},
        {names[run]: run / "index.html" for run in found},
        {},
        folder,
        settings={
            names[run]: {**study.config, "made with": _made_with(study.environment)}
            for run, study in found.items()
        },
        overwrite=overwrite,
        quiet=quiet,
    )


def _made_with(environment: dict[str, Any]) -> dict[str, Any]:
    """Return the versions and the machine of a run; when and how it was started is its own."""
    own = ("command", "finished", "seed", "data_sha256")
    return {key: value for key, value in environment.items() if key not in own}


def _names(tasks: dict[Path, str]) -> dict[Path, str]:
    """Return what runs are called: their task, else their folder, else the way to it."""
    often, folders = Counter(tasks.values()), Counter(run.name for run in tasks)
    own = {run: run.name if folders[run.name] == 1 and run.name else str(run) for run in tasks}
    return {run: task if often[task] == 1 else own[run] for run, task in tasks.items()}
