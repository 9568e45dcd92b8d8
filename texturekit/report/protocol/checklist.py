"""The checklist: 21 rows, each filled from the run or said to be not stated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.report.protocol import of_data, of_models, of_numbers, of_run
from texturekit.report.protocol.requirements import REQUIREMENTS, Requirement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.report.protocol.said import Said
    from texturekit.report.protocol.seen import Seen

STATES = ("stated", "partly", "NOT STATED", "not applicable")
_ROWS = (
    of_data.task, of_data.source, of_data.reference_standard, of_data.preprocessing,
    of_data.splits, of_data.sample_size, of_models.models, of_models.thresholds,
    of_numbers.numbers, of_models.baselines, of_numbers.differences, of_numbers.clustering,
    of_numbers.calibration, of_numbers.prevalence, of_run.subgroups, of_run.failures,
    of_run.robustness, of_run.testing, of_run.undefined, of_run.record, of_run.limits,
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row of the checklist as the page prints it."""

    requirement: Requirement
    said: Said

    @property
    def status(self) -> str:
        """One of `STATES`."""
        return self.said.status

    @property
    def mark(self) -> str:
        """The status as a CSS class."""
        return self.status.lower().replace(" ", "-")


def checklist(seen: Seen) -> list[Row]:
    """Return the 21 rows of a study, in order."""
    return [
        Row(requirement, fill(seen)) for requirement, fill in zip(REQUIREMENTS, _ROWS, strict=True)
    ]


def tally(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """Return how many rows have each status; those that none has are left out."""
    counts = [(state, sum(row.status == state for row in rows)) for state in STATES]
    return [one for one in counts if one[1]]
