"""``texturekit data audit``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from texturekit.errors import printable

from . import options
from .console import showing
from .telling import dated

if TYPE_CHECKING:
    from texturekit.records import AuditResults, Shortcut, TwoLabels

_SHOWN = 10


@click.command("audit", short_help="Look for copies, leaks, wrong labels and shortcuts.")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@options.labels
@options.group
@options.masks
@click.option("--allow-leakage", is_flag=True, help="End with 0 though splits share images.")
@click.option("--no-shortcuts", is_flag=True, help="Do not fit the baselines.")
@click.option("--no-images", is_flag=True, help="Put no picture into the page.")
@options.jobs
@options.seed
@click.option("-o", "--output", metavar="DIR|HTML", help="Folder, or one .html file, to write.")
@options.common
def command(
    sources: tuple[str, ...], labels: str | None, group: str, masks: str | None,
    allow_leakage: bool, no_shortcuts: bool, no_images: bool, jobs: int, seed: int,
    output: str | None, as_json: bool, overwrite: bool, verbose: bool, quiet: bool,
    no_progress: bool,
) -> int:  # fmt: skip
    """Look for what would spoil a comparison on SOURCE: a folder tree, a manifest, an .npz in
    MedMNIST's form, or image files.

    Finds exact, near and possible copies, copies under two labels or in two splits, patients in two
    splits, files that cannot be read, and shortcuts through image size or file facts. Ends with 5
    if given splits share images or patients, with 1 if images cannot be used. With --json and no -o
    no page is written.
    """  # noqa: D205
    from pathlib import Path

    import texturekit as tk
    from texturekit.report.audit_page import check_audit_output

    target = output if output is not None or as_json else dated(sources[0], "audit-")
    if target is not None:
        check_audit_output(target, overwrite=overwrite)
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        found = tk.audit(
            sources[0] if len(sources) == 1 else list(sources),
            labels=None if labels is None else [name.strip() for name in labels.split(",")],
            group=None if group.lower() == "none" else group,
            masks=masks,
            shortcuts=not no_shortcuts,
            images=not no_images and target is not None,
            seed=seed,
            jobs=jobs,
        )
        page = None if target is None else tk.write_audit(found, Path(target), overwrite=overwrite)
    if not quiet:
        _tell(found.results)
    if as_json:
        shown = found.results.model_dump(mode="json")
        options.show_json(shown if page is None else {"report": printable(str(page)), **shown})
    else:
        click.echo(printable(str(page)))
    if found.results.leaks and not allow_leakage:
        return 5
    return 1 if found.results.incomplete else 0


def _tell(results: AuditResults) -> None:
    """Say on stderr what was found."""
    from texturekit.report.audit_page import summary

    lines = [f"{results.source}: {results.used} images of {results.found} found"]
    for severity, line in summary(results):
        lines.append(f"{severity.capitalize()}: {line}" if severity else f"  {line}")
    lines += [
        f"  {one.kind}, {one.parts}: {one.a} = {one.b}"
        for one in results.duplicates_over_splits[:_SHOWN]
    ]
    lines += [f"  {_under_labels(two)}" for two in results.two_labels[:_SHOWN]]
    lines += [f"  cannot be read: {skip.reason}" for skip in results.unreadable[:_SHOWN]]
    lines += [f"  {_measured(shortcut)}" for shortcut in results.shortcuts]
    click.echo(printable("\n".join(lines)), err=True)


def _under_labels(two: TwoLabels) -> str:
    pairs = zip(two.images, two.labels, strict=True)
    named = ", ".join(f"{image} ({label or 'none'})" for image, label in pairs)
    return f"{two.kind} copies under several labels: {named}"


def _measured(shortcut: Shortcut) -> str:
    area = shortcut.roc_auc
    span = "" if area.low is None else f" [{area.low:.3f}, {area.high:.3f}]"
    value = f"n/a ({area.reason})" if area.value is None else f"{area.value:.3f}{span}"
    return f"{shortcut.name:<16} AUC {value}  {shortcut.text}"
