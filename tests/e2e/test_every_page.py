"""What holds for every page, in a real browser."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.e2e.made_pages import PAGES

OPEN = "for (const part of document.querySelectorAll('details')) part.open = true"
#: The checker takes seconds a page: those that differ in what they hold.
CHECKED = ("binary", "multilabel", "thirty_classes", "failed_run", "synthetic", "audit", "ranking")
every_page = pytest.mark.parametrize("name", PAGES)


@every_page
def test_it_fits_a_telephone_with_everything_open(visit, name):
    page = visit(name, width=360, height=740)
    closed = page.evaluate("document.scrollingElement.scrollWidth")
    page.evaluate(OPEN)

    assert closed <= 360
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", CHECKED)
def test_a_checker_of_accessibility_finds_nothing_serious_in_both_themes(visit, name):
    api = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="make e2e installs axe-playwright-python"
    )
    page = visit(name)
    page.evaluate(OPEN)
    found = []
    for theme, rules in (("light", None), ("dark", ["color-contrast"])):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
        for one in api.Axe().run(page, options=options).response["violations"]:
            if one["impact"] in ("serious", "critical"):
                found += [(theme, one["id"], node["html"][:160]) for node in one["nodes"]]

    assert found == []


@every_page
def test_on_paper_it_is_light_and_everything_is_open(visit, name):
    page = visit(name, dark=True)
    page.evaluate(
        "addEventListener('beforeprint', () => {"
        "  window.shut = document.querySelectorAll('details:not([open])').length; })"
    )
    before = page.locator("details:not([open])").count()
    paper = page.pdf(format="A4")

    assert len(re.findall(rb"/Type\s*/Page\b", paper)) > 1
    assert page.evaluate("window.shut") == 0
    assert page.locator("details:not([open])").count() == before
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").first.is_visible()


@every_page
def test_headings_go_down_one_step_at_a_time_and_landmarks_are_there(visit, name):
    page = visit(name)
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(e => Number(e.tagName[1]))"
    )

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    assert page.evaluate("document.documentElement.lang") == "en"
    for mark in ("body > header", "body > main", "body > footer", "nav"):
        assert page.locator(mark).count() == 1


@every_page
def test_without_a_script_everything_can_be_read(visit, name):
    page = visit(name, script=False)

    assert page.locator(".scripted:visible").count() == 0
    assert page.locator("nav a").first.is_visible()
