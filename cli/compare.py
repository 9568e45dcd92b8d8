"""``texturekit compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from texturekit.errors import printable

from . import options
from .console import showing
from .failing import explain

if TYPE_CHECKING:
    from pathlib import Path

    from texturekit.records import Comparison, Data, Estimate, Protocol, Results, Study


#: Every task that a write-up tells of.
ALL = "all"


@click.command("compare", short_help="Compare methods on the same images, with a report.")
@click.option(
    "--task",
    metavar="NAME[,NAME]|all",
    help="A task ('texturekit tasks') or a YAML card; several, or all five with a write-up.",
)
@click.option("--data", metavar="SOURCE", help="Folder tree, manifest or .npz; else the sample.")
@click.option("--labels", metavar="a,b", help="Columns of a multi-label manifest.")
@click.option("--positive", metavar="NAME", help="The positive class of two.")
@options.group
@options.masks
@options.mask_label
@options.frames
@options.roi
@options.window
@click.option("--methods", metavar="LIST", help="Methods joined by ',': glcm+lbp/forest,...")
@click.option(
    "--preset",
    type=click.Choice(["quick", "full"]),
    default="quick",
    show_default=True,
    help="Methods to take when neither --methods nor --recipe is given.",
)
@options.recipe
@click.option("--folds", metavar="N|FILE", help="Folds, or a CSV of path|id, repeat, fold.")
@click.option("--repeats", type=click.IntRange(1), default=1, show_default=True)
@click.option("--reference", metavar="METHOD", help="The method all others are tested against.")
@click.option(
    "--resize", "size", type=click.IntRange(16, 4096), metavar="N", help="Long side in pixels."
)
@options.weights
@options.device
@options.jobs
@options.seed
@click.option("--allow-leakage", is_flag=True, help="Go on with patients on both sides; said.")
@click.option("--no-images", is_flag=True, help="Put no picture into the report.")
@options.limit
@click.option("--epochs", type=click.IntRange(1), metavar="N", help="Longest training of a net.")
@click.option("-o", "--output", type=click.Path(file_okay=False), metavar="DIR", help="Run folder.")
@options.common
@click.pass_context
def command(
    context: click.Context, /, task: str | None, data: str | None, output: str | None,
    labels: str | None, no_images: bool, group: str, as_json: bool, overwrite: bool, verbose: bool,
    quiet: bool, no_progress: bool, **settings: Any,
) -> int:  # fmt: skip
    """Compare texture features, CNN embeddings, fine-tuned CNNs and hybrids on the same folds.

    Give --task, --data or both. Without --data a task runs on its embedded sample. Several tasks,
    or all of them, give one report each in one folder. Prints the path of the report.
    """
    if task is None and data is None:
        raise click.UsageError("one of --task and --data is required.")
    _check_recipe(context, task, settings["recipe"])
    settings |= {
        "labels": None if labels is None else [name.strip() for name in labels.split(",")],
        "group": None if group.lower() == "none" else group,
        "images": not no_images,
    }
    several = _several(task)
    if several is not None:
        _refuse_sources(context)
    import texturekit as tk
    from texturekit.outputs import check_output

    folder = check_output(output or _folder(task, data, several), overwrite=overwrite)
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        if several is not None:
            folder = folder if output else _free(folder)
            return _run_all(several, folder, settings, overwrite, as_json=as_json, quiet=quiet)
        study = tk.compare(task, data, **settings)
        # Two runs that start in the same second would have the same name.
        page = tk.write_report(study, folder if output else _free(folder), overwrite=overwrite)
    if not quiet:
        _tell(study)
    if as_json:
        options.show_json({"report": str(page), "results": study.results.model_dump(mode="json")})
    else:
        click.echo(str(page))
    return 1 if _incomplete(study.results) else 0


def _check_recipe(context: click.Context, task: str | None, recipe: str | None) -> None:
    if recipe is None:
        return
    if task is None:
        raise click.UsageError("--recipe wants --task: a recipe belongs to a task.")
    if context.get_parameter_source("preset") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--recipe and --preset are two lists of methods; give one of them.")


def _several(task: str | None) -> list[str] | None:
    """Return the tasks of a list, or of ``all``; None for a single one."""
    if task is None or (task != ALL and "," not in task):
        return None
    from texturekit.data.card import TASKS, load_card

    if task == ALL:
        return [name for name in TASKS if load_card(name).recipe is not None]
    names = list(dict.fromkeys(name.strip() for name in task.split(",") if name.strip()))
    for name in names:
        load_card(name)  # a misspelt one is refused before the first has run for hours
    return names


def _refuse_sources(context: click.Context) -> None:
    for name in ("data", "labels", "positive", "masks", "mask_label", "frames"):
        if context.params[name] is not None:
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} belongs to one task; compare the tasks one by one.")


def _run_all(
    tasks: list[str], folder: Path, settings: dict[str, Any], overwrite: bool, *, as_json: bool,
    quiet: bool,
) -> int:  # fmt: skip
    """Compare on every task; one that fails does not cost the others their hours of work."""
    from pathlib import Path

    import texturekit as tk

    answer: dict[str, Any] = {}
    codes = []
    failed: dict[str, list[str]] = {}
    for task in tasks:
        try:
            study = tk.compare(task, **settings)
            page = tk.write_report(study, folder / Path(task).stem, overwrite=overwrite)
        except Exception as error:
            text, code = explain(error) or (f"Error: {type(error).__name__}: {error}", 1)
            click.echo(printable(f"{task} failed: {text}"), err=True)
            answer[task] = {"error": text}
            codes.append(code)
            continue
        if not quiet:
            _tell(study)
        codes.append(1 if _incomplete(study.results) else 0)
        failed[task] = [m.name for m in study.results.methods if m.status == "failed"]
        answer[task] = {"report": str(page), "results": study.results.model_dump(mode="json")}
        if not as_json:
            click.echo(str(page))
    for task, names in failed.items():
        if names:
            click.echo(printable(f"{task} is incomplete: {', '.join(names)} failed."), err=True)
    if as_json:
        options.show_json({"tasks": answer})
    if all("error" in one for one in answer.values()):
        return int(codes[0])
    return 1 if any(codes) else 0


def _folder(task: str | None, data: str | None, several: list[str] | None) -> str:
    from datetime import datetime
    from pathlib import Path

    name = ALL if several is not None else Path(task or data or "").stem
    return f"reports/{name}-{datetime.now():%Y%m%d-%H%M%S}"


def _free(folder: Path) -> Path:
    number, free = 1, folder
    while free.exists():
        number += 1
        free = folder.with_name(f"{folder.name}-{number}")
    return free


def _incomplete(results: Results) -> bool:
    lost = any(skip.kind != "ignored" for skip in results.data.skipped)
    return lost or any(method.status == "failed" for method in results.methods)


def _tell(study: Study) -> None:
    """Say on stderr what was compared and what came out."""
    results = study.results
    data = results.data
    lines = [
        f"{results.title}: {data.used} images"
        + (f" of {data.groups} patients or groups" if data.groups else "")
        + f"{_losses(data)}; classes {', '.join(results.classes)}"
        + (f"; positive {results.positive} ({results.positive_from})" if results.positive else ""),
        _protocol(results.protocol),
        *(f"Note: {note}" for note in results.notes),
        *_skipped(data),
        *(f"  failed: {m.name}: {m.reason}" for m in results.methods if m.status == "failed"),
        "",
        *_table(study),
        "",
        *_tests([c for c in results.comparisons if c.metric == "roc_auc"]),
    ]
    click.echo(printable("\n".join(lines)), err=True)


def _tests(tests: list[Comparison]) -> list[str]:
    """Return a line for each test, and one for all that cannot be made for the same reason."""
    lines = [f"- {test.sentence}" for test in tests if test.verdict != "not_testable"]
    missing: dict[str, list[str]] = {}
    for test in tests:
        if test.verdict == "not_testable":
            reason = test.sentence.partition(", because ")[2]
            missing.setdefault(reason, []).append(test.sentence)
    for reason, sentences in missing.items():
        several = f"Not testable: {len(sentences)} pairs of methods on AUC, because {reason}"
        lines.append(f"- {sentences[0] if len(sentences) == 1 else several}")
    return lines


def _losses(data: Data) -> str:
    ignored = sum(skip.kind == "ignored" for skip in data.skipped)
    lost = len(data.skipped) - ignored
    return f", {lost} skipped" + (f", {ignored} left out or ignored" if ignored else "")


def _protocol(protocol: Protocol) -> str:
    folds = "" if protocol.type == "holdout" else f", {protocol.folds} folds"
    repeats = f" x {protocol.repeats} repeats" if protocol.repeats > 1 else ""
    start = f"{protocol.type}{folds}{repeats}, seed {protocol.seed}"
    return f"{start}; grouping {protocol.grouping}"


def _skipped(data: Data) -> list[str]:
    lost = [skip for skip in data.skipped if skip.kind != "ignored"]
    more = [f"  and {len(lost) - 20} more; see results.json"] if len(lost) > 20 else []
    return [*(f"  skipped: {skip.path}: {skip.reason}" for skip in lost[:20]), *more]


def _table(study: Study) -> list[str]:
    areas = {m.name: m.metrics["roc_auc"] for m in study.results.methods if m.metrics}
    ranked = sorted(areas, key=lambda name: -(areas[name].value or 0.0))
    width = max(map(len, ranked))
    return [
        f"{'method':<{width}}  AUC [95% interval]",
        *(f"{name:<{width}}  {_written(areas[name])}" for name in ranked),
    ]


def _written(area: Estimate) -> str:
    if area.value is None:
        return f"n/a ({area.reason})"
    interval = "" if area.low is None else f" [{area.low:.3f}, {area.high:.3f}]"
    return f"{area.value:.3f}{interval}"
