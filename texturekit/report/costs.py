"""The section of the page on time: what the methods took, and what 1,000 new images would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.records import MethodResult, Results, Study
    from texturekit.report.tables import MethodRow

_READS_PICTURES = ("finetuned", "head")  # they read while they fit and predict


@dataclass(frozen=True)
class Time:
    """Seconds as a table holds them: the text, the value to sort by, why there is none."""

    text: str
    sort: str = ""
    reason: str = ""


@dataclass(frozen=True)
class CostRow:
    """A method; all but ``fit`` are seconds for 1,000 images."""

    row: MethodRow
    represent: Time
    predict: Time
    total: Time
    fit: Time


@dataclass(frozen=True)
class Costs:
    """What the section holds; ``machine`` are facts of the computer, ``fits`` trainings each."""

    rows: list[CostRow]
    machine: list[tuple[str, str]]
    fits: int


def costs(study: Study, done: Sequence[MethodRow]) -> Costs | None:
    """Return what the methods took; None where nobody knows.

    Parameters
    ----------
    study : Study
        Its predictions say how many images were predicted.
    done : sequence of MethodRow
        The methods that finished, best first.
    """
    if not any(row.method.seconds for row in done):
        return None
    predicted = _predicted(study)
    protocol = study.results.protocol
    return Costs(
        [_row(row, study.results, predicted) for row in done],
        _machine(study.environment, study.config),
        protocol.folds * protocol.repeats,
    )


def _predicted(study: Study) -> dict[str, int]:
    """Return how many test images each method predicted, over all folds and repeats."""
    frame = study.predictions
    if frame.empty:
        return {}
    test = frame[frame["split"].astype(str) == "test"]
    return {str(name): int(count) for name, count in test["method"].value_counts().items()}


def _row(row: MethodRow, results: Results, predicted: Mapping[str, int]) -> CostRow:
    method = row.method
    seconds, used = method.seconds, results.data.used
    if seconds is None:
        unknown = Time("n/a", reason="not recorded")
        return CostRow(row, unknown, unknown, unknown, unknown)
    # A pretrained head looks at all images once, whatever the folds are.
    images = used if method.family == "head" else predicted.get(method.name, 0)
    represent, predict = _thousand(seconds.represent, used), _thousand(seconds.predict, images)
    asked = method.family in _READS_PICTURES or not _measures(method)
    total = predict if asked else None if represent is None else _sum(represent, predict)
    return CostRow(
        row,
        _represent(method, represent),
        _time(predict),
        _time(total),
        _time(seconds.fit or None, places=2),
    )


def _measures(method: MethodResult) -> bool:
    """Tell whether a method needs any measurement of an image."""
    return method.name.partition("/")[0] != "majority"


def _sum(a: float, b: float | None) -> float | None:
    return None if b is None else a + b


def _thousand(seconds: float, images: int) -> float | None:
    """Return the seconds that 1,000 images take; None where nothing was measured."""
    return 1000 * seconds / images if images and seconds > 0 else None


def _represent(method: MethodResult, value: float | None) -> Time:
    if method.family in _READS_PICTURES:
        return Time("in predict", reason="the network reads the pictures while it predicts")
    if not _measures(method):
        return Time("none", "0", reason="it looks at no image")
    return _time(value)


def _time(value: float | None, places: int | None = None) -> Time:
    """Return seconds with the digits that mean something.

    Examples
    --------
    >>> [_time(value).text for value in (0.0123, 1.234, 123.4, None)]
    ['0.012', '1.23', '123', 'n/a']
    """
    if value is None:
        return Time("n/a", reason="not measured")
    if places is None:
        places = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return Time(f"{value:,.{places}f}", repr(value))


def _machine(environment: Mapping[str, Any], config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is known of the computer that the times were measured on."""
    names = {
        "processor": "Processor", "cores": "Cores", "gpu": "Graphics processor",
        "device": "Device", "platform": "System",
    }  # fmt: skip
    found = [(names[key], str(environment[key])) for key in names if environment.get(key)]
    asked = [("Device asked for", "device"), ("Threads asked for (jobs)", "jobs")]
    return found + [(words, str(config[key])) for words, key in asked if config.get(key)]
