"""How often the intervals of published tables hold the truth.

Two classes: every possible table, by its chance. Four classes: 400 drawn tables.

Run: python -m benchmarks.studies.published_intervals
"""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from texturekit.metrics import table_scores
from texturekit.metrics.confusion import matthews, one_against_rest, rates

METRICS = ("balanced_accuracy", "f1", "mcc")
#: A published table of four classes, every cell a little above 0.
FOUR = np.array([[54, 0, 0, 0], [0, 56, 3, 1], [0, 19, 45, 24], [0, 1, 5, 68]]) + 0.3
CASES = (((10, 16), (0.8, 0.95)), ((10, 16), (0.6, 0.8)), ((20, 20), (0.7, 0.8)))


def coverage(sizes: tuple[int, int], recalls: tuple[float, float]) -> dict[str, float]:
    """Return the chance that each interval holds the truth."""
    n, p = np.array(sizes), np.array(recalls)
    truth = rates(np.array([[n[0] * p[0], n[0] * (1 - p[0])], [n[1] * (1 - p[1]), n[1] * p[1]]]))
    held = dict.fromkeys(METRICS, 0.0)
    for a, b in np.ndindex(n[0] + 1, n[1] + 1):
        chance = float(np.prod(binom.pmf((a, b), n, p)))
        if chance < 1e-6:
            continue
        found = table_scores([[a, n[0] - a], [n[1] - b, b]]).metrics
        for name in METRICS:
            one = found[name]
            inside = one.low is not None and one.low <= truth[name] <= one.high
            held[name] += chance * inside
    return held


def drawn(sizes: tuple[int, ...], tables: int = 400) -> dict[str, float]:
    """Return how often the interval of MCC and macro F1 holds the truth of four classes."""
    shares = FOUR / FOUR.sum(axis=1, keepdims=True)
    exact = shares * np.array(sizes)[:, None]
    measures = {"mcc": matthews, "macro_f1": lambda t: rates(one_against_rest(t))["f1"].mean(-1)}
    truth = {name: float(measure(exact)) for name, measure in measures.items()}
    held, rng = dict.fromkeys(measures, 0), np.random.default_rng(0)
    for _ in range(tables):
        table = [rng.multinomial(n, p) for n, p in zip(sizes, shares, strict=True)]
        found = table_scores(table)
        for name, one in (("mcc", found.metrics["mcc"]), ("macro_f1", found.metrics["f1"])):
            held[name] += one.low is not None and one.low <= truth[name] <= one.high
    return {name: count / tables for name, count in held.items()}


if __name__ == "__main__":
    print("| images a class | recalls | " + " | ".join(METRICS) + " |")
    for sizes, recalls in CASES:
        row = " | ".join(f"{value:.3f}" for value in coverage(sizes, recalls).values())
        print(f"| {sizes[0]}, {sizes[1]} | {recalls[0]}, {recalls[1]} | {row} |")
    for sizes in ((54, 60, 88, 74), (12, 12, 12, 12)):
        found = drawn(sizes)
        said = f"MCC {found['mcc']:.3f} | macro F1 {found['macro_f1']:.3f}"
        print(f"| {', '.join(map(str, sizes))} | {said} |")
