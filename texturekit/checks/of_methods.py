"""Findings about how methods came to be: weights, budgets, and what is not among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.checks.found import named
from texturekit.records import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.checks.found import Rule, Seen
    from texturekit.records import Results


def random_weights(results: Results) -> list[str]:
    """Return the methods that ran and whose network began from random numbers."""
    return [
        m.name
        for m in results.methods
        if m.status == "ok" and m.weights is not None and "random" in m.weights.lower()
    ]


def _random(seen: Seen) -> Iterator[Finding]:
    random = random_weights(seen.results)
    if random:
        yield Finding(
            code="TK018",
            severity="warning",
            text="Random weights: these nets started from random numbers. They say nothing about "
            "what the same nets do with pretrained weights.",
            evidence=f"{named(random)}.",
            advice="Give pretrained weights (--weights PATH, or a network to download them).",
        )


def _budgets(seen: Seen) -> Iterator[Finding]:
    budgets = {
        m.name: 0 if m.tuning is None else m.tuning.budget
        for m in seen.candidates
        if m.family != "head"
    }
    if len(set(budgets.values())) > 1:
        listed = [f"{name} {n}" for name, n in sorted(budgets.items(), key=lambda one: -one[1])]
        yield Finding(
            code="TK019",
            severity="warning",
            text="The methods were not given the same chance: more settings were tried for some "
            "than for others. A method that was searched for longer looks better.",
            evidence=f"Settings tried: {', '.join(listed[:8])}.",
            advice="Give every method the same budget (--tune N), or none.",
        )


def _no_baseline(seen: Seen) -> Iterator[Finding]:
    if seen.results.evaluated is not None:
        return  # what its training images say is not always known; the page shows chance
    if not any(m.family == "baseline" for m in seen.done):
        yield Finding(
            code="TK022",
            severity="warning",
            text="No baseline is among the methods: nobody can tell whether a number is good, or "
            "owed to the share of a class or the size of the images.",
            evidence=f"Methods: {named([m.name for m in seen.done])}.",
            advice="Add majority/dummy and geometry/forest to --methods.",
        )


OF_METHODS: dict[str, Rule] = {"TK018": _random, "TK019": _budgets, "TK022": _no_baseline}
