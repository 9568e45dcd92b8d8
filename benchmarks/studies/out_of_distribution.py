"""Cervix cells against photographs: an OOD class that was trained, and an OOD source never seen.

TEXTUREKIT_DATA=... python benchmarks/studies/out_of_distribution.py  docs/ood.md quotes it
TEXTUREKIT_DATA=... python benchmarks/studies/out_of_distribution.py --pairs  and the default

``trained``: photographs (ood_natural) are one more class, in training and in test, as in the
write-up on cervix images; the score is that class's probability. ``unseen``: nothing but cells is
ever trained on. Five folds by smear field; every image outside is tested once, in one fold.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import texturekit as tk
from texturekit import ood
from texturekit.data.splits import inner_folds, inner_split
from texturekit.methods.scaling import Scaling

SOURCES = {
    "photographs": "ood_natural.csv",
    "textures": "texture_dtd.csv",
    "histology": "breast_breakhis400x.csv",
}
WEIGHTS = "weights/squeezenet1_1_features_imagenet_torchvision.npz"
PAIRS = (
    ("cervix_herlev", "ood_natural"),
    ("brain", "chest_pneumonia"),
    ("breast_busi", "ood_natural"),
    ("brain", "breast_busi"),
)
PARTS = {"embedding": "squeezenet1_1", "texture": "texture"}
COLUMNS = ("roc_auc", "aupr_out", "aupr_in", "fpr95_in", "fpr95_out")


def measured(root: Path, jobs: int, sets: dict[str, str]) -> dict[str, dict[str, np.ndarray]]:
    """Return features by representation and set."""
    found: dict[str, dict[str, np.ndarray]] = {name: {} for name in PARTS}
    for name, file in sets.items():
        data = tk.read_manifest(root / file)
        for part, features in PARTS.items():
            table = tk.extract(data, features, size=224, jobs=jobs, weights=root / WEIGHTS)
            assert not table.failures
            found[part][name] = table.values
    return found


def classifier(x: np.ndarray, codes: np.ndarray):
    """Return a function from features to logits."""
    scale = Scaling.fit(x, [range(x.shape[1])])
    net = LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000).fit(scale(x), codes)
    return lambda z: net.decision_function(scale(z))


def softmax(z: np.ndarray) -> np.ndarray:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def detectors(part: str, x: np.ndarray, codes: np.ndarray):
    """Return each score as a function of features, fitted on these rows only."""
    logits = classifier(x, codes)
    form = "unit" if part == "embedding" else "standardised"
    return {
        "MSP": lambda z: ood.maximum_softmax(softmax(logits(z))),
        "energy": lambda z: ood.energy(logits(z)),
        "Mahalanobis": ood.Mahalanobis.fit(x, codes).score,
        "kNN": ood.Neighbours.fit(x, k=5, form=form).score,
    }


class Collected:
    """Scores of all folds under one name."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, ...], list[tuple]] = {}

    def add(self, key, outside, scores, groups, fold) -> None:
        self.rows.setdefault(key, []).extend(
            (outside, score, group, fold) for score, group in zip(scores, groups, strict=True)
        )

    def lines(self):
        for (how, part, source, score), rows in self.rows.items():
            outside, values, groups, folds = (
                np.array(column) for column in zip(*rows, strict=True)
            )
            found = tk.metrics.detection_scores(outside, values, groups, folds)
            cells = [shown(found[name]) for name in COLUMNS]
            yield " | ".join(["", how, part, source, score, *cells, ""]).strip()


def shown(one) -> str:
    if one.low is None:
        return f"{one.value:.3f}"
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def dealt(count: int, folds: int, seed: int) -> np.ndarray:
    """Give every image outside one fold in which it is tested."""
    return np.random.default_rng(seed).permutation(np.arange(count) % folds)


