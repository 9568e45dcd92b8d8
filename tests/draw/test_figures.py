from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from texturekit import draw
from texturekit.draw import plots
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

    assert 'stroke="var(--m0)"' in svg
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


def points(path):
    """Return the corners of a path that is made of M, h, v and l."""
    found = []
    for letter, rest in re.findall(r"([Mhvl])([^Mhvlz]*)", path):
        numbers = [float(x) for x in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", rest)]
        x, y = found[-1] if found else (0.0, 0.0)
        step = {"h": (numbers[0], 0), "v": (0, numbers[0])}
        dx, dy = step.get(letter, numbers)
        found.append((x + dx, y + dy))
    return np.array(found)


def test_a_curve_runs_through_its_corners_in_the_drawing():
    svg = ET.fromstring(draw.roc([CORNER], name="roc", label="ROC"))
    (path,) = svg.findall(".//g[@class='line m0']/path")
    (frame,) = svg.findall("./g/rect")
    corners = points(path.get("d"))
    left, top = float(frame.get("x")), float(frame.get("y"))
    right, bottom = left + float(frame.get("width")), top + float(frame.get("height"))

    # three points: up the left edge, then along the top; SVG's y runs down
    assert corners == pytest.approx(np.array([(left, bottom), (left, top), (right, top)]), abs=0.06)


def test_a_written_path_leads_through_its_points(rng):
    wanted = rng.uniform(-400, 400, size=(200, 2))
    wanted[50:60, 0] = 3.04
    wanted[60:70, 1] = -0.04

    assert points(plots.trail(wanted.tolist())) == pytest.approx(wanted, abs=0.05 + 1e-6)


def test_thinning_a_long_curve_moves_no_point_further_than_a_screen_shows(rng):
    # the distance from each point to the thinned line, by brute force
    curve = np.column_stack([np.sort(rng.random(800)), np.sort(rng.random(800))]) * 250
    kept = np.array(plots.thin(curve.tolist()))
    start, step = kept[:-1], np.diff(kept, axis=0)
    share = ((curve[:, None] - start) * step).sum(2) / (step**2).sum(1)
    near = start + share.clip(0, 1)[..., None] * step
    away = np.linalg.norm(curve[:, None] - near, axis=2).min(axis=1)

    assert len(kept) < 300
    assert away.max() <= 0.35


def test_thinning_keeps_a_spike_along_its_own_line():
    # a precision that falls and rises again at one recall
    assert plots.thin([(0, 0), (0, 80), (0, 20)]) == [(0, 0), (0, 80), (0, 20)]
    assert plots.thin([]) == []
    assert plots.thin([(1, 2)]) == [(1, 2)]


def test_a_band_lies_around_its_line_and_only_the_leaders_is_shown_first():
    lines = [
        draw.Line(f"m{i}", [0, 1], [0.2, 0.8], low=[0.1, 0.7], high=[0.3, 0.9], shown=i == 0)
        for i in range(2)
    ]
    svg = ET.fromstring(draw.roc(lines, name="roc", label="ROC"))
    bands = {p.get("class"): points(p.get("d")) for p in svg.iter("path") if p.get("fill-opacity")}
    up = [p.get("d") for p in svg.findall(".//g[@class='line m0']/path")]
    line = points(up[0])

    assert set(bands) == {"band m0 first", "band m1"}
    high, low = bands["band m1"][:2], bands["band m1"][2:][::-1]
    assert (high[:, 1] < line[:, 1]).all()
    assert (low[:, 1] > line[:, 1]).all()


def test_the_dot_of_a_method_stands_at_its_rates():
    line = draw.Line("m0", [0, 1], [0, 1], dot=(0.25, 0.75))
    svg = ET.fromstring(draw.roc([line], name="roc", label="ROC"))
    (dot,), (frame,) = svg.findall("circle"), svg.findall("./g/rect")
    across = (float(dot.get("cx")) - float(frame.get("x"))) / float(frame.get("width"))
    down = (float(dot.get("cy")) - float(frame.get("y"))) / float(frame.get("height"))

    assert (across, down) == pytest.approx((0.25, 0.25), abs=0.001)


def test_the_prevalence_is_a_line_beside_precision():
    line = draw.Line("m0", [0, 1], [1, 0.3])
    made = {"name": "pr", "label": "Precision", "prevalence": 0.3}
    svg = ET.fromstring(draw.precision_recall([line], **made))
    (guide,) = svg.findall(".//path[@class='guide']")
    curve = points(svg.find(".//g[@class='line m0']/path").get("d"))

    assert points(guide.get("d"))[:, 1] == pytest.approx([curve[-1, 1]] * 2)


def test_a_decision_curve_ends_where_acting_on_all_is_no_longer_of_use():
    def ends(prevalence):
        t = np.arange(1, 100) / 100
        all_y = prevalence - (1 - prevalence) * t / (1 - t)
        line, everyone = draw.Line("m0", t, all_y / 2), draw.Line("all", t, all_y)
        svg = ET.fromstring(draw.net_benefit([line], everyone, name="b", label="Benefit"))
        return [e.text for e in svg.iter("text") if e.text.startswith(("1.0", "act"))]

    assert ends(0.3) == ["act on none", "act on all"]
    assert ends(0.8) == ["1.0", "act on none", "act on all"]


def test_a_decision_curve_without_points_is_refused():
    empty = draw.Line("m0", [], [])
    with pytest.raises(ParameterError, match="no point"):
        draw.net_benefit([empty], empty, name="b", label="Benefit")


def test_a_reliability_diagram_marks_every_bin_and_its_images():
    bins = [draw.Bin(0.1, 0.2, 0.1, 0.3, 40), draw.Bin(0.9, 0.7, None, None, 10)]
    svg = ET.fromstring(draw.reliability(bins, name="c", label="Calibration"))
    (frame, *bars) = svg.findall("./g/rect")
    heights = [float(bar.get("height")) for bar in bars]
    top, high = float(frame.get("y")), float(frame.get("height"))

    assert [(top + high - float(c.get("cy"))) / high for c in svg.iter("circle")] == pytest.approx(
        [0.2, 0.7], abs=0.001
    )
    assert heights[0] == pytest.approx(4 * heights[1], abs=0.1)
    assert "40" in [e.text for e in svg.iter("text")]
    assert len([p for p in svg.iter("path") if p.get("stroke-width") == "1.2"]) == 1


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

    assert {str(count) for row in counts for count in row if count} <= set(texts)
    assert ": 0, 1, 2, 3, 4, 5;" in svg.get("aria-label")  # 0 is an empty cell
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
