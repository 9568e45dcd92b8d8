"""``texturekit data``: what is known of image sets, and what is wrong with one."""

from __future__ import annotations

import click


@click.group("data", short_help="Image sets: list, fetch, prepare, audit.")
def command() -> None:
    """Get a set of images, turn it into a manifest, and look for what would spoil a result."""
