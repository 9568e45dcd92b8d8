"""Where a check looks: installed packages, environment variables, the machine's own files."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from texturekit.doctor.processes import Answer, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Surroundings:
    """Where a check looks.

    Attributes
    ----------
    paths : tuple of str
        Folders of installed packages.
    environ : mapping of str to str
        Environment variables.
    root : Path
        Folder that holds ``proc``, ``sys`` and ``dev``.
    ask : callable
        ``ask(name, *arguments)`` loads a library in a process of its own, see
        `texturekit.doctor.processes.ask`.
    """

    paths: tuple[str, ...] = field(default_factory=lambda: tuple(sys.path))
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    root: Path = Path("/")
    ask: Callable[..., Answer] = ask

    @cached_property
    def installed(self) -> dict[str, list[metadata.Distribution]]:
        """Distributions by their normalised names; the first of several is the one that is used."""
        found: dict[str, list[metadata.Distribution]] = {}
        for path in dict.fromkeys(self.paths):
            for one in metadata.distributions(path=[path]):
                # The name of a damaged distribution is None.
                found.setdefault(normal(one.metadata["Name"] or "?"), []).append(one)
        return found

    def version(self, name: str) -> str | None:
        """Return the version of a distribution, or None if it is not installed."""
        found = self.installed.get(normal(name))
        return found[0].version if found else None

    def file(self, path: str) -> str | None:
        """Return the text of a file below `root`, or None if it cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None


def normal(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it.

    Examples
    --------
    >>> normal("Ruamel.YAML__clib")
    'ruamel-yaml-clib'
    """
    return re.sub(r"[-_.]+", "-", name).lower()
