import numpy as np
import pandas as pd

import texturekit as tk
from tests.imagesets import two_classes
from texturekit.data.known_rows import KnownRows, _order, known_rows
from texturekit.records import Skipped, SkippedRow


def lost(place):
    return SkippedRow(path=str(place), reason="gone", kind="invalid", place=place, id=str(place))


def naive_order(used, places):
    rest, order = list(range(used)), []
    for place in range(used + len(places)):
        if place in places:
            order.append(-1 - places.index(place))
        elif rest:
            order.append(rest.pop(0))
    return [*order, *rest]


def test_skipped_rows_stand_at_their_places():
    for places in ([], [0], [2, 5], [7, 8], [0, 1, 2]):
        skipped = [lost(place) for place in places]

        assert _order(7, skipped).tolist() == naive_order(7, places)


def test_what_has_no_place_stands_last():
    skipped = [Skipped(path="a", reason="b", kind="invalid"), lost(1)]

    assert _order(3, skipped).tolist() == [0, -2, 1, 2, -1]


def test_a_place_beyond_the_images_is_kept():
    assert sorted(_order(2, [lost(9), lost(0)]).tolist()) == [-2, -1, 0, 1]


def test_parts_are_the_whole(tmp_path):
    path = two_classes(tmp_path, patients=3)
    frame = pd.read_csv(path).assign(age=range(12))
    frame.loc[3, "path"] = "nowhere.png"
    frame.to_csv(path, index=False)
    manifest = tk.read_manifest(path)
    errors = [None, "bad", *[None] * 9]
    more = {"n": np.arange(11.0)}
    whole = known_rows(manifest, errors, more)

    known, parts = KnownRows(manifest), []
    for start in range(0, len(known), 5):
        part = slice(start, start + 5)
        used = known.order[part]
        used = used[used >= 0]
        parts.append(known.frame(part, [errors[k] for k in used], {"n": more["n"][used]}))

    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)
    assert whole["path"].tolist() == frame["path"].tolist()
