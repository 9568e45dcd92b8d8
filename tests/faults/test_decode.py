"""Files that cannot be decoded, or only with care: F01 to F32 of the catalogue of faults."""

from __future__ import annotations

import json
import math
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest

import texturekit as tk
from tests.faults.catalogue import DECODE, Fault
from tests.faults.conftest import FEATURES
from tests.faults.encoding import scene
from tests.faults.running import texturekit

REFUSED = [fault for fault in DECODE if fault.reason]
READ = [fault for fault in DECODE if fault.looks]


@pytest.mark.parametrize("fault", REFUSED, ids=str)
def test_alone_it_stops_with_its_reason(fault: Fault, tmp_path):
    (tmp_path / fault.name).write_bytes(fault.content())

    with pytest.raises(tk.errors.TexturekitError, match=fault.reason) as caught:
        tk.extract(tk.load_source(tmp_path), FEATURES, out=tmp_path / "t.parquet")

    assert fault.name in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [fault.name]


@pytest.mark.parametrize("fault", READ, ids=str)
def test_it_looks_as_it_should(fault: Fault, tmp_path):
    (tmp_path / fault.name).write_bytes(fault.content())
    expected = fault.looks()

    image = tk.read_image(tmp_path / fault.name)

    assert image.dtype == expected.dtype
    assert np.abs(image.astype(float) - expected).max() <= fault.within


@pytest.fixture(scope="module")
def run(good, tmp_path_factory):
    """Every fault of the group among the good images, through the real command, once."""
    import shutil

    root = tmp_path_factory.mktemp("decode")
    shutil.copytree(good, root / "data")
    for fault in DECODE:
        (root / "data" / "fine" / fault.name).write_bytes(fault.content())
    done = texturekit(
        "extract", root / "data", "-o", root / "t.parquet", "--json", "--features", FEATURES
    )
    return done, pd.read_parquet(root / "t.parquet").set_index("id"), root


def test_good_images_have_the_same_bits_as_without(run, clean):
    _, table, _ = run

    same = table.loc[clean.index, clean.columns]

    pd.testing.assert_frame_equal(same, clean, check_exact=True)


def test_bad_files_cost_their_rows_and_the_exit_code(run):
    done, _, root = run
    answer = json.loads(done.out)
    lost = {row["path"]: row["error"] for row in answer["failed"]}

    assert done.code == 1
    assert set(lost) | set(answer["ignored"]) == {f"fine/{fault.name}" for fault in REFUSED}
    assert answer["found"] == answer["used"] + len(lost) + len(answer["ignored"])
    assert answer["used"] == 200 + len(READ)
    assert sorted(path.name for path in root.iterdir()) == ["data", "t.parquet"]
    assert "Traceback" not in done.err


@pytest.mark.parametrize("fault", REFUSED, ids=str)
def test_the_row_says_why(fault: Fault, run):
    done, table, _ = run
    if f"fine/{fault.name}" in json.loads(done.out)["ignored"]:
        return
    row = table.loc[f"fine/{fault.name}"]

    assert row["status"] == "failed"
    assert re.search(fault.reason, row["error"])
    assert row[list(table.columns[table.columns.get_loc("error") + 1 :])].isna().all()


@pytest.mark.parametrize("fault", READ, ids=str)
def test_a_file_that_is_read_is_measured(fault: Fault, run):
    _, table, _ = run
    row = table.loc[f"fine/{fault.name}"]
    measured = row[list(tk.features.columns(FEATURES))].to_numpy(float)

    assert row["status"] == "ok"
    assert np.isfinite(measured).all()
    if fault.within == 0:
        np.testing.assert_array_equal(measured, list(tk.measure(fault.looks(), FEATURES).values()))


def test_no_line_is_printed_twice(run):
    done, _, _ = run
    lines = [line for line in done.err.splitlines() if line]

    assert [line for line, n in Counter(lines).items() if n > 1] == []
    assert sum("failed:" in line for line in lines) <= 20


def test_no_word_of_the_patient_gets_out(run):  # F32
    done, _, root = run
    told = done.out + done.err + (root / "t.parquet").read_bytes().decode("latin-1")

    assert not [word for word in ("Doe", "MRN-4711", "19700101") if word in told]


def test_ink_has_the_grey_of_its_twin(tmp_path):  # F09
    (fault,) = (fault for fault in DECODE if fault.number == "F09")
    (tmp_path / fault.name).write_bytes(fault.content())

    grey = tk.read_image(tmp_path / fault.name, colour="grey")

    assert abs(grey.mean() - tk.to_grey(scene(3)).mean()) < 2


def test_sixteen_bits_follow_their_source(tmp_path):  # F10: saturating at 255 gives less than .1
    (fault,) = (fault for fault in DECODE if fault.number == "F10")
    (tmp_path / fault.name).write_bytes(fault.content())

    eight_bits = tk.images.to_rgb8(tk.read_image(tmp_path / fault.name))[:, :, 0]

    assert np.corrcoef(eight_bits.ravel(), fault.looks().ravel())[0, 1] > 0.999


def test_a_flat_picture_has_the_documented_values():  # F29
    values = tk.measure(np.full((48, 48), 7, np.uint8), "first_order+glcm+hog+lbp+variance_lbp")

    assert all(map(math.isfinite, values.values()))
    assert values["first_order.mean"] == 7
    assert values["first_order.variance"] == 0
    assert values["glcm.contrast.d1.mean"] == 0
    assert values["glcm.correlation.d1.mean"] == 1
    assert {v for name, v in values.items() if name.startswith("hog.")} == {0.0}
