"""The page of several tasks, which ``compare`` and ``report`` write."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from texturekit.errors import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from texturekit.records import Results, TaskRanking


def write(
    results: Mapping[str, Results],
    reports: Mapping[str, Path],
    errors: Mapping[str, str],
    folder: Path,
    *,
    overwrite: bool,
    quiet: bool,
) -> dict[str, Any]:
    """Write the page of several tasks into a folder; return its path and its numbers."""
    import texturekit as tk

    ranking = tk.rank_methods(
        results,
        reports={task: _beside(page, folder) for task, page in reports.items()},
        errors=errors,
    )
    page = tk.write_ranking(ranking, folder, overwrite=overwrite)
    if not quiet:
        _tell(ranking)
    return {"report": str(page), "ranking": ranking.model_dump(mode="json")}


def _beside(page: Path, folder: Path) -> str:
    """Return where a report is, seen from the folder of the page."""
    from pathlib import Path

    return Path(os.path.relpath(page.resolve(), folder.resolve())).as_posix()


def _tell(ranking: TaskRanking) -> None:
    ranked = [m for m in ranking.methods if m.mean_rank is not None]
    lines = [
        "",
        "Mean rank over tasks" if ranked else "No ranking over tasks",
        *(f"  {m.mean_rank:.2f}  {m.name}" for m in ranked),
        *(f"  left out: {m.name}: {m.left_out}" for m in ranking.methods if m.left_out),
        *(f"  left out: task {t.name}: {t.left_out}" for t in ranking.tasks if t.left_out),
        *ranking.sentences,
    ]
    click.echo(printable("\n".join(lines)), err=True)
