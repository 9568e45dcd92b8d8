"""``texturekit import-checkpoint``."""

from __future__ import annotations

import click

from . import options
from .console import showing


@click.command("import-checkpoint", short_help="Make a torchvision state dict a model folder.")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--backbone", required=True, metavar="NAME", help="The network: densenet121.")
@click.option("--classes", metavar="a,b", help="Names of the outputs, in the order of the outputs.")
@click.option("--task", metavar="NAME", help="A task whose classes they are, in its order.")
@options.positive
@click.option(
    "--resize", "size", type=click.IntRange(16, 4096), metavar="N",
    help="Side of the pictures that it was trained on; the task's, else 224.",
)  # fmt: skip
@click.option("-o", "--output", required=True, type=click.Path(file_okay=False), metavar="DIR")
@options.common
def command(
    file: str, backbone: str, classes: str | None, task: str | None, positive: str | None,
    size: int | None, output: str, as_json: bool, overwrite: bool, verbose: bool, quiet: bool,
    no_progress: bool,
) -> int:  # fmt: skip
    """Make FILE, the plain state dict of a torchvision network with its trained head, a model.

    Takes resnet18, resnet50, densenet121, efficientnet_b0, vgg11 and vgg16, also inside another
    module; docs/weights.md tells which. The classes are never guessed: give --classes, or a --task
    that names them. Of one output (sigmoid) the second class is the one. Prints the model's folder.
    """
    from texturekit.methods.importing import import_checkpoint
    from texturekit.outputs import check_output

    check_output(output, overwrite=overwrite)
    names = None if classes is None else [name.strip() for name in classes.split(",")]
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        model = import_checkpoint(file, backbone, names, task=task, positive=positive, size=size)
        made = model.save(output, overwrite=overwrite)
    if as_json:
        options.show_json(
            {"model": str(made), "method": model.method.name, "classes": list(model.classes)}
        )
    else:
        click.echo(str(made))
    return 0
