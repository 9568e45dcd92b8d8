import numpy as np
import pandas as pd
import pytest

from texturekit.errors import ManifestError, OutputError, ParameterError
from texturekit.table import Table, read_table


@pytest.fixture
def table():
    rows = pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "path": ["a.png", "b.png", "c.png"],
            "label": ["no", "yes", "no"],
            "group": ["p1", None, "p2"],
            "status": ["ok", "failed", "ok"],
            "error": [None, "b.png is empty (0 bytes)", None],
        }
    )
    values = np.array([[0.1, 1 / 3], [2.0, -1e-300]])
    return Table(rows, ("glcm.contrast.d1.mean", "lbp.p8r1.uniform.00"), values, {"x": 1})


def test_ids_and_values_are_those_of_the_rows_that_are_ok(table):
    assert table.ids == ["a", "c"]
    assert len(table) == 2
    assert [(f.id, f.error) for f in table.failures] == [("b", "b.png is empty (0 bytes)")]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_reads_back_what_it_wrote(table, tmp_path, suffix):
    path = table.write(tmp_path / f"t{suffix}")

    back = read_table(path)

    assert back.columns == table.columns
    assert back.ids == table.ids
    np.testing.assert_array_equal(back.values, table.values)
    assert [f.error for f in back.failures] == [f.error for f in table.failures]


def test_a_failed_row_keeps_nulls(table, tmp_path):
    frame = pd.read_parquet(table.write(tmp_path / "t.parquet"))

    assert frame.loc[1, list(table.columns)].isna().all()
    assert frame.loc[[0, 2], list(table.columns)].notna().all(axis=None)


def test_equal_input_gives_equal_bytes(table, tmp_path):
    first = table.write(tmp_path / "1.parquet").read_bytes()

    assert table.write(tmp_path / "2.parquet").read_bytes() == first


def test_metadata_travels_in_the_parquet_file(table, tmp_path):
    assert read_table(table.write(tmp_path / "t.parquet")).metadata == {"x": 1}


def test_batches_come_from_the_file_in_order(table, tmp_path):
    back = read_table(table.write(tmp_path / "t.parquet"))

    assert [list(batch["id"]) for batch in back.batches(2)] == [["a", "b"], ["c"]]
    assert [list(batch["id"]) for batch in table.batches(2)] == [["a", "b"], ["c"]]


def test_other_suffixes_are_refused(table, tmp_path):
    with pytest.raises(ParameterError, match=r"\.xlsx.*\.parquet or \.csv"):
        table.write(tmp_path / "t.xlsx")


def test_an_existing_file_is_kept(table, tmp_path):
    path = table.write(tmp_path / "t.csv")

    with pytest.raises(OutputError, match="exists already"):
        table.write(path)


@pytest.mark.parametrize("content", [b"", b"no parquet at all"])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "t.parquet"
    path.write_bytes(content)

    with pytest.raises(ManifestError, match=r"t\.parquet"):
        read_table(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ManifestError, match="there is no file"):
        read_table(tmp_path / "none.parquet")


def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(table, tmp_path):
    from dataclasses import replace

    rows = table.rows.assign(id=["=1+1", "cr\rx", "c"])

    path = replace(table, rows=rows).write(tmp_path / "t.csv")

    assert list(pd.read_csv(path)["id"]) == ["'=1+1", "cr\rx", "c"]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_stored_table_is_read_when_asked(table, tmp_path, suffix):
    from texturekit.table import StoredTable

    path = table.write(tmp_path / f"t{suffix}")

    stored = StoredTable(path, table.columns, 2, table.metadata)

    assert "values" not in vars(stored)
    assert "rows" not in vars(stored)
    assert (len(stored), stored.ids) == (2, ["a", "c"])
    np.testing.assert_array_equal(stored.values, table.values)
    assert [(f.id, f.error) for f in stored.failures] == [("b", "b.png is empty (0 bytes)")]
    assert [list(batch["id"]) for batch in stored.batches(2)] == [["a", "b"], ["c"]]
    again = stored.write(tmp_path / f"again{suffix}")
    assert again.read_bytes() == path.read_bytes()


def test_row_groups_do_not_depend_on_how_rows_came(tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    monkeypatch.setattr("texturekit.table.ROW_GROUP", 3)
    rows = pd.DataFrame({"id": list("abcdefg"), "path": list("abcdefg")})
    rows = rows.assign(status="ok", error=None)

    path = Table(rows, ("lbp.x",), np.arange(7.0)[:, None]).write(tmp_path / "t.parquet")

    groups = pq.ParquetFile(path).metadata
    assert [groups.row_group(k).num_rows for k in range(groups.num_row_groups)] == [3, 3, 1]


def test_a_column_of_numbers_and_words_is_text(table, tmp_path):
    from dataclasses import replace

    rows = table.rows.copy()
    rows.insert(4, "meta.age", pd.Series([1, "old", None], dtype=object))

    frame = pd.read_parquet(replace(table, rows=rows).write(tmp_path / "t.parquet"))

    assert frame["meta.age"].tolist()[:2] == ["1", "old"]
    assert frame["meta.age"].isna()[2]
