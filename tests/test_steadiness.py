"""Which columns stand small changes: what is drawn, what is changed, what is told."""

import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from texturekit_cli.main import run

import texturekit as tk
from texturekit import assembling
from texturekit.errors import ParameterError
from texturekit.methods.grammar import parse_method
from texturekit.records import ColumnStability, Estimate
from texturekit.steadiness import CHANGES, _altered, _draw, write_stability


@pytest.fixture
def masked(tmp_path, rng):
    """12 images of 8 patients: disks of different grey on noise, and their masks."""
    rows = []
    for k in range(12):
        disk = np.hypot(*(np.mgrid[:40, :40] - np.reshape([17, 24], (2, 1, 1)))) < 9 + k % 4
        image = np.where(disk, 60 + 12 * k, 30) + rng.normal(0, 4, (40, 40))
        Image.fromarray(image.astype(np.uint8)).save(tmp_path / f"{k:02d}.png")
        Image.fromarray(disk).save(tmp_path / f"{k:02d}_mask.png")
        names = {"path": f"{k:02d}.png", "mask": f"{k:02d}_mask.png"}
        rows.append({**names, "label": "ab"[k % 2], "group": k % 8})
    pd.DataFrame(rows).to_csv(tmp_path / "m.csv", index=False)
    return tk.read_manifest(tmp_path / "m.csv")


def by_column(found, change):
    return {one.column: one for one in found.columns if one.change == change}


def test_every_column_gets_an_icc_under_every_change(masked):
    found = tk.stability(masked, "first_order")
    columns = tk.features.columns("first_order")

    assert found.changes == ["rotation", "noise", "mask outline", "mask place"]
    assert [one.column for one in found.columns] == [*columns] * 4
    assert found.images == 8  # one a patient
    assert "8 of 12 images, one a patient, drawn by seed 0" in found.how


def test_what_a_change_touches_is_less_stable_than_what_it_leaves(masked):
    found = tk.stability(masked, "first_order")

    # The disks are flat: turning, noise and a moved outline leave their median nearly as it is.
    for change in ("rotation", "noise", "mask outline"):
        assert by_column(found, change)["first_order.median"].icc.value > 0.95, change
    # The variance within a disk is small, and noise or a mask beside the disk makes another one.
    outline = by_column(found, "mask outline")["first_order.variance"].icc
    assert outline.value < by_column(found, "rotation")["first_order.variance"].icc.value


def test_without_a_mask_only_the_image_is_changed(masked):
    assert tk.stability(masked, "first_order", roi="none").changes == ["rotation", "noise"]


def test_a_mask_that_cannot_be_changed_leaves_its_image_out(masked, tmp_path):
    Image.fromarray(np.full((40, 40), 255, np.uint8)).save(tmp_path / "03_mask.png")
    found = tk.stability(masked.subset(range(8)), "first_order", images=8)

    counts = {one.change: one.images for one in found.columns}
    assert counts == {"rotation": 8, "noise": 8, "mask outline": 7, "mask place": 7}


def test_the_order_of_rows_and_the_number_of_threads_change_nothing(masked):
    turned = masked.subset(np.arange(len(masked))[::-1])

    one, other = (tk.stability(m, "first_order", images=5) for m in (masked, turned))
    again = tk.stability(masked, "first_order", images=5, jobs=2)

    assert one.columns == other.columns == again.columns
    assert tk.stability(masked, "first_order", images=5, seed=1).columns != one.columns


def test_every_patient_has_the_same_chance(masked):
    drawn = [masked.groups[row] for seed in range(300) for row in _draw(masked, 2, seed)]

    counts = np.unique(drawn, return_counts=True)[1]
    assert len(counts) == 8
    assert counts.min() > 45  # 75 expected, standard deviation 7.5
    assert all(len({masked.groups[row] for row in _draw(masked, 8, s)}) == 8 for s in range(5))


def test_a_manifest_comes_out_changed_and_the_rest_as_it_was(masked):
    plain = masked.picture(3).pixels
    for change, versions in CHANGES.items():
        for version in versions:
            other = _altered(masked, change, version, 0)
            assert other.ids == masked.ids
            assert other.paths == masked.paths
            touched = not np.array_equal(other.picture(3).pixels, plain)
            moved = not np.array_equal(other.mask(3), masked.mask(3))
            assert touched == (change in ("rotation", "noise"))
            assert moved == (change != "noise")


def test_the_two_places_of_a_mask_are_opposite(masked):
    places = [
        np.argwhere(_altered(masked, "mask place", version, 0).mask(5)).mean(axis=0)
        for version in (-1, 1)
    ]
    middle = np.argwhere(masked.mask(5)).mean(axis=0)

    np.testing.assert_allclose(places[0] + places[1], 2 * middle)
    assert np.abs(places[0] - middle).max() == 1


