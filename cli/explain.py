"""``texturekit explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from texturekit.errors import printable

from . import options
from .console import showing

if TYPE_CHECKING:
    from texturekit.randomisation import Sanity
    from texturekit.records import Skipped
    from texturekit.report.explanations import Written

_SHOWN = 20


@click.command("explain", short_help="Draw which parts of images speak for a class.")
@click.argument("model", metavar="MODEL", type=click.Path())
@click.argument("sources", metavar="IMAGE...", nargs=-1, required=True)
@click.option(
    "-o", "--output", required=True, type=click.Path(), metavar="DIR", help="Folder to write."
)
@click.option(
    "--class",
    "classes",
    metavar="NAME[,NAME...]|all",
    help="What to explain; without, the positive class of two, else the most probable one.",
)
@click.option(
    "--method",
    type=click.Choice(["gradcam", "gradcam++", "occlusion"]),
    default="gradcam",
    show_default=True,
    help="occlusion looks into no layer, and takes some hundred times as long.",
)
@click.option(
    "--sanity",
    type=click.IntRange(0),
    default=None,
    show_default="4, for occlusion 1",
    metavar="N",
    help="Check on the first N images that maps change when the net forgets; 0: do not.",
)
@options.masks
@options.mask_label
@options.frames
@options.weights
@options.device
@options.seed
@options.limit
@options.common
def command(
    model: str, sources: tuple[str, ...], output: str, classes: str | None, method: str,
    sanity: int | None, frames: str | None, limit: int | None, weights: str, device: str,
    seed: int, as_json: bool, overwrite: bool, verbose: bool, quiet: bool, no_progress: bool,
    **reading: Any,
) -> int:  # fmt: skip
    """Show which parts of images speak for a class, as a network sees it: by Grad-CAM, Grad-CAM++
    or occlusion.

    MODEL is a model's folder, or a backbone that has trained outputs. IMAGE is an image, a folder
    tree or a manifest. DIR gets an overlay and a raw map of each image and class, a table
    explanations.csv, and explanations.json. A map says where the net looked: it is not a
    diagnosis, and says nothing of whether the net is right.
    """  # noqa: D205
    import texturekit as tk
    from texturekit.data.choices import first
    from texturekit.outputs import check_output
    from texturekit.report.explanations import write_explanations

    check_output(output, overwrite=overwrite)
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        named = sources[0] if len(sources) == 1 else list(sources)
        data = tk.load_source(named, frames=frames or "one", **reading)
        whole = len(data)
        if limit is not None:
            data = first(data, limit)
        found = tk.explain(
            model, data, _wanted(classes), method, weights=weights, device=device, seed=seed,
            on_error="skip",
        )  # fmt: skip
        check = _checked(found, sanity, classes, device, seed)
        written = write_explanations(found, output, check=check, overwrite=overwrite)
    skipped = [skip for skip in data.skipped if skip.kind != "ignored"]
    if not quiet:
        if limit is not None and limit < whole:
            click.echo(f"Shortened: the first {len(data)} of {whole} images (--limit).", err=True)
        for skip in skipped[:_SHOWN]:
            click.echo(printable(f"  {skip.kind}: {skip.path}: {skip.reason}"), err=True)
        _say(written)
    if check is not None and not (quiet and check.verdict == "changes"):
        _say_check(check)
    if as_json:
        options.show_json(_json(written, check, output, skipped))
    else:
        click.echo(output)
    return 1 if skipped or written.counts["failed"] else 0


def _wanted(classes: str | None) -> str | list[str] | None:
    if classes is None or classes == "all":
        return classes
    return [name for part in classes.split(",") if (name := part.strip())]


def _checked(
    found: Any, images: int | None, classes: str | None, device: str, seed: int
) -> Sanity | None:
    """Check the maps of the first images, unless none of them can be used."""
    from texturekit.errors import ParameterError
    from texturekit.randomisation import sanity

    occlusion = found.method == "occlusion"
    if images is None:
        images = 1 if occlusion else 4
    if images == 0:
        return None
    try:
        return sanity(
            found.net, found.manifest, _wanted(classes), found.method, images=images,
            draws=1 if occlusion else 3, device=device, seed=seed,
        )  # fmt: skip
    except ParameterError:
        return None


def _say(written: Written) -> None:
    """Say what became of every row."""
    counts = written.counts
    click.echo(
        f"{len(written.rows)} rows = {counts['ok']} explained + {counts['empty']} empty + "
        f"{counts['failed']} failed",
        err=True,
    )
    bad = [row for row in written.rows if row["status"] != "ok"]
    for row in bad[:_SHOWN]:
        click.echo(printable(f"  {row['status']}: {row['path']}: {row['error']}"), err=True)
    if len(bad) > _SHOWN:
        click.echo(f"  and {len(bad) - _SHOWN} more; see the column 'error'", err=True)


def _say_check(check: Sanity) -> None:
    warning = "" if check.verdict == "changes" else "Warning: "
    images = "1 image" if check.images == 1 else f"{check.images} images"
    click.echo(f"{warning}sanity check on {images}: {check.sentence}", err=True)


def _json(
    written: Written, check: Sanity | None, output: str, skipped: list[Skipped]
) -> dict[str, Any]:
    return {
        "path": printable(output),
        "rows": len(written.rows),
        "explained": written.counts["ok"],
        "empty": written.counts["empty"],
        "failed": [
            {"path": row["path"], "reason": row["error"]}
            for row in written.rows
            if row["status"] == "failed"
        ],
        "skipped": [
            {"path": printable(one.path), "reason": printable(one.reason), "kind": one.kind}
            for one in skipped
        ],
        "sanity": None if check is None else check.model_dump(),
    }
