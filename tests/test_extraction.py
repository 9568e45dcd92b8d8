import numpy as np
import pandas as pd
import pytest
from PIL import Image

import texturekit as tk
from tests.imagesets import spoil, two_classes
from texturekit.data.pictures import Pictures
from texturekit.errors import (
    ImageError,
    OutputError,
    ParameterError,
    UnknownNameError,
    WeightsError,
)
from texturekit.events import listening
from texturekit.features.grammar import Part
from texturekit.parts import part_columns


@pytest.fixture
def manifest(tmp_path):
    return tk.read_manifest(two_classes(tmp_path, patients=2))


def test_values_are_those_that_measure_gives(manifest):
    table = tk.extract(manifest, "glcm+first_order")

    expected = tk.measure(manifest.image(3), "glcm+first_order")

    assert table.columns == tuple(expected)
    np.testing.assert_array_equal(table.values[3], list(expected.values()))


def test_values_do_not_depend_on_the_number_of_threads(manifest):
    one, two = (tk.extract(manifest, "texture", jobs=jobs).values for jobs in (1, 2))

    np.testing.assert_array_equal(one, two)


def test_a_bad_file_costs_its_row_and_not_the_run(manifest):
    clean = tk.extract(manifest, "glcm")
    spoil(manifest.file(2))

    table = tk.extract(manifest, "glcm")

    assert [failure.id for failure in table.failures] == [manifest.ids[2]]
    assert "truncated" in table.failures[0].error
    np.testing.assert_array_equal(table.values, np.delete(clean.values, 2, axis=0))


def test_fail_fast_stops_at_the_first_bad_file(manifest):
    spoil(manifest.file(2))

    with pytest.raises(ImageError, match=r"p01_0|p02_0"):
        tk.extract(manifest, "glcm", fail_fast=True)


def test_nothing_usable_is_an_error_that_names_the_first_file(manifest):
    for i in range(len(manifest)):
        spoil(manifest.file(i))

    with pytest.raises(ImageError, match=r"none of the 8 images"):
        tk.extract(manifest, "glcm")


def test_the_file_holds_what_the_contract_says(manifest, tmp_path):
    tk.extract(manifest, "lbp", out=tmp_path / "t.parquet")

    frame = pd.read_parquet(tmp_path / "t.parquet")

    first = ["id", "path", "label", "group", "split", "status", "error"]
    assert list(frame.columns) == [*first, *tk.features.FEATURES["lbp"].columns()]
    assert set(frame["label"]) == {"fine", "rough"}


def test_the_grey_levels_of_each_image_are_recorded(manifest):
    spoil(manifest.file(2))

    rows = tk.extract(manifest, "glcm(levels=16)").rows

    image = manifest.image(3)
    name = "meta.glcm(levels=16).levels"
    assert rows[f"{name}.low"][3] == image.min()
    assert rows[f"{name}.high"][3] == image.max()
    assert rows[f"{name}.count"][3] == 16
    assert rows[f"{name}.occupied"][3] == len(np.unique(tk.quantize(image, levels=16)[0]))
    assert rows[f"{name}.low"].isna().tolist() == [i == 2 for i in range(8)]


def test_a_few_grey_levels_are_told_once(manifest):
    heard = []

    with listening(heard.append):
        tk.extract(manifest, "glcm(levels=4)")

    (told,) = [event.message for event in heard if event.level == "warning"]
    assert told.startswith("glcm(levels=4): 8 of 8 images have an unusual number of grey levels")


def test_equal_input_gives_equal_bytes(manifest, tmp_path):
    for name in ("1", "2"):
        tk.extract(manifest, "texture", out=tmp_path / f"{name}.parquet", jobs=int(name))

    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


def test_an_existing_output_is_refused_before_any_work(manifest, tmp_path):
    (tmp_path / "t.csv").write_text("keep me")

    with pytest.raises(OutputError, match="exists already"):
        tk.extract(manifest, "lbp", out=tmp_path / "t.csv")

    assert (tmp_path / "t.csv").read_text() == "keep me"


def test_carried_columns_get_the_prefix_meta(tmp_path):
    path = two_classes(tmp_path, patients=2)
    frame = pd.read_csv(path).assign(age=range(8), status="mine")
    frame.to_csv(path, index=False)

    rows = tk.extract(tk.read_manifest(path), "lbp").rows

    assert list(rows["meta.age"]) == [str(age) for age in range(8)]
    assert set(rows["meta.status"]) == {"mine"}
    assert set(rows["status"]) == {"ok"}


def test_a_missing_file_of_the_manifest_is_a_failed_row(tmp_path):
    path = two_classes(tmp_path, patients=2)
    (tmp_path / "fine" / "p00_0.png").unlink()

    table = tk.extract(tk.read_manifest(path), "lbp")

    assert len(table) == 7
    assert [f.path for f in table.failures] == ["fine/p00_0.png"]
    assert "row 2" in table.failures[0].error
    first = table.rows.iloc[0]
    assert (first["id"], first["label"], first["group"]) == ("fine/p00_0.png", "fine", "p00")
    assert list(table.rows["path"]) == list(pd.read_csv(path)["path"])


