"""How training and test were kept apart, and what it showed, as lines on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import Data, Estimate, Protocol, Results


def protocol_line(protocol: Protocol, *, saved: bool = False) -> str:
    """Return the protocol in one line; of a model that was ``saved`` before, what it met.

    Examples
    --------
    >>> from texturekit.records import Protocol
    >>> protocol_line(Protocol(type="kfold", folds=5, repeats=2, seed=0, test="", grouping="none"))
    'kfold, 5 folds x 2 repeats, seed 0; grouping none'
    """
    if saved:
        return f"a saved model tested on {protocol.test}; grouping {protocol.grouping}"
    start = f"{protocol.type}, {protocol.folds} folds"
    if protocol.type == "holdout":
        start = protocol.type
    elif protocol.type == "external test":
        start = f"external testing on {protocol.external}"
    elif protocol.type == "leave one out":
        start = f"leave one {protocol.left_out} out ({', '.join(protocol.left_out_values)})"
    start += f" x {protocol.repeats} repeats" if protocol.repeats > 1 else ""
    several = f", {protocol.seeds} seeds from {protocol.seed}"
    start += several if protocol.seeds > 1 else f", seed {protocol.seed}"
    if protocol.fractions:
        shares = ", ".join(f"{share:g}" for share in protocol.fractions)
        start += f", learning curve at {shares}"
    return f"{start}; grouping {protocol.grouping}"


def sources(data: Data) -> list[str]:
    """Return a line for each of two sources."""
    return [
        f"  {one.role}: {one.source}: {one.used} of {one.found} images"
        + (f" of {one.groups} patients or groups" if one.groups else "")
        + f" ({', '.join(f'{n} {name}' for name, n in one.counts.items())})"
        for one in data.sources
    ]


def left_out(results: Results) -> list[str]:
    """Return the AUC of every method on each site that was left out."""
    done = [method for method in results.methods if method.left_out]
    if not done:
        return []
    head = [f"{site.value} (n={site.n})" for site in done[0].left_out]
    rows = [
        [method.name, *(_number(site.metrics["roc_auc"]) for site in method.left_out)]
        for method in done
    ]
    return ["", *_aligned([f"AUC by {results.protocol.left_out}", *head], rows)]


def seeds(results: Results) -> list[str]:
    """Return the AUC of every method with each seed."""
    done = [method for method in results.methods if method.seeds]
    rows = [
        [m.name, *("n/a" if v is None else f"{v:.3f}" for v in m.seeds["roc_auc"])] for m in done
    ]
    head = ["AUC by seed", *(f"{k}" for k in range(results.protocol.seeds))]
    return ["", *_aligned(head, rows)] if rows else []


def learning_curve(results: Results) -> list[str]:
    """Return the AUC of every method by the share that it learnt from."""
    points = results.learning_curve
    shares = sorted({point.fraction for point in points})
    names = dict.fromkeys(point.method for point in points)
    found = {(point.method, point.fraction): _number(point.roc_auc) for point in points}
    rows = [[name, *(found.get((name, share), "") for share in shares)] for name in names]
    head = ["AUC by share of training", *(f"{share:g}" for share in shares)]
    return ["", *_aligned(head, rows)] if rows else []


def _number(estimate: Estimate) -> str:
    return "n/a" if estimate.value is None else f"{estimate.value:.3f}"


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    table = [head, *rows]
    widths = [max(len(line[k]) for line in table) for k in range(len(head))]
    return [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in table
    ]
