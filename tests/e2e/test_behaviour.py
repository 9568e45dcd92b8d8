"""What a reader does with the page, in a real browser."""

from __future__ import annotations

import pytest

METHODS = "#methods-table > tbody > tr:visible"


def names(page):
    return page.locator(f"{METHODS} .name").all_inner_texts()


def column(page, number):
    cells = page.locator(f"{METHODS} > :nth-child({number})")
    return cells.evaluate_all("all => all.map(e => e.dataset.value)")


def in_order(page, texts):
    return page.evaluate("all => all.toSorted((a, b) => a.localeCompare(b, 'en'))", texts)


def heading(page, name):
    return page.locator("#methods-table thead").get_by_role("button", name=name, exact=True)


def press(page, name):
    page.get_by_role("group", name="Which methods").get_by_role("button", name=name).click()


def test_the_answer_is_on_the_first_screen(visit):
    for width, height in ((1280, 800), (360, 740)):
        page = visit("synthetic", width=width, height=height)
        for place in (".alarms", ".answer .main"):
            box = page.locator(place).bounding_box()
            assert box["y"] + box["height"] <= height


def test_the_table_of_methods_needs_no_sideways_scrolling(visit):
    for name in ("binary", "twenty_methods", "multilabel"):
        box = visit(name, width=1200).locator("#methods .scroll").first

        assert box.evaluate("e => e.scrollWidth - e.clientWidth") == 0


def test_headings_sort_up_and_down_and_what_did_not_finish_stays_last(visit):
    page = visit("binary")
    heading(page, "Accuracy").click()
    down = [float(v) for v in column(page, 4)[:-1]]
    heading(page, "Accuracy").click()
    up = [float(v) for v in column(page, 4)[:-1]]
    heading(page, "Method").click()

    assert down == sorted(down, reverse=True)
    assert up == sorted(up)
    assert names(page)[:-1] == in_order(page, names(page)[:-1])
    assert names(page)[-1] == "hog/svm"
    assert page.locator("#methods-table th[aria-sort=ascending]").inner_text() == "Method"


def test_families_filter_and_baselines_stay(visit):
    page = visit("twenty_methods")
    everything = names(page)
    press(page, "CNN embedding")
    some = names(page)
    press(page, "Hybrid")
    more = names(page)
    press(page, "Not finished")
    heading(page, "AUC").click()
    heading(page, "AUC").click()
    areas = [float(value) for value in column(page, 2)]

    assert set(some) == {n for n in everything if n.startswith(("resnet18/", "majority/",
                                                                "geometry/", "hog/"))}  # fmt: skip
    assert set(more) - set(some) == {n for n in everything if n.startswith("texture+")}
    assert set(names(page)) == set(more) - {"hog/svm"}
    assert areas == sorted(areas)
    assert (
        page.locator("#methods [role=status]").inner_text()
        == f"{len(areas)} of {len(everything)} rows shown"
    )
    for name in ("CNN embedding", "Hybrid", "Not finished"):
        press(page, name)
    assert set(names(page)) == set(everything)
    assert page.locator("#methods [role=status]").inner_text() == ""


def test_a_part_of_a_name_filters(visit):
    page = visit("twenty_methods")
    page.get_by_label("Show methods by name").fill("XGB")

    assert all("xgboost" in n or n in ("majority/dummy", "geometry/forest") for n in names(page))
    assert len(names(page)) == 7


def test_paper_shows_rows_that_are_filtered_away(visit):
    page = visit("binary")
    everything = names(page)
    press(page, "Hybrid")
    page.emulate_media(media="print")

    assert set(names(page)) == set(everything)


