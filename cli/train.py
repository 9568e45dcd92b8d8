"""``texturekit train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from texturekit.errors import printable

from . import options
from .console import showing

if TYPE_CHECKING:
    from texturekit.methods.courses import Course
    from texturekit.methods.from_run import FromRun
    from texturekit.methods.model import Model


@click.command("train", short_help="Train one method and keep it as a model folder.")
@click.option("--task", metavar="NAME", help="A task ('texturekit tasks') or a YAML card.")
@click.option("--data", metavar="SOURCE", help="Folder tree, manifest or .npz; else the sample.")
@click.option("--method", metavar="METHOD", help="Such as resnet18/finetune, glcm+lbp/forest.")
@click.option(
    "--from-run",
    type=click.Path(exists=True, file_okay=False),
    metavar="RUN",
    help="Report of compare: method, data and settings are its own; --method names another of it.",
)
@options.recipe
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
@options.threshold
@options.calibrate
@options.epochs
@options.tune
@click.option(
    "--cases",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Keep N training images as pictures in the model, to show similar ones.",
)
@options.candidate
@click.option("--dry-run", is_flag=True, help="Say what would be trained, by what, and stop.")
@click.option("-o", "--output", type=click.Path(file_okay=False), metavar="DIR", help="Model.")
@options.common
def command(
    task: str | None, data: str | None, method: str | None, from_run: str | None,
    output: str | None, labels: str | None, group: str, cases: int, candidate: tuple[str, ...],
    dry_run: bool, as_json: bool, overwrite: bool, verbose: bool, quiet: bool, no_progress: bool,
    **settings: Any,
) -> int:  # fmt: skip
    """Train one method on labelled images and write it as a model folder.

    With --recipe seed the task's write-up gives method, settings, size and split; its test part
    stays out. With --from-run the comparison's leader, or --method, is fitted to all its training
    images with its settings; what it found goes into the model. Training that was interrupted goes
    on from OUTPUT.partial when the same command is run again. Prints the path of the model. Of the
    processes that torchrun starts, the first one writes and talks.
    """
    if from_run is not None:
        _refuse_settings(click.get_current_context())
    elif task is None and data is None:
        raise click.UsageError("one of --task, --data and --from-run is required.")
    elif method is None and settings["recipe"] is None:
        raise click.UsageError("one of --method, --recipe and --from-run is required.")
    if output is None and not dry_run:
        raise click.UsageError("-o DIR is required: where the model goes.")
    from texturekit.deep.launched import writes
    from texturekit.methods.courses import described, plan_course
    from texturekit.methods.planning import Options
    from texturekit.outputs import check_output
    from texturekit.tuning import scalar

    own = {name: scalar(text) for name, text in options.pairs(candidate, "--set").items()}
    run = None if from_run is None else _run(from_run, method, data)
    if run is not None:
        asked = run.options(**_given(click.get_current_context()))
        task, source, method = run.task, run.source, run.row.name
    else:
        source = data
        asked = Options(
            labels=None if labels is None else [name.strip() for name in labels.split(",")],
            group=None if group.lower() == "none" else group,
            candidate=own,
            **settings,
        )
    first = writes()
    quiet = quiet or not first
    folder = None if dry_run or output is None else Path(output)
    if folder is not None and first:
        check_output(folder, overwrite=overwrite)
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        course = plan_course(task, source, asked, method=method, look=not dry_run, run=run)
        plan = described(course)
        if not quiet:
            _tell(course, plan)
            _warn_of(cases)
        if folder is None:
            if as_json:
                options.show_json(plan)
            return 0
        plan |= _train(course, folder, cases, overwrite=overwrite, first=first)
    if not first:
        return 0
    if as_json:
        options.show_json({"model": str(folder), **plan})
    else:
        click.echo(str(folder))
    lost = [skip for skip in course.job.manifest.skipped if skip.kind != "ignored"]
    return 1 if lost else 0


_OF_A_RUN = (
    "from_run", "method", "data", "masks", "weights", "device", "jobs", "cases", "dry_run",
    "output", "as_json", "overwrite", "verbose", "quiet", "no_progress", "config",
)  # fmt: skip


def _refuse_settings(context: click.Context) -> None:
    """Refuse what the comparison has settled."""
    for option in context.command.params:
        name = str(option.name)
        given = context.get_parameter_source(name) is not ParameterSource.DEFAULT
        if name not in _OF_A_RUN and given:
            raise click.UsageError(
                f"{option.opts[0]} is the comparison's with --from-run; leave it out, or train "
                "without --from-run."
            )


def _given(context: click.Context) -> dict[str, Any]:
    """Return the options that were asked for and change nothing that is learnt."""
    return {
        name: context.params[name]
        for name in ("device", "jobs", "weights", "masks")
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }


def _run(folder: str, method: str | None, data: str | None) -> FromRun:
    """Read a comparison and choose its method."""
    import texturekit as tk
    from texturekit.methods.from_run import FromRun

    return FromRun.of(tk.read_study(folder), folder, method, data)


def _warn_of(cases: int) -> None:
    if cases:
        from texturekit.methods.cases import Cases

        click.echo(f"Warning: {cases} images are kept. {Cases.NOTICE}", err=True)


def _train(
    course: Course, folder: Path, cases: int, *, overwrite: bool, first: bool
) -> dict[str, Any]:
    """Train, write the model folder and return what each epoch gave."""
    import shutil

    from texturekit.methods.courses import run_course
    from texturekit.outputs import replacing

    partial = folder.with_name(f"{folder.name}.partial")
    model = run_course(course, partial, overwrite=overwrite, cases=cases)
    if not first:
        return {}
    with replacing(folder, overwrite=overwrite) as place:
        model.save(place)
        gone = _curves(model, place)
    shutil.rmtree(partial, ignore_errors=True)
    return gone


def _curves(model: Model, folder: Path) -> dict[str, Any]:
    from texturekit import draw
    from texturekit.methods.learners import PictureLearner

    if not isinstance(model.learner, PictureLearner) or model.learner.network is None:
        return {}
    network = model.learner.network
    best = network.facts.best_epoch
    label = f"Training of {model.method}: loss of each epoch"
    score = "mean AUC" if model.kind == "multilabel" else "accuracy"
    svg = draw.training_curves(network.history, best=best, label=label, score=score)
    (folder / "curves.svg").write_text(svg, encoding="utf-8")
    return {
        "weights": network.facts.weights,
        "best_epoch": best,
        "history": network.history,
        "settings": network.facts.settings.model_dump(mode="json"),
    }


def _chosen(course: Course) -> list[str]:
    """Say what the comparison found of its method."""
    if course.run is None:
        return []
    from texturekit.metrics.leading import leader

    run = course.run
    first = leader(run.study.results)
    found = run.row.metrics.get("roc_auc")
    lead = "leads" if first is not None and first.name == run.row.name else "is a method of"
    lines = [f"  {lead} the comparison"]
    if found is not None and found.value is not None:
        span = "" if found.low is None else f" [{found.low:.3f}, {found.high:.3f}]"
        lines[0] += f": AUC {found.value:.3f}{span}"
    if run.row.family == "baseline":
        lines.append("  Warning: it is a baseline, which looks at no tissue")
    return lines


def _tell(course: Course, plan: dict[str, Any]) -> None:
    """Say on stderr what is trained by what."""
    job = course.job
    counts = [
        f"{name} {sum(one.values()) if job.kind != 'multilabel' else plan['images'][name]} "
        f"({', '.join(f'{label} {n}' for label, n in one.items())})"
        for name, one in plan["counts"].items()
        if plan["images"][name]
    ]
    lines = [f"{plan['method']}: {job.title}", *_chosen(course), f"  images: {'; '.join(counts)}"]
    if plan["settings"] is not None:
        layers = ", ".join(f"{a} to {b}" for a, b in plan["head"])
        lines += [
            f"  {plan['parameters']:,} numbers, {plan['trainable_parameters']:,} of them trained; "
            f"head {layers}",
            f"  at most {plan['settings']['epochs']} epochs of {plan['steps_per_epoch']} steps, "
            f"{plan['settings']['optimiser']}, pictures of {plan['size']} pixels",
        ]
    if plan["tuning"] is not None:
        limits = "; ".join(f"{name} {text}" for name, text in plan["tuning"]["space"].items())
        said = f"{plan['tuning']['budget']} settings are tried: {limits}"
        lines.append(f"  {said if limits else 'settings: there is nothing to choose'}")
    rules = {"threshold": plan["threshold"], "calibration": plan["calibrate"]}
    asked = [f"{name} {rule}" for name, rule in rules.items() if rule not in ("fixed", "none")]
    if asked:
        lines.append(f"  chosen inside the training part: {', '.join(asked)}; see model.json")
    lines += [f"Note: {note}" for note in plan["notes"]]
    lost = [skip for skip in job.manifest.skipped if skip.kind != "ignored"]
    lines += [f"  skipped: {skip.path}: {skip.reason}" for skip in lost[:20]]
    click.echo(printable("\n".join(lines)), err=True)
