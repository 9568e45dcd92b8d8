"""``texturekit check-table``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import options

if TYPE_CHECKING:
    from texturekit.records import Estimate, TableScores


@click.command("check-table", short_help="All metrics of a published confusion matrix.")
@click.argument("matrix", metavar="MATRIX")
@click.option("--classes", metavar="a,b", help="Class names in the order of the rows.")
@click.option("--positive", metavar="NAME", help="The positive class of two; the last without.")
@click.option(
    "--stated",
    metavar="METRIC=VALUE,...",
    help="What was written beside it: accuracy=.7758,sensitivity=0,n=6851,Type_2.f1=64%.",
)
@options.common
def command(
    matrix: str, classes: str | None, positive: str | None, stated: str | None, as_json: bool,
    overwrite: bool, verbose: bool, quiet: bool, no_progress: bool,
) -> int:  # fmt: skip
    """Say everything that a confusion matrix says, with 95% intervals.

    MATRIX is text, "1005 933 / 777 4136", or a CSV file, with class names or without. Rows are the
    truth, columns what was predicted. With --stated, numbers that the matrix contradicts beyond
    rounding are named, and the exit code is 1.
    """
    from texturekit.data.given_matrix import read_matrix
    from texturekit.metrics import table_scores

    counts, names = read_matrix(matrix)
    if classes is not None:
        names = [name.strip() for name in classes.split(",")]
    found = table_scores(counts, names, positive, stated=_pairs(stated))
    if as_json:
        options.show_json(found.model_dump(mode="json"))
    else:
        click.echo("\n".join(_lines(found)))
        if positive is None and found.positive is not None and not quiet:
            click.echo(f"Positive: {found.positive}, the last class (--positive).", err=True)
    return 1 if any(one.status == "contradicts" for one in found.stated) else 0


def _pairs(stated: str | None) -> dict[str, str]:
    """Return metric and value of every part of a list."""
    pairs: dict[str, str] = {}
    for part in [] if stated is None else stated.split(","):
        metric, equals, value = part.partition("=")
        if not equals or not metric.strip() or not value.strip():
            raise click.UsageError(f"--stated {part!r} is no pair: accuracy=.7758,sensitivity=0")
        if metric.strip() in pairs:
            raise click.UsageError(f"--stated names {metric.strip()} twice; ask for one at a time.")
        pairs[metric.strip()] = value.strip()
    return pairs


def _lines(found: TableScores) -> list[str]:
    positive = "" if found.positive is None else f"; positive {found.positive}"
    tables = [("", found.metrics), ("Means over classes", _averages(found))]
    if found.positive is None:
        tables += [
            (f"{one.name} against the rest: {one.positives:,} of {one.n:,} images", one.metrics)
            for one in found.per_class
        ]
    width = max(len(name) for _, metrics in tables for name in metrics)
    lines = [
        f"{found.n:,} images; classes {', '.join(found.classes)}{positive}",
        "",
        f"{'':{width}}   value  95% interval      Clopper-Pearson",
    ]
    for title, metrics in tables:
        lines += ["", title] if title else []
        lines += [
            _line(name, one, width, found.exact.get(_exact_name(found, title, name)))
            for name, one in metrics.items()
        ]
    hows = _hows(tables)
    return [*lines, "", *hows, "", *_majority(found), *_stated(found), *found.remarks]


def _averages(found: TableScores) -> dict[str, Estimate]:
    """Return the means over classes that do not stand elsewhere."""
    above = ["weighted_sensitivity"]  # it is the accuracy
    if found.positive is None:
        above += [f"macro_{name}" for name in found.metrics]
    return {name: one for name, one in found.averages.items() if name not in above}


def _exact_name(found: TableScores, title: str, name: str) -> str:
    """Return where the exact interval of a share stands; of means over classes there is none."""
    if not title:
        return name
    names = {one.name for one in found.per_class if title.startswith(f"{one.name} against")}
    return f"{max(names, key=len, default='')}.{name}"


def _line(name: str, one: Estimate, width: int, exact: Estimate | None = None) -> str:
    if one.value is None:
        return f"{name:<{width}}     n/a  {one.reason}"
    more = "" if exact is None else f"  {_span(exact)}"
    return f"{name:<{width}}  {one.value:6.4f}  {_span(one)}{more}"


def _span(one: Estimate) -> str:
    if one.low is None or one.high is None:
        return f"no interval: {one.reason}"
    return f"{one.low:.4f} to {one.high:.4f}"


def _hows(tables: list[tuple[str, dict[str, Estimate]]]) -> list[str]:
    """Return how the intervals were made, each way once."""
    served: dict[str, dict[str, None]] = {}
    for _, metrics in tables:
        for name, one in metrics.items():
            if one.low is not None:
                served.setdefault(one.how, {})[name] = None
    return [f"{', '.join(names)}: {how}." for how, names in served.items()]


def _majority(found: TableScores) -> list[str]:
    top = found.majority
    rate, pair = top.rate, top.paired
    gain = f"{pair.value:+.4f}" + (
        "" if pair.low is None else f" [{pair.low:.4f}, {pair.high:.4f}]"
    )
    return [
        f"Calling every image {top.name} is right for {rate.value:.4f} [{rate.low:.4f}, "
        f"{rate.high:.4f}].",
        f"Accuracy minus that: {gain}, p {_p(pair.p)} ({pair.how}); p {_p(top.binomial.p)} "
        f"({top.binomial.how}).",
        "",
    ]


def _p(p: float | None) -> str:
    return "n/a" if p is None else "< .0001" if p < 0.0001 else f"{p:.4f}"


def _stated(found: TableScores) -> list[str]:
    if not found.stated:
        return []
    return [*(f"{one.status}: {one.sentence}" for one in found.stated), ""]
