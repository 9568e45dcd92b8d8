"""Prediction frames with known properties."""

from __future__ import annotations

import numpy as np
import pandas as pd


def binary_frame(
    rng, n=100, *, folds=1, repeats=1, images=1, gain=1.5, method="m", threshold=0.5, seed=1
):
    """Return predictions of n patients; labels and folds depend on seed alone, scores on rng."""
    layout = np.random.default_rng(seed)
    y = np.repeat(layout.random(n) < 0.4, images)
    patient = np.repeat(np.arange(n), images)
    parts = []
    for repeat in range(repeats):
        fold = np.repeat(layout.permutation(n) % folds, images)
        noise = np.repeat(rng.normal(size=n), images) + rng.normal(size=n * images) / 2
        p = 1 / (1 + np.exp(-(gain * (y - 0.5) + noise)))
        parts.append(
            pd.DataFrame(
                {
                    "id": [f"i{i:04d}" for i in range(n * images)],
                    "group": [f"p{i}" for i in patient],
                    "repeat": repeat,
                    "fold": fold,
                    "split": "test",
                    "method": method,
                    "label": np.where(y, "sick", "well"),
                    "predicted": np.where(p >= threshold, "sick", "well"),
                    "threshold": threshold,
                    "p.sick": p,
                    "p.well": 1 - p,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def prior_dummy(frame):
    """Return the same images, predicted by the prevalence of the other folds."""
    out = frame.assign(method="majority/dummy")
    for _, rows in frame.groupby(["repeat", "fold"]):
        others = frame[(frame["repeat"] == rows["repeat"].iloc[0])].drop(rows.index)
        source = others if len(others) else rows
        prior = (source["label"] == "sick").mean()
        out.loc[rows.index, "p.sick"] = prior
        out.loc[rows.index, "p.well"] = 1 - prior
        out.loc[rows.index, "predicted"] = "sick" if prior >= 0.5 else "well"
    return out


BINARY = {"kind": "binary", "classes": ["sick", "well"], "positive": "sick"}
CLASSES = ["a", "b", "c"]
MULTI = {"kind": "multiclass", "classes": CLASSES, "positive": None}
LABELS = {"kind": "multilabel", "classes": CLASSES, "positive": None}


def multiclass_frame(rng, n=120, *, folds=1, images=1, gain=2.0, method="m"):
    """Return predictions of three classes."""
    label = np.repeat(np.arange(n) % 3, images)
    score = rng.normal(size=(n * images, 3)) + gain * (label[:, None] == np.arange(3))
    p = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    return pd.DataFrame(
        {
            "id": [f"i{i:04d}" for i in range(n * images)],
            "group": np.repeat([f"p{i}" for i in range(n)], images),
            "repeat": 0,
            "fold": np.repeat((np.arange(n) // 3) % folds, images),
            "split": "test",
            "method": method,
            "label": np.array(CLASSES)[label],
            "predicted": np.array(CLASSES)[p.argmax(axis=1)],
            "threshold": np.nan,
            **{f"p.{name}": p[:, k] for k, name in enumerate(CLASSES)},
        }
    )


def multilabel_frame(rng, n=120, *, unknown=0.1, method="m"):
    """Return predictions of three labels with some of them unknown."""
    y = np.where(rng.random((n, 3)) < unknown, np.nan, rng.random((n, 3)) < 0.4)
    p = 1 / (1 + np.exp(-rng.normal(size=(n, 3)) - 2 * (np.nan_to_num(y) - 0.5)))
    said = ["|".join(c for c, hit in zip(CLASSES, row >= 0.5, strict=True) if hit) for row in p]
    return pd.DataFrame(
        {
            "id": [f"i{i:04d}" for i in range(n)],
            "group": [f"p{i}" for i in range(n)],
            "repeat": 0,
            "fold": 0,
            "split": "test",
            "method": method,
            "predicted": said,
            "threshold": 0.5,
            **{f"y.{name}": y[:, k] for k, name in enumerate(CLASSES)},
            **{f"p.{name}": p[:, k] for k, name in enumerate(CLASSES)},
        }
    )
