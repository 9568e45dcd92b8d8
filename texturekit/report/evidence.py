"""The evidence beyond curves and counts: pairs, subgroups, folds, training, columns, time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from texturekit.report.costs import costs
from texturekit.report.courses import trainings
from texturekit.report.importance import importance
from texturekit.report.pairs import pair_table
from texturekit.report.spread import spread
from texturekit.report.subgroups import subgroups
from texturekit.report.verdict import leader
from texturekit.report.wording import first_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import Study
    from texturekit.report.tables import MethodRow


def evidence(study: Study, done: Sequence[MethodRow]) -> dict[str, Any]:
    """Return what the templates of these sections are filled with; None where data are missing.

    Parameters
    ----------
    study : Study
    done : sequence of MethodRow
        The methods that finished, best first.
    """
    first = leader(study.results)
    return {
        "pairs": pair_table(study.results, done),
        "subgroups": subgroups(study.results, done, None if first is None else first.name),
        "spread": spread(done, first_number(study.results.protocol)),
        "trainings": trainings(study, done),
        "importance": importance(study, done),
        "costs": costs(study, done),
    }
