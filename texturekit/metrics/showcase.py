"""Which predictions are worth a look: the surest hits and misses, and the most uncertain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    import pandas as pd

    from texturekit.records import Kind

MISSED, FALSE_ALARM, UNCERTAIN, RECOGNISED = "Missed", "False alarm", "Most uncertain", "Recognised"
PER_OUTCOME = 4


@dataclass(frozen=True)
class Case:
    """A prediction that might be shown; the highest ``rank`` first."""

    rank: float
    id: str
    truth: str
    predicted: str
    probability: float | None


def showcase(
    frame: pd.DataFrame, name: str, *, kind: Kind, positive: str | None = None
) -> dict[str, list[Case]]:
    """Return the test images of a class by outcome, the clearest of each outcome first.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows of one method in one repeat, as in ``predictions.parquet``.
    name : str
        A class; its images are looked at. Of several labels: all images with a known answer.
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    positive : str, optional
        The positive class of two, which thresholds belong to.

    Returns
    -------
    dict of list of Case
        ``Missed``, ``Recognised``, ``Most uncertain``, and for labels ``False alarm``. The surest
        come first, or those whose probability is nearest to what decides: the threshold, or the
        second best of several classes. The most uncertain stand in two lists.
    """
    frame = frame[frame["split"] == "test"]
    rows: Sequence[Mapping[Hashable, object]] = _needed(frame, name, kind).to_dict("records")
    pairs = _of_label(rows, name) if kind == "multilabel" else _of_class(rows, name)
    found: dict[str, list[Case]] = {MISSED: [], FALSE_ALARM: [], RECOGNISED: [], UNCERTAIN: []}
    if kind != "multilabel":
        del found[FALSE_ALARM]
    for row, outcome, case in pairs:
        found[outcome].append(case)
        gap = _gap(row, name, kind, positive)
        if gap is not None:
            doubt = Case(-gap, case.id, case.truth, case.predicted, case.probability)
            found[UNCERTAIN].append(doubt)
    return {
        outcome: sorted(cases, key=lambda case: (-case.rank, case.id))
        for outcome, cases in found.items()
    }


def shown(
    frame: pd.DataFrame, *, kind: Kind, classes: Sequence[str], positive: str | None
) -> list[str]:
    """Return the ids of all images that a page shows of one method, each once.

    The first of every outcome of every class come first, then the second, and so on.

    Whatever rows of the method are given, the first `PER_OUTCOME` of every outcome of every class
    are among them: the choice over all folds lies inside the choices of the folds.
    """
    lists = [
        cases
        for name in classes
        for cases in showcase(frame, name, kind=kind, positive=positive).values()
    ]
    ids = (cases[rank].id for rank in range(PER_OUTCOME) for cases in lists if rank < len(cases))
    return list(dict.fromkeys(ids))


def _needed(frame: pd.DataFrame, name: str, kind: Kind) -> pd.DataFrame:
    """Return the rows and columns that can matter: there may be dozens of classes."""
    if kind != "multilabel":
        return frame[frame["label"] == name]
    names = ("id", "predicted", "threshold", f"y.{name}", f"p.{name}", f"t.{name}")
    return frame[[column for column in frame.columns if column in names]]


def _of_class(
    rows: Sequence[Mapping[Hashable, object]], name: str
) -> Iterator[tuple[Mapping[Hashable, object], str, Case]]:
    """Of the images that are of a class: called something else, and recognised."""
    for row in rows:
        if row["label"] == name:
            said = str(row["predicted"])
            p = _number(row, f"p.{said}")
            case = Case(-1.0 if p is None else p, str(row["id"]), name, said, p)
            yield row, RECOGNISED if said == name else MISSED, case


def _of_label(
    rows: Sequence[Mapping[Hashable, object]], name: str
) -> Iterator[tuple[Mapping[Hashable, object], str, Case]]:
    """Of all images with a known answer: the label missed, raised wrongly, and recognised."""
    for row in rows:
        truth, p = _number(row, f"y.{name}"), _number(row, f"p.{name}")
        called = name in str(row["predicted"]).split("|")
        if truth is None or p is None or not (truth or called):
            continue
        outcome = (RECOGNISED if called else MISSED) if truth else FALSE_ALARM
        is_so, said = (name if answer else f"not {name}" for answer in (bool(truth), called))
        yield row, outcome, Case(p if called else -p, str(row["id"]), is_so, said, p)


def _gap(
    row: Mapping[Hashable, object], name: str, kind: Kind, positive: str | None
) -> float | None:
    """Return how far a row is from being decided otherwise."""
    if kind == "multiclass":
        values = sorted(
            v for key in row if str(key).startswith("p.") and (v := _number(row, key)) is not None
        )
        return values[-1] - values[-2] if len(values) > 1 else None
    label = name if kind == "multilabel" else positive
    p, cut = _number(row, f"p.{label}"), _number(row, f"t.{label}")
    if cut is None:
        cut = _number(row, "threshold")
    return None if p is None or cut is None else abs(p - cut)


def _number(row: Mapping[Hashable, object], key: Hashable) -> float | None:
    value = row.get(key)
    return float(value) if isinstance(value, int | float) and value == value else None
