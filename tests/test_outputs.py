import os

import pytest

from texturekit.errors import OutputError
from texturekit.outputs import check_output, replacing


def test_a_file_appears_only_when_the_block_ends_well(tmp_path):
    target = tmp_path / "out" / "a.txt"

    with replacing(target) as partial:
        partial.write_text("new")
        assert not target.exists()

    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_nothing_is_left_behind_after_an_error(tmp_path):
    def fail_half_way():
        with replacing(tmp_path / "run") as partial:
            partial.mkdir()
            (partial / "half").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()

    assert list(tmp_path.iterdir()) == []


def test_a_finished_output_is_refused_before_any_work(tmp_path):
    (tmp_path / "run").mkdir()

    with pytest.raises(OutputError, match="exists already"):
        check_output(tmp_path / "run")


def test_overwriting_swaps_a_whole_folder(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old").touch()

    with replacing(tmp_path / "run", overwrite=True) as partial:
        partial.mkdir()
        (partial / "new").touch()

    assert [item.name for item in (tmp_path / "run").iterdir()] == ["new"]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("old_is_a_folder", [False, True])
def test_a_file_and_a_folder_take_each_others_place(tmp_path, old_is_a_folder):
    path = tmp_path / "run"
    path.mkdir() if old_is_a_folder else path.touch()

    with replacing(path, overwrite=True) as partial:
        partial.touch() if old_is_a_folder else partial.mkdir()

    assert path.is_dir() is not old_is_a_folder
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_while_overwriting_keeps_the_old_folder(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old").touch()

    def fill_the_disk():
        with replacing(tmp_path / "run", overwrite=True) as partial:
            partial.mkdir()
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left"):
        fill_the_disk()

    assert [item.name for item in (tmp_path / "run").iterdir()] == ["old"]


def test_a_parent_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match=r"cannot write .*file/out"):
        check_output(tmp_path / "file" / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)

    with pytest.raises(OutputError, match="cannot write"):
        check_output(tmp_path / "locked" / "out")


def test_a_file_never_takes_the_place_of_a_folder_that_holds_something(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "only.txt").write_text("copy")

    with (
        pytest.raises(OutputError, match="is a folder that holds something"),
        replacing(tmp_path / "mine", overwrite=True) as partial,
    ):
        partial.write_text("page")

    assert (tmp_path / "mine" / "only.txt").read_text() == "copy"
    assert len(list(tmp_path.iterdir())) == 1
