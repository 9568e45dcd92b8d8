"""``texturekit sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from texturekit.errors import OutputError, printable

from . import options
from .console import showing

if TYPE_CHECKING:
    from texturekit.records.sweep import Sweep
    from texturekit.sweeping import Plan


@click.command("sweep", short_help="Try settings on validation images, and draw what they give.")
@click.option("--task", metavar="NAME", help="A task ('texturekit tasks') or a YAML card.")
@click.option("--data", metavar="SOURCE", help="Folder tree, manifest or .npz; else the sample.")
@click.option("--methods", metavar="LIST", help="Such as resnet18/finetune,glcm+lbp/svm.")
@options.recipe
@click.option("--batch", metavar="LIST", help="Batch sizes of nets: 8,16,25.")
@click.option("--rate", metavar="LIST|LOW:HIGH", help="Learning rates of nets: 1e-4:1e-2 (log).")
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUES",
    help="Another setting: svm.C=0.1:10, glcm.levels=16,32, finetune.weight_decay=0,0.01; one "
    "value fixes it.",
)
@click.option("--grid", "every", is_flag=True, help="Every combination, ranges in 3 steps.")
@click.option("--trials", type=click.IntRange(1), metavar="N", help="Settings drawn (20 if none).")
@click.option(
    "--prune/--no-prune",
    default=None,
    help="Stop trainings that fall behind the others; without --grid this is the rule.",
)
@options.labels
@options.positive
@options.group
@options.masks
@options.mask_label
@options.frames
@options.roi
@options.window
@options.size
@options.weights
@options.device
@options.jobs
@options.seed
@options.allow_leakage
@options.limit
@options.epochs
@click.option("--dry-run", is_flag=True, help="Say what would be tried, and stop.")
@click.option("-o", "--output", type=click.Path(file_okay=False), metavar="DIR", help="Folder.")
@options.open_page
@options.common
def command(
    task: str | None, data: str | None, methods: str | None, output: str | None,
    batch: str | None, rate: str | None, params: tuple[str, ...], every: bool,
    trials: int | None, prune: bool | None, labels: str | None, group: str, dry_run: bool,
    open_page: bool, as_json: bool, overwrite: bool, verbose: bool, quiet: bool,
    no_progress: bool, **settings: Any,
) -> int:  # fmt: skip
    """Try settings of methods, judge them by the log loss on validation images, and draw it.

    Of nets batch size and learning rate are tried, of other methods what --tune searches, and what
    --param names. Test images are never looked at. The same command in several processes at once,
    with the same -o, shares the work; a sweep that was ended goes on from OUTPUT.partial. Prints
    the path of the page; on stderr the command that trains the best.
    """
    if task is None and data is None:
        raise click.UsageError("one of --task and --data is required.")
    if methods is None and settings["recipe"] is None:
        raise click.UsageError("one of --methods and --recipe is required.")
    if output is None and not dry_run:
        raise click.UsageError("-o DIR is required: where the page goes.")
    if every and trials is not None:
        raise click.UsageError("--grid tries every combination; leave --trials out.")
    from texturekit.methods.planning import Options
    from texturekit.report.sweep_page import check_sweep_output
    from texturekit.sweeping import plan_sweep

    asked = Options(
        methods=methods,
        labels=None if labels is None else [name.strip() for name in labels.split(",")],
        group=None if group.lower() == "none" else group,
        **settings,
    )
    folder = None if dry_run or output is None else Path(output)
    if folder is not None:
        check_sweep_output(folder, overwrite=overwrite)
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        plan = plan_sweep(
            task, data, asked, params=_params(params, batch, rate), every=every, trials=trials,
            prune=prune,
        )  # fmt: skip
        if not quiet:
            click.echo(printable("\n".join(_planned(plan))), err=True)
        if folder is None:
            if as_json:
                options.show_json({**plan.fingerprint, "points": plan.points})
            return 0
        found = _run(plan, folder, overwrite=overwrite)
    lost = any(skip.kind != "ignored" for skip in plan.job.manifest.skipped)
    return _end(folder, found, lost, as_json=as_json, quiet=quiet, open_page=open_page)


def _params(texts: tuple[str, ...], batch: str | None, rate: str | None) -> dict[str, str]:
    """Return what is tried, by name; --batch and --rate are short for two of them."""
    found = options.pairs(texts, "--param")
    for flag, name, text in (
        ("--batch", "finetune.batch", batch),
        ("--rate", "finetune.learning_rate", rate),
    ):
        if text is not None and name in found:
            raise click.UsageError(f"{flag} and --param {name} are the same; give one.")
        if text is not None:
            found[name] = text
    return found


def _run(plan: Plan, folder: Path, *, overwrite: bool) -> Sweep:
    """Run, and write the folder unless another process has done so."""
    from texturekit.report.sweep_page import finish_sweep, read_sweep
    from texturekit.sweeping import run_sweep

    partial = folder.with_name(f"{folder.name}.partial")
    found = run_sweep(plan, partial, overwrite=overwrite)
    if found is not None:
        finish_sweep(found, plan, partial, folder, overwrite=overwrite)
    told, methods = read_sweep(folder), [one.method.name for one in plan.methods]
    mine = (methods, plan.space, plan.job.options.seed, plan.course.manifest.sha256)
    if (told.methods, told.space, told.seed, told.data_sha256) != mine:
        raise OutputError(
            f"{folder} holds another sweep, which was finished meanwhile; choose another output."
        )
    return told


def _planned(plan: Plan) -> list[str]:
    parts = {name: counts for name, counts in plan.counts.items() if len(plan.course.parts[name])}
    counts = [
        f"{name} {len(plan.course.parts[name])} "
        f"({', '.join(f'{label} {n}' for label, n in own.items())})"
        for name, own in parts.items()
    ]
    drawn = "every combination" if plan.points is not None else "drawn"
    return [
        f"{plan.job.title}: {plan.trials} trials, {drawn}",
        f"  images: {'; '.join(counts)}",
        *(f"  {name}: {limits}" for name, limits in plan.space.items()),
        *(f"  {name}: {value} (fixed)" for name, value in plan.fixed.items()),
        *(f"Note: {note}" for note in (*plan.course.notes, *plan.notes)),
    ]


def _end(
    folder: Path, found: Sweep, lost: bool, *, as_json: bool, quiet: bool, open_page: bool
) -> int:
    page = folder / "index.html"
    if not quiet:
        click.echo(printable("\n".join(_told(found))), err=True)
    if as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        click.echo(str(page))
    if open_page:
        from .opening import show

        show(page)
    return 1 if lost or any(trial.state == "failed" for trial in found.trials) else 0


def _told(found: Sweep) -> list[str]:
    failed = [trial for trial in found.trials if trial.state == "failed"]
    pruned = sum(trial.state == "pruned" for trial in found.trials)
    lines = [
        f"{len(found.trials)} trials, {pruned} stopped early, {len(failed)} failed",
        *(f"  failed: trial {one.number}, {one.method}: {one.reason}" for one in failed[:20]),
    ]
    best = found.winner
    if best is None:
        return [*lines, "No trial is complete, so that nothing was chosen."]
    settings = ", ".join(f"{name} {value}" for name, value in best.parameters.items())
    return [
        *lines,
        f"Lowest validation loss: {best.value:.4g}, {best.method}, {settings}. It chose, and does "
        "not tell how good the model is.",
        f"To train it: {found.command}",
    ]
