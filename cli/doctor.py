"""``texturekit doctor``."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

import texturekit
from texturekit.errors import MissingExtraError, printable

from . import options

if TYPE_CHECKING:
    from texturekit.doctor import Diagnosis


@click.command("doctor", short_help="Say what is wrong with this installation, and the cure.")
@click.option(
    "--for",
    "extra",
    metavar="EXTRA",
    help="End with exit code 3 and the install line if this extra (app, tune, ...) is not there.",
)
@options.common
def command(
    extra: str | None, as_json: bool, overwrite: bool, verbose: bool, quiet: bool, no_progress: bool
) -> int:
    """Look for the known traps of an installation and of the machine, and say the cures.

    problem: something does not work. warning: it works, but will do harm. note: good to know.
    Ends with exit code 1 if there is a problem. Takes some ten seconds, changes nothing, asks no
    network. -q leaves out what is fine, and notes.
    """
    from texturekit.doctor import LEVELS, diagnose
    from texturekit.doctor.packages import missing_of

    lacking = None if extra is None else missing_of(extra)
    found = diagnose()
    shown = [one for one in found if not quiet or one.level in ("problem", "warning")]
    if as_json:
        checks = [{**one.__dict__} for one in shown]
        options.show_json({"texturekit": texturekit.__version__, "checks": checks})
    else:
        for one in shown:
            click.echo(_shown(one))
    counts = {level: sum(one.level == level for one in found) for level in LEVELS}
    if not quiet:
        grave = [f"{counts[level]} {level}{'s' * (counts[level] != 1)}" for level in LEVELS[:-1]]
        click.echo(f"{', '.join(grave)}; {counts['ok']} fine.", err=True)
    if lacking:
        raise MissingExtraError(lacking)
    return 1 if counts["problem"] else 0


def _shown(one: Diagnosis) -> str:
    head = f"{one.level:<8} {one.check:<12} "
    indent = " " * len(head)
    lines = textwrap.wrap(
        head + one.found, 100, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    # A command is one line, to be copied.
    cure = [] if one.cure is None else [f"{indent}cure: {one.cure}"]
    return printable("\n".join(lines + cure))
