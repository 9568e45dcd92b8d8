"""Everything that the templates of this chapter are filled with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from texturekit.report.protocol.checklist import checklist, tally
from texturekit.report.protocol.citing import again, citation
from texturekit.report.protocol.downloads import offers
from texturekit.report.protocol.flow import flow
from texturekit.report.protocol.paragraph import prose
from texturekit.report.protocol.seen import Seen
from texturekit.report.protocol.sheets import sheets
from texturekit.report.protocol.split_table import split_table

if TYPE_CHECKING:
    from texturekit.records import Study


def chapter(study: Study) -> dict[str, Any]:
    """Return the checklist, diagram, splits, commands, reference, prose and files of a study."""
    seen = Seen(study)
    rows, text = checklist(seen), prose(seen)
    cite = citation(study.environment)
    return {
        "rows": rows,
        "tally": tally(rows),
        "flow": flow(seen),
        "splits": split_table(seen),
        "again": again(seen),
        "cite": cite,
        "prose": text,
        "offers": offers(study.results.task, sheets(seen, rows), text, cite),
    }
