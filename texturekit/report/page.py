"""The page: one HTML file that answers the question, and shows the evidence."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from texturekit.checks.of_methods import random_weights
from texturekit.methods.budgets import unequal_budgets
from texturekit.report import evaluation, figures, reported, stability, tables, wording
from texturekit.report.again import fits_again
from texturekit.report.contents import chapters
from texturekit.report.evidence import evidence
from texturekit.report.images import images
from texturekit.report.names import in_words
from texturekit.report.plain import plain, yaml_text
from texturekit.report.protocol.chapter import chapter
from texturekit.report.protocol.words import left_out
from texturekit.report.searches import search_rows
from texturekit.report.verdict import answer, leader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from texturekit.records import Comparison, Finding, MethodResult, Results, Study

_TEMPLATES = Path(__file__).parent / "templates"
_SKIPPED_SHOWN = 50
_MID_P = re.compile(r", mid-p [^;,\s]+")
_SAID_IN_RED = ("TK017", "TK018")  # synthetic data, random weights


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
    results = study.results
    content = {
        **_headline(study),
        **_evidence(study),
        **_comparisons(results),
        **_origin(study),
        "protocol": chapter(study),
        **_extras(results),
        "searches": search_rows(results),
        "uneven": unequal_budgets(results.methods),
        "results": results,
    }
    page = templates().get_template("page.html.j2")
    return page.render(
        **content,
        chapters=chapters(results, content),
        shell=shell(),
    )


def _headline(study: Study) -> dict[str, Any]:
    results = study.results
    saved = results.evaluated is not None
    return {
        "answer": answer(results, study.config),
        "compared": wording.compared(results)
        if results.evaluated is None
        else evaluation.tested_on(results),
        "amounts": wording.amounts(results.data, results.classes, results.kind),
        "separated": wording.separated(results.protocol, saved=saved),
        "testing": wording.origin_of_tests(results.protocol, saved=saved),
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
    """Return the findings as ``(kind, heading, findings)``, the worst first.

    Those that stand in red above everything are not told twice.
    """
    groups: dict[str, list[Finding]] = {"error": [], "warning": [], "note": [], "red": []}
    for one in results.findings:
        groups["red" if one.code in _SAID_IN_RED else one.severity].append(one)
    headings = {"note": wording.counted(len(groups["note"]), "note"), "red": "Said above in red"}
    return [(kind, headings.get(kind, ""), found) for kind, found in groups.items() if found]


def _evidence(study: Study) -> dict[str, Any]:
    results, first = study.results, leader(study.results)
    rows = tables.method_rows(results)
    done = [row for row in rows if row.method.status == "ok"]
    methods = [row.method for row in done]
    columns, told = tables.class_columns(methods), tables.by_class(methods)
    return {
        "first": first,
        "rows": rows,
        "done": done,
        "named": [(row.method.name, w) for row in rows if (w := in_words(row.method.name))],
        "columns": tables.COLUMNS,
        "families": tables.family_counts(rows),
        "tested": sorted({method.n for method in methods}),
        "extra": tables.extra_metrics(results),
        "axis": tables.axis(results),
        "how": tables.interval_methods(methods),
        "undefined": tables.undefined(rows),
        "cautions": tables.cautions(rows),
        "figures": figures.pictures(study, done, first),
        "class_columns": columns,
        "per_class": [(m, tables.class_rows(m.per_class, columns)) for m in told],
        "untold": sum(len(m.per_class) > 1 for m in methods) - len(told),
        **_of_model(results, first),
        "again": fits_again(results, done),
        "images": images(study, methods, first),
        **evidence(study, done),
    }


def _of_model(results: Results, first: MethodResult | None) -> dict[str, Any]:
    one = results.evaluated
    if one is None:
        return {}
    return {"met": evaluation.met(one), "beside": evaluation.beside(one, first)}


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
    skipped = [item for item in everything if not left_out(item)]
    kinds = Counter("left out" if left_out(item) else item.kind for item in everything)
    return {
        "skipped": skipped[:_SKIPPED_SHOWN],
        "skipped_count": len(skipped),
        "left_out": len(everything) - len(skipped),
        "skipped_kinds": sorted(kinds.items()),
        "config": yaml_text(study.config),
        "environment": _flat(environment),
        "version": environment.get("texturekit", ""),
        "finished": str(environment.get("finished") or "")[:10],
    }


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


@dataclass(frozen=True)
class Shell:
    """What every page holds: its style, its script, and the policy that allows no other."""

    style: Markup
    script: Markup
    policy: str


def shell() -> Shell:
    """Return the shell of the pages; all of them share it."""
    code = script()
    return Shell(Markup(style()), Markup(code), policy(code))


def policy(script: str) -> str:
    """Return a Content-Security-Policy: nothing from outside, and no script but our own."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _breakable(text: str) -> Markup:
    """Return text that may break after the marks that join the parts of a method's name."""
    return Markup(re.sub(r"(?<=\S)([+/(])(?=\w)", r"\1<wbr>", str(escape(text))))


def style() -> str:
    """Return the style sheet of the pages: every file of ``templates/css``, by name."""
    return _joined("css")


def script() -> str:
    """Return the script of the report: every file of ``templates/js``, by name."""
    return _joined("js")


def _joined(kind: str) -> str:
    files = sorted((_TEMPLATES / kind).glob(f"*.{kind}"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


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
