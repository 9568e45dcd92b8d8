from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.report.studies import changed, ready, study
from tests.report.test_page import HOSTILE, Page
from texturekit.metrics.operating import operating_counts
from texturekit.report import curve_panels, matrices
from texturekit.report.curve_panels import frames_of
from texturekit.report.explorer import THRESHOLDS, hundredths, used_thresholds
from texturekit.report.page import render
from texturekit.report.tables import method_rows


@cache
def page(kind="binary"):
    return render(ready(kind))


def section(of, name):
    html = of if isinstance(of, str) else render(of)
    found = re.search(rf'<section id="{name}".*?</section>', html, re.DOTALL)
    return None if found is None else found[0]


def old(of):
    """Return a study as it was before curves had bands."""
    curves = of.curves[~of.curves["curve"].isin(["pr", "pr_chance", "calibration"])]
    return replace(of, curves=curves[["method", "curve", "class", "x", "y"]])


def explored(of):
    html = of if isinstance(of, str) else render(of)
    text = re.search(
        r'<script type="application/json" id="explorer-data">(.*?)</script>', html, re.DOTALL
    )
    return json.loads(text[1])


def test_a_binary_study_has_roc_and_precision_side_by_side_with_the_leaders_band():
    of = ready()
    found = section(page(), "curves")
    best = of.summary()["method"][0]

    assert found.count("<svg") == 2
    assert found.count('class="band m0 first"') == 2
    assert found.count("first") == 2
    assert f"The shaded band is the 95% interval of {best}, point by point" in found
    for method in of.results.methods[:-1]:
        area, precision = (method.metrics[m].value for m in ("roc_auc", "average_precision"))
        words = Page(found).text
        assert f"AUC {area:.3f}average precision {precision:.2f}" in words


def test_dots_stand_at_the_rates_that_the_table_has():
    of = ready()
    rows = [row for row in method_rows(of.results) if row.method.status == "ok"]
    (roc, _) = curve_panels.curves(of, frames_of(of), rows, rows[0].method.name).main
    frame = [float(x) for x in re.search(
        r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" stroke', roc.svg
    ).groups()]  # fmt: skip
    for row in rows:
        dot = re.search(rf'class="dot {row.key}" cx="([\d.]+)" cy="([\d.]+)"', roc.svg).groups()
        across, down = ((float(dot[i]) - frame[i]) / frame[i + 2] for i in (0, 1))
        metrics = row.method.metrics
        assert across == pytest.approx(1 - metrics["specificity"].value, abs=0.001)
        assert 1 - down == pytest.approx(metrics["sensitivity"].value, abs=0.001)


def test_chance_beside_precision_is_not_called_the_prevalence_of_the_images():
    # 3 of 4 and 1 of 12 images are positive: chance is the mean of .75 and .083, weighted 3 to 1
    of = ready()
    one = of.curves[(of.curves["curve"] == "pr_chance")].assign(y=0.583)
    curves = pd.concat([of.curves[of.curves["curve"] != "pr_chance"], one])
    found = section(render(replace(of, curves=curves)), "curves")

    assert "; chance 0.58" in found
    assert "revalence" not in found
    assert "a mean over folds weighted by their positive images, as the curve is" in found


def test_a_run_without_bands_has_its_roc_curves_and_no_word_of_bands():
    drawn = render(old(ready()))
    found = section(drawn, "curves")

    assert found.count("<svg") == 1
    assert "band" not in found
    assert section(drawn, "calibration") is None
    assert section(drawn, "benefit") is not None


def test_single_classes_hold_as_many_methods_as_can_be_told_apart():
    of = ready("multiclass")
    names = [f"kind {i}" for i in range(40)]
    one = of.curves[(of.curves["class"] == "Type_1") & (of.curves["curve"] == "roc")]
    mean = of.curves[(of.curves["class"] == "macro") & (of.curves["curve"] == "roc")]
    points = pd.concat([mean, *(one.assign(**{"class": name}) for name in names)])
    many = replace(changed(of, classes=names), curves=points)
    rows = [row for row in method_rows(of.results) if row.method.status == "ok"]
    found = curve_panels.curves(many, frames_of(many), rows, rows[3].method.name)

    assert found.limited.startswith("Each of the 40 drawings holds the 4 methods with the highest")
    assert [panel.svg.count('class="line ') for panel in found.main] == [7]
    # majority/dummy scores all alike: its curve is the diagonal whatever the data, without a band
    assert [panel.svg.count('class="band ') for panel in found.main] == [6]
    assert {panel.svg.count('class="line ') for panel in found.roc} == {4}
    assert all('class="band m3 first"' in panel.svg for panel in found.roc)
    assert {panel.svg.count('class="band ') for panel in found.roc} == {1}


def test_calibration_tells_its_numbers_and_the_bins_behind_the_first_drawing():
    of = ready()
    words = Page(section(page(), "calibration")).text
    best = of.summary()["method"][0]
    slope = next(m for m in of.results.methods if m.name == best).metrics["calibration_slope"]
    bins = of.curves[(of.curves["curve"] == "calibration") & (of.curves["method"] == best)]

    assert f"slope {slope.value:.2f} ({slope.low:.2f}" in words
    for _, one in bins.iterrows():
        assert f"{one['n']}{one['x']:.2f}{one['y']:.2f}{one['low']:.2f}" in words


def test_several_classes_are_calibrated_for_the_leader():
    of = ready("multiclass")
    found = section(page("multiclass"), "calibration")

    assert found.count("<svg") == 3
    assert f"for {of.summary()['method'][0]} only" in found


