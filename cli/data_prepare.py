"""``texturekit data prepare``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from texturekit.errors import printable

from . import options
from .console import showing

if TYPE_CHECKING:
    from texturekit.data.preparing import Prepared


@click.command("prepare", short_help="Turn an unpacked image set into a manifest.")
@click.argument("arguments", metavar="[ID|LAYOUT|CARD.yaml] DIR", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False),
    metavar="FILE.csv",
    help="Manifest to write; its paths are relative to it.",
)
@click.option("--classes", metavar="A,B", help="Only the images of these classes.")
@click.option("--additional", is_flag=True, help="Take the set's optional part, too.")
@click.option(
    "--no-splits", is_flag=True, help="Leave the set's own splits out: folds are made by patient."
)
@click.option("--no-masks", is_flag=True, help="Leave the set's masks out.")
@options.common
def command(
    arguments: tuple[str, ...], output: str, classes: str | None, additional: bool,
    no_splits: bool, no_masks: bool, as_json: bool, overwrite: bool, verbose: bool, quiet: bool,
    no_progress: bool,
) -> int:  # fmt: skip
    """Write the manifest of an image set that lies in DIR as it was unpacked.

    ID is a set of `texturekit data list`, LAYOUT one of folders, medmnist, nih, chexpert, busi,
    figshare; without, what lies in DIR decides. DIR may be one .npz file or one label table.
    """
    from texturekit.data.preparing import prepare

    if len(arguments) > 2:
        raise click.UsageError(f"wanted are [ID] DIR, not {len(arguments)} arguments.")
    layout = arguments[0] if len(arguments) == 2 else None
    names = None if classes is None else [name.strip() for name in classes.split(",")]
    with showing(verbose=verbose, quiet=quiet, no_progress=no_progress):
        result = prepare(
            arguments[-1], output, layout=layout, classes=names, additional=additional,
            splits=not no_splits, masks=not no_masks, overwrite=overwrite,
        )  # fmt: skip
    if not quiet:
        click.echo(printable("\n".join(_lines(result, guessed=layout is None))), err=True)
    if as_json:
        options.show_json(_facts(result))
    else:
        click.echo(result.path)
    return 1 if any(one.kind != "ignored" for one in result.skipped) else 0


def _lines(result: Prepared, *, guessed: bool) -> list[str]:
    name = f"{result.set} (layout {result.layout})" if result.set else f"layout {result.layout}"
    lines = [f"{name}{', by what lies in the folder' if guessed else ''}"]
    lines.append(f"{result.images:,} images: {_counted(result.classes)}")
    if any(result.unknown.values()):
        known = {name: n for name, n in result.unknown.items() if n}
        lines.append(f"label unknown (-1 or empty): {_counted(known)}")
    lines.append(f"splits: {_counted(result.splits) or 'none'}")
    lines.append(_patients(result))
    if result.shared_groups:
        lines.append(
            f"Warning: {result.shared_groups:,} patients are in more than one split, which "
            "compare refuses; --no-splits leaves the splits out, and folds are made by patient."
        )
    if result.without_group and result.groups is not None:
        lines.append(
            f"Warning: {len(result.without_group):,} images have a name that tells no patient "
            f"(the group is empty, each counts for itself): {_some(result.without_group)}"
        )
    lines += [f"Warning: {text}" for text in result.shortfalls]
    lines += [f"Note: {text}" for text in result.notes]
    lost = [one for one in result.skipped if one.kind != "ignored"]
    for one in lost[:20]:
        lines.append(f"  not used: {one.path}: {one.reason}")
    if len(lost) > 20:
        lines.append(f"  and {len(lost) - 20:,} more")
    ignored = len(result.skipped) - len(lost)
    if ignored:
        lines.append(f"{ignored:,} other files are ignored (--json lists them)")
    if result.pictures:
        lines.append(f"pictures written: {result.pictures}")
    if result.folds:
        lines.append(f"the authors' folds: {result.folds} (compare --folds {result.folds})")
    return lines


def _patients(result: Prepared) -> str:
    if result.groups is None and result.without_group:
        return "patients: not known; no file is called as the set's rule for patients wants it"
    if result.groups is None:
        return "patients: not known; images of one patient may stand on both sides of a split"
    return f"patients: {result.groups:,}"


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())


def _some(names: list[str]) -> str:
    more = f", ... ({len(names) - 3:,} more)" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _facts(result: Prepared) -> dict[str, Any]:
    return {
        "path": printable(str(result.path)),
        "layout": result.layout,
        "set": result.set,
        "images": result.images,
        "classes": result.classes,
        "unknown": result.unknown,
        "splits": result.splits,
        "groups": result.groups,
        "without_group": result.without_group,
        "shared_groups": result.shared_groups,
        "shortfalls": result.shortfalls,
        "notes": result.notes,
        "folds": None if result.folds is None else str(result.folds),
        "pictures": None if result.pictures is None else str(result.pictures),
        "skipped": [
            {"path": one.path, "reason": one.reason, "kind": one.kind} for one in result.skipped
        ],
    }
