"""The page of several runs: side by side, by mean rank, and the way to each run's report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

import texturekit
from texturekit import draw
from texturekit.errors import OutputError
from texturekit.outputs import replacing
from texturekit.report.page import shell, templates
from texturekit.report.tables import cell
from texturekit.report.wording import FAMILIES

if TYPE_CHECKING:
    from texturekit.records import RankedMethod, RankedTask, TaskRanking


def write_ranking(ranking: TaskRanking, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write the page of several runs beside their folders: ``index.html``, ``ranking.json``.

    The page lays the runs side by side - every method's AUC, which one leads, and every fact and
    setting that differs - and ranks the methods over tasks where the runs are of different data.

    Parameters
    ----------
    ranking : TaskRanking
        What ``texturekit.rank_methods`` returned. Absolute paths of reports become links relative
        to the page, so that the folders can be moved together.
    folder : str or Path
        Where the page goes; made where missing. Everything else in it stays.
    overwrite : bool, default False
        Whether a ranking that stands there may be replaced. Another page never is.

    Returns
    -------
    Path
        ``index.html``.

    Raises
    ------
    OutputError
        If there is such a page already, or it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> study = tk.compare("textures", methods=["majority/dummy", "first_order/logistic"],
    ...                    folds=2, limit=60, size=32, images=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = tk.write_report(study, f"{folder}/run")
    ...     ranking = tk.rank_methods({"textures": study.results}, reports={"textures": str(run)},
    ...                               settings={"textures": study.config})
    ...     page = write_ranking(ranking, f"{folder}/all")
    ...     'href="./../run/index.html"' in page.read_text()
    True
    """
    folder = Path(folder)
    page, data = folder / "index.html", folder / "ranking.json"
    if page.exists() and not data.is_file():
        raise OutputError(f"{page} is another page and is not replaced; choose another folder.")
    ranking = _beside(ranking, folder)
    text = render_ranking(ranking)
    with replacing(page, overwrite=overwrite) as partial:  # the page comes last
        partial.write_text(text, encoding="utf-8")
        with replacing(data, overwrite=overwrite) as numbers:
            numbers.write_text(ranking.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return page


def render_ranking(ranking: TaskRanking) -> str:
    """Draw the page of a ranking: one HTML document that loads nothing from anywhere."""
    ranked = [method for method in ranking.methods if method.mean_rank is not None]
    tasks = [task for task in ranking.tasks if task.error is None]
    return (
        templates()
        .get_template("ranking.html.j2")
        .render(
            ranking=ranking,
            tasks=tasks,
            failed=[task for task in ranking.tasks if task.error is not None],
            links={task.name: _link(task.report) for task in tasks},
            rows=[_row(method, tasks) for method in ranking.methods],
            ranked=ranked,
            left_out=[method for method in ranking.methods if method.left_out is not None],
            picture=_picture(ranking, ranked),
            pairs=_pairs(ranking, ranked),
            shell=shell(),
            version=texturekit.__version__,
        )
    )


def _beside(ranking: TaskRanking, folder: Path) -> TaskRanking:
    """Return a ranking whose reports are all named as seen from the folder of its page."""
    tasks = [
        task
        if task.report is None or not Path(task.report).is_absolute()
        else task.model_copy(update={"report": _relative(Path(task.report), folder)})
        for task in ranking.tasks
    ]
    return ranking.model_copy(update={"tasks": tasks})


def _relative(page: Path, folder: Path) -> str:
    return Path(os.path.relpath(page.resolve(), folder.resolve())).as_posix()


def _link(report: str | None) -> str | None:
    """Return a relative path as a link that is safe whatever the folder is called."""
    return None if report is None else "./" + quote(report)


def _row(method: RankedMethod, tasks: list[RankedTask]) -> dict[str, Any]:
    return {
        "method": method,
        "family": FAMILIES[method.family],
        "cells": [_cell(method, task) for task in tasks],
    }


def _cell(method: RankedMethod, task: RankedTask) -> dict[str, Any]:
    """Return what a method reached in a run, and what a verdict says of it if it leads there."""
    leads = ""
    if task.leader == method.name:
        leads = f"leads; better than {task.better_than} of {task.tested} tested against it"
    return {
        "auc": cell(method.areas.get(task.name), "roc_auc"),
        "absent": method.absent.get(task.name, "not computed"),
        "n": method.images.get(task.name),
        "rank": method.ranks.get(task.name),
        "leads": leads if task.tested or not leads else "leads; not tested",
    }


def _picture(ranking: TaskRanking, ranked: list[RankedMethod]) -> Markup | None:
    if ranking.nemenyi is None:
        return None
    ranks = [float(method.mean_rank or 0) for method in ranked]
    names = [method.name for method in ranked]
    gap = ranking.nemenyi.critical_difference
    return Markup(draw.critical_differences(ranks, names, gap))


def _pairs(ranking: TaskRanking, ranked: list[RankedMethod]) -> list[tuple[str, str, float, float]]:
    """Return every pair with the gap of its mean ranks and Nemenyi's p, the closest to 0 first."""
    if ranking.nemenyi is None:
        return []
    found = []
    for i, a in enumerate(ranked):
        for j, b in enumerate(ranked[:i]):
            gap = abs(float(a.mean_rank or 0) - float(b.mean_rank or 0))
            found.append((b.name, a.name, gap, float(ranking.nemenyi.p[i][j])))
    return sorted(found, key=lambda pair: (pair[3], pair[0], pair[1]))
