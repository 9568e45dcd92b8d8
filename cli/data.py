"""``texturekit data``: what is known of image sets, and what is wrong with one."""

from __future__ import annotations

import click

from . import data_audit, data_fetch, data_list, data_prepare


@click.group("data", short_help="Image sets: list, fetch, prepare, audit.")
def command() -> None:
    """Get a set of images, turn it into a manifest, and look for what would spoil a result."""


for _module in (data_list, data_fetch, data_prepare, data_audit):
    command.add_command(_module.command)
