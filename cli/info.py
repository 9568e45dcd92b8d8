"""``texturekit info``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from . import options

if TYPE_CHECKING:
    from texturekit.deep.backbones import Backbone


@click.command("info", short_help="Say what a family, a set, a backbone or a classifier is.")
@click.argument("name", required=False)
@options.common
def command(
    name: str | None, as_json: bool, overwrite: bool, verbose: bool, quiet: bool, no_progress: bool
) -> int:
    """Say what NAME is: formula, columns, parameters and source of a texture family, the families
    of a set, the card of a backbone, what --tune searches in a classifier. Without NAME, list all
    families, sets and backbones.
    """  # noqa: D205
    from texturekit.deep.backbones import BACKBONES
    from texturekit.features import FEATURES, SETS
    from texturekit.methods.grammar import CLASSIFIERS

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
    if name in CLASSIFIERS:
        limits = _searched(name)
        if as_json:
            options.show_json({"kind": "classifier", "space": limits})
        else:
            lines = [f"  {part:<22} {text}" for part, text in limits.items()]
            click.echo("\n".join([f"{name}: --tune searches", *(lines or ["  nothing"])]))
    elif as_json:
        options.show_json(_facts(name) | _names(name))
    elif name in SETS:
        click.echo(f"{name}: {SETS[name]}\n{_facts(name)['columns']} columns")
    elif name in BACKBONES:
        click.echo(_card(BACKBONES[name]))
    else:
        click.echo(_page(name, [*known, *CLASSIFIERS]))
    return 0


def _page(name: str, known: list[str]) -> str:
    from texturekit.errors import UnknownNameError
    from texturekit.features import FEATURES
    from texturekit.features.information import describe_family

    if name not in FEATURES:
        raise UnknownNameError("feature, backbone or classifier", name, known)
    return describe_family(name)


def _searched(classifier: str) -> dict[str, str]:
    """Return between which limits the settings of a classifier are searched."""
    from texturekit.methods.grammar import parse_method
    from texturekit.methods.spaces import space_of

    examples = {
        "dummy": "majority/dummy",
        "fusion": "lbp+resnet18/fusion",
        "finetune": "resnet18/finetune",
        "head": "resnet18/head",
    }
    method = parse_method(examples.get(classifier, f"lbp/{classifier}"))
    return {name: str(part) for name, part in space_of(method).items()}


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
    from texturekit.deep.stages import stages_of
    from texturekit.features import FEATURES, SETS, columns

    if name in BACKBONES:
        card = BACKBONES[name]
        facts = {**asdict(card), "url": card.url, "cache_name": card.cache_name}
        return {"card": facts, "stages": [asdict(stage) for stage in stages_of(card)]}
    found: dict[str, Any] = {"names": list(columns(name))}
    if name not in SETS:
        found["parameters"] = FEATURES[name].defaults
    return found


def _card(card: Backbone) -> str:
    from texturekit.deep.stages import stages_of

    size = "not published" if card.megabytes is None else f"{card.megabytes:.1f} MiB"
    converted = f", read from {card.cache_name} (texturekit convert-weights)"
    lines = {
        "input": _input(card),
        "normalised": "0..1, then mean "
        + ", ".join(f"{value:g}" for value in card.mean)
        + " and deviation "
        + ", ".join(f"{value:g}" for value in card.std),
        "embedding": f"{card.width} numbers: {card.features}",
        "layers": ", ".join(
            f"{s.number}: {s.path or 'the last map'} ({s.width})" for s in stages_of(card)
        ),
        "weights": card.weights,
        "source": f"{card.source}, {card.url}{converted if card.converted else ''}",
        "size": size,
        "sha256": f"{card.sha256_prefix}..." if card.sha256_prefix else "not published",
        "licence": card.licence,
        "paper": card.paper,
    }
    if card.top1 is not None:
        lines["accuracy"] = f"{card.top1} % of ImageNet (top 1), as {card.source} states"
    text = [card.name, *(f"  {name:<11} {value}" for name, value in lines.items())]
    if card.outputs:
        text.append(f"  outputs     {len(card.trained)} of {len(card.outputs)} are trained")
        width = max(len(output.label) for output in card.outputs)
        for output in card.outputs:
            point = f"yes from {output.threshold}" if output.trained else "not trained"
            text.append(f"    {output.label:<{width}}  {point}")
    return "\n".join(text)


def _input(card: Backbone) -> str:
    step = f", multiples of {card.step}" if card.step > 1 else ""
    sizes = f"{card.size} x {card.size} as trained, from {card.smallest} on{step}"
    if card.view == "xray":
        return (
            f"grey, {sizes}; the middle square, the lowest value that the file can hold as -1024 "
            "and the highest as 1024"
        )
    return f"3 channels of 8 bits, {sizes}; padded to a square"
