"""What a run folder keeps of the images."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import texturekit as tk
from texturekit import showing
from texturekit.data.pictures import Pictures
from texturekit.features.map_pictures import OVERLAYS

MAPPED = 32
KIND = {"kind": "binary", "classes": ["benign", "malignant"], "positive": "malignant"}


@pytest.fixture(scope="module")
def pictures():
    data = tk.load_task("breast")
    return Pictures(data.subset(np.arange(0, len(data), 4)), size=24)


@pytest.fixture(scope="module")
def predictions(pictures):
    data = pictures.manifest
    p = np.random.default_rng(0).random(len(data))
    return pd.concat([
        pd.DataFrame({
            "method": method, "repeat": 0, "split": "test", "id": list(data.ids),
            "label": [data.label_name(i) for i in range(len(data))], "threshold": 0.5,
            "predicted": np.where(q >= 0.5, "malignant", "benign"),
            "p.benign": 1 - q, "p.malignant": q,
        })
        for method, q in (("a/knn", p), ("b/knn", 1 - p))
    ])  # fmt: skip


@pytest.fixture(scope="module")
def kept(pictures, predictions):
    cams = {"a/knn": {str(pictures.manifest.ids[3]): b"\x89PNG of a", "no such id": b""}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(showing, "_MAPPED", MAPPED)
        return showing.assets(pictures, predictions, **KIND, first="b/knn", cams=cams)


def opened(content):
    return Image.open(io.BytesIO(content))


def test_every_image_of_a_small_set_is_kept_with_its_label(kept, pictures):
    content, data = json.loads(kept["assets.json"]), pictures.manifest

    assert set(content) == set(map(str, data.ids))
    for i, name in enumerate(data.ids):
        assert content[name]["label"] == data.label_name(i)
        assert opened(kept[content[name]["file"]]).size == (160, 160)


def test_at_most_so_many_images_have_maps_and_the_leaders_cases_are_among_them(kept, predictions):
    content = json.loads(kept["assets.json"])
    mapped = {name for name, item in content.items() if "maps" in item}
    lead = predictions[predictions["method"] == "b/knn"]

    assert len(mapped) == MAPPED < len(content)
    assert set(showing.shown(lead, **KIND)) <= mapped
    for name in mapped:
        assert set(content[name]["maps"]) == set(OVERLAYS)
        assert all(max(opened(kept[f]).size) == 112 for f in content[name]["maps"].values())


def test_overlays_of_methods_stand_with_their_image_alone(kept, pictures):
    content = json.loads(kept["assets.json"])
    with_cams = {name: item["cams"] for name, item in content.items() if "cams" in item}

    assert list(with_cams) == [pictures.manifest.ids[3]]
    assert kept[with_cams[pictures.manifest.ids[3]]["a/knn"]] == b"\x89PNG of a"


def test_figures_name_classes_but_no_image_and_their_files_are_there(kept, pictures):
    entries = json.loads(kept["figures.json"])
    kinds = {"image", "glcm", "hog", "sobel", "lbp", "mean_lbp", "median_lbp", "variance_lbp",
             "mbp"}  # fmt: skip

    for label in KIND["classes"]:
        assert {e["kind"] for e in entries if e["label"] == label} == {*kinds, "histogram"}
    assert all(len(kept[e["file"]]) < 25_000 for e in entries if "file" in e)
    assert not any(str(name) in kept["figures.json"].decode() for name in pictures.manifest.ids)


def test_the_histogram_of_codes_counts_the_codes_of_the_image(kept, pictures):
    entries = json.loads(kept["figures.json"])
    row = next(i for i in range(len(pictures)) if pictures.manifest.label_name(i) == "benign")
    codes = tk.features.lbp_codes(pictures.region(row)[0], 8, 1, "uniform").astype(int)
    found = next(e for e in entries if (e["kind"], e["label"]) == ("lbp", "benign"))

    assert found["histogram"] == np.bincount(codes.ravel()).tolist()


def test_grey_values_are_quartiles_over_images(kept):
    for entry in json.loads(kept["figures.json"]):
        if entry["kind"] == "histogram":
            low, middle, high = (np.array(entry[key]) for key in ("low", "middle", "high"))
            assert len(middle) == 64
            assert (low <= middle).all()
            assert (middle <= high).all()


def test_the_same_study_keeps_the_same_bytes(pictures, predictions, kept, monkeypatch):
    monkeypatch.setattr(showing, "_MAPPED", MAPPED)
    cams = {"a/knn": {str(pictures.manifest.ids[3]): b"\x89PNG of a"}}

    assert showing.assets(pictures, predictions, **KIND, first="b/knn", cams=cams) == kept
