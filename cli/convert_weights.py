"""``texturekit convert-weights``."""

from __future__ import annotations

import click

from . import options
from .console import showing


@click.command("convert-weights", short_help="Make torchxrayvision's pickled weights plain, once.")
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="A .safetensors file; without it the one that --weights pretrained reads.",
)
@options.common
def command(
    name: str, file: str, output: str | None, as_json: bool, overwrite: bool, verbose: bool,
    quiet: bool, no_progress: bool,
) -> int:  # fmt: skip
    """Make FILE, the published weights of the torchxrayvision network NAME, into numbers only.

    torchxrayvision publishes pickled modules, which run code when they are loaded. This reads one
    without running anything in it, checks every number, and writes a safetensors file. Prints its
    path. 'texturekit info NAME' says where the published file is.
    """
    from pathlib import Path

    from texturekit.deep.converted import origin
    from texturekit.deep.xray_files import convert_weights

    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        made = convert_weights(
            name, Path(file), None if output is None else Path(output), overwrite=overwrite
        )
    facts = origin(made)
    if as_json:
        options.show_json({"path": str(made), **facts})
        return 0
    if not quiet:
        click.echo(
            f"{facts['file']}: sha256 {facts['sha256']}. torchxrayvision publishes no checksum, so "
            "compare it with one that you trust.",
            err=True,
        )
    click.echo(str(made))
    return 0
