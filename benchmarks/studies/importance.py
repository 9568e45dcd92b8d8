"""How often the interval of a family's importance holds the true drop.

    python benchmarks/studies/importance.py --draws 300

A score is the sum of two families whose signal is known; nothing is fitted. 5 folds, patients of
one to four images. The true drop is that of 200,000 patients. The table is in docs/importance.md.
"""

from __future__ import annotations

import argparse

import numpy as np

from texturekit import metrics
from texturekit.methods.families import _drop
from texturekit.metrics.cases import Cases

FOLDS, SHUFFLES = 5, 5


def families(rng, signals, patients, each):
    """Return the patients, the truth, and the values of each family."""
    group = np.repeat(np.arange(patients), each)
    truth = (np.arange(patients) % 2)[group]
    shared = [np.repeat(rng.normal(size=patients), each) for _ in signals]
    own = [rng.normal(size=len(group)) for _ in signals]
    values = [s * truth + 0.7 * a + 0.7 * b for s, a, b in zip(signals, shared, own, strict=True)]
    return group, truth, values


def cases(truth, score, fold, group):
    """Return what the metrics read."""
    p, both = 1 / (1 + np.exp(-score)), np.stack([truth == 0, truth == 1], axis=1)
    names = tuple(map(str, range(len(truth))))
    made = np.stack([1 - p, p], axis=1)
    return Cases(
        "binary", ("a", "b"), 1, names, both, both, np.ones_like(both), made, fold, group,
        graded=True,
    )  # fmt: skip


def true_drop(rng, signals):
    """Return the drop in 200,000 patients of one image."""
    _, truth, (a, b) = families(rng, signals, 200_000, 1)
    whole, broken = (metrics.roc_auc(truth, s).value for s in (a + b, rng.permutation(a) + b))
    return whole - broken


def estimate(rng, signals, patients, each):
    """Return the drop with its interval of one set of images."""
    group, truth, (a, b) = families(rng, signals, patients, each)
    fold, others = (group // 2) % FOLDS, []
    for _ in range(SHUFFLES):
        shuffled = a.copy()
        for f in range(FOLDS):
            rows = np.flatnonzero(fold == f)
            shuffled[rows] = a[rng.permutation(rows)]
        others.append(cases(truth, shuffled + b, fold, group))
    return _drop(cases(truth, a + b, fold, group), others, "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=300)
    draws, rng = parser.parse_args().draws, np.random.default_rng(1)
    print("| signals | patients x images | true drop | mean | intervals that hold it |")
    print("|---|---|---|---|---|")
    for signals in ((1.0, 1.0), (0.5, 1.0), (0.0, 1.0)):
        truth = true_drop(rng, signals)
        for patients, each in ((40, 1), (40, 4), (100, 2)):
            found = [estimate(rng, signals, patients, each) for _ in range(draws)]
            mean = np.mean([one.value for one in found])
            held = np.mean([one.low <= truth <= one.high for one in found])
            shown = " and ".join(f"{s:g}" for s in signals)
            print(f"| {shown} | {patients} x {each} | {truth:.3f} | {mean:.3f} | {held:.0%} |")


if __name__ == "__main__":
    main()
