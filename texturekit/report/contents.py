"""The table of contents: which sections the page has, in which order, under which chapter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from texturekit.records import Results


@dataclass(frozen=True)
class Section:
    """A section: its id in the page, its name, and its template.

    Without a template it stands in that of the section before it.
    """

    anchor: str
    title: str
    template: str | None = None


@dataclass(frozen=True)
class Chapter:
    """Sections that belong together."""

    title: str
    sections: list[Section]


def chapters(results: Results, content: Mapping[str, Any]) -> list[Chapter]:
    """Return the chapters of the page; a section with nothing to show is left out.

    Parameters
    ----------
    results : Results
    content : mapping
        What the templates are filled with.
    """
    found = [
        Chapter("Result", _result(results)),
        Chapter(
            "Evidence",
            [*_evidence(results, content), *_learning(results, content), *_reading(content)],
        ),
        Chapter("Images", _images(content)),
        Chapter("Protocol", _protocol(content)),
    ]
    return [chapter for chapter in found if chapter.sections]


def _result(results: Results) -> list[Section]:
    if results.evaluated is not None:
        sections = [
            Section("methods", "Numbers", "methods.html.j2"),
            Section("model", "The model", "model.html.j2"),
        ]
        if results.comparisons:
            sections.append(Section("comparisons", "Paired tests", "comparisons.html.j2"))
        return sections
    return [
        Section("methods", "Methods", "methods.html.j2"),
        Section("comparisons", "Paired tests", "comparisons.html.j2"),
    ]


def _evidence(results: Results, content: Mapping[str, Any]) -> list[Section]:
    figures = content["figures"]
    sections = [Section("curves", "Curves", "curves.html.j2")]
    if content["chosen"]:
        sections.append(Section("thresholds", "Thresholds", "thresholds.html.j2"))
    sections.append(Section("confusion", "Confusion", "confusion.html.j2"))
    if figures["calibration"] is not None:
        sections.append(Section("calibration", "Calibration", "calibration.html.j2"))
    if figures["explorer"] is not None:
        sections.append(Section("explorer", "Explorer", "explorer.html.j2"))
    if figures["benefit"] is not None:
        sections.append(Section("benefit", "Decision curve", "benefit.html.j2"))
    if content["per_class"]:
        name = "Labels" if results.kind == "multilabel" else "Classes"
        sections.append(Section("classes", name, "classes.html.j2"))
    if content["subgroups"] is not None:
        sections.append(Section("subgroups", "Subgroups", "subgroups.html.j2"))
    if content["spread"] is not None:
        sections.append(Section("spread", "Folds", "spread.html.j2"))
    return sections


def _learning(results: Results, content: Mapping[str, Any]) -> list[Section]:
    again, sections = content["again"], []
    if again["sites"]:
        sections.append(Section("sites", f"By {results.protocol.left_out}"))
    if again["curve"]:
        sections.append(Section("learning", "Learning curve"))
    if again["seeds"]:
        sections.append(Section("seeds", "Seeds"))
    if again["beside"]:
        sections.append(Section("parts", "Training and test"))
    if sections:
        first = sections[0]
        sections[0] = Section(first.anchor, first.title, "protocols.html.j2")
    if content["searches"]:
        sections.append(Section("tuning", "Settings", "tuning.html.j2"))
    if content["steady"] is not None:
        sections.append(Section("stability", "Stability", "stability.html.j2"))
    if content["reported"]:
        sections.append(Section("reported", "Reported by others", "reported.html.j2"))
    return sections


def _reading(content: Mapping[str, Any]) -> list[Section]:
    """Return what is said of how methods learn, what they read, and how long it takes."""
    sections = []
    if content["trainings"] is not None:
        sections.append(Section("trainings", "Training", "trainings.html.j2"))
    if content["importance"] is not None:
        sections.append(Section("importance", "Importance", "importance.html.j2"))
    if content["costs"] is not None:
        sections.append(Section("costs", "Time and cost", "costs.html.j2"))
    return sections


def _images(content: Mapping[str, Any]) -> list[Section]:
    shown = content["images"]
    sections = [Section("images", "Images", "images.html.j2")]
    if shown.patients is not None:
        sections.append(Section("patients", "Patients", "patients.html.j2"))
    if shown.texture is not None:
        sections.append(Section("texture", "What texture sees", "texture.html.j2"))
    return sections


def _protocol(content: Mapping[str, Any]) -> list[Section]:
    found = content["protocol"]
    sections = [
        Section("checklist", "Checklist", "checklist.html.j2"),
        Section("data", "Data", "data.html.j2"),
    ]
    if found["splits"] is not None:
        sections.append(Section("splits", "Splits", "splits.html.j2"))
    return [
        *sections,
        Section("protocol", "Protocol", "protocol.html.j2"),
        Section("rerun", "Rerun and cite", "rerun.html.j2"),
        Section("prose", "Text for a paper", "prose.html.j2"),
        Section("downloads", "Downloads", "downloads.html.j2"),
    ]
