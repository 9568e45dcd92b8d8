"""``texturekit info``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from . import options

if TYPE_CHECKING:
    from texturekit.deep.backbones import Backbone


@click.command("info", short_help="Say what a texture family, a set or a backbone is.")
@click.argument("name", required=False)
@options.common
def command(
    name: str | None, as_json: bool, overwrite: bool, verbose: bool, quiet: bool, no_progress: bool
) -> int:
    """Say what NAME is: formula, columns, parameters and source of a texture family, the families
    of a set, the card of a backbone. Without NAME, list them all.
    """  # noqa: D205
    from texturekit.deep.backbones import BACKBONES
    from texturekit.features import FEATURES, SETS

    known = [*FEATURES, *SETS, *BACKBONES]
    if name is None:
        facts = {entry: _facts(entry) for entry in known}
        if as_json:
            options.show_json(facts)
        else:
            width = max(map(len, known))
            for entry, fact in facts.items():
                click.echo(f"{entry:<{width}}  {fact['columns']:>4} columns  {fact['summary']}")
        return 0
    if as_json:
        options.show_json(_facts(name) | _names(name))
    elif name in SETS:
        click.echo(f"{name}: {SETS[name]}\n{_facts(name)['columns']} columns")
    elif name in BACKBONES:
        click.echo(_card(BACKBONES[name]))
    else:
        click.echo(_page(name, known))
    return 0


def _page(name: str, known: list[str]) -> str:
    from texturekit.errors import UnknownNameError
    from texturekit.features import FEATURES
    from texturekit.features.information import describe_family

    if name not in FEATURES:
        raise UnknownNameError("feature or backbone", name, known)
    return describe_family(name)


def _facts(name: str) -> dict[str, Any]:
    from texturekit.deep.backbones import BACKBONES
    from texturekit.features import FEATURES, SETS, columns

    if name in SETS:
        return {"kind": "set", "columns": len(columns(name)), "summary": SETS[name]}
    if name in BACKBONES:
        card = BACKBONES[name]
        return {"kind": "backbone", "columns": card.width, "summary": card.paper}
    family = FEATURES[name]
    return {"kind": "family", "columns": len(family.columns()), "summary": family.summary}


def _names(name: str) -> dict[str, Any]:
    from texturekit.deep.backbones import BACKBONES
    from texturekit.features import FEATURES, SETS, columns

    if name in BACKBONES:
        return {"card": asdict(BACKBONES[name])}
    found: dict[str, Any] = {"names": list(columns(name))}
    if name not in SETS:
        found["parameters"] = FEATURES[name].defaults
    return found


def _card(card: Backbone) -> str:
    lines = [
        (name.replace("_", " "), value) for name, value in asdict(card).items() if name != "name"
    ]
    return "\n".join([card.name, *(f"  {name:<12} {value}" for name, value in lines)])