def test_fail_fast_counts_a_missing_file(tmp_path):
    path = two_classes(tmp_path, patients=2)
    (tmp_path / "fine" / "p00_0.png").unlink()

    with pytest.raises(ImageError, match="row 2: no such file"):
        tk.extract(tk.read_manifest(path), "lbp", fail_fast=True)


def test_weights_that_do_not_fit_are_refused_before_any_image_is_read(manifest, tmp_path):
    for i in range(len(manifest)):
        spoil(manifest.file(i))
    np.savez(tmp_path / "w.npz", **{"features.0.weight": np.zeros((1, 1))})

    with pytest.raises(WeightsError, match=r"squeezenet1_1: .*another network"):
        tk.extract(manifest, "squeezenet1_1", weights=str(tmp_path / "w.npz"))


def test_names_that_are_no_utf8_are_escaped(tmp_path):
    import os

    two_classes(tmp_path, patients=1)
    folder = tmp_path / "caf\udce9"
    (tmp_path / "fine").rename(folder)
    (tmp_path / "data.csv").unlink()

    table = tk.extract(tk.scan_folder(tmp_path), "lbp", out=tmp_path / "t.parquet")

    assert os.fsencode(folder).endswith(b"caf\xe9")
    assert table.rows["label"].unique().tolist() == ["caf\\xe9", "rough"]


@pytest.mark.parametrize("features", ["glcm(levels=abc)", "lbp(r=x)", "glcm(mcc=3)", "hog(mode=3)"])
def test_a_value_of_another_kind_is_refused(manifest, features):
    with pytest.raises(ParameterError, match="such as"):
        tk.extract(manifest, features)


def test_embeddings_stand_beside_texture(manifest):
    table = tk.extract(manifest, "lbp+squeezenet1_1", weights="none", size=64)

    names = (*part_columns(Part("lbp")), *(f"squeezenet1_1.{i:04d}" for i in range(512)))
    assert table.columns == names
    assert np.isfinite(table.values).all()
    assert table.metadata["backbones"]["squeezenet1_1"].startswith("random")


def test_file_facts_are_columns_too(manifest):
    table = tk.extract(manifest, "metadata")

    assert table.columns[0] == "metadata.width"
    assert (table.values[:, :2] == 32).all()
    assert table.values[0, -1] == manifest.file(0).stat().st_size


def test_a_mask_restricts_what_is_measured(tmp_path):
    path = two_classes(tmp_path, patients=1, images=1)
    manifest = tk.read_manifest(path)
    mask = np.zeros((32, 32), np.uint8)
    mask[4:20, 6:28] = 255
    from PIL import Image

    Image.fromarray(mask).save(tmp_path / "mask.png")
    masked = pd.read_csv(path).assign(mask="mask.png")
    masked.to_csv(path, index=False)

    table = tk.extract(tk.read_manifest(path), "first_order")

    inside = manifest.image(0)[4:20, 6:28]
    np.testing.assert_allclose(table.values[0, 0], inside.mean())


@pytest.mark.parametrize("features", ["glmc", "glcm+resnet81", "lbp(pp=3)"])
def test_an_unknown_name_is_refused(manifest, features):
    with pytest.raises(UnknownNameError, match="Did you mean"):
        tk.extract(manifest, features)


@pytest.mark.parametrize("features", ["", "glcm+", "resnet18(layers=5)"])
def test_what_cannot_be_read_is_refused(manifest, features):
    with pytest.raises(ParameterError):
        tk.extract(manifest, features)


def test_how_many_pictures_go_together_changes_nothing(tmp_path, rng, monkeypatch):
    sides = [40, 3, 64, 16, 40]  # three pixels are too few for HOG
    for k, side in enumerate(sides):
        Image.fromarray(rng.integers(0, 256, (side, side), dtype=np.uint8)).save(
            tmp_path / f"{k}.png"
        )
    (tmp_path / "5.png").write_bytes(b"no picture")
    paths = [str(tmp_path / f"{k}.png") for k in range(6)]
    tables = []
    for held in (1, 2000, 2**20):
        monkeypatch.setattr("texturekit.measurement._HELD", held)
        tables.append(tk.extract(tk.load_source(paths), "first_order+hog+lbp").to_pandas())
    assert list(tables[0]["status"]) == ["ok", "failed", "ok", "ok", "ok", "failed"]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    pd.testing.assert_frame_equal(tables[0], tables[2])


@pytest.mark.parametrize("changed", ["a.npy", "mask.png"])
def test_a_file_of_frames_or_a_mask_that_changes_while_it_is_read_is_lost(
    tmp_path, rng, monkeypatch, changed
):
    np.save(tmp_path / "a.npy", rng.integers(0, 256, (2, 16, 16), dtype=np.uint8))
    Image.new("L", (16, 16), 255).save(tmp_path / "mask.png")
    (tmp_path / "m.csv").write_text("path,mask\na.npy#frame/0,mask.png\na.npy#frame/1,mask.png\n")
    region, written = Pictures.region, (tmp_path / changed).read_bytes()

    def written_meanwhile(self, i):
        if i == 1:
            (tmp_path / changed).write_bytes(written)
        return region(self, i)

    monkeypatch.setattr(Pictures, "region", written_meanwhile)
    table = tk.extract(tk.read_manifest(tmp_path / "m.csv"), "first_order")

    assert table.ids == ["a.npy#frame/0"]
    assert "changed while it was read" in table.failures[0].error
