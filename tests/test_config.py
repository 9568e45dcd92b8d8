import pytest

from texturekit.config import read_config
from texturekit.errors import ParameterError, UnknownNameError


def test_keys_may_be_written_with_dash_or_underscore(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("folds: 3\nno_images: true\n")

    assert read_config(path, ["folds", "no-images"]) == {"folds": 3, "no-images": True}


def test_an_unknown_key_gets_a_suggestion(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("fold: 3\n")

    with pytest.raises(UnknownNameError, match="Did you mean 'folds'"):
        read_config(path, ["folds", "seed"])


@pytest.mark.parametrize("text", ["- a list", "a: [", "", "\x00"])
def test_what_is_no_mapping_is_refused_by_name(tmp_path, text):
    path = tmp_path / "c.yaml"
    path.write_text(text)

    with pytest.raises(ParameterError, match=r"c\.yaml"):
        read_config(path, ["folds"])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"none\.yaml"):
        read_config(tmp_path / "none.yaml", ["folds"])


def test_facts_and_empty_settings_of_a_run_are_passed_over(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("folds: null\nfacts: {size: 3}\nseed: 1\n")

    assert read_config(path, ["folds", "seed"]) == {"seed": 1}
