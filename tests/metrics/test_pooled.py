import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from texturekit.metrics.pooled import measure
from texturekit.metrics.proportions import proportion
from texturekit.metrics.summary import summarise

CLASSES = ["no", "yes"]


def rows(rng, ids, fold, *, split="train"):
    p = rng.random(len(ids))
    label = np.where(np.arange(len(ids)) % 3 == 0, "yes", "no")
    return pd.DataFrame({
        "id": ids, "group": None, "repeat": 0, "fold": fold, "split": split, "label": label,
        "predicted": np.where(p > 0.5, "yes", "no"), "p.no": 1 - p, "p.yes": p,
    })  # fmt: skip


def test_images_learnt_from_in_several_folds_give_the_mean_of_the_folds_weighted_by_pairs(rng):
    names = [f"{k:02d}" for k in range(30)]
    one, two = rows(rng, names, 0), rows(rng, names[:15], 1)
    areas = [roc_auc_score(part["label"] == "yes", part["p.yes"]) for part in (one, two)]
    pairs = [10 * 20, 5 * 10]

    found = measure(
        pd.concat([one, two]), kind="binary", classes=CLASSES, positive="yes", split="train"
    )

    assert found["roc_auc"].value == pytest.approx(np.average(areas, weights=pairs))
    assert "clustered by group" in found["roc_auc"].how


def test_an_image_that_is_counted_twice_makes_no_interval_narrower(rng):
    names = [f"{k:02d}" for k in range(40)]
    once = rows(rng, names, 0)
    p = (once["label"] == once["predicted"]).mean()
    reach = 1.959964 * np.sqrt(p * (1 - p) / 39)

    twice = measure(
        pd.concat([once, once.assign(fold=1)]), kind="binary", classes=CLASSES, positive="yes",
        split="train",
    )["accuracy"]  # fmt: skip

    assert twice.value == pytest.approx(p)
    assert (twice.low, twice.high) == pytest.approx((p - reach, p + reach), abs=1e-6)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_the_values_of_test_images_are_those_of_the_table_of_methods(rng, kind):
    names = ["a", "b", "c"][: 2 if kind == "binary" else 3]
    n, k = 40, len(names)
    p = rng.random((n, k))
    frame = pd.DataFrame({"id": [f"{i:02d}" for i in range(n)], "group": np.arange(n) // 2,
                          "repeat": 0, "fold": np.arange(n) % 4 // 2, "split": "test"})  # fmt: skip
    if kind == "multilabel":
        truth = (rng.random((n, k)) < 0.4).astype(float)
        truth[::7, 1] = np.nan
        frame = frame.assign(**{f"y.{c}": truth[:, j] for j, c in enumerate(names)})
        said = ["|".join(np.array(names)[row]) for row in p > 0.5]
    else:
        p /= p.sum(axis=1, keepdims=True)
        frame["label"] = np.array(names)[rng.integers(k, size=n)]
        said = np.array(names)[p.argmax(axis=1)]
    frame = frame.assign(predicted=said, **{f"p.{c}": p[:, j] for j, c in enumerate(names)})
    described = {"kind": kind, "classes": names, "positive": "b" if kind == "binary" else None}

    found, (metrics, _, _) = measure(frame, **described), summarise(frame, **described)

    for name, estimate in found.items():
        assert estimate.value == pytest.approx(metrics[name].value), name
        assert (estimate.low, estimate.high) == pytest.approx(
            (metrics[name].low, metrics[name].high)
        ) or (kind, name) == ("multilabel", "accuracy")  # a bootstrap there


def test_a_site_counts_its_patients_and_says_where_they_are_few():
    # 8 patients with 4 images each, all alike: as much as 8 images
    patient = np.repeat(np.arange(8), 4)
    right = patient < 6
    label = np.where(patient % 2 == 0, "yes", "no")
    said = np.where(right, label, np.where(label == "yes", "no", "yes"))
    site = pd.DataFrame({
        "id": [f"{k:02d}" for k in range(32)], "group": patient.astype(str), "repeat": 0,
        "fold": 0, "split": "test", "label": label, "predicted": said,
        "p.no": np.where(said == "no", 0.8, 0.2), "p.yes": np.where(said == "no", 0.2, 0.8),
    })  # fmt: skip
    described = {"kind": "binary", "classes": CLASSES, "positive": "yes"}

    found = measure(site, **described)
    metrics = summarise(site, **described)[0]

    alone = proportion(6, 8)
    accuracy = found["accuracy"]
    assert (accuracy.low, accuracy.high) == pytest.approx((alone.low, alone.high))
    assert accuracy.how == metrics["accuracy"].how
    assert found["roc_auc"] == metrics["roc_auc"]
    assert "few cases" in str(found["roc_auc"].caution)
