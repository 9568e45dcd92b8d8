"""What commands that test methods say when they are done, and where they write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from texturekit.errors import printable

from .protocol_words import learning_curve, left_out, protocol_line, seeds, sources
from .steady import told

if TYPE_CHECKING:
    from pathlib import Path

    from texturekit.records import Comparison, Data, Estimate, Results, Study


def dated(source: str, before: str = "") -> str:
    """Return the folder of a run on a source, if nobody names one."""
    from datetime import datetime
    from pathlib import Path

    return f"reports/{before}{Path(source).stem}-{datetime.now():%Y%m%d-%H%M%S}"


def free(folder: Path) -> Path:
    """Return a folder that does not exist yet: two runs may start in the same second."""
    number, found = 1, folder
    while found.exists():
        number += 1
        found = folder.with_name(f"{folder.name}-{number}")
    return found


def incomplete(results: Results) -> bool:
    """Tell whether images were lost, or methods failed."""
    lost = any(skip.kind != "ignored" for skip in results.data.skipped)
    return lost or any(method.status == "failed" for method in results.methods)


def tell(study: Study) -> None:
    """Say on stderr what was compared, or tested, and what came out."""
    results = study.results
    data = results.data
    lines = [
        f"{results.title}: {data.used} images"
        + (f" of {data.groups} patients or groups" if data.groups else "")
        + f"{_losses(data)}; classes {', '.join(results.classes)}"
        + (f"; positive {results.positive} ({results.positive_from})" if results.positive else ""),
        protocol_line(results.protocol, saved=results.evaluated is not None),
        *_outside(results),
        *sources(data),
        *_findings(results),
        *(f"Note: {note}" for note in results.notes),
        *told(results.stability),
        *_skipped(data),
        *(f"  failed: {m.name}: {m.reason}" for m in results.methods if m.status == "failed"),
        "",
        *_table(study),
        *left_out(results),
        *seeds(results),
        *learning_curve(results),
        "",
        *_tests([c for c in results.comparisons if c.metric == "roc_auc"]),
    ]
    click.echo(printable("\n".join(lines)), err=True)


def _outside(results: Results) -> list[str]:
    """Return which share of the images is unlike those that a saved model learnt from."""
    found = None if results.evaluated is None else results.evaluated.outside
    if found is None:
        return []
    return [f"{found.outside} of {found.judged} images lie outside the training distribution"]


def _findings(results: Results) -> list[str]:
    """Return errors and warnings; notes are counted, the report has them."""
    lines = [
        f"{one.severity.capitalize()} {one.code}: {one.text} {one.evidence}"
        for one in results.findings
        if one.severity != "note"
    ]
    notes = [one.code for one in results.findings if one.severity == "note"]
    if notes:
        lines.append(f"Notes {', '.join(notes)}: see the report, or docs/findings.md.")
    return lines


def _tests(tests: list[Comparison]) -> list[str]:
    """Return a line for each test, and one for all that cannot be made for the same reason."""
    lines = [f"- {test.sentence}" for test in tests if test.verdict != "not_testable"]
    missing: dict[str, list[str]] = {}
    for test in tests:
        if test.verdict == "not_testable":
            reason = test.sentence.partition(", because ")[2]
            missing.setdefault(reason, []).append(test.sentence)
    for reason, sentences in missing.items():
        several = f"Not testable: {len(sentences)} pairs of methods on AUC, because {reason}"
        lines.append(f"- {sentences[0] if len(sentences) == 1 else several}")
    return lines


def _losses(data: Data) -> str:
    ignored = sum(skip.kind == "ignored" for skip in data.skipped)
    lost = len(data.skipped) - ignored
    return f", {lost} skipped" + (f", {ignored} left out or ignored" if ignored else "")


def _skipped(data: Data) -> list[str]:
    lost = [skip for skip in data.skipped if skip.kind != "ignored"]
    more = [f"  and {len(lost) - 20} more; see results.json"] if len(lost) > 20 else []
    return [*(f"  skipped: {skip.path}: {skip.reason}" for skip in lost[:20]), *more]


def _table(study: Study) -> list[str]:
    areas = {m.name: m.metrics["roc_auc"] for m in study.results.methods if m.metrics}
    ranked = sorted(areas, key=lambda name: -(areas[name].value or 0.0))
    width = max(map(len, ranked))
    return [
        f"{'method':<{width}}  AUC [95% interval]",
        *(f"{name:<{width}}  {_written(areas[name])}" for name in ranked),
    ]


def _written(area: Estimate) -> str:
    if area.value is None:
        return f"n/a ({area.reason})"
    interval = "" if area.low is None else f" [{area.low:.3f}, {area.high:.3f}]"
    return f"{area.value:.3f}{interval}"
