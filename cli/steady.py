"""What is said on stderr of columns that do not stand small changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from texturekit.records import Stability

_NAMED = 3


def told(found: Stability | None) -> list[str]:
    """Return one line a change: how many columns are poor, and the worst of them.

    Examples
    --------
    >>> told(None)
    []
    """
    lines = []
    for change in [] if found is None else found.changes:
        assert found is not None
        columns = [one for one in found.columns if one.change == change]
        defined = [one for one in columns if one.icc.low is not None]
        poor = sorted(
            (one for one in defined if one.category == "poor"), key=lambda one: one.icc.low or 0.0
        )
        named = f": {', '.join(one.column for one in poor[:_NAMED])}" if poor else ""
        more = ", ..." if len(poor) > _NAMED else ""
        gap = len(columns) - len(defined)
        constant = f"; {gap} n/a (values all equal, or too few images)" if gap else ""
        lines.append(
            f"Stability under {change}: {len(poor)} of {len(defined)} columns are poor{named}{more}"
            f"{constant}"
        )
    return lines
