"""``texturekit report``."""

from __future__ import annotations

import click

from . import options
from .console import showing


@click.command("report", short_help="Draw the page of a finished run again.")
@click.argument("run", metavar="RUN", type=click.Path(file_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Page to write; RUN/index.html by default, which it replaces.",
)
@options.common
def command(
    run: str, output: str | None, as_json: bool, overwrite: bool, verbose: bool, quiet: bool,
    no_progress: bool,
) -> int:  # fmt: skip
    """Draw the page of RUN from the run folder alone; no image is read again."""
    from pathlib import Path

    from texturekit.report.folder import redraw

    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        page = redraw(Path(run), None if output is None else Path(output), overwrite=overwrite)
    if as_json:
        options.show_json({"report": str(page)})
    else:
        click.echo(str(page))
    return 0