def test_the_explorer_holds_the_counts_of_every_threshold():
    of = ready()
    data = explored(page())
    best = of.summary()["method"][0]
    rows = of.predictions[of.predictions["method"] == best]
    counts = operating_counts(rows, kind="binary", classes=of.results.classes, positive="malignant")
    (table,) = data["tables"][0]

    assert data["methods"][0] == best
    assert np.cumsum(table["tp"]).tolist() == counts["tp"].tolist()
    assert np.cumsum(table["fp"]).tolist() == counts["fp"].tolist()
    lows = np.cumsum(table["limits"][0]) / 100
    assert lows == pytest.approx(counts["sensitivity_low"], abs=0.00501)
    (tn, fp), (fn, tp) = next(m.confusion for m in of.results.methods if m.name == best)
    assert (table["used"]["tp"], table["used"]["fp"]) == (tp, fp)
    assert (table["p"], table["n"]) == (tp + fn, tn + fp)
    assert table["used"]["at"] == "0.50"


def test_the_explorer_says_that_it_is_no_selection_and_has_a_table_without_a_script():
    found = section(page(), "explorer")
    words = Page(found).text

    assert "Exploration, not selection. A threshold that is picked here has seen the test" in words
    assert found.count('<th scope="row" class="number">0.') == 9
    assert 'type="range"' in found
    assert 'aria-live="polite"' in found
    assert "<form" not in found  # the policy of the page forbids to send one


def test_thresholds_that_differ_by_fold_are_told_and_explored_at_their_middle():
    of = ready()
    first = of.results.methods[3]
    values = {0: 0.3, 1: 0.4, 2: 0.437, 3: 0.6}
    rows = of.predictions.copy()
    mine = rows["method"] == first.name
    rows.loc[mine, "threshold"] = rows.loc[mine, "fold"].map(values)
    data = explored(replace(of, predictions=rows))
    used = data["tables"][data["methods"].index(first.name)][0]["used"]

    assert (used["from"], used["to"], used["same"]) == ("0.30", "0.60", False)
    assert used["value"] == pytest.approx((0.4 + 0.437) / 2)
    told = rows.loc[mine, "p.malignant"] >= used["value"]
    assert used["tp"] == (told & (rows.loc[mine, "label"] == "malignant")).sum()


def test_labels_have_thresholds_of_their_own():
    rows = ready("multilabel").predictions
    rows = rows[rows["method"] == "texture/xgboost"].assign(threshold=np.nan)
    rows["t.Edema"] = rows["fold"].map({0: 0.2, 1: 0.5, 2: 0.3, 3: 0.3})
    rows["t.Effusion"] = np.nan  # a label that is never called
    later = rows.assign(repeat=1, **{"t.Edema": 0.9})

    used = used_thresholds(pd.concat([later, rows]), "Edema")
    assert (used.low, used.high, used.median) == (0.2, 0.5, 0.3)
    assert used_thresholds(rows, "Effusion") is None


def test_several_classes_without_thresholds_have_none_in_use():
    data = explored(page("multiclass"))

    assert data["classes"] == ready("multiclass").results.classes
    assert all("used" not in table for row in data["tables"] for table in row)


def test_hundredths_are_what_is_printed():
    shares = [0.125, 0.375, 0.29, 0.57, 1.0, 0.0]

    assert [f"{x / 100:.2f}" for x in hundredths(shares)] == [f"{x:.2f}" for x in shares]
    assert len(THRESHOLDS) == 101


def test_cells_of_two_classes_are_named_whatever_the_order_of_the_classes():
    method = ready().results.methods[3]
    for classes, positive, counts in (
        (["no", "yes"], "yes", [[8, 1], [2, 5]]),
        (["yes", "no"], "yes", [[5, 2], [1, 8]]),
    ):
        row = method.model_copy(update={"confusion": counts})
        ((one,),) = [c.matrices for c in matrices.confusions([row], classes, positive, "binary")]
        named = {square.word: square.count for squares in one.rows for square in squares}
        assert named == {
            "true negatives": 8, "false positives": 1, "false negatives": 2, "true positives": 5,
        }  # fmt: skip


def test_shares_of_a_class_without_images_are_not_zero():
    method = ready().results.methods[3].model_copy(update={"confusion": [[0, 0], [1, 999]]})
    ((one,),) = [c.matrices for c in matrices.confusions([method], ["a", "b"], "b", "binary")]

    assert [[s.share for s in squares] for squares in one.rows] == [
        ["n/a", "n/a"], ["< 1%", "> 99%"],
    ]  # fmt: skip


def test_the_commonest_confusions_stand_for_matrices_that_are_not_drawn():
    counts = [[5, 2, 0], [0, 7, 1], [3, 0, 9]]
    found = matrices.mistakes(counts, ["a", "b", "c"], 2)

    assert [(m.truth, m.called, m.count, m.share) for m in found] == [
        ("c", "a", 3, "25%"), ("a", "b", 2, "29%"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_hostile_names_make_no_element(kind):
    pages = []
    for last in ("b", HOSTILE):
        of = study(kind, classes=["a", "c", last], n=60, images=False, failed=False,
                   methods={"glcm+lbp/forest": ("texture", 0.5)})  # fmt: skip
        named = [m.model_copy(update={"name": last + "x"}) for m in of.results.methods]
        frames = (of.predictions.assign(method=last + "x"), of.curves.assign(method=last + "x"))
        made = replace(changed(of, methods=named), predictions=frames[0], curves=frames[1])
        pages.append(Page(render(made)))
    clean, dirty = ([tag for tag, _ in page.elements if tag != "wbr"] for page in pages)

    assert dirty == clean
    assert not any(name.startswith("on") for _, a in pages[1].elements for name in a)
