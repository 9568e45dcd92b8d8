"""A real browser, and the pages as files. Everything skips, visibly, where one is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.made_pages import PAGES

MISSING = (
    "no Chromium: install the package chromium, or name one in TEXTUREKIT_CHROMIUM, "
    "or let Playwright install its own ('.venv/bin/playwright install chromium')"
)
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def program():
    """Return the browser to drive; None for the one that Playwright has installed itself."""
    named = os.environ.get("TEXTUREKIT_CHROMIUM")
    if named:
        if shutil.which(named) is None:
            pytest.fail(f"TEXTUREKIT_CHROMIUM names {named!r}, which is no program")
        return shutil.which(named)
    return next((found for one in PROGRAMS if (found := shutil.which(one))), None)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: make e2e installs it"
    )
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with api.sync_playwright() as playwright:
        found = program()
        if found is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip(MISSING)
        started = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox"] if root else []
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Where the pages are; each is drawn when it is first asked for."""
    folder, drawn = tmp_path_factory.mktemp("pages"), {}

    def file(name):
        if name not in drawn:
            drawn[name] = folder / f"{name}.html"
            drawn[name].write_text(PAGES[name](), encoding="utf-8")
        return drawn[name]

    return file


class Watched:
    """What a page did that it should not: messages, errors, dialogs, requests."""

    def __init__(self, page):
        self.seen = []
        page.on("console", lambda one: self.seen.append(f"console {one.type}: {one.text}"))
        page.on("pageerror", lambda one: self.seen.append(f"error: {one}"))
        page.on("dialog", self.dialog)
        page.on("request", self.request)

    def dialog(self, one):
        self.seen.append(f"dialog: {one.message}")
        one.dismiss()

    def request(self, one):
        if not one.url.startswith(("file:", "data:")):
            self.seen.append(f"request: {one.url}")


@pytest.fixture
def visit(browser, files):
    """A function that opens a page by name; at the end nothing unwanted may have happened."""
    contexts, watched = [], []

    def opened(name, *, width=1200, height=800, dark=False, script=True):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            offline=True,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        watched.append(Watched(page))
        page.goto(files(name).as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [line for one in watched for line in one.seen] == []
