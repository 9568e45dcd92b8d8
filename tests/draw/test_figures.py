from __future__ import annotations

import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from texturekit import draw
from texturekit.draw import figures
from texturekit.errors import ParameterError

CORNER = draw.Line("m0", [0, 0, 1], [0, 1, 1], "var(--m0)")


def test_the_same_curves_give_the_same_bytes_whatever_the_users_own_style_is():
    first = draw.roc([CORNER], name="roc", label="ROC")
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "svg.hashsalt": "other"}):
        second = draw.roc([CORNER], name="roc", label="ROC")

    assert first == second


def test_drawing_leaves_matplotlibs_settings_alone():
    before = dict(mpl.rcParams)
    draw.roc([CORNER], name="roc", label="ROC")
    draw.confusion([[1, 0], [0, 1]], ["a", "b"], name="c")

    assert dict(mpl.rcParams) == before


def test_colours_are_left_to_the_page():
    svg = draw.roc([CORNER], name="roc", label="ROC")

    assert "stroke: var(--m0)" in svg
    assert "#fe" not in svg
    assert "#000000" not in svg


def test_two_figures_of_a_page_share_no_id():
    ids = [
        {element.get("id") for element in ET.fromstring(svg).iter() if element.get("id")}
        for svg in (
            draw.roc([CORNER], name="roc0", label="one"),
            draw.roc([CORNER], name="roc1", label="two"),
        )
    ]

    assert ids[0]
    assert not ids[0] & ids[1]


def test_a_curve_runs_through_its_corners_in_the_drawing():
    svg = ET.fromstring(draw.roc([CORNER], name="roc", label="ROC"))
    (path,) = svg.findall(".//g[@class='line m0']/path")
    points = np.array(path.get("d").replace("M", "").replace("L", "").split(), float).reshape(-1, 2)

    # three points: up the left edge, then along the top; SVG's y runs down
    assert len(points) == 3
    assert points[0, 0] == points[1, 0] < points[2, 0]
    assert points[0, 1] > points[1, 1] == points[2, 1]


def test_thinning_a_long_curve_moves_no_point_further_than_a_screen_shows(rng):
    x, y = np.sort(rng.random(5000)), np.sort(rng.random(5000))
    thin_x, thin_y = figures._thin(x.tolist(), y.tolist())

    assert len(thin_x) < 1000
    assert np.abs(np.interp(x, thin_x, thin_y) - y).max() < 0.02


def test_a_confusion_matrix_prints_every_count_and_survives_hostile_names():
    names = [
        "<script>alert(1)</script>",
        "$\\frac{1}{2}$",
        "日本 🙂",
        "@1@",
        "tab\there",
        "x" * 300,
    ]
    counts = [[100 * i + j for j in range(6)] for i in range(6)]
    svg = ET.fromstring(draw.confusion(counts, names, name="c"))
    texts = [element.text for element in svg.iter("text")]

    assert {str(count) for row in counts for count in row} <= set(texts)
    assert texts.count("$\\frac{1}{2}$") == 2
    assert texts.count("@1@") == 2
    assert not list(svg.iter("script"))


@pytest.mark.parametrize("counts", [[], [[1, 2]], [[1, 2], [3]]])
def test_a_matrix_that_does_not_fit_its_classes_is_refused(counts):
    with pytest.raises(ParameterError, match="2 classes"):
        draw.confusion(counts, ["a", "b"], name="c")


def test_a_name_that_is_no_word_is_refused():
    with pytest.raises(ParameterError, match="no plain word"):
        draw.roc([CORNER], name='x" onload="', label="ROC")


def test_forest_bars_keep_the_order_of_the_numbers_and_stay_inside():
    svg = ET.fromstring(draw.forest(0.8, 0.4, 0.9, start=0.5, end=1.0, marks=[0.5]))
    mark, bar, *_ = svg.findall("line")
    square = svg.find("rect")

    assert mark.get("x1") == bar.get("x1") == "6.0"  # the interval is cut at the axis
    assert float(bar.get("x1")) < float(square.get("x")) + 4 < float(bar.get("x2")) < 154


def test_an_undefined_number_draws_no_square():
    assert "rect" not in draw.forest(None, None, None, start=0.5, end=1.0)
