"""How often the pointwise bands of curves hold the curve, by simulation; docs/statistics.md quotes.

python benchmarks/studies/bands.py            200 data sets a cell
python benchmarks/studies/bands.py --sets 50
python benchmarks/studies/bands.py --speed    CPU seconds of curves with bands, and of all pairs

Scores are normal, with AUC 0.8 or 0.95; half of their variance is between patients where these have
several images. The truth is the curve of all images that could be (population), and for precision
also the mean of the curves of all data sets: what the mean over folds of this size estimates.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
from scipy.stats import norm

from texturekit.metrics.bands import MOST_DRAWS, precision_band, redrawn_curves, roc_band
from texturekit.metrics.cases import Cases
from texturekit.metrics.curve_points import RECALL_GRID, ROC_GRID, curve_points
from texturekit.metrics.curves import study_curves
from texturekit.metrics.pairs import all_pairs
from texturekit.metrics.probability import sort_folds

CELLS = [(n, share, folds, images) for n, share in ((100, 0.4), (300, 0.2))
         for folds, images in ((1, 1), (5, 1), (5, 4))]  # fmt: skip
AREAS = (0.8, 0.95)
AT = (0.05, 0.1, 0.2, 0.5)
RECALLS = (0.2, 0.5, 0.8, 0.95)


def drawn(rng, n, share, folds, images, area):
    """Return one data set as the library reads it."""
    sick = np.arange(n) < round(share * n)
    patient = np.repeat(np.arange(n), images)
    alike = 0.5 if images > 1 else 0.0
    score = np.sqrt(alike) * rng.normal(size=n)[patient]
    score += np.sqrt(1 - alike) * rng.normal(size=n * images)
    score += np.sqrt(2) * norm.ppf(area) * sick[patient]
    fold = np.empty(n, dtype=np.int64)
    for side in (sick, ~sick):
        fold[side] = rng.permutation(side.sum()) % folds
    truth = np.stack([sick, ~sick], axis=1)[patient]
    p = norm.cdf(score)
    return Cases("binary", ("sick", "well"), 0, tuple(map(str, range(n * images))), truth, truth,
                 np.ones_like(truth), np.stack([p, 1 - p], axis=1), fold[patient], patient,
                 graded=True)  # fmt: skip


def bands(cases):
    """Return value, low and high of both curves, at the places that are looked at."""
    parts = sort_folds(cases.truth[:, 0], cases.probability[:, 0], cases.known[:, 0], cases.fold)
    values = curve_points(parts, np.ones((1, cases.n)))
    again = redrawn_curves(cases, {0: parts}, MOST_DRAWS)[0]
    patients = len(np.unique(cases.group[cases.truth[:, 0]]))
    found = []
    for value, one, band, grid, at in zip(
        values, again, (roc_band, precision_band), (ROC_GRID, RECALL_GRID), (AT, RECALLS),
        strict=True,
    ):  # fmt: skip
        places = np.searchsorted(grid, np.array(at) - 1e-9)
        found.append(np.stack([value[0], *band(value[0], one, patients)])[:, places])
    return found


def population(share, area):
    """Return sensitivities and precisions of all images that could be."""
    gap = np.sqrt(2) * norm.ppf(area)
    sensitivity = norm.sf(norm.isf(np.array(AT)) - gap)
    recall = np.array(RECALLS)
    alarms = norm.sf(norm.isf(recall) + gap)
    return sensitivity, share * recall / (share * recall + (1 - share) * alarms)


def made_up(methods, n):
    """Return predictions of some methods on n images of two classes, patients of two images."""
    rng = np.random.default_rng(0)
    sick, patient = np.arange(n) // 2 % 2, np.arange(n) // 2
    frames = []
    for k in range(methods):
        p = 1 / (1 + np.exp(-rng.normal(size=n) - sick))
        label = np.where(sick, "sick", "well")
        frames.append(pd.DataFrame({
            "id": np.arange(n).astype(str), "path": "", "group": patient.astype(str), "repeat": 0,
            "fold": patient // 2 % 5, "split": "test", "method": f"m{k}", "label": label,
            "predicted": np.where(p >= 0.5, "sick", "well"), "threshold": 0.5,
            "p.sick": p, "p.well": 1 - p,
        }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def speed():
    """Print the CPU time of what a comparison adds to its scores."""
    told = {"kind": "binary", "classes": ["sick", "well"], "positive": "sick"}
    for methods in (12, 20):
        rows = made_up(methods, 1000)
        names = [f"m{k}" for k in range(methods)]
        for what, call in (
            ("curves with bands", lambda rows=rows: study_curves(rows, **told)),
            ("all pairs", lambda rows=rows, names=names: all_pairs(rows, names, [], **told)),
        ):
            start = time.process_time()
            call()
            print(f"{what}, {methods} methods: {time.process_time() - start:.1f} s")


def coverage(sets):
    """Print the tables."""
    head = "| patients | positive | folds | images | AUC |"
    names = [f" FPR {x} |" for x in AT], *[[f" recall {x} |" for x in RECALLS]] * 2
    rows = [[], [], []]
    for n, share, folds, images in CELLS:
        for area in AREAS:
            rng = np.random.default_rng(7)
            found = [bands(drawn(rng, n, share, folds, images, area)) for _ in range(sets)]
            roc, precision = (np.stack([one[i] for one in found]) for i in (0, 1))
            truths = population(share, area)
            own = precision[:, 0].mean(axis=0)
            pairs = ((roc, truths[0]), (precision, own), (precision, truths[1]))
            for table, (curve, truth) in zip(rows, pairs, strict=True):
                held = ((curve[:, 1] <= truth) & (truth <= curve[:, 2])).mean(axis=0)
                cells = " | ".join(f"{x:.2f}" for x in held)
                table.append(f"| {n} | {share} | {folds} | {images} | {area} | {cells} |")
    titles = ("Sensitivity", "Precision, the mean over folds", "Precision, all images")
    for title, columns, table in zip(titles, names, rows, strict=True):
        print(f"\n{title}\n\n{head}{''.join(columns)}\n{'|---' * 9}|")
        print("\n".join(table))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--speed", action="store_true")
    asked = parser.parse_args()
    if asked.speed:
        speed()
    else:
        coverage(asked.sets)


if __name__ == "__main__":
    main()
