from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import texturekit as tk
from tests.imagesets import several_labels, two_classes
from texturekit.data.splits import kfold
from texturekit.methods import permuted
from texturekit.methods.grammar import parse_method
from texturekit.methods.learners import Inputs, Settings
from texturekit.methods.permuted import cheapest, permuted_labels, shuffled

METHODS = ["majority/dummy", "first_order/knn"]


def slices(root, *, patients=12, each=8):
    """Write slices: those of a patient are alike, and no two patients; labels mean nothing."""
    rng = np.random.default_rng(0)
    rows = []
    for patient in range(patients):
        level, spread = rng.integers(40, 200), rng.integers(4, 40)
        for number in range(each):
            name = f"p{patient:02d}_{number}.png"
            pixels = np.clip(rng.normal(level, spread, (24, 24)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name)
            rows.append((name, "ad" if patient % 2 else "healthy", f"p{patient:02d}"))
    table = pd.DataFrame(rows, columns=["path", "label", "group"])
    table.to_csv(root / "slices.csv", index=False)
    return root / "slices.csv", table


# F52, after Yagis et al. (2021): with random labels 96% by a split of slices, 50% by patient.
def test_slices_on_both_sides_are_given_away_by_labels_without_meaning(tmp_path):
    path, table = slices(tmp_path)
    table.assign(repeat=0, fold=np.arange(len(table)) % 4)[["path", "repeat", "fold"]].to_csv(
        tmp_path / "folds.csv", index=False
    )
    options = {"data": path, "methods": METHODS, "size": 24, "images": False, "positive": "ad",
               "importance": 0}  # fmt: skip

    torn = tk.compare(folds=tmp_path / "folds.csv", allow_leakage=True, **options).results
    kept = tk.compare(folds=4, **options).results

    assert torn.permutation.roc_auc.value > 0.85
    assert [one.code for one in torn.findings if one.severity == "error"] == ["TK001", "TK013"]
    assert kept.permutation.roc_auc.low <= 0.5 <= kept.permutation.roc_auc.high
    assert "TK013" not in [one.code for one in kept.findings]


def noise(tmp_path, *, patients, images, signal=0.0, seed=0):
    """Return a manifest, and columns of noise that know the label by ``signal``."""
    manifest = tk.read_manifest(two_classes(tmp_path, patients=patients, images=images))
    method = parse_method("first_order/logistic")
    (block,) = method.blocks
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(len(manifest), len(method.blocks[block])))
    x[:, 0] += signal * manifest.labels
    return method, manifest, Inputs(len(manifest), {block: x})


def run(method, manifest, inputs, *, folds=4, refits=20, seed=0):
    return permuted_labels(
        [method], manifest, inputs, kfold(manifest, folds=folds), positive="rough",
        settings=Settings(seed=seed), refits=refits,
    )  # fmt: skip


def test_a_strong_signal_gives_no_false_alarm(tmp_path):
    method, manifest, inputs = noise(tmp_path, patients=20, images=2, signal=5.0)
    found = run(method, manifest, inputs, refits=60)

    # One half is expected exactly: test labels are dealt within their own fold.
    assert found.roc_auc.value == pytest.approx(0.5, abs=0.04)
    assert found.roc_auc.low <= 0.5 <= found.roc_auc.high
    assert len(found.values) == 60


def test_groups_change_labels_as_wholes_and_keep_to_their_fold():
    rng = np.random.default_rng(1)
    group = np.repeat(np.arange(12), [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4])
    labels = (np.arange(12) % 2)[group]
    places = np.arange(12) // 6
    moved = 0
    for _ in range(50):
        given = shuffled(labels, group, places, rng)
        by_group = [given[group == g] for g in range(12)]
        assert all(len(set(one.tolist())) == 1 for one in by_group)
        for place in (0, 1):
            told = [one[0] for one, p in zip(by_group, places, strict=True) if p == place]
            assert Counter(told) == {0: 3, 1: 3}
        moved += int((given != labels).any())
    assert moved > 40


def test_a_group_of_several_labels_gives_rows_and_not_means():
    rng = np.random.default_rng(2)
    group = np.array([0, 0, 0, 1, 1, 2])
    labels = np.array([[0, 1], [1, 0], [0, np.nan], [1, 1], [1, 1], [0, 0]])
    rows = {tuple(map(str, row)) for row in labels}
    for _ in range(20):
        given = shuffled(labels, group, np.zeros(3, dtype=int), rng)
        assert {tuple(map(str, row)) for row in given} <= rows
        assert len({tuple(map(str, row)) for row in given[3:5]}) <= 2


def test_the_cheapest_texture_method_is_taken_and_slow_classifiers_are_replaced():
    def chosen(*names):
        found = cheapest([parse_method(name) for name in names])
        return None if found is None else found.name

    assert chosen("texture/logistic", "first_order/forest", "majority/dummy") == "first_order/knn"
    assert chosen("texture/xgboost", "texture/logistic") == "texture/logistic"
    assert chosen("majority/dummy", "geometry/forest") is None


def test_what_a_vote_reads_is_what_is_refitted():
    vote = parse_method("texture/vote")

    found = cheapest([vote])

    assert found.name == "texture_full/knn"
    assert found.blocks == vote.blocks


def test_zero_asks_for_nothing_and_a_study_without_texture_says_so(tmp_path):
    options = {"data": two_classes(tmp_path), "folds": 2, "size": 32, "images": False}
    off = tk.compare(methods=METHODS, permutations=0, **options).results
    none = tk.compare(methods=["majority/dummy", "geometry/forest"], **options).results

    assert off.permutation is None
    assert "Permuted labels: not checked, as asked." in off.notes
    assert none.permutation is None
    assert "Permuted labels: not checked, as no texture method ran." in none.notes


def test_several_labels_and_a_holdout_are_checked_too(tmp_path):
    results = tk.compare(
        data=several_labels(tmp_path), methods=["first_order/logistic"], folds=2, size=32,
        images=False, permutations=6,
    ).results  # fmt: skip
    path = tmp_path / "labels.csv"
    frame = pd.read_csv(path)
    frame["split"] = ["train", "train", "test", "test", "val"] * 4
    frame.to_csv(path, index=False)
    held = tk.compare(data=path, methods=["first_order/logistic"], size=32, images=False,
                      permutations=6).results  # fmt: skip

    assert 0.2 < results.permutation.roc_auc.value < 0.8
    assert 0.2 < held.permutation.roc_auc.value < 0.8


def test_many_images_are_thinned_by_whole_groups(tmp_path, monkeypatch):
    method, manifest, inputs = noise(tmp_path, patients=20, images=2)
    monkeypatch.setattr(permuted, "MOST_IMAGES", 40)
    found = run(method, manifest, inputs, refits=5)

    assert 30 <= found.images <= 40
    assert found.images % 2 == 0
    assert len(found.values) == 5


def test_groups_too_vast_to_be_taken_whole_are_thinned_image_by_image(tmp_path, monkeypatch):
    method, manifest, inputs = noise(tmp_path, patients=2, images=15)
    monkeypatch.setattr(permuted, "MOST_IMAGES", 12)
    found = run(method, manifest, inputs, folds=2, refits=3)

    assert found.images == 12
