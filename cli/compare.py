"""``texturekit compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from texturekit.errors import printable

from . import opening, options, ranking
from .console import showing
from .failing import explain
from .telling import dated, free, incomplete, tell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from texturekit.records import Results, Study


#: Every task that can be compared; with a recipe, every task that a write-up tells of.
ALL = "all"


@click.command("compare", short_help="Compare methods on the same images, with a report.")
@click.option(
    "--task",
    metavar="NAME[,NAME]|all",
    help="A task ('texturekit tasks') or a YAML card; several, or all: one page ranks methods.",
)
@click.option("--data", metavar="SOURCE", help="Folder tree, manifest or .npz; else the sample.")
@options.labels
@options.positive
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
@click.option("--test", metavar="SOURCE", help="Test on these images, learn from all others.")
@click.option("--leave-out", metavar="COLUMN", help="Leave each value of a column (a site) out.")
@click.option(
    "--seeds", type=click.IntRange(1), default=1, show_default=True, help="Fits on the same folds."
)
@click.option("--fractions", metavar="LIST", help="Learning curve: shares of the training groups.")
@options.threshold
@options.calibrate
@options.tune
@click.option(
    "--permutations",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    metavar="N",
    help="Fits to shuffled labels, as a check.",
)
@click.option(
    "--importance",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    metavar="N",
    help="Shuffles of each family's columns over the test images.",
)
@click.option("--stability", is_flag=True, help="How stable are the columns to small changes?")
@click.option(
    "--pairs",
    type=click.Choice(["declared", "all"]),
    default="declared",
    show_default=True,
    help="Pairs to test: with reference and leader, or all.",
)
@click.option(
    "--subgroups",
    default="auto",
    show_default=True,
    metavar="auto|none|COL,..",
    help="Show results by columns of the manifest.",
)
@click.option("--reference", metavar="METHOD", help="The method all others are tested against.")
@options.size
@options.weights
@options.device
@options.jobs
@options.seed
@options.allow_leakage
@click.option("--no-images", is_flag=True, help="Put no picture into the report.")
@options.pseudonymise
@options.limit
@options.statements
@options.epochs
@click.option("-o", "--output", type=click.Path(file_okay=False), metavar="DIR", help="Run folder.")
@options.open_page
@options.common
@click.pass_context
def command(
    context: click.Context, /, task: str | None, data: str | None, output: str | None,
    labels: str | None, no_images: bool, group: str, pseudonymise: bool, open_page: bool,
    as_json: bool, overwrite: bool, verbose: bool, quiet: bool, no_progress: bool, **settings: Any,
) -> int:  # fmt: skip
    """Compare texture features, CNN embeddings, fine-tuned CNNs and hybrids on the same folds.

    Give --task, --data or both. Without --data a task runs on its embedded sample. Several tasks,
    or all of them, give one report each, and a page that ranks methods over tasks. Prints the path
    of the report, or of that page.
    """
    if task is None and data is None:
        raise click.UsageError("one of --task and --data is required.")
    _check_recipe(context, task, settings["recipe"])
    settings |= {
        "labels": None if labels is None else [name.strip() for name in labels.split(",")],
        "group": None if group.lower() == "none" else group,
        "images": not no_images,
        "fractions": _numbers("--fractions", settings["fractions"]),
    }
    several = _several(task, settings["recipe"])
    if several is not None:
        _refuse_sources(context)
    import texturekit as tk
    from texturekit.outputs import check_output

    source = None if pseudonymise else data  # a folder is called like its source
    folder = check_output(
        output or dated(ALL if several is not None else task or source or "study"),
        overwrite=overwrite,
    )
    keep = tk.pseudonymised if pseudonymise else _as_it_is
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        if several is not None:
            folder = folder if output else free(folder)
            return _run_all(
                several, folder, settings, overwrite, keep, as_json=as_json, quiet=quiet,
                open_page=open_page,
            )  # fmt: skip
        study = keep(tk.compare(task, data, **settings))
        # Two runs that start in the same second would have the same name.
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


def _as_it_is(study: Study) -> Study:
    return study


def _numbers(option: str, text: str | None) -> list[float]:
    try:
        return [] if text is None else [float(one) for one in text.split(",")]
    except ValueError as error:
        raise click.UsageError(f"{option} {text!r} is no list of numbers: .1,.25,.5,1") from error


def _check_recipe(context: click.Context, task: str | None, recipe: str | None) -> None:
    if recipe is None:
        return
    if task is None:
        raise click.UsageError("--recipe wants --task: a recipe belongs to a task.")
    if context.get_parameter_source("preset") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--recipe and --preset are two lists of methods; give one of them.")


def _several(task: str | None, recipe: str | None) -> list[str] | None:
    """Return the tasks of a list, or of ``all``; None for a single one."""
    if task is None or (task != ALL and "," not in task):
        return None
    from texturekit.data.card import TASKS, load_card

    if task == ALL:
        return [name for name in TASKS if recipe is None or load_card(name).recipe is not None]
    names = list(dict.fromkeys(name.strip() for name in task.split(",") if name.strip()))
    if not names:
        raise click.UsageError(f"--task {task!r} names no task; 'texturekit tasks' lists them.")
    for name in names:
        load_card(name)  # a misspelt one is refused before the first has run for hours
    stems = [_stem(name) for name in names]
    for name, stem in zip(names, stems, strict=True):
        if stems.count(stem) > 1:
            raise click.UsageError(f"two tasks would write the folder {stem}; rename {name}.")
    return names


def _stem(task: str) -> str:
    """Return the folder of a task's report, among those of several."""
    from pathlib import Path

    return Path(task).stem


