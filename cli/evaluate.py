"""``texturekit evaluate``."""

from __future__ import annotations

from typing import Any

import click

from . import opening, options
from .console import showing
from .telling import dated, free, incomplete, tell


@click.command("evaluate", short_help="Test a saved model on labelled images, with a report.")
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="SOURCE")
@click.option("--labels", metavar="a,b", help="Labels to test, of a model with several.")
@click.option("--positive", metavar="NAME", help="The positive class of two; the model's.")
@options.group
@options.masks
@options.mask_label
@options.frames
@options.own_weights
@options.device
@options.jobs
@options.limit
@click.option(
    "--subgroups",
    default="auto",
    show_default=True,
    metavar="auto|none|COL,..",
    help="Show results by columns of the manifest.",
)
@options.statements
@click.option("--no-images", is_flag=True, help="Put no picture into the report.")
@options.pseudonymise
@click.option("-o", "--output", type=click.Path(file_okay=False), metavar="DIR", help="Run folder.")
@options.open_page
@options.common
def command(
    model: str, data: str, output: str | None, labels: str | None, group: str, no_images: bool,
    pseudonymise: bool, open_page: bool, as_json: bool, overwrite: bool, verbose: bool, quiet: bool,
    no_progress: bool, **settings: Any,
) -> int:  # fmt: skip
    """Test MODEL on the labelled images of SOURCE and write a report. Nothing is fitted.

    MODEL is a folder that a training wrote, or a pretrained backbone with a head; SOURCE a manifest
    (CSV, Parquet), a folder tree with a folder a class, or an .npz in MedMNIST's form. Images are
    prepared as at training, and thresholds are the model's: neither size nor window nor region can
    be changed here. Prints the path of the report.
    """
    import texturekit as tk
    from texturekit.outputs import check_output

    source = None if pseudonymise else data  # a folder is called like its source
    folder = check_output(output or dated(source or "model"), overwrite=overwrite)
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        study = tk.evaluate(
            model, data,
            labels=None if labels is None else [name.strip() for name in labels.split(",")],
            group=None if group.lower() == "none" else group, images=not no_images, **settings,
        )  # fmt: skip
        study = tk.pseudonymised(study) if pseudonymise else study
        page = tk.write_report(study, folder if output else free(folder), overwrite=overwrite)
    if not quiet:
        tell(study)
    if open_page:
        opening.show(page)
    if as_json:
        options.show_json({"report": str(page), "results": study.results.model_dump(mode="json")})
    else:
        click.echo(str(page))
    return 1 if incomplete(study.results) else 0
