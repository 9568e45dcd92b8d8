"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Level = Literal["problem", "warning", "note", "ok"]
#: From the gravest: something does not work; it will do harm some day; good to know; fine.
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True)
class Diagnosis:
    """What a check found, and the cure.

    Attributes
    ----------
    check : str
        Which check it was.
    level : {"problem", "warning", "note", "ok"}
        Something does not work; it works, but will do harm; good to know; fine.
    found : str
        What is so.
    cure : str or None
        What to do: a command where there is one.
    """

    check: str
    level: Level
    found: str
    cure: str | None = None