def pairs(root: Path, jobs: int) -> None:
    """Print how well each detector tells pairs of sets apart: the mean of five folds."""
    names = sorted({name for pair in PAIRS for name in pair})
    features = measured(root, jobs, {name: f"{name}.csv" for name in names})
    print("| inside, outside | features | Mahalanobis | kNN, unit | kNN, standardised |")
    print("|---|---|---|---|---|")
    for inside, outside in PAIRS:
        data = tk.read_manifest(root / f"{inside}.csv")
        for part, sets in features.items():
            x, away = sets[inside], sets[outside]
            found: dict[str, list[tuple[float, float]]] = {}
            for train, test in inner_folds(data.labels, data.groups, seed=0):
                fitted = {
                    "Mahalanobis": ood.Mahalanobis.fit(x[train], data.labels[train]),
                    "kNN, unit": ood.Neighbours.fit(x[train]),
                    "kNN, standardised": ood.Neighbours.fit(x[train], form="standardised"),
                }
                for name, detector in fitted.items():
                    near, far = detector.score(x[test]), detector.score(away)
                    limit = np.sort(near)[-(-19 * len(near) // 20) - 1]
                    area = tk.metrics.roc_auc(
                        np.repeat([0, 1], [len(near), len(far)]), np.append(near, far)
                    )
                    found.setdefault(name, []).append((area.value, np.mean(far <= limit)))
            means = [np.mean(values, axis=0) for values in found.values()]
            cells = " | ".join(f"{area:.3f}, {rate:.3f}" for area, rate in means)
            print(f"| {inside}, {outside} | {part} | {cells} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--pairs", action="store_true")
    options = parser.parse_args()
    root = Path(os.environ["TEXTUREKIT_DATA"])
    start = time.perf_counter()
    if options.pairs:
        pairs(root, options.jobs)
    else:
        cervix(root, options.jobs)
    print(f"\n{time.perf_counter() - start:.0f} s, {options.jobs} threads")


def cervix(root: Path, jobs: int) -> None:
    """Print how well each score tells cells from what is none."""
    features = measured(root, jobs, {"cells": "cervix_herlev.csv", **SOURCES})
    cells = tk.read_manifest(root / "cervix_herlev.csv")
    folds = inner_folds(cells.labels, cells.groups, seed=0)
    collected, caught, flagged = Collected(), {}, {}
    for part, sets in features.items():
        x, codes = sets["cells"], cells.labels
        place = {name: dealt(len(sets[name]), len(folds), 0) for name in SOURCES}
        for number, (train, test) in enumerate(folds):
            unseen = detectors(part, x[train], codes[train])
            known = place["photographs"] != number
            fourth = np.append(codes[train], np.full(known.sum(), len(cells.classes)))
            rows = np.vstack([x[train], sets["photographs"][known]])
            logits = classifier(rows, fourth)
            runs = {("unseen", name): score for name, score in unseen.items()}
            runs["trained", "p(OOD)"] = lambda z, f=logits: softmax(f(z))[:, -1]
            rest, held_out = inner_split(
                codes[train], cells.groups[train], "multiclass", fraction=0.2, seed=0
            )
            model = ood.Mahalanobis.fit(x[train][rest], codes[train][rest])
            limit = ood.keeping(model.score(x[train][held_out]))
            flagged.setdefault((part, "cells"), []).extend(model.score(x[test]) > limit)
            for source in SOURCES:
                away = sets[source][place[source] == number]
                ids = [f"{source}{k}" for k in np.flatnonzero(place[source] == number)]
                flagged.setdefault((part, source), []).extend(model.score(away) > limit)
                said = logits(away).argmax(axis=1) == len(cells.classes)
                caught.setdefault((part, source), []).extend(said)
                for (how, name), score in runs.items():
                    key = (how, part, source, name)
                    collected.add(key, False, score(x[test]), cells.groups[test], number)
                    collected.add(key, True, score(away), ids, number)
            said = logits(x[test]).argmax(axis=1) == len(cells.classes)
            caught.setdefault((part, "cells"), []).extend(said)
    print("| OOD | features | outside | score | " + " | ".join(COLUMNS) + " |")
    print("|---|---|---|---|" + "---|" * len(COLUMNS))
    for line in collected.lines():
        print(line)
    for title, rows in (
        ("said to be the trained OOD class", caught),
        ("flagged by the threshold of the saved model's rule", flagged),
    ):
        print(f"\n{title}:")
        for (part, source), said in rows.items():
            print(f"  {part}, {source}: {np.sum(said)} of {len(said)}")


if __name__ == "__main__":
    main()
