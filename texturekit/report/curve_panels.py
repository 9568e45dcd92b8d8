"""ROC, precision-recall and decision curves: which methods stand in which drawing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup

from texturekit import draw
from texturekit.report import tables
from texturekit.report.wording import counted, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from texturekit.records import Estimate, MethodResult, Study
    from texturekit.report.tables import Cell, MethodRow

    Frames = Mapping[tuple[str, str, str], pd.DataFrame]

MACRO = "macro"
LINES = 120  # in all drawings of single classes of one kind together
OPEN = 6  # drawings of single classes that are seen at once


@dataclass(frozen=True)
class Panel:
    """One drawing, its title, what is said beside it, and what kind of curve it holds."""

    title: str
    svg: Markup
    note: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Entry:
    """A line of the legend: the method, its AUC and its average precision."""

    row: MethodRow
    auc: Cell
    precision: Cell


@dataclass(frozen=True)
class Curves:
    """ROC and precision-recall curves.

    ``main`` holds the drawings with all methods, ``roc`` and ``pr`` those of single classes,
    which ``limited`` describes where they leave methods out.
    """

    legend: list[Entry]
    main: list[Panel]
    roc: list[Panel] = field(default_factory=list)
    pr: list[Panel] = field(default_factory=list)
    limited: str = ""
    banded: bool = False
    dots: bool = False


@dataclass(frozen=True)
class Benefit:
    """Decision curves: one drawing for two classes, else one a class."""

    legend: list[MethodRow]
    panels: list[Panel]
    limited: str = ""


def frames_of(study: Study) -> Frames:
    """Return the points of every curve by ``(curve, class, method)``."""
    curves = study.curves
    if curves.empty:
        return {}
    keys = [curves[name].astype(str) for name in ("curve", "class", "method")]
    return {(str(a), str(b), str(c)): part for (a, b, c), part in curves.groupby(keys, sort=False)}


def class_order(frames: Frames, curve: str, classes: Sequence[str]) -> list[str]:
    """Return the classes that have such a curve: the mean first, then in their order."""
    found = dict.fromkeys(name for kind, name, _ in frames if kind == curve)
    known = [name for name in classes if name in found]
    return sorted(set(found) - set(known)) + known


def curves(study: Study, frames: Frames, rows: Sequence[MethodRow], first: str) -> Curves | None:
    """Draw the ROC and precision-recall curves; None where there are none.

    Parameters
    ----------
    study : Study
    frames : dict of DataFrame
        See `frames_of`.
    rows : sequence of MethodRow
        The methods that finished, best first.
    first : str
        The leader, whose bands are shown.
    """
    classes = study.results.classes
    names = class_order(frames, "roc", classes)
    if not names:
        return None
    single = [name for name in names if name != MACRO or MACRO in classes]
    chosen = strongest(rows, first, len(single))
    main: list[Panel] = []
    roc: list[Panel] = []
    pr: list[Panel] = []
    for i, name in enumerate(names):
        whole = len(names) == 1 or name not in single
        of = rows if whole else chosen
        drawing = _Drawing(frames, name, of, first, whole)
        if (panel := drawing.roc(f"roc{i}")) is not None:
            (main if whole else roc).append(panel)
        if (panel := drawing.pr(f"pr{i}")) is not None:
            (main if whole else pr).append(panel)
    banded = any('class="band' in panel.svg for panel in (*main, *roc, *pr))
    dots = any('class="dot' in panel.svg for panel in (*main, *roc))
    legend = [
        Entry(row, row.auc, tables.cell(_metric(row.method, "average_precision"), "precision"))
        for row in rows
    ]
    limited = _limited(chosen, rows, single) if roc else ""
    return Curves(legend, main, roc, pr, limited, banded, dots)


def benefit(study: Study, frames: Frames, rows: Sequence[MethodRow], first: str) -> Benefit | None:
    """Draw the decision curves; None where there are none.

    Parameters
    ----------
    study, frames, rows, first
        See `curves`.
    """
    names = class_order(frames, "net_benefit", study.results.classes)
    of = strongest(rows, first, len(names)) if len(names) > 1 else list(rows)
    panels = []
    for i, name in enumerate(names):
        lines = _Drawing(frames, name, of, first, whole=False).lines("net_benefit")
        everyone = next(
            (p for (c, k, _), p in frames.items() if (c, k) == ("net_benefit_all", name)), None
        )
        if not lines or everyone is None:
            continue
        label = f"Decision curves of {counted(len(lines), 'method')}, {name}"
        base = draw.Line("all", everyone["x"].tolist(), everyone["y"].tolist())
        side = 4.0 if len(names) == 1 else 3.0
        svg = draw.net_benefit(lines, base, name=f"benefit{i}", label=label, side=side)
        panels.append(Panel(name, Markup(svg)))
    if not panels:
        return None
    return Benefit(of, panels, _limited(of, rows, names) if len(names) > 1 else "")


def strongest(rows: Sequence[MethodRow], first: str, panels: int) -> list[MethodRow]:
    """Return as many of the best methods as drawings of single classes can hold, and the leader."""
    most = max(3, LINES // max(panels, 1))
    kept = {row.key for row in rows[:most]} | {r.key for r in rows if r.method.name == first}
    return [row for row in rows if row.key in kept]


def _limited(of: Sequence[MethodRow], rows: Sequence[MethodRow], names: Sequence[str]) -> str:
    if len(of) == len(rows):
        return ""
    return (
        f"Each of the {len(names)} drawings holds the {len(of)} methods with the highest AUC of "
        f"{len(rows)}; more would hide one another."
    )


@dataclass(frozen=True)
class _Drawing:
    """The methods of one class; ``whole`` for a large drawing with the bands of all of them."""

    frames: Frames
    name: str
    rows: Sequence[MethodRow]
    first: str
    whole: bool

    @property
    def side(self) -> float:
        return 4.4 if self.whole else 3.0

    def lines(self, curve: str) -> list[draw.Line]:
        found = ((row, self.frames.get((curve, self.name, row.method.name))) for row in self.rows)
        return [self._line(row, frame, curve) for row, frame in found if frame is not None]

    def _line(self, row: MethodRow, frame: pd.DataFrame, curve: str) -> draw.Line:
        leads = row.method.name == self.first
        low, high = _band(frame) if self.whole or leads else ([], [])
        return draw.Line(
            row.key, frame["x"].tolist(), frame["y"].tolist(), row.colour,
            dashed=row.method.family == "baseline",
            width=1.1 if row.colour == tables.OTHERS else 1.8,
            low=low, high=high, shown=leads,
            dot=_point(row.method, self.name) if curve == "roc" else None,
        )  # fmt: skip

    def roc(self, key: str) -> Panel | None:
        lines = self.lines("roc")
        if not lines:
            return None
        label = f"ROC curves of {counted(len(lines), 'method')}, {self.name}; "
        label += "the table of methods holds the areas"
        svg = draw.roc(lines, name=key, label=label, side=self.side)
        note = "" if self.whole else self._best("roc_auc", 3)
        return Panel(self.name, Markup(svg), note, "ROC")

    def pr(self, key: str) -> Panel | None:
        lines = self.lines("pr")
        if not lines:
            return None
        chance = next(
            (p["y"] for (c, k, _), p in self.frames.items() if (c, k) == ("pr_chance", self.name)),
            None,
        )
        share = None if chance is None or not len(chance) else float(chance.iloc[0])
        label = f"Precision-recall curves of {counted(len(lines), 'method')}, {self.name}"
        label += "" if share is None else f"; chance {share:.2f}"
        svg = draw.precision_recall(lines, name=key, label=label, prevalence=share, side=self.side)
        note = "" if self.whole else self._best("average_precision", 2)
        return Panel(self.name, Markup(svg), note, "Precision-recall")

    def _best(self, metric: str, places: int) -> str:
        """Return what the leader has for this class."""
        for row in self.rows:
            found = _of_class(row.method, self.name).get(metric)
            if row.method.name == self.first and found is not None:
                return f"{self.first}: {number(found.value, places)}"
        return ""


def _band(frame: pd.DataFrame) -> tuple[list[float], list[float]]:
    """Return the limits around a curve; none where a run has made none."""
    if "low" not in frame or "high" not in frame or frame[["low", "high"]].isna().any(axis=None):
        return [], []
    return frame["low"].astype(float).tolist(), frame["high"].astype(float).tolist()


def _point(method: MethodResult, name: str) -> tuple[float, float] | None:
    """Return where a method works: 1 - specificity and sensitivity of its decisions."""
    metrics = _of_class(method, name)
    found, spared = (metrics.get(m) for m in ("sensitivity", "specificity"))
    if found is None or spared is None or found.value is None or spared.value is None:
        return None
    return 1 - spared.value, found.value


def _of_class(method: MethodResult, name: str) -> Mapping[str, Estimate]:
    one = next((c.metrics for c in method.per_class if c.name == name), None)
    if one is not None:
        return one
    return method.metrics if name == MACRO or not method.per_class else {}


def _metric(method: MethodResult, name: str) -> Estimate | None:
    return method.metrics.get(name)
