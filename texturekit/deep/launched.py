"""Whether `torchrun` started this process, and as which; nothing here imports torch."""

from __future__ import annotations

import os

_TOLD = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


def is_launched() -> bool:
    """Tell whether this process is one of those that `torchrun` started."""
    return all(name in os.environ for name in _TOLD)


def writes() -> bool:
    """Tell whether this process writes files and talks: alone, or the first of several.

    Examples
    --------
    >>> writes()
    True
    """
    return not is_launched() or os.environ["RANK"] == "0"
