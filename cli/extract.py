"""``texturekit extract``."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from texturekit.errors import printable

from . import options
from .console import showing
from .steady import told

if TYPE_CHECKING:
    from texturekit.data.manifest import Manifest
    from texturekit.records import Stability
    from texturekit.table import Table

_KINDS = ("ignored", "unreadable", "invalid", "failed")
_SHOWN = 20


@click.command(
    "extract",
    short_help="Measure images: texture and embedding columns to a table.",
    epilog=options.formats(),
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(),
    metavar="FILE",
    help="Table to write: .parquet or .csv.",
)
@click.option(
    "--features",
    default="texture",
    show_default=True,
    help="Families, sets and backbones joined by '+': glcm(levels=64)+lbp+resnet18.",
)
@options.masks
@options.mask_label
@options.frames
@options.window
@click.option(
    "--resize",
    type=click.IntRange(8, 4096),
    metavar="N",
    help="Long side in pixels, aspect kept; native resolution without.",
)
@options.weights
@options.device
@options.jobs
@options.seed
@options.limit
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Time that an image may take; then it counts as failed.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Measure on a Dask cluster: tcp://host:port, or local:N for N processes here.",
)
@click.option("--partitioned", is_flag=True, help="Make FILE a folder of files of 65,536 rows.")
@click.option(
    "--stability",
    is_flag=True,
    help="Write FILE's .stability.csv too: how columns stand small changes of 100 images.",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first image that cannot be measured.")
@options.common
def command(
    sources: tuple[str, ...], output: str, as_json: bool, verbose: bool, quiet: bool,
    no_progress: bool, stability: bool, **settings: Any,
) -> int:  # fmt: skip
    """Measure every image of SOURCE: a folder tree, a manifest (CSV, Parquet), an .npz in
    MedMNIST's form, or image files.

    A bad file costs its row (status, error), not the run; so does one that crashes or hangs its
    decoder. What is done is kept in FILE.partial: the same command goes on from there.
    """  # noqa: D205
    import texturekit as tk
    from texturekit.data.choices import first
    from texturekit.outputs import check_output
    from texturekit.steadiness import write_stability
    from texturekit.table import check_table_path

    check_output(check_table_path(output), overwrite=settings["overwrite"])
    beside = Path(output).with_suffix(".stability.csv")
    if stability:
        check_output(beside, overwrite=settings["overwrite"])
    features, limit = (settings.pop(k) for k in ("features", "limit"))
    reading = {k: settings.pop(k) for k in ("masks", "mask_label")}
    frames = settings.pop("frames") or "one"
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        named = sources[0] if len(sources) == 1 else list(sources)
        data = tk.load_source(named, frames=frames, **reading)
        if limit is not None:
            data = first(data, limit)
        size = settings.pop("resize")
        table = tk.extract(data, features, size=size, out=output, **settings)
        steady = _steady(data, table, features, size, settings) if stability else None
        if steady is not None:
            write_stability(steady, beside, overwrite=settings["overwrite"])
    kinds: Counter[str] = Counter(skip.kind for skip in table.skipped)
    failed = [skip for skip in table.skipped if skip.kind != "ignored"]
    if not quiet:
        if limit is not None:
            click.echo(f"Shortened: the first {len(data)} images only (--limit).", err=True)
        click.echo(_summary(table.found, len(table), kinds), err=True)
        for skip in failed[:_SHOWN]:
            named = "" if skip.path in skip.reason else f"{skip.path}: "
            click.echo(f"  {skip.kind}: {_line(named + skip.reason)}", err=True)
        if len(failed) > _SHOWN:
            click.echo(f"  and {len(failed) - _SHOWN} more; see the column 'error'", err=True)
        click.echo(f"{len(table)} images x {len(table.columns)} columns", err=True)
        for line in told(steady):
            click.echo(line, err=True)
    if as_json:
        options.show_json(
            {
                "path": printable(output),
                "found": table.found,
                "used": len(table),
                "skipped": [
                    {"path": printable(s.path), "reason": printable(s.reason), "kind": s.kind}
                    for s in table.skipped
                ],
                "columns": len(table.columns),
                "failed": [asdict(failure) for failure in table.failures] if failed else [],
                "ignored": [printable(s.path) for s in table.skipped if s.kind == "ignored"],
                **({} if steady is None else {"stability": _summed(steady, beside)}),
            }
        )
    else:
        click.echo(output)
    return 1 if failed else 0


def _steady(
    data: Manifest, table: Table, features: str, size: int | None, settings: dict[str, Any]
) -> Stability:
    """Change images that were measured, and measure them again."""
    import texturekit as tk

    places = {name: row for row, name in enumerate(data.ids)}
    rows = [places[name] for name in table.ids]
    how = {k: settings[k] for k in ("jobs", "window", "weights", "device", "seed")}
    return tk.stability(data.subset(rows), features, size=size, **how)


def _summed(found: Stability, path: Path) -> dict[str, Any]:
    counts: dict[str, Counter[str]] = {change: Counter() for change in found.changes}
    for one in found.columns:
        counts[one.change][one.category] += 1
    return {
        "path": printable(str(path)), "images": found.images, "how": found.how,
        "columns": {change: dict(count) for change, count in counts.items()},
    }  # fmt: skip


def _line(text: str) -> str:
    """Return text that stays on its line, with control characters escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in printable(text))


def _summary(found: int, used: int, kinds: Counter[str]) -> str:
    """Say what became of everything that was found; the numbers add up."""
    parts = [f"{kinds[kind]} {kind}" for kind in _KINDS if kinds[kind]]
    why = f" ({', '.join(parts)})" if parts else ""
    return f"{found} found = {used} measured + {kinds.total()} skipped{why}"
