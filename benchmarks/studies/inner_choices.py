"""What calibration does to probabilities, and thresholds to decisions: docs/thresholds.md.

TEXTUREKIT_DATA=... python benchmarks/studies/inner_choices.py
python benchmarks/studies/inner_choices.py --cost    what inner folds cost, on made columns

Three sets, two methods, five grouped folds once; the embedding is SqueezeNet with the weights of
the data folder. Every choice is made inside the training part of a fold.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from texturekit.methods.calibrators import FORMS
from texturekit.methods.choosing import Meaning, Wanted, choose
from texturekit.methods.folding import make_folds
from texturekit.methods.grammar import parse_method
from texturekit.methods.inner import Part, fit_part, inner_predictions
from texturekit.methods.learners import Inputs, Settings, learner
from texturekit.methods.model import prepare
from texturekit.methods.planning import Options, settle
from texturekit.methods.prediction_rows import prediction_rows
from texturekit.metrics.summary import summarise

WEIGHTS = "weights/squeezenet1_1_features_imagenet_torchvision.npz"
METHODS = ["texture/logistic", "squeezenet1_1/logistic"]
WANTED = [("fixed", "none"), *(("fixed", form) for form in FORMS)]
WANTED += [(rule, "none") for rule in ("youden", "sensitivity=0.9", "specificity=0.9", "cost=5")]


def herlev2(data: Path, folder: Path) -> Path:
    """Write the manifest of normal against abnormal cells."""
    frame = pd.read_csv(data / "cervix_herlev.csv")
    frame["label"] = np.where(frame["label"].str.startswith("normal"), "normal", "abnormal")
    frame["path"] = [str(data / path) for path in frame["path"]]
    frame.to_csv(folder / "cervix_herlev2.csv", index=False)
    return folder / "cervix_herlev2.csv"


def line(frame: pd.DataFrame, positive: str) -> float:
    """Return the calibration slope: logistic regression of the truth on the log-odds."""
    from sklearn.linear_model import LogisticRegression

    p = np.clip(frame[f"p.{positive}"].to_numpy(), 1e-6, 1 - 1e-6)
    fitted = LogisticRegression(C=np.inf).fit(np.log(p / (1 - p))[:, None], frame["label"])
    return float(fitted.coef_[0, 0]) * (1 if fitted.classes_[1] == positive else -1)


def judged(job, used, inputs, folds, method):
    """Return a frame of test predictions and the decisions, for everything that is wanted."""
    meaning = Meaning("binary", tuple(used.classes), job.positive)
    frames = {wanted: [] for wanted in WANTED}
    decisions = {wanted: [] for wanted in WANTED}
    seconds = np.zeros(2)
    for fold in folds:
        part = Part(inputs, used.labels, used.groups, fold.train, fold.val)
        make = partial(learner, method, "binary", used.classes, job.settings)
        start = time.process_time()
        fitted = fit_part(make(), part)
        middle = time.process_time()
        inner = inner_predictions(make, fitted, part, classes=2)
        seconds += middle - start, time.process_time() - middle
        told = fitted.predict_proba(inputs.subset(fold.test))
        for wanted in WANTED:
            one = choose(Wanted.read(*wanted, "binary"), inner, used.labels[inner.rows], meaning)
            rows = prediction_rows(
                used, fold.test, one.probabilities(told, "binary"), method, job.positive, one.cuts
            )
            frames[wanted].append(rows.assign(repeat=0, fold=fold.fold, split="test"))
            decisions[wanted].append(one)
    return {key: pd.concat(parts) for key, parts in frames.items()}, decisions, seconds


def rows(name, job, used, method, frames, decisions):
    """Return the rows of the two tables."""
    tables = ([], [])
    for (rule, form), frame in frames.items():
        found = summarise(frame, kind="binary", classes=used.classes, positive=job.positive)[0]
        m = {key: one.value for key, one in found.items()}
        if rule == "fixed":
            tables[0].append(
                f"| {name} | `{method}` | {form} | {m['roc_auc']:.4f} | {m['brier']:.4f} "
                f"| {m['log_loss']:.3f} | {m['ece']:.3f} | {line(frame, job.positive):.2f} |"
            )
        if form == "none":
            cuts = [cut for one in decisions[rule, form] for cut in one.chosen]
            inside = [np.mean([getattr(cut, key) for cut in cuts] or [np.nan])
                      for key in ("sensitivity", "specificity")]  # fmt: skip
            values = [cut.value for cut in cuts] or [0.5]
            tables[1].append(
                f"| {name} | `{method}` | {rule} | {min(values):.2f} to {max(values):.2f} "
                f"| {inside[0]:.3f} / {inside[1]:.3f} "
                f"| {m['sensitivity']:.3f} / {m['specificity']:.3f} |"
            )
    return tables


def costs() -> None:
    """Print CPU seconds of one fit and of what is fitted inside it, 320 rows of 2 classes."""
    rng = np.random.default_rng(0)
    labels = np.arange(320) % 2
    for classifier in ("logistic", "svm", "forest", "knn", "xgboost", "vote"):
        method = parse_method(f"glcm+lbp+hog/{classifier}")
        blocks = {
            name: rng.normal(size=(320, len(columns))) + labels[:, None] / 5
            for name, columns in method.blocks.items()
        }
        inputs = Inputs(320, blocks)
        part = Part(inputs, labels, None, np.arange(320), np.arange(0))
        make = partial(learner, method, "binary", ("a", "b"), Settings())
        fit_part(make(), part)  # imports and compiles
        start = time.process_time()
        fitted = fit_part(make(), part)
        middle = time.process_time()
        inner_predictions(make, fitted, part, classes=2)
        once, inside = middle - start, time.process_time() - middle
        width = sum(block.shape[1] for block in blocks.values())
        print(f"| `{classifier}` | {width} | {once:.2f} | {inside:.2f} | {1 + inside / once:.1f} |")


def main() -> None:
    """Print the two tables, and what the inner folds cost."""
    data = Path(os.environ["TEXTUREKIT_DATA"])
    with tempfile.TemporaryDirectory() as place:
        sets = {
            "brain": (data / "brain.csv", "yes"),
            "breast_busi": (data / "breast_busi.csv", "malignant"),
            "cervix_herlev2": (herlev2(data, Path(place)), "abnormal"),
        }
        for name, (path, positive) in sets.items():
            options = Options(
                methods=METHODS, folds=5, positive=positive, weights=str(data / WEIGHTS)
            )
            job = settle(None, path, options)
            inputs, found = prepare(job.manifest, job.methods, job.preprocessing)
            used = job.manifest.subset(found.usable)
            folds, _ = make_folds(options, used)
            share = np.mean(used.labels == used.classes.index(positive))
            print(f"{name}: {len(used)} images, {share:.2f} positive")
            for method in job.methods:
                frames, decisions, seconds = judged(job, used, inputs, folds, method)
                for table in rows(name, job, used, method, frames, decisions):
                    print(*table, sep="\n")
                print(f"{name} {method}: fit {seconds[0]:.1f} s, inner {seconds[1]:.1f} s of CPU",
                      flush=True)  # fmt: skip


if __name__ == "__main__":
    costs() if "--cost" in sys.argv[1:] else main()
