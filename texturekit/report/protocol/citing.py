"""How to run a comparison again, and how to cite the tool.

What is cited stands in ``CITATION.cff`` of the source, which is not installed; a test holds both
together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import texturekit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from texturekit.report.protocol.seen import Seen

TITLE, AUTHORS = "texturekit", "The texturekit developers"
ABSTRACT = (
    "Compares hand-crafted texture features, CNN embeddings, fine-tuned CNNs and hybrids on "
    "medical images, with patient groups, intervals and paired tests."
)
RELEASED = "2026-11-20"  # of texturekit.__version__


@dataclass(frozen=True)
class Again:
    """What to type to repeat a run."""

    install: str
    exact: str
    command: str
    config: str
    commit: str


@dataclass(frozen=True)
class Citation:
    """The tool as a reference: a line of text, and a BibTeX entry."""

    text: str
    bibtex: str


def again(seen: Seen) -> Again:
    """Return the commands that repeat a run; a line is empty where the run does not tell."""
    known = seen.study.environment
    version = known.get("texturekit")
    packages = known.get("packages") or {}
    pinned = [f"{name}=={value}" for name, value in sorted(packages.items()) if value]
    install = f"pip install texturekit=={version}" if version else ""
    return Again(
        install=install,
        exact=f"{install} {' '.join(pinned)}" if install and pinned else "",
        command=str(known.get("command") or ""),
        config=_from_settings(seen) if seen.asked else "",
        commit=str(known.get("git_commit") or ""),
    )


def _from_settings(seen: Seen) -> str:
    if seen.results.evaluated is None:
        return "texturekit compare --config config.yaml"
    return "texturekit evaluate MODEL SOURCE --config config.yaml"


def citation(environment: Mapping[str, Any]) -> Citation:
    """Return how to cite the version that made a run.

    Examples
    --------
    >>> citation({"texturekit": "9.9", "finished": "2030-01-02T00:00:00"}).text
    'The texturekit developers. texturekit (version 9.9) [software]. Run of 2030-01-02.'
    """
    version = str(environment.get("texturekit") or "")
    run = str(environment.get("finished") or "")[:10]
    released = RELEASED if version == texturekit.__version__ else ""
    of = f" (version {version})" if version else ""
    when = f" {released[:4]}." if released else ""
    text = f"{AUTHORS}. {TITLE}{of} [software].{when}" + (f" Run of {run}." if run else "")
    fields = {
        "author": f"{{{AUTHORS}}}",
        "title": f"{TITLE}: {ABSTRACT[0].lower()}{ABSTRACT[1:].rstrip('.')}",
        "version": _word(version),
        "year": released[:4],
        "date": released,
        "note": f"Run of {_word(run)}" if run else "",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return Citation(text, "\n".join(["@software{texturekit,", *lines, "}"]) + "\n")


def _word(text: str) -> str:
    """Return what may stand in a field: BibTeX counts even braces that are escaped."""
    return re.sub(r"[^A-Za-z0-9.+_-]", "", text)
