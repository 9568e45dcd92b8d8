"""Loading a library in a process of its own, which may die of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SECONDS = 180.0  # a cold disk, or one without byte code, takes a minute to load torch


@dataclass(frozen=True)
class Answer:
    """What a process told of a library.

    Attributes
    ----------
    facts : dict
        What it told before it ended, see `texturekit.doctor.probing`.
    error : str or None
        Why it did not come to its end: the exception, the signal, or the time.
    missing : str or None
        The module that was not found, where that is why.
    late : bool
        Whether it did not end in time.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    missing: str | None = None
    late: bool = False


def ask(name: str, *arguments: str, seconds: float = _SECONDS) -> Answer:
    """Run a probe of `texturekit.doctor.probing` in a process of its own.

    Parameters
    ----------
    name : str
        Name of the function.
    *arguments : str
        What it is given.
    seconds : float, default 180
        How long it may take.

    Returns
    -------
    Answer
    """
    script = Path(__file__).with_name("probing.py")
    # -P: neither the script's folder nor the working folder hides an installed package.
    command = [sys.executable, "-P", str(script), name, *arguments]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONFAULTHANDLER": ""}
    try:
        ended = subprocess.run(
            command, env=environment, capture_output=True, timeout=seconds, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        facts = _facts(late.stdout or b"")
        return Answer(facts, f"no answer within {seconds:g} seconds", late=True)
    facts = _facts(ended.stdout)
    missing = facts.pop("missing", None)
    if "error" in facts:
        return Answer(facts, facts.pop("error"), missing)
    if ended.returncode < 0:
        return Answer(facts, f"the process was killed by signal {-ended.returncode}")
    if ended.returncode:
        said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        last = f": {said[-1]}" if said else ""
        return Answer(facts, f"the process ended with code {ended.returncode}{last}")
    return Answer(facts)


def _facts(output: bytes) -> dict[str, Any]:
    """Read the lines that a probe told; libraries may print others."""
    facts: dict[str, Any] = {}
    for line in output.decode("utf-8", "replace").splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict):
            facts |= told
    return facts