@pytest.mark.parametrize("dark", [False, True])
def test_the_theme_follows_the_system_and_the_button(visit, dark):
    def colour(place):
        return page.evaluate(f"getComputedStyle(document.querySelector('{place}')).color")

    page = visit("binary", dark=dark)
    button = page.get_by_role("button", name="Dark")
    before = [colour("body"), colour(".quiet"), colour(".forest line")]
    pressed = button.get_attribute("aria-pressed")
    button.click()
    after = [colour("body"), colour(".quiet"), colour(".forest line")]
    page.emulate_media(color_scheme="light" if dark else "dark")
    other = [colour("body"), colour(".quiet"), colour(".forest line")]
    button.click()

    assert pressed == ("true" if dark else "false")
    assert all(a != b for a, b in zip(before, after, strict=True))
    assert other == after  # the button outweighs the system
    assert [colour("body"), colour(".quiet"), colour(".forest line")] == before


def test_the_keyboard_reaches_skip_link_contents_and_sort_buttons(visit):
    page = visit("binary")
    reached = []
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(
            "(e => e.className + ' ' + (e.closest('nav,thead,.filter')?.tagName ?? '') + ' '"
            " + e.textContent.trim())(document.activeElement)"))  # fmt: skip
        if reached[-1].endswith("THEAD Accuracy"):
            page.keyboard.press("Enter")
            break

    assert reached[0].startswith("skip")
    assert any("NAV Methods" in one for one in reached)
    assert any(one.endswith("DIV Hybrid 1") for one in reached)
    assert page.locator("#methods-table th[aria-sort]").inner_text() == "Accuracy"


def test_the_skip_link_leads_to_the_table(visit):
    page = visit("binary")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.url.endswith("#methods")


def test_the_section_that_is_read_is_marked_in_the_contents(visit):
    page = visit("binary")
    page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    for section in ("comparisons", "data"):
        page.locator(f"nav a[href='#{section}']").click()
        page.wait_for_function(
            f"document.querySelector('nav [aria-current]')?.hash === '#{section}'", timeout=3000
        )

    assert page.locator("nav [aria-current]").count() == 1
    page.locator("nav").get_by_text("Back to top").click()
    page.wait_for_function("scrollY === 0", timeout=3000)


def test_on_a_telephone_the_contents_open_and_close(visit):
    page = visit("binary", width=360, height=740)
    link = page.locator("nav a[href='#comparisons']")

    assert not link.is_visible()
    page.locator("nav summary").click()
    assert link.is_visible()
    link.click()
    assert not link.is_visible()
    assert page.url.endswith("#comparisons")


def test_names_from_the_data_run_nothing(visit):
    page = visit("hostile")
    page.wait_for_timeout(100)

    assert page.locator("img[src=x]").count() == 0
    assert page.evaluate("document.scripts.length") >= 1


def test_the_threshold_explorer_counts_at_the_threshold_it_shows(visit):
    def counts():
        said = {
            name: box.locator(f"[data-out={name}]").inner_text()
            for name in ("tp", "fn", "fp", "tn")
        }
        return {name: int(text.split()[0]) for name, text in said.items()}

    page = visit("binary")
    box = page.locator("#explorer .explorer")
    slider = page.locator("#explorer input[type=range]")
    before = counts()
    slider.fill("0")
    lowest = counts()
    slider.fill("1")
    highest = counts()

    assert before not in (lowest, highest)
    assert lowest["fn"] == lowest["tn"] == 0  # everything is called positive from 0 on
    assert highest["tp"] + highest["fp"] == 0
    assert len({sum(one.values()) for one in (before, lowest, highest)}) == 1
    assert "not selection" in page.locator("#explorer").inner_text()


def test_the_gallery_shows_one_method_at_a_time_and_pictures_large(visit):
    page = visit("binary")
    chooser = page.locator("#cases-of")
    values = chooser.locator("option").evaluate_all("all => all.map(e => e.value)")
    chooser.select_option(values[1])

    assert page.locator("details.cases:visible").count() == 1
    assert page.locator("details.cases:visible").get_attribute("id") == values[1]
    page.locator("details.cases:visible .shot").first.click()
    assert page.locator("dialog.viewer").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog.viewer").is_visible()
