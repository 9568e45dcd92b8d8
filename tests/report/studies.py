"""Studies made of random scores, scored by the real metrics: consistent, but about nothing."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
from PIL import Image

from texturekit.data.card import Card, Published, StatedNumber
from texturekit.metrics.curves import study_curves, thresholds
from texturekit.metrics.published import reported
from texturekit.metrics.summary import summarise
from texturekit.metrics.verdicts import compare_methods
from texturekit.records import (
    ColumnStability,
    Data,
    Estimate,
    FamilyCorrelation,
    FamilyImportance,
    Finding,
    FoldScore,
    MethodResult,
    Pair,
    Protocol,
    Results,
    Seconds,
    Skipped,
    SplitPart,
    Stability,
    Study,
    Subgroup,
)

CARD = Card(
    name="x", title="x", kind="binary", classes=("benign", "malignant"), positive="malignant",
    published=(
        Published(
            source="Example et al. (2020), table 2", method="VGG16", n=6851,
            confusion=[[1005, 933], [777, 4136]], remarks=["Its abstract says something else."],
            stated=[StatedNumber(metric="accuracy", value="75.04%"),
                    StatedNumber(metric="sensitivity", value="0.0000")],
        ),
        Published(source="Another et al.", method="SVM", metric="roc_auc", value=0.81),
    ),
)  # fmt: skip
METHODS = {
    "majority/dummy": ("baseline", 0.0),
    "geometry/forest": ("baseline", 0.05),
    "glcm+lbp/forest": ("texture", 0.35),
    "texture/xgboost": ("texture", 0.55),
    "resnet18/logistic": ("embedding", 0.45),
    "texture+resnet18/xgboost": ("hybrid", 0.6),
    "resnet18/finetune": ("finetuned", 0.15),
}
CLASSES = {
    "binary": ["benign", "malignant"],
    "multiclass": ["Type_1", "Type_2", "Type_3"],
    "multilabel": ["Atelectasis", "Effusion", "Pneumonia", "Edema"],
}


def study(
    kind="binary",
    *,
    n=120,
    classes=None,
    methods=None,
    failed=True,
    images=True,
    synthetic=False,
    seed=0,
):
    """Return a study of ``n`` images in groups of three, four folds, one repeat."""
    rng = np.random.default_rng(seed)
    classes = classes or CLASSES[kind]
    methods = methods or METHODS
    base, truth = _images(rng, kind, n, classes)
    positive = classes[-1] if kind == "binary" else None
    of = {"kind": kind, "classes": classes, "positive": positive}
    frames = [_predictions(rng, name, strength, base, truth, kind, classes)
              for name, (_, strength) in methods.items()]  # fmt: skip
    predictions = pd.concat(frames, ignore_index=True).sort_values(
        ["method", "repeat", "fold", "split", "id"], ignore_index=True, kind="stable"
    )
    rows = [_scored(predictions, name, family, kind, classes, positive, n)
            for name, (family, _) in methods.items()]  # fmt: skip
    if failed:
        rows.append(MethodResult(name="hog/svm", family="texture", status="failed",
                                 reason="MemoryError: 12 GB were asked for"))  # fmt: skip
    results = Results(
        task="breast", title="Breast MRI: benign or malignant", kind=kind, classes=classes,
        positive=positive, positive_from="card" if positive else None, synthetic=synthetic,
        recipe=None,
        protocol=Protocol(type="kfold", folds=4, repeats=1, seed=seed, test="every image once",
                          grouping=f"{n // 3} groups, each on one side of every split"),
        data=_data(n, classes, truth, kind), methods=rows,
        comparisons=compare_methods(predictions, list(methods), kind=kind, classes=classes,
                                    positive=positive, reference="glcm+lbp/forest"),
        findings=[Finding(code="TK006", severity="warning", text="The smallest class is small.",
                          evidence="41 images", advice="Collect more of it.")] if failed else [],
        notes=["Shortened: 120 images were used (limit 120)."],
        reported=reported(CARD), stability=_stability(),
        **_made_up(base, truth, kind, classes, list(methods), positive),
    )  # fmt: skip
    return Study(
        results=results,
        predictions=predictions,
        curves=study_curves(predictions, **of),
        training=_training(methods),
        importance=pd.DataFrame(
            {"method": ["texture/xgboost"], "column": ["glcm.idm.d1.mean"], "importance": [0.4]}
        ),
        config=_config(methods),
        environment={"texturekit": "0.1.0", "python": "3.11.9", "cores": 2, "git_commit": None,
                     "packages": {"numpy": "2.3.1"}, "finished": "2026-11-20T10:15:00+00:00",
                     "command": "texturekit compare --task breast --data 'my images'"},
        assets=_assets(rng, base, truth, kind, classes) if images else {},
    )  # fmt: skip


def _images(rng, kind, n, classes):
    groups = np.arange(n) // 3
    if kind == "multilabel":
        truth = (rng.random((n, len(classes))) < 0.35).astype(float)
        truth[::9, 0] = np.nan
    else:
        truth = np.eye(len(classes))[rng.integers(len(classes), size=n // 3 + 1)[groups]]
    ids = [f"p{g:03d}/scan_{i % 3}.png" for i, g in enumerate(groups)]
    base = pd.DataFrame({
        "id": ids, "path": ids, "group": [f"p{g:03d}" for g in groups], "repeat": 0,
        "fold": groups % 4, "split": "test",
    })  # fmt: skip
    return base, truth


def _predictions(rng, name, strength, base, truth, kind, classes):
    frame = base.copy()
    frame["method"] = name
    noise = rng.normal(size=truth.shape) if strength else np.zeros(truth.shape)
    scores = np.nan_to_num(truth) * strength * 1.4 + noise
    if kind == "multilabel":
        p = 1 / (1 + np.exp(-scores + 1))
        frame["predicted"] = ["|".join(np.array(classes)[row > 0.5]) for row in p]
        for j, label in enumerate(classes):
            frame[f"y.{label}"] = truth[:, j]
    else:
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        frame["label"] = np.array(classes)[truth.argmax(axis=1)]
        frame["predicted"] = np.array(classes)[
            (p[:, 1] >= 0.5).astype(int) if kind == "binary" else p.argmax(axis=1)
        ]
    frame["threshold"] = np.nan if kind == "multiclass" else 0.5
    for j, label in enumerate(classes):
        frame[f"p.{label}"] = p[:, j]
    return frame


def _scored(predictions, name, family, kind, classes, positive, n):
    rows = predictions[predictions["method"] == name]
    metrics, per_class, confusion = summarise(rows, kind=kind, classes=classes, positive=positive)
    return MethodResult(
        name=name, family=family, status="ok", n=n, metrics=metrics, per_class=per_class,
        weights="random (no network)" if "resnet" in name else None, confusion=confusion,
        folds=[FoldScore(repeat=0, fold=k, n=n // 4, metrics={"roc_auc": 0.6 + k / 20})
               for k in range(4)],
        families=[FamilyImportance(family=part, columns=20, drop=Estimate(
            value=0.1, low=0.05, high=0.15, how="paired DeLong"))
            for part in name.split("/")[0].split("+")] if family != "baseline" else [],
        threshold=thresholds(rows), seconds=Seconds(represent=1.2, fit=0.4, predict=0.01),
    )  # fmt: skip


def _data(n, classes, truth, kind):
    skipped = [
        Skipped(path="p999/broken.png", reason="the file is truncated", kind="unreadable"),
        Skipped(path="notes.txt", reason="no image", kind="ignored"),
    ]
    counts = {c: int(np.nansum(truth[:, j])) for j, c in enumerate(classes)}
    return Data(
        found=n + 2, used=n, skipped=skipped, groups=n // 3, sha256="ab" * 32,
        source="/data/breast/manifest.csv", counts=counts,
        group_counts={c: k // 3 for c, k in counts.items()}, size=224,
    )  # fmt: skip


def _stability():
    """Return columns of two families, from perfectly stable to hopeless and undefined."""
    lows = {"glcm.contrast.d1.mean": 0.95, "glcm.idm.d1.mean": 0.8, "lbp.p8r1.default.00": 0.2}
    columns = [
        ColumnStability(
            column=name, change=change, images=40,
            icc=Estimate(value=low + 0.03, low=low, high=low + 0.04, how="ICC(1,1)"),
        )
        for change in ("rotation", "noise")
        for name, low in lows.items()
    ]  # fmt: skip
    icc = Estimate(value=None, how="ICC(1,1)", reason="all its values are equal")
    columns += [
        ColumnStability(column="lbp.p8r1.default.01", change=change, images=40, icc=icc)
        for change in ("rotation", "noise")
    ]
    return Stability(
        images=40, changes=["rotation", "noise"], how="40 of 120 images", columns=columns
    )


def _made_up(base, truth, kind, classes, methods, positive):
    """Return fields of results that are about nothing, as a run would have them."""
    area = Estimate(value=0.7, low=0.6, high=0.8, how="DeLong")
    few = Estimate(value=None, how="DeLong", reason="fewer than 10 positives: not estimable")
    counts = {c: int(np.nansum(truth[:, j])) for j, c in enumerate(classes)}
    half = {c: k // 2 for c, k in counts.items()}
    main, n = "roc_auc", len(base)
    return {
        "pairs": [
            Pair(a=a, b=b, metric=main, difference=0.01 * (i - j), low=0.01 * (i - j) - 0.05,
                 high=0.01 * (i - j) + 0.05, p_holm=0.04 if i == 0 else None, declared=i == 0)
            for i, a in enumerate(methods) for j, b in enumerate(methods) if i < j
        ],
        "subgroups": [
            Subgroup(column="scanner", value=value, method=m, n=n // 2, groups=n // 6,
                     positives=half[positive] if positive else None, counts=half,
                     metrics={main: area if value == "Aera" else few})
            for value in ("Aera", "Skyra") for m in methods
        ],
        "family_correlation": FamilyCorrelation(
            families=["glcm", "lbp", "resnet18"], images=n, how="mean absolute Spearman",
            values=[[1.0, 0.6, 0.1], [0.6, 1.0, None], [0.1, None, 1.0]],
        ),
        "splits": [
            SplitPart(repeat=0, fold=fold, part=part, images=n // 2, groups=n // 6, counts=half,
                      group_counts={c: k // 3 for c, k in half.items()})
            for fold in range(4) for part in ("train", "test")
        ],
        "statements": {"reference_standard": "Biopsy."},
    }  # fmt: skip


def _training(methods):
    """Return the epochs of the networks that were trained; None without one."""
    rows = [
        (m, 0, fold, epoch, 1 / epoch, 0.2 + 1 / epoch, 0.5 + epoch / 10, epoch == 3)
        for m in methods if m.endswith("/finetune") for fold in range(4) for epoch in (1, 2, 3)
    ]  # fmt: skip
    columns = [
        "method", "repeat", "fold", "epoch", "train_loss", "val_loss", "val_score", "kept",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns) if rows else None


def _config(methods):
    return {
        "task": "breast", "methods": list(methods), "reference": None, "folds": 4,
        "facts": {
            "reference": "glcm+lbp/forest", "size": 224,
        },
    }  # fmt: skip


def _assets(rng, base, truth, kind, classes):
    files, index = {}, {}
    for i, image_id in enumerate(base["id"]):
        if i % 2:
            continue
        names = [c for j, c in enumerate(classes) if truth[i, j] == 1]
        ramp = np.add.outer(np.arange(96) * (1 + i % 5), np.arange(96)) % 256
        picture = np.clip(ramp * 0.6 + rng.normal(60, 25, (96, 96)) * len(names), 0, 255)
        buffer = io.BytesIO()
        Image.fromarray(picture.astype(np.uint8)).save(buffer, "PNG")
        files[f"{i:016x}.png"] = buffer.getvalue()
        index[image_id] = {"file": f"{i:016x}.png", "label": "|".join(names)}
    return {**files, "assets.json": json.dumps(index, sort_keys=True).encode()}


@cache
def ready(kind="binary"):
    """Return the usual study of a kind, made once."""
    return study(kind)


def changed(of, **fields):
    """Return a study with some fields of its results changed."""
    return replace(of, results=of.results.model_copy(update=fields))
