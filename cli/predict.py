"""``texturekit predict``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from texturekit.errors import printable

from . import options
from .console import showing

if TYPE_CHECKING:
    from texturekit.methods.model import Model
    from texturekit.methods.predicting import Count

_BARE = ("csv", "json")


@click.command(
    "predict",
    short_help="Predict images with a saved model: a row an image.",
    epilog=options.formats(),
)
@click.argument("model", metavar="MODEL")
@click.argument("sources", metavar="IMAGE...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    default="csv",
    show_default=True,
    metavar="FILE|csv|json",
    help="File to write, .csv, .json or .parquet; the bare word writes to stdout.",
)
@options.masks
@options.mask_label
@options.frames
@options.own_weights
@options.device
@options.jobs
@options.limit
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Time that an image may take; then it counts as failed.",
)
@options.common
def command(
    model: str, sources: tuple[str, ...], output: str, as_json: bool, overwrite: bool,
    verbose: bool, quiet: bool, no_progress: bool, **settings: Any,
) -> int:  # fmt: skip
    """Predict every IMAGE: a folder tree, a manifest (CSV, Parquet), an .npz in MedMNIST's form, or
    image files. MODEL is a folder that a training wrote, or a pretrained backbone with a head.

    Beside the probabilities stands how unusual an image is for the model (ood_score, higher is
    more unusual) and whether it lies outside the training distribution. A bad file costs its
    row. Not for clinical use.
    """  # noqa: D205
    from texturekit.methods.predicting import Count
    from texturekit.methods.prediction_files import check_format
    from texturekit.methods.saved import saved_model
    from texturekit.outputs import check_output

    path = None if output in _BARE else check_output(check_format(output), overwrite=overwrite)
    count = Count()
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        known = saved_model(model, weights=settings["weights"], device=settings["device"])
        if not quiet:
            click.echo(f"{known.method}: not for clinical use. {_about(known)}", err=True)
        data = _images(known, sources, settings)
        output = "json" if as_json and path is None else output
        _write(known, data, path or output, count, overwrite=overwrite, **settings)
    if not quiet:
        click.echo(_summary(known, count), err=True)
    if path is not None and as_json:
        options.show_json(
            {
                "path": printable(str(path)),
                "found": data.found,
                "predicted": count.predicted,
                "failed": count.failed,
                "outside": None if known.ood.detector is None else count.outside,
                "ignored": [printable(s.path) for s in data.skipped if s.kind == "ignored"],
            }
        )
    elif path is not None:
        click.echo(str(path))
    return 1 if count.failed else 0


def _images(model: Model, sources: tuple[str, ...], settings: dict[str, Any]) -> Any:
    """Read the sources as the model's training data were read, unless told otherwise."""
    import texturekit as tk
    from texturekit.data.choices import first

    frames, label, limit = (settings.pop(key) for key in ("frames", "mask_label", "limit"))
    masks = settings.pop("masks")
    if label is None and masks is not None:
        label = model.training.get("mask_label")
    frames = frames or model.training.get("frames") or "one"
    named = sources[0] if len(sources) == 1 else list(sources)
    data = tk.load_source(named, frames=frames, masks=masks, mask_label=label)
    return data if limit is None else first(data, limit)


def _write(
    model: Model, data: Any, target: Path | str, count: Count, *, overwrite: bool, **settings: Any
) -> None:
    from texturekit.methods import prediction_files as files
    from texturekit.methods.predicting import column_names, predictions
    from texturekit.outputs import replacing

    parts, names = predictions(model, data, **settings), column_names(model)
    if target == "csv":
        files.write_csv(parts, names, sys.stdout, count)
    elif target == "json":
        files.write_json(parts, names, sys.stdout, count, _facts(model))
    else:
        suffix = Path(target).suffix.lower()
        with replacing(target, overwrite=overwrite) as partial:
            if suffix == ".parquet":
                files.write_parquet(parts, names, partial, count, _facts(model))
                return
            with partial.open("w", encoding="utf-8", newline="") as stream:
                if suffix == ".csv":
                    files.write_csv(parts, names, stream, count)
                else:
                    files.write_json(parts, names, stream, count, _facts(model))


def _facts(model: Model) -> dict[str, Any]:
    return {
        "method": model.method.name,
        "kind": model.kind,
        "classes": list(model.classes),
        "positive": model.positive,
        "ood": model.ood.facts(),
        "notice": "Not for clinical use.",
    }


def _about(model: Model) -> str:
    """Say what tells unusual images, or why nothing does."""
    ood = model.ood
    if ood.detector is None:
        return f"Nothing tells which images lie outside its training distribution: {ood.reason}."
    return f"Outside the training distribution: ood_score above {ood.threshold:.4g} ({ood.name})."


def _summary(model: Model, count: Count) -> str:
    total = count.predicted + count.failed
    text = f"{total} images = {count.predicted} predicted + {count.failed} failed"
    text += "".join(printable(f"\n  failed: {path}: {error}") for path, error in count.reasons)
    if count.failed > len(count.reasons):
        text += f"\n  and {count.failed - len(count.reasons)} more; see the column error"
    if count.outside:
        text += (
            f"\nWarning: {count.outside} of {count.predicted} lie outside the training "
            "distribution; what is predicted for them means nothing."
        )
    return text
