import pandas as pd
import pytest

import texturekit as tk
from tests.imagesets import several_labels, two_classes
from texturekit.data.choices import class_counts, first, group_counts, limited, representatives
from texturekit.errors import ParameterError


@pytest.fixture
def manifest(tmp_path):
    return tk.read_manifest(two_classes(tmp_path, patients=4))


def test_counts_images_and_groups_of_each_class(manifest):
    assert class_counts(manifest) == {"fine": 8, "rough": 8}
    assert group_counts(manifest) == {"fine": 4, "rough": 4}


def test_an_unknown_label_counts_as_absent(tmp_path):
    manifest = tk.read_manifest(several_labels(tmp_path))

    assert class_counts(manifest) == {"rough": 10, "bright": 9}


@pytest.mark.parametrize("limit", [4, 7, 12, 15])
def test_a_limit_keeps_groups_whole_and_classes_in_their_proportion(manifest, limit):
    few = limited(manifest, limit, seed=1)

    assert limit - 4 < len(few) <= limit
    assert pd.Series(few.groups).value_counts().eq(2).all()
    assert class_counts(few)["fine"] == class_counts(few)["rough"]
    assert few.found == manifest.found


def test_a_limit_above_the_number_of_images_changes_nothing(manifest):
    assert limited(manifest, 99) is manifest


def test_a_limit_below_the_smallest_group_is_refused(manifest):
    with pytest.raises(ParameterError, match="too small to take a whole group"):
        limited(manifest, 1)


def test_the_first_images_keep_what_was_skipped(manifest):
    assert first(manifest, 3).ids == manifest.ids[:3]


def test_a_few_images_are_all_shown(manifest):
    assert sorted(representatives(manifest)) == list(range(16))
