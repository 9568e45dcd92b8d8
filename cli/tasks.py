"""``texturekit tasks``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import options

if TYPE_CHECKING:
    from texturekit.data.tasks import Card


@click.command("tasks", short_help="List the tasks that have a name.")
@options.common
def command(as_json: bool, overwrite: bool, verbose: bool, quiet: bool, no_progress: bool) -> int:
    """List the tasks: kind, image size, classes (the positive one marked *), title."""
    from texturekit.data.tasks import TASKS, load_card

    cards = [load_card(name) for name in TASKS]
    if as_json:
        options.show_json([card.model_dump(mode="json") for card in cards])
        return 0
    for card in cards:
        click.echo(_line(card))
    click.echo(
        "\nA task runs on its embedded sample until --data says where your images are.\n"
        "Public image sets: texturekit data list --task NAME.",
        err=True,
    )
    return 0


def _line(card: Card) -> str:
    classes = ", ".join(f"{name}*" if name == card.positive else name for name in card.classes[:6])
    more = f", ... ({len(card.classes)} labels)" if len(card.classes) > 6 else ""
    return f"{card.name:<9} {card.kind:<11} {card.size:>4} px  {classes}{more}\n{'':10}{card.title}"
