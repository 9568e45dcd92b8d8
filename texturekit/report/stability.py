"""The section of the page on stable columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.report.wording import span_text

if TYPE_CHECKING:
    from texturekit.records import ColumnStability, Stability

GOOD, EXCELLENT, WORST = 0.75, 0.9, 10


@dataclass(frozen=True)
class Share:
    """How many columns of a family stand a change: ``of`` those whose ICC is defined."""

    of: int
    good: int
    excellent: int
    undefined: int

    @property
    def text(self) -> str:
        """``84% / 61%``; a dash where there is nothing to count."""
        if not self.of:
            return "n/a"
        return f"{100 * self.good / self.of:.0f}% / {100 * self.excellent / self.of:.0f}%"


def family_rows(found: Stability) -> list[tuple[str, int, list[Share]]]:
    """Return the families, how many columns each has, and a share a change.

    Examples
    --------
    >>> from texturekit.records import ColumnStability, Estimate, Stability
    >>> icc = Estimate(value=0.9, low=0.85, high=0.95, how="ICC(1,1)")
    >>> one = ColumnStability(column="glcm.contrast.d1.mean", change="noise", icc=icc, images=30)
    >>> found = Stability(images=30, changes=["noise"], how="", columns=[one])
    >>> [(family, count, shares[0].text) for family, count, shares in family_rows(found)]
    [('glcm', 1, '100% / 0%')]
    """
    families: dict[str, dict[str, list[ColumnStability]]] = {}
    for one in found.columns:
        families.setdefault(family_of(one.column), {}).setdefault(one.change, []).append(one)
    return [
        (name, len(next(iter(of.values()))), [_share(of.get(c, [])) for c in found.changes])
        for name, of in families.items()
    ]


def family_of(column: str) -> str:
    """Return the family that a column belongs to; with its parameters where they are named."""
    part, colon, name = column.partition(": ")
    return part if colon else name.partition(".")[0] or part.partition(".")[0]


def _share(columns: list[ColumnStability]) -> Share:
    lows = [one.icc.low for one in columns if one.icc.low is not None]
    return Share(
        of=len(lows),
        good=sum(low > GOOD for low in lows),
        excellent=sum(low > EXCELLENT for low in lows),
        undefined=len(columns) - len(lows),
    )


def worst(found: Stability) -> list[tuple[str, str, str, str]]:
    """Return the least stable columns, each with its worst change: name, change, ICC, interval."""
    least: dict[str, ColumnStability] = {}
    for one in found.columns:
        if one.icc.low is not None and one.icc.low < _low(least.get(one.column)):
            least[one.column] = one
    ordered = sorted(least.values(), key=lambda one: (_low(one), one.column))
    return [
        (one.column, one.change, f"{one.icc.value:.2f}", span_text(one.icc.low, one.icc.high))
        for one in ordered[:WORST]
    ]


def _low(one: ColumnStability | None) -> float:
    return 2.0 if one is None or one.icc.low is None else one.icc.low
