"""``texturekit explain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from texturekit.errors import printable

from . import options
from .console import showing

if TYPE_CHECKING:
    from texturekit.data.manifest import Manifest
    from texturekit.methods.model import Model
    from texturekit.randomisation import Sanity
    from texturekit.records import Skipped
    from texturekit.report.contribution_files import WrittenContributions
    from texturekit.report.explanations import Written

    Folder = Written | WrittenContributions

_SHOWN = 20
_NETS = ("gradcam", "gradcam++", "occlusion")
_TABLES = "contributions"


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
    type=click.Choice([*_NETS, _TABLES]),
    default=None,
    show_default="gradcam for nets, contributions for all others",
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
@click.option(
    "--columns",
    type=click.IntRange(0),
    default=None,
    show_default="10",
    metavar="N",
    help="Columns to tell of each image, for methods on columns; 0 saves most of the time.",
)
@options.jobs
@options.masks
@options.mask_label
@options.frames
@options.weights
@options.device
@options.seed
@options.limit
@options.common
def command(
    model: str, sources: tuple[str, ...], output: str, classes: str | None, method: str | None,
    sanity: int | None, columns: int | None, jobs: int, frames: str | None, limit: int | None,
    weights: str, device: str, seed: int, as_json: bool, overwrite: bool, verbose: bool,
    quiet: bool, no_progress: bool, **reading: Any,
) -> int:  # fmt: skip
    """Show what speaks for a class: which parts of images, as a network sees it, by Grad-CAM,
    Grad-CAM++ or occlusion; or for a method on columns which families of texture.

    MODEL is a model's folder, or a backbone that has trained outputs. IMAGE is an image, a folder
    tree or a manifest. DIR gets a drawing of each image and class, a table explanations.csv, and
    explanations.json; of nets raw maps, too, of methods on columns contributions.csv and
    columns.csv. None of it is a diagnosis, or says whether the answer is right.
    """  # noqa: D205
    from texturekit.data.choices import first
    from texturekit.outputs import check_output

    check_output(output, overwrite=overwrite)
    check: Sanity | None = None
    written: Folder
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        known = _model(model, weights)
        table = _on_columns(known, model, method, sanity, columns)
        data = _images(known, sources, frames, **reading)
        whole = len(data)
        if limit is not None:
            data = first(data, limit)
        if table is not None:
            written = _contributed(
                table, data, output, classes, columns, jobs=jobs, device=device,
                weights=None if weights == "auto" else weights, overwrite=overwrite,
            )  # fmt: skip
        else:
            written, check = _mapped(
                known or model, data, output, classes, method or _NETS[0], sanity,
                weights=weights if known is None else "auto", device=device, seed=seed,
                overwrite=overwrite,
            )  # fmt: skip
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


def _model(name: str, weights: str) -> Model | None:
    """Return the model in a folder; None for a backbone, and for what is not there."""
    import texturekit as tk
    from texturekit.errors import ParameterError
    from texturekit.methods.learners import TableLearner

    if not Path(name).exists():
        return None
    model = tk.load(name)
    if weights != "auto" and not isinstance(model.learner, TableLearner):
        raise ParameterError(
            f"weights is {weights!r}, but {name!r} is a model's folder, which holds its own; "
            "leave weights out."
        )
    return model


def _images(
    model: Model | None, sources: tuple[str, ...], frames: str | None, **reading: Any
) -> Manifest:
    """Read the sources as the model's training data were read, unless told otherwise."""
    import texturekit as tk

    training = {} if model is None else model.training
    if reading["mask_label"] is None and reading["masks"] is not None:
        reading["mask_label"] = training.get("mask_label")
    named = sources[0] if len(sources) == 1 else list(sources)
    return tk.load_source(named, frames=frames or training.get("frames") or "one", **reading)


def _on_columns(
    model: Model | None, name: str, method: str | None, sanity: int | None, columns: int | None
) -> Model | None:
    """Return the model if it is one on columns, after a look at what was asked of it."""
    from texturekit.errors import ParameterError
    from texturekit.methods.learners import PriorLearner, TableLearner

    on_columns = model is not None and isinstance(model.learner, TableLearner | PriorLearner)
    said = printable(name if model is None else model.method.name)
    if on_columns and method in _NETS:
        raise ParameterError(
            f"--method {method} draws maps of nets, but {said} is a method on columns; use "
            f"--method {_TABLES}, or leave it out."
        )
    if not on_columns and method == _TABLES:
        raise ParameterError(
            f"--method {_TABLES} is for methods on columns, but {said} is a net; use one of "
            f"{', '.join(_NETS)}, or leave it out."
        )
    if on_columns and sanity:
        raise ParameterError(
            f"--sanity asks whether maps of a net depend on what it learnt; {said} has no such "
            "maps. Leave it out."
        )
    if not on_columns and columns is not None:
        raise ParameterError(f"--columns is for methods on columns, but {said} is a net.")
    return model if on_columns else None


def _contributed(
    model: Model, data: Manifest, output: str, classes: str | None, columns: int | None, *,
    overwrite: bool, **how: Any,
) -> WrittenContributions:  # fmt: skip
    from texturekit.contributing import contributions
    from texturekit.report.contribution_files import write_contributions

    found = contributions(
        model, data, _wanted(classes), on_error="skip",
        columns=10 if columns is None else columns, **how,
    )  # fmt: skip
    return write_contributions(found, output, overwrite=overwrite)


def _mapped(
    model: Model | str, data: Manifest, output: str, classes: str | None, method: str,
    sanity: int | None, *, weights: str, device: str, seed: int, overwrite: bool,
) -> tuple[Written, Sanity | None]:  # fmt: skip
    import texturekit as tk
    from texturekit.report.explanations import write_explanations

    found = tk.explain(
        model, data, _wanted(classes), method, weights=weights, device=device, seed=seed,
        on_error="skip",
    )  # fmt: skip
    check = _checked(found, sanity, classes, device, seed)
    return write_explanations(found, output, check=check, overwrite=overwrite), check


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


def _say(written: Folder) -> None:
    """Say what became of every row."""
    counts, bad = written.counts, written.bad
    rows = "1 row" if counts.total() == 1 else f"{counts.total()} rows"
    click.echo(
        f"{rows} = {counts['ok']} explained + {counts['empty']} empty + {counts['failed']} failed",
        err=True,
    )
    for row in bad[:_SHOWN]:
        click.echo(printable(f"  {row['status']}: {row['path']}: {row['error']}"), err=True)
    more = counts.total() - counts["ok"] - _SHOWN
    if more > 0:
        click.echo(f"  and {more} more; see the column 'error'", err=True)


def _say_check(check: Sanity) -> None:
    warning = "" if check.verdict == "changes" else "Warning: "
    images = "1 image" if check.images == 1 else f"{check.images} images"
    click.echo(f"{warning}sanity check on {images}: {check.sentence}", err=True)


def _json(
    written: Folder, check: Sanity | None, output: str, skipped: list[Skipped]
) -> dict[str, Any]:
    return {
        "path": printable(output),
        "rows": written.counts.total(),
        "explained": written.counts["ok"],
        "empty": written.counts["empty"],
        "failed": [
            {"path": row["path"], "reason": row["error"]}
            for row in written.bad
            if row["status"] == "failed"
        ],
        "skipped": [
            {"path": printable(one.path), "reason": printable(one.reason), "kind": one.kind}
            for one in skipped
        ],
        "sanity": None if check is None else check.model_dump(),
    }
