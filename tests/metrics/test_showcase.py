import pandas as pd

from texturekit.metrics.showcase import showcase, shown

ROWS = pd.DataFrame({
    "id": list("abcdef"), "split": ["test"] * 5 + ["val"], "threshold": 0.3,
    "label": ["no", "no", "yes", "yes", "yes", "yes"],
    "predicted": ["no", "yes", "yes", "no", "yes", "yes"],
    "p.no": [0.9, 0.6, 0.1, 0.8, 0.69, 0.7], "p.yes": [0.1, 0.4, 0.9, 0.2, 0.31, 0.3],
})  # fmt: skip


def test_the_surest_come_first_and_the_most_uncertain_are_nearest_to_the_threshold():
    found = showcase(ROWS, "yes", kind="binary", positive="yes")

    assert {name: [case.id for case in cases] for name, cases in found.items()} == {
        "Missed": ["d"],
        "Recognised": ["c", "e"],
        "Most uncertain": ["e", "d", "c"],
    }


def test_doubt_among_several_classes_is_between_the_best_two():
    frame = pd.DataFrame({
        "id": ["sure", "torn"], "split": "test", "label": "x", "predicted": ["x", "y"],
        "p.x": [0.5, 0.4], "p.y": [0.3, 0.45], "p.z": [0.2, 0.15], "threshold": float("nan"),
    })  # fmt: skip
    found = showcase(frame, "x", kind="multiclass")

    assert [case.id for case in found["Most uncertain"]] == ["torn", "sure"]


def test_an_unknown_label_is_no_case():
    frame = pd.DataFrame({
        "id": ["known", "unknown"], "split": "test", "predicted": ["mass", "mass"],
        "y.mass": [0.0, None], "p.mass": [0.8, 0.9], "threshold": 0.5,
    })  # fmt: skip
    found = showcase(frame, "mass", kind="multilabel")

    assert [case.id for case in found["False alarm"]] == ["known"]
    assert sum(len(cases) for cases in found.values()) == 2


def test_what_is_shown_of_all_folds_is_shown_of_each_fold():
    halves = [ROWS[ROWS["id"] <= "c"], ROWS[ROWS["id"] > "c"]]
    told = {"kind": "binary", "classes": ["no", "yes"], "positive": "yes"}

    assert set(shown(ROWS, **told)) <= {i for half in halves for i in shown(half, **told)}
