"""Curves, calibration and the threshold explorer, in a real browser."""

from __future__ import annotations

from tests.report.studies import ready
from texturekit.metrics.operating import operating_counts


def numbers(page):
    return [
        int(page.locator(f"[data-out={name}]").inner_text()) for name in ("tp", "fp", "tn", "fn")
    ]


def slide(page, value):
    page.locator("#explorer-threshold").evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', { bubbles: true })); }", value
    )


def test_the_explorer_shows_what_python_counts_at_every_threshold(visit):
    page, of = visit("binary"), ready()
    classes = of.results.classes
    for name in ("texture/xgboost", "geometry/forest"):
        page.locator(".explorer [name=method]").select_option(name)
        rows = of.predictions[of.predictions["method"] == name]
        wanted = operating_counts(rows, kind="binary", classes=classes, positive="malignant")
        for i in (0, 7, 29, 50, 58, 100):
            slide(page, i / 100)
            one = wanted.iloc[i]
            tp, fp, tn, fn = (int(one[c]) for c in ("tp", "fp", "tn", "fn"))
            assert numbers(page) == [tp, fp, tn, fn]
            assert page.locator("[data-out=sensitivity]").inner_text() == (
                f"{tp / (tp + fn):.2f} ({one['sensitivity_low']:.2f}"
                f"\N{EN DASH}{one['sensitivity_high']:.2f})"
            )


def test_the_slider_moves_by_keys_and_a_button_leads_back(visit):
    page, of = visit("binary"), ready()
    best = of.summary()["method"][0]
    (tn, fp), (fn, tp) = next(m.confusion for m in of.results.methods if m.name == best)
    assert numbers(page) == [tp, fp, tn, fn]

    page.locator("#explorer-threshold").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert page.locator("[data-out=at]").inner_text() == "0.70"
    assert page.locator("[data-out=said]").inner_text().startswith("At 0.70: ")
    assert numbers(page) != [tp, fp, tn, fn]

    page.get_by_role("button", name="Back to the threshold in use").click()
    assert numbers(page) == [tp, fp, tn, fn]


def test_predictive_values_follow_the_prevalence(visit):
    page = visit("binary")
    slide(page, 0.4)
    tp, fp, tn, fn = numbers(page)
    sensitivity, specificity = tp / (tp + fn), tn / (tn + fp)
    row = page.locator("[data-prevalence=own]")
    row.locator("input").fill("20")
    cells = row.locator("td").all_inner_texts()

    ppv = 0.2 * sensitivity / (0.2 * sensitivity + 0.8 * (1 - specificity))  # Bayes
    npv = 0.8 * specificity / (0.8 * specificity + 0.2 * (1 - sensitivity))
    assert cells[:2] == [f"{ppv:.2f}", f"{npv:.2f}"]
    assert page.locator("[data-prevalence=here] td").first.inner_text() == f"{tp / (tp + fp):.2f}"
    row.locator("input").fill("120")
    assert set(row.locator("td").all_inner_texts()) == {"n/a"}


def test_a_picked_method_is_lit_in_all_curves_with_its_bands(visit):
    page = visit("binary")
    second = page.locator("#curves button[data-line]").nth(1)
    key = second.get_attribute("data-line")
    band = page.locator(f"#curves .band.{key}")
    assert not band.first.is_visible()

    second.click()
    page.mouse.move(0, 0)
    assert [band.nth(i).is_visible() for i in range(band.count())] == [True, True]
    assert not page.locator("#curves .band.first").first.is_visible()
    assert page.locator(f"#benefit .line.lit.{key}").count() == 1
    assert page.locator(f"#benefit button[data-line={key}]").get_attribute("aria-pressed") == "true"

    page.get_by_role("button", name="Show all alike").click()
    assert page.locator(".lit, .dim").count() == 0


def test_without_a_script_the_explorer_is_a_table(visit):
    page = visit("multiclass", script=False)

    assert not page.locator(".explorer").is_visible()
    page.locator("#explorer summary").click()
    assert page.locator("#explorer details tbody tr:visible").count() == 9