def test_noise_is_that_of_the_image_wherever_it_stands(masked):
    turned = masked.subset([7, 3])

    np.testing.assert_array_equal(
        _altered(masked, "noise", 0, 0).picture(3).pixels,
        _altered(turned, "noise", 0, 0).picture(1).pixels,
    )


def test_embeddings_are_those_of_the_changed_images(masked):
    found = tk.stability(masked, "squeezenet1_1", images=3, size=32, weights="none", roi="none")

    assert len(found.columns) == 2 * 512
    assert any(one.icc.value is not None and one.icc.value < 1 for one in found.columns)


def test_columns_of_one_name_are_told_apart(masked):
    found = tk.stability(masked, "first_order+glcm+glcm(levels=16)", images=3, roi="none")
    names = [one.column for one in found.columns if one.change == "noise"]

    assert len(set(names)) == len(names)
    assert "glcm(levels=16): glcm.contrast.d1.mean" in names


def test_fewer_than_two_patients_cannot_be_compared(masked):
    with pytest.raises(ParameterError, match="2 images of different patients"):
        tk.stability(masked.subset([0, 8]), "first_order")
    with pytest.raises(ParameterError, match="0 families"):
        tk.stability(masked, "geometry")


@pytest.mark.parametrize(
    ("low", "category"),
    [(0.49, "poor"), (0.5, "moderate"), (0.75, "good"), (0.9, "excellent"), (None, "n/a")],
)
def test_the_lower_limit_gives_the_category(low, category):
    # Koo and Li (2016): below .5, .5 to .75, .75 to .9, above
    icc = Estimate(value=0.95 if low else None, low=low, high=1.0, how="", reason="flat")

    assert ColumnStability(column="a", change="b", icc=icc, images=30).category == category


def test_the_table_has_a_row_a_column_and_change(masked, tmp_path):
    found = tk.stability(masked, "first_order", images=3, roi="none")

    path = write_stability(found, tmp_path / "s.csv")

    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert len(rows) == len(found.columns)
    for row, one in zip(rows, found.columns, strict=True):
        assert (row["column"], row["change"], row["category"]) == (
            one.column, one.change, one.category,
        )  # fmt: skip
        assert row["icc"] == ("" if one.icc.value is None else repr(one.icc.value))
        assert bool(row["reason"]) == (one.icc.value is None)


# --- the commands -----------------------------------------------------------------------------


def test_extract_writes_the_table_beside_and_says_what_is_poor(masked, tmp_path, capsys):
    out = tmp_path / "t.parquet"
    command = ["extract", str(tmp_path / "m.csv"), "--features", "first_order", "-o", str(out)]

    assert run([*command, "--stability", "--jobs", "1"]) == 0

    said = capsys.readouterr()
    assert said.out == f"{out}\n"
    assert "Stability under rotation: " in said.err
    assert " columns are poor" in said.err
    rows = list(csv.DictReader(io.StringIO((tmp_path / "t.stability.csv").read_text())))
    assert len(rows) == 4 * len(tk.features.columns("first_order"))


def test_extract_tells_before_it_measures_that_the_table_is_there(masked, tmp_path, capsys):
    (tmp_path / "t.stability.csv").write_text("mine")
    command = ["extract", str(tmp_path / "m.csv"), "--features", "first_order"]
    out = tmp_path / "t.csv"

    assert run([*command, "-o", str(out), "--stability"]) == 4
    assert not out.exists()
    assert (tmp_path / "t.stability.csv").read_text() == "mine"
    assert run([*command, "-o", str(out), "--stability", "--overwrite", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["stability"]
    assert told["images"] == 8
    assert sum(told["columns"]["noise"].values()) == len(tk.features.columns("first_order"))


def test_a_comparison_measures_the_texture_of_its_methods(masked):
    study = tk.compare(
        data=masked, methods=["majority/dummy", "first_order/logistic"], positive="b", folds=2,
        size=32, permutations=0, images=False, stability=True,
    )  # fmt: skip
    found = study.results.stability

    assert {one.column for one in found.columns} == set(tk.features.columns("first_order"))
    assert found.images == 8
    assert found == tk.stability(masked, "first_order", size=32, roi="crop")


def test_a_comparison_measures_the_columns_that_its_methods_read(monkeypatch):
    given = []
    monkeypatch.setattr(assembling, "stability", lambda used, parts, **how: given.extend(parts))
    job = SimpleNamespace(
        methods=[parse_method("texture/vote"), parse_method("lbp+resnet18/svm")], size=32,
        options=SimpleNamespace(stability=True, jobs=1, roi="none", seed=0),
    )  # fmt: skip

    assembling._stability(job, None)

    assert [str(part) for part in given] == ["texture_full", "lbp"]
