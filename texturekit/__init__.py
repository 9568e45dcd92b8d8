"""Judge texture features, CNN embeddings, fine-tuned CNNs and hybrids on medical images.

Public names are loaded on first use (PEP 562), so that ``import texturekit`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from texturekit.auditing import audit
    from texturekit.comparison import compare
    from texturekit.data.folders import scan_folder
    from texturekit.data.manifest import Manifest, load_source, read_manifest
    from texturekit.data.splits import split
    from texturekit.data.tasks import load_task
    from texturekit.errors import TexturekitError
    from texturekit.evaluating import evaluate
    from texturekit.explanation import explain
    from texturekit.extraction import extract
    from texturekit.features.grey_levels import quantize
    from texturekit.features.measuring import measure
    from texturekit.images import read_image, to_grey
    from texturekit.methods.fitting import fit
    from texturekit.methods.persistence import load
    from texturekit.records import Study
    from texturekit.report.audit_page import write_audit
    from texturekit.report.folder import read_study, redraw_report, write_report
    from texturekit.report.pseudonyms import pseudonymised
    from texturekit.report.ranking_page import write_ranking
    from texturekit.steadiness import stability
    from texturekit.table import Table, read_table
    from texturekit.task_ranking import rank_methods

_HOMES = {
    "Manifest": "data.manifest",
    "Study": "records",
    "Table": "table",
    "TexturekitError": "errors",
    "audit": "auditing",
    "compare": "comparison",
    "evaluate": "evaluating",
    "explain": "explanation",
    "extract": "extraction",
    "fit": "methods.fitting",
    "load": "methods.persistence",
    "load_source": "data.manifest",
    "load_task": "data.tasks",
    "measure": "features.measuring",
    "pseudonymised": "report.pseudonyms",
    "quantize": "features.grey_levels",
    "rank_methods": "task_ranking",
    "read_image": "images",
    "read_manifest": "data.manifest",
    "read_study": "report.folder",
    "read_table": "table",
    "redraw_report": "report.folder",
    "scan_folder": "data.folders",
    "split": "data.splits",
    "stability": "steadiness",
    "to_grey": "images",
    "write_audit": "report.audit_page",
    "write_ranking": "report.ranking_page",
    "write_report": "report.folder",
}
_FOLDERS = ("features", "metrics")

__all__ = [
    "Manifest",
    "Study",
    "Table",
    "TexturekitError",
    "audit",
    "compare",
    "evaluate",
    "explain",
    "extract",
    "features",
    "fit",
    "load",
    "load_source",
    "load_task",
    "measure",
    "metrics",
    "pseudonymised",
    "quantize",
    "rank_methods",
    "read_image",
    "read_manifest",
    "read_study",
    "read_table",
    "redraw_report",
    "scan_folder",
    "split",
    "stability",
    "to_grey",
    "write_audit",
    "write_ranking",
    "write_report",
]


def __getattr__(name: str) -> object:
    if name in _FOLDERS:
        return importlib.import_module(f"texturekit.{name}")
    if name in _HOMES:
        value = getattr(importlib.import_module(f"texturekit.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'texturekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
