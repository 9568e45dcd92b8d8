"""``texturekit export``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from texturekit.errors import printable

from . import options
from .console import showing

if TYPE_CHECKING:
    from texturekit.exporting import Exported


@click.command("export", short_help="Write a saved model as ONNX or TorchScript.")
@click.argument("model", metavar="MODEL")
@click.option(
    "--format",
    "form",
    type=click.Choice(["onnx", "torchscript"]),
    default="onnx",
    show_default=True,
    help="TorchScript is for trained networks only.",
)
@click.option("-o", "--output", required=True, type=click.Path(), metavar="FILE")
@options.own_weights
@options.common
def command(
    model: str, form: str, output: str, weights: str | None, as_json: bool, overwrite: bool,
    verbose: bool, quiet: bool, no_progress: bool,
) -> int:  # fmt: skip
    """Write MODEL as one FILE that other programs run: a folder that a training wrote, or a
    pretrained backbone with a head.

    The file takes pictures, measured columns, or both, and gives calibrated probabilities; it says
    itself how its inputs are prepared. It is kept only if it says the same as the model on seeded
    inputs, to 0.0001. Prints the file's path. Not for clinical use.
    """  # noqa: D205
    from texturekit.exporting import check_format, export
    from texturekit.methods.saved import saved_model
    from texturekit.outputs import check_output

    check_output(output, overwrite=overwrite)
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        known = saved_model(model, weights=weights, device="cpu")
        check_format(known, form)
        made = export(known, output, form, overwrite=overwrite, weights=weights)
    if not quiet:
        click.echo(printable(_about(made)), err=True)
    if as_json:
        options.show_json({"path": printable(output), **_summary(made)})
    else:
        click.echo(output)
    return 0


def _about(made: Exported) -> str:
    """Say what the file wants and gives, and how near it comes."""
    inputs = " and ".join(
        f"{name} ({', '.join(map(str, told['shape']))}) {told['dtype']}"
        for name, told in made.metadata["inputs"].items()
    )
    command = made.metadata["inputs"].get("columns", {}).get("command")
    return (
        f"{made.metadata['method']} as {made.format}: takes {inputs}, gives probabilities of "
        f"{', '.join(made.metadata['classes'])}; {made.bytes / 1e6:.1f} MB; at most "
        f"{made.difference:.1g} from the model on seeded inputs. Not for clinical use."
        + (f"\nThe columns come from: {command}" if command else "")
    )


def _summary(made: Exported) -> dict[str, object]:
    return {
        "format": made.format,
        "bytes": made.bytes,
        "difference": made.difference,
        "metadata": made.metadata,
    }
