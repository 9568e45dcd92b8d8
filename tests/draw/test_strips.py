from __future__ import annotations

import xml.etree.ElementTree as ET

from texturekit import draw


def circles(svg):
    return [
        (float(e.get("cx")), float(e.get("cy"))) for e in ET.fromstring(svg) if e.tag == "circle"
    ]


def test_dots_stand_where_the_values_are_and_repeats_below_one_another():
    svg = draw.strip([[0.5, 1.0], [0.75]], 0.75, start=0.5, end=1.0)

    assert circles(svg) == [(6, 6), (154, 6), (80, 16)]
    assert '<line x1="80.0" x2="80.0" y1="2" y2="20" class="mean"/>' in svg


def test_a_value_beyond_the_axis_stands_at_its_end():
    assert circles(draw.strip([[0.1]], None, start=0.5, end=1.0)) == [(6, 11)]


def test_several_folds_are_several_lines_and_the_same_bytes_again():
    epochs = [{"epoch": e, "train_loss": 1 / e, "val_loss": 1.0, "val_score": 0.5} for e in (1, 2)]
    folds = [draw.History(epochs, kept=2), draw.History(epochs, kept=None)]
    first, again = (draw.training_folds(folds, name="t", label="<b>") for _ in range(2))

    assert first == again
    assert 'aria-label="&lt;b&gt;"' in first
    assert first.count(">validation<") == 2  # one legend in each of two panels
    assert ">Loss<" not in draw.training_folds(folds, name="t", label="l", kinds=["score"])


def test_a_network_without_validation_tells_of_its_loss_only():
    assert draw.told([draw.History([{"epoch": 1, "train_loss": 0.5, "val_loss": None}], 1)]) == [
        "loss"
    ]