def _refuse_sources(context: click.Context) -> None:
    for name in (
        "data",
        "test",
        "leave_out",
        "labels",
        "positive",
        "masks",
        "mask_label",
        "frames",
        "statements",
    ):
        if context.params[name] is not None:
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} belongs to one task; compare the tasks one by one.")


def _run_all(
    tasks: list[str], folder: Path, settings: dict[str, Any], overwrite: bool,
    keep: Callable[[Study], Study], *, as_json: bool, quiet: bool, open_page: bool,
) -> int:  # fmt: skip
    """Compare on every task; one that fails does not cost the others their hours of work."""
    from pathlib import Path

    import texturekit as tk

    results: dict[str, Results] = {}
    reports: dict[str, Path] = {}
    errors: dict[str, tuple[str, int]] = {}
    for task in tasks:
        try:
            study = keep(tk.compare(task, **settings))
            reports[task] = tk.write_report(study, folder / _stem(task), overwrite=overwrite)
        except Exception as error:
            errors[task] = explain(error) or (f"Error: {type(error).__name__}: {error}", 1)
            click.echo(printable(f"{task} failed: {errors[task][0]}"), err=True)
            continue
        results[task] = study.results
        if not quiet:
            tell(study)
    answer: dict[str, Any] = {"tasks": {}}
    for task in tasks:
        if task in errors:
            answer["tasks"][task] = {"error": errors[task][0]}
        else:
            told = results[task].model_dump(mode="json")
            answer["tasks"][task] = {"report": str(reports[task]), "results": told}
    if results:
        why = {task: printable(text) for task, (text, _) in errors.items()}
        answer |= ranking.write(results, reports, why, folder, overwrite=overwrite, quiet=quiet)
    _tell_incomplete(results)
    if open_page and results:
        opening.show(Path(answer["report"]))
    if as_json:
        options.show_json(answer)
    elif results:
        click.echo(answer["report"])
    if not results:
        return next(iter(errors.values()))[1]
    return 1 if errors or any(incomplete(one) for one in results.values()) else 0


def _tell_incomplete(results: dict[str, Results]) -> None:
    """Say on stderr, last, in which tasks methods failed."""
    for task, one in results.items():
        names = [m.name for m in one.methods if m.status == "failed"]
        if names:
            click.echo(printable(f"{task} is incomplete: {', '.join(names)} failed."), err=True)
