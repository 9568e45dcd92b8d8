"""``texturekit extract``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from texturekit.errors import printable

from . import options
from .console import showing


@click.command("extract", short_help="Measure images: texture and embedding columns to a table.")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Table to write: .parquet or .csv.",
)
@click.option(
    "--features",
    default="texture",
    show_default=True,
    help="Families, sets and backbones joined by '+': glcm(levels=64)+lbp+resnet18.",
)
@options.masks
@click.option(
    "--resize",
    type=click.IntRange(8, 4096),
    metavar="N",
    help="Long side in pixels, aspect kept; native resolution without.",
)
@options.weights
@options.device
@options.jobs
@options.seed
@options.limit
@click.option("--fail-fast", is_flag=True, help="Stop at the first image that cannot be measured.")
@options.common
def command(
    sources: tuple[str, ...], output: str, as_json: bool, verbose: bool, quiet: bool,
    no_progress: bool, **settings: Any,
) -> int:  # fmt: skip
    """Measure every image of SOURCE: a folder tree, a manifest (CSV, Parquet), an .npz in
    MedMNIST's form, or image files.

    A bad file costs its row (status, error), not the run. Reads PNG, JPEG, TIFF, BMP and WebP.
    """  # noqa: D205
    import texturekit as tk
    from texturekit.data.choices import first
    from texturekit.outputs import check_output
    from texturekit.table import check_table_path

    check_output(check_table_path(output), overwrite=settings["overwrite"])
    features, masks, limit = (settings.pop(k) for k in ("features", "masks", "limit"))
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        data = tk.load_source(sources[0] if len(sources) == 1 else list(sources), masks=masks)
        if limit is not None:
            data = first(data, limit)
        table = tk.extract(data, features, size=settings.pop("resize"), out=output, **settings)
    failures = table.failures
    if not quiet:
        ignored = sum(skip.kind == "ignored" for skip in data.skipped)
        if limit is not None:
            click.echo(f"Shortened: the first {len(data)} images only (--limit).", err=True)
        click.echo(
            f"{len(table)} images x {len(table.columns)} columns; {len(failures)} failed"
            + (f", {ignored} files ignored" if ignored else ""),
            err=True,
        )
        for failure in failures[:20]:
            named = "" if failure.path in failure.error else f"{failure.path}: "
            click.echo(printable(f"  failed: {named}{failure.error}"), err=True)
        if len(failures) > 20:
            click.echo(f"  and {len(failures) - 20} more; see the column 'error'", err=True)
    if as_json:
        options.show_json(
            {
                "path": printable(output),
                "found": data.found,
                "used": len(table),
                "columns": len(table.columns),
                "failed": [asdict(failure) for failure in failures],
                "ignored": [skip.path for skip in data.skipped if skip.kind == "ignored"],
            }
        )
    else:
        click.echo(output)
    return 1 if failures else 0
