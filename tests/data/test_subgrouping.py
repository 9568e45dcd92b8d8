from __future__ import annotations

import pathlib

import numpy as np
import pandas as pd
import pytest

from texturekit.data.listing import Manifest
from texturekit.data.subgrouping import subgroup_columns, subgroup_values, value_order
from texturekit.errors import ParameterError


def listing(**columns):
    n = len(next(iter(columns.values())))
    ids = [f"i{i}" for i in range(n)]
    reserved = {"id": ids, "path": ids, "group": ids, "split": ["test"] * n, "mask": ids}
    frame = pd.DataFrame({**reserved, **columns}, dtype=object)
    return Manifest(frame, np.zeros(n, dtype=int), ("no", "yes"), "binary", pathlib.Path(), "m.csv")


@pytest.mark.parametrize(
    "name",
    ["sex", "Gender", "AGE", "Patient Age", "PatientSex", "field_strength", "Field-Strength",
     "Manufacturer", "ManufacturersModelName", "centre", "Center", "hospital", "View Position",
     "laterality", "race", "Ethnicity", "scanner", "device", "site"],
)  # fmt: skip
def test_auto_knows_usual_names(name):
    assert subgroup_columns(listing(**{name: ["a", "b"]}), "auto") == [name]


def test_auto_leaves_out_other_columns_and_those_with_one_value():
    data = listing(sex=["F", "F", None], note=["a", "b", "c"], sexology=["a", "b", "c"])

    assert subgroup_columns(data, "auto") == []


@pytest.mark.parametrize("asked", ["note, sex", ["note", "sex"], "note,sex,note"])
def test_columns_can_be_named(asked):
    data = listing(sex=["F", "M"], note=["a", "b"])

    assert subgroup_columns(data, asked) == ["note", "sex"]
    assert subgroup_columns(data, "none") == []


@pytest.mark.parametrize("name", ["scaner", "group", "path", "id", "split", "mask"])
def test_an_unknown_column_is_refused_with_those_there_are(name):
    with pytest.raises(ParameterError, match=r"It carries along: scanner, site\.$") as caught:
        subgroup_columns(listing(scanner=["a", "b"], site=["x", "y"]), name)

    assert caught.value.exit_code == 4
    assert ("Did you mean 'scanner'?" in str(caught.value)) == (name == "scaner")


def test_a_source_without_columns_says_so():
    data = Manifest(
        pd.DataFrame({"id": ["a"], "path": ["a"]}, dtype=object), np.array([0]), ("no", "yes"),
        "binary", pathlib.Path(), "m.csv",
    )  # fmt: skip

    with pytest.raises(ParameterError, match="It carries none along"):
        subgroup_columns(data, "sex")


def test_numbers_are_cut_at_their_tertiles():
    ages = [str(age) for age in range(20, 50)]

    found = subgroup_values(ages)

    assert value_order(found) == ["20 to 29", "30 to 39", "40 to 49"]
    assert [found.count(value) for value in value_order(found)] == [10, 10, 10]


def test_equal_numbers_stay_together():
    found = subgroup_values(["0"] * 20 + [str(n) for n in range(1, 10)])

    assert value_order(found) == ["0", "1 to 9"]


def test_up_to_eight_numbers_are_values_in_the_order_of_their_size():
    found = subgroup_values(["3", "1.5", "10", "7", "1.5"])

    assert value_order(found) == ["1.5", "3", "7", "10"]


def test_words_among_numbers_make_categories():
    assert subgroup_values(["60", "over 90", ""]) == ["60", "over 90", "not stated"]


def test_of_many_values_the_commonest_eleven_stay():
    cells = [f"v{i:02d}" for i in range(14) for _ in range(20 - i)]

    found = subgroup_values(cells)

    assert value_order(found) == [*(f"v{i:02d}" for i in range(11)), "other (3 values)"]
    assert found.count("other (3 values)") == 9 + 8 + 7
    assert len(set(subgroup_values(cells[: -7 - 8]))) == 12


def test_missing_values_are_a_group_that_comes_last():
    cells = ["F", None, "", "  ", float("nan"), "zz"]

    found = subgroup_values(cells)

    assert found == ["F", *["not stated"] * 4, "zz"]
    assert value_order(found) == ["F", "zz", "not stated"]


def test_missing_numbers_are_counted_beside_the_thirds():
    found = subgroup_values([*map(str, range(30)), "", "NA", None])

    assert value_order(found) == ["0 to 9", "10 to 19", "20 to 29", "not stated"]
    assert found.count("not stated") == 3
    assert subgroup_values(["NA", "DE"]) == ["NA", "DE"]


def test_a_value_that_cannot_be_printed_is_escaped():
    assert subgroup_values(["a\udcff", "b"]) == ["a\\xff", "b"]
