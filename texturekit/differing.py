"""What sets runs apart: their data, their protocol, and every setting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from texturekit.records import RunDifference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.records import Results

# Settings that the results tell better: as they came out, not as they were asked for.
_TOLD = {
    "task", "data", "seed", "repeats", "recipe",
    "facts.source", "facts.positive", "facts.size", "facts.recipe",
    *(f"facts.card.{key}" for key in (
        "name", "title", "kind", "classes", "positive", "licence", "note", "obtain", "published",
    )),
}  # fmt: skip
_RECIPE = "facts.card.recipe."


def differences(
    results: Mapping[str, Results], settings: Mapping[str, Mapping[str, Any]] | None = None
) -> list[RunDifference]:
    """Return every fact and setting that is not the same in all runs.

    Parameters
    ----------
    results : dict of Results
        By the name of the run.
    settings : dict of dict, optional
        The configuration of the runs, nested or not.

    Returns
    -------
    list of RunDifference
        Facts of the data first, then the protocol, then settings by their keys.

    Examples
    --------
    >>> from texturekit.differing import flat
    >>> flat({"folds": 5, "facts": {"size": None}})
    {'folds': '5', 'facts.size': 'none'}
    """
    facts = {name: _facts(one) for name, one in results.items()}
    found = _differing(facts, list(next(iter(facts.values()))) if facts else [])
    own = {name: flat((settings or {}).get(name, {})) for name in results}
    named = {key for one in own.values() for key in one} - _TOLD
    followed = any(one.recipe for one in results.values())
    keys = sorted(key for key in named if followed or not key.startswith(_RECIPE))
    return found + _differing(own, keys)


def shared_data(results: Mapping[str, Results]) -> list[list[str]]:
    """Return the runs that share their data, two or more together, in their order.

    Runs share data if these have the same hash, or if the same task comes from the same source.
    """
    groups: list[list[str]] = []
    for name, one in results.items():
        for group in groups:
            if any(_same(one, results[other]) for other in group):
                group.append(name)
                break
        else:
            groups.append([name])
    return [group for group in groups if len(group) > 1]


def _same(one: Results, other: Results) -> bool:
    if one.data.sha256 == other.data.sha256:
        return True
    return (one.task, one.data.source) == (other.task, other.data.source)


def _facts(results: Results) -> dict[str, str]:
    data, protocol = results.data, results.protocol
    known: dict[str, Any] = {
        "task": results.task,
        "kind": results.kind,
        "classes": ", ".join(results.classes),
        "positive class": results.positive,
        "synthetic": results.synthetic,
        "source": data.source,
        "data, sha256": data.sha256[:12],
        "images used": data.used,
        "images skipped": len(data.skipped),
        "patients (groups)": data.groups,
        "image size": data.size,
        "protocol": protocol.type,
        "folds": protocol.folds,
        "repeats": protocol.repeats,
        "seed": protocol.seed,
        "recipe": results.recipe,
    }
    return {name: _text(value) for name, value in known.items()}


def _differing(found: Mapping[str, Mapping[str, str]], keys: Sequence[str]) -> list[RunDifference]:
    rows = [
        RunDifference(
            name=key, values={name: one.get(key, "not set") for name, one in found.items()}
        )
        for key in keys
    ]
    return [row for row in rows if len(set(row.values.values())) > 1]


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested settings as text, by their keys joined with dots."""
    lines: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            lines |= flat(value, f"{prefix}{key}.")
        else:
            lines[f"{prefix}{key}"] = _text(value)
    return lines


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "none"
    return value if isinstance(value, str) else json.dumps(value, default=str)
