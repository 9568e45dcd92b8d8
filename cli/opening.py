"""Showing a page in the browser."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

import click

from texturekit.errors import printable

if TYPE_CHECKING:
    from pathlib import Path


def show(page: Path) -> None:
    """Open a page in the default browser; where there is none, say so and go on."""
    try:
        shown = webbrowser.open(page.resolve().as_uri())
    except (webbrowser.Error, OSError):
        shown = False
    if not shown:
        click.echo(printable(f"No browser was found; open {page} yourself."), err=True)
