"""The page of several runs, which ``compare`` and ``report`` write."""

from __future__ import annotations

import json
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
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    overwrite: bool,
    quiet: bool,
) -> dict[str, Any]:
    """Write the page of several runs into a folder; return its path and its numbers."""
    import texturekit as tk

    ranking = tk.rank_methods(
        results,
        reports={task: str(page.resolve()) for task, page in reports.items()},
        errors=errors,
        settings=settings,
    )
    page = tk.write_ranking(ranking, folder, overwrite=overwrite)
    if not quiet:
        _tell(ranking)
    written = page.with_name("ranking.json").read_text(encoding="utf-8")
    return {"report": str(page), "ranking": json.loads(written)}


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
