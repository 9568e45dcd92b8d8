"""The page: one HTML file that answers the question, and shows the evidence."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from texturekit.checks.of_methods import random_weights
from texturekit.methods.budgets import unequal_budgets
from texturekit.report import figures, gallery, reported, stability, tables, wording
from texturekit.report.again import fits_again
from texturekit.report.plain import plain, yaml_text
from texturekit.report.searches import search_rows
from texturekit.report.verdict import answer, leader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from texturekit.records import Comparison, Finding, Results, Skipped, Study

_TEMPLATES = Path(__file__).parent / "templates"
_SKIPPED_SHOWN = 50
_MID_P = re.compile(r", mid-p [^;,\s]+")
_SEVERITIES = (
    ("error", "Errors: do not use these numbers"),
    ("warning", "Warnings: read the numbers with care"),
    ("note", "Notes"),
)


def render(study: Study) -> str:
    """Draw the page of a study.

    Parameters
    ----------
    study : Study
        Every number and picture of the page comes from it.

    Returns
    -------
    str
        A complete HTML document that loads nothing from anywhere: style, script, drawings and
        pictures are inside. Equal studies give equal text.
    """
    style, script = asset("style.css"), asset("script.js")
    page = templates().get_template("page.html.j2")
    return page.render(
        **_headline(study),
        **_evidence(study),
        **_comparisons(study.results),
        **_origin(study),
        **_extras(study.results),
        searches=search_rows(study.results),
        uneven=unequal_budgets(study.results.methods),
        results=study.results,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(script),
    )


def _headline(study: Study) -> dict[str, Any]:
    results = study.results
    return {
        "answer": answer(results, study.config),
        "compared": wording.compared(results),
        "amounts": wording.amounts(results.data, results.classes, results.kind),
        "separated": wording.separated(results.protocol),
        "testing": wording.origin_of_tests(results.protocol),
        "random_weights": random_weights(results),
        "shortened": _shortened(results),
        "errors": [one for one in results.findings if one.severity == "error"],
        "findings": _findings(results),
        "permutation": results.permutation,
        "alarmed": any(one.code == "TK013" for one in results.findings),
        "chosen": _chosen(results),
        "notes": results.notes,
        "absent": [m for m in results.methods if m.status != "ok"],
    }


def _chosen(results: Results) -> bool:
    """Tell whether thresholds or calibration were chosen inside the training part."""
    done = [m for m in results.methods if m.status == "ok"]
    cut = any(m.threshold is not None and m.threshold.cuts for m in done)
    return cut or any(m.calibration is not None for m in done)


def _findings(results: Results) -> list[tuple[str, str, list[Finding]]]:
    """Return the findings of each severity that has some, with its heading."""
    groups = [
        (severity, heading, [one for one in results.findings if one.severity == severity])
        for severity, heading in _SEVERITIES
    ]
    return [group for group in groups if group[2]]


def _evidence(study: Study) -> dict[str, Any]:
    results, first = study.results, leader(study.results)
    rows = tables.method_rows(results)
    done = [row for row in rows if row.method.status == "ok"]
    methods = [row.method for row in done]
    labels = ["absent", "present"] if results.kind == "multilabel" else results.classes
    columns = tables.class_columns(methods)
    return {
        "first": first,
        "rows": rows,
        "done": done,
        "columns": tables.COLUMNS,
        "extra": tables.extra_metrics(results),
        "axis": tables.axis(results),
        "how": tables.interval_methods(methods),
        "undefined": tables.undefined(rows),
        "cautions": tables.cautions(rows),
        "panels": figures.roc_panels(study, done),
        "matrices": [
            (row.method, figures.matrices(row.method, labels, f"{row.key}c")) for row in done
        ],
        "class_columns": columns,
        "per_class": [
            (m, tables.class_rows(m.per_class, columns)) for m in methods if len(m.per_class) > 1
        ],
        "again": fits_again(results, done),
        "samples": gallery.samples(study),
        "examples": gallery.examples(study, first.name) if first is not None else [],
    }


def _extras(results: Results) -> dict[str, Any]:
    found = results.stability
    return {
        "steady": None if found is None else stability.family_rows(found),
        "unsteady": [] if found is None else stability.worst(found),
        "reported": reported.entries(results.reported),
        "reported_columns": reported.COLUMNS,
    }


def _comparisons(results: Results) -> dict[str, Any]:
    tests = results.comparisons
    shown = [test for test in tests if test.verdict != "not_testable"]
    return {
        "tests": shown,
        "untested": [test for test in tests if test.verdict == "not_testable"],
        "family": sum(test.p is not None for test in tests),
        "how_tested": _how_tested(tests),
    }


def _how_tested(tests: Sequence[Comparison]) -> list[tuple[str, str]]:
    """Return metric and method of the tests, each once; their mid-p are in the table."""
    told = [(t.metric, _MID_P.sub("", t.how)) for t in tests if t.p is not None]
    return list(dict.fromkeys(told))


def _origin(study: Study) -> dict[str, Any]:
    environment = plain(study.environment, "environment")
    everything = study.results.data.skipped
    skipped = [item for item in everything if not _left_out(item)]
    kinds = Counter("left out" if _left_out(item) else item.kind for item in everything)
    return {
        "skipped": skipped[:_SKIPPED_SHOWN],
        "skipped_count": len(skipped),
        "left_out": len(everything) - len(skipped),
        "skipped_kinds": sorted(kinds.items()),
        "config": yaml_text(study.config),
        "environment": _flat(environment),
        "version": environment.get("texturekit", ""),
        "finished": str(environment.get("finished") or "")[:10],
        "command": environment.get("command"),
    }


def _left_out(item: Skipped) -> bool:
    """Tell whether an image could have been used, but a limit was asked for."""
    return item.kind == "ignored" and item.reason.startswith("left out")


def _shortened(results: Results) -> str | None:
    """Return how the run was shortened, as its rows say; None if it was not."""
    start = "shortened: "
    said = [mark for m in results.methods for mark in m.marks if mark.startswith(start)]
    return said[0].removeprefix(start) if said else None


def _flat(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested facts as ``(name, value)`` lines, sorted by name."""
    lines: list[tuple[str, str]] = []
    for key, value in sorted(content.items()):
        if isinstance(value, dict):
            lines += _flat(value, f"{prefix}{key} ")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            lines.append((f"{prefix}{key}", "not known" if value is None else text))
    return lines


def _policy(script: str) -> str:
    """Return a Content-Security-Policy: nothing from outside, and no script but our own."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _breakable(text: str) -> Markup:
    """Return text that may break after the marks that join the parts of a method's name."""
    return Markup(re.sub(r"(?<=\S)([+/(])(?=\w)", r"\1<wbr>", str(escape(text))))


def asset(name: str) -> str:
    """Return a style sheet or script of the pages."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Return the templates of the pages; what they print is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        number=wording.number,
        p_value=wording.p_value,
        interval=lambda item, places: wording.interval(item.low, item.high, places, signed=True),
        metric_name=wording.metric_name,
        digits=wording.digits,
        verdict=lambda key: wording.VERDICTS[key],
        counted=wording.counted,
        breakable=_breakable,
        listed=wording.listed,
    )
    return found
