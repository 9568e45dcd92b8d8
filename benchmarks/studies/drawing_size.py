"""What the curves of a page cost when they are written by hand, and by matplotlib.

``python benchmarks/studies/drawing_size.py`` prints bytes and CPU seconds of the ROC, precision and
decision curves, and of the confusion matrices of three methods, for two pages. Both ways get the
same points, thinned before; matplotlib's file is cut down as the other figures' are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from texturekit import draw
from texturekit.draw.figures import _figure, _Paint, _plain_axes, _svg, plain_style
from texturekit.draw.plots import thin

Drawn = Callable[[list[draw.Line], float], str]


def lines(count: int, bands: int) -> list[draw.Line]:
    """Return curves as uneven as those of 1,000 images, some with a band."""
    rng = np.random.default_rng(0)
    x = np.linspace(0, 1, 203)
    found = []
    for k in range(count):
        y = np.clip(np.sort(x ** rng.uniform(0.2, 0.8) + rng.normal(0, 0.01, 203)), 0, 1)
        line = draw.Line(f"m{k}", x.tolist(), y.tolist(), colour=f"var(--m{k % 8})")
        low, high = np.clip(y - 0.05, 0, 1).tolist(), np.clip(y + 0.05, 0, 1).tolist()
        found.append(replace(line, low=low, high=high) if k < bands else line)
    return found


def by_hand(curves: list[draw.Line], side: float) -> str:
    """Draw as the page does."""
    return draw.roc(curves, name="roc", label="ROC curves", side=side)


def by_matplotlib(curves: list[draw.Line], side: float) -> str:
    """Draw the same with matplotlib, in the way of `texturekit.draw.learning`."""
    far = 0.35 / (72 * side - 53)  # what plots.py allows, as a share of the axes
    with plain_style():
        figure, paint = _figure(side, side), _Paint()
        axes = figure.add_axes((0.15, 0.13, 0.82, 0.84))
        for line in curves:
            colour = paint(line.colour)
            points = thin(list(zip(line.x, line.y, strict=True)), far)
            (drawn,) = axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.8)
            drawn.set_gid(f"line--{line.key}")
            if line.low:
                ends = [thin(list(zip(line.x, y, strict=True)), far) for y in (line.low, line.high)]
                axes.fill(*zip(*ends[0], *ends[1][::-1], strict=True), color=colour, alpha=0.2)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="1 - specificity", ylabel="Sensitivity")
        _plain_axes(axes, paint)
        axes.grid(visible=True)
        return _svg(figure, paint, "roc", "ROC curves", {})


def matrix(classes: int) -> tuple[str, str]:
    """Draw a confusion matrix both ways."""
    counts = np.random.default_rng(0).integers(0, 40, (classes, classes))
    names = [f"class {k}" for k in range(classes)]
    hand = draw.confusion(counts.tolist(), names, name="confusion")
    with plain_style():
        figure, paint = _figure(0.3 * classes, 0.3 * classes), _Paint()
        axes = figure.add_axes((0.15, 0.05, 0.84, 0.84))
        axes.pcolor(counts, cmap="Blues", edgecolors="none")
        for (i, j), count in np.ndenumerate(counts):
            axes.text(j + 0.5, i + 0.5, str(count), ha="center", va="center", fontsize=7)
        axes.set_xticks(np.arange(classes) + 0.5, names, rotation=90)
        axes.set_yticks(np.arange(classes) + 0.5, names)
        _plain_axes(axes, paint)
        return hand, _svg(figure, paint, "confusion", "Confusion matrix", {})


def cost(way: Drawn, panels: list[tuple[list[draw.Line], float, int]]) -> tuple[int, float]:
    """Return bytes and CPU seconds of panels, each drawn so many times."""
    size, start = 0, time.process_time()
    for curves, side, times in panels:
        size += sum(len(way(curves, side)) for _ in range(times))
    return size, time.process_time() - start


PAGES = {  # curves, inches, how many such panels: the large ones, and those of single classes
    "2 classes, 11 methods": [(lines(11, 11), 4.4, 2), (lines(11, 0), 4.0, 1)],
    "30 classes, 20 methods": [
        (lines(20, 20), 4.4, 2), (lines(4, 1), 3.0, 60), (lines(4, 0), 3.0, 30),
    ],
}  # fmt: skip

if __name__ == "__main__":
    by_matplotlib(lines(1, 1), 3.0)  # what is imported and cached once is not counted
    for page, panels in PAGES.items():
        for way in (by_hand, by_matplotlib):
            size, seconds = cost(way, panels)
            print(f"{page}, curves {way.__name__}: {size / 1000:,.0f} kB, {seconds:.1f} s CPU")
    for way_name, text in zip(("by_hand", "by_matplotlib"), matrix(30), strict=True):
        print(f"30 classes, one matrix {way_name}: {len(text) / 1000:,.0f} kB")
